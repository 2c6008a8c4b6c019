//! A saved result that holds a reference, compared and published from the command line.

use sagegate::result::{EndpointOutcome, EndpointRun, Reference, RunResult};
use serde_json::json;

use crate::hostile::{HOSTILE, foreign_nodes};
use crate::support::github::GitHub;
use crate::support::runner::{HEAD, PULL_REQUEST, Runner, comments};
use crate::support::{Outcome, Simulator, Workspace, spaced, steadied};

/// The measured sizes, with calls that are `factor` times as slow as usual.
fn endpoints(run: &RunResult, factor: f64) -> Vec<EndpointRun> {
    let json = steadied(run.clone(), factor);
    serde_json::from_str::<RunResult>(&json).unwrap().stability
}

/// The result with a reference, both in so many rounds.
fn beside(run: &RunResult, factor: f64, rounds: u32) -> RunResult {
    let repeated = |factor: f64| -> Vec<EndpointRun> {
        let numbered = (1..=rounds).flat_map(|round| {
            let sizes = endpoints(run, factor).into_iter();
            sizes.map(move |it| EndpointRun { round, ..it })
        });
        numbered.collect()
    };
    RunResult {
        stability: repeated(factor),
        reference: Some(Reference {
            model: "churn-main".to_owned(),
            model_name: "churn-main".to_owned(),
            rounds,
            stability: repeated(1.0),
            concurrency: Vec::new(),
        }),
        ..run.clone()
    }
}

struct Measured {
    workspace: Workspace,
    run: RunResult,
}

impl Measured {
    fn new() -> Self {
        let simulator = Simulator::quick();
        let workspace = Workspace::new(&simulator);
        workspace.run(&[]).expect(0);
        let run = workspace.result();
        Self { workspace, run }
    }

    fn write(&self, file: &str, run: &RunResult) {
        let json = serde_json::to_string(run).unwrap();
        self.workspace.write(file, &json);
    }

    fn compare(&self, run: &RunResult, extra: &[&str]) -> Outcome {
        self.write("new.json", run);
        let own = ["compare", "--result", "new.json"];
        self.workspace.sagegate(&[&own, extra].concat())
    }
}

const BASELINE: [&str; 2] = ["--baseline", "file:b.json"];

#[test]
fn without_a_baseline_the_same_model_passes_and_a_slower_one_fails() {
    let it = Measured::new();
    let strict = [&BASELINE[..], &["--on-no-baseline", "fail"]].concat();
    let same = it.compare(&beside(&it.run, 1.0, 4), &strict).expect(0);
    assert!(
        same.stdout.contains("churn passed against main's model"),
        "{}",
        same.stdout
    );
    assert!(
        same.stdout
            .contains("measured in turn in this job (4 rounds)")
    );
    let slow = it.compare(&beside(&it.run, 1.2, 4), &strict).expect(1);
    assert!(
        slow.stdout
            .contains("churn failed against main's model: p95 +20%"),
        "{}",
        slow.stdout
    );
}

#[test]
fn stored_runs_are_shown_and_decide_nothing_and_the_reference_is_not_recorded() {
    let it = Measured::new();
    it.write("main.json", &beside(&it.run, 0.5, 1));
    let record = ["record", "--result", "main.json"];
    it.workspace
        .sagegate(&[&record[..], &BASELINE].concat())
        .expect(0);
    let stored = it.workspace.read("b.json");
    assert!(!stored.contains("churn-main"), "{stored}");
    let same = it.compare(&beside(&it.run, 1.0, 2), &BASELINE).expect(0);
    assert!(
        spaced(&same.stdout).contains(
            "against the last run of main, which was not measured in this job: not judged."
        ),
        "{}",
        same.stdout
    );
    // An earlier result that holds a reference counts by its own model.
    let with = ["--against", "main.json"];
    let alone = RunResult {
        stability: endpoints(&it.run, 1.0),
        ..it.run.clone()
    };
    it.compare(&alone, &with).expect(1);
}

#[test]
fn a_reference_that_was_not_measured_leaves_it_open() {
    let it = Measured::new();
    let mut run = beside(&it.run, 1.5, 1);
    for endpoint in &mut run.reference.as_mut().unwrap().stability {
        endpoint.outcome = EndpointOutcome::SkippedQuota {
            reason: "no room".to_owned(),
        };
    }
    let outcome = it.compare(&run, &BASELINE).expect(0);
    assert!(
        outcome
            .stdout
            .contains("inconclusive: main's model was not measured"),
        "{}",
        outcome.stdout
    );
    it.compare(
        &run,
        &[&BASELINE[..], &["--on-inconclusive", "fail"]].concat(),
    )
    .expect(1);
}

#[test]
fn the_report_of_a_saved_result_shows_both() {
    let it = Measured::new();
    it.write("new.json", &beside(&it.run, 1.2, 2));
    let report = ["report", "--result", "new.json", "--output-dir", "shown"];
    it.workspace.sagegate(&report).expect(0);
    let page = it
        .workspace
        .read("shown/benchmarking_report/benchmarking_report.html");
    assert!(spaced(&page).contains("1024 MB, the reference"));
    assert!(spaced(&page).contains("Round by round at"));
}

#[test]
fn more_rounds_than_there_are_is_no_result() {
    let it = Measured::new();
    let mut run = beside(&it.run, 1.0, 1);
    run.reference.as_mut().unwrap().rounds = 4_000_000;
    let error = it.compare(&run, &BASELINE).expect(2).stderr;
    assert!(error.contains("rounds are not from 1 to 20"), "{error}");
}

#[test]
fn a_hostile_reference_is_only_text_where_another_workflow_publishes() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let runner = Runner::measured(&github, &simulator);
    github.world().pulls =
        vec![json!({ "number": PULL_REQUEST, "head": { "label": "mallory:faster", "sha": HEAD } })];
    let mut run = beside(&runner.workspace.result(), 1.0, 1);
    let reference = run.reference.as_mut().unwrap();
    HOSTILE.clone_into(&mut reference.model);
    HOSTILE.clone_into(&mut reference.model_name);
    reference.stability[0].outcome = EndpointOutcome::SkippedQuota {
        reason: HOSTILE.to_owned(),
    };
    let json = serde_json::to_string(&run).unwrap();
    runner
        .workspace
        .write("sagegate-results/result.json", &json);
    let step = { runner.publishing("mallory", HEAD) }.step().expect(0);
    assert_eq!(step.output("verdict"), "inconclusive");
    let comment = comments(&github).pop().unwrap();
    assert!(comment.contains("onerror=1"), "{comment}");
    assert_eq!(foreign_nodes(&comment), Vec::<String>::new(), "{comment}");
    assert_eq!(step.commands().len(), 1, "{:?}", step.commands());
}

#[test]
fn a_calibration_against_itself_says_what_would_be_caught() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let calibrated = workspace
        .sagegate(&[
            "calibrate",
            "--model-name=m",
            "--samples=samples.jsonl",
            "--memory-sizes=1024",
            "--invocations=100",
            "--warmup=5",
            "--runs=2",
            "--rounds=2",
            "--against-self",
        ])
        .expect(0);
    simulator.assert_nothing_is_left();
    let words = spaced(&calibrated.stdout);
    assert!(
        words.contains("4 pairs of endpoints of the same model in 2 runs, at 1024 MB"),
        "{words}"
    );
    let rows = words.lines().filter(|line| line.contains("   cost "));
    let rounds: Vec<&str> = rows
        .filter_map(|row| row.split_whitespace().next())
        .collect();
    assert_eq!(rounds, ["2", "4"], "{words}");
}
