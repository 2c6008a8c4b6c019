//! Limits of the machine are not the model's, and a gate that is evaded says so.

use crate::support::github::GitHub;
use crate::support::runner::{Runner, comments};
use crate::support::{Simulator, Workspace};

fn heading(github: &GitHub) -> String {
    let comment = comments(github).pop().unwrap();
    let line = comment.lines().find(|line| line.starts_with("### "));
    line.unwrap().to_owned()
}

#[test]
fn other_samples_and_another_name_beside_a_slower_model_are_said_in_the_first_line() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m-steady")
        .push_to_main();
    runner.step().expect(0);
    let mut runner = runner.pull_request().model("m-slow");
    runner.workspace.write(
        "samples.jsonl",
        "{\"Body\":\"1,2\",\"ContentType\":\"text/csv\"}\n{\"Body\":\"3,5\"}\n",
    );
    runner.step().expect(0);
    let line = heading(&github);
    assert!(
        line.starts_with("### ⚪ churn inconclusive: other samples than the baseline, and p99 +"),
        "{line}"
    );
    runner.workspace.write(
        "samples.jsonl",
        "{\"Body\":\"1,2\",\"ContentType\":\"text/csv\"}\n{\"Body\":\"3,4\"}\n",
    );
    let mut runner = runner.input("name", "churn-2");
    runner.step().expect(0);
    let line = heading(&github);
    assert!(
        line.starts_with("### ⚪ churn-2: no baseline under this name; against churn p99 +"),
        "{line}"
    );
}

#[test]
fn a_baseline_in_the_workspace_of_a_pull_request_is_warned_of() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .input("baseline", "file:b.json");
    let words = "the baseline file:b.json is in the pull request's own workspace";
    let step = runner.step().expect(0);
    let warnings = step.annotations("warning").join("\n");
    assert!(warnings.contains(words), "{warnings}");
    let step = { runner.push_to_main() }.step().expect(0);
    assert!(
        !step.outcome.stderr.contains(words),
        "{}",
        step.outcome.stderr
    );
}

/// Two hundred clients, as a load has them.
const LOAD: [&str; 18] = [
    "run",
    "--model-name=m",
    "--name=churn",
    "--samples=samples.jsonl",
    "--memory-sizes=1024",
    "--invocations=10",
    "--warmup=2",
    "--concurrency-benchmark=true",
    "--max-concurrency=200",
    "--client-multipliers=1",
    "--expected-clients=200",
    "--concurrency-invocations=400",
    "--baseline=file:b.json",
    "--max-p99-increase=off",
    "--max-cost-increase=off",
    "--quiet",
    "--confirm=false",
    "--output-dir=out",
];

#[test]
fn few_open_files_are_raised_and_where_that_is_forbidden_not_blamed_on_the_model() {
    let simulator = Simulator::quick();
    // The soft limit of a shell.
    let raised = Workspace::new(&simulator).with_open_files("-Sn 64");
    let outcome = raised.sagegate(&LOAD).expect(0);
    let page = raised.read("out/benchmarking_report/benchmarking_report.html");
    assert!(!page.contains("open files"), "{}", outcome.stderr);
    assert!(
        page.contains("200 clients need MaxConcurrency 200"),
        "{page}"
    );
    // The hard limit cannot be raised.
    let limited = Workspace::new(&simulator).with_open_files("-n 64");
    limited.sagegate(&LOAD).expect(0);
    let page = limited.read("out/benchmarking_report/benchmarking_report.html");
    assert!(
        page.contains("this machine cannot open more connections"),
        "{page}"
    );
    assert!(!page.contains("Try larger ones"), "{page}");
}
