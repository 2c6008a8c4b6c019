//! A processing job whose `submit` was killed: the clean-up stops it, and deletes its leftovers.

use std::process::Child;

use serde_json::json;

use crate::submit::{describe, simulator, submit_args};
use crate::submit_ended::{ledger_job, spawn_endless};
use crate::support::github::GitHub;
use crate::support::runner::Runner;
use crate::support::{Outcome, Simulator, Workspace, wait_until};

/// Jobs that are killed as soon as they are stopped, so that they delete nothing themselves.
pub(crate) const KILLED_AT_ONCE: &str = "[jobs]\nprogram = \"PROGRAM\"\nstopping_seconds = 0.0";

fn kill(mut child: Child) -> Outcome {
    child.kill().unwrap();
    child.wait_with_output().unwrap().into()
}

pub(crate) fn status(simulator: &Simulator, job: &str) -> String {
    let described = describe(simulator, job);
    described["ProcessingJobStatus"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The job of a `submit` that was killed while its calls are measured.
pub(crate) fn abandoned(simulator: &Simulator, workspace: &Workspace) -> String {
    kill(spawn_endless(simulator, workspace, &[]));
    let job = ledger_job(workspace);
    assert_eq!(status(simulator, &job), "InProgress");
    job
}

/// The run of a job: its name without what all names begin with, and without the hash of the model.
pub(crate) fn run_of(job: &str) -> &str {
    let (run, _hash) = job.rsplit_once('-').unwrap();
    run.strip_prefix("sagegate-").unwrap()
}

#[test]
fn the_ledger_is_enough() {
    for section in ["", KILLED_AT_ONCE] {
        let simulator = simulator(section);
        let workspace = Workspace::new(&simulator);
        let job = abandoned(&simulator, &workspace);
        let ledger = ["cleanup", "--ledger", "sagegate-results/ledger.json"];
        let planned = workspace.sagegate(&[&ledger[..], &["--dry-run"]].concat());
        let words = format!("would stop processing job {job}, if it runs\n");
        assert!(
            planned.expect(0).stdout.contains(&words),
            "nothing happens yet"
        );
        assert_eq!(status(&simulator, &job), "InProgress");
        let cleaned = workspace.sagegate(&ledger).expect(0);
        let words = format!("stopped processing job {job}\n");
        assert!(cleaned.stdout.contains(&words), "{}", cleaned.stdout);
        assert_eq!(status(&simulator, &job), "Stopped");
        simulator.assert_nothing_is_left();
        let again = workspace.sagegate(&ledger).expect(0);
        assert!(again.stdout.contains("none left"), "{}", again.stdout);
        assert!(!again.stdout.contains("stopped"), "{}", again.stdout);
    }
}

#[test]
fn the_run_id_or_its_age_is_enough_and_foreign_jobs_go_on() {
    for by_age in [false, true] {
        let simulator = simulator(KILLED_AT_ONCE);
        let workspace = Workspace::new(&simulator);
        let job = abandoned(&simulator, &workspace);
        // The name alone is not enough.
        let foreign = "sagegate-of-somebody-else";
        let input = json!({
            "ProcessingJobName": foreign,
            "RoleArn": "arn:aws:iam::123456789012:role/job",
            "AppSpecification": { "ImageUri": "image", "ContainerArguments": ["simulate", "--port", "0"] },
            "ProcessingResources": { "ClusterConfig": { "InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5 } },
        });
        simulator.sagemaker("CreateProcessingJob", &input);
        std::thread::sleep(std::time::Duration::from_millis(2100));
        let selection = if by_age {
            ["cleanup", "--older-than", "1s"]
        } else {
            ["cleanup", "--run", run_of(&job)]
        };
        let planned = workspace.sagegate(&[&selection[..], &["--dry-run"]].concat());
        let words = format!("would stop processing job {job} of run {}", run_of(&job));
        assert!(planned.expect(0).stdout.contains(&words));
        let cleaned = workspace.sagegate(&selection).expect(0);
        assert!(
            cleaned
                .stdout
                .contains(&format!("stopped processing job {job}\n")),
            "{}",
            cleaned.stdout
        );
        assert_eq!(status(&simulator, &job), "Stopped");
        assert_eq!(status(&simulator, foreign), "InProgress");
        simulator.sagemaker(
            "StopProcessingJob",
            &json!({ "ProcessingJobName": foreign }),
        );
        simulator.assert_nothing_is_left();
    }
}

#[test]
fn a_job_that_may_not_be_stopped_is_named_and_the_rest_is_deleted() {
    let denied = "[[operation_faults]]\noperation = \"StopProcessingJob\"\nkind = \"access_denied\"\nfrom = 1";
    let simulator = simulator(denied);
    let workspace = Workspace::new(&simulator);
    let job = abandoned(&simulator, &workspace);
    let cleaned = workspace
        .sagegate(&["cleanup", "--run", run_of(&job)])
        .expect(3);
    let words = format!("processing job {job}: StopProcessingJob failed: AccessDeniedException");
    assert!(cleaned.stderr.contains(&words), "{}", cleaned.stderr);
    simulator.assert_nothing_is_left();
}

/// The inputs of a step that submits.
fn submitting(runner: Runner) -> Runner {
    let flags = submit_args("m-steady", &[]);
    let named = flags[1..].chunks(2).map(|pair| (pair[0], pair[1]));
    named.fold(
        runner.input("command", "submit"),
        |runner, (flag, value)| runner.input(flag.trim_start_matches("--"), value),
    )
}

#[test]
fn the_step_of_a_workflow_submits_and_names_its_job() {
    let (github, simulator) = (GitHub::start(), simulator(""));
    let mut runner = submitting(Runner::with_aws(&github, &simulator)).pull_request();
    let step = runner.step().expect(0);
    assert_eq!(step.output("verdict"), "no-baseline");
    assert_eq!(status(&simulator, step.output("job")), "Completed");
    assert_eq!(
        step.state.get("ledger").map(String::as_str),
        Some(""),
        "nothing is left to the clean-up"
    );
    simulator.assert_nothing_is_left();

    // One step starts, another one judges.
    let mut runner = runner.input("no-wait", "true");
    let started = runner.step().expect(0);
    assert_eq!(started.output("verdict"), "(not set)");
    assert_eq!(started.state.get("ledger"), None, "the job goes on");
    let job = started.output("job").to_owned();
    let mut runner = Runner::with_aws(&github, &simulator)
        .pull_request()
        .input("command", "collect")
        .input("job", &job);
    let collected = runner.step().expect(0);
    assert_eq!(collected.output("verdict"), "no-baseline");
    simulator.assert_nothing_is_left();
}

#[test]
fn the_clean_up_of_a_killed_step_stops_its_job() {
    let (github, simulator) = (GitHub::start(), simulator(KILLED_AT_ONCE));
    let mut runner =
        submitting(Runner::with_aws(&github, &simulator)).input("invocations", "100000");
    let (child, folder) = runner.start();
    wait_until("the first calls", || simulator.count("InvokeEndpoint") > 60);
    let step = runner.finish(&folder, kill(child));
    let cleaned = runner.clean_up(&step.state).expect(0);
    let job = step.output("job");
    assert!(
        cleaned
            .outcome
            .stdout
            .contains(&format!("stopped processing job {job}")),
        "{}",
        cleaned.outcome.stdout
    );
    assert_eq!(status(&simulator, job), "Stopped");
    simulator.assert_nothing_is_left();
}
