//! Whose runs a run is compared with, and whose resources it uses: several regions, sample sets,
//! strategies and processes of one workflow's run stay apart.

use std::process::Child;

use serde_json::{Value, json};

use crate::support::github::{GitHub, REPOSITORY, TOKEN};
use crate::support::runner::{Runner, comments};
use crate::support::{Outcome, QUICK, Simulator, Workspace, run_args, wait_until};

/// As versions wrote it that knew neither branches nor strategies: two runs of `m-steady`.
const SCHEMA_1: &str = include_str!("../fixtures/baseline-1/baseline.json");

const RESULT: &str = "sagegate-results/result.json";
/// Limits that a busy machine keeps, and that a model three times as slow does not.
const WIDE: [&str; 4] = ["--max-p99-increase", "90%", "--max-cost-increase", "60%"];

fn one_size<'a>(model: &'a str, extra: &[&'a str]) -> Vec<&'a str> {
    let one = ["--memory-sizes", "2048", "--confirm", "false"];
    run_args(model, &[one.as_slice(), &WIDE, extra].concat())
}

/// One of the runs that a workflow makes of a model.
struct Leg {
    region: &'static str,
    samples: &'static str,
    strategy: &'static str,
    /// Milliseconds of a call: legs that share region, samples or strategy differ threefold.
    latency_ms: f64,
}

fn legs() -> Vec<Leg> {
    let latencies = [10.0, 30.0, 90.0];
    let mut legs = Vec::new();
    for (at, region) in ["us-east-1", "eu-west-1", "ap-northeast-1"]
        .iter()
        .enumerate()
    {
        for (of, samples) in ["small", "large"].iter().enumerate() {
            for (by, strategy) in ["balanced", "speed"].iter().enumerate() {
                legs.push(Leg {
                    region,
                    samples,
                    strategy,
                    latency_ms: latencies[(at + of + 2 * by) % 3],
                });
            }
        }
    }
    legs
}

/// The result of a leg: that of a run, with the leg's latencies.
fn write_result(workspace: &Workspace, leg: &Leg) {
    let mut result: Value = serde_json::from_str(&workspace.read(RESULT)).unwrap();
    result["run_id"] = "1842-1".into();
    result["region"] = leg.region.into();
    result["samples"]["source"] = format!("{}.jsonl", leg.samples).into();
    result["samples"]["sha256"] = leg.samples.into();
    result.as_object_mut().unwrap().remove("prices");
    let size = &mut result["stability"][0];
    size["metrics"]["model_latency_ms"]["average"] = leg.latency_ms.into();
    let calls = size["invocations"].as_array_mut().unwrap();
    for (call, step) in calls.iter_mut().zip([0.0, 0.01, 0.02, 0.03].iter().cycle()) {
        let latency = leg.latency_ms * (1.0 + step);
        (call[2], call[3]) = (latency.into(), latency.into());
    }
    workspace.write("leg.json", &result.to_string());
}

fn recorded(workspace: &Workspace, uri: &str, leg: &Leg) {
    write_result(workspace, leg);
    let record = ["record", "--result", "leg.json", "--baseline", uri];
    workspace
        .sagegate(&[&record[..], &["--strategy", leg.strategy]].concat())
        .expect(0);
}

fn compared(workspace: &Workspace, uri: &str, leg: &Leg) -> Outcome {
    write_result(workspace, leg);
    let compare = ["compare", "--result", "leg.json", "--baseline", uri];
    let strategy = ["--strategy", leg.strategy];
    workspace.sagegate(&[&compare[..], &strategy, &WIDE].concat())
}

#[test]
fn regions_samples_and_strategies_of_one_run_keep_their_entries_in_every_store() {
    let github = GitHub::start();
    let simulator = Simulator::start(&format!("buckets = [\"models\"]\n{QUICK}"));
    let workspace = Workspace::new(&simulator)
        .with("GITHUB_API_URL", &github.api_url())
        .with("GITHUB_REPOSITORY", REPOSITORY)
        .with("GITHUB_TOKEN", TOKEN);
    workspace.sagegate(&one_size("m", &[])).expect(0);
    for uri in [
        "file:legs.json",
        "branch:sagegate",
        "s3://models/churn/b.json",
    ] {
        for leg in &legs() {
            recorded(&workspace, uri, leg);
        }
        for leg in &legs() {
            let outcome = compared(&workspace, uri, leg).expect(0);
            assert!(
                outcome.stdout.contains("churn passed"),
                "{}",
                outcome.stdout
            );
        }
        // Each is held to its own: another leg is three times as slow.
        let mut slower = legs().remove(0);
        slower.latency_ms *= 3.0;
        let outcome = compared(&workspace, uri, &slower).expect(1);
        assert!(
            outcome.stdout.contains("churn failed"),
            "{}",
            outcome.stdout
        );
    }
    let stored: Value = serde_json::from_str(&workspace.read("legs.json")).unwrap();
    assert_eq!(stored["schema"], 2);
    let entries = stored["models"]["churn"].as_array().unwrap();
    assert_eq!(entries.len(), 12);
}

#[test]
fn a_baseline_of_an_older_version_is_compared_with_and_goes_on_counting() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("b.json", SCHEMA_1);
    let compared = workspace.sagegate(&one_size("m-steady", &[])).stdout;
    // Of what the file holds, in the table of the metrics.
    let cost = compared.lines().find(|it| it.contains(" Cost per "));
    assert!(cost.unwrap().contains(" $1.02 "), "{compared}");
    assert_eq!(workspace.read("b.json"), SCHEMA_1, "a gate only reads");
    let record = one_size("m-steady", &["--mode", "record"]);
    workspace.sagegate(&record).expect(0);
    let stored: Value = serde_json::from_str(&workspace.read("b.json")).unwrap();
    let old: Value = serde_json::from_str(SCHEMA_1).unwrap();
    let entries = stored["models"]["churn"].as_array().unwrap();
    assert_eq!((&stored["schema"], entries.len()), (&json!(2), 3));
    assert_eq!(entries[..2], old["models"]["churn"].as_array().unwrap()[..]);
    assert_eq!(entries[2]["epoch"], 1);
    assert_eq!(entries[2]["key"]["strategy"], "balanced");
}

/// A step of the action that measures one size of `m-steady`.
fn leg_of_matrix(github: &GitHub, simulator: &Simulator, region: &str, samples: &str) -> Runner {
    let runner = Runner::with_aws(github, simulator)
        .model("m-steady")
        .input("memory-sizes", "2048")
        .input("region", region)
        .input("samples", samples);
    let line = |body: &str| format!("{{\"Body\":\"{body}\",\"ContentType\":\"text/csv\"}}\n");
    runner.workspace.write("small.jsonl", &line("1"));
    runner.workspace.write("large.jsonl", &line("1,2,3"));
    runner
}

#[test]
fn each_leg_of_a_matrix_has_a_history_and_a_comment_of_its_own() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let legs = [
        ("us-east-1", "small.jsonl"),
        ("eu-west-1", "small.jsonl"),
        ("us-east-1", "large.jsonl"),
    ];
    for (region, samples) in legs {
        let mut runner = leg_of_matrix(&github, &simulator, region, samples).push_to_main();
        runner.step().expect(0);
    }
    for (region, samples) in legs {
        let mut runner = leg_of_matrix(&github, &simulator, region, samples);
        let step = runner.step();
        assert!(
            step.compares_with_the_same(),
            "{region} {samples}: {step:?}"
        );
    }
    let before = comments(&github);
    assert_eq!(before.len(), 3);
    // The next push: each leg changes its own comment.
    let (region, samples) = legs[1];
    let mut runner = leg_of_matrix(&github, &simulator, region, samples);
    runner = runner.input("model-name", "m-slow");
    assert!(!runner.step().compares_with_the_same());
    let after = comments(&github);
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    assert_ne!(after[1], before[1]);
}

/// A process of the workflow's run 1842.
fn start(workspace: &Workspace, folder: &str) -> Child {
    workspace.spawn(&one_size("m-steady", &["--output-dir", folder]))
}

fn names(workspace: &Workspace, folder: &str) -> Vec<String> {
    let ledger: Value =
        serde_json::from_str(&workspace.read(&format!("{folder}/ledger.json"))).unwrap();
    let endpoints = ledger["endpoints"].as_array().unwrap().iter();
    endpoints
        .map(|it| it.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn two_processes_of_one_run_and_name_share_nothing_and_both_finish() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator)
        .with("GITHUB_RUN_ID", "1842")
        .with("GITHUB_RUN_ATTEMPT", "1");
    let both = [start(&workspace, "one"), start(&workspace, "other")];
    for process in both {
        let outcome = Outcome::from(process.wait_with_output().unwrap()).expect(0);
        assert!(
            outcome.stdout.contains("no baseline yet"),
            "{}",
            outcome.stdout
        );
    }
    simulator.assert_nothing_is_left();
    let (one, other) = (names(&workspace, "one"), names(&workspace, "other"));
    assert!(
        one.iter().all(|name| !other.contains(name)),
        "{one:?} {other:?}"
    );
    for name in one.iter().chain(&other) {
        assert!(
            name.starts_with("sagegate-1842-1-") && name.len() <= 63,
            "{name}"
        );
    }
    for folder in ["one", "other"] {
        let result: Value =
            serde_json::from_str(&workspace.read(&format!("{folder}/result.json"))).unwrap();
        let cleanup = &result["cleanup"];
        assert_eq!(
            (&cleanup["created"], &cleanup["deleted"]),
            (&json!(2), &json!(2))
        );
        let calls = result["stability"][0]["invocations"].as_array().unwrap();
        assert_eq!(calls.len(), 100);
    }
}

#[test]
fn the_clean_up_by_run_finds_what_every_process_has_left() {
    let simulator = Simulator::quick_with("[life_cycle]\ncreating_seconds = 60");
    let workspace = Workspace::new(&simulator)
        .with("GITHUB_RUN_ID", "1842")
        .with("GITHUB_RUN_ATTEMPT", "1");
    let mut both = [start(&workspace, "one"), start(&workspace, "other")];
    wait_until("four resources", || simulator.resources().len() == 4);
    for process in &mut both {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let dry = workspace.sagegate(&["cleanup", "--run", "1842-1", "--dry-run"]);
    let dry = dry.expect(0).stdout;
    assert_eq!(dry.lines().count(), 4, "{dry}");
    for name in [names(&workspace, "one"), names(&workspace, "other")].concat() {
        if !name.ends_with('b') {
            assert!(dry.contains(&name), "{name}: {dry}");
        }
    }
}

/// Somebody else gives the name of the endpoint, or of its config, just before this run does.
fn taken(operation: &str) -> String {
    format!("[[operation_faults]]\noperation = \"{operation}\"\nkind = \"taken\"\nuntil = 1\n")
}

#[test]
fn what_this_process_has_not_created_is_neither_measured_nor_deleted() {
    for (operation, kind) in [
        ("CreateEndpoint", "endpoint"),
        ("CreateEndpointConfig", "endpoint config"),
    ] {
        let (github, simulator) = (GitHub::start(), Simulator::quick_with(&taken(operation)));
        let mut runner = Runner::with_aws(&github, &simulator)
            .model("m-steady")
            .input("baseline", "file:b.json");
        let step = runner.step();
        let left = simulator.resources();
        assert_eq!(left.len(), 1, "{left:?}: {}", step.outcome.stderr);
        let name = &left[0];
        let words = format!("{kind} `{name}` exists already, and this run has not created it");
        let stderr = &step.outcome.stderr;
        assert!(stderr.contains(&words), "{words}: {stderr}");
        let result = runner.workspace.result();
        let of = |it: &&sagegate::result::EndpointRun| it.endpoint_name == *name;
        let foreign = result.stability.iter().find(of).unwrap();
        assert!(foreign.invocations.is_empty() && foreign.warmup.is_empty());
        assert_eq!(result.measured().count(), 1);
        assert_eq!(result.cleanup.left, []);
        // Neither does the clean-up of the step, nor one by the ledger.
        runner.clean_up(&step.state).expect(0);
        let ledger = runner.workspace.read("sagegate-results/ledger.json");
        assert!(!ledger.contains(&format!("\"{name}\"")), "{ledger}");
        let cleanup = ["cleanup", "--ledger", "sagegate-results/ledger.json"];
        runner.workspace.sagegate(&cleanup).expect(0);
        assert_eq!(simulator.resources(), left);
    }
}

#[test]
fn a_model_of_somebody_else_is_left_alone() {
    let simulator = Simulator::quick_with(&taken("CreateModel"));
    let workspace = Workspace::new(&simulator);
    let before = simulator.models().len();
    let image = [
        "--image-uri",
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/churn:1",
        "--execution-role-arn",
        "arn:aws:iam::000000000000:role/r",
        "--name",
        "churn",
        "--samples",
        "samples.jsonl",
        "--memory-sizes",
        "2048",
        "--invocations",
        "100",
        "--baseline",
        "file:b.json",
    ];
    let outcome = workspace.sagegate(&[&["run"], &image[..]].concat());
    assert_ne!(outcome.code, Some(0));
    let words = "exists already, and this run has not created it";
    assert!(outcome.stdout.contains(words), "{outcome:?}");
    assert_eq!(simulator.models().len(), before + 1);
    assert_eq!(simulator.resources(), Vec::<String>::new());
}

#[test]
fn a_create_call_whose_answer_was_lost_is_the_runs_own() {
    for operation in ["CreateEndpoint", "CreateEndpointConfig"] {
        let fault = taken(operation).replace("taken", "lost_answer");
        let simulator = Simulator::quick_with(&fault);
        let workspace = Workspace::new(&simulator);
        workspace.run(&["--baseline", "file:b.json"]).expect(0);
        assert_eq!(workspace.result().measured().count(), 2);
        simulator.assert_nothing_is_left();
    }
}
