//! All sizes, and why one of them is recommended.

use super::{DATA_IS_ASSUMED, beside, cell, paragraph};
use crate::analysis::{Cost, CostBasis, LeftOut, LeftOutKind, SizeSummary, Strategy, standing};
use crate::prices::ASSUMED_DATA_USD_PER_GB;
use crate::report::document::{Block, Inline, strong, text};
use crate::report::mermaid::{Chart, Series};
use crate::report::table::{Align, Cell, Mark, Row, Table};
use crate::report::{Facts, Section, figures, numbers, reason};
use crate::result::{Service, SkippedSize};
use crate::units::{LatencyMs, MemoryMb, Usd};

/// Longest reason in a table, and below it.
const SHORT_REASON: usize = 70;
const LONG_REASON: usize = 600;

/// One row per size, ascending: quantiles, mean, cost, cold starts, errors, and why it is not the
/// recommended one.
pub(in crate::report) fn sizes_table(facts: Facts<'_>) -> Table {
    let is_local = matches!(facts.run.service, Service::Local(_));
    let mut columns = vec![
        ("Memory", Align::Left),
        ("p50", Align::Right),
        ("p95", Align::Right),
        ("p99", Align::Right),
        ("Mean", Align::Right),
        ("Cost per million", Align::Right),
        ("Cold starts", Align::Right),
        ("Errors", Align::Right),
        ("Against the recommended", Align::Left),
    ];
    if is_local {
        columns.insert(1, ("Peak memory", Align::Left));
    }
    let mut table = Table::new(&columns);
    let measured = facts
        .analysis
        .sizes
        .iter()
        .map(|size| (size.memory_mb, measured_row(facts, size)));
    let left_out = facts
        .analysis
        .left_out
        .iter()
        .map(|left| (left.memory_mb, left_out_row(facts, left)));
    let skipped = facts.run.local.iter().flat_map(|it| &it.skipped);
    let skipped = skipped.map(|it| (it.memory_mb, skipped_row(it)));
    let own = measured.chain(left_out).chain(skipped);
    let own = own.map(|(memory, row)| (memory, facts.analysis.size(memory), row));
    let beside = beside::rows(facts).into_iter();
    let beside = beside.map(|(memory, row)| {
        let size = facts.beside.and_then(|it| it.size(memory));
        (memory, size, row)
    });
    let mut rows: Vec<(MemoryMb, Option<&SizeSummary>, Row)> = own.chain(beside).collect();
    // Stable: the reference comes below.
    rows.sort_by_key(|(memory, _, _)| *memory);
    for (memory, size, mut row) in rows {
        if is_local {
            row.cells.insert(1, cell(peak(size, memory)));
        }
        table.push(row);
    }
    table
}

/// `812 MB of 1024 MB`: the most that was seen, once a second.
fn peak(size: Option<&SizeSummary>, memory: MemoryMb) -> String {
    let metrics = size.and_then(|it| it.metrics.as_ref());
    let percent = metrics.and_then(|it| it.memory_utilization_percent);
    percent.map_or_else(
        || "–".to_owned(),
        |it| {
            let mb = it.maximum / 100.0 * f64::from(memory.get());
            format!("{mb:.0} MB of {memory}")
        },
    )
}

/// A size that the machine cannot hold.
fn skipped_row(skipped: &SkippedSize) -> Row {
    let mut row: Vec<Cell> = vec![cell(skipped.memory_mb.to_string())];
    row.extend((0..7).map(|_| cell("–")));
    row.push(vec![
        text("skipped: "),
        reason(&skipped.reason, SHORT_REASON),
    ]);
    row.into()
}

fn measured_row(facts: Facts<'_>, size: &SizeSummary) -> Row {
    let memory = text(size.memory_mb.to_string());
    let is_recommended = facts.judgement.recommended == Some(size.memory_mb);
    let latency = |it: LatencyMs| cell(numbers::latency(it));
    let cells = vec![
        vec![if is_recommended {
            strong(vec![memory])
        } else {
            memory
        }],
        latency(size.warm().p50),
        latency(size.warm().p95),
        latency(size.warm().p99),
        latency(size.warm().mean),
        cell(numbers::usd(size.cost.per_million())),
        cell(numbers::count(size.cold_start_count())),
        cell(numbers::count(size.failures())),
        vec![why_not(facts, size)],
    ];
    Row {
        cells,
        mark: is_recommended.then_some(Mark::Recommended),
    }
}

fn left_out_row(facts: Facts<'_>, left: &LeftOut) -> Row {
    let mut row: Vec<Cell> = vec![cell(left.memory_mb.to_string())];
    row.extend((0..7).map(|_| cell("–")));
    let what = match left.kind {
        LeftOutKind::Failed => "failed",
        LeftOutKind::SkippedQuota => "skipped (quota)",
        LeftOutKind::StoppedEarly => "stopped early",
    };
    // What hits several sizes alike is said once.
    let first = facts.analysis.left_out.iter().find(|it| is_alike(it, left));
    row.push(match (left.kind, first) {
        (LeftOutKind::StoppedEarly, _) => cell(what),
        (LeftOutKind::Failed | LeftOutKind::SkippedQuota, Some(first)) if first != left => {
            cell(format!("{what}, as {}", first.memory_mb))
        }
        (LeftOutKind::Failed | LeftOutKind::SkippedQuota, _) => vec![
            text(format!("{what}: ")),
            reason(&left.reason, SHORT_REASON),
        ],
    });
    row.into()
}

/// Whether two sizes were left out for the same reason.
fn is_alike(one: &LeftOut, other: &LeftOut) -> bool {
    one.kind == other.kind && one.reason == other.reason
}

/// How a size compares with the recommended one.
fn why_not(facts: Facts<'_>, size: &SizeSummary) -> Inline {
    let Some(recommended) = facts
        .judgement
        .recommended
        .and_then(|memory| facts.analysis.size(memory))
    else {
        return text("–");
    };
    if recommended.memory_mb == size.memory_mb {
        return strong(vec![text("recommended")]);
    }
    let strategy = facts.analysis.strategy;
    let it = standing(size, recommended, strategy);
    let changes = format!(
        "cost {}, latency {}",
        numbers::percent(it.cost),
        numbers::percent(it.latency)
    );
    let score = match strategy {
        Strategy::Balanced => format!(", score {}", numbers::percent(it.score)),
        Strategy::CheapestUnder(bound) if size.warm().p99 > bound => {
            format!(", p99 above {}", numbers::latency(bound))
        }
        Strategy::Cost | Strategy::Speed | Strategy::CheapestUnder(_) => String::new(),
    };
    let verdict = match (it.near_tie, it.score.get() < 0.0) {
        (true, _) => "; near tie",
        (false, true) => "; better, but not by more than noise",
        (false, false) => "",
    };
    text(format!("{changes}{score}{verdict}"))
}

/// The folded part; `None` when no size was tried.
pub(super) fn section(facts: Facts<'_>, sizes: &Table) -> Option<Section> {
    if sizes.rows().is_empty() {
        return None;
    }
    let mut blocks = vec![paragraph(rule(facts)), Block::Table(sizes.clone())];
    let left_out = &facts.analysis.left_out;
    let cut = left_out
        .chunk_by(is_alike)
        .filter(|alike| alike.iter().any(is_cut));
    blocks.extend(cut.filter_map(left_out_paragraph));
    blocks.extend(charts(facts).into_iter().map(Block::Chart));
    let figures = figures::of_sizes(facts).into_iter();
    blocks.extend(figures.map(|(_, svg)| Block::Figure(svg)));
    if let Some(size) = facts
        .judgement
        .recommended
        .and_then(|memory| facts.analysis.size(memory))
    {
        blocks.push(paragraph(format!(
            "Cost of a million invocations at {}:",
            size.memory_mb
        )));
        blocks.push(Block::Lines(formula(facts, size)));
    }
    let place = match facts.run.service {
        Service::Local(_) => " (this machine, not SageMaker)",
        Service::Aws | Service::Custom(_) => "",
    };
    let summary = match facts.judgement.recommended {
        Some(memory) => format!("All sizes, and why {memory}{place}"),
        None => format!("All sizes{place}"),
    };
    Some(Section { summary, blocks })
}

/// Strategy and hysteresis in words.
fn rule(facts: Facts<'_>) -> String {
    let strategy = match facts.analysis.strategy {
        Strategy::Balanced => {
            "the lowest mean latency × cost × discount, where the discount falls from 1 at 1024 MB to 0.5 at 6144 MB \
             (score)"
                .to_owned()
        }
        Strategy::Cost => "the lowest cost; ties go to the faster size".to_owned(),
        Strategy::Speed => "the lowest mean latency; ties go to the cheaper size".to_owned(),
        Strategy::CheapestUnder(bound) => {
            format!("the lowest cost among sizes with p99 up to {}", numbers::latency(bound))
        }
    };
    let hysteresis = if facts.judgement.baseline.is_some() {
        let size = facts.reference().its_size();
        format!(
            " But {size} stays unless another is better by more than 10% and by more than the same code varies."
        )
    } else {
        String::new()
    };
    format!(
        "Rule ({}): {strategy}.{hysteresis}",
        facts.analysis.strategy
    )
}

/// Whether the table shows only the beginning of the reason.
fn is_cut(left: &LeftOut) -> bool {
    left.reason.chars().count() > SHORT_REASON
}

/// Of sizes that were left out for the same reason.
fn left_out_paragraph(alike: &[LeftOut]) -> Option<Block> {
    let left = alike.first()?;
    let sizes: Vec<String> = alike.iter().map(|it| it.memory_mb.to_string()).collect();
    let kind = match left.kind {
        LeftOutKind::Failed => "failed",
        LeftOutKind::SkippedQuota => "skipped",
        LeftOutKind::StoppedEarly => "not measured to its end",
    };
    Some(Block::Paragraph(vec![
        text(format!("{} {kind}: ", sizes.join(", "))),
        reason(&left.reason, LONG_REASON),
    ]))
}

fn charts(facts: Facts<'_>) -> Vec<Chart> {
    let sizes = &facts.analysis.sizes;
    if sizes.len() < 2 {
        return Vec::new();
    }
    let memory: Vec<MemoryMb> = sizes.iter().map(|size| size.memory_mb).collect();
    // Only where it has them all: a line has a value at each size.
    let reference = facts.beside.and_then(|beside| {
        let each = memory.iter().map(|it| beside.size(*it));
        each.collect::<Option<Vec<_>>>()
    });
    let series = |name, of: fn(&SizeSummary) -> f64| {
        let own = Series {
            name,
            values: sizes.iter().map(of).collect(),
        };
        let other = reference.iter().map(move |sizes| Series {
            name,
            values: sizes.iter().map(|size| of(size)).collect(),
        });
        std::iter::once(own).chain(other)
    };
    let titles = match reference {
        None => [
            "Cost per million invocations (USD)",
            "Latency (ms): p99 above, mean below",
        ],
        Some(_) => [
            "Cost per million (USD): now, then the reference",
            "Latency (ms): p99 and mean, each now, then the reference",
        ],
    };
    let cost = |size: &SizeSummary| size.cost.per_million().get();
    let p99 = series("p99", |size| size.warm().p99.get());
    let mean = series("mean", |size| size.warm().mean.get());
    let [of_cost, of_latency] = titles;
    vec![
        Chart {
            title: of_cost,
            unit: "USD",
            sizes: memory.clone(),
            series: series("cost", cost).collect(),
        },
        Chart {
            title: of_latency,
            unit: "ms",
            series: p99.chain(mean).collect(),
            sizes: memory,
        },
    ]
}

/// The cost formula with its inputs, one part per line.
fn formula(facts: Facts<'_>, size: &SizeSummary) -> Vec<String> {
    let prices = &facts.analysis.prices.prices;
    let Cost {
        average_latency,
        compute,
        data_in,
        data_out,
    } = size.cost;
    let gigabytes = size.memory_mb.gigabytes();
    let billed = billed_time(facts, average_latency);
    let data = |way: &str, bytes: f64, price: Option<f64>, cost: Usd| {
        let (price, assumed) = match price {
            Some(price) => (price, ""),
            None => (ASSUMED_DATA_USD_PER_GB, DATA_IS_ASSUMED),
        };
        format!(
            "data {way}: {} x ${price} per GB{assumed} x 1 million = {}",
            numbers::bytes(bytes),
            numbers::usd(cost)
        )
    };
    vec![
        billed,
        format!(
            "compute: {} x {gigabytes} GB x ${} per GB-second x 1 million = {}",
            numbers::latency(average_latency),
            prices.serverless_usd_per_gb_second,
            numbers::usd(compute)
        ),
        data("in", size.request_bytes, prices.data_in_usd_per_gb, data_in),
        data(
            "out",
            size.response_bytes,
            prices.data_out_usd_per_gb,
            data_out,
        ),
        format!("total: {}", numbers::usd(size.cost.per_million())),
    ]
}

fn billed_time(facts: Facts<'_>, average: LatencyMs) -> String {
    let total = numbers::latency(average);
    match (facts.analysis.cost_basis, facts.analysis.pooled_overhead) {
        (CostBasis::CloudWatch, Some(overhead)) => format!(
            "billed time: mean ModelLatency {} + median OverheadLatency {} (mean of all sizes) = {total}",
            numbers::latency(average - overhead),
            numbers::latency(overhead),
        ),
        (CostBasis::CloudWatch | CostBasis::ClientLatency, _) => {
            format!("billed time: mean latency seen by the client = {total} (estimate)")
        }
    }
}
