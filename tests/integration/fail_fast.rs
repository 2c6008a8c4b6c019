//! `--fail-fast`: a certain failure ends the run, from the command line to the bytes on the wire.

use sagegate::result::EndpointOutcome;

use crate::support::github::GitHub;
use crate::support::runner::{PULL_REQUEST, Runner};
use crate::support::{Simulator, Workspace, spaced};

const SIZES: [&str; 4] = ["--memory-sizes", "1024,2048", "--invocations", "600"];

fn with<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&SIZES, flags].concat()
}

#[test]
fn a_certain_failure_ends_the_run_and_keeps_its_verdict_offline() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&with(&["--mode", "record"])).expect(0);
    let before = simulator.count("InvokeEndpoint");
    let flags = ["--model-name", "m-slow", "--fail-fast"];
    let outcome = workspace.run(&with(&flags)).expect(1);
    simulator.assert_nothing_is_left();
    let sent = simulator.count("InvokeEndpoint") - before;
    assert!(sent < 600, "{sent} instead of 1200");
    assert!(
        outcome.stdout.contains("failed: p95 at least +"),
        "{}",
        outcome.stdout
    );
    let result = workspace.result();
    for endpoint in &result.stability {
        assert!(
            matches!(
                endpoint.outcome,
                EndpointOutcome::FailedFast { planned: 600, .. }
            ),
            "{:?}",
            endpoint.outcome
        );
        assert!(endpoint.metrics.is_none());
    }
    let comment = spaced(&workspace.read("sagegate-results/comment.md"));
    assert!(
        comment.contains("of 600 calls at 2048 MB: the run fails even if"),
        "{comment}"
    );
    // The saved result says the same, and no baseline takes it.
    let saved = [
        "--result",
        "sagegate-results/result.json",
        "--baseline",
        "file:b.json",
    ];
    let compared = workspace
        .sagegate(&[&["compare"], &saved[..]].concat())
        .expect(1);
    assert!(
        compared.stdout.contains("failed: p95 at least +"),
        "{}",
        compared.stdout
    );
    let recorded = workspace
        .sagegate(&[&["record"], &saved[..]].concat())
        .expect(2);
    assert!(
        recorded.stderr.contains("was not measured to its end"),
        "{}",
        recorded.stderr
    );
}

#[test]
fn a_run_that_may_pass_is_measured_to_its_end() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace
        .run(&with(&["--mode", "record", "--fail-fast"]))
        .expect(0);
    workspace.run(&with(&["--fail-fast"])).expect(0);
    for endpoint in &workspace.result().stability {
        assert_eq!(endpoint.outcome, EndpointOutcome::Measured);
        assert_eq!(endpoint.invocations.len(), 600);
    }
}

#[test]
fn what_the_server_measured_cannot_be_known_early() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace
        .run(&["--fail-fast", "--latency-source", "server"])
        .expect(2);
    assert!(
        outcome
            .stderr
            .contains("--fail-fast needs --latency-source client"),
        "{}",
        outcome.stderr
    );
    assert_eq!(simulator.operations(), Vec::<String>::new());
}

#[test]
fn a_label_has_the_run_measured_to_its_end() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .input("memory-sizes", "2048")
        .push_to_main();
    runner.step().expect(0);
    let mut runner = runner
        .pull_request()
        .input("model-name", "m-slow")
        .input("fail-fast", "true");
    let stopped = runner.step().expect(1);
    assert_eq!(stopped.output("verdict"), "fail");
    let bodies = github.world().bodies(PULL_REQUEST);
    assert!(
        bodies[0].contains("it is then measured to the end"),
        "{bodies:?}"
    );
    // The lowest bound was no value to accept; the run under the label shows those.
    github
        .world()
        .label(PULL_REQUEST, "sagegate:accept", "octo-dev");
    runner.step().expect(1);
    let bodies = github.world().bodies(PULL_REQUEST);
    assert!(
        bodies[0].contains("added before there was a report to accept")
            && !bodies[0].contains("at least +"),
        "{bodies:?}"
    );
    github
        .world()
        .label(PULL_REQUEST, "sagegate:accept", "octo-dev");
    assert_eq!(runner.step().expect(0).output("verdict"), "accepted");
    simulator.assert_nothing_is_left();
}
