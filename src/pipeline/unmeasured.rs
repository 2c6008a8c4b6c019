//! A run that ended before there was anything to judge.

use std::path::Path;

use super::Outcome;
use super::conclude::links;
use super::measure::run_id;
use super::output_files::OutputFiles;
use super::publish::{self, Publisher};
use crate::aws::SessionError;
use crate::config::{Attempt, Output};
use crate::error::{Error, MeasureError, UsageError};
use crate::exit::ExitStatus;
use crate::gate::Verdict;
use crate::github::Context;
use crate::marker::Leg;
use crate::process::{Process, now};
use crate::report::{self, Consequence, Numbers, Unmeasured, UnmeasuredVerdict};

/// Why a fork's pull request is not measured.
pub(crate) const FORK: &str = "fork pull requests get no AWS credentials";
/// How to measure it anyway.
pub(crate) const FORK_HINT: &str = "look at the changes, then push them to a branch of this repository: its pull request is measured";
const DEPENDABOT: &str = "Dependabot's pull requests get no AWS credentials";
const DEPENDABOT_HINT: &str =
    "add the AWS credentials to Dependabot's secrets, or push the changes to a branch of your own";

/// A run without a result.
pub(crate) struct UnmeasuredRun<'a> {
    pub(crate) attempt: &'a Attempt,
    pub(crate) publisher: &'a Publisher,
}

/// The message.
struct Words<'a> {
    verdict: UnmeasuredVerdict,
    reason: &'a str,
    hint: Option<&'a str>,
    exit_status: ExitStatus,
}

impl UnmeasuredRun<'_> {
    /// Publishes why there is nothing to judge. A run that GitHub gives no credentials is "not
    /// run"; what AWS or the network refused is "could not be measured", and stays an error, as
    /// does a usage error.
    pub(crate) async fn conclude(&self, error: Error, process: &Process) -> Outcome {
        if lacks_credentials(&error) && self.publisher.may_lack_credentials() {
            return self.not_run(process).await;
        }
        // An older comment must not stand for a commit that could not be measured.
        let is_published = self.publisher.context.is_some();
        let is_aws = matches!(error, Error::CouldNotMeasure(MeasureError::Aws { .. }));
        if is_published || is_aws {
            self.could_not_measure(&error, process).await;
        }
        if is_published {
            // The annotation says it already.
            process.note(&format!("error: {}", error.one_line()));
            return Ok(error.exit_status());
        }
        Err(error)
    }

    async fn not_run(&self, process: &Process) -> Outcome {
        self.clear(process);
        let exit_status = Verdict::NotRun.exit_status(self.attempt.policy);
        let context = self.publisher.context.as_ref();
        let (reason, hint) = if context.is_some_and(Context::is_fork) {
            (FORK, FORK_HINT)
        } else {
            (DEPENDABOT, DEPENDABOT_HINT)
        };
        let words = Words {
            verdict: UnmeasuredVerdict::NotRun,
            reason,
            hint: Some(hint),
            exit_status,
        };
        self.publish(&words, process).await;
        process.print(&format!("not run: {reason}"));
        Ok(exit_status)
    }

    async fn could_not_measure(&self, error: &Error, process: &Process) {
        let is_interrupted = matches!(error, Error::Interrupted { kept: Some(_), .. });
        let keeps_results = matches!(
            error,
            Error::CouldNotMeasure(MeasureError::Job { source }) if source.keeps_results()
        );
        if !keeps_results && !is_interrupted {
            self.clear(process);
        }
        let reason = process.in_the_users_words(&error.to_string());
        let hint = error.hint().map(|hint| process.in_the_users_words(&hint));
        let words = Words {
            verdict: UnmeasuredVerdict::CouldNotMeasure,
            reason: &reason,
            hint: hint.as_deref(),
            exit_status: error.exit_status(),
        };
        self.publish(&words, process).await;
    }

    /// Which of the model's runs in the workflow it would have been, as far as flags and
    /// environment say.
    fn leg(&self, process: &Process) -> Option<Leg> {
        let from_environment = || {
            let variable = |name| process.variable(name);
            variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"))
        };
        let region = self.attempt.region.as_deref().or_else(from_environment)?;
        Some(Leg {
            region: region.to_owned(),
            samples: self.attempt.samples.as_ref()?.display().to_string(),
            strategy: self.attempt.strategy.to_string(),
        })
    }

    fn files(&self) -> OutputFiles {
        OutputFiles::of(self.attempt.output.folder())
    }

    /// The files of an earlier run must not pass for this one's. The comment follows also where
    /// that fails.
    fn clear(&self, process: &Process) {
        let cleared = match self.attempt.output {
            Output::New(_) => self.files().clear(),
            Output::Resumed(_) => Ok(()),
        };
        if let Err(error) = cleared {
            process.note(&format!("warning: {}", error.one_line()));
        }
    }

    async fn publish(&self, words: &Words<'_>, process: &Process) {
        let commit = process.commit();
        let leg = self.leg(process);
        let unmeasured = Unmeasured {
            verdict: words.verdict,
            name: self.attempt.name.as_deref().unwrap_or("the model"),
            leg: leg.as_ref(),
            commit: commit.as_deref(),
            run_id: &run_id(process),
            version: env!("CARGO_PKG_VERSION"),
            at: now(),
            reason: words.reason,
            hint: words.hint,
        };
        let consequence = if words.exit_status == ExitStatus::Success {
            Consequence::Passes
        } else {
            Consequence::Fails
        };
        let files = self.files();
        publish_unmeasured(&unmeasured, consequence, &files, self.publisher, process).await;
    }
}

/// A result that was measured elsewhere and cannot be judged here.
pub(crate) struct UnjudgedResult<'a> {
    /// Display name of the model, where a flag gives it.
    pub(crate) name: Option<&'a str>,
    /// Its commit, where known.
    pub(crate) commit: Option<String>,
    pub(crate) output_dir: &'a Path,
    pub(crate) publisher: &'a Publisher,
}

impl UnjudgedResult<'_> {
    /// Publishes why: a comment on an older commit must not stand for this one. Without a name it
    /// is every comment of this workflow.
    pub(crate) async fn conclude(&self, error: Error, process: &Process) -> Outcome {
        if self.publisher.context.is_none() {
            return Err(error);
        }
        let names = match self.name {
            Some(name) => vec![name.to_owned()],
            None => self.publisher.commented_models(process).await,
        };
        let reason = process.in_the_users_words(&error.to_string());
        let hint = error.hint().map(|hint| process.in_the_users_words(&hint));
        let files = OutputFiles::of(self.output_dir);
        for name in &names {
            let unmeasured = Unmeasured {
                verdict: UnmeasuredVerdict::CouldNotJudge,
                name,
                // A comment of the only leg is found without it.
                leg: None,
                commit: self.commit.as_deref(),
                run_id: &run_id(process),
                version: env!("CARGO_PKG_VERSION"),
                at: now(),
                reason: &reason,
                hint: hint.as_deref(),
            };
            let fails = Consequence::Fails;
            publish_unmeasured(&unmeasured, fails, &files, self.publisher, process).await;
        }
        if names.is_empty() {
            return Err(error);
        }
        // The annotation says it already.
        process.note(&format!("error: {}", error.one_line()));
        Ok(error.exit_status())
    }
}

fn lacks_credentials(error: &Error) -> bool {
    match error {
        Error::Usage(UsageError::Session { source }) => !matches!(source, SessionError::Network(_)),
        Error::Usage(_) | Error::CouldNotMeasure(_) | Error::Interrupted { .. } => false,
    }
}

/// Writes and publishes the report of a run without a result. Files that cannot be written are a
/// warning: what others read comes first.
pub(crate) async fn publish_unmeasured(
    unmeasured: &Unmeasured<'_>,
    consequence: Consequence,
    files: &OutputFiles,
    publisher: &Publisher,
    process: &Process,
) {
    let links = links(unmeasured.commit, publisher, process);
    let report = report::compose_unmeasured(unmeasured, &links);
    if let Err(error) = files.write_report(&report) {
        process.note(&format!("warning: {}", error.one_line()));
    }
    let publication = publish::Publication {
        report: &report,
        numbers: Numbers::default(),
        changed: consequence == Consequence::Fails,
        consequence,
        result: None,
        html: &files.html_report(),
    };
    publisher.publish(&publication, process).await;
}
