//! One endpoint of the stability benchmark in numbers.

use std::collections::BTreeMap;

use super::warm::WarmLatencies;
use super::{
    BreakEven, Cost, CostInputs, ErrorCounts, LatencySummary, count, mean, median, server, sorted,
};
use crate::prices::{DatedPrices, RegionPrices};
use crate::result::{EndpointMetrics, EndpointRun, Invocation, LatencySource, OutcomeKind};
use crate::units::{LatencyMs, MemoryMb};

/// A call is a cold start when it is slower than this multiple of its sample's median and by more
/// than [`COLD_START_EXCESS_MS`].
const COLD_START_FACTOR: f64 = 5.0;
const COLD_START_EXCESS_MS: f64 = 1000.0;

/// One measured size.
#[derive(Debug, Clone, PartialEq)]
pub struct SizeSummary {
    /// The size.
    pub memory_mb: MemoryMb,
    /// Measured calls, failed ones included.
    pub calls: usize,
    /// Failed calls by kind.
    pub errors: ErrorCounts,
    /// Failed calls that were sent again: by AWS's doing, or an endpoint still being provisioned.
    pub sent_again: usize,
    /// Every successful call: the toolkit's view.
    pub all: LatencySummary,
    /// Latencies without cold starts, as the client saw them.
    pub client: WarmLatencies,
    /// The same by CloudWatch's `ModelLatency`, where its percentiles are published.
    pub server: Option<WarmLatencies>,
    /// Which of the two the gate judges: the same for every size of a run.
    pub judged: LatencySource,
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
    /// Cost on [`Analysis::cost_basis`](super::Analysis::cost_basis).
    pub cost: Cost,
    /// Cost on client latency, always there.
    pub client_cost: Cost,
    /// Cost by the toolkit's formula, which adds the mean overhead instead of the median.
    pub toolkit_cost: Option<Cost>,
    /// Against a real-time instance; `None` without a price.
    pub break_even: Option<BreakEven>,
}

/// What the numbers of every size rest on.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    /// Mean over sizes of the median of `OverheadLatency`.
    pub(super) median_overhead: Option<LatencyMs>,
    /// Mean over sizes of the mean of `OverheadLatency`, as the toolkit takes it.
    pub(super) mean_overhead: Option<LatencyMs>,
    /// Whose latencies are judged.
    pub(super) latency_source: LatencySource,
    /// Prices of the region.
    pub(super) prices: &'a DatedPrices,
}

impl SizeSummary {
    pub(super) fn of(run: &EndpointRun, basis: Basis<'_>) -> Self {
        let medians = medians(run);
        let warmup_cold_starts = split_cold_starts(&run.warmup, &medians, None).1;
        let published = cold_starts_published(run);
        let most = published.map(|all| all.saturating_sub(warmup_cold_starts.len()));
        let (warm, cold_starts) = split_cold_starts(&run.invocations, &medians, most);
        let client = WarmLatencies::of(&warm);
        let request_bytes = mean_bytes(run, |call| call.request_bytes);
        let response_bytes = mean_bytes(run, |call| call.response_bytes);
        let price = |average_latency| {
            let inputs = CostInputs {
                average_latency,
                request_bytes,
                response_bytes,
            };
            Cost::of(run.memory_mb, inputs, &basis.prices.prices)
        };
        let model_latency = run
            .metrics
            .as_ref()
            .and_then(|it| it.model_latency_ms)
            .map(|it| LatencyMs(it.average));
        let with = |overhead: Option<LatencyMs>| Some(price(model_latency? + overhead?));
        let client_cost = price(client.summary.mean);
        let cost = with(basis.median_overhead).unwrap_or(client_cost);
        Self {
            memory_mb: run.memory_mb,
            calls: run.invocations.len(),
            errors: ErrorCounts::of(&run.invocations),
            sent_again: run
                .invocations
                .iter()
                .filter(|it| it.is_sent_again())
                .count(),
            all: if cold_starts.is_empty() {
                client.summary
            } else {
                LatencySummary::of(&answered_latencies(run))
            },
            server: server::latencies(&client, run.metrics.as_ref()),
            client,
            judged: basis.latency_source,
            cold_starts,
            warmup_cold_starts,
            request_bytes,
            response_bytes,
            throughput_per_s: throughput_per_s(run),
            metrics: run.metrics.clone(),
            break_even: BreakEven::of(run.memory_mb, &cost, &basis.prices.prices),
            cost,
            client_cost,
            toolkit_cost: with(basis.mean_overhead),
        }
    }

    pub(super) fn priced_with(&self, prices: &RegionPrices) -> Self {
        let again = |cost: Cost| {
            let inputs = CostInputs {
                average_latency: cost.average_latency,
                request_bytes: self.request_bytes,
                response_bytes: self.response_bytes,
            };
            Cost::of(self.memory_mb, inputs, prices)
        };
        let cost = again(self.cost);
        Self {
            break_even: BreakEven::of(self.memory_mb, &cost, prices),
            cost,
            client_cost: again(self.client_cost),
            toolkit_cost: self.toolkit_cost.map(again),
            ..self.clone()
        }
    }

    /// Latencies by a clock; the client's where CloudWatch publishes none.
    pub fn latency(&self, source: LatencySource) -> &WarmLatencies {
        match (source, &self.server) {
            (LatencySource::Server, Some(server)) => server,
            (LatencySource::Server, None) | (LatencySource::Client, _) => &self.client,
        }
    }

    /// Successful calls without cold starts: what the gate judges.
    pub fn warm(&self) -> &LatencySummary {
        &self.latency(self.judged).summary
    }

    /// The latencies that the gate judges, ascending, milliseconds.
    pub fn warm_sorted(&self) -> &[f64] {
        &self.latency(self.judged).sorted_ms
    }

    /// Calls that met an endpoint still being provisioned.
    fn not_ready(&self) -> usize {
        self.errors.count(OutcomeKind::NotReady)
    }

    /// Calls without those that were sent again.
    pub fn answered_calls(&self) -> usize {
        self.calls - self.sent_again
    }

    /// Cold starts while the size was measured: slow calls, and calls that met an endpoint still
    /// being provisioned.
    pub fn cold_start_count(&self) -> usize {
        self.cold_starts.len() + self.not_ready()
    }

    /// Calls that failed for good.
    pub fn failures(&self) -> usize {
        self.errors.total() - self.sent_again
    }

    /// Calls that AWS failed, or throttled though one client calls at a time, and that were sent
    /// again.
    pub fn failed_by_aws(&self) -> usize {
        self.sent_again.saturating_sub(self.not_ready())
    }
}

pub(super) fn successes(run: &EndpointRun) -> impl Iterator<Item = &Invocation> {
    run.invocations
        .iter()
        .filter(|call| call.outcome.is_success())
}

/// Latencies of the measured calls that are not cold starts, in the order measured, before
/// CloudWatch has counted those.
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

/// Cold starts of the endpoint as `CloudWatch` counts them (`ModelSetupTime` has one sample for
/// each), warm-up included; `None` where it counted no calls or not all of them.
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

/// Latencies of warm calls in the order measured, and of cold starts: calls slower than five times
/// their own sample's median and more than a second slower than it, the slowest `most` of them.
/// What is slow without having been cold is the model's own tail.
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
