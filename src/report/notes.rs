//! What a reader must not miss: one visible paragraph each, above the table.

use super::document::{Inline, code, name, space, strong, text};
use super::{Facts, numbers, reason, sanitise};
use crate::gate::{ACCEPT_LABEL, Metric, NotAccepted, Notice};
use crate::result::Service;

/// Longest reason that is shown in a sentence.
const MAX_REASON: usize = 300;
/// Leftovers that are named.
const MAX_LEFT: usize = 3;

/// A paragraph after a bold word.
pub(super) fn labelled(label: &str, words: Vec<Inline>) -> Vec<Inline> {
    let mut paragraph = vec![strong(vec![text(label)]), space()];
    paragraph.extend(words);
    paragraph
}

/// What a reader must not miss, one paragraph each.
pub(super) fn notes(facts: Facts<'_>) -> Vec<Vec<Inline>> {
    let place = match &facts.run.service {
        Service::Aws => None,
        Service::Custom(host) => Some(vec![
            text("measured on a custom endpoint at "),
            name(&sanitise::shortened(host, 80)),
            text(", not AWS."),
        ]),
    };
    let notices = facts.judgement.notices.iter().map(notice);
    place
        .into_iter()
        .chain(notices)
        .map(|words| labelled("Note:", words))
        .collect()
}

fn notice(notice: &Notice) -> Vec<Inline> {
    match notice {
        Notice::MemoryDecreased { from, to } => vec![text(format!(
            "{to} is enough now, {from} was needed before."
        ))],
        Notice::StoppedEarly {
            memory_mb,
            calls,
            planned,
            fails,
        } => {
            let (calls, planned) = (numbers::count(*calls), numbers::plural(*planned, "call"));
            let why = if *fails {
                "the run fails even if all the others take no time, and the latency shown is the lowest that it could \
                 have had"
            } else {
                "the run was certain to fail by the limits that it had"
            };
            vec![text(format!(
                "stopped after {calls} of {planned} at {memory_mb}: {why}. Nothing else was measured to its end."
            ))]
        }
        Notice::Extended { sizes, planned } => {
            let words: Vec<String> = sizes
                .iter()
                .map(|(memory_mb, calls)| {
                    format!("{} at {memory_mb}", numbers::plural(*calls, "call"))
                })
                .collect();
            vec![text(format!(
                "{} instead of {planned}: identical code strayed by more than half in the tail.",
                words.join(", ")
            ))]
        }
        Notice::JudgedByLowerQuantile { quantile, calls } => {
            let above = numbers::count(calls / 100);
            let calls = numbers::plural(*calls, "call");
            let judged = quantile.name();
            vec![text(format!(
                "p99 is not judged: {calls} put only {above} above it. {judged} is judged instead."
            ))]
        }
        Notice::TailTooNoisy { unjudged, judged } => vec![text(format!(
            "{unjudged} is not judged: identical code strays by more than half in it, as its tail begins nearby. The \
             mean of the {judged} is judged instead.",
            unjudged = unjudged.name(),
            judged = judged.name(),
        ))],
        Notice::MuchBetter { metric, change } => vec![text(format!(
            "{} is {} against main: the limit follows once main has recorded it.",
            metric_name(*metric),
            numbers::percent(*change),
        ))],
        Notice::MoreColdStarts {
            memory_mb,
            now,
            baseline_mean,
        } => vec![text(format!(
            "{} at {memory_mb} while it was measured; main has {baseline_mean:.1} on average.",
            numbers::plural(*now, "cold start"),
        ))],
        Notice::SizeNoLongerWorks {
            memory_mb,
            reason: why,
        } => vec![
            text(format!("{memory_mb} works on main and failed now: ")),
            reason(why, MAX_REASON),
        ],
        Notice::StaleBaseline { days } => {
            vec![text(format!(
                "the newest run of the baseline is {days} days old. Record a new one on main."
            ))]
        }
        Notice::PricesChanged {
            main,
            now,
            memory_mb,
            cost_at_main,
            cost_now,
        } => vec![
            text(
                "prices have changed since main was recorded, and cost is compared at main's list of ",
            ),
            name(&sanitise::shortened(main, 40)),
            text(". By the list of "),
            name(&sanitise::shortened(now, 40)),
            text(format!(
                " a million invocations at {memory_mb} cost {} instead of {}.",
                numbers::usd_words(*cost_now),
                numbers::usd_words(*cost_at_main),
            )),
        ],
        Notice::CostIsEstimated => vec![text(
            "cost is an estimate from latency seen by the client, network included: CloudWatch had not counted \
             every call in time.",
        )],
        Notice::NotAccepted { reason } => not_accepted(*reason),
        Notice::NotDeleted { left } => not_deleted(left),
    }
}

fn metric_name(metric: Metric) -> &'static str {
    match metric {
        Metric::RecommendedMemory => "recommended memory",
        Metric::Latency(quantile) | Metric::LatencyAllSizes(quantile) => quantile.name(),
        Metric::CostPerMillion | Metric::CostAllSizes => "cost",
    }
}

fn not_accepted(why: NotAccepted) -> Vec<Inline> {
    let words = match why {
        NotAccepted::NothingShown => {
            " was added before there was a report to accept. Take it off and add it again to accept this one."
        }
        NotAccepted::NothingFailed => {
            " was added when nothing had failed. Take it off and add it again to accept what fails now."
        }
        NotAccepted::ChangedSince => {
            " was added to an earlier report. Take it off and add it again to accept this one."
        }
        NotAccepted::StoppedEarly => {
            " accepts nothing here: this run was stopped early, and how slow the model is was not measured."
        }
        NotAccepted::Exceeded => {
            " was added to better values than these. Take it off and add it again to accept these, too."
        }
    };
    vec![text("the label "), code(ACCEPT_LABEL), text(words)]
}

fn not_deleted(left: &[String]) -> Vec<Inline> {
    let mut words = vec![text(format!(
        "{} not deleted, delete by hand: ",
        were(left.len())
    ))];
    for (index, resource) in left.iter().take(MAX_LEFT).enumerate() {
        if index > 0 {
            words.push(text(", "));
        }
        words.push(reason(resource, MAX_REASON));
    }
    if left.len() > MAX_LEFT {
        words.push(text(format!(" and {} more", left.len() - MAX_LEFT)));
    }
    words
}

fn were(count: usize) -> String {
    let verb = if count == 1 { "was" } else { "were" };
    format!("{} {verb}", numbers::plural(count, "resource"))
}
