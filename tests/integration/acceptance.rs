//! The label that accepts a regression, from the command line to the bytes on the wire.

use serde_json::json;

use crate::support::Simulator;
use crate::support::github::{Failure, GitHub};
use crate::support::runner::{HEAD, PULL_REQUEST, Runner, Step};

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

/// A pull request that has failed, and a job that judges the same result again, whose values are
/// the same each time.
fn judged_again<'a>(github: &'a GitHub, simulator: &'a Simulator) -> Runner {
    let runner = failed(github, simulator);
    github.world().pulls =
        vec![json!({ "number": PULL_REQUEST, "head": { "label": "acme:faster", "sha": HEAD } })];
    runner.publishing("acme", HEAD)
}

#[test]
fn the_same_second_is_not_before_the_label() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = judged_again(&github, &simulator);
    github.world().label(PULL_REQUEST, LABEL, "octo-dev");
    {
        let mut world = github.world();
        let changed = world.comments[0]["updated_at"].clone();
        let events = world.events.get_mut(&PULL_REQUEST).unwrap();
        events.last_mut().unwrap()["created_at"] = changed;
    }
    let step = runner.step().expect(1);
    assert_failed_beyond(&step, &github, "was added to an earlier report");
}

#[test]
fn the_label_of_a_bot_counts_only_where_that_is_allowed() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = judged_again(&github, &simulator);
    for (login, kind) in [("github-actions[bot]", "User"), ("acme-ci", "Bot")] {
        {
            let mut world = github.world();
            world.label(PULL_REQUEST, LABEL, login);
            let events = world.events.get_mut(&PULL_REQUEST).unwrap();
            events.last_mut().unwrap()["actor"]["type"] = kind.into();
        }
        let step = runner.step().expect(1);
        let words = "was added by a program, which accepts nothing unless `accept-bots` allows it";
        assert_failed_beyond(&step, &github, words);
        assert!(!comment(&github).contains("regression accepted"));
    }
    github
        .world()
        .label(PULL_REQUEST, LABEL, "github-actions[bot]");
    // Who may accept is no question to a bot.
    let runner = runner.input("accept-bots", "true");
    let mut runner = runner.input("accept-permission", "admin");
    assert_eq!(runner.step().expect(0).output("verdict"), "accepted");
}

#[test]
fn who_may_accept_is_asked_of_the_api_at_each_run() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = judged_again(&github, &simulator);
    let set = |login: &str, role: &str| {
        let roles = &mut github.world().roles;
        roles.insert(login.to_owned(), role.to_owned());
    };
    set("octo-triage", "triage");
    set("octo-dev", "write");
    set("octo-lead", "maintain");
    for (needed, login, is_accepted) in [
        ("write", "stranger", false),
        ("write", "octo-triage", false),
        ("write", "octo-dev", true),
        ("maintain", "octo-dev", false),
        ("admin", "octo-lead", false),
        ("maintain", "octo-lead", true),
    ] {
        runner = runner.input("accept-permission", needed);
        // A run that fails shows it again, and the label comes after that.
        github.world().labels.clear();
        runner.step().expect(1);
        github.world().label(PULL_REQUEST, LABEL, login);
        let step = runner.step().expect(u8::from(!is_accepted).into());
        if is_accepted {
            assert_eq!(step.output("verdict"), "accepted", "{login}");
        } else {
            let words = format!(
                "counts only when somebody with the permission {needed} of this repository adds it"
            );
            assert_failed_beyond(&step, &github, &words);
        }
    }
    // What was accepted is lost with the permission.
    set("octo-lead", "write");
    assert_eq!(runner.step().expect(1).output("verdict"), "fail");
    // An API that does not answer leaves the gate closed.
    let refused = "Resource not accessible by integration";
    github.fail(Failure::new("GET", "/collaborators/", 403, refused));
    let step = runner.step().expect(1);
    let warnings = step.annotations("warning").concat();
    let words = "cannot ask what who added the label may do";
    assert!(warnings.contains(words), "{warnings}");
    let mut runner = runner.input("accept-permission", "owner");
    let errors = runner.step().expect(2).annotations("error");
    assert!(
        errors[0].contains("`owner` is not a permission"),
        "{errors:?}"
    );
}
