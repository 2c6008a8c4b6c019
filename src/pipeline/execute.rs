//! Carries a plan out: measures, and keeps what was measured on disk on the way.

use std::sync::Arc;

use super::cleanup_handoff::Disown;
use super::output_files::OutputFiles;
use super::policy::MeasuringPolicy;
use crate::aws::Session;
use crate::benchmark::{self, Draft, Environment, Helpers, Journal, Plan};
use crate::engine::Occupancy;
use crate::error::Error;
use crate::process::{Process, now};
use crate::result::RunResult;

/// What a plan is carried out with.
pub(crate) struct Execution {
    pub(crate) session: Session,
    pub(crate) policy: Arc<MeasuringPolicy>,
    /// Other machines that take part.
    pub(crate) helpers: Option<Arc<dyn Helpers>>,
    /// What other programs have of this machine, where its containers are measured.
    pub(crate) occupancy: Option<Occupancy>,
    pub(crate) journal: Journal,
    /// What an interrupted run has measured.
    pub(crate) restored: Option<Draft>,
    /// Which measurement of the run it is.
    pub(crate) pass: Pass,
    /// Told of names that are somebody else's.
    pub(crate) disown: Disown,
    /// Whether `--resume` can go on with it.
    pub(crate) is_resumable: bool,
}

/// The measurements of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// The run itself, which is `result.json` from its first endpoint on.
    First,
    /// The second measurement of what was beyond a limit: a part of that file once it is complete.
    Second,
}

/// Carries a plan out and keeps its result on disk on the way.
pub(crate) async fn execute(
    plan: Plan,
    execution: Execution,
    files: &OutputFiles,
    process: &Process,
) -> Result<RunResult, Error> {
    let environment = Environment {
        session: execution.session,
        observer: process.observer(),
        cancel: process.cancel().clone(),
        policy: execution.policy,
        helpers: execution.helpers,
        occupancy: execution.occupancy,
        disown: execution.disown,
        now,
    };
    let (pass, is_resumable) = (execution.pass, execution.is_resumable);
    let save = |result: &RunResult| {
        if pass == Pass::First
            && let Err(error) = result.write(&files.result())
        {
            tracing::warn!(%error, "the result so far is not on disk");
        }
    };
    let (journal, restored) = (execution.journal, execution.restored);
    let group = process.group("Measuring");
    let result = Box::pin(benchmark::run(plan, environment, journal, restored, &save)).await;
    drop(group);
    let journal = match pass {
        Pass::First => keep(&result, files, process).then(|| files.journal()),
        Pass::Second => Some(files.second_journal()),
    };
    if process.cancel().is_cancelled() {
        return Err(Error::Interrupted {
            kept: Some(files.result()),
            resume: is_resumable.then(|| files.folder().to_owned()),
            by: process.stop_signal(),
        });
    }
    // The result holds every record now.
    if let Some(Err(error)) = journal.map(std::fs::remove_file) {
        tracing::warn!(%error, "the journal stays");
    }
    Ok(result)
}

/// Writes the result; returns whether it is on disk. What was measured is judged and published even
/// if it is not.
fn keep(result: &RunResult, files: &OutputFiles, process: &Process) -> bool {
    let written = result.write(&files.result());
    if let Err(error) = &written {
        let hint = "the verdict still follows; make room to keep the files";
        process.warn(&format!("the result is not kept: {error}; {hint}"));
    }
    written.is_ok()
}
