//! Only the model can fail a pull request.

use super::*;

const OTHERS: [Cause; 5] = [
    Cause::Service,
    Cause::Quota,
    Cause::Access,
    Cause::Runner,
    Cause::Input,
];

/// The run without this size, for this cause.
fn without(mut run: RunResult, memory_mb: u32, cause: Cause) -> RunResult {
    for endpoint in &mut run.stability {
        if endpoint.memory_mb.get() == memory_mb {
            let reason = "AWS's words".to_owned();
            endpoint.outcome = match cause {
                Cause::Quota => EndpointOutcome::SkippedQuota { reason },
                Cause::Model | Cause::Service | Cause::Access | Cause::Runner | Cause::Input => {
                    EndpointOutcome::DeployFailed { reason, cause }
                }
            };
        }
    }
    run
}

#[test]
fn mains_size_missing_by_another_cause_is_not_compared() {
    for cause in OTHERS {
        let it = against_five(&without(model(1.0), 2048, cause));
        let not_the_model = Status::NotCompared(NotCompared::NotTheModel(cause));
        assert_eq!(it.verdict, Verdict::Inconclusive, "{cause:?}");
        assert_eq!(statuses(&it), [not_the_model; 3], "{cause:?}");
        assert_eq!(it.recommended, None, "nothing is recorded of it");
        let improved = |notice: &Notice| matches!(notice, Notice::MemoryDecreased { .. });
        let broken = |notice: &Notice| matches!(notice, Notice::SizeNoLongerWorks { .. });
        assert!(!it.notices.iter().any(|it| improved(it) || broken(it)));
        let named = Notice::SizeNotJudged {
            memory_mb: MemoryMb::OFFERED[1],
            cause,
            reason: "AWS's words".to_owned(),
        };
        assert!(it.notices.contains(&named), "{:?}", it.notices);
    }
}

#[test]
fn mains_size_that_the_model_broke_fails() {
    let it = against_five(&without(model(1.0), 2048, Cause::Model));
    assert_eq!(it.verdict, Verdict::Fail);
    assert_eq!(it.metrics.memory.status, Status::Fail);
}

#[test]
fn a_slower_model_fails_whichever_other_size_is_missing() {
    for cause in OTHERS {
        let it = against_five(&without(model(1.7), 3072, cause));
        assert_eq!(it.verdict, Verdict::Fail, "{cause:?}");
    }
}

#[test]
fn a_ceiling_fails_nothing_while_a_size_that_may_keep_it_is_missing() {
    let limits = Limits {
        max_p99: Some("1ms".parse().unwrap()),
        ..Limits::default()
    };
    assert_eq!(judged(&model(1.0), None, &limits).verdict, Verdict::Fail);
    for cause in OTHERS {
        let it = judged(&without(model(1.0), 3072, cause), None, &limits);
        assert_ne!(it.verdict, Verdict::Fail, "{cause:?}");
    }
    let it = judged(&without(model(1.0), 3072, Cause::Model), None, &limits);
    assert_eq!(it.verdict, Verdict::Fail);
}

#[test]
fn what_a_second_attempt_mended_is_said() {
    let mut run = model(1.0);
    run.stability[0].deployed_again_after = Some("Request to service failed.".to_owned());
    let again = |cause| {
        Some(Box::new(CallFailure {
            cause,
            said: None,
            sent_again: true,
        }))
    };
    let endpoint = &mut run.stability[1];
    let mut throttled = endpoint.invocations[0].clone();
    throttled.outcome = InvocationOutcome::Throttled;
    throttled.failure = again(Cause::Service);
    endpoint.invocations.insert(1, throttled.clone());
    let mut cold = throttled;
    cold.outcome = InvocationOutcome::ModelError("timed out".into());
    cold.failure = again(Cause::Model);
    endpoint.warmup.push(cold);
    let it = against_five(&run);
    assert_eq!(it.verdict, Verdict::Pass);
    let [small, main] = [MemoryMb::OFFERED[0], MemoryMb::OFFERED[1]];
    let expected = [
        Notice::SentAgain {
            sizes: vec![(main, 1)],
        },
        Notice::DeployedAgain {
            sizes: vec![(small, "Request to service failed.".to_owned())],
        },
        Notice::ColdTimeOuts {
            sizes: vec![(main, 1)],
        },
    ];
    assert_eq!(it.notices, expected);
}
