//! Serverless against a real-time instance.

use super::{cell, paragraph};
use crate::report::document::Block;
use crate::report::table::{Align, Table};
use crate::report::{Facts, Section, numbers};

/// Invocations a month of the table.
const VOLUMES: [f64; 3] = [1e5, 1e6, 1e7];

/// The folded part; `None` without a recommended size or without a price of its instance.
pub(super) fn section(facts: Facts<'_>) -> Option<Section> {
    let size = facts.analysis.size(facts.judgement.recommended?)?;
    let break_even = size.break_even.as_ref()?;
    let instance = break_even.instance_type;
    let mut table = Table::new(&[
        ("Invocations a month", Align::Left),
        ("Serverless", Align::Right),
        ("Instance", Align::Right),
        ("Saved", Align::Right),
    ]);
    for volume in VOLUMES {
        let saving = break_even.saving_at(volume);
        table.push(vec![
            cell(numbers::invocations(volume)),
            cell(numbers::usd(saving.serverless_monthly)),
            cell(numbers::usd(break_even.instance_monthly)),
            cell(numbers::saving(saving.saved)),
        ]);
    }
    let count = numbers::invocations(break_even.invocations_per_month);
    let blocks = vec![
        paragraph(format!(
            "Up to {count} invocations a month, serverless at {} costs less than one {instance}, the comparable \
             real-time instance ({} for 720 hours).",
            size.memory_mb,
            numbers::usd(break_even.instance_monthly),
        )),
        Block::Table(table),
    ];
    Some(Section {
        summary: "Serverless or a real-time instance?".to_owned(),
        blocks,
    })
}
