//! PURE: from measurements to numbers: summarise, price, recommend.

mod bounds;
mod break_even;
pub(crate) mod concurrency;
mod cost;
mod offer;
mod prices;
mod provisioned;
mod recommend;
mod server;
mod statistics;

use std::collections::BTreeMap;

pub use self::break_even::{BreakEven, Saving};
pub use self::concurrency::{LoadLeftOut, LoadSummary, PerSecond, Serving, load_calls};
pub use self::cost::{Cost, CostInputs};
pub use self::offer::price_file_from_offer;
pub use self::prices::{DatedPrices, PriceError, PriceTable, RegionPrices};
pub use self::provisioned::{ProvisionedMonth, Workload};
pub use self::recommend::{
    Standing, Strategy, UnknownStrategy, best, endpoint_variance, keep_or_change, standing,
};
pub use self::statistics::{
    LatencySummary, TailMean, count, interpolated, mean, median, nearest_rank, sorted, variance,
};
use crate::result::{
    EndpointMetrics, EndpointOutcome, EndpointRun, Invocation, InvocationOutcome, LatencySource,
    MetricStatistics, RunResult,
};
use crate::units::{LatencyMs, MemoryMb};

/// A call is a cold start when it is slower than this multiple of its sample's median and by more than
/// [`COLD_START_EXCESS_MS`].
const COLD_START_FACTOR: f64 = 5.0;
const COLD_START_EXCESS_MS: f64 = 1000.0;

/// Every number that gate and report need.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Completely measured sizes, ascending.
    pub sizes: Vec<SizeSummary>,
    /// Sizes that were stopped because failure was certain: the lowest latencies that they could have had.
    pub bounds: Vec<SizeSummary>,
    /// The other sizes, with reasons.
    pub left_out: Vec<LeftOut>,
    /// Every endpoint under every load, in the order measured.
    pub loads: Vec<LoadSummary>,
    /// Endpoints of the concurrency benchmark that were not measured completely.
    pub loads_left_out: Vec<LoadLeftOut>,
    /// Which `MaxConcurrency` is enough for the loads that were asked about.
    pub serving: Vec<Serving>,
    /// Whose latencies were taken: the client's also where the server's were asked for and CloudWatch has none.
    pub latency_source: LatencySource,
    /// What the cost rests on.
    pub cost_basis: CostBasis,
    /// `OverheadLatency` that is added to each size's `ModelLatency`: mean over sizes of its median.
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
    /// What became of it.
    pub kind: LeftOutKind,
}

/// What became of a size without a complete measurement.
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
    /// Latency seen by the client, because CloudWatch was incomplete: an estimate that includes the network.
    ClientLatency,
}

/// One measured size.
#[derive(Debug, Clone, PartialEq)]
pub struct SizeSummary {
    /// The size.
    pub memory_mb: MemoryMb,
    /// Measured calls, failed ones included.
    pub calls: usize,
    /// Failed calls by kind.
    pub errors: ErrorCounts,
    /// Every successful call: the toolkit's view.
    pub all: LatencySummary,
    /// Successful calls without cold starts: what the gate judges.
    pub warm: LatencySummary,
    /// Latencies of `warm`, ascending: the noise band needs the order statistics.
    pub warm_sorted: Vec<f64>,
    /// Latencies of cold starts among the measured calls, in the order they happened.
    pub cold_starts: Vec<LatencyMs>,
    /// Latencies of cold starts among the warm-up calls, by the same rule.
    pub warmup_cold_starts: Vec<LatencyMs>,
    /// Mean bytes of a request.
    pub request_bytes: f64,
    /// Mean bytes of a response.
    pub response_bytes: f64,
    /// Successful calls per second while the size was measured.
    pub throughput_per_s: f64,
    /// CloudWatch's metrics.
    pub metrics: Option<EndpointMetrics>,
    /// Cost on [`Analysis::cost_basis`].
    pub cost: Cost,
    /// Cost on client latency, always there.
    pub client_cost: Cost,
    /// Cost by the toolkit's formula, which adds the mean overhead instead of the median.
    pub toolkit_cost: Option<Cost>,
    /// Against a real-time instance; `None` without a price.
    pub break_even: Option<BreakEven>,
}

/// Failed calls by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErrorCounts {
    /// `ThrottlingException`.
    pub throttled: usize,
    /// `ModelNotReadyException`.
    pub not_ready: usize,
    /// Model out of memory.
    pub out_of_memory: usize,
    /// Other `ModelError`.
    pub model: usize,
    /// Other answers of the service.
    pub service: usize,
    /// No complete answer.
    pub transport: usize,
}

impl SizeSummary {
    /// Calls without those that met an endpoint not ready and were sent again.
    pub const fn answered_calls(&self) -> usize {
        self.calls - self.errors.not_ready
    }

    /// Cold starts while the size was measured: slow calls, and calls that met an endpoint not ready and were sent
    /// again.
    pub const fn cold_start_count(&self) -> usize {
        self.cold_starts.len() + self.errors.not_ready
    }

    /// Failed calls. A call that met an endpoint not ready was sent again: it counts as a cold start.
    pub const fn failures(&self) -> usize {
        self.errors.total() - self.errors.not_ready
    }
}

impl ErrorCounts {
    /// All failed calls.
    pub const fn total(&self) -> usize {
        self.throttled
            + self.not_ready
            + self.out_of_memory
            + self.model
            + self.service
            + self.transport
    }

    fn of(calls: &[Invocation]) -> Self {
        let mut counts = Self::default();
        for call in calls {
            match call.outcome {
                InvocationOutcome::Success => {}
                InvocationOutcome::Throttled => counts.throttled += 1,
                InvocationOutcome::NotReady => counts.not_ready += 1,
                InvocationOutcome::OutOfMemory => counts.out_of_memory += 1,
                InvocationOutcome::ModelError(_) => counts.model += 1,
                InvocationOutcome::ServiceError(_) => counts.service += 1,
                InvocationOutcome::TransportError(_) => counts.transport += 1,
            }
        }
        counts
    }
}

/// Turns a run into numbers.
pub fn analyse(run: &RunResult, prices: &DatedPrices, strategy: Strategy) -> Analysis {
    let measured: Vec<&EndpointRun> = run
        .measured()
        .filter(|run| successes(run).next().is_some())
        .collect();
    let median_overhead = pooled_overhead(&measured, |it| it.p50.unwrap_or(it.average));
    let mean_overhead = pooled_overhead(&measured, |it| it.average);
    let mut sizes: Vec<SizeSummary> = measured
        .iter()
        .map(|run| summarise(run, median_overhead, mean_overhead, prices))
        .collect();
    sizes.sort_by_key(|size| size.memory_mb);
    let latency_source = server::take_latencies(run.settings.latency_source, &mut sizes);
    let loads = concurrency::loads(run);
    Analysis {
        serving: concurrency::serving(run, &loads),
        loads,
        loads_left_out: concurrency::left_out(run),
        latency_source,
        best: best(&sizes, strategy).map(|size| size.memory_mb),
        bounds: bounds::of(run, prices),
        left_out: left_out(run),
        cost_basis: if median_overhead.is_some() {
            CostBasis::CloudWatch
        } else {
            CostBasis::ClientLatency
        },
        pooled_overhead: median_overhead,
        expected_rate_per_s: None,
        strategy,
        sizes,
        prices: prices.clone(),
    }
}

impl Analysis {
    /// The summary of a size, if it was measured.
    pub fn size(&self, memory_mb: MemoryMb) -> Option<&SizeSummary> {
        self.sizes.iter().find(|size| size.memory_mb == memory_mb)
    }
}

fn successes(run: &EndpointRun) -> impl Iterator<Item = &Invocation> {
    run.invocations
        .iter()
        .filter(|call| call.outcome.is_success())
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
        })
    });
    left.collect()
}

/// Mean over all sizes of one statistic of `OverheadLatency`; `None` unless every size has complete metrics, so
/// that all sizes are priced alike. Overhead is pooled because it varies a lot between endpoints.
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

fn summarise(
    run: &EndpointRun,
    median_overhead: Option<LatencyMs>,
    mean_overhead: Option<LatencyMs>,
    dated: &DatedPrices,
) -> SizeSummary {
    let medians = medians(run);
    let warmup_cold_starts = split_cold_starts(&run.warmup, &medians, None).1;
    let most = cold_starts_published(run).map(|all| all.saturating_sub(warmup_cold_starts.len()));
    let (warm, cold_starts) = split_cold_starts(&run.invocations, &medians, most);
    let warm_sorted = sorted(&warm);
    let warm_summary = LatencySummary::with_sorted(&warm, &warm_sorted);
    let request_bytes = mean_bytes(run, |call| call.request_bytes);
    let response_bytes = mean_bytes(run, |call| call.response_bytes);
    let price = |average_latency| {
        let inputs = CostInputs {
            average_latency,
            request_bytes,
            response_bytes,
        };
        Cost::of(run.memory_mb, inputs, &dated.prices)
    };
    let model_latency = run
        .metrics
        .as_ref()
        .and_then(|it| it.model_latency_ms)
        .map(|it| LatencyMs(it.average));
    let with = |overhead: Option<LatencyMs>| Some(price(model_latency? + overhead?));
    let client_cost = price(warm_summary.mean);
    let cost = with(median_overhead).unwrap_or(client_cost);
    SizeSummary {
        memory_mb: run.memory_mb,
        calls: run.invocations.len(),
        errors: ErrorCounts::of(&run.invocations),
        all: if cold_starts.is_empty() {
            warm_summary
        } else {
            LatencySummary::of(&answered_latencies(run))
        },
        warm: warm_summary,
        warm_sorted,
        cold_starts,
        warmup_cold_starts,
        request_bytes,
        response_bytes,
        throughput_per_s: throughput_per_s(run),
        metrics: run.metrics.clone(),
        break_even: BreakEven::of(run.memory_mb, &cost, &dated.prices),
        cost,
        client_cost,
        toolkit_cost: with(mean_overhead),
    }
}

/// Latencies of the measured calls that are no cold starts, in the order measured, before `CloudWatch` has counted those.
pub fn warm_latencies(run: &EndpointRun) -> Vec<f64> {
    split_cold_starts(&run.invocations, &medians(run), None).0
}

fn answered_latencies(run: &EndpointRun) -> Vec<f64> {
    successes(run).map(|call| call.latency_ms).collect()
}

/// Median latency of each sample's successful calls, milliseconds.
fn medians(run: &EndpointRun) -> BTreeMap<u32, f64> {
    let mut by_sample: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for call in successes(run) {
        by_sample
            .entry(call.sample)
            .or_default()
            .push(call.latency_ms);
    }
    by_sample
        .into_iter()
        .filter_map(|(sample, mut latencies)| Some((sample, median(&mut latencies)?)))
        .collect()
}

/// Cold starts of the endpoint as `CloudWatch` counts them (`ModelSetupTime` has one sample for each), warm-up included;
/// `None` where it counted no calls or not all of them.
fn cold_starts_published(run: &EndpointRun) -> Option<usize> {
    let metrics = run.metrics.as_ref().filter(|metrics| metrics.complete)?;
    let samples = metrics.model_setup_time_ms?.sample_count;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a saturating cast of a count"
    )]
    let samples = samples.max(0.0) as usize;
    Some(samples)
}

/// Latencies of warm calls in the order measured, and of cold starts: calls slower than five times their own
/// sample's median and more than a second slower than it, the slowest `most` of them. What is slow without having been
/// cold is the model's own tail.
fn split_cold_starts(
    calls: &[Invocation],
    medians: &BTreeMap<u32, f64>,
    most: Option<usize>,
) -> (Vec<f64>, Vec<LatencyMs>) {
    let is_slow = |call: &&Invocation| {
        medians.get(&call.sample).is_some_and(|median| {
            call.latency_ms > COLD_START_FACTOR * median
                && call.latency_ms > median + COLD_START_EXCESS_MS
        })
    };
    let answered = || calls.iter().filter(|call| call.outcome.is_success());
    let slow: Vec<f64> = answered().filter(is_slow).map(|it| it.latency_ms).collect();
    let surplus = most.map_or(0, |most| slow.len().saturating_sub(most));
    let least = sorted(&slow).get(surplus).copied().unwrap_or(f64::INFINITY);
    let (cold, warm): (Vec<&Invocation>, Vec<&Invocation>) =
        answered().partition(|call| is_slow(call) && call.latency_ms >= least);
    (
        warm.iter().map(|call| call.latency_ms).collect(),
        cold.iter().map(|call| LatencyMs(call.latency_ms)).collect(),
    )
}

#[expect(clippy::cast_precision_loss, reason = "bodies are at most 4 MB")]
fn mean_bytes(run: &EndpointRun, of: impl Fn(&Invocation) -> u64) -> f64 {
    let bytes: Vec<f64> = successes(run).map(|call| of(call) as f64).collect();
    mean(&bytes).unwrap_or_default()
}

fn throughput_per_s(run: &EndpointRun) -> f64 {
    let ok: Vec<&Invocation> = successes(run).collect();
    let (Some(first), Some(last)) = (ok.first(), ok.last()) else {
        return 0.0;
    };
    let milliseconds = last.start_ms + last.latency_ms - first.start_ms;
    if milliseconds > 0.0 {
        count(&ok) / milliseconds * 1000.0
    } else {
        0.0
    }
}

#[cfg(test)]
pub(crate) mod tests;
