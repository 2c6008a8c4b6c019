//! Each branch that pull requests are merged into has its own runs; the default branch's stand
//! in where it has none.

use serde_json::{Value, json};

use crate::support::github::{GitHub, REPOSITORY};
use crate::support::runner::{HEAD, PULL_REQUEST, Runner, Step};
use crate::support::{Simulator, Workspace, run_args};

/// A step that measures one size.
fn runner(github: &GitHub, simulator: &Simulator) -> Runner {
    Runner::with_aws(github, simulator)
        .model("m")
        .input("memory-sizes", "2048")
        .input("confirm", "false")
}

fn push(runner: Runner, branch: &str) -> Runner {
    let event = json!({ "repository": { "full_name": REPOSITORY, "default_branch": "main" } });
    runner.event("push", &format!("refs/heads/{branch}"), &event)
}

fn pull_request_into(runner: Runner, base: &str) -> Runner {
    let event = json!({
        "number": PULL_REQUEST,
        "pull_request": {
            "number": PULL_REQUEST,
            "head": { "sha": HEAD, "ref": "faster", "repo": { "full_name": REPOSITORY } },
            "base": { "ref": base, "repo": { "full_name": REPOSITORY } },
        },
        "repository": { "full_name": REPOSITORY, "default_branch": "main" },
    });
    runner.event("pull_request", "refs/pull/7/merge", &event)
}

fn stored(github: &GitHub) -> Value {
    let world = github.world();
    serde_json::from_slice(&world.branches["sagegate"]["baseline.json"]).unwrap()
}

/// The branches of the entries, oldest first.
fn recorded(github: &GitHub) -> Vec<String> {
    let stored = stored(github);
    let entries = stored["models"]["churn"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["branch"].as_str().unwrap().to_owned())
        .collect()
}

/// Main has the quick model, `release/1` one that is three times slower.
fn main_and_release(github: &GitHub, simulator: &Simulator) -> Runner {
    let mut main = push(runner(github, simulator), "main");
    main.step().expect(0);
    let mut release = push(main, "release/1").input("model-name", "m-steady");
    let step = release.step().expect(0);
    let words = "recorded in branch:sagegate";
    assert!(
        step.outcome.stderr.contains(words),
        "{}",
        step.outcome.stderr
    );
    assert_eq!(recorded(github), ["main", "release/1"]);
    release
}

fn judged(runner: Runner, base: &str, model: &str) -> Step {
    let mut runner = pull_request_into(runner, base).input("model-name", model);
    runner.step()
}

#[test]
fn a_pull_request_is_judged_by_the_branch_that_it_is_merged_into() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    main_and_release(&github, &simulator);
    let step = |base, model| judged(runner(&github, &simulator), base, model);
    assert!(step("release/1", "m-steady").compares_with_the_same());
    assert!(!step("main", "m-steady").compares_with_the_same());
    let own = step("main", "m");
    assert!(own.compares_with_the_same());
    assert!(!own.summary.contains("stand in"), "{}", own.summary);
    // A branch that nobody has recorded yet.
    let other = step("release/2", "m");
    assert!(other.compares_with_the_same());
    let words = "`release/2` has no runs with these settings yet: those of `main` stand in";
    assert!(other.summary.contains(words), "{}", other.summary);
    assert_eq!(recorded(&github).len(), 2, "a pull request never writes");
}

#[test]
fn a_schedule_records_the_branch_that_is_checked_out() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let commit = "1234567890123456789012345678901234567890";
    let event = json!({ "schedule": "0 3 * * *" });
    let mut nightly = runner(&github, &simulator).event("schedule", "refs/heads/trunk", &event);
    nightly.step().expect(0);
    nightly
        .workspace
        .write(".git/HEAD", "ref: refs/heads/release/1\n");
    nightly
        .workspace
        .write(".git/refs/heads/release/1", &format!("{commit}\n"));
    nightly.step().expect(0);
    assert_eq!(recorded(&github), ["trunk", "release/1"]);
    let stored = stored(&github);
    assert_eq!(stored["default_branch"], "trunk");
    assert_eq!(stored["models"]["churn"][1]["commit"], commit);
}

#[test]
fn a_result_of_another_workflow_is_judged_by_the_base_of_its_pull_request() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    main_and_release(&github, &simulator);
    let pull = json!({
        "number": PULL_REQUEST,
        "head": { "label": "mallory:faster", "sha": HEAD },
        "base": { "ref": "release/1" },
    });
    github.world().pulls = vec![pull];
    let measured = runner(&github, &simulator).input("comment", "never");
    let mut measured = measured.input("model-name", "m-steady").pull_request();
    // By main's runs, as this event says.
    assert!(!measured.step().compares_with_the_same());
    let mut post = measured.publishing("mallory", HEAD);
    assert!(post.step().compares_with_the_same());
}

#[test]
fn elsewhere_a_flag_names_the_branch() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let record = |model: &'static str, branch: &'static str| {
        let one_size = ["--memory-sizes", "2048", "--confirm", "false"];
        let on = ["--base-branch", branch, "--mode", "record"];
        let extra = [&one_size[..], &on].concat();
        workspace.sagegate(&run_args(model, &extra)).expect(0);
    };
    record("m", "main");
    record("m-steady", "release/1");
    // The result of the last one: its own costs are those of its branch.
    let compare = |branch| {
        let result = "sagegate-results/result.json";
        let base = ["--baseline", "file:b.json", "--base-branch", branch];
        workspace.sagegate(&[&["compare", "--result", result], &base[..]].concat())
    };
    let none = |stdout: &str| {
        let cost = stdout.lines().find(|it| it.contains(" Cost per "));
        cost.unwrap().contains(" none ")
    };
    assert!(none(&compare("release/1").stdout));
    assert!(!none(&compare("main").stdout));
    let error = compare("not a branch").expect(2).stderr;
    let words = "`not a branch` is not the name of a branch";
    assert!(error.contains(words), "{error}");
}
