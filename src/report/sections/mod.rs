//! The folded parts of the report.

mod beside;
mod concurrency;
mod container_log;
pub(super) mod contract;
mod method;
mod rounds;
mod runner;
mod savings;
mod sizes;

pub(super) use self::concurrency::serving;
pub(super) use self::container_log::section as container_log;
pub(super) use self::sizes::sizes_table;
use super::document::{Block, Inline, text};
use super::table::Table;
use super::{Facts, Section};

/// Said of a price of data that is not known.
const DATA_IS_ASSUMED: &str = " (assumed, as in us-east-1 and eu-west-1)";

/// Every folded part, the most important first: a comment that is too long loses the last ones.
pub(super) fn all(facts: Facts<'_>, sizes: &Table) -> Vec<Section> {
    [
        sizes::section(facts, sizes),
        rounds::section(facts),
        contract::section(facts),
        concurrency::section(facts),
        savings::section(facts),
        Some(method::section(facts)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn paragraph(words: impl AsRef<str>) -> Block {
    Block::Paragraph(cell(words))
}

fn cell(words: impl AsRef<str>) -> Vec<Inline> {
    vec![text(words)]
}
