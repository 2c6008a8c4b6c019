//! Signals at every stage: SIGINT and SIGTERM clean up themselves, after SIGKILL `cleanup` does.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use sagegate::result::EndpointOutcome;

use crate::support::{Simulator, Workspace, run_args};

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

/// A run that would take minutes, signalled once `operation` has been called `count` times; its exit code.
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
    for (name, code) in [("INT", 130), ("TERM", 143)] {
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
