//! The files of the output folder, by name.

use std::path::{Path, PathBuf};

use crate::analysis::Analysis;
use crate::benchmark::{Journal, Ledger};
use crate::error::{Error, UsageError};
use crate::files::write_atomically;
use crate::gate::Judgement;
use crate::redact::published;
use crate::report::{self, Report};
use crate::result::RunResult;

/// The result.
pub(crate) const RESULT: &str = "result.json";
/// What is written after every call.
pub(crate) const JOURNAL: &str = "measurements.jsonl";
/// The same for a second measurement.
const SECOND_JOURNAL: &str = "measurements-2.jsonl";
/// What the run may create.
pub(crate) const LEDGER: &str = "ledger.json";
/// The comment of the pull request.
const COMMENT: &str = "comment.md";
/// What was downloaded of AWS's price list.
const PRICES: &str = "prices.json";
/// The samples of a simulated model.
const SAMPLES: &str = "samples.jsonl";

/// An output folder.
#[derive(Debug, Clone)]
pub(crate) struct OutputFiles(PathBuf);

impl OutputFiles {
    /// Those of a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Makes sure that the folder can be written to, before anything costs money, and deletes the
    /// files of an earlier run, which would otherwise pass for this one's after a crash.
    pub(crate) fn claim(&self) -> Result<Journal, Error> {
        self.clear()?;
        let path = self.journal();
        let journal = Journal::create(&path);
        Ok(journal.map_err(|source| UsageError::Output { path, source })?)
    }

    /// Deletes the files of an earlier run.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        for name in [RESULT, COMMENT, report::HTML_REPORT] {
            self.write(name, b"")?;
            let path = self.0.join(name);
            std::fs::remove_file(&path).map_err(|source| UsageError::Output { path, source })?;
        }
        Ok(())
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// `result.json`.
    pub(crate) fn result(&self) -> PathBuf {
        self.0.join(RESULT)
    }

    /// `measurements.jsonl`.
    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join(JOURNAL)
    }

    /// `measurements-2.jsonl`.
    pub(crate) fn second_journal(&self) -> PathBuf {
        self.0.join(SECOND_JOURNAL)
    }

    /// `ledger.json`.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.0.join(LEDGER)
    }

    /// `prices.json`.
    pub(crate) fn prices(&self) -> PathBuf {
        self.0.join(PRICES)
    }

    /// The HTML report.
    pub(crate) fn html_report(&self) -> PathBuf {
        self.0.join(report::HTML_REPORT)
    }

    /// Comes before the first create call.
    pub(crate) fn write_ledger(&self, ledger: &Ledger) -> Result<(), Error> {
        let path = self.ledger();
        let written = ledger.write(&path);
        Ok(written.map_err(|source| UsageError::Output { path, source })?)
    }

    /// Writes the samples of a simulated model; returns their path.
    pub(crate) fn write_samples(&self, json_lines: &str) -> Result<PathBuf, Error> {
        self.write(SAMPLES, json_lines.as_bytes())?;
        Ok(self.0.join(SAMPLES))
    }

    /// Comment and HTML report: files that people show each other.
    pub(crate) fn write_report(&self, report: &Report) -> Result<(), Error> {
        let (comment, page) = (report::markdown(report), report::html(report));
        self.write(COMMENT, published(&comment).as_bytes())?;
        self.write(report::HTML_REPORT, published(&page).as_bytes())
    }

    /// CSV files and charts.
    pub(crate) fn write_tables(
        &self,
        run: &RunResult,
        analysis: &Analysis,
        judgement: &Judgement,
    ) -> Result<(), Error> {
        for (name, text) in report::csv_files(run, analysis, judgement.recommended) {
            self.write(name, text.as_bytes())?;
        }
        for (name, svg) in report::chart_files(run, analysis, judgement) {
            self.write(&name, svg.as_bytes())?;
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.0.join(name);
        let written = write_atomically(&path, bytes);
        Ok(written.map_err(|source| UsageError::Output { path, source })?)
    }
}
