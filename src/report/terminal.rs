//! The last lines of a run on a terminal or in a CI log.

use anstyle::{AnsiColor, Style};

use super::Report;
use super::document::plain;
use super::table::Table;
use crate::gate::Verdict;

/// Headline, notes, the three metrics, why, what to do, and all sizes. Escape codes only with `color`. Untrusted words
/// are one line each, without control characters, and never stand at the start of a line.
pub fn terminal(report: &Report, color: bool) -> String {
    let paint = |style: Style, line: &str| {
        if color {
            format!("{style}{line}{style:#}")
        } else {
            line.to_owned()
        }
    };
    let mut lines = vec![paint(
        headline_style(report.verdict),
        &plain(&report.headline),
    )];
    lines.extend(report.notes.iter().map(|note| plain(note)));
    if let Some(metrics) = &report.metrics {
        lines.push(String::new());
        lines.extend(painted(metrics, "❌", red(), &paint));
    }
    if !report.advice.is_empty() {
        lines.push(String::new());
        lines.extend(report.advice.iter().map(|words| plain(words)));
    }
    lines.extend(
        report
            .commands
            .iter()
            .map(|command| format!("  {}", crate::text::one_line(command))),
    );
    if let Some(sizes) = &report.sizes {
        lines.push(String::new());
        lines.extend(painted(sizes, "recommended", Style::new().bold(), &paint));
    }
    lines.join("\n") + "\n"
}

/// A table whose rows are painted when their last cell is `marked`.
fn painted(
    table: &Table,
    marked: &str,
    style: Style,
    paint: &impl Fn(Style, &str) -> String,
) -> Vec<String> {
    let lines = table.terminal_lines();
    let above = lines.len().saturating_sub(table.rows().len());
    let is_marked = |index: usize| {
        let row = index
            .checked_sub(above)
            .and_then(|row| table.rows().get(row));
        row.and_then(|row| row.last())
            .is_some_and(|cell| plain(cell) == marked)
    };
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            if is_marked(index) {
                paint(style, line)
            } else {
                line.clone()
            }
        })
        .collect()
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

fn red() -> Style {
    Style::new().fg_color(Some(AnsiColor::Red.into()))
}
