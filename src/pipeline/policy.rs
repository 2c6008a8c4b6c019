//! What the gate decides while a run is measured: how long it goes on, and at which size it is put
//! under load.

use crate::analysis::{Strategy, analyse};
use crate::benchmark::RunPolicy;
use crate::gate::{self, History, Limits};
use crate::prices::DatedPrices;
use crate::process::now;
use crate::result::{EndpointRun, RunResult};
use crate::units::MemoryMb;

/// How a run will be judged.
#[derive(Debug, Clone)]
pub(crate) struct MeasuringPolicy {
    pub(crate) prices: DatedPrices,
    pub(crate) strategy: Strategy,
    /// `None` where nothing is compared.
    pub(crate) gate: Option<ExpectedGate>,
}

/// The gate that will judge a run.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedGate {
    pub(crate) limits: Limits,
    /// Earlier runs of the model; possibly none.
    pub(crate) history: History,
    pub(crate) on_certain_failure: OnCertainFailure,
    pub(crate) on_failure: OnFailure,
}

/// What is done when latency or cost alone is beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// It is measured a second time, and fails if both measurements together do.
    MeasureAgain,
    /// It fails.
    Publish,
}

/// What to do once a failure is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCertainFailure {
    /// The rest is not measured.
    Stop,
    /// The run is measured to its end.
    GoOn,
}

impl MeasuringPolicy {
    /// Whether [`Self::sizes_to_confirm`] may name any.
    pub(crate) fn may_confirm(&self) -> bool {
        let asks = |gate: &ExpectedGate| gate.on_failure == OnFailure::MeasureAgain;
        self.gate.as_ref().is_some_and(asks)
    }

    /// The sizes to measure a second time before the run fails.
    pub(crate) fn sizes_to_confirm(&self, run: &RunResult) -> Vec<MemoryMb> {
        let Some(gate) = self.gate.as_ref().filter(|_| self.may_confirm()) else {
            return Vec::new();
        };
        let analysis = analyse(run, &self.prices, self.strategy);
        let history = &gate.history;
        let judgement = gate::judge(run, &analysis, Some(history), &gate.limits, now());
        gate::sizes_to_confirm(&judgement, run)
    }
}

impl RunPolicy for MeasuringPolicy {
    fn prices(&self) -> Option<DatedPrices> {
        Some(self.prices.clone())
    }

    fn wants_more(&self, so_far: &EndpointRun) -> bool {
        gate::is_tail_too_noisy(so_far)
    }

    fn is_certain_failure(&self, so_far: &RunResult) -> bool {
        let stops = |gate: &&ExpectedGate| gate.on_certain_failure == OnCertainFailure::Stop;
        let Some(gate) = self.gate.as_ref().filter(stops) else {
            return false;
        };
        let analysis = analyse(so_far, &self.prices, self.strategy);
        gate::is_certain_failure(so_far, &analysis, &gate.history, &gate.limits)
    }

    fn recommended(&self, run: &RunResult) -> Option<MemoryMb> {
        let analysis = analyse(run, &self.prices, self.strategy);
        match &self.gate {
            Some(gate) => {
                let history = Some(&gate.history);
                gate::judge(run, &analysis, history, &gate.limits, now()).recommended
            }
            None => analysis.best,
        }
    }
}
