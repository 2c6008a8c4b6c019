//! Flags of the commands that judge a saved result: compare, post, record, report.

use std::path::PathBuf;

use clap::Args;

use super::groups::{BaselineArgs, CommentArgs, GateArgs, OutputArgs, RecommendArgs, RoleArgs};

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The result to compare: a result.json
    #[arg(long, value_name = "FILE")]
    pub result: PathBuf,
    /// An earlier result to compare with, instead of a baseline; may be repeated, and the more the
    /// less is noise
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "baseline",
        help_heading = "Gate"
    )]
    pub against: Vec<PathBuf>,
    /// Who acts on AWS.
    #[command(flatten)]
    pub role: RoleArgs,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
    /// What the recommendation depends on.
    #[command(flatten)]
    pub recommend: RecommendArgs,
    /// Where files go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `post`.
#[derive(Debug, Args)]
pub struct PostArgs {
    /// The result of the other workflow, which is not trusted: a result.json
    #[arg(long, value_name = "FILE")]
    pub result: PathBuf,
    /// The model that the comment says was not measured where the other workflow has left no
    /// result, as a pull request of a fork does [default: no comment then]
    #[arg(long, value_name = "ALIAS")]
    pub name: Option<String>,
    /// Who acts on AWS.
    #[command(flatten)]
    pub role: RoleArgs,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
    /// Options of the pull-request comment.
    #[command(flatten)]
    pub comment: CommentArgs,
    /// What the recommendation depends on.
    #[command(flatten)]
    pub recommend: RecommendArgs,
    /// Where files go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The result to add: a result.json
    #[arg(long, value_name = "FILE")]
    pub result: PathBuf,
    /// Who acts on AWS.
    #[command(flatten)]
    pub role: RoleArgs,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Prices and strategy, which decide the recommended size that is recorded.
    #[command(flatten)]
    pub recommend: RecommendArgs,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The result to show: a result.json
    #[arg(long, value_name = "FILE")]
    pub result: PathBuf,
    /// Prices and strategy.
    #[command(flatten)]
    pub recommend: RecommendArgs,
    /// Where files go.
    #[command(flatten)]
    pub output: OutputArgs,
}
