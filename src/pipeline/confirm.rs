//! Measures a failure of latency or cost a second time, before it is published.

use std::sync::Arc;

use super::execute::{Execution, Pass, execute};
use super::output_files::OutputFiles;
use super::policy::MeasuringPolicy;
use crate::aws::Session;
use crate::benchmark::{Journal, Ledger, Plan};
use crate::error::Error;
use crate::process::Process;
use crate::result::{Confirmation, RunResult};
use crate::units::MemoryMb;

/// Measures the sizes again at which the run is beyond a limit, where the policy asks for that, and
/// adds them to the result.
///
/// # Errors
/// When the run is interrupted; what was measured before is kept.
pub(crate) async fn confirm(
    plan: &Plan,
    mut result: RunResult,
    session: &Session,
    policy: &Arc<MeasuringPolicy>,
    files: &OutputFiles,
    process: &Process,
) -> Result<RunResult, Error> {
    let sizes = policy.sizes_to_confirm(&result);
    if sizes.is_empty() {
        return Ok(result);
    }
    process.note(&format!(
        "beyond a limit: measuring {} once more on fresh endpoints before the run fails",
        list(&sizes)
    ));
    let again = plan.measuring_again(&sizes);
    // The clean-up of a killed run looks for both.
    files.write_ledger(&Ledger::of(plan, session.region()).with(&again))?;
    let path = files.second_journal();
    let journal = Journal::create(&path).map_err(|source| Error::Output { path, source })?;
    let execution = Execution {
        session: session.clone(),
        policy: Arc::clone(policy),
        helpers: None,
        journal,
        restored: None,
        pass: Pass::Second,
    };
    let second = execute(again, execution, files, process).await?;
    result.cleanup.created += second.cleanup.created;
    result.cleanup.deleted += second.cleanup.deleted;
    result.cleanup.left.extend(second.cleanup.left);
    result.confirmation = Some(Confirmation {
        started_at: second.started_at,
        finished_at: second.finished_at,
        stability: second.stability,
    });
    if let Err(error) = result.write(&files.result()) {
        process.warn(&format!("the result is not kept: {error}"));
    }
    Ok(result)
}

fn list(sizes: &[MemoryMb]) -> String {
    let names: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    names.join(", ")
}
