//! What the gate decides while a run is measured: how long it goes on, and at which size it is put
//! under load.

use crate::analysis::{DatedPrices, Strategy, analyse};
use crate::gate::{self, History, Limits};
use crate::process::now;
use crate::result::{EndpointRun, RunResult};
use crate::units::MemoryMb;

/// How a run is going to be judged.
#[derive(Debug, Clone)]
pub(crate) struct MeasuringPolicy {
    pub(crate) prices: DatedPrices,
    pub(crate) strategy: Strategy,
    /// `None` where nothing is compared.
    pub(crate) gate: Option<ExpectedGate>,
}

/// The gate that a run is going to meet.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedGate {
    pub(crate) limits: Limits,
    /// Earlier runs of the model.
    pub(crate) history: Option<History>,
    pub(crate) on_certain_failure: OnCertainFailure,
}

/// What is done when nothing can change a failure any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCertainFailure {
    /// The rest is not measured.
    Stop,
    /// The run is measured to its end.
    GoOn,
}

impl MeasuringPolicy {
    /// Whether a size that is complete should go on: decided by the width of the noise alone, so
    /// that it favours neither verdict.
    pub(crate) fn wants_more(run: &EndpointRun) -> bool {
        gate::is_tail_too_noisy(run)
    }

    /// Whether a run that holds just this is stopped, as it fails in any case.
    pub(crate) fn is_certain_failure(&self, run: &RunResult) -> bool {
        let Some(gate) = &self.gate else {
            return false;
        };
        let Some(history) = &gate.history else {
            return false;
        };
        let analysis = analyse(run, &self.prices, self.strategy);
        gate.on_certain_failure == OnCertainFailure::Stop
            && gate::is_certain_failure(run, &analysis, history, &gate.limits)
    }

    /// Whether [`Self::is_certain_failure`] can answer yes.
    pub(crate) fn may_stop(&self) -> bool {
        self.gate.as_ref().is_some_and(|it| {
            it.on_certain_failure == OnCertainFailure::Stop && it.history.is_some()
        })
    }

    /// The size that will be recommended, which the concurrency benchmark is measured at.
    pub(crate) fn recommended(&self, run: &RunResult) -> Option<MemoryMb> {
        let analysis = analyse(run, &self.prices, self.strategy);
        match &self.gate {
            Some(gate) => {
                let history = gate.history.as_ref();
                gate::judge(run, &analysis, history, &gate.limits, now()).recommended
            }
            None => analysis.best,
        }
    }
}
