//! `--local`: containers of this machine's engine, which a fake stands for. `local_engine` has the
//! same with a real one.

use sagegate::result::{Condition, EndpointOutcome, Finding, Service};
use serde_json::{Value, json};

use crate::support::engine::{Engine, SAMPLES};
use crate::support::github::GitHub;
use crate::support::runner::Runner;
use crate::support::{Outcome, QUICK, Simulator, Workspace};

/// Arguments of a short local run of an image.
pub(crate) fn run_args<'a>(image: &'a str, extra: &[&'a str]) -> Vec<&'a str> {
    let common = [
        ("--image-uri", image),
        ("--samples", "samples.jsonl"),
        ("--memory-sizes", "1024,2048"),
        ("--invocations", "100"),
        ("--warmup", "5"),
        ("--baseline", "file:b.json"),
    ];
    let kept = common.into_iter().filter(|(flag, _)| !extra.contains(flag));
    let kept = kept.flat_map(|(flag, value)| [flag, value]);
    ["run", "--local"]
        .into_iter()
        .chain(kept)
        .chain(extra.iter().copied())
        .collect()
}

pub(crate) fn local(workspace: &Workspace, image: &str, extra: &[&str]) -> Outcome {
    workspace.sagegate(&run_args(image, extra))
}

#[test]
fn an_image_is_measured_in_containers_as_sagemaker_starts_them() {
    let engine = Engine::start();
    let workspace = engine.workspace();
    workspace.write("model/weights/w.bin", "weights");
    let args = ["--model-data-url", "model", "--container-env", "THREADS=1"];
    let outcome = local(&workspace, "registry.example/team/churn:pr", &args).expect(0);
    engine.assert_nothing_is_left();
    let shown = &outcome.stdout;
    assert!(
        shown.contains("churn on this machine: no baseline yet"),
        "{shown}"
    );
    assert!(shown.contains("not SageMaker"), "{shown}");
    let mut servers = engine.servers();
    // The sizes take turns in any order.
    servers.sort_by_key(|it| it["HostConfig"]["Memory"].as_u64());
    // One for each size, and one to check the contract.
    assert_eq!(servers.len(), 3);
    let host = &servers[0]["HostConfig"];
    assert_eq!(host["Memory"], json!(1024_u64 << 20));
    assert_eq!(host["MemorySwap"], host["Memory"]);
    assert_eq!(
        (&host["CpuPeriod"], &host["CpuQuota"]),
        (&json!(20_000), &json!(11_577))
    );
    assert_eq!(host["Mounts"][0]["Target"], "/opt/ml/model");
    assert_eq!(host["Mounts"][0]["ReadOnly"], true);
    assert_eq!(host["PortBindings"]["8080/tcp"][0]["HostIp"], "127.0.0.1");
    let environment = servers[0]["Env"].to_string();
    assert!(environment.contains("THREADS=1"), "{environment}");
    assert!(
        !Value::from(servers)
            .to_string()
            .contains("secret-that-nobody-may-see")
    );
    // The folder for the run, and once more for the contract.
    assert_eq!(engine.uploads().len(), 2);
    let result = workspace.result();
    assert!(matches!(&result.service, Service::Local(machine) if machine.cpus == 2));
    assert_eq!(result.measured().count(), 2);
    assert!(result.cleanup.left.is_empty());
    let metrics = result.stability[0].metrics.as_ref().unwrap();
    assert!(metrics.complete);
    let setup = metrics.model_setup_time_ms.unwrap();
    assert!(setup.sample_count >= 1.0, "{setup:?}");
    let comment = workspace.read("sagegate-results/comment.md");
    // Cells of a table do not break at these blanks.
    let plain = comment.replace('\u{a0}', " ");
    assert!(plain.contains("256 MB of 1024 MB"), "{plain}");
    assert!(comment.contains("nothing speaks against it"), "{comment}");
}

#[test]
fn sizes_take_turns_and_those_larger_than_the_machine_are_skipped() {
    let engine = Engine::start();
    let workspace = engine.workspace();
    let outcome = local(&workspace, "churn", &["--memory-sizes", "1024,2048,4096"]).expect(0);
    let words = "4096 MB skipped: it needs 2.32 CPUs, and this machine has 2 CPUs";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        comment.contains("skipped: `it needs 2.32 CPUs, and this machine has 2 CPUs"),
        "{comment}"
    );
    let result = workspace.result();
    let spans: Vec<(f64, f64)> = result
        .stability
        .iter()
        .map(|run| {
            let last = run.invocations.last().unwrap();
            (run.warmup[0].start_ms, last.start_ms)
        })
        .collect();
    let turns = spans[0].1 < spans[1].0 || spans[1].1 < spans[0].0;
    assert!(turns, "{spans:?}");
    let none = local(&workspace, "churn", &["--memory-sizes", "5120,6144"]).expect(2);
    assert!(
        none.stderr.contains("this machine has 2 CPUs"),
        "{}",
        none.stderr
    );
    engine.assert_nothing_is_left();
}

#[test]
fn a_model_that_is_too_large_for_a_size_is_out_of_memory_there() {
    let engine = Engine::start();
    let workspace = engine.workspace();
    local(&workspace, "needs-2048", &[]).expect(0);
    let result = workspace.result();
    let EndpointOutcome::DeployFailed { reason, cause } = &result.stability[0].outcome else {
        panic!("{:?}", result.stability[0].outcome);
    };
    assert!(
        reason.starts_with("the container ran out of memory: 1024 MB is not enough"),
        "{reason}"
    );
    assert_eq!(cause.to_owned(), sagegate::result::Cause::Model);
    assert_eq!(result.measured().count(), 1);
    engine.assert_nothing_is_left();
}

#[test]
fn a_container_that_fails_says_why_in_its_own_words() {
    let engine = Engine::start();
    for (image, words) in [
        (
            "crash",
            "the container ended with exit code 1; AllTraffic did not pass the ping health check",
        ),
        ("crash", "RuntimeError"),
        ("no-entry", "executable file not found"),
        ("error", "could not convert string to float"),
    ] {
        let workspace = engine.workspace();
        let outcome = local(&workspace, image, &[]).expect(3);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        let result = workspace.result();
        let reason = result.stability[0].outcome.reason().unwrap_or_default();
        assert!(reason.contains(words), "{image}: {reason}");
        assert!(
            !all.contains('\u{1b}') || !all.contains("\u{1b}[31m::"),
            "{all}"
        );
        engine.assert_nothing_is_left();
    }
}

#[test]
fn what_is_wrong_before_anything_is_created_is_one_line() {
    let engine = Engine::start();
    let ours = engine.host();
    let missing = "unix:///nonexistent/docker.sock".to_owned();
    for (host, image, extra, words) in [
        (
            &missing,
            "churn",
            &[][..],
            "no Docker engine answers at `/nonexistent/docker.sock`",
        ),
        (
            &"tcp://10.0.0.1:2375".to_owned(),
            "churn",
            &[],
            "is not the path of a Unix socket",
        ),
        (
            &ours,
            "missing:1",
            &[],
            "there is no image `missing:1` on this machine",
        ),
        (
            &ours,
            "arm:1",
            &[],
            "is an image for arm64, and this machine is amd64",
        ),
        (
            &ours,
            "churn",
            &["--model-data-url", "nothing.tar.gz"],
            "cannot read",
        ),
        (
            &ours,
            "churn",
            &["--model-data-url", "samples.jsonl"],
            "is neither a folder nor a tar archive",
        ),
        (
            &ours,
            "churn",
            &["--model-data-url", "s3://bucket"],
            "is not s3://BUCKET/KEY",
        ),
    ] {
        let workspace = engine.workspace().with("DOCKER_HOST", host);
        let outcome = local(&workspace, image, extra).expect(2);
        let line = outcome.stderr.lines().last().unwrap_or_default();
        assert!(
            line.starts_with("error: ") && line.contains(words),
            "{}",
            outcome.stderr
        );
        assert_eq!(engine.containers(), 0, "{words}");
    }
    let workspace = engine.workspace();
    for (args, words) in [
        (
            vec!["run", "--local", "--samples", "samples.jsonl"],
            "--image-uri",
        ),
        (
            run_args("churn", &["--simulate", "xgboost"]),
            "cannot be used with",
        ),
        (
            vec!["run", "--image-uri", "i", "--name", "n", "--samples", "s"],
            "or --local",
        ),
    ] {
        let outcome = workspace.sagegate(&args).expect(2);
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}

#[test]
fn what_serverless_endpoints_do_not_have_is_a_warning() {
    for (image, condition, words) in [
        (
            "logs",
            Condition::ReadOnlyRoot,
            "Read-only file system: '/logs'",
        ),
        ("root", Condition::OtherUser, "PermissionError"),
        ("huge", Condition::ImageSize, "10240 MB"),
    ] {
        let engine = Engine::start();
        let workspace = engine.workspace();
        local(&workspace, image, &["--memory-sizes", "1024"]).expect(0);
        let result = workspace.result();
        let contract = result.local.unwrap();
        let broken: Vec<_> = contract.broken().collect();
        assert_eq!(broken.len(), 1, "{:?}", contract.contract);
        assert_eq!(broken[0].condition, condition);
        let Finding::Breaks { reason } = &broken[0].finding else {
            panic!("{:?}", broken[0]);
        };
        assert!(reason.contains(words), "{reason}");
        let comment = workspace.read("sagegate-results/comment.md");
        assert!(
            comment.contains("it may not start on serverless endpoints"),
            "{comment}"
        );
        engine.assert_nothing_is_left();
    }
}

#[test]
fn the_baseline_of_another_machine_is_not_compared_with() {
    let engine = Engine::start();
    let workspace = engine.workspace();
    local(&workspace, "churn", &["--mode", "record"]).expect(0);
    let same = local(
        &workspace,
        "churn",
        &["--max-p99-increase", "off", "--max-cost-increase", "off"],
    );
    assert!(same.expect(0).stdout.contains("passed on this machine"));
    let text = workspace.read("b.json");
    let mut file: Value = serde_json::from_str(&text).unwrap();
    change_machine(&mut file);
    workspace.write("b.json", &file.to_string());
    let other = local(&workspace, "churn", &[]).expect(0);
    assert!(
        other.stdout.contains("inconclusive: other place"),
        "{}",
        other.stdout
    );
    assert!(
        other.stdout.contains("record a baseline"),
        "{}",
        other.stdout
    );
}

/// Every machine of a baseline becomes another one.
fn change_machine(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(model) = members.get_mut("cpu_model") {
                *model = json!("Other 9000");
            }
            members.values_mut().for_each(change_machine);
        }
        Value::Array(items) => items.iter_mut().for_each(change_machine),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_pull_request_of_a_fork_is_gated_without_credentials() {
    let (github, engine) = (GitHub::start(), Engine::start());
    let mut runner = Runner::new(&github)
        .pull_request_of("stranger/churn")
        .with("DOCKER_HOST", &engine.host())
        .input("local", "true")
        .input("image-uri", "churn:pr")
        .input("samples", "samples.jsonl")
        .input("memory-sizes", "1024")
        .input("invocations", "100")
        .input("warmup", "5");
    runner.workspace.write("samples.jsonl", SAMPLES);
    let step = runner.step();
    assert_eq!(step.outcome.code, Some(0), "{:?}", step.outcome);
    assert_eq!(step.outputs["verdict"], "no-baseline");
    assert_eq!(step.outputs["measured-on"], "this-machine");
    assert!(step.summary.contains("not SageMaker"), "{}", step.summary);
    // Nothing is left, so the state holds no ledger.
    assert!(
        step.state.values().all(String::is_empty),
        "{:?}",
        step.state
    );
    engine.assert_nothing_is_left();
}

#[test]
fn two_images_are_measured_in_turn_four_times() {
    let engine = Engine::start();
    let workspace = engine.workspace();
    workspace.write("model/weights/w.bin", "weights");
    let args = [
        "--against-image-uri",
        "churn:main",
        "--model-data-url",
        "model",
        "--memory-sizes",
        "1024",
        "--invocations",
        "20",
    ];
    local(&workspace, "churn:pr", &args).expect(0);
    engine.assert_nothing_is_left();
    let result = workspace.result();
    let reference = result.reference.as_ref().unwrap();
    assert_eq!(
        (reference.model.as_str(), reference.rounds),
        ("churn:main", 4)
    );
    assert_eq!((result.stability.len(), reference.stability.len()), (4, 4));
    for run in result.stability.iter().chain(&reference.stability) {
        assert_eq!(run.outcome, EndpointOutcome::Measured);
        assert_eq!(run.invocations.len(), 20);
    }
    let images: Vec<String> = engine
        .servers()
        .iter()
        .map(|it| it["Image"].to_string())
        .collect();
    let of_reference = images.iter().filter(|it| it.contains("main")).count();
    // The contract is the model's alone.
    assert_eq!((images.len(), of_reference), (9, 4), "{images:?}");

    for (flags, words) in [
        (
            ["--against-model-name", "churn"],
            "--local measures images of this machine's Docker engine alone",
        ),
        (
            [
                "--against-model-package-arn",
                "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/7",
            ],
            "--local measures images of this machine's Docker engine alone",
        ),
    ] {
        let refused = local(&workspace, "churn:pr", &flags).expect(2);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}

#[test]
fn model_data_of_another_account_needs_its_name() {
    const FOREIGN: &str = "111122223333";
    let engine = Engine::start();
    let profile = format!("foreign_buckets = {{ theirs = \"{FOREIGN}\" }}\n{QUICK}");
    let simulator = Simulator::start(&profile);
    let workspace = engine
        .workspace()
        .with("AWS_ENDPOINT_URL", &simulator.url())
        .with("AWS_REGION", "us-east-1")
        .with("AWS_ACCESS_KEY_ID", simulator.access_key_id());
    workspace.write("folder/model.txt", "weights");
    let tar = std::process::Command::new("tar")
        .args(["--format=ustar", "-cf", "-", "-C"])
        .arg(workspace.path("folder"))
        .arg("model.txt")
        .output()
        .unwrap();
    let archive = String::from_utf8(tar.stdout).unwrap();
    simulator.put_object("theirs", "model.tar", &archive);
    let url = ["--model-data-url", "s3://theirs/model.tar"];
    let refused = local(&workspace, "churn:pr", &url);
    assert_ne!(refused.code, Some(0));
    assert!(
        refused.stderr.contains("AccessDenied"),
        "{}",
        refused.stderr
    );
    assert_eq!(engine.servers().len(), 0);
    let short = ["--memory-sizes", "1024", "--invocations", "20"];
    let owned = [&url[..], &short, &["--bucket-owner", FOREIGN]].concat();
    local(&workspace, "churn:pr", &owned).expect(0);
    engine.assert_nothing_is_left();
    assert!(!engine.uploads().is_empty());
}
