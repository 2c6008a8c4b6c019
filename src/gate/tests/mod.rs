//! Whole judgements: runs against histories.

mod busy;
mod causes;
mod confirm;
mod cost;
mod early;
mod epochs;
mod latency;
mod memory;
mod notices;
mod properties;
pub(crate) mod side_by_side;
mod standstill;
mod verdicts;

use jiff::SignedDuration;

use super::*;
use crate::analysis::tests::{endpoint, metrics, prices, run_of};
use crate::analysis::{Analysis, Strategy, analyse, mean};
use crate::result::{
    CallFailure, Cause, EndpointOutcome, EndpointRun, InvocationOutcome, RunResult,
};
use crate::units::MemoryMb;

/// Latencies around `scale` ms: a fixed pattern with 20 % spread and no heavy tail.
pub(crate) fn latencies(scale: f64, calls: u32) -> Vec<f64> {
    (0..calls)
        .map(|call| scale * (0.9 + f64::from((call * 7919) % 200) / 1000.0))
        .collect()
}

/// An endpoint whose client and CloudWatch latencies scale together.
pub(crate) fn measured(memory: u32, scale: f64, calls: u32) -> EndpointRun {
    let mut run = endpoint(memory, &latencies(scale, calls));
    run.metrics = Some(metrics(scale, 2.0, 2.0));
    run
}

/// 1024 MB at 200 ms, 2048 MB at 110 ms, 3072 MB at 100 ms, all times `scale`: 2048 MB is
/// recommended.
pub(crate) fn model(scale: f64) -> RunResult {
    let sizes = [(1024, 200.0), (2048, 110.0), (3072, 100.0)];
    run_of(
        sizes
            .map(|(memory, ms)| measured(memory, ms * scale, 1000))
            .into(),
    )
}

/// 2048 MB alone, with so many calls.
fn small_model(calls: u32) -> impl Fn(f64) -> RunResult {
    move |scale| run_of(vec![measured(2048, 110.0 * scale, calls)])
}

/// A model of six sizes, `factor` times as slow as usual; the seed stands for sampling noise.
fn sampled(seed: u64, calls: u32, factor: f64) -> RunResult {
    let sizes = [100.0, 55.0, 50.0, 50.0, 50.0, 50.0];
    let endpoints = MemoryMb::OFFERED.iter().zip(sizes).map(|(memory, ms)| {
        let memory = memory.get();
        let latencies = skewed(seed + u64::from(memory), calls, ms * factor);
        let mut endpoint = endpoint(memory, &latencies);
        endpoint.metrics = Some(metrics(mean(&latencies).unwrap() - 5.0, 3.0, 2.0));
        endpoint
    });
    run_of(endpoints.collect())
}

/// Latencies with a tail, the same for the same seed.
fn skewed(seed: u64, calls: u32, median_ms: f64) -> Vec<f64> {
    let mut x = seed;
    (0..calls)
        .map(|_| {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let u = f64::from(u32::try_from(x >> 33).unwrap()) / f64::from(1_u32 << 31);
            median_ms * (0.9 + 0.2 * u + 0.15 * u.powi(20))
        })
        .collect()
}

/// `runs` runs of main with the same model, each with its own sampling noise.
fn sampled_runs(runs: u64, calls: u32) -> Vec<RunResult> {
    (0..runs)
        .map(|run| sampled(run * 7919, calls, 1.0))
        .collect()
}

/// A history of `runs` daily runs of main, identical up to half a percent, ending a day before the
/// run.
pub(crate) fn history(runs: u32, of: impl Fn(f64) -> RunResult) -> History {
    let runs = (0..runs).map(|index| of(1.0 + 0.005 * f64::from(index % 3) - 0.005));
    history_of(&runs.collect::<Vec<_>>())
}

/// A history of daily runs of main, oldest first, ending a day before the run.
fn history_of(runs: &[RunResult]) -> History {
    let mut history = History::default();
    let last = i64::try_from(runs.len()).unwrap();
    for (index, run) in (0..last).zip(runs) {
        let mut run = run.clone();
        run.run_id = format!("main-{index}");
        run.commit = Some(format!("c0ffee{index}"));
        run.finished_at -= SignedDuration::from_hours(24 * (last - index));
        let analysis = analysed(&run);
        let entry = Entry::new(&run, &analysis, analysis.best.unwrap());
        history.append(entry, Epoch::Same);
    }
    history
}

fn analysed(run: &RunResult) -> Analysis {
    analyse(run, &prices(), Strategy::Balanced)
}

/// Judges a run at the time it finished.
pub(crate) fn judged(run: &RunResult, history: Option<&History>, limits: &Limits) -> Judgement {
    judge(run, &analysed(run), history, limits, run.finished_at)
}

/// Judges a run against five runs of `model`, by the usual limits.
fn against_five(run: &RunResult) -> Judgement {
    judged(run, Some(&history(5, model)), &Limits::default())
}

/// The run stopped after `calls` at 2048 MB, the size that main uses.
pub(crate) fn stopped(mut run: RunResult, calls: usize) -> RunResult {
    for endpoint in &mut run.stability {
        let is_judged = endpoint.memory_mb.get() == 2048;
        endpoint
            .invocations
            .truncate(if is_judged { calls } else { 10 });
        endpoint.metrics = None;
        endpoint.outcome = EndpointOutcome::FailedFast {
            reason: "stopped: the run was certain to fail".to_owned(),
            planned: 1000,
        };
    }
    run
}

/// The run without this size, which ran out of memory.
fn without_size(mut run: RunResult, memory_mb: MemoryMb) -> RunResult {
    for endpoint in &mut run.stability {
        if endpoint.memory_mb == memory_mb {
            endpoint.outcome = EndpointOutcome::StoppedEarly {
                reason: "out of memory".to_owned(),
                cause: Cause::Model,
            };
        }
    }
    run
}

/// The run without CloudWatch's numbers.
fn without_cloudwatch(mut run: RunResult) -> RunResult {
    for endpoint in &mut run.stability {
        endpoint.metrics = None;
    }
    run
}

fn statuses(judgement: &Judgement) -> [Status; 3] {
    let Gated {
        memory,
        latency,
        cost,
    } = judgement.metrics.map(|it| it.status);
    [memory, latency, cost]
}
