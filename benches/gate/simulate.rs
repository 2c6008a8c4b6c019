//! Runs of a model whose truth is known.

use jiff::{SignedDuration, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Normal, StudentT};
use rand_pcg::Pcg64Mcg;
use sagegate::result::{
    CleanupSummary, Clock, ContainerLog, EndpointMetrics, EndpointOutcome, EndpointRun, Invocation,
    InvocationOutcome, LatencySource, MetricStatistics, RunResult, SampleInfo, Service, Settings,
};
use sagegate::units::MemoryMb;

/// Slowdowns at which power is measured.
pub(crate) const SHIFTS: [f64; 6] = [0.05, 0.10, 0.15, 0.20, 0.50, 1.0];
/// Factors of the slowest calls at which power is measured.
pub(crate) const TAIL_FACTORS: [f64; 3] = [1.5, 2.0, 10.0];
/// One call of this many is one of them.
const TAIL: usize = 50;
/// A cold start takes at least this long.
const COLD_MS: f64 = 1500.0;

const CALLS: u32 = 1000;
/// Latency by size, relative to the largest.
const CURVE: [f64; 6] = [1.6, 1.12, 1.0, 0.99, 0.985, 0.98];
const OVERHEAD_MS: f64 = 2.0;

/// What a model is like; each simulated repository has its own.
pub(crate) struct Model {
    median_ms: f64,
    /// Standard deviation / mean of the log-normal body, 0.1 to 0.4.
    variation: f64,
    /// Latency of each payload class relative to the median: 2 to 4 classes.
    classes: Vec<f64>,
    /// 0.5 to 2 % of calls take 2 to 5 times as long, each its own.
    tail_probability: f64,
    /// 0 to 1 % of calls start cold.
    cold_probability: f64,
    /// Correlation of neighbouring calls, 0 to 0.6.
    correlation: f64,
}

impl Model {
    pub(crate) fn new(random: &mut Pcg64Mcg) -> Self {
        let classes = random.random_range(2..=4);
        Self {
            median_ms: random.random_range(20.0..200.0),
            variation: random.random_range(0.1..0.4),
            classes: (0..classes)
                .map(|_| random.random_range(0.6..1.6))
                .collect(),
            tail_probability: random.random_range(0.005..0.02),
            cold_probability: random.random_range(0.0..0.01),
            correlation: random.random_range(0.0..0.6),
        }
    }
}

/// A source of numbers for one pull request.
pub(crate) fn random(seed: u64) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(0x5a6e_6a7e ^ (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Day `day` of a repository's life, before which nothing was measured.
pub(crate) fn at(day: u32) -> Timestamp {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(24 * i64::from(day))
}

/// How much identical code varies from run to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Drift {
    /// Standard deviation, relative.
    pub(crate) deviation: f64,
    pub(crate) tails: Tails,
}

/// How often a run is far off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tails {
    /// As a normal distribution has it.
    Normal,
    /// As Student's t with 3 degrees of freedom has it: a bad hour of AWS now and then.
    Heavy,
}

impl Drift {
    /// One draw of mean 0 and variance 1.
    fn draw(self, random: &mut Pcg64Mcg) -> f64 {
        match self.tails {
            Tails::Normal => gauss(random),
            Tails::Heavy => StudentT::new(3.0).unwrap().sample(random) / 3.0_f64.sqrt(),
        }
    }
}

/// One run: every size drifts by the run's common part and its own, half of the variance each.
pub(crate) fn run(model: &Model, drift: Drift, day: u32, random: &mut Pcg64Mcg) -> RunResult {
    let half = drift.deviation / 2.0_f64.sqrt();
    let common = drift.draw(random) * half;
    let stability: Vec<EndpointRun> = MemoryMb::OFFERED
        .iter()
        .zip(CURVE)
        .map(|(&memory_mb, curve)| {
            let own = drift.draw(random) * half;
            let median_ms = model.median_ms * curve * (common + own).exp();
            endpoint(model, memory_mb, median_ms, random)
        })
        .collect();
    let invocations = u32::try_from(stability[0].invocations.len()).unwrap();
    RunResult {
        schema: 1,
        sagegate_version: "bench".to_owned(),
        run_id: format!("day-{day}"),
        name: "model".to_owned(),
        commit: None,
        started_at: at(day),
        finished_at: at(day),
        service: Service::Aws,
        region: "us-east-1".to_owned(),
        model_name: "model".to_owned(),
        samples: SampleInfo {
            source: "samples.jsonl".to_owned(),
            count: model.classes.len(),
            sha256: String::new(),
        },
        settings: Settings {
            memory_sizes: MemoryMb::OFFERED.to_vec(),
            invocations,
            warmup: 0,
            error_threshold: 3,
            cold_start_delay_s: 0.0,
            latency_source: LatencySource::Client,
            load: None,
        },
        stability,
        concurrency: Vec::new(),
        prices: None,
        reference: None,
        confirmation: None,
        local: None,
        clock: None,
        runner: None,
        cleanup: CleanupSummary::default(),
    }
}

/// How much a machine is slower or faster from round to round, which both models of a pair share.
const MACHINE: f64 = 0.10;

/// One round of a model beside itself: at each size two endpoints that differ by `noise` (standard
/// deviation).
pub(crate) fn in_turn(
    model: &Model,
    noise: f64,
    round: u32,
    random: &mut Pcg64Mcg,
) -> Vec<(EndpointRun, EndpointRun)> {
    let of_one = noise / 2.0_f64.sqrt();
    let sizes = MemoryMb::OFFERED.iter().zip(CURVE);
    sizes
        .map(|(&memory_mb, curve)| {
            let shared = gauss(random) * MACHINE;
            let mut one = || {
                let own = gauss(random) * of_one;
                let median_ms = model.median_ms * curve * (shared + own).exp();
                EndpointRun {
                    round,
                    ..endpoint(model, memory_mb, median_ms, random)
                }
            };
            (one(), one())
        })
        .collect()
}

/// The same calls, `1 + shift` times slower: what a regression does to this very run.
pub(crate) fn slower(run: &RunResult, shift: f64) -> RunResult {
    let mut slow = run.clone();
    let factor = 1.0 + shift;
    for endpoint in &mut slow.stability {
        for call in &mut endpoint.invocations {
            call.latency_ms = OVERHEAD_MS + (call.latency_ms - OVERHEAD_MS) * factor;
        }
        if let Some(latency) = endpoint
            .metrics
            .as_mut()
            .and_then(|it| it.model_latency_ms.as_mut())
        {
            latency.average *= factor;
        }
    }
    slow
}

/// The same calls, the slowest 2 % of the warm ones `factor` times as slow. CloudWatch's mean moves
/// along.
pub(crate) fn slower_tail(run: &RunResult, factor: f64) -> RunResult {
    let mut slow = run.clone();
    for endpoint in &mut slow.stability {
        let mut latencies: Vec<f64> = endpoint
            .invocations
            .iter()
            .map(|it| it.latency_ms)
            .collect();
        latencies.sort_by(f64::total_cmp);
        let median = latencies[latencies.len() / 2];
        latencies.retain(|it| *it < COLD_MS || *it < 5.0 * median);
        let least = latencies[latencies.len() - latencies.len() / TAIL];
        let most = *latencies.last().unwrap();
        let mut added = 0.0;
        for call in &mut endpoint.invocations {
            if (least..=most).contains(&call.latency_ms) {
                added += call.latency_ms * (factor - 1.0);
                call.latency_ms *= factor;
            }
        }
        let count = endpoint.invocations.len() as f64;
        if let Some(latency) = endpoint
            .metrics
            .as_mut()
            .and_then(|it| it.model_latency_ms.as_mut())
        {
            latency.average += added / count;
        }
    }
    slow
}

fn endpoint(
    model: &Model,
    memory_mb: MemoryMb,
    median_ms: f64,
    random: &mut Pcg64Mcg,
) -> EndpointRun {
    let classes = u32::try_from(model.classes.len()).unwrap();
    let calls = CALLS.div_ceil(classes) * classes;
    let sigma = (1.0 + model.variation.powi(2)).ln().sqrt();
    let (phi, mut state) = (model.correlation, gauss(random));
    let mut invocations = Vec::with_capacity(calls as usize);
    // The first call of an endpoint, before those that are measured, is always cold.
    let mut cold_starts = 1;
    let (mut sum_ms, mut overheads) = (0.0, Vec::with_capacity(calls as usize));
    for call in 0..calls {
        state = phi * state + (1.0 - phi * phi).sqrt() * gauss(random);
        let sample = call % classes;
        let tail = if random.random::<f64>() < model.tail_probability {
            random.random_range(2.0..5.0)
        } else {
            1.0
        };
        let model_ms = median_ms * model.classes[sample as usize] * (sigma * state).exp() * tail;
        let cold = random.random::<f64>() < model.cold_probability;
        cold_starts += u32::from(cold);
        let setup_ms = if cold {
            random.random_range(COLD_MS..4000.0)
        } else {
            0.0
        };
        let overhead_ms = OVERHEAD_MS * (0.1 * gauss(random)).exp();
        sum_ms += model_ms;
        overheads.push(overhead_ms + setup_ms);
        invocations.push(Invocation {
            sample,
            start_ms: 0.0,
            latency_ms: model_ms + overhead_ms + setup_ms,
            first_byte_ms: 0.0,
            request_bytes: 1000,
            response_bytes: 1000,
            outcome: InvocationOutcome::Success,
            due_ms: None,
            failure: None,
            clock: Clock::Kernel,
        });
    }
    EndpointRun {
        memory_mb,
        round: 1,
        max_concurrency: 1,
        endpoint_name: String::new(),
        outcome: EndpointOutcome::Measured,
        deployed_in_s: None,
        deployed_again_after: None,
        warmup: Vec::new(),
        invocations,
        metrics: Some(metrics(sum_ms / f64::from(calls), overheads, cold_starts)),
        container_log: ContainerLog::default(),
    }
}

/// The metrics that CloudWatch would publish.
fn metrics(mean_ms: f64, mut overheads: Vec<f64>, cold_starts: u32) -> EndpointMetrics {
    overheads.sort_by(f64::total_cmp);
    let median = overheads[overheads.len() / 2];
    let statistics = |average, p50| MetricStatistics {
        sample_count: 1000.0,
        average,
        minimum: 0.0,
        maximum: 0.0,
        p25: None,
        p50,
        p75: None,
        p90: None,
        p95: None,
        p99: None,
    };
    EndpointMetrics {
        complete: true,
        model_latency_ms: Some(statistics(mean_ms, None)),
        overhead_latency_ms: Some(statistics(0.0, Some(median))),
        model_setup_time_ms: Some(MetricStatistics {
            sample_count: f64::from(cold_starts),
            ..statistics(2500.0, None)
        }),
        memory_utilization_percent: None,
    }
}

fn gauss(random: &mut Pcg64Mcg) -> f64 {
    Normal::new(0.0, 1.0).unwrap().sample(random)
}
