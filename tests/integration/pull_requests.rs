//! Which pull request a run is about: the number from the input or the event, the commit and the
//! fork's rules from GitHub.

use serde_json::{Value, json};

use crate::support::Simulator;
use crate::support::github::{Failure, GitHub, REPOSITORY};
use crate::support::runner::{HEAD, Runner, comments, writes};

/// Pull request 7 as GitHub describes it.
fn open_pull_request(github: &GitHub, from: &str) {
    github.world().pulls.push(json!({
        "number": 7,
        "state": "open",
        "head": { "label": "alice:faster", "ref": "faster", "sha": HEAD, "repo": { "full_name": from } },
        "base": { "ref": "main", "repo": { "full_name": REPOSITORY } },
    }));
}

/// A run on the built-in simulator, for an event that describes no pull request.
fn on(github: &GitHub, name: &str, event: &Value) -> Runner {
    let mut event = event.clone();
    event["repository"] = json!({ "id": 1, "full_name": REPOSITORY, "default_branch": "main" });
    Runner::new(github)
        .event(name, "refs/heads/main", &event)
        .input("simulate", "xgboost")
        .input("memory-sizes", "2048")
        .input("invocations", "50")
        .input("warmup", "1")
}

fn comment_event() -> Value {
    json!({ "issue": { "number": 7, "pull_request": { "url": "x" } }, "comment": { "body": "/benchmark" } })
}

#[test]
fn a_comment_a_run_by_hand_and_a_check_name_their_pull_request() {
    let of_check = |key: &str| {
        let pull =
            |number: u64, id: u64| json!({ "number": number, "base": { "repo": { "id": id } } });
        json!({ key: { "head_sha": HEAD, "pull_requests": [pull(3, 2), pull(7, 1)] } })
    };
    let of_workflow = json!({ "workflow_run": {
        "name": "train", "event": "pull_request", "head_sha": HEAD, "head_branch": "faster",
        "head_repository": { "full_name": REPOSITORY, "owner": { "login": "alice" } }, "pull_requests": [],
    }});
    for (name, event) in [
        ("issue_comment", comment_event()),
        (
            "workflow_dispatch",
            json!({ "inputs": { "pull-request": "7" } }),
        ),
        (
            "workflow_dispatch",
            json!({ "inputs": { "pull_request": 7 } }),
        ),
        ("check_suite", of_check("check_suite")),
        ("check_run", of_check("check_run")),
        ("workflow_run", of_workflow),
    ] {
        let github = GitHub::start();
        open_pull_request(&github, REPOSITORY);
        let step = on(&github, name, &event).step().expect(0);
        assert_eq!(step.output("verdict"), "no-baseline", "{name}");
        assert_eq!(writes(&github), ["POST /issues/7/comments"], "{name}");
        let comment = &comments(&github)[0];
        assert!(
            comment.contains(&format!(" sha={HEAD} ")),
            "{name}: {comment}"
        );
        assert_eq!(step.annotations("notice"), Vec::<String>::new(), "{name}");
        assert_eq!(step.annotations("warning").len(), 1, "{name}: no baseline");
    }
}

#[test]
fn the_input_names_it_whatever_the_event() {
    for name in [
        "workflow_dispatch",
        "push",
        "schedule",
        "repository_dispatch",
        "issue_comment",
    ] {
        let github = GitHub::start();
        open_pull_request(&github, REPOSITORY);
        let step = on(&github, name, &json!({}))
            .input("pull-request", "7")
            .step()
            .expect(0);
        assert_eq!(writes(&github), ["POST /issues/7/comments"], "{name}");
        assert!(
            comments(&github)[0].contains(&format!(" sha={HEAD} ")),
            "{name}"
        );
        // Neither a push nor the schedule is recorded when it is about a pull request.
        assert!(!step.outcome.stderr.contains("recorded in"), "{name}");
    }
    let github = GitHub::start();
    for bad in ["0", "seven", "-7"] {
        let step = on(&github, "push", &json!({}))
            .input("pull-request", bad)
            .step()
            .expect(2);
        let errors = step.annotations("error");
        assert!(
            errors.len() == 1 && errors[0].contains("input `pull-request`"),
            "{errors:?}"
        );
    }
}

#[test]
fn the_event_is_enough_where_it_describes_the_pull_request() {
    let github = GitHub::start();
    let event = json!({ "pull_request": {
        "number": 7, "head": { "sha": HEAD, "repo": { "full_name": REPOSITORY } },
    }});
    let run = || on(&github, "pull_request", &event).input("pull-request", "7");
    run().step().expect(0);
    let asked = github.log().into_iter().filter(|it| it.contains("/pulls"));
    assert_eq!(asked.count(), 0);
    assert!(comments(&github)[0].contains(&format!(" sha={HEAD} ")));
}

#[test]
fn without_a_pull_request_one_notice_says_how_to_name_it() {
    let github = GitHub::start();
    for (name, event) in [
        ("workflow_dispatch", json!({ "inputs": {} })),
        ("issue_comment", json!({ "issue": { "number": 7 } })),
        (
            "check_suite",
            json!({ "check_suite": { "head_sha": HEAD, "pull_requests": [] } }),
        ),
        (
            "repository_dispatch",
            json!({ "client_payload": { "pull-request": 7 } }),
        ),
    ] {
        let step = on(&github, name, &event).step().expect(0);
        let notices = step.annotations("notice");
        assert!(
            notices.len() == 1 && notices[0].contains("name one with `pull-request: NUMBER`"),
            "{name}: {notices:?}"
        );
        let quiet = on(&github, name, &event).input("comment", "never");
        let step = { quiet }.step().expect(0);
        assert_eq!(step.annotations("notice"), Vec::<String>::new(), "{name}");
    }
    assert_eq!(writes(&github), Vec::<String>::new());
}

#[test]
fn a_pull_request_that_cannot_be_read_is_one_warning_and_never_mains_commit() {
    let github = GitHub::start();
    let step = on(&github, "issue_comment", &comment_event())
        .step()
        .expect(0);
    let warnings = step.annotations("warning");
    let told = warnings
        .iter()
        .filter(|it| it.contains("cannot read the pull request: Not Found (HTTP 404)"));
    assert_eq!(told.count(), 1, "{warnings:?}");
    assert_eq!(step.annotations("notice"), Vec::<String>::new());
    assert_eq!(writes(&github), Vec::<String>::new());

    // The right to comment is another than the right to read pull requests.
    let words = "Resource not accessible by integration";
    github.fail(Failure::new("GET", "/pulls/7", 403, words));
    let step = on(&github, "issue_comment", &comment_event())
        .step()
        .expect(0);
    let warnings = step.annotations("warning");
    assert!(
        warnings
            .iter()
            .any(|it| it.contains(words) && it.contains("pull-requests: read")),
        "{warnings:?}"
    );
    assert_eq!(writes(&github), ["POST /issues/7/comments"]);
    assert!(comments(&github)[0].contains(" sha=unknown "));
}

#[test]
fn a_forks_head_without_credentials_is_not_run_before_any_input_is_read() {
    for (name, event) in [
        ("issue_comment", comment_event()),
        (
            "workflow_dispatch",
            json!({ "inputs": { "pull-request": "7" } }),
        ),
        (
            "pull_request",
            json!({ "pull_request": { "number": 7, "head": { "sha": HEAD, "repo": { "full_name": "mallory/churn" } } } }),
        ),
        (
            "pull_request_target",
            json!({ "pull_request": { "number": 7, "head": { "sha": HEAD, "repo": { "full_name": "mallory/churn" } } } }),
        ),
    ] {
        for (input, value) in [
            // Made by a step that has no credentials, either.
            ("samples", "made-by-a-step-that-was-skipped.jsonl"),
            ("model-name", ""),
            ("trace", "missing.txt"),
            ("prices", "missing.json"),
        ] {
            let (github, simulator) = (GitHub::start(), Simulator::quick());
            open_pull_request(&github, "mallory/churn");
            let mut event = event.clone();
            event["repository"] =
                json!({ "id": 1, "full_name": REPOSITORY, "default_branch": "main" });
            let mut runner = Runner::with_aws(&github, &simulator)
                .model("m")
                .event(name, "refs/heads/main", &event)
                .without("AWS_ACCESS_KEY_ID")
                .input(input, value);
            let step = runner.step().expect(0);
            assert_eq!(step.output("verdict"), "not-run", "{name} {input}");
            assert!(
                step.summary
                    .contains("not run: fork pull requests get no AWS credentials"),
                "{name}: {}",
                step.summary
            );
            assert_eq!(simulator.state()["requests"], json!({}));
            assert!(
                comments(&github)[0].contains(&format!(" sha={HEAD} ")),
                "{name}"
            );
        }
    }
}

#[test]
fn the_same_inputs_are_errors_on_a_branch_of_the_repository_and_with_credentials() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    open_pull_request(&github, REPOSITORY);
    let event = comment_event();
    let without = Runner::with_aws(&github, &simulator)
        .model("m")
        .event("issue_comment", "refs/heads/main", &event)
        .without("AWS_ACCESS_KEY_ID")
        .input("samples", "missing.jsonl");
    let step = { without }.step().expect(2);
    assert_eq!(step.output("verdict"), "could-not-measure");
    let fork = Runner::with_aws(&github, &simulator)
        .model("m")
        .pull_request_of("mallory/churn")
        .input("samples", "missing.jsonl");
    let step = { fork }.step().expect(2);
    assert!(step.summary.contains("missing.jsonl"), "{}", step.summary);
}
