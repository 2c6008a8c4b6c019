//! The text below the table: why, and what to do.

use super::document::{Inline, code, name, text};
use super::notes::labelled;
use super::{Facts, Links, causes, metrics, numbers, reason, sanitise};
use crate::gate::{
    ACCEPT_LABEL, Bound, Comparison, Metric, MetricJudgement, NotCompared, Rule, Status, Undecided,
    Value, Verdict,
};
use crate::result::{Cause, RunResult};
use crate::units::MemoryMb;

/// Longest reason that is shown in a sentence.
const MAX_REASON: usize = 300;
/// Longest login on GitHub.
const MAX_LOGIN: usize = 39;

/// Why the verdict is what it is.
pub(super) fn why(facts: Facts<'_>) -> Option<Vec<Inline>> {
    let words = match facts.judgement.verdict {
        Verdict::Pass => facts
            .explained()
            .map(|judged| vec![text(change(facts, judged))]),
        Verdict::Fail | Verdict::Accepted => Some(why_failed(facts)),
        Verdict::NoBaseline => Some(vec![text(
            "nothing is stored for this model yet, so only ceilings are judged.",
        )]),
        Verdict::Inconclusive => Some(why_undecided(facts)),
        Verdict::CouldNotMeasure => Some(why_nothing(facts)),
        Verdict::NotRun => None,
    };
    words.map(|words| labelled("Why:", words))
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

/// A sentence for a larger size, and one for the first of the other metrics.
fn why_failed(facts: Facts<'_>) -> Vec<Inline> {
    let failing = facts.failing();
    let memory = failing.iter().find_map(|judged| match judged.comparison {
        Comparison::Sizes { baseline, now, .. } => Some(memory_sentence(facts, baseline, now)),
        Comparison::Compared(_) | Comparison::Bounded { .. } | Comparison::NotCompared { .. } => {
            None
        }
    });
    let is_other = |judged: &&&MetricJudgement| judged.metric != Metric::RecommendedMemory;
    let other = failing.iter().find(is_other);
    let other = other.map(|judged| change(facts, judged));
    let sentences: Vec<String> = memory.into_iter().chain(other).collect();
    vec![text(sentences.join(" "))]
}

fn memory_sentence(facts: Facts<'_>, old: MemoryMb, new: MemoryMb) -> String {
    if facts.analysis.size(old).is_none() {
        format!("{old}, the size that main uses, no longer works; {new} is the best that does.")
    } else {
        format!(
            "{new} is better than {old}, the size that main uses, by more than 10 % and by more than noise."
        )
    }
}

/// `p99 at 2048 MB is +24 % (412 → 511 ms) against the mean of the last 5 main runs. …`
fn change(facts: Facts<'_>, judged: &MetricJudgement) -> String {
    let subject = metrics::subject(judged);
    if let Some((now, ceiling)) = judged.above_ceiling() {
        let (now, ceiling) = (numbers::in_words(now), numbers::in_words(ceiling));
        return format!(
            "{subject} is {now}, above the ceiling of {ceiling}, which needs no baseline."
        );
    }
    let Some(compared) = judged.compared() else {
        return format!("{subject} was not compared.");
    };
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
        "{subject} is {at_least}{}{values} against {}. Identical code stays within +{} (3 sigma of this run's sampling error and \
         of the run-to-run noise); {}",
        numbers::percent(compared.increase),
        runs(facts),
        numbers::share(compared.band.increase),
        conclusion(facts, judged),
    )
}

fn runs(facts: Facts<'_>) -> String {
    match facts
        .judgement
        .baseline
        .as_ref()
        .map_or(0, |baseline| baseline.runs)
    {
        0 | 1 => "the last main run".to_owned(),
        runs => format!("the mean of the last {runs} main runs"),
    }
}

fn conclusion(facts: Facts<'_>, judged: &MetricJudgement) -> String {
    let limit = judged
        .limit()
        .map_or_else(|| "there is no limit".to_owned(), limit_words);
    match judged.status {
        Status::Fail if facts.judgement.verdict == Verdict::Accepted => {
            format!("{limit}, so this would fail, and it was accepted.")
        }
        Status::Fail => format!("{limit}, so this fails."),
        Status::Pass => format!("{limit}, so this passes."),
        Status::Improved => "this is better by more than that.".to_owned(),
        Status::WithinNoise => {
            format!("{limit}, so this cannot be distinguished from noise and passes.")
        }
        Status::Undecided(Undecided::YoungBaseline { missing_runs }) => {
            let more = numbers::plural(missing_runs, "more main run");
            format!("the change is beyond the tolerance, and telling it from noise takes {more}.")
        }
        Status::Undecided(Undecided::BandTooWide) => "a band above 50 % judges nothing.".to_owned(),
        Status::NotCompared(_) => "it was not compared.".to_owned(),
        Status::Off => "it is not judged.".to_owned(),
    }
}

fn limit_words(bound: Bound) -> String {
    match bound.rule {
        Rule::Tolerance(tolerance) => {
            format!(
                "the limit is the larger of that and {}",
                numbers::share(tolerance)
            )
        }
        Rule::AbsoluteTolerance(step) => {
            format!(
                "the limit is the larger of that and {}",
                numbers::in_words(step)
            )
        }
        Rule::NoiseBand(_) => "the limit is the larger of that and the tolerance".to_owned(),
        Rule::Ceiling => format!(
            "the limit is the ceiling of {}",
            numbers::in_words(bound.value)
        ),
        Rule::MemoryIncrease(step) => format!("the limit is {step} MB more"),
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
        Some(judged) => change(facts, judged),
        None => facts
            .judgement
            .metrics
            .iter()
            .find_map(not_compared)
            .unwrap_or_else(|| "nothing could be compared.".to_owned()),
    };
    vec![text(words)]
}

fn not_compared(judged: &MetricJudgement) -> Option<String> {
    let Status::NotCompared(reason) = judged.status else {
        return None;
    };
    let subject = metrics::subject(judged);
    Some(match reason {
        NotCompared::TooFewCalls => format!("{subject} needs at least 81 warm calls to be judged."),
        NotCompared::NotTheModel(cause) => format!(
            "a size that decides could not be judged, and that says nothing about the model: {}.",
            causes::name(cause)
        ),
        NotCompared::SizeNotMeasured => {
            "the size that main uses has no measurement to compare with.".to_owned()
        }
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
            reason(&first.reason, MAX_REASON),
        ]);
    }
    words
}

/// The next step for the reader.
pub(super) fn what_to_do(facts: Facts<'_>, links: &Links) -> Option<Vec<Inline>> {
    let words = match facts.judgement.verdict {
        Verdict::Pass => vec![text("nothing.")],
        Verdict::Fail => fix_or_allow(facts, links),
        Verdict::Accepted => nothing_more(facts),
        Verdict::NoBaseline => vec![text(
            "create a baseline: measure main, or store this result.",
        )],
        Verdict::Inconclusive if !facts.judgement.unlike.is_empty() => {
            vec![text(
                "measure with the settings of the baseline, or record a baseline with these.",
            )]
        }
        Verdict::Inconclusive => remedy(facts),
        Verdict::CouldNotMeasure => vec![text(
            "fix the error and run again; the details list every size.",
        )],
        Verdict::NotRun => return None,
    };
    Some(labelled("What to do:", words))
}

/// Who accepted what, and what follows.
fn nothing_more(facts: Facts<'_>) -> Vec<Inline> {
    let mut words = vec![text("nothing. ")];
    if let Some(acceptance) = &facts.judgement.acceptance {
        words.extend([
            name(&sanitise::shortened(&acceptance.by, MAX_LOGIN)),
            text(format!(
                " accepted these values on {} with the label ",
                acceptance.at.strftime("%Y-%m-%d %H:%M UTC")
            )),
            code(ACCEPT_LABEL),
        ]);
        if let Some(commit) = &acceptance.commit {
            words.extend([text(" at commit "), name(&super::short_commit(commit))]);
        }
        words.push(text("; worse ones fail again. "));
    }
    words.push(text(
        "After the merge, main's next run starts a new baseline.",
    ));
    words
}

fn fix_or_allow(facts: Facts<'_>, links: &Links) -> Vec<Inline> {
    let intended = "make the model faster or smaller and push again. If this is intended, ";
    if links.can_be_labelled && facts.judgement.is_stopped_early() {
        return vec![
            text(format!("{intended}add the label ")),
            code(ACCEPT_LABEL),
            text(
                " and run the check again: it is then measured to the end, and shows what there is to accept.",
            ),
        ];
    }
    if links.can_be_labelled {
        return vec![
            text(format!("{intended}add the label ")),
            code(ACCEPT_LABEL),
            text(
                " and run the check again: these values, and no worse ones, are then accepted for this pull request.",
            ),
        ];
    }
    let mut words = vec![text(format!("{intended}allow it with "))];
    for (index, flag) in flags(facts).into_iter().enumerate() {
        if index > 0 {
            words.push(text(" and "));
        }
        words.push(code(flag));
    }
    words.push(text("."));
    words
}

fn remedy(facts: Facts<'_>) -> Vec<Inline> {
    if facts.judgement.is_stopped_early() {
        return vec![
            text("measure again, without "),
            code("--fail-fast"),
            text("."),
        ];
    }
    let foreign = facts.judgement.metrics.iter().find_map(foreign_cause);
    if let Some(cause) = foreign {
        return vec![text(causes::remedy(cause))];
    }
    let young = facts
        .judgement
        .all_metrics()
        .find_map(|judged| match judged.status {
            Status::Undecided(Undecided::YoungBaseline { missing_runs }) => Some(missing_runs),
            Status::Undecided(Undecided::BandTooWide)
            | Status::Pass
            | Status::Improved
            | Status::Fail
            | Status::WithinNoise
            | Status::NotCompared(_)
            | Status::Off => None,
        });
    match young {
        Some(1) => vec![text("record one more run of main and run again.")],
        Some(missing) => vec![text(format!(
            "record {missing} more runs of main and run again."
        ))],
        None => vec![
            text("measure again, with more calls: "),
            code("--invocations"),
            text("."),
        ],
    }
}

fn foreign_cause(judged: &MetricJudgement) -> Option<Cause> {
    match judged.status {
        Status::NotCompared(NotCompared::NotTheModel(cause)) => Some(cause),
        Status::NotCompared(_)
        | Status::Undecided(_)
        | Status::Pass
        | Status::Improved
        | Status::Fail
        | Status::WithinNoise
        | Status::Off => None,
    }
}

/// The flags that would allow what fails.
fn flags(facts: Facts<'_>) -> Vec<&'static str> {
    let mut flags: Vec<&str> = Vec::new();
    for judged in facts.failing() {
        let by_ceiling = judged.above_ceiling().is_some();
        let flag = match judged.metric {
            Metric::RecommendedMemory => "--max-memory-increase",
            Metric::Latency(_) | Metric::LatencyAllSizes(_) if by_ceiling => "--max-p99",
            Metric::Latency(_) | Metric::LatencyAllSizes(_) => "--max-p99-increase",
            Metric::CostPerMillion | Metric::CostAllSizes if by_ceiling => "--max-cost",
            Metric::CostPerMillion | Metric::CostAllSizes => "--max-cost-increase",
        };
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    flags
}

/// The lines that create a baseline, where there is none.
pub(super) fn commands(facts: Facts<'_>, links: &Links) -> Vec<String> {
    match facts.judgement.verdict {
        Verdict::NoBaseline => creating_lines(facts.run, links),
        Verdict::Pass
        | Verdict::Fail
        | Verdict::Accepted
        | Verdict::Inconclusive
        | Verdict::NotRun
        | Verdict::CouldNotMeasure => Vec::new(),
    }
}

fn creating_lines(run: &RunResult, links: &Links) -> Vec<String> {
    let word = sanitise::shell_word;
    let name = if run.name == run.model_name {
        String::new()
    } else {
        format!(" --name {}", word(&run.name))
    };
    let baseline = links
        .baseline
        .as_deref()
        .map(|uri| format!(" --baseline {}", word(uri)))
        .unwrap_or_default();
    let result = word(links.result.as_deref().unwrap_or("result.json"));
    let (model, samples) = (word(&run.model_name), word(&run.samples.source));
    vec![
        format!(
            "sagegate run --mode record --model-name {model}{name} --samples {samples}{baseline}"
        ),
        format!("sagegate record --result {result}{baseline}"),
    ]
}
