//! What is said of a reference that was measured in turn with the model.

use super::document::{Inline, name, text};
use super::reference::{Reference, in_turn, rounds};
use super::table::{Align, Cell, Table};
use super::{Facts, numbers, sanitise};
use crate::gate::{MeasuredInTurn, Measurements, Outlook, Rule, StoredRuns};

/// Longest name of a model: that of an image has a registry and a digest.
const MAX_MODEL: usize = 120;

/// `Baseline: main's model (churn-main), measured in turn in this job (4 rounds).`, and what these
/// rounds can prove where that is less than is wanted.
pub(super) fn line(facts: Facts<'_>, it: &MeasuredInTurn) -> Vec<Inline> {
    let is_measured = facts.judgement.baseline.is_some();
    let how = if is_measured {
        in_turn(it)
    } else {
        "which was not measured where it decides".to_owned()
    };
    let mut words = vec![
        text(facts.reference().name()),
        text(" ("),
        name(&sanitise::shortened(&it.model, MAX_MODEL)),
        text(format!("), {how}.")),
    ];
    words.extend(forecast(facts).map(text));
    words
}

/// ` What is caught: p99 above +13%, cost above +12%. With 2 rounds: p99 above +9%, cost above
/// +9%.`
fn forecast(facts: Facts<'_>) -> Option<String> {
    let by_noise = |rule| matches!(rule, Rule::NoiseBand { .. });
    let mut metrics = facts.judgement.metrics.iter();
    metrics.find(|it| it.limit().is_some_and(|bound| by_noise(bound.rule)))?;
    let outlooks = &facts.judgement.baseline.as_ref()?.outlooks;
    let now = format!(" What is caught: {}.", above(outlooks.first()?)?);
    if let Some(last) = outlooks.get(1)
        && let (Measurements::Rounds(more), Some(then)) = (last.of, above(last))
    {
        return Some(format!("{now} With {}: {then}.", rounds(more)));
    }
    Some(now)
}

/// `p99 above +13%, cost above +12%`.
fn above(it: &Outlook) -> Option<String> {
    let latency = it.latency.map(|(tail, it)| (tail.name(), it));
    let both = latency.into_iter().chain(it.cost.map(|it| ("cost", it)));
    let words: Vec<String> = both
        .map(|(metric, it)| format!("{metric} above {}", numbers::percent(it.above)))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// A row for the rounds that there are and for twice as many, per metric.
pub(super) fn outlook_table(outlooks: &[Outlook]) -> Table {
    let mut table = Table::new(&[
        ("Rounds", Align::Right),
        ("Metric", Align::Left),
        ("Provable above", Align::Right),
        ("Caught 9 times of 10 from", Align::Right),
    ]);
    for outlook in outlooks {
        let Measurements::Rounds(rounds) = outlook.of else {
            continue;
        };
        let latency = outlook.latency.map(|(tail, it)| (tail.name(), it));
        let metrics = latency.into_iter();
        for (metric, it) in metrics.chain(outlook.cost.map(|it| ("cost", it))) {
            let caught = it.nine_of_ten.map(numbers::percent);
            let cells = [
                rounds.to_string(),
                metric.to_owned(),
                numbers::percent(it.above),
                caught.unwrap_or_else(|| "off".to_owned()),
            ];
            table.push(cells.map(|words| vec![text(words)]).to_vec() as Vec<Cell>);
        }
    }
    table
}

/// `p99 +3%, cost +2% at 2048 MB against the mean of the last 5 runs of main, of other days: not
/// judged.`
pub(super) fn stored(it: &StoredRuns) -> Vec<Inline> {
    let latency = it
        .latency
        .map(|(tail, change)| format!("{} {}", tail.name(), numbers::percent(change)));
    let cost = it
        .cost
        .map(|change| format!("cost {}", numbers::percent(change)));
    let changes: Vec<String> = latency.into_iter().chain(cost).collect();
    vec![text(format!(
        "{} at {} against {}, which was not measured in this job: not judged.",
        changes.join(", "),
        it.memory_mb,
        Reference::of(&it.origin, it.runs).mean(),
    ))]
}
