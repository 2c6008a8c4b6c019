//! Whole reports of small runs, through the real analysis and gate.

use std::collections::BTreeSet;

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};

use super::*;
use crate::analysis::tests::{prices, run_of};
use crate::analysis::{Strategy, analyse};
use crate::gate::tests::{history, judged, measured, model, stopped};
use crate::gate::{
    CostLimit, History, LatencyLimit, Limits, MemoryLimit, NotAccepted, Notice, judge,
};
use crate::result::{Cause, EndpointOutcome};
use crate::units::{LatencyMs, MemoryMb, Usd};

mod agreement;
mod examples;
mod hostile;
mod side_by_side;

pub(super) use self::examples::every_report;
use self::examples::{accepted, broken, nothing_measured, on_this_machine};

/// With ordinary spaces.
fn spaced(words: &str) -> String {
    words.replace('\u{a0}', " ").replace('\u{2060}', "")
}

fn links() -> Links {
    Links {
        run_url: Some("https://github.com/acme/churn/actions/runs/1842".to_owned()),
        commit_url: Some("https://github.com/acme/churn/commit/8f31c2e0aa55".to_owned()),
        baseline: None,
        result: Some("sagegate-results/result.json".to_owned()),
        ..Links::default()
    }
}

/// On a pull request.
fn labelled() -> Links {
    Links {
        can_be_labelled: true,
        ..links()
    }
}

fn composed(run: &RunResult, judgement: &Judgement) -> Report {
    composed_with(run, judgement, &links())
}

fn composed_with(run: &RunResult, judgement: &Judgement, links: &Links) -> Report {
    let analysis = analyse(run, &prices(), Strategy::Balanced);
    compose(run, &analysis, judgement, links)
}

fn report(run: &RunResult, history: Option<&History>, limits: &Limits) -> Report {
    composed(run, &judged(run, history, limits))
}

pub(super) fn passing_report() -> Report {
    report(&model(1.03), Some(&history(5, model)), &Limits::default())
}

pub(super) fn failing_report() -> Report {
    report(&model(1.7), Some(&history(5, model)), &Limits::default())
}

#[test]
fn the_comment_of_every_verdict_reads_as_designed() {
    for (name, report) in every_report() {
        insta::assert_snapshot!(name, markdown(&report));
    }
}

#[test]
fn every_verdict_is_covered() {
    let covered: Vec<Verdict> = every_report()
        .iter()
        .map(|(_, report)| report.verdict())
        .collect();
    assert!(Verdict::ALL.iter().all(|verdict| covered.contains(verdict)));
}

#[test]
fn the_page_reads_as_designed() {
    insta::assert_snapshot!("page", html(&failing_report()));
}

#[test]
fn the_terminal_shows_pass_and_fail() {
    insta::assert_snapshot!("terminal_pass", terminal(&passing_report(), Color::Never));
    insta::assert_snapshot!("terminal_fail", terminal(&failing_report(), Color::Never));
}

#[test]
fn the_terminal_has_colours_only_when_asked() {
    assert!(!terminal(&failing_report(), Color::Never).contains('\u{1b}'));
    let colourful = terminal(&failing_report(), Color::Always);
    assert!(colourful.starts_with("\u{1b}[1m\u{1b}[31m❌"));
    assert_eq!(
        colourful.matches("\u{1b}[31m p99 latency").count(),
        1,
        "{colourful:?}"
    );
}

#[test]
fn every_headline_fits_and_starts_with_its_symbol() {
    for (case, report) in every_report() {
        let line = headline(&report);
        assert!(
            line.starts_with(report.verdict().symbol()),
            "{case}: {line}"
        );
        assert!(
            line.chars().count() <= headline::MAX_LENGTH,
            "{case}: {line}"
        );
    }
}

#[test]
fn a_long_name_is_shortened_in_the_headline() {
    let mut run = model(1.7);
    run.name = "a-very-long-name-".repeat(20);
    let report = report(&run, Some(&history(5, model)), &Limits::default());
    let line = headline(&report);
    assert_eq!(line.chars().count(), headline::MAX_LENGTH, "{line}");
    assert!(line.contains("… failed: p99 +70%"), "{line}");
}

/// GitHub's reading of the comment: columns of each table outside of and within the details.
fn tables(markdown: &str) -> (Vec<usize>, Vec<usize>) {
    let mut options = Options::default();
    options.extension.table = true;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    let (mut before, mut within, mut in_details) = (Vec::new(), Vec::new(), false);
    for node in root.children() {
        let value = &node.data().value;
        if let NodeValue::HtmlBlock(html) = value {
            in_details |= html.literal.starts_with("<details>");
        } else if let NodeValue::Table(table) = value {
            let place = if in_details { &mut within } else { &mut before };
            place.push(table.num_columns);
        }
    }
    (before, within)
}

#[test]
fn github_reads_one_table_of_six_columns_before_the_details() {
    for (case, report) in every_report() {
        let expected = if matches!(report.verdict(), Verdict::NotRun | Verdict::CouldNotMeasure) {
            vec![]
        } else {
            vec![6]
        };
        assert_eq!(tables(&markdown(&report)).0, expected, "{case}");
    }
}

#[test]
fn the_first_line_is_the_marker_and_the_next_the_headline() {
    let comment = spaced(&markdown(&passing_report()));
    let mut lines = comment.lines().filter(|line| !line.is_empty());
    assert_eq!(
        lines.next().unwrap(),
        format!(
            "<!-- sagegate key={} sha=8f31c2e0aa55 run=1842-1 at=2026-11-22T10:12:09Z -->",
            comment_key(&model(1.0), Strategy::Balanced, &links())
        )
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("### ✅ churn-xgb passed: 2048 MB, p99 ")
    );
}

#[test]
fn the_marker_names_the_workflow_and_the_run_that_writes() {
    let run = model(1.0);
    let links = Links {
        workflow: Some("CI / gate".to_owned()),
        written_by: Some("1900-2".to_owned()),
        ..links()
    };
    let judgement = judged(&run, None, &Limits::default());
    let analysis = analyse(&run, &prices(), Strategy::Balanced);
    let comment = markdown(&compose(&run, &analysis, &judgement, &links));
    let key = comment_key(&run, Strategy::Balanced, &links);
    let words = key.to_string();
    assert!(
        words.starts_with("CI%20/%20gate/churn-xgb@us-east-1/"),
        "{words}"
    );
    assert!(
        comment.starts_with(&format!(
            "<!-- sagegate key={key} sha=8f31c2e0aa55 run=1900-2 at="
        )),
        "{comment}"
    );
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = html(&passing_report());
    for bad in ["<script", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(bad), "{bad}");
    }
    assert_eq!(page.matches("<details open>").count(), 3);
    assert!(
        !page.contains("sagegate key="),
        "the marker is for the comment"
    );
}

#[test]
fn who_may_label_is_who_is_asked_for() {
    let run = model(1.7);
    let judgement = judged(&run, Some(&history(5, model)), &Limits::default());
    let of = |label_needs| {
        let links = Links {
            label_needs,
            ..labelled()
        };
        markdown(&composed_with(&run, &judgement, &links))
    };
    assert!(of(None).contains("Whoever may triage or write in this repository may label."));
    assert!(of(Some(Permission::Maintain)).contains("the permission maintain of this repository"));
}

#[test]
fn what_is_switched_off_says_so() {
    let off = Limits {
        max_memory_increase: MemoryLimit::Off,
        max_p99_increase: LatencyLimit::Off,
        max_cost_increase: CostLimit::Off,
        ..Limits::default()
    };
    let comment = markdown(&report(&model(1.0), Some(&history(5, model)), &off));
    let (visible, _) = comment.split_once("<details>").unwrap();
    assert_eq!(visible.matches("| off | off |").count(), 3, "{visible}");
}

#[test]
fn absolute_tolerances_are_shown_in_their_unit() {
    let limits = Limits {
        max_p99_increase: LatencyLimit::Absolute(LatencyMs(90.0)),
        max_cost_increase: CostLimit::Absolute(Usd(2.0)),
        ..Limits::default()
    };
    let comment = spaced(&markdown(&report(
        &model(1.0),
        Some(&history(5, model)),
        &limits,
    )));
    assert!(
        comment.contains("(+90.0 ms) |") && comment.contains("(+2.00 USD) |"),
        "{comment}"
    );
}

#[test]
fn every_strategy_has_its_rule_and_its_reasons() {
    let rules = ["balanced", "cost", "speed", "cheapest-under:150ms"].map(|strategy| {
        let run = model(1.0);
        let analysis = analyse(&run, &prices(), strategy.parse::<Strategy>().unwrap());
        let judgement = judge(&run, &analysis, None, &Limits::default(), run.finished_at);
        let report = compose(&run, &analysis, &judgement, &Links::default());
        let comment = spaced(&markdown(&report));
        let rule = comment
            .lines()
            .find(|line| line.starts_with("Rule"))
            .unwrap()
            .to_owned();
        let first = comment
            .lines()
            .find(|line| line.starts_with("| 1024 MB") || line.starts_with("| **1024 MB"))
            .unwrap();
        format!("{rule}\n{}", first.rsplit('|').nth(1).unwrap().trim())
    });
    insta::assert_snapshot!(rules.join("\n"));
}

#[test]
fn every_notice_is_a_sentence() {
    let run = model(1.0);
    let mut judgement = judged(&run, Some(&history(5, model)), &Limits::default());
    let sizes = MemoryMb::OFFERED;
    judgement.notices = vec![
        Notice::MemoryDecreased {
            from: sizes[2],
            to: sizes[1],
        },
        Notice::Extended {
            sizes: vec![(MemoryMb::OFFERED[0], 3000), (MemoryMb::OFFERED[1], 2000)],
            planned: 1000,
        },
        Notice::NotAccepted {
            reason: NotAccepted::NothingShown,
        },
        Notice::NotAccepted {
            reason: NotAccepted::NothingFailed,
        },
        Notice::NotAccepted {
            reason: NotAccepted::ChangedSince,
        },
        Notice::NotAccepted {
            reason: NotAccepted::Exceeded,
        },
        Notice::NotAccepted {
            reason: NotAccepted::StoppedEarly,
        },
        Notice::JudgedByLowerQuantile {
            quantile: crate::gate::Tail::P95,
            calls: 300,
        },
        Notice::TailTooNoisy {
            unjudged: crate::gate::Tail::P99,
            judged: crate::gate::Tail::Slowest,
        },
        Notice::RunnerStalled {
            stalled: 51,
            calls: 3000,
        },
        Notice::BusyMachine {
            share: crate::units::Ratio(0.48),
        },
        Notice::MuchBetter {
            metric: crate::gate::Metric::CostPerMillion,
            change: crate::units::Ratio(-0.31),
        },
        Notice::MoreColdStarts {
            memory_mb: sizes[1],
            now: 5,
            baseline_mean: 0.4,
        },
        Notice::SizeNoLongerWorks {
            memory_mb: sizes[0],
            reason: "out of memory".to_owned(),
        },
        Notice::MergeGroup {
            pull_request: 7,
            others: Vec::new(),
            accepted_for: Some(7),
        },
        Notice::MergeGroup {
            pull_request: 7,
            others: vec![5, 6],
            accepted_for: Some(5),
        },
        Notice::OtherBranch {
            wanted: "release/1".parse().unwrap(),
            used: "main".parse().ok(),
        },
        Notice::StaleBaseline { days: 101 },
        Notice::CostIsEstimated,
        Notice::NotDeleted {
            left: ["a: denied", "b: denied", "c: denied", "d: denied"]
                .map(str::to_owned)
                .to_vec(),
        },
        Notice::NotDeleted {
            left: vec!["a: denied".to_owned()],
        },
    ];
    let report = composed(&run, &judgement);
    let notes: Vec<String> = report.notes.iter().map(|note| plain(note)).collect();
    insta::assert_snapshot!(notes.join("\n"));
}

#[test]
fn an_absent_metric_is_never_shown_as_passed() {
    let mut absent = BTreeSet::new();
    for (_, report) in every_report() {
        for row in report.metrics.iter().flat_map(Table::rows) {
            if plain(&row.cells[2]) == "–" {
                absent.insert(plain(&row.cells[5]));
            }
        }
    }
    assert_eq!(absent, BTreeSet::from(["⚪ not measured".to_owned()]));
}
