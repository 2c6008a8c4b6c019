//! What serverless endpoints ask of a container, and whether this one does it: warnings, as the
//! reports about them contradict each other.

use super::{cell, paragraph};
use crate::report::document::{Block, Inline, text};
use crate::report::table::{Align, Table};
use crate::report::{Facts, Section, reason};
use crate::result::{Condition, ContractCheck, Finding, LocalRun};

/// Longest reason in the table.
const MAX_REASON: usize = 160;
/// Lines of a container that are shown below it.
const SHOWN_LINES: usize = 10;

/// The rows, and the last lines of a container that broke; `None` where nothing was checked.
pub(super) fn section(facts: Facts<'_>) -> Option<Section> {
    let checks = &facts.run.local.as_ref()?.contract;
    if checks.is_empty() {
        return None;
    }
    let mut table = Table::new(&[
        ("On serverless endpoints", Align::Left),
        ("This container", Align::Left),
    ]);
    for check in checks {
        table.push(vec![
            cell(condition(check.condition)),
            found(&check.finding),
        ]);
    }
    let mut blocks = vec![
        paragraph(
            "The container was started once more without what serverless endpoints are said not to have. The sources \
             contradict each other, so a row is a warning and fails nothing.",
        ),
        Block::Table(table),
    ];
    blocks.extend(checks.iter().flat_map(log));
    let broken = facts.run.local.as_ref().map_or(0, |it| it.broken().count());
    let summary = match broken {
        0 => "Would it start on serverless: nothing speaks against it".to_owned(),
        _ => "Would it start on serverless: maybe not".to_owned(),
    };
    Some(Section { summary, blocks })
}

/// The note above the table, where something is broken.
pub(in crate::report) fn note(local: &LocalRun) -> Option<Vec<Inline>> {
    let first = local.broken().next()?;
    let Finding::Breaks { reason: words } = &first.finding else {
        return None;
    };
    Some(vec![
        text(format!(
            "it may not start on serverless endpoints, where {}: ",
            short(first.condition)
        )),
        reason(words, MAX_REASON),
        text("."),
    ])
}

const fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::ReadOnlyRoot => "only /tmp can be written to, and the working folder is /",
        Condition::OtherUser => "the user is not root",
        Condition::NoSharedMemory => "there is no /dev/shm",
        Condition::AllTogether => "all of these at once",
        Condition::ImageSize => "the image has at most 10 GB",
    }
}

const fn short(it: Condition) -> &'static str {
    match it {
        Condition::ReadOnlyRoot => "only /tmp can be written to",
        Condition::AllTogether => "the container is not root, cannot write and has no /dev/shm",
        Condition::OtherUser | Condition::NoSharedMemory | Condition::ImageSize => condition(it),
    }
}

fn found(finding: &Finding) -> Vec<Inline> {
    match finding {
        Finding::Holds => cell("starts and answers"),
        Finding::Breaks { reason: words } => {
            vec![text("⚠️ would not start: "), reason(words, MAX_REASON)]
        }
        Finding::Unknown { reason: words } => {
            vec![text("not checked: "), reason(words, MAX_REASON)]
        }
    }
}

fn log(check: &ContractCheck) -> Vec<Block> {
    let lines = check.log.lines();
    if lines.is_empty() {
        return Vec::new();
    }
    let from = lines.len().saturating_sub(SHOWN_LINES);
    let words = format!(
        "The last lines that the container wrote where {}:",
        short(check.condition)
    );
    let lines = lines.get(from..).unwrap_or_default().to_vec();
    vec![paragraph(words), Block::Log(lines)]
}
