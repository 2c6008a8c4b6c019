//! `sagegate benchmark`: the concurrency benchmark, quotas, models made for the run, from the
//! command line to the wire.

use sagegate::result::{EndpointOutcome, InvocationOutcome, Load};

use crate::support::{Simulator, Workspace, spaced};

/// A short benchmark of two sizes; `extra` replaces what it names.
fn benchmark<'a>(extra: &[&'a str]) -> Vec<&'a str> {
    let common = [
        ("--model-name", "m"),
        ("--samples", "samples.jsonl"),
        ("--memory-sizes", "1024,2048"),
        ("--invocations", "100"),
        ("--warmup", "5"),
        ("--max-concurrency", "2,4"),
        ("--client-multipliers", "1,2"),
        ("--concurrency-invocations", "60"),
    ];
    let kept = common.into_iter().filter(|(flag, _)| !extra.contains(flag));
    let kept = kept.flat_map(|(flag, value)| [flag, value]);
    std::iter::once("benchmark")
        .chain(kept)
        .chain(extra.iter().copied())
        .collect()
}

#[test]
fn a_benchmark_fills_the_toolkits_six_folders() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.sagegate(&benchmark(&[])).expect(0);
    simulator.assert_nothing_is_left();
    for file in [
        "benchmarking_report/benchmarking_report.html",
        "stability_benchmark_raw_results/invocation_benchmark_results.csv",
        "stability_benchmark_raw_results/endpoint_metrics.csv",
        "stability_benchmark_summary_results/invocation_benchmark_summary.csv",
        "stability_benchmark_summary_results/endpoint_metrics_summary.csv",
        "cost_analysis_summary_results/metrics_with_cost.csv",
        "cost_analysis_summary_results/cost_savings_summary.csv",
        "concurrency_benchmark_raw_results/invocation_benchmark_results.csv",
        "concurrency_benchmark_raw_results/endpoint_metrics.csv",
        "concurrency_benchmark_summary_results/concurrency_benchmark_summary.csv",
        "concurrency_benchmark_summary_results/endpoint_metrics_summary.csv",
    ] {
        let text = workspace.read(&format!("sagegate-results/{file}"));
        assert!(text.lines().count() > 1, "{file} holds more than its head");
    }
    let result = workspace.result();
    let rounds: Vec<(u32, u32, usize)> = result
        .concurrency
        .iter()
        .flat_map(|run| run.rounds.iter().map(move |round| (run, round)))
        .map(|(run, round)| {
            let clients = round.load.clients().unwrap();
            assert_eq!(round.warmup.len(), clients as usize, "one call per client");
            (run.max_concurrency, clients, round.invocations.len())
        })
        .collect();
    assert_eq!(rounds, [(2, 2, 60), (2, 4, 60), (4, 4, 60), (4, 8, 60)]);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(comment.contains("Concurrency at 2048 MB"), "{comment}");
    assert!(
        !workspace.exists("sagegate-results/measurements.jsonl"),
        "the result holds all"
    );
}

#[test]
fn as_many_clients_as_workers_are_served_and_twice_as_many_are_throttled() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = ["--expected-clients", "3", "--client-multipliers", "1"];
    workspace.sagegate(&benchmark(&flags)).expect(0);
    let throttled: Vec<(u32, u32, bool)> = workspace
        .result()
        .concurrency
        .iter()
        .flat_map(|run| run.rounds.iter().map(move |round| (run, round)))
        .map(|(run, round)| {
            let mut calls = round.invocations.iter();
            let throttled = calls.any(|call| call.outcome == InvocationOutcome::Throttled);
            (
                run.max_concurrency,
                round.load.clients().unwrap(),
                throttled,
            )
        })
        .collect();
    assert_eq!(
        throttled,
        [(2, 2, false), (2, 3, true), (4, 3, false), (4, 4, false)]
    );
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        comment.contains("3 clients need MaxConcurrency 4"),
        "{comment}"
    );
}

#[test]
fn an_open_loop_counts_latency_from_the_time_a_call_was_due() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    // One worker that takes 42 ms cannot answer 40 calls a second; two can.
    let flags = [
        "--model-name",
        "m-steady",
        "--memory-sizes",
        "1024",
        "--max-concurrency",
        "1,4",
        "--client-multipliers",
        "1",
        "--rate",
        "40/s",
    ];
    workspace.sagegate(&benchmark(&flags)).expect(0);
    let result = workspace.result();
    let open = |index: usize| {
        let rounds = &result.concurrency[index].rounds;
        rounds
            .iter()
            .find(|round| round.load.clients().is_none())
            .unwrap()
    };
    for index in [0, 1] {
        let round = open(index);
        assert_eq!(round.load, Load::ConstantRate { per_second: 40.0 });
        assert_eq!(round.invocations.len(), 60);
        let due = round.invocations.iter().map(|call| call.due_ms.unwrap());
        let mut due: Vec<f64> = due.collect();
        due.sort_by(f64::total_cmp);
        assert!(
            (due[59] - due[0] - 59.0 * 25.0).abs() < 0.01,
            "evenly spaced"
        );
        for call in &round.invocations {
            let late = call.start_ms - call.due_ms.unwrap();
            assert!(late >= 0.0 && call.first_byte_ms <= call.latency_ms);
            assert!((call.latency_from_due() - call.latency_ms - late).abs() < 1e-9);
        }
    }
    let throttled = |index: usize| {
        let calls = open(index).invocations.iter();
        calls
            .filter(|call| call.outcome == InvocationOutcome::Throttled)
            .count()
    };
    assert!(throttled(0) > 15, "{} of 60", throttled(0));
    assert!(throttled(1) <= 1, "{} of 60", throttled(1));
}

#[test]
fn a_trace_is_replayed_and_a_bad_one_is_refused_before_anything_is_created() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("trace.txt", "100.0\n100.3\n100.1\n");
    let flags = [
        "--trace",
        "trace.txt",
        "--client-multipliers",
        "1",
        "--max-concurrency",
        "2",
    ];
    workspace.sagegate(&benchmark(&flags)).expect(0);
    let result = workspace.result();
    let round = result.concurrency[0].rounds.last().unwrap();
    assert_eq!(round.invocations.len(), 3);
    let creates = simulator.count("CreateEndpointConfig");
    workspace.write("trace.txt", "soon\n");
    let outcome = workspace.sagegate(&benchmark(&flags)).expect(2);
    assert!(
        outcome
            .stderr
            .contains("`trace.txt` line 1: `soon` is not a time"),
        "{}",
        outcome.stderr
    );
    assert_eq!(simulator.count("CreateEndpointConfig"), creates);
}

/// What AWS gives a new account.
const NEW_ACCOUNT: &str = "[quotas]\nendpoints = 50\ntotal_concurrency = 10\nmemory_mb = 3072\n";

#[test]
fn a_new_account_measures_what_fits_and_says_what_was_skipped() {
    for unreadable in [false, true] {
        let quotas = format!("{NEW_ACCOUNT}unreadable = {unreadable}\n");
        let simulator = Simulator::quick_with(&quotas);
        let workspace = Workspace::new(&simulator);
        let flags = [
            "--memory-sizes",
            "1024,2048,3072,4096,5120,6144",
            "--max-concurrency",
            "2,4,8,16",
        ];
        workspace.sagegate(&benchmark(&flags)).expect(0);
        simulator.assert_nothing_is_left();
        let result = workspace.result();
        let measured: Vec<bool> = result
            .stability
            .iter()
            .map(|run| run.outcome == EndpointOutcome::Measured)
            .collect();
        assert_eq!(measured, [true, true, true, false, false, false]);
        assert!(
            result.stability[3..]
                .iter()
                .all(|run| run.outcome.is_skipped())
        );
        // 2 + 4 + 8 = 14 is more than 10: they take turns. 16 never fits.
        let under_load: Vec<bool> = result
            .concurrency
            .iter()
            .map(|run| run.outcome == EndpointOutcome::Measured)
            .collect();
        assert_eq!(
            under_load,
            [true, true, true, false],
            "unreadable: {unreadable}"
        );
        assert!(result.concurrency[3].outcome.is_skipped());
        let comment = workspace.read("sagegate-results/comment.md");
        assert!(comment.contains("skipped (quota)"), "{comment}");
        assert!(
            comment.contains("MaxConcurrency 16: skipped (quota)"),
            "{comment}"
        );
    }
}

#[test]
fn a_model_made_for_the_run_is_deleted_after_it() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let arguments = [
        "run",
        "--image-uri",
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/churn:7",
        "--model-data-url",
        "s3://bucket/model.tar.gz",
        "--execution-role-arn",
        "arn:aws:iam::000000000000:role/churn",
        "--container-env",
        "WORKERS=1",
        "--name",
        "churn",
        "--samples",
        "samples.jsonl",
        "--memory-sizes",
        "1024",
        "--invocations",
        "10",
    ];
    workspace.sagegate(&arguments).expect(0);
    simulator.assert_nothing_is_left();
    assert_eq!(simulator.models(), ["m", "m-slow", "m-steady"]);
    assert_eq!(
        (
            simulator.count("CreateModel"),
            simulator.count("DeleteModel")
        ),
        (1, 1)
    );
    let result = workspace.result();
    assert!(
        result.model_name.starts_with("sagegate-"),
        "{}",
        result.model_name
    );
    assert_eq!((result.cleanup.created, result.cleanup.deleted), (3, 3));
    let ledger = workspace.read("sagegate-results/ledger.json");
    assert!(ledger.contains(&result.model_name), "{ledger}");
}

#[test]
fn a_model_that_cannot_be_made_is_said_and_leaves_nothing() {
    let simulator = Simulator::quick_with(
        "[[operation_faults]]\noperation = \"CreateModel\"\nkind = \"access_denied\"\nevery = 1",
    );
    let workspace = Workspace::new(&simulator);
    let arguments = [
        "run",
        "--model-package-arn",
        "arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/7",
        "--execution-role-arn",
        "arn:aws:iam::000000000000:role/r",
        "--name",
        "churn",
        "--samples",
        "samples.jsonl",
    ];
    let outcome = workspace.sagegate(&arguments).expect(3);
    assert!(
        outcome.stdout.contains("CreateModel failed"),
        "{}",
        outcome.stdout
    );
    simulator.assert_nothing_is_left();
    assert_eq!(simulator.count("CreateEndpointConfig"), 0);
}

#[test]
fn latency_can_be_taken_from_the_server() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = [
        "--latency-source",
        "server",
        "--concurrency-benchmark",
        "false",
    ];
    workspace.sagegate(&benchmark(&flags)).expect(0);
    let result = workspace.result();
    assert!(result.concurrency.is_empty());
    let comment = spaced(&workspace.read("sagegate-results/comment.md"));
    assert!(comment.contains("ModelLatency on the server"), "{comment}");
    let server = result.stability[1]
        .metrics
        .as_ref()
        .unwrap()
        .model_latency_ms
        .unwrap();
    let p90 = format!("{:.2} ms", server.p90.unwrap());
    assert!(comment.contains(&p90), "{p90}: {comment}");
}
