//! The two models of each round beside each other, at the size that is judged.

use super::{cell, paragraph};
use crate::analysis::{LatencySummary, Round, rounds};
use crate::gate::{Tail, Value};
use crate::report::document::Block;
use crate::report::table::{Align, Cell, Table};
use crate::report::{Facts, Section, numbers};
use crate::units::{LatencyMs, MemoryMb, Ratio};

/// The folded part; `None` without a reference, or where no round has measured both.
pub(super) fn section(facts: Facts<'_>) -> Option<Section> {
    let memory_mb = judged_size(facts)?;
    let all = rounds(facts.run);
    let at_size: Vec<&Round> = all.iter().filter(|it| it.memory_mb == memory_mb).collect();
    if at_size.is_empty() {
        return None;
    }
    let tail = facts.quantile();
    let mut table = Table::new(&[
        ("Round", Align::Right),
        (tail.name(), Align::Left),
        ("Mean", Align::Left),
    ]);
    for round in at_size {
        table.push(row(round, tail));
    }
    let other = facts.name_of_reference();
    let blocks = vec![
        paragraph(format!(
            "From {other} to this model, by latency seen by the client; each round has fresh endpoints."
        )),
        Block::Table(table),
    ];
    Some(Section {
        summary: format!("Round by round at {memory_mb}"),
        blocks,
    })
}

/// The size at which latency is judged, else the recommended one.
fn judged_size(facts: Facts<'_>) -> Option<MemoryMb> {
    let judged = facts.judgement.metrics.latency.memory_mb;
    judged.or(facts.judgement.recommended)
}

fn row(round: &Round, tail: Tail) -> Vec<Cell> {
    let of = |of: fn(&LatencySummary, Tail) -> LatencyMs| {
        cell(change(of(&round.reference, tail), of(&round.now, tail)))
    };
    vec![
        cell(round.round.to_string()),
        of(tail_of),
        of(|summary, _| summary.mean),
    ]
}

/// `412 → 511 ms (+24%)`.
fn change(from: LatencyMs, to: LatencyMs) -> String {
    let change = Ratio(to.get() / from.get() - 1.0);
    let values = numbers::transition(Value::Latency(from), Value::Latency(to));
    format!("{values} ({})", numbers::percent(change))
}

/// Of a round, which may have fewer calls than the quantile needs: it is only shown.
fn tail_of(summary: &LatencySummary, tail: Tail) -> LatencyMs {
    match tail {
        Tail::P99 => summary.p99,
        Tail::P95 => summary.p95,
        Tail::P90 => summary.p90,
        Tail::Slowest => summary.slowest.map_or(summary.max, |it| it.mean),
        Tail::Maximum => summary.max,
    }
}
