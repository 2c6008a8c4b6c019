//! Notes above the table: one visible paragraph each.

use super::document::{Inline, code, name, space, strong, text};
use super::sections::contract;
use super::{Facts, Links, causes, in_turn, numbers, reason, sanitise};
use crate::gate::{
    ACCEPT_LABEL, BranchName, Change, Metric, NotAccepted, Notice, Percentile, Standstill, Tail,
};
use crate::result::Service;
use crate::units::MemoryMb;

/// Longest reason that is shown in a sentence.
const MAX_REASON: usize = 300;
/// Longest name of a branch that is shown.
const MAX_BRANCH: usize = 80;
/// Leftovers that are named.
const MAX_LEFT: usize = 3;

/// A paragraph after a bold word.
pub(super) fn labelled(label: &str, words: Vec<Inline>) -> Vec<Inline> {
    let mut paragraph = vec![strong(vec![text(label)]), space()];
    paragraph.extend(words);
    paragraph
}

/// The notes, one paragraph each.
pub(super) fn notes(facts: Facts<'_>, links: &Links) -> Vec<Vec<Inline>> {
    let unverified = links.is_unverified().then(|| {
        vec![text(
            "the numbers come from the pull request's own workflow run and are not verified.",
        )]
    });
    let place = match &facts.run.service {
        Service::Aws => None,
        Service::Custom(host) => Some(vec![
            text("measured on a custom endpoint at "),
            name(&sanitise::shortened(host, 80)),
            text(", not AWS."),
        ]),
        Service::Local(machine) => Some(vec![
            text("measured on this machine ("),
            name(&sanitise::shortened(&machine.to_string(), 80)),
            text("), not SageMaker: latency and cost are this machine's."),
        ]),
    };
    let contract = facts.run.local.as_ref().and_then(contract::note);
    // What to delete by hand is an instruction.
    let is_shown =
        |it: &&Notice| !(links.is_unverified() && matches!(it, Notice::NotDeleted { .. }));
    let notices = facts.judgement.notices.iter().filter(is_shown);
    let notices = notices.map(|it| notice(facts, it));
    let stored = facts.judgement.stored.as_ref().map(in_turn::stored);
    unverified
        .into_iter()
        .chain(place)
        .chain(contract)
        .chain(notices)
        .chain(stored)
        .map(|words| labelled("Note:", words))
        .collect()
}

/// Both clocks, before and now.
fn stood_still(it: &Standstill) -> String {
    let change = |it: Change| {
        let [before, now] = [it.before, it.now].map(numbers::latency);
        format!("{before} → {now}")
    };
    let percentile = match it.percentile {
        Percentile::P50 => "p50",
        Percentile::P99 => "p99",
    };
    format!(
        "{percentile} at {} went {} for this runner; by CloudWatch ModelLatency went {} and OverheadLatency {}. So \
         this runner or its network is slower, not the model; run again.",
        it.memory_mb,
        change(it.client),
        change(it.model),
        change(it.overhead),
    )
}

#[expect(clippy::too_many_lines, reason = "one arm per notice")]
fn notice(facts: Facts<'_>, notice: &Notice) -> Vec<Inline> {
    let reference = facts.reference().name();
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
                "{} instead of {planned}: the same code varied by more than half in the tail.",
                words.join(", ")
            ))]
        }
        Notice::JudgedByLowerQuantile {
            quantile: Tail::Maximum,
            calls,
        } => vec![text(format!(
            "with {} the tail is not compared, and p99 is the slowest of them: 81 warm calls are judged by p90, 171 by \
             p95, 891 by p99.",
            numbers::plural(*calls, "call")
        ))],
        Notice::JudgedByLowerQuantile { quantile, calls } => {
            let above = numbers::count(calls / 100);
            let calls = numbers::plural(*calls, "call");
            let judged = quantile.name();
            vec![text(format!(
                "p99 is not judged: {calls} put only {above} above it. {judged} is judged instead, also by a ceiling \
                 of p99."
            ))]
        }
        Notice::TailTooNoisy { unjudged, judged } => vec![text(format!(
            "{unjudged} is not judged: the same code varies by more than half in it, as its tail begins nearby. The \
             mean of the {judged} is judged instead.",
            unjudged = unjudged.name(),
            judged = judged.name(),
        ))],
        Notice::MuchBetter { metric, change } => vec![text(format!(
            "{} is {} against {reference}: the limit follows once {reference} has recorded it.",
            metric_name(*metric),
            numbers::percent(*change),
        ))],
        Notice::MoreColdStarts {
            memory_mb,
            now,
            baseline_mean,
        } => vec![text(format!(
            "{} at {memory_mb} while it was measured; {reference} has {baseline_mean:.1} on average.",
            numbers::plural(*now, "cold start"),
        ))],
        Notice::SizeNoLongerWorks {
            memory_mb,
            reason: why,
        } => vec![
            text(format!(
                "{memory_mb} {} and failed now: ",
                facts.reference().works()
            )),
            reason(why, MAX_REASON),
        ],
        Notice::ReferenceNotMeasured {
            memory_mb,
            reason: why,
        } => vec![
            text(format!("{reference} was not measured at {memory_mb}: ")),
            reason(why, MAX_REASON),
        ],
        Notice::SizeNotJudged {
            memory_mb,
            cause,
            reason: why,
        } => vec![
            text(format!(
                "{memory_mb} could not be judged ({}): ",
                causes::name(*cause)
            )),
            reason(why, MAX_REASON),
        ],
        Notice::SentAgain { sizes } => vec![text(format!(
            "{} by AWS and sent again; they are in no latency.",
            by_size(sizes, "call was failed", "calls were failed")
        ))],
        Notice::DeployedAgain { sizes } => deployed_again(sizes),
        Notice::ColdTimeOuts { sizes } => vec![text(format!(
            "{} while the endpoint started: a container that is not ready within the 60 seconds that serverless \
             gives a call. They are in no latency.",
            by_size(sizes, "warm-up call timed out", "warm-up calls timed out")
        ))],
        Notice::MeasuredTwice { fails: true } => vec![text(
            "confirmed by a second measurement on fresh endpoints. The values are those of both together.",
        )],
        Notice::MeasuredTwice { fails: false } => vec![text(
            "a first measurement was beyond a limit; with a second one on fresh endpoints it is not. The values are \
             those of both together.",
        )],
        Notice::RunnerStalled { stalled, calls } => vec![text(format!(
            "this runner was stalled during {} of {}, by more than 2 ms or 5% of the latency; with that time \
             taken off latency does not fail. Run again on a runner that does nothing else.",
            numbers::count(*stalled),
            numbers::plural(*calls, "call"),
        ))],
        Notice::BusyMachine { share } => vec![text(format!(
            "other programs had {} of this machine's processors while it measured: its latencies and costs are \
             higher than those of the model alone.",
            numbers::share(*share),
        ))],
        Notice::ServerStoodStill(it) => vec![text(stood_still(it))],
        Notice::OtherBranch { wanted, used } => {
            let used = used.as_ref().map_or("main", BranchName::as_str);
            let branch = |name: &str| code(sanitise::shortened(name, MAX_BRANCH));
            vec![
                branch(wanted.as_str()),
                text(" has no runs with these settings yet: those of "),
                branch(used),
                text(" stand in. Its first run is recorded after a push to it."),
            ]
        }
        Notice::StaleBaseline { days } => {
            vec![text(format!(
                "the newest run of the baseline is {days} days old. Record a new one on {reference}."
            ))]
        }
        Notice::PricesChanged {
            main,
            now,
            memory_mb,
            cost_at_main,
            cost_now,
        } => vec![
            text(format!(
                "prices have changed since {reference} was recorded, and cost is compared at its list of "
            )),
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
        Notice::MergeGroup {
            pull_request,
            others,
            accepted_for,
        } => vec![text(merge_group(*pull_request, others, *accepted_for))],
        Notice::NotAccepted { reason } => not_accepted(*reason),
        Notice::NotDeleted { left } => not_deleted(left),
    }
}

/// `2 calls were failed at 1024 MB, 1 call was failed at 2048 MB`.
fn by_size(sizes: &[(MemoryMb, usize)], one: &str, many: &str) -> String {
    let words = sizes.iter().map(|(memory_mb, calls)| {
        let what = if *calls == 1 { one } else { many };
        format!("{} {what} at {memory_mb}", numbers::count(*calls))
    });
    words.collect::<Vec<_>>().join(", ")
}

fn deployed_again(sizes: &[(MemoryMb, String)]) -> Vec<Inline> {
    let names: Vec<String> = sizes.iter().map(|(size, _)| size.to_string()).collect();
    let mut words = vec![text(format!(
        "AWS failed the first deployment of {}; the second one was measured. AWS said: ",
        names.join(", ")
    ))];
    words.extend(sizes.first().map(|(_, why)| reason(why, MAX_REASON)));
    words
}

fn metric_name(metric: Metric) -> &'static str {
    match metric {
        Metric::RecommendedMemory => "recommended memory",
        Metric::Latency(quantile) | Metric::LatencyAllSizes(quantile) => quantile.name(),
        Metric::CostPerMillion | Metric::CostAllSizes => "cost",
    }
}

/// `#` is kept from becoming a link: escaped as any text.
fn merge_group(pull_request: u64, others: &[u64], accepted_for: Option<u64>) -> String {
    let mut words = format!("this merge group is of pull request {pull_request}");
    if !others.is_empty() {
        let numbers: Vec<String> = others.iter().map(u64::to_string).collect();
        let before = format!(
            " and holds {} before it in the queue too, so that what has changed may come from any of them",
            numbers.join(", ")
        );
        words.push_str(&before);
    }
    match accepted_for {
        Some(number) if number == pull_request => {
            words.push_str(". Its label accepts these values.");
        }
        Some(number) => {
            let by = format!(". The label of pull request {number} accepts these values.");
            words.push_str(&by);
        }
        None => words.push('.'),
    }
    words
}

fn not_accepted(why: NotAccepted) -> Vec<Inline> {
    let words = match why {
        NotAccepted::NothingShown => {
            " was added before there was a report to accept. Take it off and add it again to accept this one."
        }
        NotAccepted::NothingFailed => {
            " was added when nothing had failed. Take it off and add it again to accept what fails now."
        }
        NotAccepted::ByBot => {
            return vec![
                text("the label "),
                code(ACCEPT_LABEL),
                text(" was added by a program, which accepts nothing unless "),
                code("accept-bots"),
                text(" allows it."),
            ];
        }
        NotAccepted::NotPermitted(permission) => {
            return vec![
                text("the label "),
                code(ACCEPT_LABEL),
                text(format!(
                    " counts only when somebody with the permission {} of this repository adds it.",
                    permission.name()
                )),
            ];
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
