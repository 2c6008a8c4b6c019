//! The comment.

use super::document::{Block, Inline, markdown as render, text};
use super::{Report, Section};

/// Largest comment in bytes: GitHub refuses more than 65 536 characters.
const BUDGET: usize = 60_000;

/// The comment in GitHub's Markdown, at most 60 000 bytes: a hidden marker, headline, table, why,
/// what to do, and folded details. When it is too long, whole details go, the last first; headline
/// and table never do.
pub fn markdown(report: &Report) -> String {
    comment(report, BUDGET)
}

/// The same for the summary of a job, at most `budget` bytes: without the marker and the remark on
/// the comment.
pub fn summary(report: &Report, budget: usize) -> String {
    let footer = report.footer.clone();
    within(report, budget, |kept| {
        rendered(report, Vec::new(), kept, footer.clone())
    })
}

/// With as many sections as fit, the first ones first.
fn within(report: &Report, budget: usize, render: impl Fn(&[Section]) -> String) -> String {
    let mut kept = report.sections.as_slice();
    loop {
        let out = render(kept);
        match kept.split_last() {
            Some((_, fewer)) if out.len() > budget => kept = fewer,
            Some(_) | None => return out,
        }
    }
}

fn comment(report: &Report, budget: usize) -> String {
    let marker = Block::Marker(Box::new(report.marker.clone()));
    let mut footer = report.footer.clone();
    footer.push(text(" · this comment is updated in place"));
    within(report, budget, |kept| {
        rendered(report, vec![marker.clone()], kept, footer.clone())
    })
}

fn rendered(
    report: &Report,
    mut blocks: Vec<Block>,
    kept: &[Section],
    footer: Vec<Inline>,
) -> String {
    blocks.extend(report.visible());
    blocks.extend(kept.iter().map(Section::block));
    if kept.len() < report.sections.len() {
        blocks.push(Block::Paragraph(vec![text(
            "Some details did not fit here; the HTML report has them all.",
        )]));
    }
    blocks.push(Block::SmallPrint(footer));
    render(&blocks)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{failing_report, passing_report};
    use super::*;

    #[test]
    fn a_comment_within_the_budget_keeps_every_detail() {
        let report = passing_report();
        assert_eq!(
            markdown(&report).matches("<details>").count(),
            report.sections.len()
        );
        assert!(markdown(&report).len() < BUDGET / 4);
    }

    #[test]
    fn a_summary_has_everything_but_what_belongs_to_the_comment() {
        let report = passing_report();
        let summary = summary(&report, 1 << 20);
        assert!(summary.starts_with("### ✅ churn-xgb passed"), "{summary}");
        assert!(!summary.contains("<!--") && !summary.contains("updated in place"));
        assert_eq!(summary.matches("<details>").count(), report.sections.len());
    }

    #[test]
    fn details_go_one_by_one_and_the_last_first() {
        let report = passing_report();
        let whole = markdown(&report);
        let shorter = comment(&report, whole.len() - 1);
        assert_eq!(
            shorter.matches("<details>").count(),
            report.sections.len() - 1
        );
        assert!(
            shorter.contains("All sizes") && !shorter.contains("How this was measured</summary>")
        );
        assert!(shorter.contains("did not fit") && shorter.len() < whole.len());
    }

    #[test]
    fn a_summary_loses_whole_details_to_stay_within_its_budget() {
        let report = passing_report();
        let whole = summary(&report, usize::MAX);
        let least = summary(&report, 0).len();
        for budget in (least..=whole.len()).step_by(149) {
            let out = summary(&report, budget);
            assert!(out.len() <= budget, "{budget}");
            let details = |tag: &str| out.matches(tag).count();
            assert_eq!(details("<details>"), details("</details>"));
            assert_eq!(out.contains("did not fit"), out.len() < whole.len());
        }
    }

    #[test]
    fn headline_table_and_advice_stay_in_any_budget() {
        for tiny in [comment(&failing_report(), 1), summary(&failing_report(), 1)] {
            assert!(!tiny.contains("<details>"));
            for kept in [
                "### ❌",
                "| Recommended memory |",
                "**Why:**",
                "**What to do:**",
            ] {
                assert!(tiny.contains(kept), "{kept}");
            }
        }
    }
}
