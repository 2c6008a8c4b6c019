//! The text below the table: why the verdict is what it is.

use super::document::{Inline, name, text};
use super::notes::labelled;
use super::{Facts, causes, metrics, numbers, sanitise};
use crate::gate::{
    Ceiling, CeilingOutcome, Compared, Comparison, MetricJudgement, NotCompared, Rule, Status,
    Tail, Undecided, Value, Verdict,
};
use crate::units::{MemoryMb, Ratio};

/// Longest reason that is shown in a sentence.
const MAX_REASON: usize = 300;

/// Why the verdict is what it is: one paragraph for each metric that fails.
pub(super) fn why(facts: Facts<'_>) -> Vec<Vec<Inline>> {
    let one = |words: Vec<Inline>| vec![labelled("Why:", words)];
    match facts.judgement.verdict {
        Verdict::Pass => facts
            .explained()
            .map(|judged| one(vec![text(reason(facts, judged))]))
            .unwrap_or_default(),
        Verdict::Fail | Verdict::Accepted => {
            let failing = facts.failing().into_iter();
            let words = failing.map(|judged| vec![text(reason(facts, judged))]);
            words.flat_map(one).collect()
        }
        Verdict::NoBaseline => one(vec![text(
            "nothing is stored for this model yet, so only ceilings are judged.",
        )]),
        Verdict::Inconclusive => one(why_undecided(facts)),
        Verdict::CouldNotMeasure => one(why_nothing(facts)),
        Verdict::NotRun => Vec::new(),
    }
}

impl<'a> Facts<'a> {
    /// The metric that a pass is explained with: latency where it was compared, else cost.
    fn explained(&self) -> Option<&'a MetricJudgement> {
        let metrics = &self.judgement.metrics;
        [&metrics.latency, &metrics.cost]
            .into_iter()
            .find(|judged| judged.compared().is_some())
    }
}

/// Why one metric is what it is: its own numbers and nothing else's.
pub(super) fn reason(facts: Facts<'_>, judged: &MetricJudgement) -> String {
    if let Comparison::Sizes { baseline, now, .. } = judged.comparison {
        return memory_sentence(facts, baseline, now);
    }
    let ceiling = judged
        .ceiling
        .and_then(|it| ceiling_sentence(facts, judged, it));
    // A ceiling that decides alone needs no comparison.
    let change = judged
        .compared()
        .filter(|_| ceiling.is_none() || judged.excessive_increase().is_some())
        .map(|compared| change(facts, judged, compared));
    let sentences: Vec<String> = change.into_iter().chain(ceiling).collect();
    if sentences.is_empty() {
        format!("{} was not compared.", metrics::subject(facts, judged))
    } else {
        sentences.join(" ")
    }
}

fn memory_sentence(facts: Facts<'_>, old: MemoryMb, new: MemoryMb) -> String {
    let size = facts.reference().its_size();
    if facts.analysis.size(old).is_none() {
        format!("{old}, {size}, no longer works; {new} is the best that does.")
    } else {
        format!(
            "{new} is better than {old}, {size}, by more than 10% and by more than the same code varies."
        )
    }
}

/// What a ceiling says, where it is not kept.
fn ceiling_sentence(
    facts: Facts<'_>,
    judged: &MetricJudgement,
    ceiling: Ceiling,
) -> Option<String> {
    let subject = metrics::subject(facts, judged);
    let (now, allowed) = (
        numbers::in_words(ceiling.now),
        numbers::in_words(ceiling.allowed),
    );
    let calls = metrics::calls(facts, judged.memory_mb);
    match (ceiling.outcome, judged.metric.tail()) {
        (CeilingOutcome::Kept, _) => None,
        (CeilingOutcome::Open, _) => Some(format!(
            "{calls} are too few to hold p99 to its ceiling of {allowed}: theirs is {now}, and 891 warm calls decide."
        )),
        (CeilingOutcome::Exceeded, Some(Tail::Maximum)) => Some(format!(
            "By {calls}, p99{} is at least {now}, above its ceiling of {allowed}, which needs no baseline.",
            metrics::at(judged.memory_mb)
        )),
        (CeilingOutcome::Exceeded, Some(Tail::P95 | Tail::P90)) => Some(format!(
            "{subject} is {now} already, above the ceiling of p99, {allowed}, which needs no baseline."
        )),
        (CeilingOutcome::Exceeded, Some(Tail::P99 | Tail::Slowest) | None) => Some(format!(
            "{subject} is {now}, above the ceiling of {allowed}, which needs no baseline."
        )),
    }
}

/// `p99 at 2048 MB is +24% (412 → 511 ms) against the mean of the last 5 runs of main. …`
fn change(facts: Facts<'_>, judged: &MetricJudgement, compared: &Compared) -> String {
    let values = match compared.now {
        Value::Change(_) => String::new(),
        Value::Memory(_) | Value::Latency(_) | Value::Cost(_) => {
            format!(
                " ({})",
                numbers::transition(compared.baseline, compared.now)
            )
        }
    };
    let at_least = if facts.judgement.is_stopped_early() {
        "at least "
    } else {
        ""
    };
    format!(
        "{} is {at_least}{}{values} against {}. {}",
        metrics::subject(facts, judged),
        numbers::percent(compared.increase),
        facts.reference().mean(),
        conclusion(facts, judged, compared),
    )
}

/// What the same code varies by, what is wanted, and what follows.
fn conclusion(facts: Facts<'_>, judged: &MetricJudgement, compared: &Compared) -> String {
    let varies = format!(
        "The same code varies by up to {}",
        numbers::share(compared.band.increase)
    );
    let both = match compared.tolerance {
        Some(tolerance) => format!(
            "{varies}, and at most {} is wanted",
            wanted(compared, tolerance)
        ),
        None => varies.clone(),
    };
    match judged.status {
        Status::Fail if facts.judgement.verdict == Verdict::Accepted => {
            format!("{both}: this would fail, and it was accepted.")
        }
        Status::Fail => format!("{both}: this fails."),
        Status::Pass => format!("{both}: this passes."),
        Status::Improved => format!(
            "The same code varies by up to {} downwards: this is better by more than that.",
            numbers::share(compared.band.decrease)
        ),
        Status::WithinNoise => {
            format!("{both}: this is within noise, and passes.")
        }
        Status::Undecided(Undecided::YoungBaseline { missing_runs }) => {
            let runs = facts.judgement.baseline.as_ref().map_or(0, |it| it.runs);
            format!(
                "{both}: only an increase above {} can be proven against {}; {} narrow that.",
                numbers::percent(compared.band.increase),
                facts.reference().runs(runs),
                facts.reference().more(missing_runs)
            )
        }
        Status::Undecided(Undecided::BandTooWide) => {
            format!("{varies}, and more than half of itself decides nothing.")
        }
        Status::Undecided(Undecided::ServerStoodStill) => {
            format!("{both}: by the server's clock it did not grow, and this decides nothing.")
        }
        Status::Undecided(Undecided::RunnerStalled) => {
            format!(
                "{both}: with the time taken off in which this runner was stalled, this does not fail."
            )
        }
        Status::Undecided(Undecided::BusyMachine) => {
            format!("{both}: other programs kept this machine busy, and this decides nothing.")
        }
        Status::Undecided(Undecided::TooFewForCeiling) | Status::NotCompared(_) => {
            format!("{both}.")
        }
        Status::Off => "It is not limited.".to_owned(),
    }
}

/// `+10%`, or `+20.0 ms` where the tolerance was given so.
fn wanted(compared: &Compared, tolerance: Ratio) -> String {
    match compared.limit.map(|bound| bound.rule) {
        Some(
            Rule::AbsoluteTolerance(step)
            | Rule::NoiseBand {
                tolerance: step, ..
            },
        ) => metrics::signed(step),
        Some(Rule::Tolerance(_) | Rule::Ceiling | Rule::MemoryIncrease(_)) | None => {
            metrics::signed(Value::Change(tolerance))
        }
    }
}

fn why_undecided(facts: Facts<'_>) -> Vec<Inline> {
    if !facts.judgement.unlike.is_empty() {
        let mut words = vec![text(
            "runs are compared only when they were measured alike: ",
        )];
        for (index, difference) in facts.judgement.unlike.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            words.extend([
                text(format!("{separator}{} ", difference.setting)),
                name(&sanitise::shortened(&difference.baseline, 80)),
                text(" in the baseline, "),
                name(&sanitise::shortened(&difference.now, 80)),
                text(" now"),
            ]);
        }
        words.push(text("."));
        return words;
    }
    let open = facts
        .judgement
        .all_metrics()
        .find(|it| matches!(it.status, Status::Undecided(_)));
    let words = match open {
        Some(judged) => reason(facts, judged),
        None => facts
            .judgement
            .metrics
            .iter()
            .find_map(|judged| not_compared(facts, judged))
            .unwrap_or_else(|| "nothing could be compared.".to_owned()),
    };
    vec![text(words)]
}

fn not_compared(facts: Facts<'_>, judged: &MetricJudgement) -> Option<String> {
    let Status::NotCompared(reason) = judged.status else {
        return None;
    };
    let subject = metrics::subject(facts, judged);
    Some(match reason {
        NotCompared::TooFewCalls => {
            let calls = metrics::calls(facts, judged.memory_mb);
            format!(
                "{calls} say too little about latency: 81 warm calls decide by p90, 171 by p95, 891 by p99."
            )
        }
        NotCompared::NotTheModel(cause) => format!(
            "a size that decides could not be judged, and that says nothing about the model: {}.",
            causes::name(cause)
        ),
        NotCompared::SizeNotMeasured => format!(
            "{} has no measurement to compare with.",
            facts.reference().its_size()
        ),
        NotCompared::ReferenceNotMeasured => format!(
            "{} could not be measured where it decides, and that says nothing about this model.",
            facts.reference().name()
        ),
        NotCompared::StoppedEarly => {
            "the run was stopped early, and what it measured by then fails nothing by these limits."
                .to_owned()
        }
        NotCompared::NoBaseline | NotCompared::UnlikeSettings | NotCompared::NothingMeasured => {
            format!("{subject} has nothing to be compared with.")
        }
    })
}

fn why_nothing(facts: Facts<'_>) -> Vec<Inline> {
    let mut words = vec![text("no size could be measured")];
    if let Some((first, others)) = facts.analysis.left_out.split_first() {
        let is_alike = others.iter().all(|it| it.reason == first.reason);
        words.extend([
            text(if is_alike && !others.is_empty() {
                ", all for the same reason: ".to_owned()
            } else {
                format!("; {}: ", first.memory_mb)
            }),
            super::reason(&first.reason, MAX_REASON),
        ]);
    }
    words
}
