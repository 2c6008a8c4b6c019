//! The text below the table: why, and what to do.

use super::document::{Inline, code, link, name, text};
use super::notes::labelled;
use super::{Facts, Links, causes, metrics, numbers, sanitise};
use crate::gate::{
    ACCEPT_LABEL, Ceiling, CeilingOutcome, Compared, Comparison, KeyDifference, MeasuredInTurn,
    MetricJudgement, NotCompared, Rule, Setting, Status, Tail, Undecided, Value, Verdict,
};
use crate::result::{Cause, EndpointOutcome, EndpointRun, MAX_ROUNDS, RunResult, Service};
use crate::text::shell_word;
use crate::units::{MemoryMb, Ratio};

/// Longest reason that is shown in a sentence.
const MAX_REASON: usize = 300;
/// Longest login on GitHub.
const MAX_LOGIN: usize = 39;

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
            format!("{both}: this cannot be told from noise, and passes.")
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

/// The next step for the reader.
pub(super) fn what_to_do(facts: Facts<'_>, links: &Links) -> Option<Vec<Inline>> {
    let words = match facts.judgement.verdict {
        Verdict::Pass => vec![text("nothing.")],
        Verdict::Fail => fix_or_allow(facts, links),
        Verdict::Accepted => nothing_more(facts),
        Verdict::NoBaseline if links.is_unverified() => vec![text(format!(
            "create a baseline: measure {}.",
            facts.reference().name()
        ))],
        Verdict::NoBaseline => vec![text(format!(
            "create a baseline: measure {}, or store this result.",
            facts.reference().name()
        ))],
        Verdict::Inconclusive if !facts.judgement.unlike.is_empty() => {
            vec![text(other_settings(facts))]
        }
        Verdict::Inconclusive => remedy(facts, links),
        Verdict::CouldNotMeasure => after_failure(facts, links),
        Verdict::NotRun => return None,
    };
    Some(labelled("What to do:", words))
}

/// `run the check again`, with the page that has the button.
fn run_again(links: &Links) -> Inline {
    let words = "run the check again";
    match &links.run_url {
        Some(url) => link(words, url),
        None => text(words),
    }
}

/// How runs become alike.
fn other_settings(facts: Facts<'_>) -> &'static str {
    let is_place = |it: &KeyDifference| it.setting == Setting::Place;
    if facts.judgement.unlike.iter().any(is_place) {
        "latencies of two machines, or of a machine and SageMaker, say nothing about each other: record a baseline \
         where this run was measured, under a name of its own (--name or --baseline)."
    } else {
        "measure with the settings of the baseline, or record a baseline with these."
    }
}

/// Where to look for the cause of a model's failure.
fn after_failure(facts: Facts<'_>, links: &Links) -> Vec<Inline> {
    let mut words = vec![
        text("fix the error and "),
        run_again(links),
        text("; the details list every size."),
    ];
    let is_of_model = |run: &&EndpointRun| matches!(&run.outcome, EndpointOutcome::StoppedEarly { cause, .. } if *cause == Cause::Model);
    if let Some(run) = facts.run.stability.iter().find(is_of_model) {
        words.extend([
            text(" The container wrote to the log group "),
            code(format!("/aws/sagemaker/Endpoints/{}", run.endpoint_name)),
            text(if run.container_log.is_empty() {
                "."
            } else {
                ", and its last lines are in the HTML report."
            }),
        ]);
    }
    words
}

/// Who accepted what, and what follows.
fn nothing_more(facts: Facts<'_>) -> Vec<Inline> {
    let mut words = vec![text("nothing. ")];
    if let Some(acceptance) = &facts.judgement.acceptance {
        words.extend([
            name(&sanitise::shortened(&acceptance.by, MAX_LOGIN)),
            text(format!(
                " accepted these values on {} with the label ",
                numbers::moment(acceptance.at)
            )),
            code(ACCEPT_LABEL),
        ]);
        if let Some(commit) = &acceptance.commit {
            words.extend([text(" at commit "), name(&super::short_commit(commit))]);
        }
        words.push(text("; worse ones fail again. "));
    }
    // A reference follows main by itself.
    if facts.reference().in_turn().is_some() {
        return words;
    }
    words.push(text(format!(
        "After the merge, the next run of {} starts a new baseline.",
        facts.reference().name()
    )));
    words
}

fn fix_or_allow(facts: Facts<'_>, links: &Links) -> Vec<Inline> {
    let mut words = vec![text("make the model faster or smaller and push again. ")];
    if links.can_be_labelled {
        words.extend([
            text("If this is intended, add the label "),
            code(ACCEPT_LABEL),
            text(" and "),
            run_again(links),
            text(if facts.judgement.is_stopped_early() {
                ": it is then measured to the end, and shows what there is to accept. "
            } else {
                ": these values, and no worse ones, are then accepted for this pull request. "
            }),
            text(match links.label_needs {
                None => "Whoever may triage or write in this repository may label. ".to_owned(),
                Some(permission) => format!(
                    "The label counts from whoever has the permission {} of this repository. ",
                    permission.name()
                ),
            }),
        ]);
    } else if links.run_url.is_some() {
        words.extend([text("Or "), run_again(links), text(". ")]);
    }
    words.extend(allowing(facts, links));
    words
}

/// The limits that would allow it.
fn allowing(facts: Facts<'_>, links: &Links) -> Vec<Inline> {
    let allowances = &facts.judgement.allowances;
    if facts.reference().in_turn().is_some() {
        return Vec::new();
    }
    if allowances.is_empty() {
        return vec![
            text("Which limit would allow it shows a run without "),
            code("--fail-fast"),
            text("."),
        ];
    }
    let mut words = vec![text("To allow as much from now on: ")];
    for (index, it) in allowances.iter().enumerate() {
        if index > 0 {
            words.push(text(" and "));
        }
        // In a workflow it is an input of the step, elsewhere a flag.
        words.push(code(if links.run_url.is_some() {
            format!("{}: {it}", it.name())
        } else {
            format!("--{} {}", it.name(), shell_word(&it.to_string()))
        }));
    }
    words.push(text("."));
    words
}

fn remedy(facts: Facts<'_>, links: &Links) -> Vec<Inline> {
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
    if let Some(it) = facts.reference().in_turn() {
        return more_rounds(facts, it, links);
    }
    match facts.missing_runs() {
        Some(missing) => {
            let verb = match facts.reference().branch() {
                Some(_) => "record",
                None => "compare with",
            };
            vec![
                text(format!("{verb} {} and ", facts.reference().more(missing))),
                run_again(links),
                text("."),
            ]
        }
        None => vec![
            text("measure again, with more calls: "),
            code("--invocations"),
            text("."),
        ],
    }
}

/// How a run beside a reference comes to decide.
fn more_rounds(facts: Facts<'_>, it: &MeasuredInTurn, links: &Links) -> Vec<Inline> {
    let missed = Status::NotCompared(NotCompared::ReferenceNotMeasured);
    let mut metrics = facts.judgement.metrics.iter();
    if metrics.any(|judged| judged.status == missed) {
        return vec![run_again(links), text(".")];
    }
    let mut words = vec![
        text("measure again, with more calls: "),
        code("--invocations"),
    ];
    if it.rounds < MAX_ROUNDS {
        words.extend([text(", or more rounds: "), code("--rounds")]);
    }
    words.push(text("."));
    words
}

impl Facts<'_> {
    /// Runs that a young baseline lacks to decide.
    pub(super) fn missing_runs(&self) -> Option<usize> {
        let mut all = self.judgement.all_metrics();
        all.find_map(|judged| match judged.status {
            Status::Undecided(Undecided::YoungBaseline { missing_runs }) => Some(missing_runs),
            Status::Undecided(
                Undecided::BandTooWide
                | Undecided::TooFewForCeiling
                | Undecided::ServerStoodStill
                | Undecided::RunnerStalled,
            )
            | Status::Pass
            | Status::Improved
            | Status::Fail
            | Status::WithinNoise
            | Status::NotCompared(_)
            | Status::Off => None,
        })
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

/// The lines that create a baseline, where there is none.
pub(super) fn commands(facts: Facts<'_>, links: &Links) -> Vec<String> {
    match facts.judgement.verdict {
        // Names of a forged result are no part of a command.
        _ if links.is_unverified() => Vec::new(),
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
    let word = shell_word;
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
    let record = format!("sagegate record --result {result}{baseline}");
    // Its model is an image of this machine, which the result does not name.
    if matches!(run.service, Service::Local(_)) {
        return vec![record];
    }
    let (model, samples) = (word(&run.model_name), word(&run.samples.source));
    vec![
        format!(
            "sagegate run --mode record --model-name {model}{name} --samples {samples}{baseline}"
        ),
        record,
    ]
}
