//! Whether `--fail-fast` has an effect on this run.

use super::accept::is_labelled;
use super::gate::{Gate, records};
use super::policy::OnCertainFailure;
use crate::gate::ACCEPT_LABEL;
use crate::process::Process;

/// Stops only if the run is not recorded, and no label needs all of it. Without a baseline nothing
/// is certain.
pub(crate) async fn on_certain_failure(
    fail_fast: bool,
    gate: &Gate<'_>,
    process: &Process,
) -> OnCertainFailure {
    if !fail_fast || records(gate.mode(), process) {
        return OnCertainFailure::GoOn;
    }
    if is_labelled(gate.publisher()).await {
        process.note(&format!(
            "the label {ACCEPT_LABEL} is on the pull request: measuring to the end in spite of --fail-fast"
        ));
        return OnCertainFailure::GoOn;
    }
    OnCertainFailure::Stop
}
