//! Runs of `--local` that end early: nothing of them is left.

use std::time::Duration;

use serde_json::Value;

use crate::local::{local, run_args};
use crate::support::engine::Engine;
use crate::support::wait_until;

fn signal(pid: u32, name: &str) {
    let status = std::process::Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn an_engine_that_dies_half_way_ends_the_run() {
    for requests in [6, 25] {
        let engine = Engine::start().dying_after(requests);
        let workspace = engine.workspace();
        let outcome = local(&workspace, "churn", &[]);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(all.contains("the Docker engine could not"), "{all}");
        // Nothing is known then of what the container would do elsewhere.
        assert!(!all.contains("may not start on serverless"), "{all}");
        let measured = workspace.result().measured().count();
        assert_eq!(
            outcome.code,
            Some(if measured == 0 { 3 } else { 0 }),
            "{all}"
        );
        if requests == 6 {
            assert_eq!(measured, 0);
        }
    }
}

#[test]
fn an_interrupted_run_leaves_no_container() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let engine = Engine::start();
        let workspace = engine.workspace();
        let child = workspace.spawn(&run_args("slow", &["--invocations", "100000", "--quiet"]));
        wait_until("container", || !engine.servers().is_empty());
        std::thread::sleep(Duration::from_millis(500));
        signal(child.id(), name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        engine.assert_nothing_is_left();
    }
}

#[test]
fn what_a_killed_run_leaves_is_removed_by_its_ledger_by_its_id_and_by_age() {
    for way in ["ledger", "run", "local", "age"] {
        let engine = Engine::start();
        let workspace = engine.workspace();
        workspace.write("model/w", "w");
        let args = [
            "--model-data-url",
            "model",
            "--invocations",
            "100000",
            "--quiet",
        ];
        let mut child = workspace.spawn(&run_args("slow", &args));
        wait_until("container", || !engine.servers().is_empty());
        std::thread::sleep(Duration::from_millis(300));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(engine.containers() > 0);
        let ledger: Value =
            serde_json::from_str(&workspace.read("sagegate-results/ledger.json")).unwrap();
        let run_id = ledger["run_id"].as_str().unwrap();
        let args = match way {
            "ledger" => vec!["cleanup", "--ledger", "sagegate-results/ledger.json"],
            "run" => vec!["cleanup", "--run", run_id],
            "local" => vec!["cleanup", "--local", "--run", run_id],
            _ => vec!["cleanup", "--local", "--older-than", "6h"],
        };
        let listed = workspace
            .sagegate(&[&args[..], &["--dry-run"]].concat())
            .expect(0);
        assert!(
            listed.stdout.contains("would remove container"),
            "{}",
            listed.stdout
        );
        let cleaned = workspace.sagegate(&args).expect(0);
        assert!(cleaned.stdout.contains("none left"), "{}", cleaned.stdout);
        engine.assert_nothing_is_left();
        // Nothing is there any more, and that is well.
        workspace
            .sagegate(&["cleanup", "--local", "--run", run_id])
            .expect(0);
    }
}
