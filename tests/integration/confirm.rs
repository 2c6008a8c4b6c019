//! A failure of latency or cost alone is measured a second time before it is published.

use sagegate::result::EndpointOutcome;

use crate::support::{Outcome, Simulator, Workspace, replaced, run_args};

/// Limits that a busy machine keeps and a model three times slower does not.
const WIDE: [&str; 4] = ["--max-p99-increase", "90%", "--max-cost-increase", "60%"];
/// The first endpoint of each size is four times slower than the next.
const BAD_HOUR: &str = "overhead_ms = 1.0\nfirst_factor = 4.0";

fn recorded() -> String {
    let main = Simulator::quick();
    let workspace = Workspace::new(&main);
    let record = [&WIDE[..], &["--mode", "record"]].concat();
    workspace.sagegate(&run_args("m-steady", &record)).expect(0);
    workspace.read("b.json")
}

fn simulator_in_a_bad_hour() -> Simulator {
    let profile = replaced(crate::support::QUICK, "");
    Simulator::start(&profile.replace("overhead_ms = 1.0", BAD_HOUR))
}

fn gate(workspace: &Workspace, model: &'static str, extra: &[&'static str]) -> Outcome {
    workspace.sagegate(&run_args(model, &[&WIDE[..], extra].concat()))
}

#[test]
fn a_bad_hour_of_aws_is_measured_again_and_fails_nothing() {
    let simulator = simulator_in_a_bad_hour();
    let workspace = Workspace::new(&simulator);
    workspace.write("b.json", &recorded());
    let outcome = gate(&workspace, "m-steady", &[]).expect(0);
    simulator.assert_nothing_is_left();
    assert!(
        outcome
            .stderr
            .contains("beyond a limit: measuring 1024 MB, 2048 MB once more on fresh endpoints"),
        "{}",
        outcome.stderr
    );
    let comment = workspace.read("sagegate-results/comment.md");
    // A busy machine may leave it undecided.
    assert!(!comment.contains('❌'), "{comment}");
    assert!(
        comment.contains("a first measurement was beyond a limit"),
        "{comment}"
    );
    let result = workspace.result();
    let confirmation = result.confirmation.unwrap();
    for endpoint in &confirmation.stability {
        assert_eq!(endpoint.outcome, EndpointOutcome::Measured);
        assert!(
            endpoint.endpoint_name.ends_with('b'),
            "{}",
            endpoint.endpoint_name
        );
    }
    assert!(!workspace.exists("sagegate-results/measurements-2.jsonl"));
    let ledger = workspace.read("sagegate-results/ledger.json");
    assert!(
        ledger.contains(&confirmation.stability[0].endpoint_name),
        "{ledger}"
    );

    // The same verdict from the file alone.
    let offline = ["compare", "--result", "sagegate-results/result.json"];
    let elsewhere = ["--baseline", "file:b.json", "--output-dir", "off"];
    let compared = workspace.sagegate(&[&offline[..], &elsewhere, &WIDE].concat());
    // All but the path of the page, which comes last.
    let report = |stdout: &str| stdout.split("\nHTML report: ").next().map(str::to_owned);
    assert_eq!(report(&compared.expect(0).stdout), report(&outcome.stdout));
}

#[test]
fn without_confirming_a_bad_hour_fails() {
    let simulator = simulator_in_a_bad_hour();
    let workspace = Workspace::new(&simulator);
    workspace.write("b.json", &recorded());
    gate(&workspace, "m-steady", &["--confirm", "false"]).expect(1);
    assert!(workspace.result().confirmation.is_none());
}

#[test]
fn a_regression_is_confirmed_and_fails() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("b.json", &recorded());
    gate(&workspace, "m-slow", &[]).expect(1);
    simulator.assert_nothing_is_left();
    let comment = workspace.read("sagegate-results/comment.md");
    for words in [
        "❌ churn failed",
        "confirmed by a second measurement on fresh endpoints",
    ] {
        assert!(comment.contains(words), "{words}: {comment}");
    }
    // A recorded run fails nothing, so nothing is measured again.
    gate(&workspace, "m-slow", &["--mode", "record"]).expect(0);
    assert!(workspace.result().confirmation.is_none());
}
