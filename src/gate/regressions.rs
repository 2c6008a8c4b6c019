//! Whole runs against histories: what must hold, and defects that must not come back.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::analysis::tests::{endpoint, metrics, prices, run_of};
use crate::analysis::{Analysis, Strategy, analyse, mean};
use crate::result::{EndpointOutcome, RunResult};
use crate::units::{LatencyMs, MemoryMb, Usd};

/// Latencies with a tail, the same for the same seed; the seed stands for sampling noise.
fn latencies(seed: u64, calls: usize, median_ms: f64) -> Vec<f64> {
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

fn run(seed: u64, calls: usize, factor: f64) -> RunResult {
    let sizes = [
        (1024, 100.0),
        (2048, 55.0),
        (3072, 50.0),
        (4096, 50.0),
        (5120, 50.0),
        (6144, 50.0),
    ];
    let mut run = run_of(
        sizes
            .iter()
            .map(|(memory, ms)| {
                let data = latencies(seed + u64::from(*memory), calls, ms * factor);
                let mean = mean(&data).unwrap();
                let mut endpoint = endpoint(*memory, &data);
                endpoint.metrics = Some(metrics(mean - 5.0, 3.0, 2.0));
                endpoint
            })
            .collect(),
    );
    run.run_id = format!("run-{seed}");
    run
}

fn analysis(run: &RunResult) -> Analysis {
    analyse(run, &prices(), Strategy::Balanced)
}

fn day(day: i64) -> Timestamp {
    "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
}

fn history_of(runs: &[RunResult]) -> History {
    let mut history = History::default();
    for (at, run) in (0..).zip(runs) {
        let analysis = analysis(run);
        let mut entry = Entry::new(run, &analysis, analysis.best.unwrap());
        entry.at = day(at);
        history.append(entry, false);
    }
    history
}

fn history(k: u64) -> History {
    history_of(
        &(0..k)
            .map(|seed| run(seed * 7919, 1000, 1.0))
            .collect::<Vec<_>>(),
    )
}

fn judged(run: &RunResult, history: Option<&History>, limits: &Limits) -> Judgement {
    judge(run, &analysis(run), history, limits, day(20))
}

fn status(judgement: &Judgement) -> Vec<Status> {
    judgement.metrics.iter().map(|it| it.status).collect()
}

#[test]
fn a_run_identical_to_its_baseline_passes() {
    for k in [1, 3, 5] {
        let it = judged(&run(0, 1000, 1.0), Some(&history(k)), &Limits::default());
        assert_eq!(it.verdict, Verdict::Pass, "{k} runs: {:#?}", it.metrics);
    }
}

#[test]
fn identical_code_with_other_sampling_noise_passes() {
    for seed in 900..920 {
        let it = judged(&run(seed, 1000, 1.0), Some(&history(5)), &Limits::default());
        assert_eq!(it.verdict, Verdict::Pass, "seed {seed}: {:#?}", it.metrics);
    }
}

#[test]
fn a_run_1_7_times_slower_fails_on_p99_and_cost_against_a_single_run() {
    let it = judged(&run(5, 1000, 1.7), Some(&history(1)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail);
    assert_eq!(
        status(&it),
        [Status::Pass, Status::Fail, Status::Fail],
        "{:#?}",
        it.metrics
    );
    let band = it.metrics[1].band.unwrap().get();
    assert!((0.40..0.50).contains(&band), "{band}");
}

#[test]
fn thirty_percent_slower_against_a_young_baseline_is_inconclusive_never_green() {
    let it = judged(&run(5, 1000, 1.3), Some(&history(1)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Inconclusive);
    assert_eq!(
        it.metrics[1].status,
        Status::Undecided(Undecided::YoungBaseline { missing_runs: 2 })
    );
}

#[test]
fn twenty_percent_slower_fails_against_five_runs() {
    let it = judged(&run(5, 1000, 1.2), Some(&history(5)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail, "{:#?}", it.metrics);
}

#[test]
fn without_a_baseline_only_a_ceiling_fails() {
    let slow = run(1, 1000, 1.0);
    assert_eq!(
        judged(&slow, None, &Limits::default()).verdict,
        Verdict::NoBaseline
    );
    let strict = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(10.0))),
        ..Limits::default()
    };
    assert_eq!(judged(&slow, None, &strict).verdict, Verdict::Fail);
    let costly = Limits {
        max_cost: Some(CostCeiling(Usd(0.01))),
        ..Limits::default()
    };
    assert_eq!(judged(&slow, None, &costly).verdict, Verdict::Fail);
}

#[test]
fn unlike_settings_are_inconclusive_and_named() {
    let mut other = run(1, 1000, 1.0);
    other.region = "eu-west-1".to_owned();
    let it = judged(&other, Some(&history(3)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Inconclusive);
    assert_eq!(
        it.unlike.iter().map(|it| it.field).collect::<Vec<_>>(),
        ["region"]
    );
}

#[test]
fn nothing_measured_is_never_green() {
    let mut broken = run(1, 1000, 1.0);
    for endpoint in &mut broken.stability {
        endpoint.outcome = EndpointOutcome::DeployFailed {
            reason: "x".to_owned(),
        };
    }
    for history in [None, Some(&history(3))] {
        assert_eq!(
            judged(&broken, history, &Limits::default()).verdict,
            Verdict::CouldNotMeasure
        );
    }
}

#[test]
fn a_change_of_prices_is_not_a_regression() {
    let now = run(3, 1000, 1.0);
    let mut dear = prices();
    dear.prices.serverless_usd_per_gb_second *= 3.0;
    let analysis = analyse(&now, &dear, Strategy::Balanced);
    let it = judge(
        &now,
        &analysis,
        Some(&history(5)),
        &Limits::default(),
        day(20),
    );
    assert_eq!(it.verdict, Verdict::Pass, "{:#?}", it.metrics);
}

#[test]
fn the_baselines_size_failing_now_is_a_memory_increase() {
    let mut now = run(3, 1000, 1.0);
    now.stability[1].outcome = EndpointOutcome::StoppedEarly {
        reason: "out of memory".to_owned(),
    };
    now.stability[0].outcome = EndpointOutcome::StoppedEarly {
        reason: "out of memory".to_owned(),
    };
    let it = judged(&now, Some(&history(5)), &Limits::default());
    assert_eq!(
        (it.verdict, it.recommended),
        (Verdict::Fail, Some(MemoryMb::OFFERED[2]))
    );
    assert!(
        it.notices
            .iter()
            .any(|notice| matches!(notice, Notice::SizeNoLongerWorks { .. }))
    );
}

#[test]
fn a_metric_that_is_off_does_not_make_the_verdict_inconclusive() {
    let few = |seed| run(seed, 60, 1.0);
    let base: Vec<RunResult> = (0..5).map(|seed| few(seed * 31)).collect();
    let limits = Limits {
        max_p99_increase: LatencyLimit::Off,
        ..Limits::default()
    };
    let it = judged(&few(77), Some(&history_of(&base)), &limits);
    assert_eq!(it.verdict, Verdict::Pass, "{:?}", status(&it));
}

#[test]
fn a_real_improvement_starts_an_epoch_also_when_the_limits_are_off() {
    let fast = run(5, 1000, 0.5);
    let on = judged(&fast, Some(&history(5)), &Limits::default());
    assert!(on.starts_epoch(), "with limits on");
    let off = Limits {
        max_p99_increase: LatencyLimit::Off,
        max_cost_increase: CostLimit::Off,
        ..Limits::default()
    };
    assert!(
        judged(&fast, Some(&history(5)), &off).starts_epoch(),
        "with limits off"
    );
}

#[test]
fn an_improvement_that_is_still_above_the_ceiling_starts_an_epoch() {
    let fast = run(5, 1000, 0.5);
    let ceilings = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(1.0))),
        max_cost: Some(CostCeiling(Usd(0.001))),
        ..Limits::default()
    };
    assert!(judged(&fast, Some(&history(5)), &ceilings).starts_epoch());
}

#[test]
fn only_runs_that_measured_the_size_count_as_its_baseline() {
    // Four runs lack 2048 MB, the newest has it: that is a baseline of one run for this size.
    let mut runs: Vec<RunResult> = (0..5).map(|seed| run(seed * 7919, 1000, 1.0)).collect();
    for run in &mut runs[..4] {
        run.stability[1].outcome = EndpointOutcome::DeployFailed {
            reason: "capacity".to_owned(),
        };
    }
    let it = judged(
        &run(5, 1000, 1.0),
        Some(&history_of(&runs)),
        &Limits::default(),
    );
    let latency = &it.metrics[1];
    assert_eq!(latency.memory_mb, Some(MemoryMb::OFFERED[1]));
    let slower = judged(
        &run(5, 1000, 1.11),
        Some(&history_of(&runs)),
        &Limits::default(),
    );
    assert_eq!(
        slower.metrics[1].status,
        Status::Undecided(Undecided::YoungBaseline { missing_runs: 2 }),
        "{:?} band {:?}",
        slower.metrics[1].increase,
        slower.metrics[1].band
    );
}

#[test]
fn a_lower_quantile_against_a_ceiling_is_said_without_a_baseline_too() {
    let few = run(1, 300, 1.0);
    let limits = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(250.0))),
        ..Limits::default()
    };
    let it = judged(&few, None, &limits);
    assert!(
        it.notices
            .iter()
            .any(|it| matches!(it, Notice::JudgedByLowerQuantile { .. })),
        "{:?}",
        it.notices
    );
}

#[test]
fn cost_judged_on_client_latency_is_said() {
    let mut runs: Vec<RunResult> = (0..5).map(|seed| run(seed * 7919, 1000, 1.0)).collect();
    for endpoint in &mut runs[0].stability {
        endpoint.metrics = None;
    }
    let now = run(5, 1000, 1.0);
    let analysis = analysis(&now);
    let it = judge(
        &now,
        &analysis,
        Some(&history_of(&runs)),
        &Limits::default(),
        day(20),
    );
    let headline = Value::Cost(
        analysis
            .size(it.recommended.unwrap())
            .unwrap()
            .cost
            .per_million(),
    );
    assert!(
        it.metrics[2].now == Some(headline) || it.notices.contains(&Notice::CostIsEstimated),
        "row shows {:?}, the headline cost is {headline:?}, notices {:?}",
        it.metrics[2].now,
        it.notices
    );
}

#[test]
fn a_ceiling_judges_the_headline_cost_not_the_estimate() {
    let mut runs: Vec<RunResult> = (0..5).map(|seed| run(seed * 7919, 1000, 1.0)).collect();
    for endpoint in &mut runs[0].stability {
        endpoint.metrics = None;
    }
    let now = run(5, 1000, 1.0);
    let analysis = analysis(&now);
    let cost = analysis
        .size(analysis.best.unwrap())
        .unwrap()
        .cost
        .per_million();
    let limits = Limits {
        max_cost: Some(CostCeiling(Usd(cost.get() * 1.001))),
        ..Limits::default()
    };
    let it = judge(&now, &analysis, Some(&history_of(&runs)), &limits, day(20));
    assert_eq!(
        it.verdict,
        Verdict::Pass,
        "headline cost is under the ceiling: {:#?}",
        it.metrics[2]
    );
}

#[test]
fn against_estimates_only_the_ceiling_still_judges_the_headline_cost() {
    let mut runs: Vec<RunResult> = (0..5).map(|seed| run(seed * 7919, 1000, 1.0)).collect();
    for endpoint in runs.iter_mut().flat_map(|run| &mut run.stability) {
        endpoint.metrics = None;
    }
    let now = run(5, 1000, 1.0);
    let analysis = analysis(&now);
    let cost = analysis
        .size(analysis.best.unwrap())
        .unwrap()
        .cost
        .per_million();
    for (factor, status) in [(1.001, Status::Pass), (0.999, Status::Fail)] {
        let max_cost = Some(CostCeiling(Usd(cost.get() * factor)));
        let limits = Limits {
            max_cost,
            ..Limits::default()
        };
        let it = judge(&now, &analysis, Some(&history_of(&runs)), &limits, day(20));
        assert_eq!(
            it.metrics[2].status, status,
            "ceiling at {factor} of the cost"
        );
    }
}

fn entry(at: i64, id: &str) -> Entry {
    let run = run_of(vec![endpoint(1024, &[10.0; 100])]);
    let mut entry = Entry::new(&run, &analysis(&run), MemoryMb::OFFERED[0]);
    entry.run_id = id.to_owned();
    entry.at = day(at);
    entry
}

fn three_days() -> History {
    let mut history = History::default();
    for (at, id) in [(0, "a"), (1, "b"), (2, "c")] {
        history.append(entry(at, id), false);
    }
    history
}

#[test]
fn recording_the_run_that_started_an_epoch_again_keeps_its_epoch() {
    let mut history = three_days();
    history.append(entry(5, "x"), true);
    history.append(entry(5, "x"), false);
    assert_eq!(history.newest().unwrap().epoch, 2);
}

#[test]
fn a_run_recorded_late_joins_the_epoch_in_which_it_was_measured() {
    let mut history = three_days();
    history.append(entry(5, "x"), true);
    history.append(entry(4, "late"), false);
    let late = history
        .entries()
        .iter()
        .find(|entry| entry.run_id == "late")
        .unwrap();
    assert_eq!(late.epoch, 1);
}

#[test]
fn another_regions_epoch_leaves_this_regions_baseline_alone() {
    let mut history = three_days();
    for (at, id, starts_epoch) in [(4, "other", false), (5, "other-2", true)] {
        let mut other = entry(at, id);
        other.key.region = "eu-west-1".to_owned();
        history.append(other, starts_epoch);
    }
    history.append(entry(6, "mine"), false);
    assert_eq!(history.comparable(&entry(0, "key").key).len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_pass_has_measurements_and_no_failing_or_undecided_row(
        seed in 0_u64..1000, factor in 0.5..2.5_f64, calls in prop::sample::select(vec![1_usize, 60, 100, 300, 1000]),
        k in 0_u64..5, drop in 0_usize..7, ceiling in prop::option::of(10.0..200.0_f64)
    ) {
        let mut now = run(seed, calls, factor);
        for endpoint in now.stability.iter_mut().take(drop) {
            endpoint.outcome = EndpointOutcome::Cancelled;
        }
        let base: Vec<RunResult> = (0..k).map(|s| run(s * 7919, calls, 1.0)).collect();
        let history = (k > 0).then(|| history_of(&base));
        let limits = Limits { max_p99: ceiling.map(|ms| LatencyCeiling(LatencyMs(ms))), ..Limits::default() };
        let it = judged(&now, history.as_ref(), &limits);
        let failing = it.all_metrics().any(|m| m.status == Status::Fail);
        prop_assert_eq!(it.verdict == Verdict::Fail, failing && it.recommended.is_some());
        if it.verdict == Verdict::Pass {
            prop_assert!(it.recommended.is_some() && it.baseline.is_some());
            let decided = it.all_metrics().all(|m| matches!(m.status, Status::Pass | Status::Improved | Status::WithinNoise | Status::Off));
            prop_assert!(decided);
        }
        if it.recommended.is_none() { prop_assert_eq!(it.verdict, Verdict::CouldNotMeasure); }
        for m in it.all_metrics() {
            for ratio in [m.increase, m.band].into_iter().flatten() { prop_assert!(ratio.get().is_finite()); }
        }
        prop_assert_eq!(it.metrics.len(), 3);
        let code = it.verdict.exit_code(Policy::default());
        prop_assert_eq!(code == 1, failing && it.recommended.is_some());
    }
}
