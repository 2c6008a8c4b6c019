//! The lower half of the hourglass: a result becomes numbers, a verdict, files and a text.

use std::path::Path;

use super::edges::{Edges, now};
use crate::analysis::{Analysis, DatedPrices, Strategy, analyse};
use crate::aws::AwsError;
use crate::baseline::BaselineUri;
use crate::benchmark::Identity;
use crate::error::Error;
use crate::files::write_atomically;
use crate::gate::{BaselineFile, Entry, Judgement, Limits, judge};
use crate::report::{self, Links, Unmeasured, UnmeasuredVerdict};
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
    /// Where the baseline is kept, for the text that says how to create one.
    pub(super) baseline: Option<&'a BaselineUri>,
    /// Where the measurements are kept, for the same text.
    pub(super) result_file: &'a Path,
    /// Where the files go.
    pub(super) output_dir: &'a Path,
}

/// A judgement, and the entry that would record the run; `None` when nothing was measured.
pub(super) struct Judged {
    pub(super) judgement: Judgement,
    pub(super) entry: Option<Entry>,
}

/// Judges, writes `comment.md` and the HTML report, prints the result.
pub(super) fn conclude(
    it: &Conclusion<'_>,
    baseline: Option<&BaselineFile>,
    edges: &Edges,
) -> Result<Judged, Error> {
    let analysis = Analysis {
        expected_rate_per_s: it.expected_rate,
        ..analyse(it.run, it.prices, it.strategy)
    };
    let history = baseline.and_then(|file| file.history(&it.run.name));
    let judgement = judge(it.run, &analysis, history, &it.limits, now());
    let links = Links {
        baseline: it.baseline.map(ToString::to_string),
        result: Some(it.result_file.display().to_string()),
        ..links(it.run.commit.as_deref(), edges)
    };
    let report = report::compose(it.run, &analysis, &judgement, &links);
    write(it.output_dir, "comment.md", &report::markdown(&report))?;
    write(it.output_dir, report::HTML_REPORT, &report::html(&report))?;
    for (path, text) in report::csv_files(it.run, &analysis, judgement.recommended) {
        write(it.output_dir, path, &text)?;
    }
    for (path, svg) in report::chart_files(it.run, &analysis, &judgement) {
        write(it.output_dir, &path, &svg)?;
    }
    // Colours are taken out again where stdout cannot show them.
    edges.print(&report::terminal(&report, true));
    let entry = judgement
        .recommended
        .map(|recommended| Entry::new(it.run, &analysis, recommended));
    Ok(Judged { judgement, entry })
}

/// Writes `comment.md` and the HTML report of a run that AWS refused before anything was created.
pub(super) fn could_not_measure(
    identity: &Identity,
    error: &AwsError,
    output_dir: &Path,
    edges: &Edges,
) -> Result<(), Error> {
    let commit = identity.commit.as_deref();
    let (reason, hint) = (error.to_string(), error.hint());
    let unmeasured = Unmeasured {
        verdict: UnmeasuredVerdict::CouldNotMeasure,
        name: &identity.name,
        commit,
        run_id: &identity.run_id,
        version: env!("CARGO_PKG_VERSION"),
        at: now(),
        reason: &reason,
        hint: hint.as_deref(),
    };
    let report = report::compose_unmeasured(&unmeasured, &links(commit, edges));
    write(output_dir, "comment.md", &report::markdown(&report))?;
    write(output_dir, report::HTML_REPORT, &report::html(&report))
}

/// The pages of the CI run and of the commit.
fn links(commit: Option<&str>, edges: &Edges) -> Links {
    let server = edges.variable("GITHUB_SERVER_URL");
    let repository = edges.variable("GITHUB_REPOSITORY");
    let page =
        |kind: &str, id: Option<&str>| Some(format!("{}/{}/{kind}/{}", server?, repository?, id?));
    Links {
        run_url: page("actions/runs", edges.variable("GITHUB_RUN_ID")),
        commit_url: page("commit", commit),
        ..Links::default()
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    write_atomically(&path, text.as_bytes()).map_err(|source| Error::Output { path, source })
}
