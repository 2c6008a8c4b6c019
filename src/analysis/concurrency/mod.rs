//! Load → rows: how an endpoint of the recommended size behaves under each load, and which
//! `MaxConcurrency` is enough.

use std::collections::BTreeMap;

use super::{ErrorCounts, LatencySummary, count, interpolated, mean, sorted};
use crate::result::{Invocation, Load, LoadRound, LoadRun, OutcomeKind, RunResult};
use crate::units::{MemoryMb, Ratio};

/// One endpoint under one load.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadSummary {
    /// Memory of the endpoint.
    pub memory_mb: MemoryMb,
    /// Its `MaxConcurrency`.
    pub max_concurrency: u32,
    /// The load.
    pub load: Load,
    /// Measured calls, failed ones included.
    pub calls: usize,
    /// Failed calls by kind.
    pub errors: ErrorCounts,
    /// Latencies of successful calls; in an open loop from the time each was due.
    pub latency: LatencySummary,
    /// Those latencies, ascending, milliseconds.
    pub sorted_ms: Vec<f64>,
    /// Successful calls per second between the first call and the last answer.
    pub throughput_per_s: f64,
    /// Answers within each second.
    pub per_second: PerSecond,
}

/// Successful answers within each whole second that had any: the toolkit's "transactions per
/// second", not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PerSecond {
    /// Mean.
    pub average: f64,
    /// Quartile, interpolated.
    pub p25: f64,
    /// Median, interpolated.
    pub p50: f64,
    /// Quartile, interpolated.
    pub p75: f64,
    /// Largest.
    pub max: f64,
}

/// An endpoint without a complete concurrency benchmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadLeftOut {
    /// Its `MaxConcurrency`.
    pub max_concurrency: u32,
    /// Why.
    pub reason: String,
    /// Whether a quota of the account is the reason.
    pub skipped: bool,
}

/// Which `MaxConcurrency` is enough for a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Serving {
    /// The load that was asked about.
    pub load: Load,
    /// The smallest that serves it; `None` when none of `tried` does.
    pub smallest: Option<u32>,
    /// Every `MaxConcurrency` that was put under the load, ascending.
    pub tried: Vec<u32>,
    /// Largest share of failed calls that counts as served.
    pub limit: Ratio,
}

impl LoadSummary {
    fn of(run: &LoadRun, round: &LoadRound) -> Self {
        let calls = &round.invocations;
        let successes = calls.iter().filter(|call| call.outcome.is_success());
        let latencies: Vec<f64> = successes
            .clone()
            .map(Invocation::latency_from_due)
            .collect();
        let sorted_ms = sorted(&latencies);
        Self {
            memory_mb: run.memory_mb,
            max_concurrency: run.max_concurrency,
            load: round.load.clone(),
            calls: calls.len(),
            errors: ErrorCounts::of(calls),
            latency: LatencySummary::with_sorted(&latencies, &sorted_ms),
            sorted_ms,
            throughput_per_s: throughput(calls, latencies.len()),
            per_second: PerSecond::of(successes.map(end_ms)),
        }
    }

    /// Share of calls that were throttled.
    pub fn throttle_rate(&self) -> Ratio {
        share(self.errors.count(OutcomeKind::Throttled), self.calls)
    }

    /// Share of calls that failed, throttled ones included.
    pub fn failure_rate(&self) -> Ratio {
        share(self.errors.total(), self.calls)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 calls")]
fn share(part: usize, whole: usize) -> Ratio {
    Ratio(if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    })
}

/// When a call was answered, milliseconds since the start of the run.
fn end_ms(call: &Invocation) -> f64 {
    call.begin_ms() + call.latency_from_due()
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 calls")]
fn throughput(calls: &[Invocation], successes: usize) -> f64 {
    let first = calls.iter().map(|call| call.start_ms).reduce(f64::min);
    let last = calls.iter().map(end_ms).reduce(f64::max);
    match first.zip(last) {
        Some((first, last)) if last > first => successes as f64 / (last - first) * 1000.0,
        Some(_) | None => 0.0,
    }
}

impl PerSecond {
    fn of(ends_ms: impl Iterator<Item = f64>) -> Self {
        let mut by_second: BTreeMap<u64, f64> = BTreeMap::new();
        for end_ms in ends_ms {
            *by_second.entry(second(end_ms)).or_default() += 1.0;
        }
        let counts = sorted(&by_second.into_values().collect::<Vec<_>>());
        let quantile = |p| interpolated(&counts, p).unwrap_or_default();
        Self {
            average: mean(&counts).unwrap_or_default(),
            p25: quantile(0.25),
            p50: quantile(0.5),
            p75: quantile(0.75),
            max: quantile(1.0),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturating cast of a time that is not negative"
)]
fn second(milliseconds: f64) -> u64 {
    (milliseconds / 1000.0).max(0.0) as u64
}

/// Every load of every endpoint, ascending in `MaxConcurrency`, in the order measured.
pub(super) fn loads(run: &RunResult) -> Vec<LoadSummary> {
    let of = |endpoint| move |round| LoadSummary::of(endpoint, round);
    run.concurrency
        .iter()
        .flat_map(|endpoint| endpoint.rounds.iter().map(of(endpoint)))
        .collect()
}

/// Endpoints that were not put under all their loads.
pub(super) fn left_out(run: &RunResult) -> Vec<LoadLeftOut> {
    let of = |endpoint: &LoadRun| {
        endpoint.outcome.reason().map(|reason| LoadLeftOut {
            max_concurrency: endpoint.max_concurrency,
            reason: reason.to_owned(),
            skipped: endpoint.outcome.is_skipped(),
        })
    };
    run.concurrency.iter().filter_map(of).collect()
}

/// The smallest `MaxConcurrency` for the expected clients, and for the open loop, where they were
/// asked for.
pub(super) fn serving(run: &RunResult, loads: &[LoadSummary]) -> Vec<Serving> {
    let Some(settings) = &run.settings.load else {
        return Vec::new();
    };
    let clients = settings.expected_clients;
    let asked = clients
        .map(|clients| Load::ClosedLoop { clients })
        .into_iter()
        .chain(settings.open_loop.clone());
    let answer = |load: Load| {
        let under = |load: Load| loads.iter().filter(move |it| it.load == load);
        let limit = settings.max_throttle_rate;
        let serves = |it: &&LoadSummary| it.calls > 0 && it.failure_rate() <= limit;
        let smallest = under(load.clone()).filter(serves);
        Serving {
            smallest: smallest.map(|it| it.max_concurrency).min(),
            tried: under(load.clone()).map(|it| it.max_concurrency).collect(),
            limit,
            load,
        }
    };
    asked
        .map(answer)
        .filter(|it| !it.tried.is_empty())
        .collect()
}

/// Calls of the whole concurrency benchmark, warm-up included: what it cost rests on them.
pub fn load_calls(run: &RunResult) -> f64 {
    let rounds = run.concurrency.iter().flat_map(|endpoint| &endpoint.rounds);
    rounds
        .map(|round| count(&round.warmup) + count(&round.invocations))
        .sum()
}

#[cfg(test)]
pub(crate) mod tests;
