//! The label that accepts a regression, from the command line to the bytes on the wire.

use crate::support::Simulator;
use crate::support::github::{Failure, GitHub};
use crate::support::runner::{PULL_REQUEST, Runner, Step};

const LABEL: &str = "sagegate:accept";

/// A runner whose pull request has just failed with `m-steady`, in a comment that names the label.
fn failed<'a>(github: &'a GitHub, simulator: &'a Simulator) -> Runner {
    let mut runner = Runner::with_aws(github, simulator)
        .model("m")
        .input("memory-sizes", "2048")
        .push_to_main();
    runner.step().expect(0);
    let mut runner = runner.pull_request().input("model-name", "m-steady");
    let failed = runner.step().expect(1);
    assert_eq!(failed.output("verdict"), "fail");
    assert!(comment(github).contains("add the label `sagegate:accept` and [run the check again]("));
    runner
}

fn comment(github: &GitHub) -> String {
    let mut bodies = github.world().bodies(PULL_REQUEST);
    assert_eq!(bodies.len(), 1);
    bodies.remove(0)
}

#[track_caller]
fn assert_failed_beyond(step: &Step, github: &GitHub, words: &str) {
    assert_eq!(step.output("verdict"), "fail");
    let body = comment(github);
    assert!(
        body.contains("### ❌ churn failed") && body.contains(words),
        "{body}"
    );
}

#[test]
fn what_the_comment_showed_is_accepted_and_a_slower_commit_fails_again() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = failed(&github, &simulator);
    github.world().label(PULL_REQUEST, LABEL, "octo-dev");

    let accepted = runner.step().expect(0);
    assert_eq!(accepted.output("verdict"), "accepted");
    let body = comment(&github);
    assert!(
        body.contains("### 🟡 churn: regression accepted by octo-dev: "),
        "{body}"
    );
    assert!(
        body.contains("🟡 accepted") && body.contains("worse ones fail again"),
        "{body}"
    );
    assert!(accepted.summary.contains("regression accepted by octo-dev"));

    // A later commit, still under the same label.
    let mut runner = runner.input("model-name", "m-slow");
    let worse = runner.step().expect(1);
    let words = "was added to better values than these";
    assert_failed_beyond(&worse, &github, words);
    // The acceptance is kept in the comment although it did not help.
    let mut runner = runner.input("model-name", "m-steady");
    assert_eq!(runner.step().expect(0).output("verdict"), "accepted");
    // Put on again after the worse values were shown, it covers them.
    let mut runner = runner.input("model-name", "m-slow");
    runner.step().expect(1);
    github.world().label(PULL_REQUEST, LABEL, "octo-lead");
    runner.step().expect(0);
    assert!(comment(&github).contains("regression accepted by octo-lead"));

    // Without the label nothing is accepted, even if the comment keeps it.
    github.world().labels.clear();
    assert_eq!(runner.step().expect(1).output("verdict"), "fail");
    simulator.assert_nothing_is_left();
}

#[test]
fn a_label_without_anything_to_accept_accepts_nothing() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .push_to_main();
    runner.step().expect(0);
    github.world().label(PULL_REQUEST, LABEL, "octo-dev");
    let mut runner = runner.pull_request().input("model-name", "m-steady");
    let early = runner.step().expect(1);
    assert_failed_beyond(
        &early,
        &github,
        "was added before there was a report to accept",
    );
    // The run has changed the comment since.
    let late = runner.step().expect(1);
    assert_failed_beyond(&late, &github, "was added to an earlier report");
}

#[test]
fn a_label_that_cannot_be_read_leaves_the_gate_closed() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = failed(&github, &simulator);
    github.world().label(PULL_REQUEST, LABEL, "octo-dev");
    let words = "Resource not accessible by integration";
    github.fail(Failure::new("GET", "/labels", 403, words));
    let step = runner.step().expect(1);
    let warnings = step.annotations("warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for words in [
        "nothing is accepted, the label sagegate:accept cannot be read",
        "pull-requests: read",
    ] {
        assert!(warnings[0].contains(words), "{warnings:?}");
    }
}
