//! PURE: one document for people, rendered as a comment, a page and terminal text.
//!
//! [`compose`] resolves every number and every word; the renderings only lay them out.

mod advice;
mod baseline;
mod calibration;
mod causes;
mod charts;
mod csv;
mod document;
mod figures;
mod findings;
mod headline;
mod html;
mod in_turn;
mod inline;
mod line_breaks;
mod markdown;
mod mermaid;
mod metrics;
mod notes;
mod numbers;
mod outputs;
mod pair_calibration;
mod reference;
mod sanitise;
mod sections;
mod table;
mod terminal;
mod unmeasured;
mod why;

use jiff::Timestamp;

pub use self::calibration::{calibration, seeded};
pub use self::csv::{CsvFile, csv_files};
use self::document::{Block, Inline, code, link, name, plain, text};
use self::findings::Beyond;
pub use self::findings::{Consequence, Finding, Gravity, findings};
pub use self::html::html;
pub use self::markdown::{markdown, summary};
pub use self::outputs::Numbers;
pub use self::pair_calibration::calibration_of_pairs;
use self::table::Table;
pub use self::terminal::{Color, terminal};
pub use self::unmeasured::{Unmeasured, UnmeasuredVerdict, compose_unmeasured};
use crate::analysis::{Analysis, Strategy};
use crate::gate::{Judgement, Permission, Shown, Verdict};
use crate::marker::{Key, Leg, Marker};
use crate::result::RunResult;

/// Where the HTML report goes in the output folder: the toolkit's place.
pub const HTML_REPORT: &str = "benchmarking_report/benchmarking_report.html";

/// Characters shown of a commit hash.
const SHORT_COMMIT: usize = 7;

/// Where a reader can go from the report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The page of the CI run. Anything but a plain http(s) address is not linked.
    pub run_url: Option<String>,
    /// The page of the commit. Anything but a plain http(s) address is not linked.
    pub commit_url: Option<String>,
    /// The baseline store as the user gave it, for the lines that create a baseline; `None` for the
    /// default.
    pub baseline: Option<String>,
    /// The saved result, for the same lines; `None` for `result.json` in the current folder.
    pub result: Option<String>,
    /// Whether the report goes to a pull request, where a label can accept a regression.
    pub can_be_labelled: bool,
    /// The permission that a label counts with; `None` where whoever may label may accept.
    pub label_needs: Option<Permission>,
    /// Name of the workflow: part of the comment's key, so that each workflow keeps its own
    /// comment.
    pub workflow: Option<String>,
    /// Number and attempt of the CI run that writes the comment, where another one measured.
    pub written_by: Option<String>,
}

impl Links {
    /// Whether the numbers come from the run of another workflow, which a pull request may have
    /// forged: then nothing of them becomes an instruction.
    const fn is_unverified(&self) -> bool {
        self.written_by.is_some()
    }
}

/// Everything a reader sees, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    verdict: Verdict,
    marker: Marker,
    headline: Vec<Inline>,
    /// What it is compared with.
    baseline: Option<Vec<Inline>>,
    notes: Vec<Vec<Inline>>,
    metrics: Option<Table>,
    /// Why, a paragraph for each reason.
    why: Vec<Vec<Inline>>,
    commands: Vec<String>,
    /// Each metric beyond its limit.
    beyond: Vec<Beyond>,
    /// What to do.
    remedy: Option<Vec<Inline>>,
    sizes: Option<Table>,
    sections: Vec<Section>,
    /// What failed containers wrote: not for the comment.
    container_log: Option<Section>,
    footer: Vec<Inline>,
    /// Whether a gate had something to say.
    is_judged: bool,
}

/// A folded part of the report.
#[derive(Debug, Clone, PartialEq)]
struct Section {
    summary: String,
    blocks: Vec<Block>,
}

/// What every part of the report is written from.
#[derive(Clone, Copy)]
struct Facts<'a> {
    run: &'a RunResult,
    analysis: &'a Analysis,
    /// The model that was measured in turn with this one.
    beside: Option<&'a Analysis>,
    judgement: &'a Judgement,
}

/// Writes the report of a run.
pub fn compose(
    run: &RunResult,
    analysis: &Analysis,
    judgement: &Judgement,
    links: &Links,
) -> Report {
    let beside = analysis.of_reference(run);
    let facts = Facts {
        run,
        analysis,
        beside: beside.as_ref(),
        judgement,
    };
    let sizes = sections::sizes_table(facts);
    Report {
        verdict: judgement.verdict,
        marker: judged_marker(facts, links),
        headline: headline::headline(facts),
        baseline: baseline::line(facts),
        notes: notes::notes(facts, links),
        metrics: has_numbers(judgement).then(|| metrics::table(facts)),
        why: why::why(facts),
        commands: advice::commands(facts, links),
        beyond: findings::beyond(facts),
        remedy: advice::what_to_do(facts, links),
        sections: sections::all(facts, &sizes),
        container_log: sections::container_log(facts),
        sizes: (!sizes.rows().is_empty()).then_some(sizes),
        footer: footer(
            run.commit.as_deref(),
            &run.run_id,
            &run.sagegate_version,
            links,
        ),
        is_judged: true,
    }
}

/// Writes the report of a run that is compared with nothing: what it recommends, and what that
/// serves.
pub fn compose_measurement(
    run: &RunResult,
    analysis: &Analysis,
    judgement: &Judgement,
    links: &Links,
) -> Report {
    let report = compose(run, analysis, judgement, links);
    let beside = analysis.of_reference(run);
    let facts = Facts {
        run,
        analysis,
        beside: beside.as_ref(),
        judgement,
    };
    let Some(headline) = headline::of_measurement(facts) else {
        return report;
    };
    Report {
        headline,
        metrics: None,
        baseline: None,
        why: sections::serving(facts),
        remedy: None,
        commands: Vec::new(),
        is_judged: false,
        ..report
    }
}

/// Whether there is anything to put into the table.
fn has_numbers(judgement: &Judgement) -> bool {
    judgement.verdict != Verdict::CouldNotMeasure
}

/// Every chart of a run: path in the output folder, and SVG.
pub fn chart_files(
    run: &RunResult,
    analysis: &Analysis,
    judgement: &Judgement,
) -> Vec<(String, String)> {
    figures::all(Facts {
        run,
        analysis,
        beside: analysis.of_reference(run).as_ref(),
        judgement,
    })
}

/// The verdict with its three numbers, at most 120 characters, without markup.
pub fn headline(report: &Report) -> String {
    plain(&report.headline)
}

impl Report {
    /// The verdict that the report explains.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Why, and what to do.
    fn advice(&self) -> impl Iterator<Item = &Vec<Inline>> {
        self.why.iter().chain(&self.remedy)
    }

    /// What is always visible: everything up to the folded sections.
    fn visible(&self) -> Vec<Block> {
        let mut blocks = vec![Block::Heading(self.headline.clone())];
        blocks.extend(self.baseline.clone().map(Block::Paragraph));
        blocks.extend(self.notes.iter().cloned().map(Block::Paragraph));
        blocks.extend(self.metrics.clone().map(Block::Table));
        blocks.extend(self.advice().cloned().map(Block::Paragraph));
        if !self.commands.is_empty() {
            blocks.push(Block::Lines(self.commands.clone()));
        }
        blocks
    }
}

impl Section {
    fn block(&self) -> Block {
        Block::Details {
            summary: self.summary.clone(),
            blocks: self.blocks.clone(),
        }
    }
}

/// The key of a run's comment.
pub fn comment_key(run: &RunResult, strategy: Strategy, links: &Links) -> Key {
    Key::new(&run.name, links.workflow.as_deref()).of_leg(&Leg::of(run, strategy))
}

/// Identifies the comment: which gate, which commit, which run, when.
fn marker(key: Key, commit: Option<&str>, run: &str, at: Timestamp, links: &Links) -> Marker {
    Marker {
        key,
        commit: commit.map(str::to_owned),
        run: Some(links.written_by.as_deref().unwrap_or(run).to_owned()),
        at: Some(at),
        shown: None,
        acceptance: None,
    }
}

/// The marker of a judged run: with what a label accepts later, and what it has accepted already.
fn judged_marker(facts: Facts<'_>, links: &Links) -> Marker {
    let run = facts.run;
    let marker = marker(
        comment_key(run, facts.analysis.strategy, links),
        run.commit.as_deref(),
        &run.run_id,
        run.finished_at,
        links,
    );
    if links.can_be_labelled && !facts.judgement.is_stopped_early() {
        Marker {
            shown: Some(Shown::of(facts.judgement, facts.analysis)),
            acceptance: facts.judgement.acceptance.clone(),
            ..marker
        }
    } else {
        marker
    }
}

fn footer(commit: Option<&str>, run_id: &str, version: &str, links: &Links) -> Vec<Inline> {
    let linked = |label: &str, url: Option<&String>| match url {
        Some(url) => link(label, url),
        None => name(label),
    };
    let mut words = Vec::new();
    if let Some(commit) = commit {
        words.extend([
            text("Commit "),
            linked(&short_commit(commit), links.commit_url.as_ref()),
            text(" · "),
        ]);
    }
    words.extend([
        text("run "),
        linked(run_id, links.run_url.as_ref()),
        text(" · sagegate "),
        name(version),
    ]);
    words
}

fn short_commit(commit: &str) -> String {
    commit.chars().take(SHORT_COMMIT).collect()
}

/// A reason that AWS, the model or a file gave: untrusted, and possibly long.
fn reason(words: &str, max: usize) -> Inline {
    code(sanitise::shortened(words, max))
}

#[cfg(test)]
mod tests;
