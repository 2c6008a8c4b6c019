//! Stores of baselines, from the command line: two writers lose nothing, a damaged one is left
//! alone.

use std::collections::BTreeSet;
use std::process::Child;

use serde_json::Value;

use crate::support::github::{Failure, GitHub, REPOSITORY, TOKEN};
use crate::support::{QUICK, Simulator, Workspace};

const WRITERS: usize = 20;

/// A simulator with a bucket.
fn with_bucket() -> Simulator {
    Simulator::start(&format!("buckets = [\"models\"]\n{QUICK}"))
}

const OBJECT: &str = "s3://models/churn/baseline.json";

/// A workspace that knows GitHub as a workflow does, and holds a result.
fn measured(simulator: &Simulator, github: &GitHub) -> Workspace {
    let workspace = Workspace::new(simulator)
        .with("GITHUB_API_URL", &github.api_url())
        .with("GITHUB_REPOSITORY", REPOSITORY)
        .with("GITHUB_TOKEN", TOKEN);
    let flags = ["--memory-sizes", "2048", "--invocations", "100"];
    workspace.run(&flags).expect(0);
    workspace
}

/// Records the same measurements as so many runs, all at once.
fn record_at_once(workspace: &Workspace, uri: &str) {
    let result: Value =
        serde_json::from_str(&workspace.read("sagegate-results/result.json")).unwrap();
    let writers: Vec<Child> = (0..WRITERS)
        .map(|writer| {
            let mut result = result.clone();
            result["run_id"] = format!("run-{writer}").into();
            let file = format!("{writer}.json");
            workspace.write(&file, &result.to_string());
            workspace.spawn(&["record", "--result", &file, "--baseline", uri])
        })
        .collect();
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
    }
}

#[track_caller]
fn assert_all_are_there(text: &str) {
    let baseline: Value = serde_json::from_str(text).unwrap();
    let entries = baseline["models"]["churn"].as_array().unwrap();
    let ids: BTreeSet<&str> = entries
        .iter()
        .map(|it| it["run_id"].as_str().unwrap())
        .collect();
    assert_eq!((entries.len(), ids.len()), (WRITERS, WRITERS));
}

fn on_branch(github: &GitHub) -> Option<String> {
    let world = github.world();
    let bytes = world
        .branches
        .get("sagegate")?
        .get("baseline.json")?
        .clone();
    Some(String::from_utf8(bytes).unwrap())
}

#[test]
fn twenty_writers_at_once_are_all_in_the_file() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    record_at_once(&workspace, "file:shared.json");
    assert_all_are_there(&workspace.read("shared.json"));
}

#[test]
fn twenty_writers_at_once_are_all_on_the_branch_which_is_created() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    record_at_once(&workspace, "branch:sagegate");
    assert_all_are_there(&on_branch(&github).unwrap());
}

#[test]
fn twenty_writers_at_once_are_all_in_the_object_which_is_created() {
    let (simulator, github) = (with_bucket(), GitHub::start());
    let workspace = measured(&simulator, &github);
    record_at_once(&workspace, OBJECT);
    assert_all_are_there(&simulator.object("models", "churn/baseline.json").unwrap());
}

/// Main is recorded, the next run and a saved result are compared with it, and neither writes.
#[track_caller]
fn assert_recorded_and_compared(
    workspace: &Workspace,
    uri: &str,
    stored: impl Fn() -> Option<String>,
) {
    let run = [
        "--memory-sizes",
        "2048",
        "--invocations",
        "100",
        "--baseline",
        uri,
    ];
    assert_eq!(stored(), None);
    let recorded: Vec<&str> = run.into_iter().chain(["--mode", "record"]).collect();
    let outcome = workspace.run(&recorded).expect(0);
    let words = format!("recorded in {uri}");
    assert!(outcome.stderr.contains(&words), "{}", outcome.stderr);
    let before = stored().unwrap();
    let result = "sagegate-results/result.json";
    let compared = workspace.run(&run);
    let offline = workspace.sagegate(&["compare", "--result", result, "--baseline", uri]);
    for outcome in [compared, offline] {
        assert!(outcome.stdout.contains("p90"), "{}", outcome.stdout);
        assert!(
            !outcome.stdout.contains("no baseline"),
            "{}",
            outcome.stdout
        );
    }
    assert_eq!(stored(), Some(before), "a run that compares never writes");
}

#[test]
fn every_store_is_recorded_in_and_compared_with() {
    let (simulator, github) = (with_bucket(), GitHub::start());
    let workspace = measured(&simulator, &github);
    assert_recorded_and_compared(&workspace, "branch:sagegate", || on_branch(&github));
    assert_recorded_and_compared(&workspace, OBJECT, || {
        simulator.object("models", "churn/baseline.json")
    });
    assert_recorded_and_compared(&workspace, "file:new.json", || {
        workspace
            .exists("new.json")
            .then(|| workspace.read("new.json"))
    });
}

#[test]
fn a_damaged_or_newer_object_is_refused_and_left_as_it_is() {
    let (simulator, github) = (with_bucket(), GitHub::start());
    let workspace = measured(&simulator, &github);
    for (text, words) in [
        (
            "{\"schema\":1,\"models\":{\"churn\":[{\"run_id\"",
            "is damaged",
        ),
        ("{\"schema\":99}", "schema 99"),
    ] {
        simulator.put_object("models", "churn/baseline.json", text);
        for command in ["compare", "record"] {
            let result = "sagegate-results/result.json";
            let arguments = [command, "--result", result, "--baseline", OBJECT];
            let error = workspace.sagegate(&arguments).expect(2).stderr;
            assert!(error.contains(words) && error.contains(OBJECT), "{error}");
        }
        let stored = simulator.object("models", "churn/baseline.json").unwrap();
        assert_eq!(stored, text);
    }
}

#[test]
fn a_bucket_that_does_not_exist_is_found_before_anything_is_created() {
    let (simulator, github) = (with_bucket(), GitHub::start());
    let workspace = measured(&simulator, &github);
    let before = simulator.count("CreateEndpointConfig");
    let error = workspace
        .run(&["--baseline", "s3://nobodys/b.json"])
        .expect(3)
        .stderr;
    for words in [
        "baseline s3://nobodys/b.json: GetObject failed: NoSuchBucket",
        "create the bucket",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(simulator.count("CreateEndpointConfig"), before);
}

#[test]
fn a_store_that_answers_badly_now_and_then_loses_nothing() {
    let fault = |kind: &str, every: u32| {
        format!(
            "[[operation_faults]]\noperation = \"PutObject\"\nkind = \"{kind}\"\nevery = {every}\n"
        )
    };
    let faults = [
        fault("throttle", 2),
        fault("internal_error", 3),
        fault("dropped_connection", 5),
    ]
    .concat();
    let simulator = Simulator::start(&format!("buckets = [\"models\"]\n{QUICK}\n{faults}"));
    let workspace = measured(&simulator, &GitHub::start());
    for _ in 0..3 {
        let result = "sagegate-results/result.json";
        workspace
            .sagegate(&["record", "--result", result, "--baseline", OBJECT])
            .expect(0);
    }
    assert!(
        simulator.count("PutObject") > 3,
        "some had to be sent again"
    );
}

#[test]
fn a_read_only_token_is_a_warning_and_never_changes_the_verdict() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    let denied = Failure {
        times: 10,
        ..Failure::new(
            "PUT",
            "contents",
            403,
            "Resource not accessible by integration",
        )
    };
    github.fail(denied);
    let flags = [
        "--memory-sizes",
        "2048",
        "--invocations",
        "100",
        "--baseline",
        "branch:sagegate",
        "--mode",
        "record",
    ];
    let outcome = workspace.run(&flags).expect(0);
    assert!(
        outcome.stderr.contains("warning: baseline branch:sagegate"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("contents: write"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains(TOKEN));
    let record = [
        "record",
        "--result",
        "sagegate-results/result.json",
        "--baseline",
        "branch:sagegate",
    ];
    workspace.sagegate(&record).expect(3);
}

#[test]
fn a_damaged_or_newer_baseline_on_the_branch_is_refused_and_left_as_it_is() {
    let (simulator, github) = (Simulator::quick(), GitHub::start());
    let workspace = measured(&simulator, &github);
    for (content, words) in [
        ("{\"schema\":1,\"mod", "is damaged or not a baseline"),
        ("{\"schema\":9,\"models\":{}}", "has schema 9"),
    ] {
        let file = [("baseline.json".to_owned(), content.as_bytes().to_vec())];
        github
            .world()
            .branches
            .insert("sagegate".to_owned(), file.into());
        for mode in ["gate", "record"] {
            let flags = ["--baseline", "branch:sagegate", "--mode", mode];
            let outcome = workspace.run(&flags).expect(2);
            assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        }
        assert_eq!(on_branch(&github).as_deref(), Some(content));
    }
}

#[test]
fn a_bucket_of_another_account_is_refused_unless_it_is_named() {
    const FOREIGN: &str = "111122223333";
    let buckets = format!("buckets = [\"models\"]\nforeign_buckets = {{ taken = \"{FOREIGN}\" }}");
    let simulator = Simulator::start(&format!("{buckets}\n{QUICK}"));
    let workspace = measured(&simulator, &GitHub::start());
    let result = "sagegate-results/result.json";
    let record = |flags: &[&str]| {
        let command = [
            "record",
            "--result",
            result,
            "--baseline",
            "s3://taken/b.json",
        ];
        workspace.sagegate(&[&command, flags].concat())
    };
    for flags in [&[][..], &["--bucket-owner=000000000000"]] {
        let error = record(flags).expect(3).stderr;
        for words in [
            "baseline s3://taken/b.json: GetObject failed: AccessDenied",
            "a bucket of another account must be named by --bucket-owner",
        ] {
            assert!(error.contains(words), "{error}");
        }
    }
    assert_eq!(simulator.object("taken", "b.json"), None);
    record(&[&format!("--bucket-owner={FOREIGN}")]).expect(0);
    assert!(simulator.object("taken", "b.json").is_some());
    let error = record(&["--bucket-owner=acme"]).expect(2).stderr;
    assert!(error.contains("`acme` is not an AWS account"), "{error}");
}

#[test]
fn without_the_account_nothing_is_asked_of_a_bucket() {
    let denied = "[[operation_faults]]\noperation = \"GetCallerIdentity\"\nkind = \"access_denied\"\nevery = 1";
    let simulator = Simulator::start(&format!("buckets = [\"models\"]\n{QUICK}\n{denied}"));
    let workspace = measured(&simulator, &GitHub::start());
    let result = "sagegate-results/result.json";
    let record = ["record", "--result", result, "--baseline", OBJECT];
    let error = workspace.sagegate(&record).expect(3).stderr;
    for words in [
        "GetCallerIdentity failed: AccessDenied",
        "pass --bucket-owner with the account that the bucket belongs to",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(
        simulator.count("GetObject") + simulator.count("PutObject"),
        0
    );
    let named = ["--bucket-owner", "000000000000"];
    workspace
        .sagegate(&[&record[..], &named].concat())
        .expect(0);
}

#[test]
fn one_unreadable_model_stops_no_other_and_is_kept_as_it_was() {
    let simulator = Simulator::quick();
    let workspace = measured(&simulator, &GitHub::start());
    let command = |name: &str, result: &str| {
        workspace.sagegate(&[name, "--result", result, "--baseline", "file:b.json"])
    };
    command("record", "sagegate-results/result.json").expect(0);
    let mut result: Value =
        serde_json::from_str(&workspace.read("sagegate-results/result.json")).unwrap();
    let mut baseline: Value = serde_json::from_str(&workspace.read("b.json")).unwrap();
    // Of a newer version, with a member that this one does not know.
    baseline["models"]["churn"][0]["notes"] = "kept".into();
    for damage in [
        "null",
        "{}",
        "[{\"notes\":1}]",
        "[{\"run_id\":\"r\",\"sizes\":[{\"memory_mb\":8192}]}]",
    ] {
        baseline["models"]["fraud"] = serde_json::from_str(damage).unwrap();
        workspace.write("b.json", &serde_json::to_string_pretty(&baseline).unwrap());
        command("compare", "sagegate-results/result.json").expect(0);
        result["run_id"] = "another-1".into();
        workspace.write("again.json", &result.to_string());
        command("record", "again.json").expect(0);
        let after: Value = serde_json::from_str(&workspace.read("b.json")).unwrap();
        assert_eq!(
            after["models"]["fraud"], baseline["models"]["fraud"],
            "{damage}"
        );
        assert_eq!(after["models"]["churn"][0]["notes"], "kept");
        assert_eq!(after["models"]["churn"].as_array().unwrap().len(), 2);
        // The model's own runs are refused, and the file is left as it is.
        let stored = workspace.read("b.json");
        let mut of_fraud = result.clone();
        of_fraud["name"] = "fraud".into();
        workspace.write("fraud.json", &of_fraud.to_string());
        for name in ["compare", "record"] {
            let error = command(name, "fraud.json").expect(2).stderr;
            let words = "baseline `b.json`: the runs of `fraud` cannot be read: ";
            assert!(error.contains(words), "{error}");
            assert!(error.contains("other models are not affected"), "{error}");
        }
        assert_eq!(workspace.read("b.json"), stored);
    }
}
