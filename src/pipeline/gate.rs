//! Judges a result by the baseline, and records it where the mode asks for that.

use super::Outcome;
use super::conclude::{Case, Conclusion, Ending, OnUnwritable, Purpose, conclude};
use super::output_files::OutputFiles;
use super::policy::OnFailure;
use super::publish::Publisher;
use crate::baseline::{BaselineError, BaselineStore, BaselineUri};
use crate::config::{self, Mode, Recommend};
use crate::error::Error;
use crate::files;
use crate::gate::{BaselineFile, Branches, History};
use crate::github::Context;
use crate::prices::DatedPrices;
use crate::process::Process;
use crate::result::RunResult;

/// A gate whose baseline has been read.
pub(crate) struct Gate<'a> {
    config: &'a config::Gate,
    publisher: &'a Publisher,
    uri: BaselineUri,
    store: BaselineStore,
    /// Empty where nothing was recorded yet.
    baseline: BaselineFile,
    branches: Branches,
}

impl<'a> Gate<'a> {
    /// Reads the baseline.
    pub(crate) async fn open(
        config: &'a config::Gate,
        publisher: &'a Publisher,
        process: &Process,
    ) -> Result<Self, Error> {
        let uri = config.baseline.uri(process.in_actions());
        warn_of_own_baseline(&uri, process);
        let access = process.access(&config.baseline);
        let store = uri.open(&access)?;
        let baseline = store.load().await?.unwrap_or_default();
        Ok(Self {
            config,
            publisher,
            uri,
            store,
            baseline,
            branches: process.branches(config.baseline.branch.as_ref()),
        })
    }

    /// The runs that a run of the model is compared with.
    pub(crate) fn history(&self, name: &str) -> Result<History, BaselineError> {
        Ok(self.baseline.history(name, &self.branches)?)
    }

    /// A run that is recorded fails nothing.
    pub(crate) fn on_failure(&self, process: &Process) -> OnFailure {
        if self.config.confirm && !records(self.config.mode, process) {
            OnFailure::MeasureAgain
        } else {
            OnFailure::Publish
        }
    }

    /// Where the baseline is.
    pub(super) const fn uri(&self) -> &BaselineUri {
        &self.uri
    }

    pub(super) const fn mode(&self) -> Mode {
        self.config.mode
    }

    pub(super) const fn publisher(&self) -> &Publisher {
        self.publisher
    }

    /// Compares, reports, publishes, and records where the mode asks for it.
    pub(crate) async fn judge(
        &self,
        run: &RunResult,
        prices: &DatedPrices,
        recommend: &Recommend,
        files: &OutputFiles,
        process: &Process,
    ) -> Outcome {
        let purpose = if records(self.config.mode, process) {
            Purpose::Record
        } else {
            Purpose::Gate(self.config.judging.policy)
        };
        let case = Case {
            run,
            prices,
            recommend,
            limits: self.config.judging.limits,
        };
        let history = self.history(&run.name)?;
        let ending = Ending {
            purpose,
            baseline: Some(&self.uri),
            result_file: &files.result(),
            files,
            on_unwritable: OnUnwritable::Warn,
            publisher: self.publisher,
            may_accept: self.config.may_accept,
            others: Some(&self.baseline),
        };
        let conclusion = conclude(&case, &history, &ending, process).await?;
        let exit_status = conclusion.publish(&ending, process).await;
        if purpose == Purpose::Record {
            self.add_to_baseline(&conclusion, &run.name, process).await;
        }
        Ok(exit_status)
    }

    /// Adds the run to the baseline. A store that cannot be written
    /// to is a warning with a suggested fix, as the measurement is valid without it.
    async fn add_to_baseline(&self, conclusion: &Conclusion, name: &str, process: &Process) {
        let Some(entry) = &conclusion.entry else {
            return;
        };
        let epoch = conclusion.judgement.epoch();
        let append =
            |file: &mut BaselineFile| file.record(name, &self.branches, entry.clone(), epoch);
        match self.store.update(append).await {
            Ok(()) => process.note(&format!("recorded in {}", self.uri)),
            Err(error) => process.warn(&Error::from(error).one_line()),
        }
    }
}

/// Warns of a baseline that the pull request can change.
pub(crate) fn warn_of_own_baseline(uri: &BaselineUri, process: &Process) {
    let is_pull_request = process
        .context()
        .is_some_and(|it| it.pull_request().is_some());
    if let BaselineUri::File(path) = uri
        && is_pull_request
        && process.in_actions()
        && files::is_in_workspace(path)
    {
        process.warn(&format!(
            "the baseline {uri} is in the pull request's own workspace, so the pull request can change it: keep it on a \
             branch (branch:sagegate) or in S3"
        ));
    }
}

/// Whether the run is added to the baseline.
pub(super) fn records(mode: Mode, process: &Process) -> bool {
    match mode {
        Mode::Record => true,
        Mode::Gate => false,
        Mode::Auto => process.in_actions() && process.context().is_some_and(Context::is_on_branch),
    }
}
