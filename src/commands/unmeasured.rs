//! A run that ended before there was anything to judge.

use super::Outcome;
use super::conclude::{commit, tell_unmeasured};
use super::edges::{Edges, now};
use super::measure::{ci_run_id, clear_output};
use super::publish::Publishing;
use crate::config::MeasurementArgs;
use crate::error::Error;
use crate::gate::{Policy, Verdict};
use crate::report::{Consequence, Unmeasured, UnmeasuredVerdict};

/// Why a fork's pull request is not measured.
pub(super) const FORK: &str = "fork pull requests get no AWS credentials";
/// How to measure it all the same.
pub(super) const FORK_HINT: &str = "look at the changes, then push them to a branch of this repository: its pull request is measured";
const DEPENDABOT: &str = "Dependabot's pull requests get no AWS credentials";
const DEPENDABOT_HINT: &str =
    "add the AWS credentials to Dependabot's secrets, or push the changes to a branch of your own";

/// What was to be measured.
pub(super) struct Attempt<'a> {
    pub(super) args: &'a MeasurementArgs,
    pub(super) policy: Policy,
    pub(super) publishing: &'a Publishing,
}

impl Attempt<'_> {
    /// Tells why there is nothing to judge. A run that GitHub gives no credentials is "not run"; what AWS or the network
    /// refused is "could not be measured", and stays an error, as does a mistake of the user's.
    pub(super) async fn ended(&self, error: Error, edges: &Edges) -> Outcome {
        let is_session = matches!(error, Error::Session(_));
        if is_session && self.publishing.is_restricted() {
            return self.not_run(edges).await;
        }
        // An older comment must not stand for a commit that could not be measured.
        let is_told = self.publishing.context.is_some()
            && !matches!(error, Error::Interrupted { .. } | Error::Output { .. });
        if is_told || matches!(error, Error::Aws(_)) {
            self.could_not_measure(&error, edges).await?;
        }
        if is_told {
            // The annotation says it already.
            edges.note(&format!("error: {}", error.one_line()));
            return Ok(error.exit_code());
        }
        Err(error)
    }

    async fn not_run(&self, edges: &Edges) -> Outcome {
        self.clear()?;
        let exit_code = Verdict::NotRun.exit_code(self.policy);
        let context = self.publishing.context.as_ref();
        let (reason, hint) = if context.is_some_and(|it| it.is_fork) {
            (FORK, FORK_HINT)
        } else {
            (DEPENDABOT, DEPENDABOT_HINT)
        };
        self.tell(
            UnmeasuredVerdict::NotRun,
            reason,
            Some(hint),
            exit_code,
            edges,
        )
        .await?;
        edges.print(&format!("not run: {reason}"));
        Ok(exit_code)
    }

    async fn could_not_measure(&self, error: &Error, edges: &Edges) -> Result<(), Error> {
        if !matches!(error, Error::Job(error) if error.keeps_results()) {
            self.clear()?;
        }
        let (reason, hint) = (error.to_string(), error.hint());
        let verdict = UnmeasuredVerdict::CouldNotMeasure;
        self.tell(verdict, &reason, hint.as_deref(), error.exit_code(), edges)
            .await
    }

    /// The files of an earlier run must not pass for this one's.
    fn clear(&self) -> Result<(), Error> {
        match self.args.resume {
            None => clear_output(self.args.output_dir()),
            Some(_) => Ok(()),
        }
    }

    async fn tell(
        &self,
        verdict: UnmeasuredVerdict,
        reason: &str,
        hint: Option<&str>,
        exit_code: u8,
        edges: &Edges,
    ) -> Result<(), Error> {
        let output_dir = self.args.output_dir();
        let model = &self.args.model;
        let name = model.name.as_deref().or(model.model_name.as_deref());
        let commit = commit(edges);
        let unmeasured = Unmeasured {
            verdict,
            name: name.unwrap_or("the model"),
            commit: commit.as_deref(),
            run_id: &ci_run_id(edges),
            version: env!("CARGO_PKG_VERSION"),
            at: now(),
            reason,
            hint,
        };
        let consequence = if exit_code == 0 {
            Consequence::Passes
        } else {
            Consequence::Fails
        };
        tell_unmeasured(&unmeasured, consequence, output_dir, self.publishing, edges).await
    }
}
