//! `sagegate submit` and `collect`, from the command line to the wire: the simulator runs the job
//! for real.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sagegate::result::RunResult;
use serde_json::Value;

use crate::support::{Outcome, QUICK, Simulator, Workspace, replaced, run_args};

const JOB: [&str; 6] = [
    "--image-uri-of-sagegate",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagegate:1",
    "--job-role-arn",
    "arn:aws:iam::123456789012:role/job",
    "--s3-output",
    "s3://jobs/sagegate",
];

/// A simulator with the bucket `jobs`, whose jobs are this program.
pub(crate) fn simulator(section: &str) -> Simulator {
    let program = assert_cmd::cargo::cargo_bin!("sagegate")
        .display()
        .to_string();
    let jobs = format!("[jobs]\nprogram = \"{program}\"\nstopping_seconds = 20.0\n");
    let profile = format!("buckets = [\"jobs\"]\n{QUICK}\n{jobs}");
    let section = section.replace("PROGRAM", &program);
    Simulator::start(&match section.as_str() {
        "" => profile,
        section => replaced(&profile, section),
    })
}

pub(crate) fn submit_args<'a>(model: &'a str, extra: &[&'a str]) -> Vec<&'a str> {
    let mut args = run_args(model, extra);
    args[0] = "submit";
    args.extend(JOB);
    args
}

pub(crate) fn submit(workspace: &Workspace, extra: &[&str]) -> Outcome {
    workspace.sagegate(&submit_args("m-steady", extra))
}

/// The name of the job that was submitted.
pub(crate) fn job_name(outcome: &Outcome) -> String {
    let (_, after) = outcome.stderr.split_once("submitted job ").unwrap();
    after.split_whitespace().next().unwrap().to_owned()
}

pub(crate) fn describe(simulator: &Simulator, job: &str) -> Value {
    let input = serde_json::json!({ "ProcessingJobName": job });
    simulator.sagemaker("DescribeProcessingJob", &input)
}

/// Names of members, with the kind of each value: what a schema is.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Array(elements) => elements.first().map(shape).into_iter().collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Null => Value::Null,
    }
}

#[test]
fn a_job_gives_the_schema_and_the_verdict_of_a_run() {
    let load = [
        "--expected-clients=2",
        "--max-concurrency=2",
        "--concurrency-invocations=20",
    ];
    let of_run = simulator("");
    let here = Workspace::new(&of_run);
    here.sagegate(&run_args("m-steady", &load)).expect(0);
    let of_job = simulator("");
    let there = Workspace::new(&of_job);
    let outcome = submit(&there, &load).expect(0);
    let (run, job) = (here.result(), there.result());
    assert_eq!(job.settings, run.settings);
    assert_eq!(job.samples, run.samples, "also what they were read from");
    assert_eq!(
        (&job.name, &job.region, &job.service),
        (&run.name, &run.region, &run.service)
    );
    assert_eq!((job.cleanup.created, job.cleanup.deleted), (6, 6));
    let json = |result: &RunResult| serde_json::to_value(result).unwrap();
    assert_eq!(shape(&json(&job)), shape(&json(&run)));
    let headline = |folder: &Workspace| {
        let comment = folder.read("sagegate-results/comment.md");
        comment.contains("no baseline yet")
    };
    assert!(headline(&here) && headline(&there));
    of_job.assert_nothing_is_left();
    let described = describe(&of_job, &job_name(&outcome));
    assert_eq!(described["ProcessingJobStatus"], "Completed");
    let message = described["ExitMessage"].as_str().unwrap();
    assert!(message.contains("no baseline yet"), "{message}");
    assert_eq!(
        described["AppSpecification"]["ContainerArguments"],
        serde_json::json!(["inside-job"])
    );
}

#[test]
fn a_job_fails_the_gate_as_a_run_does() {
    let simulator = simulator("");
    let workspace = Workspace::new(&simulator);
    submit(&workspace, &["--mode=record"]).expect(0);
    let slow = workspace.sagegate(&submit_args("m-slow", &[])).expect(1);
    assert!(slow.stdout.contains("failed"), "{}", slow.stdout);
    let described = describe(&simulator, &job_name(&slow));
    let message = described["ExitMessage"].as_str().unwrap();
    assert!(
        message.starts_with("❌"),
        "the job has the baseline, too: {message}"
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn a_job_submitted_without_waiting_is_collected_later() {
    let simulator = simulator("");
    let workspace = Workspace::new(&simulator);
    let outcome = submit(&workspace, &["--no-wait"]).expect(0);
    let job = job_name(&outcome);
    let command =
        format!("sagegate collect --job {job} --region us-east-1 --output-dir sagegate-results");
    assert!(outcome.stdout.contains(&command), "{}", outcome.stdout);
    assert!(!workspace.exists("sagegate-results/result.json"));
    let collected = workspace
        .sagegate(&[
            "collect",
            "--job",
            &job,
            "--baseline=file:b.json",
            "--mode=record",
        ])
        .expect(0);
    assert!(
        collected.stdout.contains("no baseline yet"),
        "{}",
        collected.stdout
    );
    assert_eq!(workspace.result().stability.len(), 2);
    assert!(workspace.read("b.json").contains("churn"));
    simulator.assert_nothing_is_left();
    let unknown = workspace.sagegate(&["collect", "--job", "other"]).expect(2);
    assert!(
        unknown
            .stderr
            .contains("there is no processing job `other` in us-east-1")
    );
}

#[test]
fn a_result_is_fetched_though_the_ledger_is_gone_damaged_or_denied() {
    type Change<'a> = &'a dyn Fn(&Simulator, &str);
    let denied = "[[operation_faults]]\noperation = \"GetObject\"\nkind = \"access_denied\"\n\
                  from = 1\nresource = \"/ledger.json\"";
    let damaged = |simulator: &Simulator, key: &str| simulator.put_object("jobs", key, "{\"sch");
    let gone = |simulator: &Simulator, key: &str| simulator.delete_object("jobs", key);
    let cases: [(&str, Change<'_>, &str); 3] = [
        ("", &gone, "/input/ledger.json` is gone"),
        ("", &damaged, "is not a sagegate ledger"),
        (
            denied,
            &|_, _| {},
            "/input/ledger.json`: GetObject failed: AccessDenied",
        ),
    ];
    for (faults, change, words) in cases {
        let simulator = simulator(faults);
        let workspace = Workspace::new(&simulator);
        let flags = ["--no-wait", "--invocations", "20"];
        let job = job_name(&submit(&workspace, &flags).expect(0));
        wait_until("completed job", || {
            describe(&simulator, &job)["ProcessingJobStatus"] == "Completed"
        });
        change(&simulator, &format!("sagegate/{job}/input/ledger.json"));
        let collected = workspace.sagegate(&["collect", "--job", &job]).expect(0);
        assert!(
            collected.stderr.contains(words),
            "{words}: {}",
            collected.stderr
        );
        assert!(
            collected.stdout.contains("no baseline yet"),
            "{}",
            collected.stdout
        );
        assert_eq!(workspace.result().measured().count(), 2);
    }
}

#[test]
fn of_a_killed_job_without_a_ledger_the_result_is_kept_and_the_clean_up_named() {
    let simulator = simulator("[jobs]\nprogram = \"PROGRAM\"\nstopping_seconds = 0.0");
    let workspace = Workspace::new(&simulator);
    spawn_endless(&simulator, &workspace, &[]).kill().unwrap();
    let job = ledger_job(&workspace);
    std::thread::sleep(Duration::from_secs(2));
    simulator.delete_object("jobs", &format!("sagegate/{job}/input/ledger.json"));
    let stop = serde_json::json!({ "ProcessingJobName": job });
    simulator.sagemaker("StopProcessingJob", &stop);
    let collected = workspace.sagegate(&["collect", "--job", &job]).expect(3);
    assert_calls_are_kept(&workspace);
    let (run, _) = job
        .strip_prefix("sagegate-")
        .unwrap()
        .rsplit_once('-')
        .unwrap();
    let words = format!("without its ledger: `sagegate cleanup --run {run}` finds it");
    assert!(collected.stderr.contains(&words), "{}", collected.stderr);
    workspace.sagegate(&["cleanup", "--run", run]).expect(0);
    // Log groups have no tag: of endpoints that are gone only a ledger knows them.
    assert_eq!(simulator.resources(), [""; 0]);
}

#[test]
fn of_a_killed_job_whose_result_may_not_be_read_the_journal_is_kept() {
    let denied = "[[operation_faults]]\noperation = \"GetObject\"\nkind = \"access_denied\"\n\
                  from = 1\nresource = \"/result.json\"";
    let killed = "[jobs]\nprogram = \"PROGRAM\"\nstopping_seconds = 0.0";
    let simulator = simulator(&format!("{killed}\n{denied}"));
    let workspace = Workspace::new(&simulator);
    let child = spawn_endless(&simulator, &workspace, &[]);
    let stop = serde_json::json!({ "ProcessingJobName": ledger_job(&workspace) });
    std::thread::sleep(Duration::from_secs(2));
    simulator.sagemaker("StopProcessingJob", &stop);
    let outcome = ended(child).expect(3);
    let words = "/result.json`: GetObject failed: AccessDenied";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    assert_calls_are_kept(&workspace);
    simulator.assert_nothing_is_left();
}

#[test]
fn what_run_refuses_is_refused_before_anything_is_sent() {
    let simulator = simulator("");
    let workspace = Workspace::new(&simulator);
    let cases: BTreeMap<&str, &str> = BTreeMap::from([
        ("--samples=none.jsonl", "none.jsonl"),
        (
            "--simulate=xgboost",
            "--simulate: a processing job cannot do that",
        ),
        (
            "--resume=sagegate-results",
            "--resume: a processing job cannot do that",
        ),
        (
            "--max-invocations=2",
            "--max-invocations 2 is below --invocations 100",
        ),
        ("--job-timeout=217h", "`217h` must be between 1s and 216h"),
        ("--s3-output=bucket/x", "`bucket/x` is not a place in S3"),
    ]);
    for (flag, words) in cases {
        let mut args = submit_args("m-steady", &[flag]);
        if let Some(at) = args
            .iter()
            .position(|it| flag.starts_with(&format!("{it}=")))
        {
            args.drain(at..at + 2);
        }
        let outcome = workspace.sagegate(&args).expect(2);
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
    assert_eq!(simulator.count("PutObject"), 0);
    let model = workspace.sagegate(&submit_args("other", &[])).expect(2);
    assert!(model.stderr.contains("there is no SageMaker model `other`"));
    assert_eq!(simulator.count("CreateProcessingJob"), 0);
}

#[test]
fn a_missing_bucket_and_a_denied_job_create_nothing() {
    let simulator = simulator(
        "[[operation_faults]]\noperation = \"CreateProcessingJob\"\nkind = \"access_denied\"\nevery = 1",
    );
    let workspace = Workspace::new(&simulator);
    let denied = submit(&workspace, &[]).expect(3);
    assert!(
        denied.stderr.contains("sagemaker:CreateProcessingJob"),
        "{}",
        denied.stderr
    );
    let mut args = submit_args("m-steady", &[]);
    args.pop();
    args.push("s3://nowhere/x");
    let missing = workspace.sagegate(&args).expect(3);
    assert!(
        missing.stderr.contains("NoSuchBucket"),
        "{}",
        missing.stderr
    );
    assert!(
        missing
            .stderr
            .contains("create the bucket, or choose another place with --s3-output"),
        "{}",
        missing.stderr
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn a_job_whose_role_lacks_a_permission_says_which() {
    let simulator = simulator(
        "[[operation_faults]]\noperation = \"CreateEndpointConfig\"\nkind = \"access_denied\"\nevery = 1",
    );
    let workspace = Workspace::new(&simulator);
    let outcome = submit(&workspace, &[]).expect(3);
    assert!(
        outcome.stdout.contains("sagemaker:CreateEndpointConfig"),
        "{}\n{}",
        outcome.stdout,
        outcome.stderr
    );
    assert_eq!(
        workspace.result().stability.len(),
        2,
        "with the reason of each"
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn results_that_cannot_be_fetched_now_are_fetched_later() {
    let simulator = simulator(
        "[[operation_faults]]\noperation = \"GetObject\"\nkind = \"expired_token\"\nfrom = 1",
    );
    let workspace = Workspace::new(&simulator);
    let outcome = submit(&workspace, &[]).expect(3);
    let words = format!(
        "the results of job {job} cannot be fetched from `s3://jobs/sagegate/{job}/output/result.json`: GetObject failed: ExpiredToken",
        job = job_name(&outcome)
    );
    assert!(outcome.stderr.contains(&words), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("sagegate collect --job"),
        "{}",
        outcome.stderr
    );
    simulator.assert_nothing_is_left();
}

/// Starts a submission of so many calls that it does not end by itself, and waits for its first
/// ones.
pub(crate) fn spawn_endless(simulator: &Simulator, workspace: &Workspace, extra: &[&str]) -> Child {
    let mut more = vec!["--invocations", "100000"];
    more.extend(extra);
    let child = workspace.spawn(&submit_args("m-steady", &more));
    wait_until("the first calls", || simulator.count("InvokeEndpoint") > 60);
    child
}

/// What was measured before a job ended is in the output folder.
#[track_caller]
fn assert_calls_are_kept(workspace: &Workspace) {
    let result = workspace.result();
    let kept = result.stability.iter().map(|it| it.invocations.len());
    let kept: usize = kept.sum();
    assert!(kept > 20, "{kept} calls");
}

/// A program that stands for the image of a job.
pub(crate) fn image(folder: &tempfile::TempDir, script: &str) -> String {
    let path = folder.path().join("image");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("[jobs]\nprogram = \"{}\"", path.display())
}

#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "no {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn ended(child: Child) -> Outcome {
    child.wait_with_output().unwrap().into()
}

#[test]
fn an_interrupted_submission_stops_its_job_and_keeps_what_it_measured() {
    let simulator = simulator("");
    let workspace = Workspace::new(&simulator);
    let child = spawn_endless(&simulator, &workspace, &[]);
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    let outcome = ended(child).expect(130);
    assert!(
        outcome.stderr.contains("stopping job sagegate-"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("what was measured so far is in"),
        "{}",
        outcome.stderr
    );
    let described = describe(&simulator, &job_name(&outcome));
    assert_eq!(described["ProcessingJobStatus"], "Stopped");
    assert!(
        described["ExitMessage"]
            .as_str()
            .unwrap()
            .starts_with("interrupted")
    );
    assert_calls_are_kept(&workspace);
    simulator.assert_nothing_is_left();
}

#[test]
fn the_error_names_why_a_job_ended_early() {
    for by_hand in [false, true] {
        let simulator = simulator("");
        let workspace = Workspace::new(&simulator);
        let limit = if by_hand {
            "--job-timeout=1h"
        } else {
            "--job-timeout=4s"
        };
        let child = spawn_endless(&simulator, &workspace, &[limit]);
        if by_hand {
            let job = ledger_job(&workspace);
            simulator.sagemaker(
                "StopProcessingJob",
                &serde_json::json!({ "ProcessingJobName": job }),
            );
        }
        let outcome = ended(child).expect(3);
        let words = format!("job {} has been stopped: ", job_name(&outcome));
        assert!(outcome.stderr.contains(&words), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("what was measured so far is in"),
            "{}",
            outcome.stderr
        );
        assert!(!workspace.result().stability[0].invocations.is_empty());
        simulator.assert_nothing_is_left();
    }
}

/// Name of the job of the ledger's run: that of its endpoints without the size.
pub(crate) fn ledger_job(workspace: &Workspace) -> String {
    let ledger: Value =
        serde_json::from_str(&workspace.read("sagegate-results/ledger.json")).unwrap();
    let endpoint = ledger["endpoints"][0].as_str().unwrap();
    endpoint.rsplit_once('-').unwrap().0.to_owned()
}

#[test]
fn what_a_killed_job_has_left_is_deleted_and_what_it_journalled_is_kept() {
    let simulator = simulator("[jobs]\nprogram = \"PROGRAM\"\nstopping_seconds = 0.0");
    let workspace = Workspace::new(&simulator);
    let child = spawn_endless(&simulator, &workspace, &[]);
    // SIGKILL follows SIGTERM at once.
    let job = ledger_job(&workspace);
    std::thread::sleep(Duration::from_secs(2));
    simulator.sagemaker(
        "StopProcessingJob",
        &serde_json::json!({ "ProcessingJobName": job }),
    );
    let outcome = ended(child).expect(3);
    assert!(
        outcome.stderr.contains("has been stopped"),
        "{}",
        outcome.stderr
    );
    assert_calls_are_kept(&workspace);
    simulator.assert_nothing_is_left();
}

#[test]
fn a_job_of_another_image_fails_with_its_reason() {
    let simulator = simulator("[jobs]\nprogram = \"/bin/false\"");
    let workspace = Workspace::new(&simulator);
    let outcome = submit(&workspace, &[]).expect(3);
    let words = "has failed: AlgorithmError: See job logs for more information, exit code: 1; its log is in CloudWatch";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    let simulator = self::simulator("[jobs]\nprogram = \"/bin/true\"");
    let workspace = Workspace::new(&simulator);
    let outcome = submit(&workspace, &[]).expect(3);
    assert!(
        outcome.stderr.contains("has left no result in `s3://jobs/"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_submission_that_is_interrupted_before_the_first_call_says_that_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = simulator(&image(&folder, "exec /bin/sleep 60"));
    let workspace = Workspace::new(&simulator);
    let child = workspace.spawn(&submit_args("m-steady", &[]));
    wait_until("job", || simulator.count("CreateProcessingJob") == 1);
    wait_until("look at it", || {
        simulator.count("DescribeProcessingJob") > 0
    });
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let outcome = ended(child).expect(130);
    assert!(
        outcome.stderr.contains("interrupted; nothing was measured"),
        "{}",
        outcome.stderr
    );
    let described = describe(&simulator, &job_name(&outcome));
    assert_eq!(described["ProcessingJobStatus"], "Stopped");
}

#[test]
fn whoever_stops_waiting_for_a_job_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = simulator(&image(&folder, "exec /bin/sleep 60"));
    let workspace = Workspace::new(&simulator);
    let job = job_name(&submit(&workspace, &["--no-wait"]).expect(0));
    let before = simulator.count("DescribeProcessingJob");
    let child = workspace.spawn(&["collect", "--job", &job]);
    wait_until("look at it", || {
        simulator.count("DescribeProcessingJob") > before + 1
    });
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let outcome = ended(child).expect(143);
    let words =
        format!("job {job} still runs; `sagegate collect --job {job}` fetches its results later");
    assert!(outcome.stderr.contains(&words), "{}", outcome.stderr);
    assert_eq!(
        describe(&simulator, &job)["ProcessingJobStatus"],
        "InProgress"
    );
}

#[test]
fn a_job_whose_creation_was_never_answered_does_not_go_on() {
    let simulator = simulator(
        "[[operation_faults]]\noperation = \"CreateProcessingJob\"\nkind = \"lost_answer\"\nfrom = 1",
    );
    let workspace = Workspace::new(&simulator);
    let outcome = submit(&workspace, &["--no-wait", "--invocations", "100000"]).expect(3);
    assert!(
        outcome.stderr.contains("CreateProcessingJob failed"),
        "{}",
        outcome.stderr
    );
    let described = describe(&simulator, &ledger_job(&workspace));
    assert_eq!(described["ProcessingJobStatus"], "Stopped");
    simulator.assert_nothing_is_left();
}

#[test]
fn a_result_that_was_cut_short_is_made_of_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "{} \"$@\" & wait_for=$!\n/bin/sleep 3; kill -9 $wait_for\nprintf '{{' > $SAGEGATE_ML_ROOT/processing/output/result.json; exit 7",
        assert_cmd::cargo::cargo_bin!("sagegate").display()
    );
    let simulator = simulator(&image(&folder, &script));
    let workspace = Workspace::new(&simulator);
    let outcome = submit(&workspace, &["--invocations", "100000"]).expect(3);
    for words in [
        "exit code: 7",
        "result.json",
        "what was measured so far is in",
    ] {
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
    assert_calls_are_kept(&workspace);
    simulator.assert_nothing_is_left();
}
