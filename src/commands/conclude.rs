//! The lower half of the hourglass: a result becomes numbers, a verdict, files and a text.

use std::path::{Path, PathBuf};

use super::accept::accepted_by_label;
use super::edges::{Edges, now};
use super::publish::{Publishing, Told};
use crate::analysis::{Analysis, DatedPrices, Strategy, Wanted, analyse};
use crate::baseline::BaselineUri;
use crate::error::Error;
use crate::files::write_atomically;
use crate::gate::{BaselineFile, Entry, Judgement, Limits, Policy, Status, Verdict, judge};
use crate::github::{Context, Event};
use crate::report::{self, Consequence, Links, Report, Unmeasured};
use crate::result::RunResult;

/// What a conclusion is drawn from.
pub(super) struct Conclusion<'a> {
    /// The measurements.
    pub(super) run: &'a RunResult,
    /// Prices of the run's region.
    pub(super) prices: &'a DatedPrices,
    /// How the size is chosen.
    pub(super) strategy: Strategy,
    /// Invocations per second that the user expects.
    pub(super) expected_rate: Option<f64>,
    /// What is allowed.
    pub(super) limits: Limits,
    /// What a verdict that judges nothing does to the exit code.
    pub(super) policy: Policy,
    /// Whether the verdict decides the exit code: not where the run is added to the baseline, nor without a gate.
    pub(super) is_gate: bool,
    /// Where the baseline is kept, for the text that says how to create one.
    pub(super) baseline: Option<&'a BaselineUri>,
    /// Where the measurements are kept, for the same text.
    pub(super) result_file: &'a Path,
    /// Where the files go.
    pub(super) output_dir: &'a Path,
    /// Whether a file that cannot be written ends the command: not where measurements would be lost by that.
    pub(super) needs_files: bool,
    /// Where it is told.
    pub(super) publishing: &'a Publishing,
}

/// A judgement, its report, and the entry that would record the run; `None` when nothing was measured.
pub(super) struct Judged {
    pub(super) judgement: Judgement,
    pub(super) entry: Option<Entry>,
    analysis: Analysis,
    report: Report,
}

/// Judges, writes `comment.md` and the HTML report, prints the result.
pub(super) async fn conclude(
    it: &Conclusion<'_>,
    baseline: Option<&BaselineFile>,
    edges: &Edges,
) -> Result<Judged, Error> {
    let wanted = Wanted {
        strategy: it.strategy,
        expected_rate_per_s: it.expected_rate,
    };
    let analysis = analyse(it.run, it.prices, wanted);
    let history = baseline.and_then(|file| file.history(&it.run.name));
    // A run of main is recorded whatever a label says.
    let conversation = it.publishing.conversation.as_ref().ok();
    let conversation = conversation.filter(|_| it.is_gate);
    let links = Links {
        baseline: it.baseline.map(ToString::to_string),
        result: Some(it.result_file.display().to_string()),
        can_be_labelled: conversation.is_some(),
        ..links(it.run.commit.as_deref(), it.publishing, edges)
    };
    let mut judgement = judge(it.run, &analysis, history, &it.limits, now());
    if let Some(conversation) = conversation {
        let key = report::comment_key(&it.run.name, links.workflow.as_deref());
        if let Some(accepted) = accepted_by_label(conversation, &key, edges).await {
            judgement = judgement.under(accepted);
        }
    }
    let report = report::compose(it.run, &analysis, &judgement, &links);
    match write_files(it, &analysis, &judgement, &report) {
        Err(error) if it.needs_files => return Err(error),
        Err(error) => edges.warn(&error.one_line()),
        Ok(()) => {}
    }
    // Colours are taken out again where stdout cannot show them.
    edges.print(&report::terminal(&report, true));
    let entry = judgement
        .recommended
        .map(|recommended| Entry::new(it.run, &analysis, recommended));
    Ok(Judged {
        judgement,
        entry,
        analysis,
        report,
    })
}

fn write_files(
    it: &Conclusion<'_>,
    analysis: &Analysis,
    judgement: &Judgement,
    report: &Report,
) -> Result<(), Error> {
    write_report(it.output_dir, report)?;
    for (path, text) in report::csv_files(it.run, analysis, judgement.recommended) {
        write(it.output_dir, path, &text)?;
    }
    for (path, svg) in report::chart_files(it.run, analysis, judgement) {
        write(it.output_dir, &path, &svg)?;
    }
    Ok(())
}

/// Tells GitHub what was judged; the exit code.
pub(super) async fn tell(it: &Conclusion<'_>, judged: &Judged, edges: &Edges) -> u8 {
    let verdict = judged.judgement.verdict;
    // Without a measurement there is nothing to record or to show, either.
    let exit_code = if it.is_gate || verdict == Verdict::CouldNotMeasure {
        verdict.exit_code(it.policy)
    } else {
        0
    };
    let told = Told {
        report: &judged.report,
        numbers: &report::outputs(&judged.analysis, &judged.judgement),
        changed: is_change(&judged.judgement),
        consequence: Consequence {
            fails: exit_code != 0,
            is_gate: it.is_gate,
        },
        result: Some(it.result_file),
        html: &html_report(it.output_dir),
    };
    it.publishing.publish(&told, edges).await;
    exit_code
}

/// Whether something differs from the baseline by more than noise, or there is nothing to compare with.
fn is_change(judgement: &Judgement) -> bool {
    let mut metrics = judgement.all_metrics();
    judgement.verdict != Verdict::Pass || metrics.any(|it| it.status == Status::Improved)
}

/// Writes and tells the report of a run without a result; the verdict decides the exit code.
pub(super) async fn tell_unmeasured(
    it: &Unmeasured<'_>,
    consequence: Consequence,
    output_dir: &Path,
    publishing: &Publishing,
    edges: &Edges,
) -> Result<(), Error> {
    let links = links(it.commit, publishing, edges);
    let report = report::compose_unmeasured(it, &links);
    write_report(output_dir, &report)?;
    let told = Told {
        report: &report,
        numbers: &[],
        changed: consequence.fails,
        consequence,
        result: None,
        html: &html_report(output_dir),
    };
    publishing.publish(&told, edges).await;
    Ok(())
}

/// The commit that people see: on a pull request its head and not the merge that is built.
pub(super) fn commit(edges: &Edges) -> Option<String> {
    let given = || edges.variable("GITHUB_SHA").map(str::to_owned);
    match edges.context() {
        Some(context) if context.event != Event::Other => context.head_sha,
        Some(context) => context.head_sha.or_else(given),
        None => given(),
    }
}

/// The pages of the CI run and of the commit, and what else the comment must say of where it comes from.
fn links(commit: Option<&str>, publishing: &Publishing, edges: &Edges) -> Links {
    let context = edges.context();
    let context = context.as_ref();
    let of_commit = |context: &Context| {
        let sha = commit?;
        Some(format!(
            "{}/{}/commit/{sha}",
            context.server_url, context.repository
        ))
    };
    let told = publishing.context.as_ref();
    let written_by = told
        .filter(|it| it.event == Event::WorkflowRun)
        .and_then(|it| {
            let attempt = it.run_attempt.unwrap_or(1);
            Some(format!("{}-{attempt}", it.run_id.as_deref()?))
        });
    Links {
        run_url: context.and_then(Context::run_url),
        commit_url: context.and_then(of_commit),
        workflow: publishing.workflow().map(str::to_owned),
        written_by,
        ..Links::default()
    }
}

fn html_report(output_dir: &Path) -> PathBuf {
    output_dir.join(report::HTML_REPORT)
}

fn write_report(folder: &Path, report: &Report) -> Result<(), Error> {
    write(folder, "comment.md", &report::markdown(report))?;
    write(folder, report::HTML_REPORT, &report::html(report))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    write_atomically(&path, text.as_bytes()).map_err(|source| Error::Output { path, source })
}
