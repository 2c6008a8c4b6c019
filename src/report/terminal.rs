//! The last lines of a run on a terminal or in a CI log.

use anstyle::{AnsiColor, Style};

use super::Report;
use super::document::plain;
use super::table::{Mark, Table};
use crate::gate::Verdict;

/// Whether to write escape codes for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// For a reader that shows them, or takes them out again.
    Always,
    /// Plain text.
    Never,
}

/// Columns of the table of sizes that a narrow terminal has no room for.
const NOT_ON_TERMINALS: [&str; 2] = ["p95", "Mean"];

impl Color {
    fn paint(self, style: Style, line: &str) -> String {
        match self {
            Self::Always => format!("{style}{line}{style:#}"),
            Self::Never => line.to_owned(),
        }
    }
}

/// Headline, baseline, notes, the three metrics, why, what to do, and all sizes. Untrusted words
/// are one line each, without control characters, and never stand at the start of a line.
pub fn terminal(report: &Report, color: Color) -> String {
    let headline = plain(&report.headline);
    let style = if report.is_judged {
        headline_style(report.verdict)
    } else {
        Style::new().bold()
    };
    let mut lines = vec![color.paint(style, &headline)];
    lines.extend(report.baseline.iter().map(|words| plain(words)));
    lines.extend(report.notes.iter().map(|note| plain(note)));
    if let Some(metrics) = &report.metrics {
        lines.push(String::new());
        lines.extend(painted(metrics, color));
    }
    if report.advice().next().is_some() {
        lines.push(String::new());
        lines.extend(report.advice().map(|words| plain(words)));
    }
    lines.extend(
        report
            .commands
            .iter()
            .map(|command| format!("  {}", crate::text::one_line(command))),
    );
    if let Some(sizes) = &report.sizes {
        lines.push(String::new());
        lines.extend(painted(&sizes.without(&NOT_ON_TERMINALS), color));
    }
    lines.join("\n") + "\n"
}

/// A table, its marked rows painted.
fn painted(table: &Table, color: Color) -> Vec<String> {
    let mut groups = table.terminal_lines();
    for (lines, row) in groups.iter_mut().skip(1).zip(table.rows()) {
        let Some(mark) = row.mark else {
            continue;
        };
        for line in lines {
            *line = color.paint(mark_style(mark), line);
        }
    }
    groups.concat()
}

const fn mark_style(mark: Mark) -> Style {
    match mark {
        Mark::Failing => Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))),
        Mark::Recommended => Style::new().bold(),
    }
}

fn headline_style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Fail | Verdict::CouldNotMeasure => AnsiColor::Red,
        Verdict::Accepted | Verdict::NoBaseline | Verdict::Inconclusive | Verdict::NotRun => {
            AnsiColor::Yellow
        }
    };
    Style::new().bold().fg_color(Some(color.into()))
}
