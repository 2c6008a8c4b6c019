//! Flags that several commands share.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts, where backticks would show"
)]

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::aws_names::parse_role_arn;
use super::values::{GivenToken, parse_rate};
use crate::analysis::Strategy;
use crate::aws::AccountId;
use crate::baseline::BaselineUri;
use crate::gate::{
    BranchName, CostCeiling, CostLimit, Escalation, LatencyCeiling, LatencyLimit, Limits,
    MayAccept, MemoryLimit, Permission, Policy,
};
use crate::github::CommentMode;

/// What `run` does with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// As the event of the workflow asks: record after a push to a branch and on a schedule, else
    /// gate
    Auto,
    /// Compare with the baseline and fail on a regression; the baseline is only read
    Gate,
    /// Compare, then add this run to the baseline; a regression does not fail
    Record,
}

/// Who acts on AWS.
#[derive(Debug, Clone, Args)]
pub struct RoleArgs {
    /// In GitHub Actions: act on AWS as this role, by the job's identity token, and renew its
    /// session as often as a long run needs [default: the credentials of the environment or the
    /// profile]
    #[arg(long, value_name = "ARN", value_parser = parse_role_arn, help_heading = "AWS")]
    pub role_to_assume: Option<String>,
}

/// Where the baseline is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gate")]
pub struct BaselineArgs {
    /// Baseline store: file:PATH, branch:NAME of the GitHub repository (needs GITHUB_REPOSITORY and
    /// GITHUB_TOKEN), or s3://BUCKET/KEY
    /// [default: branch:sagegate in GitHub Actions, file:.sagegate/baseline.json elsewhere]
    #[arg(long, value_name = "URI")]
    pub baseline: Option<BaselineUri>,
    /// Account that the buckets of s3:// addresses belong to; those of any other are refused
    /// [default: the account of the credentials]
    #[arg(long, value_name = "ACCOUNT")]
    pub bucket_owner: Option<AccountId>,
    /// Branch whose runs this one is compared with or added to; the default branch's stand in where
    /// it has none [default: in GitHub Actions the branch that is merged into, pushed to or checked
    /// out, elsewhere the default branch]
    #[arg(long, value_name = "BRANCH")]
    pub base_branch: Option<BranchName>,
    /// Token for the baseline's branch and the comment; it is never printed [default: GITHUB_TOKEN]
    #[arg(long, value_name = "TOKEN", help_heading = "GitHub")]
    pub github_token: Option<GivenToken>,
}

/// Options of the pull-request comment.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "GitHub")]
pub struct CommentArgs {
    /// When the pull request gets a comment: always, on-change, on-fail or never. One that exists
    /// is kept current
    #[arg(long, value_name = "WHEN", default_value = "always")]
    pub comment: CommentMode,
    /// Who may accept a regression by the label sagegate:accept: people with the permission write,
    /// maintain or admin
    /// [default: all who may add labels]
    #[arg(long, value_name = "PERMISSION")]
    pub accept_permission: Option<Permission>,
    /// Let the label sagegate:accept count when a bot has added it, too: any workflow of the pull
    /// request may be one
    #[arg(long)]
    pub accept_bots: bool,
}

impl CommentArgs {
    /// Whose label counts.
    pub const fn may_accept(&self) -> MayAccept {
        MayAccept {
            permission: self.accept_permission,
            bots: self.accept_bots,
        }
    }
}

/// Which pull request a run is about.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "GitHub")]
pub struct PullRequestArgs {
    /// In GitHub Actions: number of the pull request that is gated and commented, where the event
    /// of the workflow does not name it [default: that of the event]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub pull_request: Option<u64>,
}

/// What the recommendation depends on.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Recommendation")]
pub struct RecommendArgs {
    /// How the size is chosen: balanced, cost, speed, or cheapest-under:250ms
    #[arg(long, value_name = "STRATEGY", default_value = "balanced")]
    pub strategy: Strategy,
    /// JSON file of prices, or latest for AWS's price list as it is now [default: a saved
    /// result's own, else built in, else AWS's]
    #[arg(long, value_name = "FILE|latest")]
    pub prices: Option<PathBuf>,
    /// Traffic that is expected on average: the report prices it with and without provisioned
    /// concurrency
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub expected_rate: Option<f64>,
}

/// What is allowed, and what happens when nothing can be judged.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Largest increase of the recommended memory: 0, 1024, ... or off
    #[arg(long, value_name = "MB", default_value = "0")]
    pub max_memory_increase: MemoryLimit,
    /// Largest increase of p99 at the baseline's recommended size: 10%, 20ms or off
    #[arg(long, value_name = "LIMIT", default_value = "10%")]
    pub max_p99_increase: LatencyLimit,
    /// Ceiling of p99 that needs no baseline, for example 250ms
    #[arg(long, value_name = "MS")]
    pub max_p99: Option<LatencyCeiling>,
    /// Largest increase of the cost per million invocations at that size: 5%, $0.20 or off
    #[arg(long, value_name = "LIMIT", default_value = "5%")]
    pub max_cost_increase: CostLimit,
    /// Ceiling of the cost per million invocations that needs no baseline, for example 12 or $12
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<CostCeiling>,
    /// Exit code when there is no baseline yet: warn is 0, fail is 1 [default: warn]
    #[arg(long, value_name = "warn|fail")]
    pub on_no_baseline: Option<Escalation>,
    /// Exit code when nothing can be decided: warn is 0, fail is 1 [default: warn]
    #[arg(long, value_name = "warn|fail")]
    pub on_inconclusive: Option<Escalation>,
    /// Only a verdict lets the check pass: no baseline, nothing decided and no credentials fail.
    /// For a check that is required
    #[arg(long)]
    pub strict: bool,
}

impl GateArgs {
    /// The limits.
    pub fn limits(&self) -> Limits {
        Limits {
            max_memory_increase: self.max_memory_increase,
            max_p99_increase: self.max_p99_increase,
            max_p99: self.max_p99,
            max_cost_increase: self.max_cost_increase,
            max_cost: self.max_cost,
        }
    }

    /// The exit codes.
    pub fn policy(&self) -> Policy {
        Policy {
            on_no_baseline: self.escalation(self.on_no_baseline),
            on_inconclusive: self.escalation(self.on_inconclusive),
            on_no_credentials: self.escalation(None),
        }
    }

    /// What is chosen, else what is usual.
    pub(super) fn escalation(&self, chosen: Option<Escalation>) -> Escalation {
        chosen.unwrap_or(if self.strict {
            Escalation::Fail
        } else {
            Escalation::Warn
        })
    }

    /// The first choice that `--strict` contradicts.
    pub fn against_strict(&self) -> Option<&'static str> {
        let choices = [
            ("--on-no-baseline", self.on_no_baseline),
            ("--on-inconclusive", self.on_inconclusive),
        ];
        let mut choices = choices.into_iter();
        choices.find_map(|(flag, chosen)| self.contradicts_strict(chosen).then_some(flag))
    }

    pub(super) fn contradicts_strict(&self, chosen: Option<Escalation>) -> bool {
        self.strict && chosen == Some(Escalation::Warn)
    }
}

/// Where files go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Folder for result.json, comment.md, the HTML report, charts and CSV files
    #[arg(long, value_name = "DIR", default_value = "sagegate-results")]
    pub output_dir: PathBuf,
}
