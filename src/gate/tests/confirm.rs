//! A failure that was measured twice.

use super::*;
use crate::result::Confirmation;

/// The run with a second measurement of all sizes, by a model of this factor.
fn measured_again(mut run: RunResult, factor: f64) -> RunResult {
    run.confirmation = Some(Confirmation {
        started_at: run.started_at,
        finished_at: run.finished_at,
        stability: model(factor).stability,
        reference: Vec::new(),
    });
    run
}

fn twice(it: &Judgement) -> Vec<&Notice> {
    let twice = |notice: &&Notice| matches!(notice, Notice::MeasuredTwice { .. });
    it.notices.iter().filter(twice).collect()
}

#[test]
fn a_failure_of_latency_or_cost_alone_is_measured_again_where_it_failed() {
    let sizes = |run: &RunResult| sizes_to_confirm(&against_five(run), run);
    assert_eq!(sizes(&model(1.0)), []);
    assert_eq!(
        sizes(&model(1.7)).len(),
        3,
        "the mean over all sizes fails, too"
    );
    let ceiling = Limits {
        max_p99: Some("50ms".parse().unwrap()),
        ..Limits::default()
    };
    let run = model(1.0);
    let it = judged(&run, None, &ceiling);
    assert_eq!(sizes_to_confirm(&it, &run), [it.recommended.unwrap()]);
    let no_memory = without_size(model(1.7), MemoryMb::OFFERED[1]);
    assert_eq!(
        sizes(&no_memory),
        [],
        "what needs more memory fails at once"
    );
    assert_eq!(
        sizes(&stopped(model(1.7), 200)),
        [],
        "--fail-fast has decided"
    );
    assert_eq!(
        sizes(&measured_again(model(1.7), 1.7)),
        [],
        "not a third time"
    );
}

#[test]
fn a_regression_is_confirmed() {
    let it = against_five(&measured_again(model(1.7), 1.7));
    assert_eq!(it.verdict, Verdict::Fail);
    assert_eq!(twice(&it), [&Notice::MeasuredTwice { fails: true }]);
    let once = against_five(&model(1.7));
    let increase = |it: &Judgement| it.metrics.latency.compared().unwrap().increase.get();
    assert!((increase(&it) - increase(&once)).abs() < 1e-9);
}

#[test]
fn a_bad_hour_of_aws_is_not() {
    for factor in [1.12, 1.3, 1.7, 4.0] {
        assert_eq!(
            against_five(&model(factor)).verdict,
            Verdict::Fail,
            "{factor}"
        );
        let it = against_five(&measured_again(model(factor), 1.0));
        assert_eq!(it.verdict, Verdict::Pass, "{factor}: {:?}", statuses(&it));
        assert_eq!(twice(&it), [&Notice::MeasuredTwice { fails: false }]);
    }
}

#[test]
fn a_ceiling_is_held_by_both_together() {
    let limits = Limits {
        max_p99: Some("150ms".parse().unwrap()),
        ..Limits::default()
    };
    let of = |factor| judged(&measured_again(model(1.7), factor), None, &limits).verdict;
    assert_eq!(of(1.7), Verdict::Fail);
    assert_ne!(of(0.8), Verdict::Fail);
}

#[test]
fn what_could_not_be_measured_again_stands() {
    let mut run = measured_again(model(1.7), 1.0);
    for endpoint in &mut run.confirmation.as_mut().unwrap().stability {
        endpoint.outcome = EndpointOutcome::DeployFailed {
            reason: "Request to service failed.".to_owned(),
            cause: Cause::Service,
        };
    }
    assert_eq!(against_five(&run).verdict, Verdict::Fail);
}

#[test]
fn a_second_measurement_survives_the_file() {
    let run = measured_again(model(1.7), 1.2);
    let json = serde_json::to_string(&run).unwrap();
    let read: RunResult = serde_json::from_str(&json).unwrap();
    assert_eq!(against_five(&read).verdict, against_five(&run).verdict);
    let sizes = |run: &RunResult| run.confirmation.as_ref().unwrap().stability.len();
    assert_eq!(sizes(&read), sizes(&run));
}
