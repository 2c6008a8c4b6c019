//! Measures a failure of latency or cost a second time, before it is published.

use std::sync::Arc;

use super::cleanup_handoff::Disown;
use super::execute::{Execution, Pass, execute};
use super::output_files::OutputFiles;
use super::policy::MeasuringPolicy;
use crate::aws::Session;
use crate::benchmark::{Journal, Ledger, Plan};
use crate::error::{Error, UsageError};
use crate::process::Process;
use crate::result::{ClockUse, Confirmation, RunResult};
use crate::units::MemoryMb;

/// How a failure is measured a second time.
pub(crate) struct SecondMeasurement<'a> {
    pub(crate) session: &'a Session,
    pub(crate) policy: &'a Arc<MeasuringPolicy>,
    pub(crate) disown: Disown,
    pub(crate) files: &'a OutputFiles,
}

impl SecondMeasurement<'_> {
    /// Measures the sizes again at which the run is beyond a limit, where the policy asks for that,
    /// and adds them to the result.
    ///
    /// # Errors
    /// When the run is interrupted; what was measured before is kept.
    pub(crate) async fn confirm(
        self,
        plan: &Plan,
        mut result: RunResult,
        process: &Process,
    ) -> Result<RunResult, Error> {
        let sizes = self.policy.sizes_to_confirm(&result);
        if sizes.is_empty() {
            return Ok(result);
        }
        process.note(&format!(
            "beyond a limit: measuring {} once more on fresh endpoints before the run fails",
            list(&sizes)
        ));
        let again = plan.measuring_again(&sizes);
        let path = self.files.second_journal();
        let journal =
            Journal::create(&path).map_err(|source| UsageError::Output { path, source })?;
        let execution = Execution {
            session: self.session.clone(),
            policy: Arc::clone(self.policy),
            helpers: None,
            occupancy: None,
            journal,
            restored: None,
            pass: Pass::Second,
            disown: self.disown,
            is_resumable: true,
        };
        let second = execute(again, execution, self.files, process).await?;
        result.cleanup.created += second.cleanup.created;
        result.cleanup.deleted += second.cleanup.deleted;
        result.cleanup.left.extend(second.cleanup.left);
        result.confirmation = Some(Confirmation {
            started_at: second.started_at,
            finished_at: second.finished_at,
            stability: second.stability,
            reference: second.reference.map(|it| it.stability).unwrap_or_default(),
        });
        result.clock = Some(ClockUse::of(&result));
        if let Err(error) = result.write(&self.files.result()) {
            process.warn(&format!("the result is not kept: {error}"));
        }
        Ok(result)
    }
}

/// What the run may create, its second measurement included: a killed run's clean-up looks for
/// both.
pub(crate) fn ledger(plan: &Plan, region: &str, policy: &MeasuringPolicy) -> Ledger {
    let ledger = Ledger::of(plan, region);
    if policy.may_confirm() {
        ledger.with(&plan.measuring_again(&plan.options.memory_sizes))
    } else {
        ledger
    }
}

fn list(sizes: &[MemoryMb]) -> String {
    let names: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    names.join(", ")
}
