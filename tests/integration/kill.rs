//! Signals at every stage: SIGINT, SIGQUIT, SIGTERM and SIGHUP clean up, after SIGKILL `cleanup`
//! does.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use sagegate::result::EndpointOutcome;
use serde_json::{Value, json};

use crate::support::github::GitHub;
use crate::support::runner::Runner;
use crate::support::{Outcome, Simulator, Workspace, run_args};

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits until the simulator has seen `count` calls of an operation.
#[track_caller]
fn wait_for(simulator: &Simulator, operation: &str, count: u64) {
    let started = Instant::now();
    while simulator.count(operation) < count {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "no {operation} after 30 s"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A run that would take minutes, signalled once `operation` has been called `count` times; its
/// exit code.
fn signalled(
    simulator: &Simulator,
    workspace: &Workspace,
    operation: &str,
    count: u64,
    name: &str,
) -> Option<i32> {
    let mut child = workspace.spawn(&run_args("m", &["--invocations", "100000", "--quiet"]));
    wait_for(simulator, operation, count);
    signal(&child, name);
    child.wait().unwrap().code()
}

#[test]
fn an_interrupted_deployment_leaves_nothing_behind() {
    let simulator =
        Simulator::quick_with("[life_cycle]\ncreating_seconds = 1.5\ndeleting_seconds = 0.1\n");
    let workspace = Workspace::new(&simulator);
    assert_eq!(
        signalled(&simulator, &workspace, "CreateEndpoint", 1, "INT"),
        Some(130)
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn an_interrupted_measurement_leaves_nothing_behind_and_keeps_what_was_measured() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)] {
        let simulator = Simulator::quick();
        let workspace = Workspace::new(&simulator);
        assert_eq!(
            signalled(&simulator, &workspace, "InvokeEndpoint", 60, name),
            Some(code)
        );
        simulator.assert_nothing_is_left();
        let result = workspace.result();
        assert!(
            result
                .stability
                .iter()
                .all(|endpoint| endpoint.outcome == EndpointOutcome::Cancelled)
        );
        let calls: usize = result
            .stability
            .iter()
            .map(|it| it.warmup.len() + it.invocations.len())
            .sum();
        assert!(calls >= 50, "{name}: {calls} calls were kept");
    }
}

#[test]
fn a_run_under_nohup_goes_on_when_the_terminal_is_closed() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator).ignoring("HUP");
    let mut child = workspace.spawn(&run_args("m", &["--invocations", "200", "--quiet"]));
    wait_for(&simulator, "InvokeEndpoint", 60);
    signal(&child, "HUP");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(workspace.result().measured().count(), 2);
}

/// A run whose clean-up takes a minute, which has been asked to end by a signal.
fn cleaning_up(simulator: &Simulator, workspace: &Workspace, name: &str) -> Child {
    let child = workspace.spawn(&run_args("m", &["--quiet"]));
    wait_for(simulator, "CreateEndpoint", 1);
    signal(&child, name);
    child
}

#[test]
fn a_second_signal_of_any_kind_ends_the_clean_up_but_that_of_github() {
    let slow = "[life_cycle]\ncreating_seconds = 60.0\n";
    for (first, second, code, after_ms) in [
        ("TERM", "INT", 130, 300),
        ("TERM", "QUIT", 131, 300),
        ("TERM", "TERM", 143, 1300),
        ("HUP", "TERM", 143, 1300),
        ("QUIT", "HUP", 129, 1300),
    ] {
        let simulator = Simulator::quick_with(slow);
        let workspace = Workspace::new(&simulator);
        let mut child = cleaning_up(&simulator, &workspace, first);
        // As `timeout` sends it: to the process, and to its group.
        signal(&child, first.replace("QUIT", "HUP").as_str());
        std::thread::sleep(Duration::from_millis(after_ms));
        assert_eq!(child.try_wait().unwrap(), None, "{first}");
        signal(&child, second);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{first} {second}");
    }
    // GitHub's order: SIGTERM 7.5 s after SIGINT does not end the clean-up.
    let simulator = Simulator::quick_with(slow);
    let workspace = Workspace::new(&simulator);
    let mut child = cleaning_up(&simulator, &workspace, "INT");
    std::thread::sleep(Duration::from_millis(7500));
    signal(&child, "TERM");
    std::thread::sleep(Duration::from_millis(2700));
    assert_eq!(child.try_wait().unwrap(), None, "the clean-up goes on");
    signal(&child, "HUP");
    assert_eq!(child.wait().unwrap().code(), Some(129));
}

#[test]
fn a_file_size_limit_is_an_error_and_does_not_kill_the_run() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator).with_file_limit(8);
    let outcome = workspace.run(&["--invocations", "100"]);
    assert!(outcome.code.is_some(), "killed: {}", outcome.stderr);
    assert!(
        outcome.stderr.contains("File too large"),
        "{}",
        outcome.stderr
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn after_a_kill_the_ledger_is_enough_to_delete_everything() {
    for (operation, count) in [
        ("CreateEndpointConfig", 1),
        ("CreateEndpoint", 2),
        ("InvokeEndpoint", 30),
    ] {
        let simulator = Simulator::quick();
        let workspace = Workspace::new(&simulator);
        assert_eq!(
            signalled(&simulator, &workspace, operation, count, "KILL"),
            None
        );
        let cleaned = workspace
            .sagegate(&["cleanup", "--ledger", "sagegate-results/ledger.json"])
            .expect(0);
        assert!(
            cleaned.stdout.contains("none left"),
            "{operation}: {}",
            cleaned.stdout
        );
        simulator.assert_nothing_is_left();
    }
}

/// Kills a run while its calls are measured; its run id.
pub(crate) fn killed_run(simulator: &Simulator, workspace: &Workspace) -> String {
    signalled(simulator, workspace, "InvokeEndpoint", 30, "KILL");
    let ledger = workspace.read("sagegate-results/ledger.json");
    let ledger: Value = serde_json::from_str(&ledger).unwrap();
    ledger["run_id"].as_str().unwrap().to_owned()
}

/// Creates an endpoint with a config of its own, as another program of the account does.
pub(crate) fn create_foreign(simulator: &Simulator, name: &str, run_tag: Option<&str>) {
    let tags: Vec<Value> = run_tag
        .map(|run| json!({"Key": "sagegate:run", "Value": run}))
        .into_iter()
        .collect();
    let variant = json!({
        "VariantName": "AllTraffic", "ModelName": "m",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    });
    let config = json!({"EndpointConfigName": name, "ProductionVariants": [variant], "Tags": tags});
    simulator.sagemaker("CreateEndpointConfig", &config);
    let endpoint = json!({"EndpointName": name, "EndpointConfigName": name, "Tags": tags});
    simulator.sagemaker("CreateEndpoint", &endpoint);
}

#[test]
fn without_a_ledger_the_run_id_is_enough_and_nothing_foreign_is_touched() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    create_foreign(&simulator, "production", Some("run-of-another-tool"));
    create_foreign(&simulator, "sagegate-by-hand", None);
    signalled(&simulator, &workspace, "InvokeEndpoint", 30, "KILL");
    let ledger: Value =
        serde_json::from_str(&workspace.read("sagegate-results/ledger.json")).unwrap();
    let run = ledger["run_id"].as_str().unwrap();
    create_foreign(&simulator, &format!("sagegate-{run}-by-hand"), None);
    let before = simulator.resources();
    let cleanup = |flags: &[&str]| workspace.sagegate(&[&["cleanup"], flags].concat());

    let listed = cleanup(&["--run", run, "--dry-run"]).expect(0).stdout;
    assert_eq!(listed.lines().count(), 4, "{listed}");
    for line in listed.lines() {
        assert!(
            line.starts_with("would delete endpoint")
                && line.contains(&format!(" of run {run}, created 20")),
            "{line}"
        );
    }
    assert_eq!(simulator.resources(), before);
    let none = cleanup(&["--older-than", "1h"]).expect(0).stdout;
    assert_eq!(none, "older runs in us-east-1: nothing is left to delete\n");
    let none = cleanup(&["--run", "1842-1"]).expect(0).stdout;
    assert_eq!(none, "run 1842-1 in us-east-1: nothing is left to delete\n");
    assert_eq!(simulator.resources(), before);

    let deleted = cleanup(&["--run", run]).expect(0).stdout;
    assert_eq!(
        deleted,
        format!("run {run} in us-east-1: deleted 4 resources, none left\n")
    );
    let mut left = simulator.resources();
    left.sort();
    left.dedup();
    let foreign = [
        "production",
        "sagegate-by-hand",
        &format!("sagegate-{run}-by-hand"),
    ];
    assert_eq!(left, foreign);
}

#[test]
fn old_leftovers_of_any_run_are_found_by_their_age() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    signalled(&simulator, &workspace, "CreateEndpoint", 2, "KILL");
    std::thread::sleep(Duration::from_millis(2100));
    let deleted = workspace
        .sagegate(&["cleanup", "--older-than", "1s"])
        .expect(0);
    assert_eq!(
        deleted.stdout,
        "older runs in us-east-1: deleted 4 resources, none left\n"
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn a_run_id_that_no_run_has_is_refused() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.sagegate(&["cleanup", "--run", "../*"]).expect(2);
    assert!(
        outcome.stderr.contains("`../*` is not a run id"),
        "{}",
        outcome.stderr
    );
    assert!(simulator.operations().is_empty());
}

#[test]
fn a_ledger_of_foreign_names_deletes_nothing() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write(
        "l.json",
        r#"{"schema":1,"run_id":"r","region":"us-east-1","endpoints":["production"]}"#,
    );
    let outcome = workspace
        .sagegate(&["cleanup", "--ledger", "l.json"])
        .expect(2);
    assert!(
        outcome.stderr.contains("`production` is not a name"),
        "{}",
        outcome.stderr
    );
    assert_eq!(simulator.count("DeleteEndpoint"), 0);
}

/// A step that would take minutes, once it has called `operation` so often.
fn started_step(
    runner: &mut Runner,
    simulator: &Simulator,
    operation: &str,
    count: u64,
) -> (Child, String) {
    let started = runner.start();
    wait_for(simulator, operation, count);
    started
}

#[test]
fn a_cancelled_step_asks_for_every_deletion_long_before_the_runner_loses_patience() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .input("invocations", "100000");
    let (child, _) = started_step(&mut runner, &simulator, "InvokeEndpoint", 60);
    let asked = Instant::now();
    signal(&child, "INT");
    wait_for(&simulator, "DeleteEndpoint", 2);
    wait_for(&simulator, "DeleteEndpointConfig", 2);
    // The runner waits 7.5 s.
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    let outcome: Outcome = child.wait_with_output().unwrap().into();
    outcome.expect(130);
    simulator.assert_nothing_is_left();
}

#[test]
fn the_clean_up_of_a_killed_step_deletes_everything_and_that_of_a_finished_one_asks_nothing() {
    for (operation, count) in [("CreateEndpointConfig", 1), ("InvokeEndpoint", 30)] {
        let (github, simulator) = (GitHub::start(), Simulator::quick());
        let mut runner = Runner::with_aws(&github, &simulator)
            .model("m")
            .input("invocations", "100000");
        let (child, folder) = started_step(&mut runner, &simulator, operation, count);
        signal(&child, "KILL");
        let outcome: Outcome = child.wait_with_output().unwrap().into();
        let step = runner.finish(&folder, outcome);
        // `actions/checkout` empties the workspace: the state is enough.
        let ledger = runner.workspace.path("sagegate-results/ledger.json");
        std::fs::remove_file(&ledger).unwrap();
        let state: Value = serde_json::from_str(&step.state["ledger"]).unwrap();
        assert_eq!(state["path"], ledger.display().to_string());
        assert_eq!(state["region"], "us-east-1");
        let cleaned = runner.clean_up(&step.state).expect(0);
        assert!(
            cleaned.outcome.stdout.contains("none left"),
            "{}",
            cleaned.outcome.stdout
        );
        simulator.assert_nothing_is_left();
    }
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator).model("m");
    let step = runner.step().expect(0);
    let requests = simulator.state()["requests"].clone();
    assert_eq!(step.state.get("ledger").map(String::as_str), Some(""));
    let mut runner = runner.without("AWS_SECRET_ACCESS_KEY");
    let cleaned = runner.clean_up(&step.state).expect(0);
    assert_eq!(cleaned.outcome.stdout, "| nothing is left to delete\n");
    assert_eq!(simulator.state()["requests"], requests);
}

#[test]
fn a_clean_up_needs_a_ledger() {
    let outcome = Workspace::without_aws().sagegate(&["cleanup"]).expect(2);
    assert_eq!(
        outcome.stderr,
        "error: no run to clean up is given: pass --ledger, --run or --older-than; --ledger takes the ledger.json of \
         the run; in a workflow the action cleans up by itself\n"
    );
}
