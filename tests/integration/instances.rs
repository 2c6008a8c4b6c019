//! `sagegate submit --instance-count`: one load, the clients of several machines.

use crate::submit::{describe, job_name, simulator, submit, submit_args};
use crate::submit_ended::image;
use crate::support::{Simulator, Workspace};

const SHARED: [&str; 6] = [
    "--instance-count=2",
    "--max-concurrency=2,4",
    "--client-multipliers=0.5,2",
    "--concurrency-invocations=60",
    "--concurrency-benchmark",
    "--memory-sizes=2048",
];

/// A submission of two instances that measures one size.
fn shared_args() -> Vec<&'static str> {
    let mut args = submit_args("m-steady", &SHARED);
    let sizes = args.iter().position(|it| *it == "--memory-sizes").unwrap();
    args.drain(sizes..sizes + 2);
    args
}

fn object(simulator: &Simulator, job: &str, name: &str) -> Option<String> {
    simulator.object("jobs", &format!("sagegate/{job}/{name}"))
}

#[test]
fn two_instances_share_the_clients_and_every_planned_call_is_there_once() {
    let simulator = simulator("");
    let workspace = Workspace::new(&simulator);
    let args = shared_args();
    let outcome = workspace.sagegate(&args).expect(0);
    let result = workspace.result();
    let (mut answered, mut probes) = (105, 1);
    for run in &result.concurrency {
        assert_eq!(run.rounds.len(), 2);
        for round in &run.rounds {
            assert_eq!(round.invocations.len(), 60, "{}", round.load);
            let of_first = round.invocations.iter().filter(|it| it.sample == 0);
            assert_eq!(of_first.count(), 30, "{}", round.load);
            let clients = round.load.clients().unwrap();
            assert_eq!(round.warmup.len(), clients as usize);
            answered += 60 + u64::from(clients);
            probes += u64::from(clients) + u64::from(clients / 2);
        }
    }
    assert_eq!(result.concurrency.len(), 2);
    assert_eq!(simulator.count("InvokeEndpoint"), answered + probes);
    let job = job_name(&outcome);
    let calls = |file: &str| {
        let journal = object(&simulator, &job, &format!("output/{file}")).unwrap();
        journal
            .lines()
            .filter(|line| line.contains("round_call"))
            .count()
    };
    // 1 and 4 clients of 2 workers, 2 and 8 of 4: the helper has half of all but the first load.
    assert_eq!(calls("measurements-1.jsonl"), 90);
    assert_eq!(
        describe(&simulator, &job)["ProcessingJobStatus"],
        "Completed"
    );
    simulator.assert_nothing_is_left();
    let alone = workspace
        .sagegate(&submit_args("m-steady", &["--instance-count=2"]))
        .expect(2);
    assert!(
        alone
            .stderr
            .contains("there is no concurrency benchmark; add --concurrency-benchmark"),
        "{}",
        alone.stderr
    );
}

#[test]
fn the_loads_of_two_instances_overlap_in_time() {
    let simulator = simulator("");
    let workspace = Workspace::new(&simulator);
    let args = shared_args();
    workspace.sagegate(&args).expect(0);
    for run in workspace.result().concurrency {
        let round = run.rounds.last().unwrap();
        let starts = |from: usize| {
            let calls = round.invocations.iter().skip(from).take(30);
            calls.map(|it| it.start_ms).fold(f64::INFINITY, f64::min)
        };
        let apart = (starts(0) - starts(30)).abs();
        assert!(
            apart < 500.0,
            "the helper began {apart} ms apart from the leader"
        );
    }
}

#[test]
fn an_instance_that_dies_does_not_hang_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let program = assert_cmd::cargo::cargo_bin!("sagegate")
        .display()
        .to_string();
    let script = format!(
        "case $SAGEGATE_ML_ROOT in *algo-2*) /bin/sleep 2; exit 9;; esac\nexec {program} \"$@\""
    );
    let simulator = simulator(&image(&folder, &script));
    let workspace = Workspace::new(&simulator);
    let flags = [
        "--instance-count=2",
        "--concurrency-benchmark",
        "--invocations",
        "100000",
    ];
    let outcome = submit(&workspace, &flags).expect(3);
    assert!(
        outcome.stderr.contains("exit code: 9"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("what was measured so far is in"),
        "{}",
        outcome.stderr
    );
    simulator.assert_nothing_is_left();
}
