//! A machine whose clock is not AWS's: from the command line to the signature on the wire.

use sagegate::result::{EndpointOutcome, InvocationOutcome, RunResult};

use crate::support::{QUICK, Simulator, Workspace, replaced};

const THREE_HOURS: i32 = 3 * 3600;
/// What AWS answers to a signature of another time.
const REFUSED: &str = "InvalidSignatureException";

/// AWS is so far ahead of this machine, after so many signed requests.
fn simulator(offset_seconds: i32, after_requests: u32) -> Simulator {
    let clock = format!(
        "[clock]\noffset_seconds = {offset_seconds}.0\nafter_requests = {after_requests}\n"
    );
    Simulator::start(&format!(
        "buckets = [\"models\"]\n{}",
        replaced(QUICK, &clock)
    ))
}

fn assert_all_succeeded(result: &RunResult) {
    for endpoint in &result.stability {
        assert_eq!(endpoint.outcome, EndpointOutcome::Measured);
    }
    let rounds = result.concurrency.iter().flat_map(|run| &run.rounds);
    let under_load = rounds.flat_map(|round| &round.invocations);
    let alone = result.stability.iter().flat_map(|it| &it.invocations);
    for call in alone.chain(under_load) {
        assert_eq!(call.outcome, InvocationOutcome::Success);
    }
}

#[test]
fn a_clock_that_is_wrong_from_the_start_changes_nothing() {
    for offset in [THREE_HOURS, -THREE_HOURS] {
        let simulator = simulator(offset, 0);
        let workspace = Workspace::new(&simulator);
        for mode in ["record", "gate"] {
            let baseline = "s3://models/baseline.json";
            let flags = ["--baseline", baseline, "--mode", mode];
            // The speed of this machine does not matter here.
            let off = ["--max-p99-increase", "off", "--max-cost-increase", "off"];
            let outcome = workspace.run(&[flags, off].concat());
            outcome.expect(0);
            simulator.assert_nothing_is_left();
            assert_all_succeeded(&workspace.result());
        }
        assert!(simulator.count(REFUSED) > 0, "AWS looks at the time");
        let baseline = simulator.object("models", "baseline.json").unwrap();
        assert!(baseline.contains("churn"), "{baseline}");
    }
}

#[test]
fn a_clock_that_jumps_under_load_is_no_error_of_the_model() {
    let simulator = simulator(THREE_HOURS, 400);
    let workspace = Workspace::new(&simulator);
    let load = [
        "benchmark",
        "--model-name=m",
        "--samples=samples.jsonl",
        "--memory-sizes=1024,2048",
        "--invocations=100",
        "--max-concurrency=8",
        "--client-multipliers=1",
        "--concurrency-invocations=400",
    ];
    workspace.sagegate(&load).expect(0);
    simulator.assert_nothing_is_left();
    let refused = simulator.count(REFUSED);
    assert!(
        refused > 2,
        "more clients than errors would end a size: {refused}"
    );
    assert_all_succeeded(&workspace.result());
}
