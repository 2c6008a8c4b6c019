//! A clean-up that may not do everything: what can be done is done, and the rest is named.

use std::time::Duration;

use serde_json::{Value, json};

use crate::abandoned_job::{KILLED_AT_ONCE, abandoned, run_of, status};
use crate::kill::{create_foreign, killed_run};
use crate::submit;
use crate::support::github::GitHub;
use crate::support::runner::{Runner, Step};
use crate::support::{Outcome, Simulator, Workspace};

/// A rule of the simulator: the role may not call `operation` from the `from`-th call on, about
/// resources whose name or ARN contains `resource`.
fn denied_from(operation: &str, from: u32, resource: &str) -> String {
    format!(
        "[[operation_faults]]\noperation = \"{operation}\"\nkind = \"access_denied\"\nfrom = {from}\n\
         resource = \"{resource}\"\n"
    )
}

fn denied(operation: &str, resource: &str) -> String {
    denied_from(operation, 1, resource)
}

/// What is left of a killed run: two endpoints with their configs.
fn leftovers(faults: &str) -> (Simulator, Workspace, String) {
    let simulator = Simulator::quick_with(faults);
    let workspace = Workspace::new(&simulator);
    let run = killed_run(&simulator, &workspace);
    assert_eq!(simulator.resources().len(), 4);
    (simulator, workspace, run)
}

fn cleanup_run(workspace: &Workspace, run: &str) -> Outcome {
    workspace.sagegate(&["cleanup", "--run", run])
}

#[track_caller]
fn assert_says(outcome: &Outcome, words: &str) {
    assert!(
        outcome.stderr.contains(words),
        "{words}:\n{}",
        outcome.stderr
    );
}

#[test]
fn without_the_list_of_jobs_all_else_is_deleted_and_jobs_are_named() {
    let (simulator, workspace, run) = leftovers(&denied("ListProcessingJobs", ""));
    let outcome = cleanup_run(&workspace, &run).expect(3);
    simulator.assert_nothing_is_left();
    assert_eq!(
        outcome.stdout,
        format!("run {run} in us-east-1: deleted 4 resources\n")
    );
    assert_says(
        &outcome,
        "error: not looked for: processing jobs: ListProcessingJobs failed: AccessDeniedException",
    );
    assert_says(
        &outcome,
        "; allow for this role: `sagemaker:ListProcessingJobs`; then run `sagegate cleanup` again\n",
    );
    // Nothing is there any more, and yet it is not known.
    let again = cleanup_run(&workspace, &run).expect(3);
    assert_eq!(again.stdout, "");
}

#[test]
fn every_list_alone_that_is_denied_stops_no_other() {
    for (operation, named) in [
        ("ListEndpoints", "endpoints"),
        ("ListEndpointConfigs", "endpoint configs"),
        ("ListModels", "models"),
    ] {
        let (simulator, workspace, run) = leftovers(&denied(operation, ""));
        let dry = workspace.sagegate(&["cleanup", "--run", &run, "--dry-run"]);
        assert!(dry.expect(3).stdout.lines().count() >= 4);
        let outcome = cleanup_run(&workspace, &run).expect(3);
        assert_says(
            &outcome,
            &format!("not looked for: {named}: {operation} failed"),
        );
        // Endpoint and endpoint config have one name: the one list tells of the other.
        simulator.assert_nothing_is_left();
    }
}

#[test]
fn by_age_an_unlisted_endpoint_may_be_young_so_that_its_config_stays() {
    let (simulator, workspace, _) = leftovers(&denied("ListEndpoints", ""));
    std::thread::sleep(Duration::from_millis(2100));
    let outcome = workspace
        .sagegate(&["cleanup", "--older-than", "1s"])
        .expect(3);
    assert_says(
        &outcome,
        "kept, as their tags cannot be read: endpoint sagegate-",
    );
    assert_says(&outcome, "allow for this role: `sagemaker:ListEndpoints`;");
    assert_eq!(simulator.resources().len(), 4);
}

#[test]
fn a_config_whose_tag_cannot_be_read_stays_and_all_others_are_deleted() {
    for (resource, kept) in [
        (
            "endpoint-config/",
            vec!["endpoint config", "endpoint config"],
        ),
        (
            "/sagegate-",
            vec!["endpoint", "endpoint config", "endpoint", "endpoint config"],
        ),
    ] {
        let (simulator, workspace, run) = leftovers(&denied("ListTags", resource));
        create_foreign(&simulator, &format!("sagegate-{run}-by-hand"), None);
        let outcome = cleanup_run(&workspace, &run).expect(3);
        let mut left = simulator.resources();
        left.retain(|it| !it.ends_with("by-hand"));
        assert_eq!(left.len(), kept.len(), "{left:?}");
        assert_says(&outcome, "kept, as their tags cannot be read: ");
        for (kind, name) in kept.iter().zip(&left) {
            assert_says(&outcome, &format!("{kind} {name}"));
        }
        assert_says(&outcome, "ListTags failed: AccessDeniedException");
        assert_says(&outcome, "allow for this role: `sagemaker:ListTags`;");
        let foreign = simulator.resources().len() - left.len();
        assert_eq!(foreign, 2, "what is not ours stays");
    }
}

#[test]
fn one_resource_whose_tag_cannot_be_read_keeps_no_other() {
    let every_other = denied("ListTags", "endpoint-config/").replace("from = 1", "every = 2");
    let (simulator, workspace, run) = leftovers(&every_other);
    let outcome = cleanup_run(&workspace, &run).expect(3);
    let left = simulator.resources();
    assert_eq!(left.len(), 1, "one endpoint config: {left:?}");
    let words = format!(
        "kept, as their tags cannot be read: endpoint config {}: ListTags",
        left[0]
    );
    assert_says(&outcome, &words);
    assert_eq!(
        outcome.stdout,
        format!("run {run} in us-east-1: deleted 3 resources\n")
    );
}

#[test]
fn a_second_list_that_fails_after_a_job_was_stopped_loses_no_deletion() {
    for operation in ["ListEndpoints", "ListEndpointConfigs", "ListTags"] {
        let from = if operation == "ListTags" { 6 } else { 2 };
        let rule = denied_from(operation, from, "");
        let simulator = submit::simulator(&rule.replace("[[", &format!("{KILLED_AT_ONCE}\n[[")));
        let workspace = Workspace::new(&simulator);
        let job = abandoned(&simulator, &workspace);
        let outcome = cleanup_run(&workspace, run_of(&job));
        assert_eq!(status(&simulator, &job), "Stopped");
        simulator.assert_nothing_is_left();
        if operation == "ListTags" {
            // Their tags were read before the job was stopped.
            outcome.expect(0);
        } else {
            let words = format!("{operation} failed: AccessDeniedException");
            assert_says(&outcome.expect(3), &words);
        }
    }
}

#[test]
fn a_foreign_or_impossible_name_in_a_ledger_keeps_no_other_and_is_not_waited_for() {
    let (simulator, workspace, _) = leftovers("");
    create_foreign(&simulator, "production", None);
    let path = "sagegate-results/ledger.json";
    let mut ledger: Value = serde_json::from_str(&workspace.read(path)).unwrap();
    let names = ledger["endpoints"].as_array_mut().unwrap();
    names.insert(0, json!("production"));
    names.insert(1, json!("sagegate-\u{1b}[31mred"));
    workspace.write(path, &ledger.to_string());
    let outcome = workspace.sagegate(&["cleanup", "--ledger", path]).expect(3);
    assert_says(
        &outcome,
        "skipped, as the run does not give such names: `production`, `sagegate- [31mred`",
    );
    assert!(!outcome.stderr.contains('\u{1b}'), "{:?}", outcome.stderr);
    assert_eq!(simulator.resources(), ["production", "production"]);
}

/// A step that was killed while its calls were measured.
fn killed_step(runner: &mut Runner, simulator: &Simulator) -> Step {
    let before = simulator.count("InvokeEndpoint");
    let (mut child, folder) = runner.start();
    while simulator.count("InvokeEndpoint") < before + 30 {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    let outcome: Outcome = child.wait_with_output().unwrap().into();
    runner.finish(&folder, outcome)
}

fn runner(github: &GitHub, simulator: &Simulator) -> Runner {
    Runner::with_aws(github, simulator)
        .model("m")
        .input("invocations", "100000")
}

#[test]
fn a_damaged_ledger_of_a_step_keeps_no_other_from_being_swept() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = runner(&github, &simulator);
    let step = killed_step(&mut runner, &simulator);
    runner
        .workspace
        .write("cut.json", "{\"schema\":1,\"run_id\":\"184");
    let cut = runner.workspace.path("cut.json").display().to_string();
    let mut state = step.state.clone();
    // Another run, which the state does not tell of: by its own id there is nothing.
    state.insert("ledger".to_owned(), "/nonexistent/ledger.json".to_owned());
    state.insert("ledger_2".to_owned(), cut);
    state.insert("ledger_3".to_owned(), step.state["ledger"].clone());
    let cleaned = runner.clean_up(&state).expect(0);
    assert!(
        cleaned
            .outcome
            .stderr
            .contains("cannot read ledger `/nonexistent/ledger.json`")
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn without_ledger_and_names_the_run_id_and_the_tags_are_enough() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = runner(&github, &simulator);
    let step = killed_step(&mut runner, &simulator);
    let mut saved: Value = serde_json::from_str(&step.state["ledger"]).unwrap();
    saved["ledger"] = Value::Null;
    std::fs::remove_file(runner.workspace.path("sagegate-results/ledger.json")).unwrap();
    let state = [("ledger".to_owned(), saved.to_string())].into();
    let cleaned = runner.clean_up(&state).expect(0);
    let stderr = &cleaned.outcome.stderr;
    assert!(
        stderr.contains("looking for what run 1842-1 left by name and tag"),
        "{stderr}"
    );
    simulator.assert_nothing_is_left();
}
