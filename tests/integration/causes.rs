//! Only the model can fail a pull request: what AWS, the account and permissions do to a gated run.

use sagegate::result::{Cause, EndpointOutcome};

use crate::support::{Outcome, Simulator, Workspace, run_args, spaced};

/// Limits that a busy machine keeps: how fast it is, is not the subject.
const WIDE: [&str; 4] = ["--max-p99-increase", "90%", "--max-cost-increase", "60%"];
const HICCUP: &str =
    "Request to service failed. If failure persists after retry, contact customer support.";

/// A run of the model that main has recorded, in an account with these sections of the profile.
struct Gated {
    sizes: &'static str,
    simulator: Simulator,
    workspace: Workspace,
}

impl Gated {
    fn in_account(section: &str) -> Self {
        Self::with("1024,2048", section)
    }

    fn with(sizes: &'static str, section: &str) -> Self {
        let main = Simulator::quick();
        let workspace = Workspace::new(&main);
        let recorded = workspace.sagegate(&run_args(
            "m-steady",
            &[&WIDE[..], &["--mode", "record", "--memory-sizes", sizes]].concat(),
        ));
        recorded.expect(0);
        let baseline = workspace.read("b.json");
        let simulator = Simulator::quick_with(section);
        let workspace = Workspace::new(&simulator);
        workspace.write("b.json", &baseline);
        Self {
            sizes,
            simulator,
            workspace,
        }
    }

    fn run(&self, extra: &[&'static str]) -> Outcome {
        let sizes = ["--memory-sizes", self.sizes];
        let args = [&WIDE[..], &sizes, extra].concat();
        let outcome = self.workspace.sagegate(&run_args("m-steady", &args));
        self.simulator.assert_nothing_is_left();
        outcome
    }

    fn comment(&self) -> String {
        spaced(&self.workspace.read("sagegate-results/comment.md"))
    }
}

/// Nothing that blames the model, and nothing that praises it.
fn assert_no_verdict_on_the_model(comment: &str) {
    for words in [
        "no longer works",
        "improved",
        "is enough now",
        "failed now",
        "make the model",
        "❌",
    ] {
        assert!(!comment.contains(words), "{words}: {comment}");
    }
}

#[test]
fn a_deployment_that_aws_fails_once_is_made_again() {
    let gated = Gated::in_account(&format!(
        "[life_cycle]\nfailing_memory_mb = [2048]\nfailing_times = 1\nfailure_reason = \"{HICCUP}\""
    ));
    let outcome = gated.run(&[]).expect(0);
    assert!(
        outcome.stderr.contains(
            "2048 MB: AWS failed the deployment, deploying once more: Request to service failed."
        ),
        "{}",
        outcome.stderr
    );
    let comment = gated.comment();
    assert_no_verdict_on_the_model(&comment);
    assert!(
        comment.contains("AWS failed the first deployment of 2048"),
        "{comment}"
    );
    let result = gated.workspace.result();
    assert_eq!(
        result.stability[1].deployed_again_after.as_deref(),
        Some(HICCUP)
    );
}

#[test]
fn a_deployment_that_aws_fails_twice_says_nothing_about_the_model() {
    let gated = Gated::in_account(&format!(
        "[life_cycle]\nfailing_memory_mb = [2048]\nfailure_reason = \"{HICCUP}\""
    ));
    gated.run(&[]).expect(0);
    let comment = gated.comment();
    let first = comment.lines().find(|it| it.starts_with("###")).unwrap();
    assert!(
        first.contains("inconclusive: 2048 MB, which main uses, could not be judged (AWS failed)"),
        "{first}"
    );
    assert_no_verdict_on_the_model(&comment);
    assert!(comment.contains(HICCUP), "{comment}");
    assert!(comment.contains("run the job again"), "{comment}");
    let outcome = gated.workspace.result().stability[1].outcome.clone();
    let expected = EndpointOutcome::DeployFailed {
        reason: HICCUP.to_owned(),
        cause: Cause::Service,
    };
    assert_eq!(outcome, expected);
    let escalated = gated.run(&["--on-inconclusive", "fail"]);
    escalated.expect(1);
}

#[test]
fn a_container_that_starts_only_with_more_memory_fails_the_model() {
    let gated = Gated::with(
        "1024,2048,3072",
        "[life_cycle]\nfailing_memory_mb = [1024, 2048]",
    );
    gated.run(&[]).expect(1);
    let comment = gated.comment();
    for words in [
        "❌ churn failed: needs 3072 MB (was 2048)",
        "ping health check",
    ] {
        assert!(comment.contains(words), "{words}: {comment}");
    }
}

#[test]
fn a_container_that_starts_only_with_less_memory_proves_nothing() {
    let gated = Gated::in_account("[life_cycle]\nfailing_memory_mb = [2048]");
    gated.run(&[]).expect(0);
    let comment = gated.comment();
    assert!(comment.contains("inconclusive"), "{comment}");
    for words in ["is enough now", "improved"] {
        assert!(!comment.contains(words), "{words}: {comment}");
    }
}

#[test]
fn a_quota_below_mains_size_is_not_an_improvement() {
    let gated = Gated::in_account("[quotas]\nmemory_mb = 1024");
    gated.run(&[]).expect(0);
    let comment = gated.comment();
    assert!(
        comment.contains("2048 MB, which main uses, could not be judged (account quota)"),
        "{comment}"
    );
    assert_no_verdict_on_the_model(&comment);
    for words in ["Service Quotas", "memory-sizes", "service limit"] {
        assert!(comment.contains(words), "{words}: {comment}");
    }
}

#[test]
fn calls_that_aws_fails_are_sent_again_and_are_in_no_latency() {
    let gated = Gated::in_account(
        "[faults]\nthrottle = 0.01\nservice_error = 0.01\ndropped_connection = 0.005",
    );
    gated.run(&[]).expect(0);
    let result = gated.workspace.result();
    let mut again = 0;
    for endpoint in &result.stability {
        assert_eq!(endpoint.outcome, EndpointOutcome::Measured);
        let calls = &endpoint.invocations;
        let ok = calls.iter().filter(|it| it.outcome.is_success()).count();
        assert_eq!(ok, 100, "every planned call was answered");
        for call in calls.iter().chain(&endpoint.warmup) {
            assert_eq!(call.is_sent_again(), !call.outcome.is_success(), "{call:?}");
        }
        again += calls.len() - ok;
    }
    assert!(again > 0, "no fault has happened");
    let comment = gated.comment();
    assert_no_verdict_on_the_model(&comment);
    assert!(comment.contains("by AWS and sent again"), "{comment}");
}

#[test]
fn a_service_that_fails_too_many_calls_leaves_the_size_unjudged() {
    let gated = Gated::in_account("[faults]\nservice_error = 0.4");
    gated.run(&[]).expect(3);
    let comment = gated.comment();
    assert!(comment.contains("could not be measured"), "{comment}");
    assert_no_verdict_on_the_model(&comment);
    for endpoint in &gated.workspace.result().stability {
        assert!(
            matches!(
                &endpoint.outcome,
                EndpointOutcome::StoppedEarly { reason, cause: Cause::Service }
                    if reason.contains("more than 5% of the calls failed by AWS")
            ),
            "{:?}",
            endpoint.outcome
        );
    }
}

#[test]
fn time_outs_of_a_cold_container_are_its_cold_start() {
    let gated = Gated::in_account("[faults]\ncold_time_outs = 4");
    gated.run(&[]).expect(0);
    let comment = gated.comment();
    assert_no_verdict_on_the_model(&comment);
    for words in ["4 warm-up calls timed out at 1024", "60 seconds"] {
        assert!(comment.contains(words), "{words}: {comment}");
    }
    for endpoint in &gated.workspace.result().stability {
        assert_eq!(endpoint.outcome, EndpointOutcome::Measured);
    }
}
