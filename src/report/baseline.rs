//! What a run is compared with: which runs, how old, and what they can prove.

use jiff::SignedDuration;

use super::document::{Inline, name, text};
use super::notes::labelled;
use super::table::{Align, Cell, Table};
use super::{Facts, in_turn, numbers, short_commit};
use crate::gate::{BaselineSummary, MATURE_RUNS, Measurements, Outlook, Provable};

/// Why some of the recorded runs do not count.
const TOGETHER: &str = "less than 6 hours apart count as one";

/// `Baseline: main at c0ffee4, 1 day old; 5 runs count.`, and what a young one can prove.
pub(super) fn line(facts: Facts<'_>) -> Option<Vec<Inline>> {
    if let Some(it) = facts.reference().in_turn() {
        return Some(labelled("Baseline:", in_turn::line(facts, it)));
    }
    let baseline = facts.judgement.baseline.as_ref()?;
    let (commit, at) = baseline.commits.first()?;
    let reference = facts.reference();
    let commit = commit.as_deref().map(short_commit);
    let mut words = vec![match reference.branch() {
        Some(branch) => name(&branch),
        None => text(reference.name()),
    }];
    words.extend(match commit {
        Some(commit) => vec![text(" at "), name(&commit)],
        None if reference.branch().is_some() => vec![text(", unknown commit")],
        None => Vec::new(),
    });
    let age = age(facts.run.finished_at.duration_since(*at));
    words.push(text(format!(", {age}; {}", counting(facts, baseline))));
    let nights = reference.branch().is_some();
    words.extend(forecast(&baseline.outlooks, nights).map(text));
    Some(labelled("Baseline:", words))
}

/// `5 runs count.`, `1 run counts of 3 recorded, as … The next one counts from …`.
fn counting(facts: Facts<'_>, baseline: &BaselineSummary) -> String {
    let recorded = baseline.commits.len();
    let branch = facts.reference().branch();
    let (noun, kept) = match branch {
        Some(_) => ("run", "recorded"),
        None => ("result", "given"),
    };
    let verb = if baseline.runs == 1 {
        "counts"
    } else {
        "count"
    };
    let counts = format!("{} {verb}", numbers::plural(baseline.runs, noun));
    let together = if recorded > baseline.runs {
        format!(" of {recorded} {kept}, as {noun}s {TOGETHER}")
    } else {
        String::new()
    };
    let next = baseline
        .next_counts_from
        .filter(|_| baseline.runs < MATURE_RUNS && branch.is_some())
        .map(|next| {
            if next > facts.run.finished_at {
                format!(" The next one counts from {}.", numbers::moment(next))
            } else {
                " The next one counts at once.".to_owned()
            }
        });
    format!("{counts}{together}.{}", next.unwrap_or_default())
}

/// What a young baseline catches today, and with the runs to come.
fn forecast(outlooks: &[Outlook], nights: bool) -> Option<String> {
    let today = outlooks.first()?;
    let Measurements::Runs { count, .. } = today.of else {
        return None;
    };
    if count >= MATURE_RUNS {
        return None;
    }
    let above = |it: &Provable| Some(format!("above {}", numbers::percent(it.above)));
    let from = |it: &Provable| Some(format!("from {}", numbers::percent(it.nine_of_ten?)));
    let mut words = vec![format!(" What is caught today: {}.", both(today, above)?)];
    if let Some(last) = outlooks.last().filter(|_| nights)
        && let Measurements::Runs {
            count: runs,
            from: Some(then),
        } = last.of
        && let Some(caught) = both(last, from)
        && runs > count
    {
        let then = numbers::moment(then);
        words.push(format!(
            " With {runs} runs, one a night, from {then}: {caught}, nine times of ten."
        ));
    }
    Some(words.concat())
}

/// `p99 above +41%, cost above +40%`.
fn both(it: &Outlook, of: impl Fn(&Provable) -> Option<String>) -> Option<String> {
    let latency = it.latency.as_ref();
    let latency = latency.and_then(|(tail, it)| Some(format!("{} {}", tail.name(), of(it)?)));
    let cost = it
        .cost
        .as_ref()
        .and_then(|it| Some(format!("cost {}", of(it)?)));
    let words: Vec<String> = latency.into_iter().chain(cost).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// A row for today and each number of runs to come.
pub(super) fn outlook_table(outlooks: &[Outlook]) -> Table {
    let mut table = Table::new(&[
        ("Runs that count", Align::Right),
        ("From", Align::Left),
        ("Metric", Align::Left),
        ("Provable above", Align::Right),
        ("Caught 9 times of 10 from", Align::Right),
    ]);
    for it in outlooks {
        let Measurements::Runs { count, from } = it.of else {
            continue;
        };
        let from = from.map_or_else(|| "today".to_owned(), numbers::moment);
        let latency = it.latency.map(|(tail, latency)| (tail.name(), latency));
        let metrics = latency
            .into_iter()
            .chain(it.cost.map(|cost| ("cost", cost)));
        for (metric, provable) in metrics {
            let caught = provable.nine_of_ten.map(numbers::percent);
            let cells = [
                count.to_string(),
                from.clone(),
                metric.to_owned(),
                numbers::percent(provable.above),
                caught.unwrap_or_else(|| "off".to_owned()),
            ];
            table.push(cells.map(|words| vec![text(words)]).to_vec() as Vec<Cell>);
        }
    }
    table
}

fn age(age: SignedDuration) -> String {
    let hours = age.as_hours();
    match hours {
        48.. => format!("{} days old", hours / 24),
        24..48 => "1 day old".to_owned(),
        2..24 => format!("{hours} hours old"),
        1 => "1 hour old".to_owned(),
        0 if age.is_negative() => "newer than this run".to_owned(),
        0 => "less than an hour old".to_owned(),
        ..0 => "newer than this run".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_one_number_with_a_unit() {
        let ages = [-3600 * 30, -5, 5, 3700, 3600 * 5, 3600 * 30, 3600 * 50]
            .map(|seconds| age(SignedDuration::from_secs(seconds)));
        assert_eq!(
            ages,
            [
                "newer than this run",
                "newer than this run",
                "less than an hour old",
                "1 hour old",
                "5 hours old",
                "1 day old",
                "2 days old"
            ]
        );
    }
}
