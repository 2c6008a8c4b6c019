//! `sagegate inside-job`: what the container of a processing job does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::super::Outcome;
use super::super::edges::{Edges, now};
use super::super::measure::{OutputFiles, Surroundings, drive};
use super::super::place::Place;
use super::super::policy::{LoadSize, Terms};
use super::exchange::Exchange;
use super::input::{INPUT, JobInput, OUTPUT};
use crate::analysis::analyse;
use crate::aws::Objects;
use crate::benchmark::{Environment, Helper, Helpers, Journal, Ledger, Plan, RunPolicy};
use crate::error::{Error, JobError};
use crate::files::write_atomically;
use crate::gate;
use crate::progress::{self, Display};
use crate::report::{self, Links};
use crate::result::RunResult;
use crate::text::one_line;
use crate::units::saturating_u32;

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
    // A helper leaves the last word to the leader.
    if words.is_empty() {
        return outcome;
    }
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
    let output = on_this_machine(root, OUTPUT);
    let instance = Instance::read(root)?;
    let exchange = if instance.count > 1 {
        let objects = Objects::connect(None, edges.role()).await?;
        let exchange = Exchange::new(objects, input.exchange()?, instance.count - 1);
        Some(Arc::new(exchange))
    } else {
        None
    };
    if let Some(exchange) = exchange.clone().filter(|_| instance.rank > 0) {
        let policy = terms(&input).at(&input.prices);
        return help(
            instance.rank,
            exchange,
            plan,
            policy,
            &place,
            &output,
            edges,
        )
        .await;
    }
    let files = OutputFiles::of(&output);
    let helpers = exchange.clone();
    let measured = carry_out(&input, plan, &place, &files, helpers, edges, display).await;
    if let Some(exchange) = exchange {
        exchange.end().await?;
    }
    let result = measured?;
    let analysis = analyse(&result, &input.prices, input.strategy);
    let history = input.history.as_ref();
    let judgement = gate::judge(&result, &analysis, history, &input.limits, now());
    let report = report::compose(&result, &analysis, &judgement, &Links::default());
    Ok(one_line(&report::headline(&report)))
}

/// Which instance of a job this is.
struct Instance {
    /// From 0, the leader.
    rank: u32,
    /// At least 1.
    count: u32,
}

impl Instance {
    /// Source: SageMaker developer guide, "How Amazon SageMaker Processing configures your processing container".
    fn read(root: &Path) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Resources {
            current_host: String,
            hosts: Vec<String>,
        }
        let path = root.join("config/resourceconfig.json");
        let input = |reason: String| JobError::Input {
            path: path.clone(),
            reason,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| input(error.to_string()))?;
        let parsed = serde_json::from_str(&text).map_err(|error| input(error.to_string()))?;
        let Resources {
            current_host,
            mut hosts,
        } = parsed;
        hosts.sort();
        let rank = hosts.iter().position(|host| *host == current_host);
        let rank = rank.ok_or_else(|| input(format!("`{current_host}` is not among the hosts")))?;
        Ok(Self {
            rank: saturating_u32(rank),
            count: saturating_u32(hosts.len()),
        })
    }
}

/// An instance that creates nothing: it has clients of the loads. Its calls are journalled in a file of its own.
async fn help(
    rank: u32,
    exchange: Arc<Exchange>,
    plan: Plan,
    policy: Arc<dyn RunPolicy>,
    place: &Place,
    output: &Path,
    edges: &Edges,
) -> Result<String, Error> {
    let path = output.join(format!("measurements-{rank}.jsonl"));
    let journal = Journal::create(&path).map_err(|source| Error::Output { path, source })?;
    let environment = Environment {
        session: place.session.clone(),
        observer: progress::observer(Display::Quiet, edges.log()),
        cancel: edges.cancel.clone(),
        policy,
        helpers: None,
        now,
    };
    let helper = Arc::new(Helper::new(plan, environment, journal));
    exchange.help(rank, helper, &edges.cancel).await?;
    Ok(String::new())
}

async fn carry_out(
    input: &JobInput,
    plan: Plan,
    place: &Place,
    files: &OutputFiles,
    helpers: Option<Arc<Exchange>>,
    edges: &Edges,
    display: Display,
) -> Result<RunResult, Error> {
    let around = Surroundings {
        place,
        edges,
        display,
        load_by_default: false,
        run_number: None,
        terms: terms(input),
        helpers: helpers.map(|it| it as Arc<dyn Helpers>),
    };
    let journal = files.claim()?;
    files.write_ledger(&Ledger::of(&plan, place.session.region()))?;
    drive(plan, &around, files, journal, None, &input.prices).await
}

fn terms(input: &JobInput) -> Terms {
    Terms {
        strategy: input.strategy,
        load_size: LoadSize::Recommended,
        history: input.history.clone(),
        limits: input.limits,
        fails_fast: input.fail_fast,
    }
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
