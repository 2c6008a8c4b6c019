//! Which measure of the tail is judged, and by what.

use super::*;
use crate::gate::LatencyCeiling;
use crate::units::LatencyMs;

/// `model` with 14 of 1 000 calls four times as slow: p99 lies in the tail, and p98 does not.
fn with_a_cliff(scale: f64) -> RunResult {
    cliff(model(scale), 14, 4.0)
}

/// So many of 1 000 calls of each size take `factor` times as long.
fn cliff(mut run: RunResult, calls: usize, factor: f64) -> RunResult {
    for endpoint in &mut run.stability {
        for call in endpoint.invocations.iter_mut().step_by(70).take(calls) {
            call.latency_ms *= factor;
        }
        // CloudWatch counts the same calls.
        let mut sorted: Vec<f64> = endpoint
            .invocations
            .iter()
            .map(|it| it.latency_ms)
            .collect();
        sorted.sort_by(f64::total_cmp);
        let metrics = endpoint.metrics.as_mut().unwrap();
        metrics.model_latency_ms.as_mut().unwrap().p99 = Some(sorted[sorted.len() * 99 / 100 - 1]);
    }
    run
}

fn against_cliffs(run: &RunResult, limits: &Limits) -> Judgement {
    judged(run, Some(&history(5, with_a_cliff)), limits)
}

#[test]
fn where_p99_jumps_between_body_and_tail_the_slowest_twentieth_is_judged() {
    let same = against_cliffs(&with_a_cliff(1.0), &Limits::default());
    assert_eq!(same.verdict, Verdict::Pass);
    assert_eq!(same.metrics.latency.metric, Metric::Latency(Tail::Slowest));
    assert_eq!(
        same.overall.latency.unwrap().metric,
        Metric::LatencyAllSizes(Tail::Slowest)
    );
    assert!(same.notices.contains(&Notice::TailTooNoisy {
        unjudged: Tail::P99,
        judged: Tail::Slowest,
    }));
    let slow = against_cliffs(&with_a_cliff(1.4), &Limits::default());
    assert!(slow.metrics.latency.fails());
}

#[test]
fn a_tail_that_is_twice_as_slow_fails_though_p95_is_the_same() {
    let slow_tail = cliff(with_a_cliff(1.0), 14, 2.0);
    let it = against_cliffs(&slow_tail, &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail, "{:?}", it.metrics);
    assert_eq!(it.metrics.latency.metric, Metric::Latency(Tail::Slowest));
    assert!(it.metrics.latency.fails());
}

#[test]
fn a_p99_that_happens_to_be_in_the_body_starts_no_epoch() {
    // Nine slow calls instead of fourteen: p99 falls by three quarters, and the tenth slowest says
    // nothing.
    let few_slow = cliff(with_a_cliff(1.0), 5, 0.25);
    let it = against_cliffs(&few_slow, &Limits::default());
    assert_eq!(it.epoch(), Epoch::Same, "{:?}", it.metrics);
    assert_eq!(it.verdict, Verdict::Pass);
}

#[test]
fn a_ceiling_is_one_of_p99_whichever_measure_is_compared() {
    // p99 is 4 x 110 ms, the mean of the slowest 5 % far below.
    let under = |ceiling: &str| {
        let limits = Limits {
            max_p99: Some(ceiling.parse().unwrap()),
            ..Limits::default()
        };
        against_cliffs(&with_a_cliff(1.0), &limits)
    };
    let within = under("600ms");
    assert_eq!(within.verdict, Verdict::Pass);
    assert_eq!(
        within.metrics.latency.metric,
        Metric::Latency(Tail::Slowest)
    );
    let beyond = under("400ms");
    assert_eq!(beyond.verdict, Verdict::Fail);
    assert_eq!(beyond.metrics.latency.metric, Metric::Latency(Tail::P99));
    assert_eq!(beyond.metrics.latency.limit().unwrap().rule, Rule::Ceiling);
}

#[test]
fn few_calls_are_judged_by_a_lower_quantile_and_very_few_not_at_all() {
    let few = |calls| {
        let of = small_model(calls);
        judged(&of(1.0), Some(&history(5, &of)), &Limits::default())
    };
    let it = few(300);
    assert_eq!(it.metrics.latency.metric, Metric::Latency(Tail::P95));
    assert!(it.notices.contains(&Notice::JudgedByLowerQuantile {
        quantile: Tail::P95,
        calls: 300
    }));
    let it = few(50);
    assert_eq!(
        it.metrics.latency.status,
        Status::NotCompared(NotCompared::TooFewCalls)
    );
    assert_eq!(it.verdict, Verdict::Inconclusive);
}

#[test]
fn a_lower_quantile_against_a_ceiling_is_said_without_a_baseline_too() {
    let limits = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(250.0))),
        ..Limits::default()
    };
    let it = judged(&small_model(300)(1.0), None, &limits);
    assert_eq!(
        it.notices,
        [Notice::JudgedByLowerQuantile {
            quantile: Tail::P95,
            calls: 300
        }]
    );
}

#[test]
fn only_runs_that_measured_the_size_count_as_its_baseline() {
    // Four runs lack 2048 MB, the newest has it: that is a baseline of one run for this size.
    let size = MemoryMb::OFFERED[1];
    let mut runs = sampled_runs(5, 1000);
    for run in &mut runs[..4] {
        *run = without_size(run.clone(), size);
    }
    let it = judged(
        &sampled(5, 1000, 1.11),
        Some(&history_of(&runs)),
        &Limits::default(),
    );
    assert_eq!(it.metrics.latency.memory_mb, Some(size));
    assert_eq!(
        it.metrics.latency.status,
        Status::Undecided(Undecided::YoungBaseline { missing_runs: 2 }),
        "{:?}",
        it.metrics.latency.comparison
    );
}
