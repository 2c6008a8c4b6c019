//! What everybody can read names no AWS account and shows no credential; the log has AWS's words.

use crate::support::Simulator;
use crate::support::github::GitHub;
use crate::support::runner::{Runner, Step, comments};

/// The simulator's account.
const ACCOUNT: &str = "000000000000";
const ROLE_ACCOUNT: &str = "123456789012";

/// Everything that is public of a step, by where it is.
fn public(github: &GitHub, runner: &Runner, step: &Step) -> Vec<(&'static str, String)> {
    let file = |name: &str| runner.workspace.read(&format!("sagegate-results/{name}"));
    vec![
        ("comment", comments(github).concat()),
        ("summary", step.summary.clone()),
        ("outputs", format!("{:?}", step.outputs)),
        ("annotations", step.commands().concat()),
        ("comment.md", file("comment.md")),
        ("page", file("benchmarking_report/benchmarking_report.html")),
    ]
}

/// What is printed and is no workflow command.
fn log(step: &Step) -> String {
    let all = format!("{}\n{}", step.outcome.stdout, step.outcome.stderr);
    let lines = all.lines().filter(|line| !line.starts_with("::"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_account_in_a_refusal_is_hidden_in_public_and_whole_in_the_log() {
    for fault in ["access_denied", "role_refused"] {
        let denied = format!(
            "[[operation_faults]]\noperation = \"CreateEndpointConfig\"\nkind = \"{fault}\"\nevery = 1"
        );
        let (github, simulator) = (GitHub::start(), Simulator::quick_with(&denied));
        let mut runner = Runner::with_aws(&github, &simulator)
            .model("m")
            .input("baseline", "file:b.json");
        let step = runner.step();
        assert_ne!(step.output("verdict"), "pass", "{fault}");
        let all = public(&github, &runner, &step);
        for (place, text) in &all {
            assert!(!text.contains(ACCOUNT), "{fault}, {place}: {text}");
        }
        let masked = |name: &str| {
            all.iter()
                .any(|(place, text)| *place == name && text.contains("::***:"))
        };
        assert!(masked("summary") || masked("page"), "{fault}: {all:?}");
        assert!(log(&step).contains(ACCOUNT), "{fault}: {}", log(&step));
    }
}

#[test]
fn a_role_that_cannot_be_assumed_is_named_without_its_account() {
    let denied = "[[operation_faults]]\noperation = \"AssumeRoleWithWebIdentity\"\nkind = \"access_denied\"\nevery = 1";
    let (github, simulator) = (GitHub::start(), Simulator::quick_with(denied));
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", &github.identity_url())
        .with(
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            crate::support::github::IDENTITY_TOKEN,
        )
        .input("role-to-assume", "arn:aws:iam::123456789012:role/gate");
    let step = runner.step().expect(2);
    for (place, text) in public(&github, &runner, &step) {
        assert!(!text.contains(ROLE_ACCOUNT), "{place}: {text}");
    }
    assert!(comments(&github)[0].contains("***:role/gate"));
    assert!(log(&step).contains(ROLE_ACCOUNT), "{}", log(&step));
}

#[test]
fn a_date_in_a_name_and_numbers_of_our_own_are_no_accounts() {
    let github = GitHub::start();
    let mut runner = Runner::new(&github)
        .with("GITHUB_RUN_ID", "1")
        .input("simulate", "xgboost")
        .input("name", "churn-202611221012")
        .input("memory-sizes", "2048")
        .input("invocations", "50");
    let step = runner.step().expect(0);
    for (place, text) in public(&github, &runner, &step) {
        assert!(!text.contains("***"), "{place}: {text}");
    }
    assert!(comments(&github)[0].contains("churn-202611221012"));
    // The comment is found again.
    runner.step().expect(0);
    assert_eq!(comments(&github).len(), 1);
}

#[test]
fn an_account_in_the_name_of_the_model_keeps_the_comment_findable() {
    let github = GitHub::start();
    let mut runner = Runner::new(&github)
        .input("simulate", "xgboost")
        .input(
            "name",
            "arn:aws:sagemaker:us-east-1:123456789012:model/churn",
        )
        .input("memory-sizes", "2048")
        .input("invocations", "50");
    for _ in 0..2 {
        runner.step().expect(0);
    }
    let comments = comments(&github);
    assert_eq!(comments.len(), 1);
    let (_, shown) = comments[0].split_once('\n').unwrap();
    assert!(
        shown.contains("***:model/churn") && !shown.contains(ROLE_ACCOUNT),
        "{shown}"
    );
}
