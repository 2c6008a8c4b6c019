//! `sagegate submit` and `collect`, from the command line to the wire: the simulator runs the job
//! for real.

use std::collections::BTreeMap;

use sagegate::result::RunResult;
use serde_json::Value;

use crate::support::{Outcome, QUICK, Simulator, Workspace, replaced, run_args, wait_until};

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
