//! The comment.

use super::document::{Block, Inline, markdown as render, text};
use super::{Report, Section};

/// Largest comment in bytes: GitHub refuses more than 65 536 characters.
const BUDGET: usize = 60_000;

/// The comment in GitHub's Markdown, at most 60 000 bytes: a hidden marker, headline, table, why, what to do, and
/// folded details. When it is too long, whole details go, the last first; headline and table never do.
pub fn markdown(report: &Report) -> String {
    within(report, BUDGET)
}

/// The same for the summary of a job: without the marker and the remark on the comment, and with every detail.
pub fn summary(report: &Report) -> String {
    let mut blocks = report.visible();
    blocks.extend(report.sections.iter().map(Section::block));
    blocks.push(Block::SmallPrint(report.footer.clone()));
    render(&blocks)
}

fn within(report: &Report, budget: usize) -> String {
    let mut kept = report.sections.as_slice();
    loop {
        let out = with_sections(report, kept);
        match kept.split_last() {
            Some((_, fewer)) if out.len() > budget => kept = fewer,
            Some(_) | None => return out,
        }
    }
}

fn with_sections(report: &Report, kept: &[Section]) -> String {
    let mut blocks = vec![Block::Marker(Box::new(report.marker.clone()))];
    blocks.extend(report.visible());
    blocks.extend(kept.iter().map(Section::block));
    if kept.len() < report.sections.len() {
        blocks.push(Block::Paragraph(vec![text(
            "Some details did not fit here; the HTML report has them all.",
        )]));
    }
    blocks.push(Block::SmallPrint(footer(report)));
    render(&blocks)
}

fn footer(report: &Report) -> Vec<Inline> {
    let mut words = report.footer.clone();
    words.push(text(" · this comment is updated in place"));
    words
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
        let summary = summary(&report);
        assert!(summary.starts_with("### ✅ churn-xgb passed"), "{summary}");
        assert!(!summary.contains("<!--") && !summary.contains("updated in place"));
        assert_eq!(summary.matches("<details>").count(), report.sections.len());
    }

    #[test]
    fn details_go_one_by_one_and_the_last_first() {
        let report = passing_report();
        let whole = markdown(&report);
        let shorter = within(&report, whole.len() - 1);
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
    fn headline_table_and_advice_stay_in_any_budget() {
        let tiny = within(&failing_report(), 1);
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
