//! Which verdict a run gets.

use super::*;
use crate::gate::{CostCeiling, CostLimit, LatencyCeiling, LatencyLimit, MemoryLimit, Setting};
use crate::result::Service;
use crate::units::{LatencyMs, Usd};

#[test]
fn the_same_model_passes_however_many_runs_the_baseline_has() {
    for runs in [1, 3, 5] {
        let it = judged(&model(1.0), Some(&history(runs, model)), &Limits::default());
        assert_eq!(it.verdict, Verdict::Pass, "{runs}: {:#?}", it.metrics);
        assert_eq!(it.recommended.unwrap().get(), 2048);
        let compared_with = it.baseline.as_ref().unwrap().runs;
        assert_eq!(compared_with, usize::try_from(runs).unwrap());
        assert_eq!(it.epoch(), Epoch::Same);
    }
}

#[test]
fn identical_code_with_other_sampling_noise_passes() {
    let history = history_of(&sampled_runs(5, 1000));
    for seed in 900..920 {
        let it = judged(
            &sampled(seed, 1000, 1.0),
            Some(&history),
            &Limits::default(),
        );
        assert_eq!(it.verdict, Verdict::Pass, "seed {seed}: {:#?}", it.metrics);
    }
}

#[test]
fn a_much_slower_model_fails_on_latency_and_cost_even_against_one_run() {
    let known = [
        (model(1.7), history(1, model)),
        (sampled(5, 1000, 1.7), history_of(&sampled_runs(1, 1000))),
    ];
    for (run, history) in known {
        let it = judged(&run, Some(&history), &Limits::default());
        assert_eq!(it.verdict, Verdict::Fail);
        assert_eq!(statuses(&it), [Status::Pass, Status::Fail, Status::Fail]);
        assert_eq!(it.epoch(), Epoch::New);
        assert_eq!(it.overall.iter().filter(|it| it.fails()).count(), 2);
        let band = it.metrics.latency.compared().unwrap().band.increase.get();
        assert!((0.40..0.50).contains(&band), "{band}");
    }
}

#[test]
fn a_moderate_regression_is_undecided_against_one_run_and_fails_against_five() {
    let runs = [
        (model(1.2), history(1, model), history(5, model)),
        (
            sampled(5, 1000, 1.3),
            history_of(&sampled_runs(1, 1000)),
            history_of(&sampled_runs(5, 1000)),
        ),
    ];
    for (run, one, five) in runs {
        let young = judged(&run, Some(&one), &Limits::default());
        assert_eq!(young.verdict, Verdict::Inconclusive);
        assert_eq!(
            young.metrics.latency.status,
            Status::Undecided(Undecided::YoungBaseline { missing_runs: 2 })
        );
        let mature = judged(&run, Some(&five), &Limits::default());
        assert_eq!(mature.verdict, Verdict::Fail, "{:#?}", mature.metrics);
    }
    let five = history_of(&sampled_runs(5, 1000));
    let slower = judged(&sampled(5, 1000, 1.2), Some(&five), &Limits::default());
    assert_eq!(slower.verdict, Verdict::Fail, "{:#?}", slower.metrics);
}

#[test]
fn without_a_baseline_only_ceilings_are_judged() {
    let under = |limits: Limits| judged(&model(1.0), None, &limits);
    let it = under(Limits::default());
    assert_eq!(it.verdict, Verdict::NoBaseline);
    assert_eq!(it.recommended.unwrap().get(), 2048);
    let latency = |ceiling: f64| Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(ceiling))),
        ..Limits::default()
    };
    let open = Status::NotCompared(NotCompared::NoBaseline);
    assert_eq!(statuses(&under(latency(500.0))), [open; 3]);
    let slow = under(latency(50.0));
    assert_eq!(slow.verdict, Verdict::Fail);
    assert_eq!(statuses(&slow), [open, Status::Fail, open]);
    let dear = under(Limits {
        max_cost: Some(CostCeiling(Usd(1.0))),
        ..Limits::default()
    });
    assert_eq!(dear.verdict, Verdict::Fail);
    assert_eq!(statuses(&dear), [open, open, Status::Fail]);
}

#[test]
fn unlike_settings_are_inconclusive_and_named() {
    let mut run = model(1.0);
    run.region = "eu-west-1".to_owned();
    run.settings.warmup = 0;
    let it = against_five(&run);
    assert_eq!(it.verdict, Verdict::Inconclusive);
    let settings: Vec<Setting> = it.unlike.iter().map(|it| it.setting).collect();
    assert_eq!(settings, [Setting::Region, Setting::Warmup]);
}

#[test]
fn a_simulated_run_is_never_compared_with_a_real_baseline() {
    let mut run = model(1.0);
    run.service = Service::Custom("127.0.0.1".to_owned());
    let it = against_five(&run);
    assert_eq!(it.verdict, Verdict::Inconclusive);
    assert_eq!(it.unlike[0].setting, Setting::Place);
}

#[test]
fn nothing_measured_is_never_a_pass() {
    let mut run = model(1.0);
    for endpoint in &mut run.stability {
        endpoint.outcome = EndpointOutcome::DeployFailed {
            reason: "x".to_owned(),
            cause: Cause::Model,
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
        (Verdict::Pass, [Status::Off; 3])
    );
}

#[test]
fn a_metric_that_is_off_does_not_leave_the_verdict_open() {
    let few = small_model(60);
    let limits = Limits {
        max_p99_increase: LatencyLimit::Off,
        ..Limits::default()
    };
    let it = judged(&few(1.0), Some(&history(5, &few)), &limits);
    assert_eq!(
        (it.verdict, it.metrics.latency.status),
        (Verdict::Pass, Status::Off)
    );
}
