//! `sagegate benchmark`, from the command line to `result.json`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use sagegate::result::{Invocation, RunResult};
use serde_json::json;

use super::Work;
use crate::pairing::{Call, Measured};
use crate::served::environment;
use crate::server::Simulator;

/// Twice as many as clients at most: two calls of one sample are then never on their way together.
const SAMPLES: u32 = 64;

/// One client is the stability benchmark, more are the concurrency benchmark.
pub(super) fn measure(simulator: &Simulator, work: &Work) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let samples = folder.path().join("samples.jsonl");
    std::fs::write(&samples, sample_lines(work.bytes)).unwrap();
    let calls = work.calls.next_multiple_of(SAMPLES);
    let stability = if work.clients == 1 { calls } else { SAMPLES };
    let output = Command::new(env!("CARGO_BIN_EXE_sagegate"))
        .args(["benchmark", "--model-name", "m", "--memory-sizes", "2048"])
        .args(["--client-multipliers", "1", "--samples"])
        .arg(&samples)
        .arg("--output-dir")
        .arg(folder.path())
        .args(["--invocations", &stability.to_string()])
        .arg(format!("--concurrency-benchmark={}", work.clients > 1))
        .args(["--concurrency-invocations", &calls.to_string()])
        .args(["--max-concurrency", &work.clients.to_string()])
        .envs(environment(simulator))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "sagegate: {}: {said}",
        output.status
    );
    read(&folder.path().join("result.json"), work.clients)
}

/// Each with its own id.
fn sample_lines(bytes: usize) -> String {
    let body = "x".repeat(bytes);
    let mut lines = String::new();
    for number in 0..SAMPLES {
        let id = sample_id(number);
        let line = json!({ "Body": body, "ContentType": "text/plain", "InferenceId": id });
        writeln!(lines, "{line}").unwrap();
    }
    lines
}

fn sample_id(number: u32) -> String {
    format!("sample-{number}")
}

fn read(path: &Path, clients: u32) -> Measured {
    let result = RunResult::read(path).unwrap();
    let (endpoint, calls) = if clients == 1 {
        let run = &result.stability[0];
        (&run.endpoint_name, &run.invocations)
    } else {
        let run = &result.concurrency[0];
        (&run.endpoint_name, &run.rounds[0].invocations)
    };
    Measured {
        endpoint: endpoint.clone(),
        calls: calls.iter().map(call).collect(),
    }
}

fn call(invocation: &Invocation) -> Call {
    assert!(invocation.outcome.is_success(), "{:?}", invocation.outcome);
    Call {
        id: sample_id(invocation.sample),
        start_ms: invocation.start_ms,
        latency_ms: invocation.latency_ms,
    }
}
