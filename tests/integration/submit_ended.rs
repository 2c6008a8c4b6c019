//! Processing jobs that end early: interrupted, stopped, killed.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::submit::{describe, job_name, simulator, submit, submit_args};
use crate::support::{Outcome, Simulator, Workspace, wait_until};

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
