//! What a terminal shows: what the command is for comes first, tables fit 80 columns, and the last
//! line is the path of the page.

use crate::support::github::GitHub;
use crate::support::runner::Runner;
use crate::support::{Outcome, Simulator, Workspace, run_args};

const HTML: &str = "HTML report: sagegate-results/benchmarking_report/benchmarking_report.html";

#[track_caller]
fn assert_fits(outcome: &Outcome) {
    let mut tables = 0;
    for part in outcome
        .stdout
        .split("\n\n")
        .filter(|part| part.contains('─'))
    {
        tables += 1;
        for line in part.lines() {
            let width = line.chars().count();
            assert!(width <= 80, "{width} characters: {line}");
        }
    }
    assert!(tables > 0, "{}", outcome.stdout);
}

#[test]
fn a_benchmark_says_the_size_then_what_the_clients_need_and_nothing_of_a_gate() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let args: Vec<&str> = "benchmark --model-name m --name churn --samples samples.jsonl --memory-sizes 1024,2048 \
                           --invocations 100 --warmup 2 --concurrency-invocations 40 --expected-clients 3"
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect();
    let outcome = workspace.sagegate(&args).expect(0);
    let mut lines = outcome.stdout.lines();
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("churn: ") && first.contains(" MB recommended, p"),
        "{first}"
    );
    assert!(
        outcome.stdout.contains("3 clients need MaxConcurrency "),
        "{}",
        outcome.stdout
    );
    assert!(
        !outcome.stdout.contains("not compared"),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains("baseline"), "{}", outcome.stdout);
    assert_eq!(outcome.stdout.lines().last(), Some(HTML));
    assert_fits(&outcome);
    assert!(
        !workspace
            .read("sagegate-results/comment.md")
            .contains("no baseline")
    );
    let report = workspace
        .sagegate(&["report", "--result", "sagegate-results/result.json"])
        .expect(0);
    assert!(report.stdout.starts_with("churn: "), "{}", report.stdout);
    assert_eq!(report.stdout.lines().last(), Some(HTML));
}

#[test]
fn a_run_ends_with_the_path_of_the_page_and_its_tables_fit() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&["--mode", "record"]).expect(0);
    let outcome = workspace.run(&[]).expect(0);
    assert_eq!(outcome.stdout.lines().last(), Some(HTML));
    assert_fits(&outcome);
}

#[test]
fn when_all_calls_fail_the_sample_and_the_log_group_are_named() {
    let simulator = Simulator::quick_with("[faults]\nmodel_error = 1.0");
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&[]).expect(3);
    for words in [
        "sample 1 (line 1): simulated failure of the model; ModelError",
        "log group /aws/sagemaker/Endpoints/sagegate-",
        "its last lines are in the HTML report",
    ] {
        assert!(
            outcome.stdout.contains(words),
            "lacks {words}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn an_interrupted_run_names_the_flag_that_goes_on_with_it() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = ["--invocations", "3000", "--memory-sizes", "1024"];
    let mut child = workspace.spawn(&run_args("m", &flags));
    while simulator.count("InvokeEndpoint") < 50 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(sent.unwrap().success());
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        stderr.contains(
            "; --resume sagegate-results with the same other flags measures what is missing"
        ),
        "{stderr}"
    );
}

#[test]
fn in_the_action_an_error_names_the_input_and_not_the_flag() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .without("AWS_REGION")
        .push_to_main();
    let refused = runner.step().expect(2);
    let said = refused.annotations("error").join("\n");
    assert!(
        said.contains("pass input `region` us-east-1 or set AWS_REGION"),
        "{said}"
    );
    assert!(!said.contains("--region"), "{said}");
}
