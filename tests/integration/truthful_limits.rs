//! What the output says of limits: of few calls, of each failing metric, and of what would allow
//! it.

use crate::support::github::GitHub;
use crate::support::runner::Runner;
use crate::support::{Outcome, Simulator, Workspace, spaced, steadied};

fn first_line(outcome: &Outcome) -> &str {
    outcome.stdout.lines().next().unwrap()
}

#[test]
fn few_calls_are_named_in_the_headline_and_held_to_a_ceiling_only_where_they_can_be() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let sixty = [
        "--invocations",
        "60",
        "--max-p99-increase",
        "off",
        "--max-cost-increase",
        "off",
    ];
    let with = |extra: &[&'static str]| workspace.run(&[&sixty[..], extra].concat());
    let first = with(&["--mode", "record"]).expect(0);
    let headline = first_line(&first);
    assert!(
        headline.contains("2048 MB, slowest of 60 calls "),
        "{headline}"
    );
    assert!(
        first.stdout.contains("p99 is the slowest of them"),
        "{}",
        first.stdout
    );

    // Nothing is above the ceiling, but 60 calls cannot say so of p99.
    let open = with(&["--max-p99", "10000ms"]).expect(0);
    let headline = first_line(&open);
    assert!(
        headline.contains("inconclusive: 60 calls are too few for the ceiling of p99; 891 decide"),
        "{headline}"
    );
    let comment = comment(&workspace);
    assert!(comment.contains("⚪ too few calls"), "{comment}");
    // All are above the ceiling: so is p99.
    let above = with(&["--max-p99", "1ms"]).expect(1);
    assert!(
        above
            .stdout
            .contains("By 60 calls, p99 at 2048 MB is at least ")
            && above.stdout.contains("above its ceiling of 1.00 ms"),
        "{}",
        above.stdout
    );
    with(&["--max-p99", "10000ms", "--strict"]).expect(1);
}

/// The comment, whose cells are not wrapped, with ordinary blanks.
fn comment(workspace: &Workspace) -> String {
    let comment = workspace.read("sagegate-results/comment.md");
    comment.replace('\u{a0}', " ")
}

#[test]
fn a_lower_quantile_stands_for_p99_in_headline_and_ceiling_by_its_name() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let ceiling = ["--invocations", "200", "--max-p99", "10000ms"];
    let first = workspace.run(&ceiling).expect(0);
    let headline = first_line(&first);
    assert!(
        headline.contains("p95 of 200 calls ")
            || headline.contains("(200 calls are too few for p99)"),
        "{headline}"
    );
    let comment = comment(&workspace);
    assert!(comment.contains("(ceiling of p99)"), "{comment}");
}

#[test]
fn the_values_that_are_named_allow_what_failed() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.run(&[]).expect(0);
    let run = workspace.result();
    workspace.write("old.json", &steadied(run.clone(), 1.0));
    workspace.write("new.json", &steadied(run, 3.4));
    let compare = |extra: &[&str]| {
        let files = ["compare", "--result", "new.json", "--against", "old.json"];
        workspace.sagegate(&[&files[..], extra].concat())
    };
    let failed = compare(&["--max-p99", "20ms"]).expect(1);
    let (_, named) = failed
        .stdout
        .split_once("To allow as much from now on: ")
        .unwrap();
    let named = named.lines().next().unwrap().trim_end_matches('.');
    let flags: Vec<String> = named
        .split(" and ")
        .flat_map(|it| it.split(' '))
        .map(|it| it.trim_matches('\'').to_owned())
        .collect();
    assert_eq!(flags.len(), 6, "{named}");
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    compare(&flags).expect(0);
    // Without one of them it still fails.
    compare(&flags[..4]).expect(1);
}

#[test]
fn each_failing_metric_has_its_own_reason_in_the_comment_and_in_its_annotation() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator).model("m-steady");
    runner.step().expect(0);
    let run = runner.workspace.result();
    runner
        .workspace
        .write("old.json", &steadied(run.clone(), 1.0));
    runner.workspace.write("new.json", &steadied(run, 1.9));
    let failed = runner
        .input("command", "compare")
        .input("result", "new.json")
        .input("against", "old.json")
        .input("max-p99-increase", "10%")
        .input("max-cost-increase", "5%")
        .step()
        .expect(1);
    let errors = failed.annotations("error");
    assert_eq!(errors.len(), 2, "{errors:?}");
    for (error, metric, other) in [
        (&errors[0], "p90 at 2048 MB is +90%25", "cost per million"),
        (&errors[1], "cost per million at 2048 MB is +", "p90 at"),
    ] {
        let (_, message) = error.rsplit_once("::").unwrap();
        assert!(message.starts_with(&format!("Why: {metric}")), "{message}");
        assert!(!message.contains(other), "{message}");
        for words in [
            "against the other result.",
            "The same code varies by up to 4",
            "is wanted: this fails.",
            "To allow as much from now on: max-p99-increase: 9",
        ] {
            assert!(message.contains(words), "{words}: {message}");
        }
    }
    let summary = spaced(&failed.summary);
    assert_eq!(summary.matches("**Why:** ").count(), 2, "{summary}");
    for words in [
        "**Baseline:** the other result",
        "% wanted, +4",
        "[run the check again](https://github.com/acme/churn/actions/runs/",
        "`max-p99-increase: 9",
        "`max-cost-increase: 8",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    for old in ["±", " %", "sigma", "Identical code", " main"] {
        assert!(!summary.contains(old), "{old}: {summary}");
    }
}
