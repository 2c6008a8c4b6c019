//! The gate: limits, exit codes, baseline, and where the verdict is published.

use std::path::PathBuf;

use super::args::{
    BaselineArgs, CommentArgs, GateArgs, GivenToken, Mode, PullRequestArgs, RunArgs,
};
use super::measurement::{Output, name_of, output_of};
use super::model::{Target, target_of};
use crate::analysis::Strategy;
use crate::aws::AccountId;
use crate::baseline::BaselineUri;
use crate::gate::{BranchName, Limits, MayAccept, Policy};
use crate::github::CommentMode;

/// Limits, and the exit codes of verdicts that decide nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judging {
    /// What is allowed.
    pub limits: Limits,
    /// Exit codes.
    pub policy: Policy,
}

/// A gate with its baseline.
#[derive(Debug, Clone)]
pub struct Gate {
    /// What is done with the baseline.
    pub mode: Mode,
    /// Limits and exit codes.
    pub judging: Judging,
    /// Where the baseline is.
    pub baseline: Baseline,
    /// When the pull request gets a comment.
    pub comment: CommentMode,
    /// Whose label accepts a failure.
    pub may_accept: MayAccept,
    /// The pull request, where a flag names it.
    pub pull_request: Option<u64>,
    /// Whether a failure of latency or cost alone is measured a second time before it is published.
    pub confirm: bool,
}

/// Where the baseline is.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The store that was chosen.
    uri: Option<BaselineUri>,
    /// The account that buckets must belong to; `None` for that of the credentials.
    pub bucket_owner: Option<AccountId>,
    /// The branch whose runs are compared with or added to, where a flag names it.
    pub branch: Option<BranchName>,
    /// Token for its branch, and for the comment.
    pub github_token: Option<GivenToken>,
}

/// Where a run that cannot be measured is announced: known before its other flags are checked.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Display name of the model, if a flag gives it.
    pub name: Option<String>,
    /// AWS region, if a flag gives it.
    pub region: Option<String>,
    /// The samples, if a flag gives them.
    pub samples: Option<PathBuf>,
    /// How the size is chosen.
    pub strategy: Strategy,
    /// Where files go.
    pub output: Output,
    /// Exit codes.
    pub policy: Policy,
    /// When the pull request gets a comment; `None` for commands that never comment.
    pub comment: Option<CommentMode>,
    /// Token for the comment.
    pub github_token: Option<GivenToken>,
    /// The pull request, where a flag names it.
    pub pull_request: Option<u64>,
    /// Where endpoints would have been created.
    pub target: Target,
}

impl Baseline {
    /// A store that needs no token.
    pub(super) const fn at(uri: BaselineUri) -> Self {
        Self {
            uri: Some(uri),
            bucket_owner: None,
            branch: None,
            github_token: None,
        }
    }

    /// The store that was chosen, or the usual one.
    pub fn uri(&self, in_actions: bool) -> BaselineUri {
        match &self.uri {
            Some(uri) => uri.clone(),
            None if in_actions => BaselineUri::Branch("sagegate".to_owned()),
            None => BaselineUri::file(std::path::Path::new(".sagegate/baseline.json")),
        }
    }
}

impl From<BaselineArgs> for Baseline {
    fn from(args: BaselineArgs) -> Self {
        Self {
            uri: args.baseline,
            bucket_owner: args.bucket_owner,
            branch: args.base_branch,
            github_token: args.github_token,
        }
    }
}

impl From<&GateArgs> for Judging {
    fn from(args: &GateArgs) -> Self {
        Self {
            limits: args.limits(),
            policy: args.policy(),
        }
    }
}

impl Gate {
    pub(super) fn new(
        mode: Option<Mode>,
        judging: Judging,
        baseline: BaselineArgs,
        comment: &CommentArgs,
    ) -> Self {
        Self {
            mode: mode.unwrap_or(Mode::Auto),
            judging,
            baseline: baseline.into(),
            comment: comment.comment,
            may_accept: comment.may_accept(),
            pull_request: None,
            confirm: false,
        }
    }

    /// The same gate, about the pull request that a flag names.
    #[must_use]
    pub(super) fn about(self, args: &PullRequestArgs) -> Self {
        Self {
            pull_request: args.pull_request,
            ..self
        }
    }

    /// The same gate, with or without a second measurement.
    #[must_use]
    pub(super) fn confirming(self, confirm: bool) -> Self {
        Self { confirm, ..self }
    }
}

impl From<&RunArgs> for Attempt {
    fn from(args: &RunArgs) -> Self {
        Self {
            name: name_of(&args.measurement.model),
            region: args.measurement.model.region.clone(),
            samples: args.measurement.model.samples.clone(),
            strategy: args.measurement.recommend.strategy,
            output: output_of(&args.measurement),
            policy: args.policy(),
            comment: Some(args.comment.comment),
            github_token: args.baseline.github_token.clone(),
            pull_request: args.pull_request.pull_request,
            target: target_of(&args.measurement),
        }
    }
}
