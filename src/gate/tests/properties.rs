//! What holds for every judgement.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::gate::LatencyCeiling;
use crate::units::LatencyMs;

const SIZES: [(u32, f64); 3] = [(1024, 200.0), (2048, 110.0), (3072, 100.0)];

fn ceiling(ms: Option<f64>) -> Limits {
    Limits {
        max_p99: ms.map(|ms| LatencyCeiling(LatencyMs(ms))),
        ..Limits::default()
    }
}

/// Verdict, metrics and exit code agree, and no number is out of hand.
fn check(run: &RunResult, history: Option<&History>, limits: &Limits) -> Result<(), TestCaseError> {
    let it = judged(run, history, limits);
    let fails = it.failing().next().is_some();
    prop_assert_eq!(it.verdict == Verdict::Fail, fails);
    let is_measured = !analysed(run).sizes.is_empty();
    prop_assert_eq!(it.verdict == Verdict::CouldNotMeasure, !is_measured);
    prop_assert_eq!(it.recommended.is_some(), is_measured);
    let expected = match it.verdict {
        Verdict::Fail => 1,
        Verdict::CouldNotMeasure => 3,
        Verdict::Pass
        | Verdict::Accepted
        | Verdict::NoBaseline
        | Verdict::Inconclusive
        | Verdict::NotRun => 0,
    };
    prop_assert_eq!(it.verdict.exit_status(Policy::default()).code(), expected);
    if it.verdict == Verdict::Pass {
        prop_assert!(history.is_some() && it.baseline.is_some());
        let decides = |status| {
            matches!(
                status,
                Status::Pass | Status::Improved | Status::WithinNoise
            )
        };
        prop_assert!(it.all_metrics().all(|metric| decides(metric.status)));
    }
    for compared in it.all_metrics().filter_map(MetricJudgement::compared) {
        let Band { increase, decrease } = compared.band;
        for ratio in [compared.increase, increase, decrease] {
            prop_assert!(ratio.get().is_finite());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn verdict_metrics_and_exit_code_agree(
        scales in prop::collection::vec(0.2..4.0_f64, 3),
        broken in prop::collection::vec(any::<bool>(), 3),
        runs in 0_u32..6,
        calls in prop::sample::select(vec![0_u32, 50, 300, 1000]),
        ms in prop::option::of(10.0..500.0_f64)
    ) {
        let sizes = SIZES.iter().zip(&scales);
        let mut run = run_of(
            sizes.map(|((mb, ms), scale)| measured(*mb, ms * scale, calls)).collect(),
        );
        for (endpoint, _) in run.stability.iter_mut().zip(&broken).filter(|(_, broken)| **broken) {
            endpoint.outcome = EndpointOutcome::DeployFailed { reason: "x".to_owned(), cause: Cause::Model };
        }
        let base = |scale: f64| run_of(
            SIZES.iter().map(|(mb, ms)| measured(*mb, ms * scale, calls.max(1))).collect(),
        );
        let history = (runs > 0).then(|| history(runs, base));
        check(&run, history.as_ref(), &ceiling(ms))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn they_agree_with_sampling_noise(
        seed in 0_u64..1000,
        factor in 0.5..2.5_f64,
        calls in prop::sample::select(vec![1_u32, 60, 100, 300, 1000]),
        runs in 0_u64..5,
        cancelled in 0_usize..7,
        ms in prop::option::of(10.0..200.0_f64)
    ) {
        let mut run = sampled(seed, calls, factor);
        for endpoint in run.stability.iter_mut().take(cancelled) {
            endpoint.outcome = EndpointOutcome::Cancelled;
        }
        let history = (runs > 0).then(|| history_of(&sampled_runs(runs, calls)));
        check(&run, history.as_ref(), &ceiling(ms))?;
    }
}
