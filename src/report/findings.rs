//! Findings: a title and a text for each annotation of the run.

use super::document::plain;
use super::{Facts, Report, metrics, numbers, sanitise, why};
use crate::gate::Verdict;

/// Longest name of a model in a title.
const MAX_NAME: usize = 60;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// The run fails for it.
    Error,
    /// Worth a look.
    Warning,
    /// For information.
    Notice,
}

/// A title and the text below it, both plain; they may hold untrusted words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub gravity: Gravity,
    /// One line.
    pub title: String,
    /// One or more lines.
    pub message: String,
}

/// What follows from the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// The process ends with a failure.
    Fails,
    /// The verdict decides, and the process succeeds.
    Passes,
    /// The verdict decides nothing: the run is added to the baseline, or only reported.
    Undecided,
}

/// One finding for each metric beyond its limit; for a verdict without any, one with the headline;
/// none for a pass.
pub fn findings(report: &Report, consequence: Consequence) -> Vec<Finding> {
    let gravity = match report.verdict {
        Verdict::Pass => return Vec::new(),
        _ if consequence == Consequence::Fails => Gravity::Error,
        Verdict::CouldNotMeasure => Gravity::Error,
        Verdict::Accepted => Gravity::Notice,
        // Nothing to compare with, as expected.
        Verdict::NoBaseline if consequence == Consequence::Undecided => Gravity::Notice,
        Verdict::Fail | Verdict::NoBaseline | Verdict::Inconclusive | Verdict::NotRun => {
            Gravity::Warning
        }
    };
    if report.beyond.is_empty() {
        let why = report.why.iter().map(|words| plain(words));
        return vec![Finding {
            gravity,
            title: plain(&report.headline),
            message: message(report, why),
        }];
    }
    let finding = |it: &Beyond| Finding {
        gravity,
        title: it.title.clone(),
        message: message(report, std::iter::once(it.reason.clone())),
    };
    report.beyond.iter().map(finding).collect()
}

/// A metric beyond its limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Beyond {
    /// `churn: p99 latency at 2048 MB is 511 ms, limit ≤ 453 ms (+10%), change +99 ms (+24%)`.
    title: String,
    /// Its own reason.
    reason: String,
}

/// Each metric beyond its limit, with value, limit, change and reason.
pub(super) fn beyond(facts: Facts<'_>) -> Vec<Beyond> {
    let model = sanitise::shortened(&facts.run.name, MAX_NAME);
    let words = facts.failing().into_iter().map(|judged| {
        let now = judged.now().map_or_else(|| "–".to_owned(), numbers::value);
        Beyond {
            title: format!(
                "{model}: {} is {now}, limit {}, change {}",
                metrics::title(facts, judged),
                metrics::limit(judged),
                metrics::change(judged)
            ),
            reason: format!("Why: {}", why::reason(facts, judged)),
        }
    });
    words.collect()
}

/// Why, and what to do.
fn message(report: &Report, why: impl Iterator<Item = String>) -> String {
    let lines = why.chain(report.remedy.iter().map(|words| plain(words)));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        plain(&report.headline)
    } else {
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{every_report, failing_report};
    use super::*;

    #[test]
    fn each_failing_metric_has_a_title_with_value_limit_and_change() {
        let findings = findings(&failing_report(), Consequence::Fails);
        let titles: Vec<&str> = findings.iter().map(|it| it.title.as_str()).collect();
        insta::assert_snapshot!(titles.join("\n"), @r"
        churn-xgb: p99 latency at 2048 MB is 205 ms, limit ≤ 133 ms (+10%), change +84 ms (+70%)
        churn-xgb: Cost per million is $7.56, limit ≤ $4.88 (+5% wanted, +9.1% provable), change +$3.08 (+69%)
        ");
        assert!(findings.iter().all(|it| it.gravity == Gravity::Error));
        let reasons = findings.iter().filter_map(|it| it.message.lines().next());
        insta::assert_snapshot!(reasons.collect::<Vec<_>>().join("\n"), @r"
        Why: p99 at 2048 MB is +70% (121 → 205 ms) against the mean of the last 5 runs of main. The same code varies by up to 9.1%, and at most +10% is wanted: this fails.
        Why: cost per million at 2048 MB is +69% (4.48 → 7.56 USD) against the mean of the last 5 runs of main. The same code varies by up to 9.1%, and at most +5% is wanted: this fails.
        ");
    }

    #[test]
    fn every_verdict_but_a_pass_is_found_and_none_is_an_error_unless_it_fails() {
        for (case, report) in every_report() {
            let found = findings(&report, Consequence::Passes);
            let verdict = report.verdict();
            assert_eq!(found.is_empty(), verdict == Verdict::Pass, "{case}");
            let is_error = found.iter().any(|it| it.gravity == Gravity::Error);
            assert_eq!(is_error, verdict == Verdict::CouldNotMeasure, "{case}");
        }
    }

    #[test]
    fn the_first_run_of_main_is_no_warning() {
        let first = every_report()
            .into_iter()
            .find(|(case, _)| *case == "no_baseline");
        let found = findings(&first.unwrap().1, Consequence::Undecided);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].gravity, Gravity::Notice);
    }
}
