//! The text below the table: what to do.

use super::document::{Inline, code, link, name, text};
use super::notes::labelled;
use super::{Facts, Links, causes, numbers, sanitise};
use crate::gate::{
    ACCEPT_LABEL, KeyDifference, MeasuredInTurn, MetricJudgement, NotCompared, Setting, Status,
    Undecided, Verdict,
};
use crate::result::{Cause, EndpointOutcome, EndpointRun, MAX_ROUNDS, RunResult, Service};
use crate::text::shell_word;

/// Longest login on GitHub.
const MAX_LOGIN: usize = 39;

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
    let busy = Status::Undecided(Undecided::BusyMachine);
    if facts.judgement.all_metrics().any(|it| it.status == busy) {
        return vec![
            text("measure beside main's image, "),
            code("--against-image-uri"),
            text(", as both then have the same machine; or on one that does nothing else."),
        ];
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
                | Undecided::RunnerStalled
                | Undecided::BusyMachine,
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
