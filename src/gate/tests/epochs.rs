//! What starts an epoch, and what has changed since its start.

use super::*;
use crate::gate::{CostCeiling, CostLimit, LatencyCeiling, LatencyLimit};
use crate::units::{LatencyMs, Usd};

#[test]
fn an_improvement_passes_and_starts_an_epoch() {
    let it = against_five(&model(0.6));
    assert_eq!(it.verdict, Verdict::Pass);
    assert_eq!(
        statuses(&it),
        [Status::Pass, Status::Improved, Status::Improved]
    );
    assert_eq!(it.epoch(), Epoch::New);
}

#[test]
fn an_improvement_starts_an_epoch_also_when_the_limits_are_off() {
    let off = Limits {
        max_p99_increase: LatencyLimit::Off,
        max_cost_increase: CostLimit::Off,
        ..Limits::default()
    };
    let it = judged(&model(0.5), Some(&history(5, model)), &off);
    assert_eq!(it.epoch(), Epoch::New);
}

#[test]
fn an_improvement_that_is_still_above_the_ceiling_starts_an_epoch() {
    let ceilings = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(1.0))),
        max_cost: Some(CostCeiling(Usd(0.001))),
        ..Limits::default()
    };
    let it = judged(&model(0.5), Some(&history(5, model)), &ceilings);
    assert_eq!((it.verdict, it.epoch()), (Verdict::Fail, Epoch::New));
}

#[test]
fn small_steps_are_added_up_and_shown() {
    let five = history(5, model);
    let oldest = five.entries()[0].clone();
    assert!((oldest.sizes[1].p99_ms - 119.7).abs() < 2.0, "{oldest:?}");
    let judgement = judged(&model(1.06), Some(&five), &Limits::default());
    let creep = judgement.baseline.unwrap().creep.unwrap();
    assert_eq!(creep.since, oldest.at);
    let (quantile, latency) = creep.latency.unwrap();
    assert_eq!(quantile, Tail::P99);
    assert!(
        (latency.get() - (1.06 / 0.995 - 1.0)).abs() < 1e-6,
        "{latency:?}"
    );
    // A baseline of one run has nothing to add up.
    let one = history(1, model);
    let judgement = judged(&model(1.06), Some(&one), &Limits::default());
    assert_eq!(judgement.baseline.unwrap().creep, None);
}
