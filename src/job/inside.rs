//! `sagegate inside-job`: what the container of a processing job does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::exchange::Exchange;
use super::input::{INPUT, JobInput, OUTPUT};
use crate::analysis::analyse;
use crate::aws::Objects;
use crate::benchmark::{Environment, Helper, Helpers, Journal, Plan};
use crate::error::{Error, UsageError};
use crate::exit::ExitStatus;
use crate::files::{self, MIB, write_atomically};
use crate::gate;
use crate::pipeline::Outcome;
use crate::pipeline::backend::Backend;
use crate::pipeline::cleanup_handoff::CleanupHandoff;
use crate::pipeline::confirm::{SecondMeasurement, ledger};
use crate::pipeline::execute::{Execution, Pass, execute};
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::policy::MeasuringPolicy;
use crate::process::{Process, now};
use crate::progress::{self, Display};
use crate::report::{self, Links};
use crate::result::RunResult;
use crate::text::{json_error, one_line};
use crate::units::saturating_u32;

/// Where SageMaker keeps everything of a job.
const ROOT: &str = "/opt/ml";
/// Variable that overrides [`ROOT`] where the job is not a container: in the simulator.
const OTHER_ROOT: &str = "SAGEGATE_ML_ROOT";
/// SageMaker shows the first kilobyte of a job's last words.
const MESSAGE_BYTES: usize = 1024;

/// Measures what `submit` decided. The output folder goes to S3 while this runs.
pub(crate) async fn inside(process: &Process) -> Outcome {
    let root = PathBuf::from(process.variable(OTHER_ROOT).unwrap_or(ROOT));
    let (words, outcome) = match Box::pin(measure_part(&root, process)).await {
        Ok(words) => (words, Ok(ExitStatus::Success)),
        Err(error) => (error.one_line(), Err(error)),
    };
    // A helper leaves the last word to the leader.
    if words.is_empty() {
        return outcome;
    }
    let path = root.join("output/message");
    if let Err(error) = write_atomically(&path, shortened(&words).as_bytes()) {
        process.warn(&format!("cannot write `{}`: {error}", path.display()));
    }
    process.print(&words);
    outcome
}

/// The verdict in one line.
async fn measure_part(root: &Path, process: &Process) -> Result<String, Error> {
    let (input, plan) = JobInput::read(&on_this_machine(root, INPUT))?;
    let backend = Backend::on_aws(None, process).await?;
    let output = on_this_machine(root, OUTPUT);
    let instance = Instance::read(root)?;
    let exchange = if instance.count > 1 {
        let objects = Objects::connect(None, process.aws(), input.bucket_owner.clone()).await?;
        let exchange = Exchange::new(objects, input.exchange()?, instance.count - 1);
        Some(Arc::new(exchange))
    } else {
        None
    };
    if let Some(exchange) = exchange.clone().filter(|_| instance.rank > 0) {
        return help(
            instance.rank,
            exchange,
            plan,
            input.policy(),
            &backend,
            &output,
            process,
        )
        .await;
    }
    let files = OutputFiles::of(&output);
    let helpers = exchange.clone();
    let measured = carry_out(&input, plan, &backend, &files, helpers, process).await;
    if let Some(exchange) = exchange {
        exchange.end().await?;
    }
    let result = measured?;
    let analysis = analyse(&result, &input.prices, input.strategy);
    let history = Some(&input.history);
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
    /// Source: SageMaker developer guide, "How Amazon SageMaker Processing configures your
    /// processing container".
    fn read(root: &Path) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Resources {
            current_host: String,
            hosts: Vec<String>,
        }
        let path = root.join("config/resourceconfig.json");
        let input = |reason: String| UsageError::JobInput {
            path: path.clone(),
            reason,
        };
        let text = files::read_text(&path, MIB).map_err(|error| input(error.to_string()))?;
        let parsed = serde_json::from_str(&text).map_err(|error| input(json_error(&error)))?;
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

/// An instance that creates nothing: it has clients of the loads. It has its own journal.
async fn help(
    rank: u32,
    exchange: Arc<Exchange>,
    plan: Plan,
    policy: MeasuringPolicy,
    backend: &Backend,
    output: &Path,
    process: &Process,
) -> Result<String, Error> {
    let path = output.join(format!("measurements-{rank}.jsonl"));
    let journal = Journal::create(&path).map_err(|source| UsageError::Output { path, source })?;
    let environment = Environment {
        session: backend.session.clone(),
        observer: progress::observer(Display::Quiet, process.log()),
        cancel: process.cancel().clone(),
        policy: Arc::new(policy),
        helpers: None,
        occupancy: None,
        // A helper creates nothing.
        disown: Arc::new(|_| {}),
        now,
    };
    let helper = Arc::new(Helper::new(plan, environment, journal));
    exchange.help(rank, helper, process.cancel()).await?;
    Ok(String::new())
}

async fn carry_out(
    input: &JobInput,
    plan: Plan,
    backend: &Backend,
    files: &OutputFiles,
    helpers: Option<Arc<Exchange>>,
    process: &Process,
) -> Result<RunResult, Error> {
    let policy = Arc::new(input.policy());
    let journal = files.claim()?;
    let ledger = ledger(&plan, backend.session.region(), &policy);
    files.write_ledger(&ledger)?;
    let handoff = CleanupHandoff::of_another_step();
    let disown = handoff.disown(ledger, files.ledger(), process);
    let execution = Execution {
        session: backend.session.clone(),
        policy: Arc::clone(&policy),
        helpers: helpers.map(|it| it as Arc<dyn Helpers>),
        occupancy: None,
        journal,
        restored: None,
        pass: Pass::First,
        disown: Arc::clone(&disown),
        is_resumable: false,
    };
    let result = execute(plan.clone(), execution, files, process).await?;
    let second = SecondMeasurement {
        session: &backend.session,
        policy: &policy,
        disown,
        files,
    };
    second.confirm(&plan, result, process).await
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
