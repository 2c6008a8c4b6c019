//! The recommended size under load.

use super::{cell, paragraph};
use crate::analysis::{LoadLeftOut, LoadSummary, Serving};
use crate::report::document::{Block, Inline, text};
use crate::report::table::{Align, Cell, Table};
use crate::report::{Facts, Section, figures, numbers, reason};
use crate::result::{Load, OutcomeKind};
use crate::units::LatencyMs;

const MAX_REASON: usize = 300;

/// The folded part; `None` without a concurrency benchmark.
pub(super) fn section(facts: Facts<'_>) -> Option<Section> {
    let memory = facts.run.concurrency.first()?.memory_mb;
    let answers = serving(facts).into_iter().map(Block::Paragraph);
    let mut blocks: Vec<Block> = answers.collect();
    if !facts.analysis.loads.is_empty() {
        blocks.push(Block::Table(table(facts)));
        blocks.push(paragraph(how(facts)));
    }
    blocks.extend(facts.analysis.loads_left_out.iter().map(left_out));
    let figures = figures::of_loads(facts).into_iter();
    blocks.extend(figures.map(|(_, svg)| Block::Figure(svg)));
    Some(Section {
        summary: format!("Concurrency at {memory}"),
        blocks,
    })
}

/// A sentence for each load that was asked about.
pub(in crate::report) fn serving(facts: Facts<'_>) -> Vec<Vec<Inline>> {
    facts.analysis.serving.iter().map(answer).collect()
}

/// `6 clients need MaxConcurrency 8 (tried 2, 4, 8; at most 0.1 % of calls may fail).`
fn answer(serving: &Serving) -> Vec<Inline> {
    let (load, verb) = match &serving.load {
        Load::ClosedLoop { clients: 1 } => ("1 client".to_owned(), "needs"),
        Load::ClosedLoop { clients } => (format!("{clients} clients"), "need"),
        Load::ConstantRate { per_second } => (format!("{per_second} calls per second"), "need"),
        Load::Trace { .. } => ("the trace".to_owned(), "needs"),
    };
    let tried: Vec<String> = serving.tried.iter().map(ToString::to_string).collect();
    let (tried, limit) = (tried.join(", "), numbers::fine_share(serving.limit));
    cell(match serving.smallest {
        Some(smallest) => format!(
            "{load} {verb} MaxConcurrency {smallest} (tried {tried}; at most {limit} of calls may fail)."
        ),
        None => format!(
            "No MaxConcurrency of {tried} serves {load}: more than {limit} of calls failed. Try larger ones with \
             --max-concurrency."
        ),
    })
}

/// The loads of the model, and below them those of the reference, which are only shown.
fn table(facts: Facts<'_>) -> Table {
    let mut table = Table::new(&[
        ("Endpoint and load", Align::Left),
        ("Calls", Align::Right),
        ("Throttled", Align::Right),
        ("Other errors", Align::Right),
        ("p50", Align::Right),
        ("p90", Align::Right),
        ("p99", Align::Right),
        ("Mean", Align::Right),
        ("Calls per second", Align::Right),
    ]);
    for load in &facts.analysis.loads {
        table.push(row(load, ""));
    }
    let whose = format!("{}: ", facts.name_of_reference());
    for load in facts.beside.iter().flat_map(|it| &it.loads) {
        table.push(row(load, &whose));
    }
    table
}

fn row(load: &LoadSummary, whose: &str) -> Vec<Cell> {
    let latency = |it: LatencyMs| {
        let answered = load.latency.count > 0;
        cell(if answered {
            numbers::latency(it)
        } else {
            "–".to_owned()
        })
    };
    let throttled = match load.errors.count(OutcomeKind::Throttled) {
        0 => "0".to_owned(),
        count => format!(
            "{} ({})",
            numbers::count(count),
            numbers::fine_share(load.throttle_rate())
        ),
    };
    vec![
        // One cell names the row: on a phone it is the heading of a card.
        cell(format!(
            "{whose}MaxConcurrency {}, {}",
            load.max_concurrency, load.load
        )),
        cell(numbers::count(load.calls)),
        cell(throttled),
        cell(numbers::count(
            load.errors.total() - load.errors.count(OutcomeKind::Throttled),
        )),
        latency(load.latency.p50),
        latency(load.latency.p90),
        latency(load.latency.p99),
        latency(load.latency.mean),
        cell(numbers::rate(load.throughput_per_s)),
    ]
}

fn how(facts: Facts<'_>) -> String {
    let settings = facts.run.settings.load.as_ref();
    let think_time_s = settings.map_or(0.0, |settings| settings.think_time_s);
    let pause = if think_time_s > 0.0 {
        format!(" and pauses {} on average", numbers::duration(think_time_s))
    } else {
        String::new()
    };
    let open = if settings.is_some_and(|settings| settings.open_loop.is_some()) {
        " Calls at a rate or of a trace are sent when they are due, and their latency counts from then."
    } else {
        ""
    };
    let beside = if facts.beside.is_some_and(|it| !it.loads.is_empty()) {
        format!(
            " What {} does under load is shown, not judged.",
            facts.name_of_reference()
        )
    } else {
        String::new()
    };
    format!(
        "Each client sends its next call when the last is answered{pause}, and waits 0.1 s after a throttled one; one \
         call per client is set aside before each load.{open}{beside}"
    )
}

fn left_out(left: &LoadLeftOut) -> Block {
    let kind = if left.skipped {
        "skipped (quota)"
    } else {
        "not measured completely"
    };
    let words = format!("MaxConcurrency {}: {kind}: ", left.max_concurrency);
    Block::Paragraph(vec![text(words), reason(&left.reason, MAX_REASON)])
}

#[cfg(test)]
mod tests;
