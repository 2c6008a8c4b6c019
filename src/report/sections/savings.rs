//! Serverless compared with a real-time instance, and with provisioned concurrency.

use super::{cell, paragraph};
use crate::analysis::{BreakEven, CostInputs, ProvisionedMonth, SizeSummary, Workload};
use crate::report::document::Block;
use crate::report::table::{Align, Table};
use crate::report::{Facts, Section, figures, numbers};

/// Invocations a month of the table.
const VOLUMES: [f64; 3] = [1e5, 1e6, 1e7];
/// Seconds of a month of 720 hours.
const SECONDS_PER_MONTH: f64 = 720.0 * 3600.0;
/// Workers of an endpoint, at most.
const MOST_WORKERS: u32 = 200;

/// The folded part; `None` without a recommended size or without a price of its instance.
pub(super) fn section(facts: Facts<'_>) -> Option<Section> {
    let size = facts.analysis.size(facts.judgement.recommended?)?;
    let break_even = size.break_even.as_ref()?;
    let mut blocks = vec![
        paragraph(up_to(size, break_even)),
        Block::Table(table(facts, size, break_even)),
    ];
    blocks.extend(figures::of_savings(facts).map(|(_, svg)| Block::Figure(svg)));
    blocks.extend(kept_warm(facts, size).map(paragraph));
    blocks.extend(at_expected_rate(facts, size).map(paragraph));
    Some(Section {
        summary: "Serverless or a real-time instance?".to_owned(),
        blocks,
    })
}

fn up_to(size: &SizeSummary, break_even: &BreakEven) -> String {
    format!(
        "Up to {} invocations a month, serverless at {} costs less than one {}, the comparable real-time instance ({} \
         for 720 hours).",
        numbers::invocations(break_even.invocations_per_month),
        size.memory_mb,
        break_even.instance_type,
        numbers::usd(break_even.instance_monthly),
    )
}

fn table(facts: Facts<'_>, size: &SizeSummary, break_even: &BreakEven) -> Table {
    let mut columns = vec![
        ("Invocations a month", Align::Left),
        ("Serverless", Align::Right),
        ("Instance", Align::Right),
        ("Saved", Align::Right),
    ];
    if provisioned(facts, size, 0.0, 1).is_some() {
        columns.push(("With 1 provisioned worker", Align::Right));
    }
    let mut table = Table::new(&columns);
    for volume in VOLUMES {
        let saving = break_even.saving_at(volume);
        let provisioned = provisioned(facts, size, volume, 1);
        let mut row = vec![
            cell(numbers::invocations(volume)),
            cell(numbers::usd(saving.serverless_monthly)),
            cell(numbers::usd(break_even.instance_monthly)),
            cell(numbers::saving(saving.saved)),
        ];
        row.extend(provisioned.map(|it| cell(numbers::usd(it.total()))));
        table.push(row);
    }
    table
}

fn provisioned(
    facts: Facts<'_>,
    size: &SizeSummary,
    invocations_per_month: f64,
    workers: u32,
) -> Option<ProvisionedMonth> {
    let workload = Workload {
        memory_mb: size.memory_mb,
        invocations_per_month,
        each: CostInputs {
            average_latency: size.cost.average_latency,
            request_bytes: size.request_bytes,
            response_bytes: size.response_bytes,
        },
    };
    ProvisionedMonth::of(&workload, workers, &facts.analysis.prices.prices)
}

/// From which traffic a provisioned worker pays.
fn kept_warm(facts: Facts<'_>, size: &SizeSummary) -> Option<String> {
    let month = provisioned(facts, size, 0.0, 1)?;
    let idle = numbers::usd_words(month.usage);
    Some(match month.cheaper_from {
        Some(from) => format!(
            "A provisioned worker, kept warm for {idle} a month, has no cold starts and is cheaper than on-demand from \
             {} invocations a month on, spread evenly.",
            numbers::invocations(from)
        ),
        None => format!(
            "A provisioned worker, kept warm for {idle} a month, has no cold starts and is never cheaper than on-demand."
        ),
    })
}

/// The expected traffic with as many provisioned workers as it keeps busy on average.
fn at_expected_rate(facts: Facts<'_>, size: &SizeSummary) -> Option<String> {
    let per_second = facts.analysis.expected_rate_per_s?;
    let busy = per_second * size.cost.average_latency.get() / 1000.0;
    let workers = (1..=MOST_WORKERS).find(|workers| f64::from(*workers) >= busy)?;
    let volume = per_second * SECONDS_PER_MONTH;
    let month = provisioned(facts, size, volume, workers)?;
    Some(format!(
        "At {} invocations per second ({} a month), {} on average, the month costs {} with {} and {} without.",
        numbers::rate(per_second),
        numbers::invocations(volume),
        busy_words(busy),
        numbers::usd_words(month.total()),
        match workers {
            1 => "1 provisioned worker".to_owned(),
            workers => format!("{workers} provisioned workers"),
        },
        numbers::usd_words(month.on_demand_total),
    ))
}

fn busy_words(busy: f64) -> String {
    format!("which keep {} workers busy", numbers::rate(busy))
}
