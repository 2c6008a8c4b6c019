//! The first line: the verdict and its numbers, at most 120 characters.

use super::causes;
use super::document::{Inline, name, plain, text};
use super::{Facts, metrics, numbers, reason, sanitise};
use crate::analysis::CostBasis;
use crate::gate::{
    Ceiling, CeilingOutcome, Compared, Comparison, Metric, MetricJudgement, NotCompared, Notice,
    Setting, Status, Tail, Undecided, Unlike, Value, Verdict,
};
use crate::result::Service;
use crate::units::MemoryMb;

/// Longest headline in characters, without markup.
pub(super) const MAX_LENGTH: usize = 120;
/// A name keeps at least this many characters, however long the rest is.
const MIN_NAME: usize = 24;
/// Longest reason within a headline.
const MAX_REASON: usize = 60;
/// Longest login on GitHub.
const MAX_LOGIN: usize = 39;

impl<'a> Facts<'a> {
    /// Whether cost rests on client latency.
    pub(super) fn is_estimate(&self) -> bool {
        self.analysis.cost_basis == CostBasis::ClientLatency && !self.analysis.sizes.is_empty()
    }

    /// The judged quantile of latency.
    pub(super) fn quantile(&self) -> Tail {
        let latency = self.judgement.metrics.latency.metric;
        latency.tail().unwrap_or(Tail::P99)
    }

    /// The metrics beyond their limit: those of the table, or those over all sizes when no other
    /// is.
    pub(super) fn failing(&self) -> Vec<&'a MetricJudgement> {
        let fails = |judged: &&MetricJudgement| judged.fails();
        let gated: Vec<_> = self.judgement.metrics.iter().filter(fails).collect();
        if gated.is_empty() {
            self.judgement.overall.iter().filter(fails).collect()
        } else {
            gated
        }
    }
}

/// The headline of a measured run.
pub(super) fn headline(facts: Facts<'_>) -> Vec<Inline> {
    let verdict = facts.judgement.verdict;
    let name = facts.run.name.chars().count().min(MIN_NAME);
    let fits = |rest: &Vec<Inline>| 2 + name + plain(rest).chars().count() <= MAX_LENGTH;
    let ample = Some(rest(facts, Room::Ample)).filter(fits);
    let rest = ample.unwrap_or_else(|| rest(facts, Room::Tight));
    assembled(verdict, &facts.run.name, rest)
}

/// Whether there is room for what is also said below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Ample,
    Tight,
}

/// `churn-xgb: 2048 MB recommended, p99 188 ms, $3.42 per million`; `None` where nothing was
/// measured.
pub(super) fn of_measurement(facts: Facts<'_>) -> Option<Vec<Inline>> {
    let memory = facts.judgement.recommended?;
    let numbers = three_numbers(facts, Room::Ample);
    let others = numbers
        .strip_prefix(&memory.to_string())
        .unwrap_or_default();
    let rest = format!(": {memory} recommended{others}");
    let room = MAX_LENGTH
        .saturating_sub(rest.chars().count())
        .max(MIN_NAME);
    Some(vec![
        name(&sanitise::shortened(&facts.run.name, room)),
        text(rest),
    ])
}

/// Symbol, name and the rest; the name is shortened so that all of it fits.
pub(super) fn assembled(verdict: Verdict, model: &str, rest: Vec<Inline>) -> Vec<Inline> {
    let symbol = verdict.symbol();
    let taken = symbol.chars().count() + 1 + plain(&rest).chars().count() + 1;
    let room = MAX_LENGTH.saturating_sub(taken).max(MIN_NAME);
    let mut words = vec![
        text(format!("{symbol} ")),
        name(&sanitise::shortened(model, room)),
    ];
    words.extend(rest);
    words
}

fn rest(facts: Facts<'_>, room: Room) -> Vec<Inline> {
    let place = place(facts);
    match facts.judgement.verdict {
        Verdict::Pass => vec![text(format!(
            " passed{place}{}: {}",
            against(facts, room),
            three_numbers(facts, room)
        ))],
        Verdict::Fail => vec![text(format!(
            " failed{place}{}: {}",
            against(facts, room),
            failures(facts)
        ))],
        Verdict::Accepted => accepted(facts),
        Verdict::NoBaseline => {
            if let Some(words) = aside(facts) {
                return words;
            }
            vec![text(format!(
                "{place}: no baseline yet, record one{}; {}",
                if room == Room::Ample {
                    format!(" on {}", facts.reference().name())
                } else {
                    String::new()
                },
                three_numbers(facts, room)
            ))]
        }
        Verdict::Inconclusive => undecided(facts, room),
        Verdict::NotRun => vec![text(" not run")],
        Verdict::CouldNotMeasure => nothing_measured(facts),
    }
}

/// ` against main's model`, where that was measured in turn.
fn against(facts: Facts<'_>, room: Room) -> String {
    let reference = facts.reference();
    match (reference.in_turn(), room) {
        (Some(_), Room::Ample) => format!(" against {}", reference.name()),
        (Some(_), Room::Tight) | (None, _) => String::new(),
    }
}

/// Said of numbers that are not SageMaker's.
fn place(facts: Facts<'_>) -> &'static str {
    match facts.run.service {
        Service::Local(_) => " on this machine",
        Service::Aws | Service::Custom(_) => "",
    }
}

/// `: regression accepted by octo-dev: p99 +32%`.
fn accepted(facts: Facts<'_>) -> Vec<Inline> {
    let mut words = vec![text(format!("{}: regression accepted", place(facts)))];
    if let Some(acceptance) = &facts.judgement.acceptance {
        let by = sanitise::shortened(&acceptance.by, MAX_LOGIN);
        words.extend([text(" by "), name(&by)]);
    }
    words.push(text(format!(": {}", failures(facts))));
    words
}

/// `2048 MB, p99 188 ms, $3.42 per million` at the recommended size.
fn three_numbers(facts: Facts<'_>, room: Room) -> String {
    let Some(memory) = facts.judgement.recommended else {
        return "nothing measured".to_owned();
    };
    let latency = value_at(facts, memory, &facts.judgement.metrics.latency);
    let latency = tail(facts, memory, &latency, room);
    let cost = value_at(facts, memory, &facts.judgement.metrics.cost);
    let about = if facts.is_estimate() { "about " } else { "" };
    format!("{memory}, {latency}, {about}{cost} per million")
}

/// `p99 188 ms`; with few calls what was measured instead, and why.
fn tail(facts: Facts<'_>, memory: MemoryMb, latency: &str, room: Room) -> String {
    let calls = || metrics::calls(facts, Some(memory));
    match facts.quantile() {
        Tail::Maximum => format!("slowest of {} {latency}", calls()),
        lower @ (Tail::P95 | Tail::P90) if room == Room::Ample => format!(
            "{} {latency} ({} are too few for p99)",
            lower.name(),
            calls()
        ),
        lower @ (Tail::P95 | Tail::P90) => format!("{} of {} {latency}", lower.name(), calls()),
        judged @ (Tail::P99 | Tail::Slowest) => format!("{} {latency}", judged.name()),
    }
}

/// The value in the table when it is that of `memory`, else the size's own.
fn value_at(facts: Facts<'_>, memory: MemoryMb, judged: &MetricJudgement) -> String {
    let in_table = judged.now().filter(|_| judged.memory_mb == Some(memory));
    let size = facts.analysis.size(memory);
    let own = size.map(|size| match judged.metric {
        Metric::Latency(Tail::P95) => Value::Latency(size.warm().p95),
        Metric::Latency(Tail::P90) => Value::Latency(size.warm().p90),
        Metric::Latency(Tail::Slowest) => Value::Latency(
            size.warm()
                .slowest
                .map_or(size.warm().p99, |slowest| slowest.mean),
        ),
        Metric::Latency(Tail::P99 | Tail::Maximum) | Metric::LatencyAllSizes(_) => {
            Value::Latency(size.warm().p99)
        }
        Metric::CostPerMillion | Metric::CostAllSizes => Value::Cost(size.cost.per_million()),
        Metric::RecommendedMemory => Value::Memory(size.memory_mb),
    });
    in_table
        .or(own)
        .map_or_else(|| "–".to_owned(), numbers::value)
}

/// `needs 3072 MB (was 2048), p99 +32%, cost +103%`.
fn failures(facts: Facts<'_>) -> String {
    let at_least = if facts.judgement.is_stopped_early() {
        "at least "
    } else {
        ""
    };
    facts
        .failing()
        .into_iter()
        .map(|judged| failure(judged, at_least))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The same of a metric that would fail, and decides nothing.
fn beyond(judged: &MetricJudgement) -> String {
    let exceeded = |it: &Ceiling| it.outcome == CeilingOutcome::Exceeded;
    match judged.ceiling.filter(exceeded) {
        Some(it) => format!(
            "{} {} (ceiling {})",
            metrics::short_title(judged.metric),
            numbers::value(it.now),
            numbers::value(it.allowed)
        ),
        None => failure(judged, ""),
    }
}

fn failure(judged: &MetricJudgement, at_least: &str) -> String {
    let title = metrics::short_title(judged.metric);
    if let Some(it) = judged.above_ceiling() {
        let (now, ceiling) = (numbers::value(it.now), numbers::value(it.allowed));
        // Of so few calls p99 itself is known to be no less.
        let (title, at_least) = match judged.metric {
            Metric::Latency(Tail::Maximum) => ("p99".to_owned(), "at least "),
            Metric::RecommendedMemory
            | Metric::Latency(_)
            | Metric::CostPerMillion
            | Metric::LatencyAllSizes(_)
            | Metric::CostAllSizes => (title, at_least),
        };
        return format!("{title} {at_least}{now} (ceiling {ceiling})");
    }
    match judged.comparison {
        Comparison::Sizes { baseline, now, .. } => format!("needs {now} (was {})", baseline.get()),
        Comparison::Compared(it) => format!("{title} {at_least}{}", numbers::percent(it.increase)),
        // Nothing else fails without a ceiling.
        Comparison::Bounded { .. } | Comparison::NotCompared { .. } => title,
    }
}

/// ` inconclusive: other samples than the baseline, and p99 +300 % at 2048 MB`.
fn aside(facts: Facts<'_>) -> Option<Vec<Inline>> {
    let aside = facts.judgement.aside.as_ref()?;
    let (increase, size) = (numbers::percent(aside.p99), aside.memory_mb);
    Some(match &aside.other {
        Unlike::Setting(setting) => vec![text(format!(
            " inconclusive: other {setting} than the baseline, and p99 {increase} at {size}"
        ))],
        Unlike::Name(other) => vec![
            text(": no baseline under this name; against "),
            name(&sanitise::shortened(other, 24)),
            text(format!(" p99 {increase} at {size}")),
        ],
    })
}

fn undecided(facts: Facts<'_>, room: Room) -> Vec<Inline> {
    if let Some(words) = aside(facts) {
        return words;
    }
    if let Some(difference) = facts.judgement.unlike.first() {
        let longest = match room {
            Room::Ample => 24,
            Room::Tight => 10,
        };
        let short = |value: &str| name(&sanitise::shortened(value, longest));
        let (baseline, now) = (short(&difference.baseline), short(&difference.now));
        return match difference.setting {
            Setting::Region => vec![
                text(" inconclusive: baseline was measured in "),
                baseline,
                text(", this run in "),
                now,
                text("; measure alike"),
            ],
            setting @ (Setting::Place
            | Setting::Samples
            | Setting::MemorySizes
            | Setting::Invocations
            | Setting::Warmup
            | Setting::LatencySource
            | Setting::Strategy) => vec![
                text(format!(
                    " inconclusive: other {setting} than the baseline ("
                )),
                baseline,
                text(" → "),
                now,
                text("); measure alike"),
            ],
        };
    }
    let why = facts
        .judgement
        .all_metrics()
        .find_map(|judged| undecided_metric(facts, judged, room));
    vec![text(format!(
        " inconclusive: {}",
        why.unwrap_or_else(|| "nothing could be compared".to_owned())
    ))]
}

fn undecided_metric(facts: Facts<'_>, judged: &MetricJudgement, room: Room) -> Option<String> {
    let title = metrics::short_title(judged.metric);
    let words = |of: fn(&Compared) -> String| judged.compared().map(of).unwrap_or_default();
    let increase = words(|it| numbers::percent(it.increase));
    match judged.status {
        Status::Undecided(Undecided::YoungBaseline { missing_runs }) => {
            let more = match room {
                Room::Ample => facts.reference().more(missing_runs),
                Room::Tight => numbers::plural(missing_runs, "more run"),
            };
            let next = next_date(facts).filter(|_| room == Room::Ample);
            let next = next.unwrap_or_default();
            Some(format!("{title} {increase}; {more} decide{next}"))
        }
        Status::Undecided(Undecided::BandTooWide) => {
            let band = words(|it| numbers::share(it.band.increase));
            let more = match facts.reference().in_turn() {
                Some(_) => "rounds",
                None => "calls",
            };
            Some(format!(
                "in {title} the same code varies by up to {band}; more {more} decide"
            ))
        }
        Status::Undecided(Undecided::TooFewForCeiling) => Some(format!(
            "{} are too few for the ceiling of p99; 891 decide",
            metrics::calls(facts, judged.memory_mb)
        )),
        Status::Undecided(Undecided::ServerStoodStill) => Some(match room {
            Room::Ample => format!(
                "{title} {increase} for this runner, while CloudWatch's ModelLatency and OverheadLatency stood still"
            ),
            Room::Tight => format!("{title} {increase} here, but not at the server"),
        }),
        Status::Undecided(Undecided::RunnerStalled) => {
            Some(format!("{title} {increase}, but this runner was stalled"))
        }
        Status::Undecided(Undecided::BusyMachine) => Some(format!(
            "{}, but other programs kept this machine busy",
            beyond(judged)
        )),
        Status::NotCompared(NotCompared::TooFewCalls) => Some(format!(
            "{} are too few to judge latency; 81 decide by p90, 891 by p99",
            metrics::calls(facts, judged.memory_mb)
        )),
        Status::NotCompared(NotCompared::StoppedEarly) => Some(
            "stopped early, and within these limits by then; a run without fail-fast decides"
                .to_owned(),
        ),
        Status::NotCompared(NotCompared::NotTheModel(cause)) => {
            let size = facts.judgement.baseline.as_ref();
            let size = size.map(|baseline| baseline.recommended);
            Some(
                match size.filter(|it| facts.analysis.unjudged(*it).is_some()) {
                    Some(size) if room == Room::Tight => format!(
                        "{size} could not be judged ({}): {}",
                        causes::name(cause),
                        causes::decides(cause)
                    ),
                    Some(size) => format!(
                        "{size}, which {}, could not be judged ({}): {}",
                        facts.reference().uses(),
                        causes::name(cause),
                        causes::decides(cause)
                    ),
                    None => format!(
                        "not every size could be judged ({}): {}",
                        causes::name(cause),
                        causes::decides(cause)
                    ),
                },
            )
        }
        Status::NotCompared(NotCompared::ReferenceNotMeasured) => {
            Some(reference_not_measured(facts))
        }
        Status::NotCompared(NotCompared::SizeNotMeasured) => {
            let size = facts
                .judgement
                .baseline
                .as_ref()
                .map(|baseline| baseline.recommended.to_string());
            Some(format!(
                "the baseline's {} was not measured; a run with it decides",
                size.unwrap_or_else(|| "size".to_owned())
            ))
        }
        Status::NotCompared(
            NotCompared::NoBaseline | NotCompared::UnlikeSettings | NotCompared::NothingMeasured,
        )
        | Status::Pass
        | Status::Improved
        | Status::Fail
        | Status::WithinNoise
        | Status::Off => None,
    }
}

/// `main's model was not measured at 1024 MB, 2048 MB; a run that measures both decides`.
fn reference_not_measured(facts: Facts<'_>) -> String {
    let sizes: Vec<String> = facts
        .judgement
        .notices
        .iter()
        .filter_map(|notice| {
            if let Notice::ReferenceNotMeasured { memory_mb, .. } = notice {
                Some(memory_mb.to_string())
            } else {
                None
            }
        })
        .collect();
    let at = match sizes.as_slice() {
        [] => String::new(),
        [one] => format!(" at {one}"),
        several => format!(" at {} sizes", several.len()),
    };
    let name = facts.reference().name();
    format!("{name} was not measured{at}; a run that measures both decides")
}

/// ` (next counts from 2026-11-22 16:12 UTC)`.
fn next_date(facts: Facts<'_>) -> Option<String> {
    facts.reference().branch()?;
    let baseline = facts.judgement.baseline.as_ref()?;
    let next = baseline
        .next_counts_from
        .filter(|next| *next > facts.run.finished_at)?;
    Some(format!(" (next counts from {})", numbers::moment(next)))
}

fn nothing_measured(facts: Facts<'_>) -> Vec<Inline> {
    let sizes = numbers::plural(facts.analysis.left_out.len(), "size");
    let all = if facts.analysis.left_out.len() == 1 {
        "the only size"
    } else {
        &format!("all {sizes}")
    };
    let mut words = vec![text(format!(" could not be measured: {all} failed"))];
    if let Some(first) = facts.analysis.left_out.first() {
        words.extend([text(" ("), reason(&first.reason, MAX_REASON), text(")")]);
    }
    words
}
