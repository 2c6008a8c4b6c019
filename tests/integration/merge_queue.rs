//! A merge queue: the labels and comments of its pull requests count, and what is tried together
//! is said.

use serde_json::json;

use crate::support::Simulator;
use crate::support::github::{BOT, Failure, GitHub, REPOSITORY};
use crate::support::runner::{HEAD, Runner, comments, writes};

const LABEL: &str = "sagegate:accept";
/// The commit of pull request 5's merge in the queue.
const BEFORE: &str = "5555555555555555555555555555555555555555";

fn merge_group(runner: Runner, number: u64) -> Runner {
    let reference = format!("refs/heads/gh-readonly-queue/main/pr-{number}-8f31c2e0");
    let event = json!({
        "action": "checks_requested",
        "merge_group": { "head_sha": HEAD, "head_ref": reference, "base_ref": "refs/heads/main" },
        "repository": { "full_name": REPOSITORY, "default_branch": "main" },
    });
    runner.event("merge_group", &reference, &event)
}

/// Main has the quick model; the pull request, three times slower, has failed.
fn failed(github: &GitHub, simulator: &Simulator) -> Runner {
    let role = ("octo-dev".to_owned(), "write".to_owned());
    github.world().roles.extend([role]);
    let mut runner = Runner::with_aws(github, simulator)
        .model("m")
        .input("memory-sizes", "2048")
        .input("confirm", "false")
        .push_to_main();
    runner.step().expect(0);
    let mut runner = runner.pull_request().input("model-name", "m-steady");
    runner.step().expect(1);
    runner
}

#[test]
fn what_the_label_accepts_passes_in_the_queue_and_its_comment_stays() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let runner = failed(&github, &simulator);
    let mut runner = merge_group(runner, 7);
    let refused = runner.step().expect(1);
    assert_eq!(refused.output("verdict"), "fail");
    github.world().label(7, LABEL, "octo-dev");
    let (before, written) = (comments(&github), writes(&github));
    let accepted = runner.step().expect(0);
    assert_eq!(accepted.output("verdict"), "accepted");
    for words in [
        "regression accepted by octo-dev",
        "this merge group is of pull request 7. Its label accepts these values.",
    ] {
        assert!(accepted.summary.contains(words), "{}", accepted.summary);
    }
    // What is worse than the comment showed fails in the queue, too.
    let mut slower = runner.input("model-name", "m-slow");
    let worse = slower.step().expect(1);
    let words = "was added to better values than these";
    assert!(worse.summary.contains(words), "{}", worse.summary);
    assert_eq!((comments(&github), writes(&github)), (before, written));
}

#[test]
fn a_batch_is_explained_and_the_label_of_one_before_it_counts() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let runner = failed(&github, &simulator);
    // The comment and the label are of pull request 5, which comes before 7 in the queue.
    let of_seven = comments(&github).remove(0);
    github.world().comments.clear();
    github.world().comment(5, BOT, &of_seven);
    {
        let mut world = github.world();
        let queue = "refs/heads/gh-readonly-queue/main";
        world.queue = vec![
            (format!("{queue}/pr-5-0000"), BEFORE.to_owned()),
            (format!("{queue}/pr-7-5555"), HEAD.to_owned()),
            // Behind it: not in the group.
            (format!("{queue}/pr-9-8f31"), "9".repeat(40)),
        ];
        world.ahead = vec![BEFORE.to_owned(), HEAD.to_owned()];
    }
    let mut runner = merge_group(runner, 7);
    let step = runner.step().expect(1);
    let batch = "this merge group is of pull request 7 and holds 5 before it in the queue too";
    assert!(step.summary.contains(batch), "{}", step.summary);
    github.world().label(5, LABEL, "octo-dev");
    let step = runner.step().expect(0);
    assert_eq!(step.output("verdict"), "accepted");
    let words = "The label of pull request 5 accepts these values.";
    assert!(step.summary.contains(words), "{}", step.summary);
}

#[test]
fn a_queue_that_cannot_be_asked_is_judged_all_the_same() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let runner = failed(&github, &simulator);
    github.world().label(7, LABEL, "octo-dev");
    let words = "Resource not accessible by integration";
    github.fail(Failure::new("GET", "/compare/", 403, words));
    let mut runner = merge_group(runner, 7);
    let step = runner.step().expect(0);
    assert_eq!(step.output("verdict"), "accepted");
    let warnings = step.annotations("warning");
    assert!(
        warnings
            .iter()
            .any(|it| it.contains("whether the merge group holds other pull requests")),
        "{warnings:?}"
    );
    // A group whose name says no number is judged without a pull request.
    let event = json!({ "repository": { "default_branch": "main" } });
    let mut runner = runner.event("merge_group", "refs/heads/main", &event);
    assert_eq!(runner.step().expect(1).output("verdict"), "fail");
}
