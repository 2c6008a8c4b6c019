//! From the first recorded run of main to a failing candidate, and the same offline.

use crate::support::{Simulator, Workspace, run_args};

/// Limits that a busy machine keeps and a model three times slower does not.
const WIDE: [&str; 4] = ["--max-p99-increase", "90%", "--max-cost-increase", "60%"];

#[test]
fn main_is_recorded_the_same_model_passes_and_a_slow_one_fails() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let wide = |extra: &[&'static str]| -> Vec<&'static str> { [&WIDE[..], extra].concat() };
    let steady = |extra: &[&'static str]| workspace.sagegate(&run_args("m-steady", &wide(extra)));
    let recorded = steady(&["--mode", "record"]).expect(0);
    assert!(
        recorded.stderr.contains("recorded in file:b.json"),
        "{}",
        recorded.stderr
    );

    let baseline = workspace.read("b.json");
    let passed = steady(&[]).expect(0);
    assert!(passed.stdout.contains("passed"), "{}", passed.stdout);
    assert_eq!(workspace.read("b.json"), baseline, "a gate only reads");

    let failed = workspace
        .sagegate(&run_args("m-slow", &wide(&[])))
        .expect(1);
    for words in ["failed", "p90", "2048 MB"] {
        assert!(failed.stdout.contains(words), "{words}: {}", failed.stdout);
    }
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        comment.lines().next().unwrap().starts_with("<!-- sagegate"),
        "{comment}"
    );
    assert!(comment.contains("### ❌ churn failed"), "{comment}");
    assert!(
        workspace
            .read("sagegate-results/benchmarking_report/benchmarking_report.html")
            .to_lowercase()
            .starts_with("<!doctype html>")
    );
    let raw = workspace
        .read("sagegate-results/stability_benchmark_raw_results/invocation_benchmark_results.csv");
    assert_eq!(
        raw.lines().count(),
        1 + 200,
        "a row for every measured call"
    );
    simulator.assert_nothing_is_left();

    // The same verdict from the files alone, with a server that is gone.
    drop(simulator);
    let offline = [
        "compare",
        "--result",
        "sagegate-results/result.json",
        "--baseline",
        "file:b.json",
        "--output-dir",
        "off",
    ];
    let compared = workspace
        .sagegate(&[&offline[..], &WIDE].concat())
        .expect(1);
    let verdict = |outcome: &crate::support::Outcome| {
        let (verdict, _page) = outcome.stdout.split_once("\nHTML report: ").unwrap();
        verdict.to_owned()
    };
    assert_eq!(verdict(&compared), verdict(&failed));
    assert_eq!(workspace.read("off/comment.md"), comment);
}

#[test]
fn a_saved_result_can_be_recorded_and_shown_again() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&[]).expect(0);
    drop(simulator);
    let result = "sagegate-results/result.json";
    let recorded = workspace
        .sagegate(&[
            "record",
            "--result",
            result,
            "--baseline",
            "file:new/b.json",
        ])
        .expect(0);
    assert_eq!(recorded.stdout.trim(), "recorded churn in file:new/b.json");
    let compared = workspace
        .sagegate(&[
            "compare",
            "--result",
            result,
            "--baseline",
            "file:new/b.json",
        ])
        .expect(0);
    assert!(
        compared.stdout.contains("passed"),
        "a run equals itself: {}",
        compared.stdout
    );
    workspace
        .sagegate(&["report", "--result", result, "--output-dir", "again"])
        .expect(0);
    assert!(
        workspace.exists("again/comment.md")
            && workspace.exists("again/benchmarking_report/benchmarking_report.html")
    );
}

#[test]
fn a_ceiling_fails_without_a_baseline() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&["--max-p99", "1ms"]).expect(1);
    assert!(outcome.stdout.contains("failed"), "{}", outcome.stdout);
}

#[test]
fn what_cannot_be_judged_fails_only_when_asked_to() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&["--on-no-baseline", "fail"]).expect(1);
    workspace
        .sagegate(&[
            "record",
            "--result",
            "sagegate-results/result.json",
            "--baseline",
            "file:b.json",
        ])
        .expect(0);
    let unlike = ["--memory-sizes", "2048"];
    let outcome = workspace.run(&unlike).expect(0);
    assert!(
        outcome.stdout.contains("inconclusive"),
        "{}",
        outcome.stdout
    );
    workspace
        .run(&[&unlike[..], &["--on-inconclusive", "fail"]].concat())
        .expect(1);
}

#[test]
fn two_models_share_a_baseline_file_without_meeting() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&["--mode", "record"]).expect(0);
    let other = workspace
        .run(&["--name", "fraud", "--mode", "record"])
        .expect(0);
    assert!(
        other
            .stdout
            .contains("nothing is stored for this model yet"),
        "{}",
        other.stdout
    );
    let baseline: serde_json::Value = serde_json::from_str(&workspace.read("b.json")).unwrap();
    let names: Vec<&String> = baseline["models"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["churn", "fraud"]);
}

#[test]
fn a_calibration_shows_what_the_gate_sees_and_seeds_the_baseline() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace
        .sagegate(&[
            "calibrate",
            "--model-name",
            "m",
            "--samples",
            "samples.jsonl",
            "--memory-sizes",
            "1024,2048",
            "--invocations",
            "100",
            "--runs",
            "3",
            "--seed-baseline",
            "--baseline",
            "file:b.json",
        ])
        .expect(0);
    simulator.assert_nothing_is_left();
    assert!(
        outcome
            .stdout
            .contains("3 runs of the same model, at 2048 MB"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("--max-cost-increase"),
        "{}",
        outcome.stdout
    );
    for run in 1..=3 {
        assert!(workspace.exists(&format!("sagegate-results/run-{run}/result.json")));
    }
    let baseline: serde_json::Value = serde_json::from_str(&workspace.read("b.json")).unwrap();
    assert_eq!(baseline["models"]["m"].as_array().map(Vec::len), Some(3));
}

#[test]
fn saved_results_of_models_with_any_names_are_compared() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.sagegate(&run_args("m-steady", &[])).expect(0);
    let main: serde_json::Value =
        serde_json::from_str(&workspace.read("sagegate-results/result.json")).unwrap();
    for number in 1..=3 {
        let mut again = main.clone();
        // Runs of one job count as one.
        let finished: jiff::Timestamp = main["finished_at"].as_str().unwrap().parse().unwrap();
        let days = jiff::SignedDuration::from_hours(24 * number);
        again["finished_at"] = (finished - days).to_string().into();
        again["run_id"] = format!("main-{number}").into();
        workspace.write(&format!("main-{number}.json"), &again.to_string());
    }
    let candidate = ["--name", "candidate"];
    workspace
        .sagegate(&run_args("m-slow", &candidate))
        .expect(0);
    drop(simulator);
    let compare = |result: &str, against: &[&str]| {
        let mut arguments = vec!["compare", "--result", result, "--output-dir", "off"];
        arguments.extend(against.iter().flat_map(|file| ["--against", *file]));
        workspace.sagegate(&arguments)
    };
    let three = ["main-1.json", "main-2.json", "main-3.json"];
    let failed = compare("sagegate-results/result.json", &three).expect(1);
    assert!(
        failed.stdout.contains("candidate failed: ") && failed.stdout.contains("p90 +"),
        "{}",
        failed.stdout
    );
    let comment = workspace.read("off/comment.md");
    for words in [
        "**Baseline:** the other results",
        "3 results count.",
        "against the mean of 3 other results.",
    ] {
        assert!(comment.contains(words), "{words}: {comment}");
    }
    // Nothing here is a run of main.
    assert!(!comment.contains(" main"), "{comment}");
    let passed = compare("main-1.json", &three).expect(0);
    assert!(passed.stdout.contains("passed"), "{}", passed.stdout);
    let missing = compare("main-1.json", &["gone.json"]).expect(2);
    assert!(missing.stderr.contains("`gone.json`"), "{}", missing.stderr);
    let both = [
        "compare",
        "--result",
        "main-1.json",
        "--against",
        "main-2.json",
        "--baseline",
        "file:b.json",
    ];
    workspace.sagegate(&both).expect(2);
    assert!(!workspace.exists("b.json"));
}
