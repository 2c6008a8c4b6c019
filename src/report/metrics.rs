//! The table of the three gated metrics, and the words for one metric.

use super::document::{Inline, strong, text};
use super::table::{Align, Cell, Mark, Row, Table};
use super::{Facts, numbers};
use crate::gate::{
    Bound, Comparison, Metric, MetricJudgement, NotCompared, Rule, Status, Tail, Undecided, Value,
    Verdict,
};
use crate::units::{MemoryMb, Ratio};

/// Stands for a value that does not exist.
const NONE: &str = "–";

/// Metric, baseline, now, change, limit, status.
pub(super) fn table(facts: Facts<'_>) -> Table {
    let mut table = Table::new(&[
        ("Metric", Align::Left),
        ("Baseline", Align::Right),
        ("Now", Align::Right),
        ("Change", Align::Right),
        ("Limit", Align::Right),
        ("Status", Align::Left),
    ]);
    for judged in &facts.judgement.metrics {
        let fails = judged.fails() && facts.judgement.verdict != Verdict::Accepted;
        table.push(Row {
            cells: cells(facts, judged),
            mark: fails.then_some(Mark::Failing),
        });
    }
    table
}

fn cells(facts: Facts<'_>, judged: &MetricJudgement) -> Vec<Cell> {
    let value = |value: Option<Value>| value.map_or_else(|| NONE.to_owned(), numbers::value);
    let at_least = if facts.judgement.is_stopped_early() {
        "≥ "
    } else {
        ""
    };
    let now: Vec<Inline> = match judged.now() {
        Some(now) => vec![strong(vec![text(format!(
            "{at_least}{}",
            numbers::value(now)
        ))])],
        None => vec![text(NONE)],
    };
    vec![
        vec![text(title(facts, judged))],
        vec![text(value(judged.baseline()))],
        now,
        vec![text(change(judged))],
        vec![text(limit(judged))],
        vec![text(status(facts.judgement.verdict, judged))],
    ]
}

/// `p99 latency at 2048 MB`.
pub(super) fn title(facts: Facts<'_>, judged: &MetricJudgement) -> String {
    let elsewhere = judged
        .memory_mb
        .filter(|memory| Some(*memory) != facts.judgement.recommended);
    let estimate = if facts.is_estimate() {
        " (estimate)"
    } else {
        ""
    };
    match judged.metric {
        Metric::RecommendedMemory => "Recommended memory".to_owned(),
        Metric::Latency(Tail::Slowest) => {
            format!("Mean of the slowest 5%{}", at(judged.memory_mb))
        }
        Metric::Latency(Tail::Maximum) => {
            format!(
                "Slowest of {}{}",
                calls(facts, judged.memory_mb),
                at(judged.memory_mb)
            )
        }
        Metric::Latency(quantile) => format!("{} latency{}", quantile.name(), at(judged.memory_mb)),
        Metric::CostPerMillion => format!("Cost per million{}{estimate}", at(elsewhere)),
        Metric::LatencyAllSizes(quantile) => {
            format!("{} latency, mean of all sizes", quantile.name())
        }
        Metric::CostAllSizes => format!("Cost, mean of all sizes{estimate}"),
    }
}

/// `60 calls`: the warm ones at a size.
pub(super) fn calls(facts: Facts<'_>, memory_mb: Option<MemoryMb>) -> String {
    let size = memory_mb.and_then(|memory_mb| facts.analysis.size(memory_mb));
    numbers::plural(size.map_or(0, |size| size.warm().count), "call")
}

pub(super) fn at(memory_mb: Option<MemoryMb>) -> String {
    memory_mb
        .map(|memory| format!(" at {memory}"))
        .unwrap_or_default()
}

/// `p99`, `cost`, for a headline.
pub(super) fn short_title(metric: Metric) -> String {
    match metric {
        Metric::RecommendedMemory => "memory".to_owned(),
        Metric::Latency(quantile) => quantile.name().to_owned(),
        Metric::CostPerMillion => "cost".to_owned(),
        Metric::LatencyAllSizes(quantile) => format!("{} over all sizes", quantile.name()),
        Metric::CostAllSizes => "cost over all sizes".to_owned(),
    }
}

/// `p99 at 2048 MB`, for a sentence.
pub(super) fn subject(facts: Facts<'_>, judged: &MetricJudgement) -> String {
    match judged.metric {
        Metric::Latency(Tail::Maximum) => format!(
            "the slowest of {}{}",
            calls(facts, judged.memory_mb),
            at(judged.memory_mb)
        ),
        Metric::Latency(Tail::Slowest) => {
            format!("the mean of the slowest 5%{}", at(judged.memory_mb))
        }
        Metric::CostPerMillion => format!("cost per million{}", at(judged.memory_mb)),
        Metric::RecommendedMemory
        | Metric::Latency(_)
        | Metric::LatencyAllSizes(_)
        | Metric::CostAllSizes => {
            format!("{}{}", short_title(judged.metric), at(judged.memory_mb))
        }
    }
}

/// `+6 ms (+3.3%)`, `none`, or a dash.
pub(super) fn change(judged: &MetricJudgement) -> String {
    let (baseline, now, increase) = match judged.comparison {
        Comparison::Compared(it) => (it.baseline, it.now, it.increase),
        Comparison::Sizes { baseline, now, .. } => (
            Value::Memory(baseline),
            Value::Memory(now),
            Ratio(f64::from(now.get()) / f64::from(baseline.get()) - 1.0),
        ),
        Comparison::Bounded { .. } | Comparison::NotCompared { .. } => return NONE.to_owned(),
    };
    let percent = numbers::percent(increase);
    match numbers::difference(baseline, now) {
        Some(difference) => format!("{difference} ({percent})"),
        None if percent == "0%" => "none".to_owned(),
        None => percent,
    }
}

/// `≤ 200 ms (+10%)`: the resolved limit, and the rule it comes from. Where noise is the wider of
/// the two, what was wanted and what can be proven: `≤ 170 ms (+10% wanted, +41% provable)`.
pub(super) fn limit(judged: &MetricJudgement) -> String {
    match (judged.limit(), judged.status) {
        (Some(bound), _) => bound_words(judged.metric, bound),
        (None, Status::Off) => "off".to_owned(),
        (
            None,
            Status::Pass
            | Status::Improved
            | Status::Fail
            | Status::WithinNoise
            | Status::Undecided(_)
            | Status::NotCompared(_),
        ) => NONE.to_owned(),
    }
}

fn bound_words(metric: Metric, bound: Bound) -> String {
    let value = numbers::value(bound.value);
    match (bound.rule, bound.value) {
        (Rule::MemoryIncrease(0), _) => "no increase".to_owned(),
        (Rule::MemoryIncrease(step), _) => format!("≤ {value} (+{step} MB)"),
        (Rule::Tolerance(_), Value::Change(_)) => format!("≤ {value}"),
        (Rule::NoiseBand { tolerance, .. }, Value::Change(_)) => {
            format!("≤ {value} ({} wanted)", signed(tolerance))
        }
        (Rule::Tolerance(tolerance), _) => {
            format!("≤ {value} ({})", signed(Value::Change(tolerance)))
        }
        (Rule::AbsoluteTolerance(step), _) => format!("≤ {value} ({})", signed(step)),
        (Rule::NoiseBand { band, tolerance }, _) => format!(
            "≤ {value} ({} wanted, {} provable)",
            signed(tolerance),
            numbers::percent(band)
        ),
        (Rule::Ceiling, _) => match metric.tail() {
            Some(Tail::P99) | None => format!("≤ {value} (ceiling)"),
            Some(Tail::P95 | Tail::P90 | Tail::Slowest | Tail::Maximum) => {
                format!("≤ {value} (ceiling of p99)")
            }
        },
    }
}

/// A tolerance with its plus sign. The amount is written in words where the limit already has a
/// `$`.
pub(super) fn signed(tolerance: Value) -> String {
    match tolerance {
        Value::Change(ratio) if ratio.get() <= 0.0 => "+0%".to_owned(),
        Value::Change(ratio) => numbers::percent(ratio),
        Value::Cost(cost) => format!("+{}", numbers::usd_words(cost)),
        Value::Latency(_) | Value::Memory(_) => format!("+{}", numbers::value(tolerance)),
    }
}

/// A symbol, and a word where the symbol says too little.
fn status(verdict: Verdict, judged: &MetricJudgement) -> &'static str {
    match judged.status {
        Status::Pass => "✅",
        Status::Improved => "✅ improved",
        Status::Fail if verdict == Verdict::Accepted => "🟡 accepted",
        Status::Fail => "❌",
        Status::WithinNoise => "✅ within noise",
        Status::Undecided(Undecided::BandTooWide) => "⚪ too noisy",
        Status::Undecided(Undecided::YoungBaseline { .. }) => "⚪ too few runs",
        Status::Undecided(Undecided::ServerStoodStill) => "⚪ not the server",
        Status::Undecided(Undecided::RunnerStalled) => "⚪ runner stalled",
        Status::Undecided(Undecided::BusyMachine) => "⚪ machine busy",
        Status::NotCompared(NotCompared::TooFewCalls)
        | Status::Undecided(Undecided::TooFewForCeiling) => "⚪ too few calls",
        Status::NotCompared(
            NotCompared::NoBaseline
            | NotCompared::UnlikeSettings
            | NotCompared::SizeNotMeasured
            | NotCompared::NotTheModel(_)
            | NotCompared::ReferenceNotMeasured
            | NotCompared::NothingMeasured,
        ) => "⚪ not compared",
        Status::NotCompared(NotCompared::StoppedEarly) => "⚪ not measured",
        Status::Off => "off",
    }
}

/// Change, noise band and limit of every judged metric: what decided, line by line.
pub(super) fn band_table(facts: Facts<'_>) -> Table {
    let mut table = Table::new(&[
        ("Metric", Align::Left),
        ("Change", Align::Right),
        ("The same code varies by", Align::Right),
        ("Limit", Align::Right),
        ("Status", Align::Left),
    ]);
    for judged in facts.judgement.all_metrics() {
        let Some(compared) = judged.compared() else {
            continue;
        };
        let band = format!(
            "{} to {}",
            numbers::percent(Ratio(-compared.band.decrease.get())),
            numbers::percent(compared.band.increase)
        );
        table.push(vec![
            vec![text(title(facts, judged))],
            vec![text(change(judged))],
            vec![text(band)],
            vec![text(limit(judged))],
            vec![text(status(facts.judgement.verdict, judged))],
        ]);
    }
    table
}
