//! Stores of baselines, from the command line: two writers lose nothing, a damaged one is left alone.

use std::collections::BTreeSet;
use std::process::Child;

use serde_json::Value;

use crate::support::github::{Failure, GitHub, REPOSITORY, TOKEN};
use crate::support::{Simulator, Workspace};

const WRITERS: usize = 20;

/// A workspace that knows GitHub as a workflow does, and holds a result.
fn measured(simulator: &Simulator, github: &GitHub) -> Workspace {
    let workspace = Workspace::new(simulator)
        .with("GITHUB_API_URL", &github.api_url())
        .with("GITHUB_REPOSITORY", REPOSITORY)
        .with("GITHUB_TOKEN", TOKEN);
    let flags = ["--memory-sizes", "2048", "--invocations", "100"];
    workspace.run(&flags).expect(0);
    workspace
}

/// Records the same measurements as so many runs, all at once.
fn record_at_once(workspace: &Workspace, uri: &str) {
    let result: Value =
        serde_json::from_str(&workspace.read("sagegate-results/result.json")).unwrap();
    let writers: Vec<Child> = (0..WRITERS)
        .map(|writer| {
            let mut result = result.clone();
            result["run_id"] = format!("run-{writer}").into();
            let file = format!("{writer}.json");
            workspace.write(&file, &result.to_string());
            workspace.spawn(&["record", "--result", &file, "--baseline", uri])
        })
        .collect();
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
    }
}

#[track_caller]
fn assert_all_are_there(text: &str) {
    let baseline: Value = serde_json::from_str(text).unwrap();
    let entries = baseline["models"]["churn"].as_array().unwrap();
    let ids: BTreeSet<&str> = entries
        .iter()
        .map(|it| it["run_id"].as_str().unwrap())
        .collect();
    assert_eq!((entries.len(), ids.len()), (WRITERS, WRITERS));
}

fn on_branch(github: &GitHub) -> Option<String> {
    let world = github.world();
    let bytes = world
        .branches
        .get("sagegate")?
        .get("baseline.json")?
        .clone();
    Some(String::from_utf8(bytes).unwrap())
}

#[test]
fn twenty_writers_at_once_are_all_in_the_file() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    record_at_once(&workspace, "file:shared.json");
    assert_all_are_there(&workspace.read("shared.json"));
}

#[test]
fn twenty_writers_at_once_are_all_on_the_branch_which_is_created() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    record_at_once(&workspace, "branch:sagegate");
    assert_all_are_there(&on_branch(&github).unwrap());
}

#[test]
fn main_is_recorded_on_a_branch_and_the_next_run_is_compared_with_it() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    let run = [
        "--memory-sizes",
        "2048",
        "--invocations",
        "100",
        "--baseline",
        "branch:sagegate",
    ];
    let recorded: Vec<&str> = run.into_iter().chain(["--mode", "record"]).collect();
    let outcome = workspace.run(&recorded).expect(0);
    assert!(
        outcome.stderr.contains("recorded in branch:sagegate"),
        "{}",
        outcome.stderr
    );
    let before = on_branch(&github).unwrap();
    let compared = workspace.run(&run);
    assert!(
        !compared.stdout.contains("no baseline"),
        "{}",
        compared.stdout
    );
    let offline = workspace.sagegate(&[
        "compare",
        "--result",
        "sagegate-results/result.json",
        "--baseline",
        "branch:sagegate",
    ]);
    assert!(
        !offline.stdout.contains("no baseline"),
        "{}",
        offline.stdout
    );
    assert_eq!(
        on_branch(&github).unwrap(),
        before,
        "a run that compares never writes"
    );
}

#[test]
fn a_read_only_token_is_a_warning_and_never_changes_the_verdict() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    let denied = Failure {
        times: 10,
        ..Failure::new(
            "PUT",
            "contents",
            403,
            "Resource not accessible by integration",
        )
    };
    github.fail(denied);
    let flags = [
        "--memory-sizes",
        "2048",
        "--invocations",
        "100",
        "--baseline",
        "branch:sagegate",
        "--mode",
        "record",
    ];
    let outcome = workspace.run(&flags).expect(0);
    assert!(
        outcome.stderr.contains("warning: baseline branch:sagegate"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("contents: write"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains(TOKEN));
    let record = [
        "record",
        "--result",
        "sagegate-results/result.json",
        "--baseline",
        "branch:sagegate",
    ];
    workspace.sagegate(&record).expect(3);
}

#[test]
fn a_damaged_or_newer_baseline_on_the_branch_is_refused_and_left_as_it_is() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    for (content, words) in [
        ("{\"schema\":1,\"mod", "is damaged or not a baseline"),
        ("{\"schema\":9,\"models\":{}}", "has schema 9"),
    ] {
        let file = [("baseline.json".to_owned(), content.as_bytes().to_vec())];
        github
            .world()
            .branches
            .insert("sagegate".to_owned(), file.into());
        for mode in ["gate", "record"] {
            let flags = ["--baseline", "branch:sagegate", "--mode", mode];
            let outcome = workspace.run(&flags).expect(2);
            assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        }
        assert_eq!(on_branch(&github).as_deref(), Some(content));
    }
}
