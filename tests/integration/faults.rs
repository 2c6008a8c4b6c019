//! Faults of AWS end in a verdict, keep the measurements and leave nothing behind.

use sagegate::result::{Cause, EndpointOutcome};

use crate::support::{Simulator, Workspace, run_args};

#[test]
fn a_size_that_fails_to_deploy_is_left_out_with_its_reason() {
    let simulator = Simulator::quick_with(
        "[life_cycle]\ncreating_seconds = 0.2\ndeleting_seconds = 0.1\nmetric_delay_seconds = 0.1\nfailing_memory_mb = [1024]\nfailure_reason = \"ping health check\"\n",
    );
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&[]).expect(0);
    assert!(
        outcome
            .stderr
            .contains("1024 MB: left out: ping health check"),
        "{}",
        outcome.stderr
    );
    assert!(
        workspace
            .read("sagegate-results/comment.md")
            .contains("ping health check")
    );
    assert_eq!(workspace.result().measured().count(), 1);
    simulator.assert_nothing_is_left();
}

#[test]
fn when_no_size_is_left_the_model_could_not_be_measured() {
    let simulator = Simulator::quick_with("[faults]\nmodel_error = 1.0");
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&[]).expect(3);
    assert!(
        outcome.stdout.contains("could not be measured"),
        "{}",
        outcome.stdout
    );
    let outcomes = workspace.result().stability;
    for endpoint in &outcomes {
        assert!(
            matches!(&endpoint.outcome, EndpointOutcome::StoppedEarly { reason, cause: Cause::Model } if reason.contains("3 errors"))
        );
        assert_eq!(
            endpoint.warmup.len(),
            3,
            "the error threshold stops the size"
        );
    }
    simulator.assert_nothing_is_left();
}

#[test]
fn a_model_out_of_memory_at_one_size_is_measured_at_the_others() {
    let simulator = Simulator::quick_with("[model]\nout_of_memory_below_mb = 2048\n");
    let workspace = Workspace::new(&simulator);
    workspace.run(&[]).expect(0);
    let result = workspace.result();
    assert!(
        result.stability[0]
            .outcome
            .reason()
            .unwrap()
            .contains("insufficient memory")
    );
    assert_eq!(result.stability[1].outcome, EndpointOutcome::Measured);
    assert!(
        workspace
            .read("sagegate-results/comment.md")
            .contains("2048 MB")
    );
}

#[test]
fn sizes_beyond_a_quota_are_skipped_and_their_endpoint_configs_deleted() {
    let simulator = Simulator::quick_with("[quotas]\nmemory_mb = 1024\n");
    let workspace = Workspace::new(&simulator);
    workspace.run(&[]).expect(0);
    let result = workspace.result();
    let EndpointOutcome::SkippedQuota { reason } = &result.stability[1].outcome else {
        panic!("not skipped")
    };
    assert!(
        reason.contains("Memory size in MB per serverless endpoint"),
        "{reason}"
    );
    assert_eq!((result.cleanup.created, result.cleanup.deleted), (3, 3));
    simulator.assert_nothing_is_left();
}

#[test]
fn dropped_connections_are_sent_again_and_stop_a_size_in_the_end() {
    let simulator = Simulator::quick_with("[faults]\ndropped_connection = 1.0");
    let workspace = Workspace::new(&simulator);
    workspace.run(&[]).expect(3);
    let reason = workspace.result().stability[0]
        .outcome
        .reason()
        .unwrap()
        .to_owned();
    assert!(
        reason.contains("more than 5% of the calls failed by AWS"),
        "{reason}"
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn an_endpoint_that_is_not_ready_is_asked_again_and_nothing_counts_twice() {
    let simulator = Simulator::quick_with("[faults]\nnot_ready = 0.05");
    let workspace = Workspace::new(&simulator);
    workspace.run(&["--invocations", "40"]).expect(0);
    for endpoint in workspace.result().measured() {
        let ok = endpoint
            .invocations
            .iter()
            .filter(|call| call.outcome.is_success())
            .count();
        assert_eq!(ok, 40);
    }
    assert!(
        simulator.count("InvokeEndpoint") > 90,
        "some calls were repeated"
    );
}

#[test]
fn without_cloudwatch_in_time_the_cost_is_called_an_estimate() {
    let simulator = Simulator::quick_with(
        "[life_cycle]\ncreating_seconds = 0.2\ndeleting_seconds = 0.1\nmetric_delay_seconds = 3600\n",
    );
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&["--metrics-timeout", "1s"]).expect(0);
    assert!(
        outcome
            .stderr
            .contains("CloudWatch is incomplete after 1 s"),
        "{}",
        outcome.stderr
    );
    assert!(
        workspace
            .read("sagegate-results/comment.md")
            .contains("estimate")
    );
}

#[test]
fn a_cloudwatch_that_fails_is_not_asked_again_when_the_time_is_up() {
    let simulator = Simulator::quick_with(
        "[[operation_faults]]\noperation = \"GetMetricData\"\nkind = \"access_denied\"\nfrom = 1\n",
    );
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&["--metrics-timeout", "0s"]).expect(0);
    let words = "without complete CloudWatch metrics: GetMetricData failed: AccessDenied";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    assert_eq!(simulator.count("GetMetricData"), 1);
}

#[test]
fn an_endpoint_that_is_never_in_service_is_given_up_and_waited_for_until_it_can_be_deleted() {
    let simulator =
        Simulator::quick_with("[life_cycle]\ncreating_seconds = 3.0\ndeleting_seconds = 0.1\n");
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&["--deploy-timeout", "1s"]).expect(3);
    assert!(
        outcome
            .stderr
            .contains("not in service after 1 s (--deploy-timeout)"),
        "{}",
        outcome.stderr
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn what_cannot_be_deleted_in_time_is_named_and_cleanup_deletes_it_later() {
    let simulator =
        Simulator::quick_with("[life_cycle]\ncreating_seconds = 10.0\ndeleting_seconds = 0.1\n");
    let workspace = Workspace::new(&simulator);
    let outcome = workspace
        .run(&["--deploy-timeout", "1s", "--cleanup-timeout", "1s"])
        .expect(3);
    assert!(outcome.stderr.contains("NOT deleted"), "{}", outcome.stderr);
    assert_eq!(workspace.result().cleanup.left.len(), 2);
    assert!(!simulator.resources().is_empty());
    workspace
        .sagegate(&["cleanup", "--ledger", "sagegate-results/ledger.json"])
        .expect(0);
    simulator.assert_nothing_is_left();
}

#[test]
fn a_service_that_is_not_there_could_not_be_measured_and_the_comment_says_why() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator).with("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    drop(simulator);
    let outcome = workspace.sagegate(&run_args("m", &[])).expect(3);
    assert!(
        outcome.stderr.contains("DescribeModel failed"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("AWS_ENDPOINT_URL"),
        "{}",
        outcome.stderr
    );
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        comment.contains("### ⛔ churn could not be measured: DescribeModel failed"),
        "{comment}"
    );
    assert!(workspace.exists("sagegate-results/benchmarking_report/benchmarking_report.html"));
}

#[test]
fn hostile_words_of_aws_and_of_the_user_stay_text_everywhere() {
    let hostile = "x|y<img src=x onerror=1> @team ##[error]z [a](http://evil)\\n::error::pwned";
    let section = format!(
        "[life_cycle]\ncreating_seconds = 0.2\ndeleting_seconds = 0.1\nmetric_delay_seconds = 0.1\nfailing_memory_mb = [1024]\nfailure_reason = \"{hostile}\"\n"
    );
    let simulator = Simulator::quick_with(&section);
    let workspace = Workspace::new(&simulator);
    let name = "x|y<img src=x onerror=1>@team\n::error::title=a::b";
    let outcome = workspace
        .run(&["--name", name, "--invocations", "10"])
        .expect(0);
    for line in outcome.stdout.lines().chain(outcome.stderr.lines()) {
        assert!(
            !line.trim_start().starts_with("::"),
            "a workflow command: {line}"
        );
        assert!(!line.contains("##["), "a workflow command: {line}");
    }
    let page = workspace.read("sagegate-results/benchmarking_report/benchmarking_report.html");
    assert!(
        !page.contains("<img") && page.contains("&lt;img"),
        "escaped, not dropped"
    );
    let comment = workspace.read("sagegate-results/comment.md");
    for line in comment.lines() {
        assert!(
            !line.trim_start().starts_with("::"),
            "a workflow command: {line}"
        );
    }
    assert!(
        comment.lines().next().unwrap().ends_with("-->"),
        "the marker is one line"
    );
}

#[test]
fn a_control_plane_that_throttles_fails_and_drops_calls_loses_and_leaks_nothing() {
    let faults = [
        ("CreateEndpointConfig", "throttle"),
        ("CreateEndpoint", "internal_error"),
        ("DescribeEndpoint", "dropped_connection"),
        ("DeleteEndpoint", "throttle"),
        ("DeleteEndpointConfig", "internal_error"),
        ("GetMetricData", "throttle"),
    ]
    .map(|(operation, kind)| {
        format!("[[operation_faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\nevery = 2\n")
    })
    .concat();
    let simulator = Simulator::quick_with(&faults);
    let workspace = Workspace::new(&simulator);
    workspace.run(&["--invocations", "20"]).expect(0);
    let result = workspace.result();
    assert_eq!(result.measured().count(), 2);
    assert!(
        result
            .measured()
            .all(|run| run.metrics.as_ref().unwrap().complete)
    );
    assert_eq!((result.cleanup.deleted, result.cleanup.left.len()), (4, 0));
    assert!(
        simulator.count("CreateEndpoint") > 2,
        "some calls were repeated"
    );
    simulator.assert_nothing_is_left();
}
