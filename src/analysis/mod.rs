//! PURE: from measurements to numbers: summarise, price, recommend.

mod bounds;
mod break_even;
pub(crate) mod concurrency;
mod cost;
mod errors;
mod provisioned;
mod recommend;
mod rounds;
mod server;
mod size;
mod statistics;
mod warm;

pub use self::break_even::{BreakEven, Saving};
pub use self::concurrency::{LoadLeftOut, LoadSummary, PerSecond, Serving, load_calls};
pub use self::cost::{Cost, CostInputs};
pub use self::errors::ErrorCounts;
pub use self::provisioned::{ProvisionedMonth, Workload};
pub use self::recommend::{
    Standing, Strategy, UnknownStrategy, best, endpoint_variance, keep_or_change, standing,
};
pub use self::rounds::{Round, rounds};
use self::size::{Basis, successes};
pub use self::size::{SizeSummary, warm_latencies};
pub use self::statistics::{
    LatencySummary, TailMean, count, interpolated, mean, median, nearest_rank, sorted, variance,
};
pub use self::warm::WarmLatencies;
use crate::prices::DatedPrices;
use crate::result::{
    Cause, EndpointOutcome, EndpointRun, LatencySource, MetricStatistics, RunResult,
};
use crate::units::{LatencyMs, MemoryMb};

/// Every number that gate and report need.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Completely measured sizes, ascending.
    pub sizes: Vec<SizeSummary>,
    /// Sizes that were stopped because failure was certain: the lowest latencies that they could
    /// have had.
    pub bounds: Vec<SizeSummary>,
    /// The other sizes, with reasons.
    pub left_out: Vec<LeftOut>,
    /// Every endpoint under every load, in the order measured.
    pub loads: Vec<LoadSummary>,
    /// Endpoints of the concurrency benchmark that were not measured completely.
    pub loads_left_out: Vec<LoadLeftOut>,
    /// Which `MaxConcurrency` is enough for the loads that were asked about.
    pub serving: Vec<Serving>,
    /// Whose latencies are judged: the client's also where the server's were asked for and
    /// CloudWatch does not publish them for every size.
    pub latency_source: LatencySource,
    /// What the cost rests on.
    pub cost_basis: CostBasis,
    /// `OverheadLatency` that is added to each size's `ModelLatency`: mean over sizes of its
    /// median.
    pub pooled_overhead: Option<LatencyMs>,
    /// How the size is chosen.
    pub strategy: Strategy,
    /// The best size, history not considered; `None` without a measured size.
    pub best: Option<MemoryMb>,
    /// Invocations per second that are expected on average, if the user said so.
    pub expected_rate_per_s: Option<f64>,
    /// The prices used.
    pub prices: DatedPrices,
}

/// A size without a complete measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The size.
    pub memory_mb: MemoryMb,
    /// Why.
    pub reason: String,
    /// How it ended.
    pub kind: LeftOutKind,
    /// What that is due to; `None` where nothing went wrong.
    pub cause: Option<Cause>,
}

impl LeftOut {
    /// What the missing measurement is due to, where that is not the model.
    pub fn foreign_cause(&self) -> Option<Cause> {
        self.cause.filter(|cause| *cause != Cause::Model)
    }
}

/// How a size without a complete measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOutKind {
    /// It does not work.
    Failed,
    /// A quota of the account left no room: nothing is wrong with the model.
    SkippedQuota,
    /// The run was certain to fail: nothing is wrong with this size.
    StoppedEarly,
}

/// Where the billed time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostBasis {
    /// CloudWatch's `ModelLatency` and `OverheadLatency`.
    CloudWatch,
    /// Latency seen by the client, because CloudWatch was incomplete: an estimate that includes the
    /// network.
    ClientLatency,
}

/// Options of an analysis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// How the size is chosen.
    pub strategy: Strategy,
    /// Invocations per second that are expected on average, where that is known.
    pub expected_rate_per_s: Option<f64>,
}

impl From<Strategy> for Wanted {
    fn from(strategy: Strategy) -> Self {
        Self {
            strategy,
            expected_rate_per_s: None,
        }
    }
}

/// Turns a run into numbers: those of a size rest on the calls of all its rounds.
pub fn analyse(run: &RunResult, prices: &DatedPrices, wanted: impl Into<Wanted>) -> Analysis {
    let run = run.pooled();
    let run = run.as_ref();
    let Wanted {
        strategy,
        expected_rate_per_s,
    } = wanted.into();
    let measured: Vec<&EndpointRun> = run
        .measured()
        .filter(|endpoint| successes(endpoint).next().is_some())
        .collect();
    let basis = Basis {
        median_overhead: pooled_overhead(&measured, |it| it.p50.unwrap_or(it.average)),
        mean_overhead: pooled_overhead(&measured, |it| it.average),
        latency_source: server::judged(run.settings.latency_source, &measured),
        prices,
    };
    let mut sizes: Vec<SizeSummary> = measured
        .iter()
        .map(|endpoint| SizeSummary::of(endpoint, basis))
        .collect();
    sizes.sort_by_key(|size| size.memory_mb);
    let loads = concurrency::loads(run);
    Analysis {
        serving: concurrency::serving(run, &loads),
        loads,
        loads_left_out: concurrency::left_out(run),
        latency_source: basis.latency_source,
        best: best(&sizes, strategy).map(|size| size.memory_mb),
        bounds: bounds::lower_bounds(run, prices),
        left_out: left_out(run),
        cost_basis: if basis.median_overhead.is_some() {
            CostBasis::CloudWatch
        } else {
            CostBasis::ClientLatency
        },
        pooled_overhead: basis.median_overhead,
        expected_rate_per_s,
        strategy,
        sizes,
        prices: prices.clone(),
    }
}

impl Analysis {
    /// The numbers of the reference of a run, at the same prices; `None` without one.
    pub fn of_reference(&self, run: &RunResult) -> Option<Self> {
        Some(analyse(&run.reference_run()?, &self.prices, self.strategy))
    }

    /// The same measurements at other prices, as far as calls are concerned.
    #[must_use]
    pub fn priced_with(&self, prices: &DatedPrices) -> Self {
        let again = |size: &SizeSummary| size.priced_with(&prices.prices);
        Self {
            sizes: self.sizes.iter().map(again).collect(),
            bounds: self.bounds.iter().map(again).collect(),
            prices: prices.clone(),
            ..self.clone()
        }
    }

    /// The summary of a size, if it was measured.
    pub fn size(&self, memory_mb: MemoryMb) -> Option<&SizeSummary> {
        self.sizes.iter().find(|size| size.memory_mb == memory_mb)
    }

    /// Why a size could not be judged, where that is not the model's doing.
    pub fn unjudged(&self, memory_mb: MemoryMb) -> Option<Cause> {
        let mut left = self.left_out.iter();
        left.find(|it| it.memory_mb == memory_mb)?.foreign_cause()
    }

    /// Why some size could not be judged, where that is not the model's doing.
    pub fn any_unjudged(&self) -> Option<Cause> {
        self.left_out.iter().find_map(LeftOut::foreign_cause)
    }
}

fn left_out(run: &RunResult) -> Vec<LeftOut> {
    let reason = |endpoint: &EndpointRun| match endpoint.outcome.reason() {
        Some(reason) => Some(reason.to_owned()),
        None => successes(endpoint)
            .next()
            .is_none()
            .then(|| "no call succeeded".to_owned()),
    };
    let left = run.stability.iter().filter_map(|endpoint| {
        reason(endpoint).map(|reason| LeftOut {
            memory_mb: endpoint.memory_mb,
            reason,
            kind: match endpoint.outcome {
                EndpointOutcome::SkippedQuota { .. } => LeftOutKind::SkippedQuota,
                EndpointOutcome::FailedFast { .. } => LeftOutKind::StoppedEarly,
                EndpointOutcome::Measured
                | EndpointOutcome::DeployFailed { .. }
                | EndpointOutcome::StoppedEarly { .. }
                | EndpointOutcome::Cancelled => LeftOutKind::Failed,
            },
            cause: endpoint.outcome.cause(),
        })
    });
    left.collect()
}

/// Mean over all sizes of one statistic of `OverheadLatency`; `None` unless every size has complete
/// metrics, so that all sizes are priced alike. Overhead is pooled because it varies a lot between
/// endpoints.
fn pooled_overhead(
    measured: &[&EndpointRun],
    of: impl Fn(&MetricStatistics) -> f64,
) -> Option<LatencyMs> {
    let overheads: Option<Vec<f64>> = measured
        .iter()
        .map(|run| {
            let metrics = run.metrics.as_ref().filter(|metrics| metrics.complete)?;
            metrics.model_latency_ms?;
            metrics.overhead_latency_ms.as_ref().map(&of)
        })
        .collect();
    mean(&overheads?).map(LatencyMs)
}

#[cfg(test)]
pub(crate) mod tests;
