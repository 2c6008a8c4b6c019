//! Measurement policies of the commands: how long to measure, and at which size.

use std::sync::Arc;

use super::edges::now;
use crate::analysis::{DatedPrices, Strategy, analyse};
use crate::benchmark::RunPolicy;
use crate::gate::{self, History, Limits};
use crate::result::{EndpointRun, RunResult};
use crate::units::MemoryMb;

/// Which size the concurrency benchmark is measured at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadSize {
    /// None: it is left out.
    LeftOut,
    /// The best of this run.
    Best,
    /// The one that the gate will recommend.
    Recommended,
}

/// The terms of a run, before its prices are known.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// How the size is chosen.
    pub(super) strategy: Strategy,
    /// Which size the concurrency benchmark is measured at.
    pub(super) load_size: LoadSize,
    /// What the run is compared with.
    pub(super) history: Option<History>,
    /// What is allowed.
    pub(super) limits: Limits,
    /// Whether a run whose failure is certain stops.
    pub(super) fails_fast: bool,
}

impl Terms {
    /// Those of a run that is not judged.
    pub(super) fn without_gate(strategy: Strategy, load_size: LoadSize) -> Self {
        Self {
            strategy,
            load_size,
            history: None,
            limits: Limits::default(),
            fails_fast: false,
        }
    }

    /// At these prices.
    pub(super) fn at(self, prices: &DatedPrices) -> Arc<dyn RunPolicy> {
        Arc::new(Priced {
            terms: self,
            prices: prices.clone(),
        })
    }
}

struct Priced {
    terms: Terms,
    prices: DatedPrices,
}

impl RunPolicy for Priced {
    fn wants_more(&self, so_far: &EndpointRun) -> bool {
        gate::is_tail_too_noisy(so_far)
    }

    fn is_certain_failure(&self, so_far: &RunResult) -> bool {
        let terms = &self.terms;
        let history = terms.history.as_ref().filter(|_| terms.fails_fast);
        history.is_some_and(|history| {
            let analysis = analyse(so_far, &self.prices, terms.strategy);
            gate::is_certain_failure(so_far, &analysis, history, &terms.limits)
        })
    }

    fn recommended(&self, run: &RunResult) -> Option<MemoryMb> {
        let terms = &self.terms;
        let analysis = analyse(run, &self.prices, terms.strategy);
        match terms.load_size {
            LoadSize::LeftOut => None,
            LoadSize::Best => analysis.best,
            LoadSize::Recommended => {
                let history = terms.history.as_ref();
                gate::judge(run, &analysis, history, &terms.limits, now()).recommended
            }
        }
    }
}
