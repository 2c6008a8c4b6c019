//! Rows of the reference in the table of sizes.

use super::cell;
use crate::analysis::{LeftOut, SizeSummary};
use crate::report::document::text;
use crate::report::table::{Cell, Row};
use crate::report::{Facts, numbers, reason};
use crate::units::{LatencyMs, MemoryMb, Ratio};

/// Longest reason in the table.
const SHORT_REASON: usize = 70;

/// One row per size of the reference, ascending; none without a reference.
pub(super) fn rows(facts: Facts<'_>) -> Vec<(MemoryMb, Row)> {
    let Some(reference) = facts.beside else {
        return Vec::new();
    };
    let measured = reference.sizes.iter();
    let measured = measured.map(|it| (it.memory_mb, measured_row(facts, it)));
    let left_out = reference.left_out.iter();
    let left_out = left_out.map(|it| (it.memory_mb, left_out_row(facts, it)));
    measured.chain(left_out).collect()
}

fn measured_row(facts: Facts<'_>, size: &SizeSummary) -> Row {
    let latency = |it: LatencyMs| cell(numbers::latency(it));
    let cells = vec![
        name(facts, size.memory_mb),
        latency(size.warm().p50),
        latency(size.warm().p95),
        latency(size.warm().p99),
        latency(size.warm().mean),
        cell(numbers::usd(size.cost.per_million())),
        cell(numbers::count(size.cold_start_count())),
        cell(numbers::count(size.failures())),
        cell(since(facts, size)),
    ];
    cells.into()
}

/// One cell names the row: on a phone it is the heading of a card.
fn name(facts: Facts<'_>, memory_mb: MemoryMb) -> Cell {
    cell(format!("{memory_mb}, {}", facts.name_of_reference()))
}

/// `now p99 +3.3%, cost +1.2%`.
fn since(facts: Facts<'_>, size: &SizeSummary) -> String {
    let Some(now) = facts.analysis.size(size.memory_mb) else {
        return "not measured now".to_owned();
    };
    let change = |now: f64, then: f64| numbers::percent(Ratio(now / then - 1.0));
    let p99 = change(now.warm().p99.get(), size.warm().p99.get());
    let cost = change(now.cost.per_million().get(), size.cost.per_million().get());
    format!("now p99 {p99}, cost {cost}")
}

fn left_out_row(facts: Facts<'_>, left: &LeftOut) -> Row {
    let mut cells = vec![name(facts, left.memory_mb)];
    cells.extend((0..7).map(|_| cell("–")));
    cells.push(vec![
        text("not measured: "),
        reason(&left.reason, SHORT_REASON),
    ]);
    cells.into()
}
