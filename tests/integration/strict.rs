//! `strict`: only a verdict lets a required check pass.

use crate::support::github::GitHub;
use crate::support::runner::Runner;
use crate::support::{Simulator, Workspace};

#[test]
fn strict_fails_what_decides_nothing_and_refuses_its_opposite_before_anything_is_created() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let refused = workspace
        .run(&["--strict", "--on-no-baseline", "warn"])
        .expect(2);
    assert!(
        refused
            .stderr
            .contains("--on-no-baseline warn contradicts --strict"),
        "{}",
        refused.stderr
    );
    assert_eq!(simulator.count("CreateEndpoint"), 0);
    workspace.run(&["--strict"]).expect(1);
    let saved = ["--result", "sagegate-results/result.json"];
    let compare = |extra: &[&str]| {
        let arguments = [&["compare"], &saved[..], extra].concat();
        workspace.sagegate(&arguments)
    };
    compare(&[]).expect(0);
    compare(&["--strict"]).expect(1);
    compare(&["--strict", "--on-inconclusive", "fail"]).expect(1);
    compare(&["--strict", "--on-inconclusive", "warn"]).expect(2);
}

/// A pull request on the built-in simulator, without a baseline.
fn first_pull_request(github: &GitHub) -> Runner {
    Runner::new(github)
        .input("simulate", "xgboost")
        .input("memory-sizes", "2048")
        .input("invocations", "50")
        .input("warmup", "1")
}

#[test]
fn as_an_input_it_fails_the_step_and_an_explicit_warn_is_refused() {
    let github = GitHub::start();
    first_pull_request(&github).step().expect(0);
    let strict = first_pull_request(&github)
        .input("strict", "true")
        .step()
        .expect(1);
    assert_eq!(strict.output("verdict"), "no-baseline");
    let both = first_pull_request(&github)
        .input("strict", "true")
        .input("on-no-credentials", "warn")
        .step();
    assert_eq!(both.outcome.code, Some(2), "{}", both.outcome.stderr);
}

#[test]
fn a_pull_request_of_a_fork_fails_a_strict_check() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let step = Runner::with_aws(&github, &simulator)
        .model("m")
        .pull_request_of("mallory/churn")
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .input("strict", "true")
        .step()
        .expect(1);
    assert_eq!(step.output("verdict"), "not-run");
}
