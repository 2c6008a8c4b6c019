//! The process that a command runs in: environment, signals, streams, clock.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::checkout::Checkout;
use super::environment::in_actions;
use super::log::LogWriter;
use super::signals::Signals;
use crate::aws::{self, AssumedRole, TokenSource};
use crate::baseline::Access;
use crate::benchmark::Observer;
use crate::config::{Baseline, GivenToken, as_inputs};
use crate::exit::StopSignal;
use crate::files::{Fence, MIB};
use crate::gate::{BranchName, Branches};
use crate::github::{
    self, Context, Event, IdentityTokenError, IdentityTokens, PullRequest, RunnerFiles,
};
use crate::network::Network;
use crate::progress::{self, Display, TerminalFacts};
use crate::redact;

/// Largest event that is read: GitHub gives no larger one than 25 MB.
const MAX_EVENT: u64 = 64 * MIB;

/// Environment, signals, streams and clock of the process.
#[derive(Debug, Clone)]
pub struct Process {
    environment: Arc<BTreeMap<String, String>>,
    context: Option<Arc<Context>>,
    signals: Signals,
    pub(super) output: Output,
    display: Display,
    aws: aws::Access,
    /// Whether the user gave inputs of the action, and no flags.
    speaks_of_inputs: bool,
}

/// Whether commands print their result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Printed,
    Suppressed,
}

impl Process {
    /// Takes the environment and listens for signals: the first cancels, a later one may end the
    /// process at once.
    ///
    /// # Errors
    /// When the operating system refuses to deliver signals.
    pub fn start(environment: BTreeMap<String, String>, quiet: bool) -> io::Result<Self> {
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        // The runner names it, outside of the workspace.
        let event = variable("GITHUB_EVENT_PATH");
        let event = event.map(|it| Fence::anywhere().read_text(Path::new(it), MAX_EVENT));
        // An event that cannot be read is an empty one.
        let event = event.and_then(Result::ok).unwrap_or_default();
        let context = Context::read(&environment, &event);
        // A commit is no secret, also where the container gets it in a variable.
        if let Some(commit) = context.as_ref().and_then(Context::head_sha) {
            redact::allow(commit);
        }
        let display = progress::resolve(TerminalFacts {
            is_terminal: io::stderr().is_terminal(),
            is_ci: variable("CI").is_some() || in_actions(&environment),
            quiet,
        });
        Ok(Self {
            context: context.map(Arc::new),
            signals: Signals::listen()?,
            output: Output::Printed,
            display,
            aws: aws::Access {
                network: Network::from_environment(&environment),
                role: None,
            },
            speaks_of_inputs: false,
            environment: Arc::new(environment),
        })
    }

    /// The same process, whose messages name flags as inputs of the action if `inputs`.
    #[must_use]
    pub fn speaking_of_inputs(self, inputs: bool) -> Self {
        Self {
            speaks_of_inputs: inputs,
            ..self
        }
    }

    /// Words with flags, as the user knows them.
    pub(crate) fn in_the_users_words(&self, words: &str) -> String {
        if self.speaks_of_inputs && words.contains("--") {
            as_inputs(words)
        } else {
            words.to_owned()
        }
    }

    /// The same process, whose commands print no result.
    #[must_use]
    pub(crate) fn silent(&self) -> Self {
        Self {
            output: Output::Suppressed,
            ..self.clone()
        }
    }

    /// Cancelled by the first SIGINT, SIGTERM or SIGHUP.
    pub(crate) const fn cancel(&self) -> &CancellationToken {
        &self.signals.cancel
    }

    /// The last signal that came, once [`Self::cancel`] is cancelled.
    pub(crate) fn stop_signal(&self) -> StopSignal {
        self.signals.last()
    }

    /// An environment variable; `None` when unset or empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether GitHub's runner reads what is printed.
    pub(crate) fn in_actions(&self) -> bool {
        in_actions(&self.environment)
    }

    /// What the runner says about the run; `None` where no repository is named.
    pub(crate) fn context(&self) -> Option<&Context> {
        self.context.as_deref()
    }

    /// The same process, whose run is about a pull request that GitHub was asked for.
    pub(crate) fn about(&self, pull_request: PullRequest) -> Self {
        let about = |it: &Context| Arc::new(it.about(pull_request));
        Self {
            context: self.context().map(about),
            ..self.clone()
        }
    }

    /// Number and attempt of the CI run.
    pub(crate) fn ci_run(&self) -> Option<(&str, &str)> {
        self.variable("GITHUB_RUN_ID")
            .zip(self.variable("GITHUB_RUN_ATTEMPT"))
    }

    /// The commit shown to readers: on a pull request its head and not the merge that is built.
    pub(crate) fn commit(&self) -> Option<String> {
        let given = || self.variable("GITHUB_SHA").map(str::to_owned);
        if let Some(other) = self.other_checkout() {
            return other.commit;
        }
        match self.context() {
            Some(context) => {
                let head = context.head_sha().map(str::to_owned);
                let is_other = matches!(context.event, Event::Other(_));
                let knows_none = is_other && context.pull_request().is_none();
                head.or_else(|| given().filter(|_| knows_none))
            }
            None => given(),
        }
    }

    /// The branches whose runs a run is compared with: `given` by a flag, else as the event of the
    /// workflow says.
    pub(crate) fn branches(&self, given: Option<&BranchName>) -> Branches {
        let context = self.context().filter(|_| self.in_actions());
        let branches = context.map(Context::branches).unwrap_or_default();
        let other = || self.other_checkout().map(|it| it.branch);
        Branches {
            base: given.cloned().or_else(other).or(branches.base),
            ..branches
        }
    }

    /// A branch that the workflow has checked out in place of the one that it was started for: a
    /// schedule and a start by hand always run on one branch, and may measure others.
    fn other_checkout(&self) -> Option<Checkout> {
        let context = self.context().filter(|_| self.in_actions())?;
        let may_differ = context.may_differ_from_branch();
        let checkout = Checkout::read(Path::new(".")).filter(|_| may_differ)?;
        let is_other = context.branches().base.as_ref() != Some(&checkout.branch);
        is_other.then_some(checkout)
    }

    /// The files by which a step passes values to the runner.
    pub(crate) fn runner_files(&self) -> RunnerFiles {
        RunnerFiles::from_environment(&self.environment)
    }

    /// What an earlier stage of this step has saved under names that begin with `prefix`, empty
    /// values left out.
    pub(crate) fn state(&self, prefix: &str) -> Vec<&str> {
        let saved = |name: &str| {
            name.strip_prefix("STATE_")
                .is_some_and(|it| it.starts_with(prefix))
        };
        let values = self.environment.iter().filter(|(name, _)| saved(name));
        values
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// How progress is shown.
    pub(crate) const fn display(&self) -> Display {
        self.display
    }

    /// Shows progress on standard error.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        progress::observer(self.display, self.log())
    }

    /// Where progress and logs go: standard error.
    pub(crate) fn log(&self) -> Box<dyn Write + Send> {
        Box::new(LogWriter::new(self.in_actions()))
    }

    /// The same process, which acts on AWS as the role where one is named. Works inside a Tokio
    /// runtime only.
    ///
    /// # Errors
    /// When what the runner says about identity tokens is damaged.
    pub(crate) fn acting_as(&self, role_arn: Option<String>) -> Result<Self, IdentityTokenError> {
        let Some(arn) = role_arn else {
            return Ok(self.clone());
        };
        let tokens = IdentityTokens::from_environment(&self.environment, self.network())?;
        let session_name = match self.variable("GITHUB_RUN_ID") {
            Some(run) if run.len() <= 20 && run.bytes().all(|it| it.is_ascii_digit()) => {
                format!("sagegate-{run}")
            }
            Some(_) | None => "sagegate".to_owned(),
        };
        let role = Some(AssumedRole {
            arn,
            session_name,
            tokens: tokens.map(token_source),
        });
        let network = self.network().clone();
        Ok(Self {
            aws: aws::Access { network, role },
            ..self.clone()
        })
    }

    /// How AWS is reached, and the role that the process acts as there, if any.
    pub(crate) const fn aws(&self) -> &aws::Access {
        &self.aws
    }

    /// How servers are reached.
    pub(crate) const fn network(&self) -> &Network {
        &self.aws.network
    }

    /// GitHub as a workflow has it. The token is the one given, else the environment's.
    pub(crate) fn github(&self, github_token: Option<&GivenToken>) -> github::Access {
        let given = github_token.and_then(GivenToken::token);
        github::Access::from_environment(&self.environment, given, self.network())
    }

    /// What baseline stores need.
    pub(crate) fn access(&self, baseline: &Baseline) -> Access {
        Access {
            github: self.github(baseline.github_token.as_ref()),
            aws: self.aws.clone(),
            bucket_owner: baseline.bucket_owner.clone(),
        }
    }
}

/// Asks GitHub for a token whenever AWS wants one.
fn token_source(tokens: IdentityTokens) -> TokenSource {
    let tokens = Arc::new(tokens);
    Arc::new(move || {
        let tokens = Arc::clone(&tokens);
        Box::pin(async move { tokens.fetch().await.map_err(Into::into) })
    })
}

/// The wall clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
