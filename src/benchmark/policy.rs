//! Decisions that depend on the purpose of a benchmark: how long to measure, and at which size.

use crate::prices::DatedPrices;
use crate::result::{EndpointRun, RunResult};
use crate::units::MemoryMb;

/// Decides while a benchmark runs.
pub trait RunPolicy: Send + Sync {
    /// What the run is priced with, for the result; `None` where nothing is priced.
    fn prices(&self) -> Option<DatedPrices>;

    /// Whether a size that has its planned calls should go on, up to
    /// [`Options::max_invocations`](super::Options::max_invocations): decided by the width of the
    /// noise alone, so that it favours neither verdict.
    fn wants_more(&self, so_far: &EndpointRun) -> bool;

    /// Whether a run that holds just this is certain to fail, whichever calls are still to come.
    /// The endpoint that has calls ended as
    /// [`FailedFast`](crate::result::EndpointOutcome::FailedFast). Never when a run that fails is
    /// measured to the end anyway.
    fn is_certain_failure(&self, so_far: &RunResult) -> bool;

    /// The memory size of the concurrency benchmark, from a complete stability benchmark; `None` to
    /// leave it out.
    fn recommended(&self, run: &RunResult) -> Option<MemoryMb>;
}
