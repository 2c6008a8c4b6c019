//! How many latencies are by which clock.

use serde::{Deserialize, Serialize};

use super::{Invocation, RunResult};

/// How many latencies are by the kernel's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockUse {
    /// By the kernel's clock.
    pub kernel: u64,
    /// Calls with a latency, all in all.
    pub calls: u64,
}

impl ClockUse {
    /// Of all measured calls of a run.
    pub fn of(run: &RunResult) -> Self {
        let all = run.measured_calls().filter(|it| it.outcome.is_success());
        all.fold(Self::default(), |sum, call| Self {
            kernel: sum.kernel + u64::from(call.clock.is_kernel()),
            calls: sum.calls + 1,
        })
    }
}

impl RunResult {
    /// Every call that was measured, the second measurement's and the reference's included.
    pub fn measured_calls(&self) -> impl Iterator<Item = &Invocation> {
        let again = self.confirmation.as_ref();
        let own = self.stability.iter();
        let reference = self.reference.iter().flat_map(|it| &it.stability);
        let confirmed = again
            .into_iter()
            .flat_map(|it| it.stability.iter().chain(&it.reference));
        let endpoints = own.chain(reference).chain(confirmed);
        let loads = self.concurrency.iter().flat_map(|run| &run.rounds);
        endpoints
            .flat_map(|run| &run.invocations)
            .chain(loads.flat_map(|round| &round.invocations))
    }
}
