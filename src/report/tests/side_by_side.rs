//! Reports of runs that were measured in turn with a reference.

use super::*;
use crate::analysis::concurrency::tests::{clients, round, with_load};
use crate::gate::Branches;
use crate::gate::tests::side_by_side::beside;

pub(super) fn reports() -> [(&'static str, Report); 5] {
    let limits = Limits::default();
    let mut local = on_this_machine();
    let both = beside(&[1.02, 1.0, 1.01, 1.01], &[1.0, 1.02, 0.99, 1.0]);
    local.stability = both.stability;
    local.reference = both.reference;
    let mut unmeasured = beside(&[1.0], &[1.0]);
    unmeasured.reference.as_mut().unwrap().stability[1].outcome = EndpointOutcome::DeployFailed {
        reason: "no capacity in the region".to_owned(),
        cause: Cause::Service,
    };
    let slow = beside(&[1.3, 1.31], &[1.0, 1.01]);
    [
        (
            "side_by_side_pass",
            report(&beside(&[1.08], &[1.0]), Some(&history(5, model)), &limits),
        ),
        (
            "side_by_side_fail",
            composed_with(&slow, &judged(&slow, None, &limits), &labelled()),
        ),
        ("side_by_side_local", report(&local, None, &limits)),
        (
            "side_by_side_inconclusive",
            report(&unmeasured, None, &limits),
        ),
        (
            "side_by_side_accepted",
            composed_with(&slow, &accepted_beside(&slow), &labelled()),
        ),
    ]
}

fn accepted_beside(run: &RunResult) -> Judgement {
    let none = History::default();
    accepted(run, &none)
}

#[test]
fn the_terminal_shows_both_models_in_80_columns() {
    let slow = beside(&[1.3, 1.31], &[1.0, 1.01]);
    let words = terminal(&report(&slow, None, &Limits::default()), Color::Never);
    insta::assert_snapshot!("terminal_side_by_side", words);
    // Sentences are wrapped by the terminal itself.
    let of_table = |line: &&str| line.starts_with([' ', '╎', '─']);
    let widest = words
        .lines()
        .filter(of_table)
        .map(|line| line.chars().count());
    assert_eq!(widest.max(), Some(80));
}

#[test]
fn no_report_beside_a_reference_speaks_of_a_baseline_to_record() {
    for (case, report) in reports() {
        let words = spaced(&markdown(&report));
        for absent in [
            "no baseline",
            "record one",
            "nightly",
            "a night",
            "To allow as much",
            "more run of",
            "starts a new baseline",
            "too few runs",
        ] {
            assert!(!words.contains(absent), "{case}: {absent}");
        }
        assert!(words.contains("main's model"), "{case}");
    }
}

#[test]
fn the_branch_that_is_merged_into_names_the_reference() {
    let branches = Branches {
        base: Some("release/1".parse().unwrap()),
        default: None,
    };
    let history = crate::gate::BaselineFile::default().history("churn-xgb", &branches);
    let run = beside(&[1.0], &[1.0]);
    let report = report(&run, Some(&history.unwrap()), &Limits::default());
    assert!(headline(&report).contains("passed against release/1's model"));
}

#[test]
fn charts_show_both_models() {
    let run = beside(&[1.3], &[1.0]);
    let judgement = judged(&run, None, &Limits::default());
    let analysis = analyse(&run, &prices(), Strategy::Balanced);
    let charts = chart_files(&run, &analysis, &judgement);
    let named = |name: &str| {
        let mut found = charts.iter().filter(|(path, _)| path.contains(name));
        found.next().unwrap().1.as_str()
    };
    let distribution = named("distribution");
    assert_eq!(
        distribution.matches("class=\"curve").count(),
        12,
        "lines and keys"
    );
    assert!(distribution.contains("2048 MB, main"));
    let cost = named("cost_vs_performance");
    assert_eq!(cost.matches("class=\"curve").count(), 12);
    assert!(charts.iter().all(|(_, svg)| svg.len() < 40_000));
}

#[test]
fn the_lists_of_calls_name_model_and_round() {
    let run = beside(&[1.0; 2], &[1.0; 2]);
    let analysis = analyse(&run, &prices(), Strategy::Balanced);
    let (_, calls) = csv_files(&run, &analysis, analysis.best).remove(0);
    for end in [",1,now", ",2,now", ",1,reference", ",2,reference"] {
        let rows = calls.lines().filter(|line| line.ends_with(end));
        assert_eq!(rows.count(), 3 * 1000, "{end}");
    }
}

#[test]
fn loads_of_both_are_shown_and_not_judged() {
    let loads = |ms: u32| vec![(2, vec![round(clients(2), 200, ms)])];
    let mut run = with_load(beside(&[1.0], &[1.0]), loads(0));
    let throttled = with_load(model(1.0), loads(150)).concurrency;
    run.reference.as_mut().unwrap().concurrency = throttled;
    let words = spaced(&markdown(&report(&run, None, &Limits::default())));
    assert!(
        words.contains("main's model: MaxConcurrency 2, 2 clients"),
        "{words}"
    );
    assert!(words.contains("is shown, not judged"));
    assert!(words.contains("✅"));
}
