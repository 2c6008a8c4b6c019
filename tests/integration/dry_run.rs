//! `run --dry-run` and the first line of a run: what it does, how long, how much.

use crate::support::github::GitHub;
use crate::support::runner::{Runner, writes};
use crate::support::{Simulator, Workspace};

#[test]
fn a_plan_is_printed_and_nothing_is_created() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = ["--dry-run", "--expected-clients", "6", "--max-p99", "250ms"];
    let planned = workspace.run(&flags).expect(0);
    insta::assert_snapshot!(planned.stdout, @r"
    Plan for churn on AWS in us-east-1; nothing was created:

      model      m, which exists
      samples    2 samples of samples.jsonl
      endpoints  1024, 2048 MB; under load with MaxConcurrency 2, 4, 8
      calls      2 sizes x 105 calls, 13 loads x 1,000 calls
      baseline   is compared with file:b.json: no runs yet
      limits     memory +0 MB, p99 +10%, cost +5%, p99 at most 250 ms
      prices     us-east-1, list of 2026-09-22
      takes      about 13 min if a call takes 100 ms
      costs      $0.05 if a call takes 100 ms
    ");
    assert!(!workspace.exists("sagegate-results"));
    assert_eq!(simulator.resources(), Vec::<String>::new());
    for operation in ["CreateEndpointConfig", "CreateEndpoint", "InvokeEndpoint"] {
        assert_eq!(simulator.count(operation), 0, "{operation}");
    }
    assert_eq!(simulator.count("DescribeModel"), 1);
}

#[test]
fn a_plan_names_the_runs_that_it_is_compared_with() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let recorded = workspace.run(&["--mode", "record"]).expect(0);
    let first = recorded.stderr.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "2 sizes x 105 calls: about 6 min, less than $0.01 if a call takes 100 ms"
    );
    let planned = workspace.run(&["--dry-run"]).expect(0);
    let baseline = planned.stdout.lines().find(|it| it.contains("baseline"));
    let baseline = baseline.unwrap_or_default();
    assert!(
        baseline.contains("is compared with file:") && baseline.contains(": 1 run, the last of "),
        "{baseline}"
    );
    // As a call took in that run.
    assert!(
        !planned.stdout.contains("if a call takes"),
        "{}",
        planned.stdout
    );
}

#[test]
fn what_would_stop_a_run_stops_its_plan() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let missing = ["run", "--model-name", "gone", "--samples", "samples.jsonl"];
    let refused = workspace.sagegate(&[&missing[..], &["--dry-run"]].concat());
    let refused = refused.expect(2);
    assert!(
        refused.stderr.contains("there is no SageMaker model"),
        "{}",
        refused.stderr
    );
    let both = workspace.run(&["--dry-run", "--resume", "sagegate-results"]);
    assert!(both.expect(2).stderr.contains("cannot be used with"));
}

#[test]
fn a_step_that_only_plans_comments_on_nothing() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .pull_request()
        .input("dry-run", "true")
        .model("m");
    let step = runner.step().expect(0);
    assert!(
        step.outcome.stdout.contains("nothing was created"),
        "{}",
        step.outcome.stdout
    );
    assert_eq!(writes(&github), Vec::<String>::new());
    assert_eq!(simulator.count("CreateEndpoint"), 0);
}
