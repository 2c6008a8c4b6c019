//! Bad input gives one line with the value and a suggested fix, and exit code 2. Nothing is
//! created.

use crate::support::{Simulator, Workspace, run_args};

/// Runs, and returns the one line on stderr.
#[track_caller]
fn refused(simulator: &Simulator, workspace: &Workspace, extra: &[&str]) -> String {
    refused_args(simulator, workspace, &run_args("m", extra))
}

#[track_caller]
fn refused_args(simulator: &Simulator, workspace: &Workspace, args: &[&str]) -> String {
    let outcome = workspace.sagegate(args).expect(2);
    assert_eq!(outcome.stdout, "");
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    let created =
        ["CreateEndpoint", "CreateEndpointConfig"].map(|operation| simulator.count(operation));
    assert_eq!(created, [0, 0]);
    outcome.stderr.trim().to_owned()
}

#[test]
fn an_unknown_memory_size_gets_a_guess() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let error = refused(&simulator, &workspace, &["--memory-sizes", "2000"]);
    assert!(
        error.contains("--memory-sizes")
            && error.contains("2000")
            && error.contains("did you mean 2048?"),
        "{error}"
    );
}

#[test]
fn a_bare_percentage_gets_a_guess() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let error = refused(&simulator, &workspace, &["--max-p99-increase", "110"]);
    assert!(
        error.contains("`110` has no unit, did you mean 10%?"),
        "{error}"
    );
}

#[test]
fn samples_that_are_missing_empty_malformed_or_too_large_are_named_with_their_line() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    std::fs::remove_file(workspace.path("samples.jsonl")).unwrap();
    let error = refused(&simulator, &workspace, &[]);
    assert!(
        error.contains("cannot read samples `samples.jsonl`"),
        "{error}"
    );
    workspace.write("samples.jsonl", "\n\n");
    assert!(refused(&simulator, &workspace, &[]).contains("samples `samples.jsonl` is empty"));
    workspace.write("samples.jsonl", "{\"Body\":\"1\"}\n{\"Boddy\":\"1\"}\n");
    let error = refused(&simulator, &workspace, &[]);
    assert!(
        error.contains("`samples.jsonl` line 2: unknown member `Boddy`, did you mean `Body`?"),
        "{error}"
    );
    let large = format!("{{\"Body\":\"{}\"}}\n", "x".repeat(4 * 1024 * 1024 + 1));
    workspace.write("samples.jsonl", &large);
    let error = refused(&simulator, &workspace, &[]);
    assert!(
        error.contains("line 1: body of 4194305 bytes is over"),
        "{error}"
    );
}

#[test]
fn a_missing_region_and_missing_credentials_have_different_errors() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator).without("AWS_REGION");
    let error = refused(&simulator, &workspace, &[]);
    assert!(
        error.contains("no AWS region is set; pass --region us-east-1 or set AWS_REGION"),
        "{error}"
    );
    let workspace = workspace
        .with("AWS_REGION", "us-east-1")
        .without("AWS_ACCESS_KEY_ID");
    let error = refused(&simulator, &workspace, &[]);
    assert!(
        error.contains("no AWS credentials were found") && error.contains("AWS_ACCESS_KEY_ID"),
        "{error}"
    );
}

#[test]
fn an_unknown_model_is_named_with_its_region() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("sagegate-results/result.json", "an earlier result");
    let error = refused_args(&simulator, &workspace, &run_args("nobody", &[]));
    assert_eq!(
        workspace.read("sagegate-results/result.json"),
        "an earlier result",
        "nothing is lost"
    );
    assert!(
        error.contains("there is no SageMaker model `nobody` in us-east-1"),
        "{error}"
    );
}

#[test]
fn an_unreadable_a_damaged_and_a_newer_baseline_are_left_as_they_are() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    for (text, words) in [
        (
            "{\"schema\":1,\"models\":",
            "baseline `b.json` is damaged or not a baseline",
        ),
        (
            "{\"schema\":9,\"future\":1}",
            "baseline `b.json` has schema 9, this sagegate reads up to 2",
        ),
    ] {
        workspace.write("b.json", text);
        let error = refused(&simulator, &workspace, &[]);
        assert!(error.contains(words), "{error}");
        assert_eq!(workspace.read("b.json"), text);
    }
    std::fs::remove_file(workspace.path("b.json")).unwrap();
    std::fs::create_dir(workspace.path("b.json")).unwrap();
    assert!(refused(&simulator, &workspace, &[]).contains("cannot read baseline `b.json`"));
    let error = refused(&simulator, &workspace, &["--baseline", "b.json"]);
    assert!(error.contains("use file:PATH"), "{error}");
}

#[test]
fn a_maximum_of_calls_below_the_plan_is_a_mistake_in_one_of_the_two() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = ["--invocations", "1000", "--max-invocations", "500"];
    assert_eq!(
        refused(&simulator, &workspace, &flags),
        "error: --max-invocations 500 is below --invocations 1000: it is how far a noisy size may go on"
    );
}

#[test]
fn a_region_without_prices_says_how_to_give_them() {
    let simulator = Simulator::quick();
    let workspace =
        Workspace::new(&simulator).with("SAGEGATE_PRICE_LIST_URL", "http://127.0.0.1:9");
    let error = refused(&simulator, &workspace, &["--region", "mars-1"]);
    assert!(
        error.contains("price list `http://127.0.0.1:9/") && error.contains("--prices FILE"),
        "{error}"
    );
    let error = refused(&simulator, &workspace, &["--prices", "none.json"]);
    assert!(
        error.contains("--prices: cannot read `none.json`"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_is_found_before_anything_is_created() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("file", "x");
    let error = refused(&simulator, &workspace, &["--output-dir", "file/below"]);
    assert!(
        error.contains("--output-dir: cannot write `file/below/result.json`"),
        "{error}"
    );
}

#[test]
fn a_saved_result_that_is_none_is_refused() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("r.json", "{}");
    let error = refused_args(&simulator, &workspace, &["compare", "--result", "r.json"]);
    assert!(
        error.contains("`r.json` is not a sagegate result"),
        "{error}"
    );
    workspace.write("r.json", "{\"schema\":99}");
    let error = refused_args(&simulator, &workspace, &["record", "--result", "r.json"]);
    assert!(
        error.contains("schema 99") && error.contains("update sagegate"),
        "{error}"
    );
}

#[test]
fn an_unknown_profile_is_named_with_those_that_exist() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let error = refused_args(&simulator, &workspace, &["demo", "--profile", "gpt"]);
    assert!(
        error.contains("`gpt`") && error.contains("xgboost, mobilenet-v2, transformer"),
        "{error}"
    );
    workspace.write("p.toml", "seed = 1\nsped = 2\n");
    let error = refused_args(
        &simulator,
        &workspace,
        &["simulate", "--profile", "p.toml", "--port", "0"],
    );
    assert!(error.contains("profile `p.toml`"), "{error}");
}
