//! Runs that `--fail-fast` stopped.

use proptest::prelude::*;

use super::*;
use crate::gate::{LatencyCeiling, LatencyLimit, NotAccepted};
use crate::units::LatencyMs;

fn is_certain(run: &RunResult, history: &History, limits: &Limits) -> bool {
    is_certain_failure(run, &analysed(run), history, limits)
}

/// After how many calls a run of a model that is `scale` times as slow is certain to fail.
fn certain_after(scale: f64, limits: &Limits) -> Option<usize> {
    let five = history(5, model);
    let mut prefixes = (25..1000).step_by(25);
    prefixes.find(|calls| is_certain(&stopped(model(scale), *calls), &five, limits))
}

#[test]
fn the_slower_a_model_the_sooner_its_failure_is_certain() {
    let limits = Limits::default();
    assert_eq!(certain_after(1.0, &limits), None);
    assert_eq!(certain_after(1.08, &limits), None);
    assert_eq!(certain_after(1.12, &limits), Some(100));
    assert_eq!(certain_after(1.2, &limits), Some(50));
    assert_eq!(certain_after(1.3, &limits), Some(25));
}

#[test]
fn a_ceiling_makes_it_certain_as_soon_as_one_percent_of_the_plan_is_above_it() {
    let ceiling = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(300.0))),
        max_p99_increase: LatencyLimit::Off,
        ..Limits::default()
    };
    let five = history(5, model);
    let with_slow_calls = |slow: usize| {
        let mut run = stopped(model(1.0), 100);
        for call in run.stability[1].invocations.iter_mut().take(slow) {
            call.latency_ms = 301.0;
        }
        is_certain(&run, &five, &ceiling)
    };
    // Of 1 000 calls, ten may be above their p99.
    assert!(!with_slow_calls(10));
    assert!(with_slow_calls(11));
}

#[test]
fn what_was_stopped_fails_by_its_latency_alone_and_accepts_nothing() {
    let judgement = against_five(&stopped(model(1.7), 200));
    let open = Status::NotCompared(NotCompared::StoppedEarly);
    assert_eq!(statuses(&judgement), [open, Status::Fail, open]);
    assert_eq!(
        (judgement.verdict, judgement.recommended),
        (Verdict::Fail, None)
    );
    let refused = judgement.under(Err(NotAccepted::StoppedEarly));
    assert_eq!(refused.verdict, Verdict::Fail);
}

#[test]
fn looser_limits_leave_it_open_and_never_pass_it() {
    let limits = Limits {
        max_p99_increase: "90%".parse().unwrap(),
        ..Limits::default()
    };
    let (run, five) = (stopped(model(1.7), 200), history(5, model));
    let judgement = judged(&run, Some(&five), &limits);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    // Without a baseline it is not known which size decides.
    let alone = judged(&run, None, &limits);
    assert_eq!(alone.verdict, Verdict::CouldNotMeasure);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_is_certain_comes_true_with_any_later_calls(
        scale in 0.9..2.5_f64,
        sent in 25..1000_usize,
        rest in prop::collection::vec(0.0..400.0_f64, 1000),
        runs in 1..6_u32
    ) {
        let (limits, baseline) = (Limits::default(), history(runs, model));
        let mut whole = model(scale);
        let certain = is_certain(&stopped(whole.clone(), sent), &baseline, &limits);
        for endpoint in &mut whole.stability {
            for (call, latency) in endpoint.invocations.iter_mut().zip(&rest).skip(sent) {
                call.latency_ms = *latency;
            }
        }
        let judgement = judged(&whole, Some(&baseline), &limits);
        prop_assert!(!certain || judgement.verdict == Verdict::Fail);
    }
}
