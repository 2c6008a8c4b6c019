//! `sagegate run` from the command line to the bytes on the wire.

use sagegate::result::{EndpointOutcome, Service};

use crate::support::{Simulator, Workspace, run_args, spaced};

#[test]
fn a_first_run_measures_every_size_and_leaves_nothing_behind() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&[]).expect(0);
    assert!(
        outcome.stdout.contains("no baseline yet"),
        "{}",
        outcome.stdout
    );
    simulator.assert_nothing_is_left();
    let result = workspace.result();
    assert_eq!(result.service, Service::Custom("127.0.0.1".to_owned()));
    assert_eq!((result.cleanup.created, result.cleanup.deleted), (4, 4));
    for endpoint in &result.stability {
        assert_eq!(endpoint.outcome, EndpointOutcome::Measured);
        assert_eq!(
            (endpoint.warmup.len(), endpoint.invocations.len()),
            (5, 100)
        );
        let metrics = endpoint.metrics.as_ref().unwrap();
        assert!(metrics.complete && metrics.model_setup_time_ms.is_some());
        let samples: Vec<u32> = endpoint
            .invocations
            .iter()
            .take(4)
            .map(|call| call.sample)
            .collect();
        assert_eq!(samples, [0, 1, 0, 1], "round robin");
    }
    assert_eq!(
        simulator.count("InvokeEndpoint"),
        212,
        "a connection per endpoint is opened before the first call"
    );
}

#[test]
fn client_latency_is_what_the_server_took_and_a_little_more() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&[]).expect(0);
    for endpoint in workspace.result().stability {
        let mut latencies: Vec<f64> = endpoint
            .invocations
            .iter()
            .map(|call| call.latency_ms)
            .collect();
        latencies.sort_by(f64::total_cmp);
        let metrics = endpoint.metrics.unwrap();
        let server = metrics.model_latency_ms.unwrap().p50.unwrap()
            + metrics.overhead_latency_ms.unwrap().p50.unwrap();
        let client = latencies[latencies.len() / 2];
        assert!(
            client > server * 0.95,
            "client {client} ms, server {server} ms"
        );
        assert!(
            endpoint
                .invocations
                .iter()
                .all(|call| call.first_byte_ms <= call.latency_ms)
        );
    }
}

#[test]
fn creates_come_first_and_deletes_last_and_each_size_is_created_once() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&[]).expect(0);
    let mut operations = simulator.operations();
    operations.dedup_by(|a, b| a == "DescribeEndpoint" && b == "DescribeEndpoint");
    assert_eq!(
        operations.first().map(String::as_str),
        Some("DescribeModel")
    );
    let count = |name: &str| {
        operations
            .iter()
            .filter(|operation| *operation == name)
            .count()
    };
    let once = [
        "CreateEndpointConfig",
        "CreateEndpoint",
        "DeleteEndpoint",
        "DeleteEndpointConfig",
    ]
    .map(count);
    assert_eq!(once, [2, 2, 2, 2]);
    let last_create = operations
        .iter()
        .rposition(|operation| operation.starts_with("Create"))
        .unwrap();
    let first_delete = operations
        .iter()
        .position(|operation| operation.starts_with("Delete"))
        .unwrap();
    assert!(last_create < first_delete, "{operations:?}");
}

#[test]
fn names_and_tags_come_from_the_ci_run() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator)
        .with("GITHUB_RUN_ID", "1842")
        .with("GITHUB_RUN_ATTEMPT", "2")
        .with("GITHUB_SHA", "8f31c2e");
    workspace.run(&[]).expect(0);
    let result = workspace.result();
    assert_eq!(
        (result.run_id.as_str(), result.commit.as_deref()),
        ("1842-2", Some("8f31c2e"))
    );
    assert!(
        result.stability[0]
            .endpoint_name
            .starts_with("sagegate-1842-2-")
    );
    assert!(
        workspace
            .read("sagegate-results/ledger.json")
            .contains(&result.stability[1].endpoint_name)
    );
}

#[test]
fn the_credentials_appear_in_no_output_even_when_everything_is_logged() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace
        .run(&["-vv", "--invocations", "3", "--memory-sizes", "1024"])
        .expect(0);
    assert!(outcome.stderr.len() > 10_000, "everything is logged");
    assert!(!outcome.stderr.contains("secret-that-nobody-may-see"));
    for file in [
        "result.json",
        "comment.md",
        "benchmarking_report/benchmarking_report.html",
        "ledger.json",
    ] {
        let text = workspace.read(&format!("sagegate-results/{file}"));
        assert!(
            !text.contains("secret-that-nobody-may-see")
                && !text.contains(simulator.access_key_id()),
            "{file}"
        );
    }
}

#[test]
fn the_built_in_server_can_be_started_from_the_command_line() {
    use std::io::{BufRead as _, BufReader};
    let workspace = Workspace::without_aws();
    let mut server = workspace.spawn(&["simulate", "--port", "0", "--profile", "xgboost"]);
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let url = lines
        .find_map(|line| {
            line.unwrap()
                .split_once("AWS_ENDPOINT_URL=")
                .map(|(_, rest)| rest.to_owned())
        })
        .unwrap();
    let url = url.split_whitespace().next().unwrap().to_owned();
    let workspace = workspace
        .with("AWS_ENDPOINT_URL", &url)
        .with("AWS_ACCESS_KEY_ID", "a")
        .with("AWS_SECRET_ACCESS_KEY", "b");
    workspace.write("s.jsonl", "{\"Body\":\"1\"}\n");
    let outcome = workspace.sagegate(&[
        "run",
        "--model-name",
        "xgboost",
        "--samples",
        "s.jsonl",
        "--region",
        "us-east-1",
        "--memory-sizes",
        "2048",
        "--invocations",
        "20",
    ]);
    server.kill().unwrap();
    server.wait().unwrap();
    outcome.expect(0);
}

#[test]
fn quiet_shows_the_result_alone() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace
        .run(&["--quiet", "--memory-sizes", "2048", "--invocations", "10"])
        .expect(0);
    assert_eq!(outcome.stderr, "");
    assert!(outcome.stdout.contains("2048"));
}

#[test]
fn the_mobilenet_profile_reproduces_the_published_result() {
    use sagegate::analysis::{Strategy, analyse};
    use sagegate::prices::PriceTable;
    use sagegate::units::MemoryMb;

    let source = include_str!("../../src/simulator/profiles/mobilenet-v2.toml");
    let simulator = Simulator::start(source);
    let workspace = Workspace::new(&simulator);
    let sizes = [
        "--memory-sizes",
        "1024,2048,3072,4096,5120,6144",
        "--invocations",
        "100",
    ];
    workspace
        .sagegate(&run_args("mobilenet-v2", &sizes))
        .expect(0);
    let prices = PriceTable::bundled().unwrap();
    let analysis = analyse(
        &workspace.result(),
        prices.region("us-east-1").unwrap(),
        Strategy::Balanced,
    );
    assert_eq!(analysis.best.map(MemoryMb::get), Some(2048));
    let cost = |size: usize| analysis.sizes[size].cost.per_million().get();
    assert!((cost(1) / 4.55 - 1.0).abs() < 0.02, "2048 MB: {}", cost(1));
    assert!((cost(2) / 5.95 - 1.0).abs() < 0.02, "3072 MB: {}", cost(2));
    let break_even = analysis.sizes[1].break_even.as_ref().unwrap();
    assert_eq!(break_even.instance_type, "ml.t2.medium");
    assert!((break_even.invocations_per_month / 8.86e6 - 1.0).abs() < 0.02);
    assert!((break_even.saving_at(1e6).saved.percent() - 88.72).abs() < 0.3);
}

#[test]
fn a_folder_of_files_is_sent_byte_for_byte() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    std::fs::create_dir(workspace.path("images")).unwrap();
    std::fs::write(workspace.path("images/a.png"), [0x89, 0x50, 0xff, 0x00]).unwrap();
    std::fs::write(workspace.path("images/b.png"), vec![7; 3000]).unwrap();
    let flags = [
        "--samples",
        "images",
        "--memory-sizes",
        "2048",
        "--invocations",
        "10",
    ];
    workspace.run(&flags).expect(0);
    let result = workspace.result();
    assert_eq!(
        (result.samples.source.as_str(), result.samples.count),
        ("images", 2)
    );
    let bytes: Vec<u64> = result.stability[0]
        .invocations
        .iter()
        .take(3)
        .map(|call| call.request_bytes)
        .collect();
    assert_eq!(bytes, [4, 3000, 4]);
}

#[test]
fn a_size_whose_tail_cannot_be_judged_goes_on_as_far_as_it_may() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    // 60 calls are too few for any quantile of the tail, 100 are enough for p90.
    let with = |most: &str| {
        let flags = [
            "--model-name",
            "m-steady",
            "--memory-sizes",
            "2048",
            "--invocations",
            "60",
            "--max-invocations",
            most,
        ];
        workspace.run(&flags).expect(0)
    };
    let outcome = with("100");
    assert_eq!(workspace.result().stability[0].invocations.len(), 100);
    assert!(
        outcome
            .stderr
            .contains("2048 MB: identical calls vary too much for p99, going on to 1"),
        "{}",
        outcome.stderr
    );
    let comment = spaced(&workspace.read("sagegate-results/comment.md"));
    assert!(
        comment.contains("100 calls at 2048 MB instead of 60: the same code varied"),
        "{comment}"
    );
    // The plan is enough where nothing more is allowed, and the result says nothing about it.
    with("60");
    assert_eq!(workspace.result().stability[0].invocations.len(), 60);
    assert!(
        !workspace
            .read("sagegate-results/comment.md")
            .contains("instead of 60")
    );
}
