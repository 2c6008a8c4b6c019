//! Flags of a run inside SageMaker.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts, where backticks would show"
)]

use std::time::Duration;

use clap::Args;

use super::aws_names::{parse_image, parse_job_name, parse_role_arn};
use super::groups::{
    BaselineArgs, CommentArgs, GateArgs, Mode, OutputArgs, PullRequestArgs, RecommendArgs, RoleArgs,
};
use super::run::RunArgs;
use super::values::{parse_duration, parse_job_timeout};
use crate::aws::S3Folder;

/// Arguments of `submit`.
#[derive(Debug, Args)]
#[command(
    override_usage = "sagegate submit [OPTIONS] --samples <FILE|DIR> <--model-name <NAME>|--image-uri <URI>|--model-package-arn <ARN>>
       --image-uri-of-sagegate <URI> --job-role-arn <ARN> --s3-output <S3-URI>",
    // What `run` takes and a job refuses.
    mut_arg("simulate", |it| it.hide(true)),
    mut_arg("local", |it| it.hide(true)),
    mut_arg("resume", |it| it.hide(true))
)]
pub struct SubmitArgs {
    /// What is measured, and what is done with the result.
    #[command(flatten)]
    pub run: RunArgs,
    /// Where it is measured.
    #[command(flatten)]
    pub job: JobArgs,
}

/// The processing job.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Processing job")]
pub struct JobArgs {
    /// Image of sagegate in an ECR repository of the region
    #[arg(long, value_name = "URI", value_parser = parse_image)]
    pub image_uri_of_sagegate: String,
    /// Role of the job, which measures and cleans up
    #[arg(long, value_name = "ARN", value_parser = parse_role_arn)]
    pub job_role_arn: String,
    /// Where samples and results are kept; each job has its own folder there
    #[arg(long, value_name = "S3-URI")]
    pub s3_output: S3Folder,
    /// Machine that sends the calls
    #[arg(long, value_name = "TYPE", default_value = "ml.m5.large")]
    pub instance_type: String,
    /// Machines that share the clients of each load of the concurrency benchmark
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub instance_count: u32,
    /// Longest run of the job; it is stopped then, and what it has measured is kept
    #[arg(long, value_name = "TIME", default_value = "5h", value_parser = parse_job_timeout)]
    pub job_timeout: Duration,
    /// Wait for the job, then compare, report and post as `run` does: what is done without it, too
    #[arg(long, overrides_with = "no_wait")]
    pub wait: bool,
    /// Only start the job, and print the command that collects its result
    #[arg(long, overrides_with = "wait")]
    pub no_wait: bool,
}

/// Arguments of `collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// Name of the job, as `submit --no-wait` printed it; one that still runs is waited for
    #[arg(long, value_name = "NAME", value_parser = parse_job_name)]
    pub job: String,
    /// AWS region [default: AWS_REGION or the profile's]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Longest wait for an endpoint to be gone, where the job has left one
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    pub cleanup_timeout: Duration,
    /// Who acts on AWS.
    #[command(flatten)]
    pub role: RoleArgs,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What is done with the baseline [default: auto in GitHub Actions, gate elsewhere]
    #[arg(long, value_enum, help_heading = "Gate")]
    pub mode: Option<Mode>,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
    /// Options of the pull-request comment.
    #[command(flatten)]
    pub comment: CommentArgs,
    /// Which pull request it is about.
    #[command(flatten)]
    pub pull_request: PullRequestArgs,
    /// What the recommendation depends on.
    #[command(flatten)]
    pub recommend: RecommendArgs,
    /// Where files go.
    #[command(flatten)]
    pub output: OutputArgs,
}
