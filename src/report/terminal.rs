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

impl Color {
    fn paint(self, style: Style, line: &str) -> String {
        match self {
            Self::Always => format!("{style}{line}{style:#}"),
            Self::Never => line.to_owned(),
        }
    }
}

/// Headline, baseline, notes, the three metrics, why, what to do, and all sizes. Untrusted words are
/// one line each, without control characters, and never stand at the start of a line.
pub fn terminal(report: &Report, color: Color) -> String {
    let headline = plain(&report.headline);
    let mut lines = vec![color.paint(headline_style(report.verdict), &headline)];
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
        lines.extend(painted(sizes, color));
    }
    lines.join("\n") + "\n"
}

/// A table, its marked rows painted.
fn painted(table: &Table, color: Color) -> Vec<String> {
    let mut lines = table.terminal_lines();
    let heading = lines.len().saturating_sub(table.rows().len());
    for (line, row) in lines.iter_mut().skip(heading).zip(table.rows()) {
        if let Some(mark) = row.mark {
            *line = color.paint(mark_style(mark), line);
        }
    }
    lines
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
