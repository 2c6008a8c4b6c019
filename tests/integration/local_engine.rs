//! `--local` on a real Docker engine, with the images of `.ci/local-images`: a scikit-learn model,
//! and toys that break in one way each. Run by `.ci/local`.

use std::process::Command;
use std::time::{Duration, Instant};

use sagegate::result::{Cause, Condition, EndpointOutcome, Finding, RunResult};
use serde_json::{Value, json};

use crate::local_busy::OtherPrograms;
use crate::support::engine::SAMPLES;
use crate::support::{Outcome, Workspace};

const TOY: &str = "sagegate-toy:ci";
const SKLEARN: &str = "sagegate-sklearn:ci";
const LABEL: &str = "label=sagegate.run";
const EXAMPLE_SAMPLES: &str = include_str!("../../docs/examples/model-repo/samples.jsonl");

/// Finds the engine as a user's shell does, and has credentials that no container may see.
fn workspace() -> Workspace {
    let mut workspace = Workspace::without_aws()
        .with("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .with("AWS_SECRET_ACCESS_KEY", "secret-that-nobody-may-see")
        .with("AWS_SESSION_TOKEN", "token-that-nobody-may-see");
    if let Ok(host) = std::env::var("DOCKER_HOST") {
        workspace = workspace.with("DOCKER_HOST", &host);
    }
    workspace.write("samples.jsonl", SAMPLES);
    workspace
}

fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// What runs have left on the engine.
fn leftovers() -> String {
    let containers = docker(&["ps", "--all", "--filter", LABEL, "--format", "{{.Names}}"]);
    let volumes = docker(&["volume", "ls", "--filter", LABEL, "--format", "{{.Name}}"]);
    format!("{containers}{volumes}")
}

#[track_caller]
fn assert_nothing_is_left() {
    assert_eq!(leftovers(), "");
}

/// A short run of a toy, with more of its variables.
fn toy(workspace: &Workspace, toy: &str, variables: &[&str], extra: &[&str]) -> Outcome {
    let name = format!("TOY={toy}");
    let mut args = vec![
        "run",
        "--local",
        "--image-uri",
        TOY,
        "--samples",
        "samples.jsonl",
    ];
    args.extend(["--baseline", "file:b.json", "--container-env", &name]);
    for variable in variables {
        args.extend(["--container-env", variable]);
    }
    let common = [
        ("--memory-sizes", "1024"),
        ("--invocations", "20"),
        ("--warmup", "2"),
    ];
    let kept = common.into_iter().filter(|(flag, _)| !extra.contains(flag));
    args.extend(kept.flat_map(|(flag, value)| [flag, value]));
    args.extend(extra);
    workspace.sagegate(&args)
}

fn reason(result: &RunResult) -> String {
    let outcome = &result.stability[0].outcome;
    outcome.reason().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_model_of_scikit_learn_is_measured_and_recommended() {
    let workspace = workspace();
    workspace.write("rows.jsonl", EXAMPLE_SAMPLES);
    let model = std::env::var("SAGEGATE_LOCAL_MODEL").unwrap();
    let began = Instant::now();
    let outcome = workspace
        .sagegate(&[
            "run",
            "--local",
            "--image-uri",
            SKLEARN,
            "--model-data-url",
            &model,
            "--samples",
            "rows.jsonl",
            "--invocations",
            "200",
            "--baseline",
            "file:b.json",
        ])
        .expect(0);
    eprintln!("the whole run: {:.1} s", began.elapsed().as_secs_f64());
    assert_nothing_is_left();
    let result = workspace.result();
    assert!(result.measured().count() >= 2, "{:?}", result.local);
    for run in result.measured() {
        let metrics = run.metrics.as_ref().unwrap();
        assert!(metrics.complete);
        let memory = metrics.memory_utilization_percent.unwrap();
        assert!(memory.maximum > 1.0 && memory.maximum < 100.0, "{memory:?}");
        // The model's own answer: a class of each row.
        assert!(run.invocations.iter().all(|call| call.response_bytes == 3));
    }
    let shown = &outcome.stdout;
    assert!(
        shown.contains("sagegate-sklearn on this machine"),
        "{shown}"
    );
    let comment = workspace.read("sagegate-results/comment.md");
    let plain = comment.replace('\u{a0}', " ");
    assert!(plain.contains(" MB of 1024 MB"), "{plain}");
    assert!(
        comment.contains("Would it start on serverless"),
        "{comment}"
    );
}

/// What the README of `docs/examples/model-repo` says, with fewer calls.
#[test]
#[ignore = "needs a Docker engine"]
fn the_example_repository_records_and_fails_twenty_times_as_many_trees() {
    let workspace = workspace();
    workspace.write("samples.jsonl", EXAMPLE_SAMPLES);
    let train = |trees: &str| {
        let volume = format!("{}:/model", workspace.path("model").display());
        let run = ["run", "--rm", "--volume", &volume, "--entrypoint"];
        let train = ["python3", SKLEARN, "train.py", "--out", "/model", "--trees"];
        let said = docker(&[&run[..], &train, &[trees]].concat());
        assert!(said.ends_with(&format!("{trees} trees\n")), "{said}");
    };
    let gate = |mode: &str| {
        let common = ["run", "--local", "--image-uri", SKLEARN, "--name", "churn"];
        let model = ["--model-data-url", "model", "--samples", "samples.jsonl"];
        let few = ["--memory-sizes", "1024", "--invocations", "100"];
        let once = ["--confirm", "false", "--mode", mode];
        let args = [&common[..], &model, &few, &once].concat();
        workspace.sagegate(&args)
    };
    train("20");
    gate("record").expect(0);
    train("400");
    let failed = gate("gate").expect(1);
    assert!(
        failed.stdout.contains("❌ churn failed on this machine"),
        "{}",
        failed.stdout
    );
    assert_nothing_is_left();
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_model_of_a_gigabyte_and_a_half_needs_2048_mb() {
    let workspace = workspace();
    let sizes = ["--memory-sizes", "1024,2048"];
    let outcome = toy(&workspace, "memory", &["MEGABYTES=1500"], &sizes).expect(0);
    let result = workspace.result();
    let EndpointOutcome::DeployFailed { reason, cause } = &result.stability[0].outcome else {
        panic!("{:?}", result.stability[0].outcome);
    };
    assert!(
        reason.contains("ran out of memory: 1024 MB is not enough"),
        "{reason}"
    );
    assert_eq!(*cause, Cause::Model);
    assert!(outcome.stdout.contains("; 2048 MB, "), "{}", outcome.stdout);
    assert_nothing_is_left();
}

#[test]
#[ignore = "needs a Docker engine"]
fn each_toy_gives_its_line() {
    for (name, variables, words) in [
        ("crash", &[][..], "exit code 1"),
        (
            "crash",
            &[],
            "RuntimeError: the model is of another version",
        ),
        ("grows", &["MEGABYTES=200"], "insufficient memory"),
        ("forks", &["MEGABYTES=1100"], "insufficient memory"),
        ("dies", &[], "the container ended with exit code 7"),
        ("error", &[], "could not convert string to float"),
        ("large", &["MEGABYTES=5"], "the response has more than 4 MB"),
    ] {
        let workspace = workspace();
        let outcome = toy(&workspace, name, variables, &[]);
        let result = workspace.result();
        let calls = result.stability[0].warmup.iter();
        let calls = calls.chain(&result.stability[0].invocations);
        let all = format!("{} {:?}", reason(&result), calls.collect::<Vec<_>>());
        let out_of_memory = all.contains("OutOfMemory") && words == "insufficient memory";
        assert!(all.contains(words) || out_of_memory, "{name}: {all}");
        assert_ne!(outcome.code, Some(1), "{name}");
        assert_nothing_is_left();
    }
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_slow_start_is_waited_for_and_a_slow_answer_measured() {
    let workspace = workspace();
    toy(&workspace, "slow-start", &["SECONDS=4"], &[]).expect(0);
    let deployed = workspace.result().stability[0].deployed_in_s.unwrap();
    assert!(deployed > 4.0, "{deployed}");
    let few = ["--invocations", "4", "--warmup", "0"];
    toy(&workspace, "slow", &["SECONDS=0.5"], &few).expect(0);
    let result = workspace.result();
    let model = result.stability[0].metrics.as_ref().unwrap();
    let model = model.model_latency_ms.unwrap().average;
    assert!((500.0..700.0).contains(&model), "{model}");
    assert_nothing_is_left();
}

#[test]
#[ignore = "needs a Docker engine"]
fn what_other_programs_have_of_the_processors_is_counted_and_the_containers_is_not() {
    let workspace = workspace();
    let others = || {
        toy(
            &workspace,
            "fine",
            &["WORK_MS=30"],
            &["--invocations", "200"],
        )
        .expect(0);
        let runner = workspace.result().runner.unwrap();
        runner.other_programs.unwrap()
    };
    // The container has a quarter of two processors.
    let idle = others();
    assert!(idle < 0.1, "{idle}");
    let busy = OtherPrograms::start();
    let beside = others();
    drop(busy);
    assert!(beside > 0.3, "{beside}");
    assert_nothing_is_left();
}

#[test]
#[ignore = "needs a Docker engine"]
fn what_serverless_endpoints_do_not_have_is_found_out() {
    for (name, condition, words) in [
        (
            "logs",
            Condition::ReadOnlyRoot,
            "Read-only file system: '/logs'",
        ),
        ("root", Condition::OtherUser, "PermissionError"),
        ("shm", Condition::NoSharedMemory, ""),
    ] {
        let workspace = workspace();
        toy(&workspace, name, &[], &[]).expect(0);
        let contract = workspace.result().local.unwrap().contract;
        let broken: Vec<_> = contract
            .iter()
            .filter(|it| matches!(it.finding, Finding::Breaks { .. }))
            .collect();
        assert!(
            broken.iter().any(|it| it.condition == condition),
            "{name}: {contract:?}"
        );
        let log: Vec<String> = broken
            .iter()
            .flat_map(|it| it.log.lines().to_vec())
            .collect();
        assert!(log.join("\n").contains(words), "{name}: {log:?}");
        assert_nothing_is_left();
    }
}

/// A run is killed at a moment that the seed decides; then nothing of it is left after `cleanup`.
#[test]
#[ignore = "needs a Docker engine"]
fn kills_at_any_moment_leave_nothing_after_a_clean_up() {
    let kills = std::env::var("SAGEGATE_LOCAL_KILLS").map_or(5, |it| it.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(20_261_127);
    let model = std::env::var("SAGEGATE_LOCAL_MODEL").unwrap();
    for number in 0..kills {
        let workspace = workspace();
        let pause = Duration::from_millis(random.u64(50..5000));
        let mut child = workspace.spawn(&[
            "run",
            "--local",
            "--image-uri",
            TOY,
            "--samples",
            "samples.jsonl",
            "--model-data-url",
            &model,
            "--memory-sizes",
            "1024,2048",
            "--invocations",
            "300",
            "--warmup",
            "2",
            "--quiet",
            "--container-env",
            "WORK_MS=5",
            "--container-env",
            "TOY=deaf",
            "--baseline",
            "file:b.json",
        ]);
        std::thread::sleep(pause);
        child.kill().unwrap();
        child.wait().unwrap();
        // What the engine was told before the kill comes to its end.
        std::thread::sleep(Duration::from_millis(500));
        if let Ok(text) = std::fs::read_to_string(workspace.path("sagegate-results/ledger.json")) {
            let ledger: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(ledger["containers"], json!(true));
            let run_id = ledger["run_id"].as_str().unwrap();
            workspace
                .sagegate(&["cleanup", "--local", "--run", run_id])
                .expect(0);
        }
        let left = leftovers();
        assert_eq!(left, "", "kill {number} after {pause:?}");
    }
    eprintln!("{kills} kills, nothing left");
}

/// A run of an image beside another, both with work of their own.
fn beside(image: &str, against: &str, sizes: &str) -> (Workspace, Outcome) {
    let workspace = workspace();
    let outcome = workspace.sagegate(&[
        "run",
        "--local",
        "--image-uri",
        image,
        "--against-image-uri",
        against,
        "--name",
        "toy",
        "--samples",
        "samples.jsonl",
        "--memory-sizes",
        sizes,
        "--rounds",
        "2",
        "--invocations",
        "100",
        "--max-p99-increase",
        "30%",
        "--max-cost-increase",
        "30%",
        "--baseline",
        "file:none.json",
    ]);
    assert_nothing_is_left();
    (workspace, outcome)
}

#[test]
#[ignore = "needs a Docker engine"]
fn an_image_is_gated_beside_mains_without_a_baseline() {
    let (workspace, same) = beside("sagegate-toy:work10", "sagegate-toy:work10", "1024,2048");
    same.expect(0);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        comment.contains("measured in turn in this job"),
        "{comment}"
    );
    let (workspace, slower) = beside("sagegate-toy:work30", "sagegate-toy:work10", "2048");
    let slower = slower.expect(1);
    assert!(slower.stdout.contains('❌'), "{}", slower.stdout);
    assert!(workspace.result().reference.is_some());
}

#[test]
#[ignore = "needs a Docker engine"]
fn an_image_is_measured_under_load_and_calibrated() {
    let workspace = workspace();
    let common = ["--local", "--image-uri", TOY, "--samples", "samples.jsonl"];
    let short = ["--memory-sizes", "1024", "--invocations", "100"];
    let load = [
        "--concurrency-benchmark",
        "--max-concurrency",
        "1",
        "--concurrency-invocations",
        "20",
        "--client-multipliers",
        "1,2",
    ];
    let benchmark = [&["benchmark"][..], &common, &short, &load].concat();
    workspace.sagegate(&benchmark).expect(0);
    let result = workspace.result();
    assert_eq!(result.concurrency[0].rounds.len(), 2);
    assert_eq!(result.concurrency[0].outcome, EndpointOutcome::Measured);
    let runs = ["--runs", "2", "--output-dir", "runs"];
    let calibrate = [&["calibrate"][..], &common, &short, &runs].concat();
    let calibrated = workspace.sagegate(&calibrate).expect(0);
    assert!(
        calibrated.stdout.contains("2 runs of the same model"),
        "{}",
        calibrated.stdout
    );
    assert_nothing_is_left();
}
