//! What a reader should know besides the verdict.

use super::*;
use crate::result::{Leftover, ResourceKind};

#[test]
fn what_is_much_better_is_said_so_that_main_records_it() {
    let it = against_five(&model(0.7));
    for wanted in [Metric::Latency(Tail::P99), Metric::CostPerMillion] {
        let is_said = it.notices.iter().any(|notice| {
            matches!(
                notice,
                Notice::MuchBetter { metric, change } if *metric == wanted && change.get() < -0.2
            )
        });
        assert!(is_said, "{wanted:?}: {:?}", it.notices);
    }
}

#[test]
fn cold_starts_and_leftovers_and_an_old_baseline_are_noticed_and_fail_nothing() {
    let mut run = model(1.0);
    for call in run.stability[1].invocations.iter_mut().take(5) {
        call.latency_ms = 5000.0;
    }
    run.cleanup.left = vec![Leftover {
        kind: ResourceKind::Endpoint,
        name: "x".to_owned(),
        reason: "denied".to_owned(),
    }];
    let later = run.finished_at + SignedDuration::from_hours(24 * 100);
    let history = history(5, model);
    let limits = Limits::default();
    let it = judge(&run, &analysed(&run), Some(&history), &limits, later);
    assert_eq!(it.verdict, Verdict::Pass);
    let expected = [
        Notice::MoreColdStarts {
            memory_mb: MemoryMb::OFFERED[1],
            now: 5,
            baseline_mean: 0.0,
        },
        Notice::StaleBaseline { days: 101 },
        Notice::NotDeleted {
            left: vec!["endpoint x: denied".to_owned()],
        },
    ];
    assert_eq!(it.notices, expected);
}
