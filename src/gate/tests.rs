//! Whole judgements: runs against histories.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::analysis::tests::{endpoint, metrics, prices, run_of};
use crate::analysis::{Strategy as SizeStrategy, analyse};
use crate::result::{EndpointOutcome, EndpointRun, Leftover, ResourceKind};
use crate::units::{LatencyMs, Usd};

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

/// 1024 MB at 200 ms, 2048 MB at 110 ms, 3072 MB at 100 ms, all times `scale`: 2048 MB is recommended.
pub(crate) fn model(scale: f64) -> RunResult {
    let sizes = [(1024, 200.0), (2048, 110.0), (3072, 100.0)];
    run_of(
        sizes
            .map(|(memory, ms)| measured(memory, ms * scale, 1000))
            .into(),
    )
}

/// A history of `runs` daily runs of main, identical up to half a percent, ending a day before the run.
pub(crate) fn history(runs: u32, of: impl Fn(f64) -> RunResult) -> History {
    let mut history = History::default();
    for index in 0..runs {
        let mut run = of(1.0 + 0.005 * f64::from(index % 3) - 0.005);
        let days = i64::from(runs - index);
        run.run_id = format!("main-{index}");
        run.commit = Some(format!("c0ffee{index}"));
        run.finished_at -= SignedDuration::from_hours(24 * days);
        let analysis = analyse(&run, &prices(), SizeStrategy::Balanced);
        let entry = Entry::new(&run, &analysis, analysis.best.unwrap());
        history.append(entry, false);
    }
    history
}

/// Judges a run at the time it finished.
pub(crate) fn judged(run: &RunResult, history: Option<&History>, limits: &Limits) -> Judgement {
    let analysis = analyse(run, &prices(), SizeStrategy::Balanced);
    judge(run, &analysis, history, limits, run.finished_at)
}

fn statuses(judgement: &Judgement) -> Vec<Status> {
    judgement.metrics.iter().map(|it| it.status).collect()
}

#[test]
fn the_same_model_passes_against_one_run_and_against_five() {
    for runs in [1, 5] {
        let it = judged(&model(1.0), Some(&history(runs, model)), &Limits::default());
        assert_eq!(
            it.verdict,
            Verdict::Pass,
            "{runs} runs: {:?}",
            statuses(&it)
        );
        assert_eq!(it.recommended.unwrap().get(), 2048);
        assert_eq!(
            it.baseline.as_ref().unwrap().runs,
            usize::try_from(runs).unwrap()
        );
        assert!(!it.starts_epoch());
    }
}

#[test]
fn a_much_slower_model_fails_on_latency_and_cost_even_against_one_run() {
    let it = judged(&model(1.7), Some(&history(1, model)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail);
    assert_eq!(statuses(&it), [Status::Pass, Status::Fail, Status::Fail]);
    assert!(it.starts_epoch());
    assert!(
        it.overall
            .iter()
            .all(|metric| metric.status == Status::Fail)
    );
}

#[test]
fn a_moderate_regression_is_undecided_against_one_run_and_fails_against_five() {
    let young = judged(&model(1.25), Some(&history(1, model)), &Limits::default());
    assert_eq!(young.verdict, Verdict::Inconclusive);
    assert_eq!(
        statuses(&young)[1],
        Status::Undecided(Undecided::YoungBaseline { missing_runs: 2 })
    );
    let mature = judged(&model(1.25), Some(&history(5, model)), &Limits::default());
    assert_eq!(mature.verdict, Verdict::Fail);
}

/// `model` with 14 of 1 000 calls four times as slow: p99 lies in the tail, and p98 does not.
fn with_a_cliff(scale: f64) -> RunResult {
    let mut run = model(scale);
    for call in run
        .stability
        .iter_mut()
        .flat_map(|endpoint| endpoint.invocations.iter_mut().step_by(70).take(14))
    {
        call.latency_ms *= 4.0;
    }
    run
}

#[test]
fn where_p99_jumps_between_body_and_tail_the_slowest_twentieth_is_judged() {
    let history = history(5, with_a_cliff);
    let same = judged(&with_a_cliff(1.0), Some(&history), &Limits::default());
    assert_eq!(same.verdict, Verdict::Pass);
    assert_eq!(same.metrics[1].metric, Metric::Latency(Tail::Slowest));
    assert_eq!(
        same.overall[0].metric,
        Metric::LatencyAllSizes(Tail::Slowest)
    );
    assert!(same.notices.contains(&Notice::TailTooNoisy {
        unjudged: Tail::P99,
        judged: Tail::Slowest,
    }));
    let slow = judged(&with_a_cliff(1.4), Some(&history), &Limits::default());
    assert_eq!(slow.metrics[1].status, Status::Fail);
}

#[test]
fn a_tail_that_is_twice_as_slow_fails_though_p95_is_the_same() {
    let mut slow_tail = with_a_cliff(1.0);
    for endpoint in &mut slow_tail.stability {
        for call in endpoint.invocations.iter_mut().step_by(70).take(14) {
            call.latency_ms *= 2.0;
        }
    }
    let it = judged(
        &slow_tail,
        Some(&history(5, with_a_cliff)),
        &Limits::default(),
    );
    assert_eq!(it.verdict, Verdict::Fail, "{:?}", it.metrics);
    assert_eq!(it.metrics[1].metric, Metric::Latency(Tail::Slowest));
    assert_eq!(it.metrics[1].status, Status::Fail);
}

#[test]
fn a_ceiling_is_one_of_p99_whatever_is_compared() {
    // p99 is 4 x 110 ms, the mean of the slowest 5 % far below.
    let judged_under = |ceiling: &str| {
        let limits = Limits {
            max_p99: Some(ceiling.parse().unwrap()),
            ..Limits::default()
        };
        judged(&with_a_cliff(1.0), Some(&history(5, with_a_cliff)), &limits)
    };
    let within = judged_under("600ms");
    assert_eq!(within.verdict, Verdict::Pass);
    assert_eq!(within.metrics[1].metric, Metric::Latency(Tail::Slowest));
    let beyond = judged_under("400ms");
    assert_eq!(beyond.verdict, Verdict::Fail);
    assert_eq!(beyond.metrics[1].metric, Metric::Latency(Tail::P99));
    assert_eq!(beyond.metrics[1].limit.unwrap().rule, Rule::Ceiling);
}

#[test]
fn a_p99_that_happens_to_be_in_the_body_starts_no_epoch() {
    // Nine slow calls instead of fourteen: p99 falls by three quarters, and the tenth slowest tells nothing.
    let mut few_slow = with_a_cliff(1.0);
    for endpoint in &mut few_slow.stability {
        for call in endpoint.invocations.iter_mut().step_by(70).take(5) {
            call.latency_ms /= 4.0;
        }
    }
    let judgement = judged(
        &few_slow,
        Some(&history(5, with_a_cliff)),
        &Limits::default(),
    );
    assert!(!judgement.starts_epoch(), "{:?}", judgement.metrics);
    assert_eq!(judgement.verdict, Verdict::Pass);
}

#[test]
fn small_steps_are_added_up_and_shown() {
    let mut history = history(5, model);
    let oldest = history.entries()[0].clone();
    assert!((oldest.sizes[1].p99_ms - 119.7).abs() < 2.0, "{oldest:?}");
    let judgement = judged(&model(1.06), Some(&history), &Limits::default());
    let creep = judgement.baseline.unwrap().creep.unwrap();
    assert_eq!(creep.since, oldest.at);
    let (quantile, latency) = creep.latency.unwrap();
    assert_eq!(quantile, Tail::P99);
    assert!(
        (latency.get() - (1.06 / 0.995 - 1.0)).abs() < 1e-6,
        "{latency:?}"
    );
    // A baseline of one run has nothing to add up.
    history = self::history(1, model);
    let judgement = judged(&model(1.06), Some(&history), &Limits::default());
    assert_eq!(judgement.baseline.unwrap().creep, None);
}

#[test]
fn what_is_much_better_is_said_so_that_main_records_it() {
    let judgement = judged(&model(0.7), Some(&history(5, model)), &Limits::default());
    let said = |metric| {
        judgement.notices.iter().any(|notice| {
            matches!(notice, Notice::MuchBetter { metric: of, change } if *of == metric && change.get() < -0.2)
        })
    };
    assert!(said(Metric::Latency(Tail::P99)) && said(Metric::CostPerMillion));
}

#[test]
fn an_improvement_passes_and_starts_an_epoch() {
    let it = judged(&model(0.6), Some(&history(5, model)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Pass);
    assert_eq!(
        statuses(&it),
        [Status::Pass, Status::Improved, Status::Improved]
    );
    assert!(it.starts_epoch());
}

#[test]
fn without_a_baseline_only_ceilings_are_judged() {
    let it = judged(&model(1.0), None, &Limits::default());
    assert_eq!(it.verdict, Verdict::NoBaseline);
    assert_eq!(it.recommended.unwrap().get(), 2048);
    let tight = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(50.0))),
        ..Limits::default()
    };
    assert_eq!(judged(&model(1.0), None, &tight).verdict, Verdict::Fail);
    let tight = Limits {
        max_cost: Some(CostCeiling(Usd(1.0))),
        ..Limits::default()
    };
    assert_eq!(
        statuses(&judged(&model(1.0), None, &tight))[2],
        Status::Fail
    );
}

#[test]
fn unlike_settings_are_inconclusive_and_named() {
    let mut run = model(1.0);
    run.region = "eu-west-1".to_owned();
    run.settings.warmup = 0;
    let it = judged(&run, Some(&history(5, model)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Inconclusive);
    let fields: Vec<&str> = it
        .unlike
        .iter()
        .map(|difference| difference.field)
        .collect();
    assert_eq!(fields, ["region", "warm-up"]);
}

#[test]
fn a_simulated_run_is_never_compared_with_a_real_baseline() {
    let mut run = model(1.0);
    run.service = crate::result::Service::Custom("127.0.0.1".to_owned());
    let it = judged(&run, Some(&history(5, model)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Inconclusive);
    assert_eq!(it.unlike[0].field, "place");
}

#[test]
fn a_model_that_needs_more_memory_fails_and_says_which_size_broke() {
    let mut run = model(1.0);
    run.stability[1].outcome = EndpointOutcome::StoppedEarly {
        reason: "out of memory".to_owned(),
    };
    let it = judged(&run, Some(&history(5, model)), &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail);
    assert_eq!(it.metrics[0].status, Status::Fail);
    assert_eq!(
        it.metrics[1].status,
        Status::NotCompared(NotCompared::SizeNotMeasured)
    );
    assert!(it.notices.iter().any(|notice| matches!(
        notice,
        Notice::SizeNoLongerWorks { memory_mb, reason } if memory_mb.get() == 2048 && reason == "out of memory"
    )));
}

#[test]
fn an_allowed_memory_increase_is_not_a_failure_but_the_size_is_not_comparable() {
    let mut run = model(1.0);
    run.stability[1].outcome = EndpointOutcome::StoppedEarly {
        reason: "out of memory".to_owned(),
    };
    let limits = Limits {
        max_memory_increase: MemoryLimit::Megabytes(1024),
        ..Limits::default()
    };
    let it = judged(&run, Some(&history(5, model)), &limits);
    assert_eq!(
        (it.verdict, it.metrics[0].status),
        (Verdict::Inconclusive, Status::Pass)
    );
}

#[test]
fn nothing_measured_is_never_a_pass() {
    let mut run = model(1.0);
    for endpoint in &mut run.stability {
        endpoint.outcome = EndpointOutcome::DeployFailed {
            reason: "x".to_owned(),
        };
    }
    for history in [None, Some(&history(5, model))] {
        let it = judged(&run, history, &Limits::default());
        assert_eq!(
            (it.verdict, it.recommended),
            (Verdict::CouldNotMeasure, None)
        );
    }
}

#[test]
fn few_calls_are_judged_by_a_lower_quantile_and_very_few_not_at_all() {
    let few = |calls: u32| move |scale: f64| run_of(vec![measured(2048, 110.0 * scale, calls)]);
    let it = judged(
        &few(300)(1.0),
        Some(&history(5, few(300))),
        &Limits::default(),
    );
    assert_eq!(it.metrics[1].metric, Metric::Latency(Tail::P95));
    assert!(it.notices.contains(&Notice::JudgedByLowerQuantile {
        quantile: Tail::P95,
        calls: 300
    }));
    let it = judged(
        &few(50)(1.0),
        Some(&history(5, few(50))),
        &Limits::default(),
    );
    assert_eq!(
        it.metrics[1].status,
        Status::NotCompared(NotCompared::TooFewCalls)
    );
    assert_eq!(it.verdict, Verdict::Inconclusive);
}

#[test]
fn a_change_of_prices_is_not_a_change_of_the_model() {
    let run = model(1.0);
    let mut dear = prices();
    dear.prices.serverless_usd_per_gb_second *= 2.0;
    let analysis = analyse(&run, &dear, SizeStrategy::Balanced);
    let it = judge(
        &run,
        &analysis,
        Some(&history(5, model)),
        &Limits::default(),
        run.finished_at,
    );
    assert_eq!(it.metrics[2].status, Status::Pass);
    assert!(it.metrics[2].increase.unwrap().get().abs() < 0.01);
}

#[test]
fn an_estimate_is_compared_with_estimates() {
    let mut run = model(1.0);
    run.stability[0].metrics = None;
    let it = judged(&run, Some(&history(5, model)), &Limits::default());
    assert!(it.notices.contains(&Notice::CostIsEstimated));
    assert_eq!(it.metrics[2].status, Status::Pass);
}

#[test]
fn cold_starts_and_leftovers_and_an_old_baseline_are_noticed() {
    let mut run = model(1.0);
    for call in run.stability[1].invocations.iter_mut().take(5) {
        call.latency_ms = 5000.0;
    }
    run.cleanup.left = vec![Leftover {
        kind: ResourceKind::Endpoint,
        name: "x".to_owned(),
        reason: "denied".to_owned(),
    }];
    let analysis = analyse(&run, &prices(), SizeStrategy::Balanced);
    let later = run.finished_at + SignedDuration::from_hours(24 * 100);
    let it = judge(
        &run,
        &analysis,
        Some(&history(5, model)),
        &Limits::default(),
        later,
    );
    assert!(
        it.notices
            .iter()
            .any(|notice| matches!(notice, Notice::MoreColdStarts { now: 5, .. }))
    );
    assert!(
        it.notices
            .iter()
            .any(|notice| matches!(notice, Notice::StaleBaseline { days: 101 }))
    );
    assert!(
        it.notices
            .iter()
            .any(|notice| matches!(notice, Notice::NotDeleted { .. }))
    );
    assert_eq!(it.verdict, Verdict::Pass, "notices fail nothing");
}

#[test]
fn switched_off_limits_judge_nothing() {
    let off = Limits {
        max_memory_increase: MemoryLimit::Off,
        max_p99_increase: LatencyLimit::Off,
        max_cost_increase: CostLimit::Off,
        ..Limits::default()
    };
    let it = judged(&model(3.0), Some(&history(5, model)), &off);
    assert_eq!(
        (it.verdict, statuses(&it)),
        (Verdict::Pass, vec![Status::Off; 3])
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn verdict_rows_and_exit_code_agree(
        scales in prop::collection::vec(0.2..4.0_f64, 3),
        broken in prop::collection::vec(any::<bool>(), 3),
        runs in 0_u32..6,
        calls in prop::sample::select(vec![0_u32, 50, 300, 1000]),
        ceiling in prop::option::of(10.0..500.0_f64)
    ) {
        let sizes = [(1024, 200.0), (2048, 110.0), (3072, 100.0)];
        let mut run = run_of(
            sizes.iter().zip(&scales).map(|((mb, ms), scale)| measured(*mb, ms * scale, calls)).collect(),
        );
        for (endpoint, broken) in run.stability.iter_mut().zip(&broken) {
            if *broken {
                endpoint.outcome = EndpointOutcome::DeployFailed { reason: "x".to_owned() };
            }
        }
        let limits = Limits {
            max_p99: ceiling.map(|ms| LatencyCeiling(LatencyMs(ms))),
            ..Limits::default()
        };
        let base = |scale: f64| run_of(
            sizes.iter().map(|(mb, ms)| measured(*mb, ms * scale, calls.max(1))).collect(),
        );
        let history = (runs > 0).then(|| history(runs, base));
        let it = judged(&run, history.as_ref(), &limits);
        let failing = it.all_metrics().any(|metric| metric.status == Status::Fail);
        let measured_any = !analyse(&run, &prices(), SizeStrategy::Balanced).sizes.is_empty();
        prop_assert_eq!(it.verdict == Verdict::Fail, failing);
        prop_assert_eq!(it.verdict == Verdict::CouldNotMeasure, !measured_any);
        let expected = match it.verdict {
            Verdict::Fail => 1,
            Verdict::CouldNotMeasure => 3,
            Verdict::Pass
            | Verdict::Accepted
            | Verdict::NoBaseline
            | Verdict::Inconclusive
            | Verdict::NotRun => 0,
        };
        prop_assert_eq!(it.verdict.exit_code(Policy::default()), expected);
        if it.verdict == Verdict::Pass {
            prop_assert!(history.is_some());
            let decided =
                |metric: &MetricJudgement| matches!(metric.status, Status::Pass | Status::Improved | Status::WithinNoise);
            prop_assert!(it.all_metrics().all(decided));
        }
    }
}
