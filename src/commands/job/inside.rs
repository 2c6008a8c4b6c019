//! `sagegate inside-job`: what the container of a processing job does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Outcome;
use super::super::edges::{Edges, now};
use super::super::measure::{OutputFiles, Surroundings, drive};
use super::super::place::Place;
use super::input::{INPUT, JobInput, OUTPUT};
use crate::analysis::{DatedPrices, analyse};
use crate::benchmark::{Ledger, Plan};
use crate::error::Error;
use crate::files::write_atomically;
use crate::gate;
use crate::progress::Display;
use crate::report::{self, Links};
use crate::result::RunResult;
use crate::text::one_line;

/// Where SageMaker keeps everything of a job.
const ROOT: &str = "/opt/ml";
/// Stands for [`ROOT`] where the job is no container: in the simulator.
const OTHER_ROOT: &str = "SAGEGATE_ML_ROOT";
/// SageMaker shows the first kilobyte of a job's last words.
const MESSAGE_BYTES: usize = 1024;

/// Measures what was decided elsewhere. The output folder goes to S3 while this runs.
pub(crate) async fn inside(edges: &Edges, display: Display) -> Outcome {
    let root = PathBuf::from(edges.variable(OTHER_ROOT).unwrap_or(ROOT));
    let (words, outcome) = match measure(&root, edges, display).await {
        Ok(words) => (words, Ok(0)),
        Err(error) => (error.one_line(), Err(error)),
    };
    let path = root.join("output/message");
    if let Err(error) = write_atomically(&path, shortened(&words).as_bytes()) {
        edges.warn(&format!("cannot write `{}`: {error}", path.display()));
    }
    edges.print(&words);
    outcome
}

/// The verdict in one line.
async fn measure(root: &Path, edges: &Edges, display: Display) -> Result<String, Error> {
    let (input, plan) = JobInput::read(&on_this_machine(root, INPUT))?;
    let place = Place::on_aws(edges).await?;
    let files = OutputFiles::of(&on_this_machine(root, OUTPUT));
    let result = carry_out(&input, plan, &place, &files, edges, display).await?;
    let analysis = analyse(&result, &input.prices, input.strategy);
    let history = input.history.as_ref();
    let judgement = gate::judge(&result, &analysis, history, &input.limits, now());
    let report = report::compose(&result, &analysis, &judgement, &Links::default());
    Ok(one_line(&report::headline(&report)))
}

async fn carry_out(
    input: &JobInput,
    plan: Plan,
    place: &Place,
    files: &OutputFiles,
    edges: &Edges,
    display: Display,
) -> Result<RunResult, Error> {
    let recommend = |result: &RunResult, prices: &DatedPrices| {
        let analysis = analyse(result, prices, input.strategy);
        let history = input.history.as_ref();
        gate::judge(result, &analysis, history, &input.limits, now()).recommended
    };
    let around = Surroundings {
        place,
        edges,
        display,
        load_by_default: false,
        run_number: None,
        recommend: &recommend,
        is_certain_failure: certain_failure(input),
    };
    let journal = files.claim()?;
    files.write_ledger(&Ledger::of(&plan, place.session.region()))?;
    drive(plan, &around, files, journal, None, &input.prices).await
}

fn certain_failure(input: &JobInput) -> Option<super::super::measure::CertainFailure> {
    let history = input.history.clone().filter(|_| input.fail_fast)?;
    let (limits, strategy) = (input.limits, input.strategy);
    Some(Arc::new(move |run: &RunResult, prices: &DatedPrices| {
        gate::is_certain_failure(run, &analyse(run, prices, strategy), &history, &limits)
    }))
}

fn on_this_machine(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches(ROOT).trim_start_matches('/'))
}

/// As many whole characters as SageMaker shows.
fn shortened(words: &str) -> &str {
    words
        .get(..words.floor_char_boundary(MESSAGE_BYTES))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_fit_and_end_at_a_character() {
        assert_eq!(shortened("passed"), "passed");
        assert_eq!(shortened(&"ä".repeat(1000)).chars().count(), 512);
        assert_eq!(shortened(&format!("x{}", "ä".repeat(1000))).len(), 1023);
    }
}
