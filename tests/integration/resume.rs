//! `--resume`: after a crash only what is missing is measured, and no call is there twice.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

use sagegate::result::{EndpointOutcome, Invocation, RunResult};

use crate::support::{Simulator, Workspace, run_args};

/// Kills the process with a signal that it cannot handle, once the simulator has seen `count` calls
/// of an operation.
fn kill_after(simulator: &Simulator, mut child: Child, operation: &str, count: u64) {
    let began = Instant::now();
    while simulator.count(operation) < count {
        assert!(began.elapsed() < Duration::from_mins(1), "no {operation}");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// No two calls of one list began at the same moment and took the same time: none was counted
/// twice. (Two clients may begin within one microsecond.)
fn assert_unique(calls: &[Invocation]) {
    let times: BTreeSet<(u64, u64)> = calls
        .iter()
        .map(|call| (call.start_ms.to_bits(), call.latency_ms.to_bits()))
        .collect();
    assert_eq!(times.len(), calls.len());
}

const LOAD: [&str; 6] = [
    "--max-concurrency",
    "2,3",
    "--client-multipliers",
    "1,2",
    "--concurrency-invocations",
    "200",
];

fn assert_complete(result: &RunResult, invocations: usize) {
    for run in &result.stability {
        assert_eq!(run.outcome, EndpointOutcome::Measured);
        assert_eq!(run.invocations.len(), invocations);
        assert_unique(&run.invocations);
        let samples: Vec<u32> = run.invocations.iter().map(|call| call.sample).collect();
        let ones = samples.iter().filter(|sample| **sample == 1).count();
        assert_eq!(ones, invocations / 2, "both samples equally often");
    }
}

#[test]
fn a_run_killed_while_measuring_is_completed_with_every_call_once() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = ["--invocations", "600"];
    let child = workspace.spawn(&run_args("m", &flags));
    kill_after(&simulator, child, "InvokeEndpoint", 300);
    assert!(workspace.exists("sagegate-results/measurements.jsonl"));
    let before = simulator.count("InvokeEndpoint");
    let mut resumed = run_args("m", &flags);
    resumed.extend(["--resume", "sagegate-results"]);
    workspace.sagegate(&resumed).expect(0);
    simulator.assert_nothing_is_left();
    assert_complete(&workspace.result(), 600);
    let sent = simulator.count("InvokeEndpoint") - before;
    assert!(sent < 1200 - 200, "only what was missing was sent: {sent}");
    assert!(!workspace.exists("sagegate-results/measurements.jsonl"));
}

#[test]
fn a_run_killed_under_load_repeats_the_interrupted_load_only() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let mut arguments = run_args("m", &["--concurrency-benchmark", "true"]);
    arguments.extend(LOAD);
    let child = workspace.spawn(&arguments);
    // 2 x (1 + 105) calls of the stability benchmark, then the loads.
    kill_after(&simulator, child, "InvokeEndpoint", 212 + 500);
    let creates = simulator.count("CreateEndpointConfig");
    arguments.extend(["--resume", "sagegate-results"]);
    workspace.sagegate(&arguments).expect(0);
    simulator.assert_nothing_is_left();
    let result = workspace.result();
    assert_complete(&result, 100);
    let rounds: Vec<(u32, u32, usize)> = result
        .concurrency
        .iter()
        .flat_map(|run| run.rounds.iter().map(move |round| (run, round)))
        .map(|(run, round)| {
            assert_unique(&round.invocations);
            (
                run.max_concurrency,
                round.load.clients().unwrap(),
                round.invocations.len(),
            )
        })
        .collect();
    assert_eq!(rounds, [(2, 2, 200), (2, 4, 200), (3, 3, 200), (3, 6, 200)]);
    let again = simulator.operations();
    let of_stability = again
        .iter()
        .filter(|operation| *operation == "CreateEndpointConfig")
        .count() as u64
        - creates;
    assert!(of_stability <= 2, "complete sizes are not deployed again");
}

#[test]
fn an_interrupted_run_is_resumed_with_new_endpoints() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = ["--invocations", "400"];
    let child = workspace.spawn(&run_args("m", &flags));
    let began = Instant::now();
    while simulator.count("InvokeEndpoint") < 100 {
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    let signalled = std::process::Command::new("kill")
        .args(["-s", "INT", &pid])
        .status();
    assert!(signalled.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    simulator.assert_nothing_is_left();
    let mut resumed = run_args("m", &flags);
    resumed.extend(["--resume", "sagegate-results"]);
    workspace.sagegate(&resumed).expect(0);
    simulator.assert_nothing_is_left();
    assert_complete(&workspace.result(), 400);
}

#[test]
fn a_run_is_not_resumed_with_other_settings_nor_from_nowhere() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let child = workspace.spawn(&run_args("m", &["--invocations", "600"]));
    kill_after(&simulator, child, "InvokeEndpoint", 50);
    let creates = simulator.count("CreateEndpointConfig");
    let outcome = workspace
        .run(&["--invocations", "500", "--resume", "sagegate-results"])
        .expect(2);
    assert!(
        outcome
            .stderr
            .contains("had invocations 600, now it is 500; repeat the command line"),
        "{}",
        outcome.stderr
    );
    let outcome = workspace.run(&["--resume", "nowhere"]).expect(2);
    assert!(
        outcome.stderr.contains("nothing to resume"),
        "{}",
        outcome.stderr
    );
    assert_eq!(simulator.count("CreateEndpointConfig"), creates);
    assert!(
        workspace.exists("sagegate-results/measurements.jsonl"),
        "nothing is lost"
    );
}
