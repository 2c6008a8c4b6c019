//! Every command and flag. Help texts are read by people who have never seen the program.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts, where backticks would show"
)]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::job::{CollectArgs, SubmitArgs};
use super::measure::MeasurementArgs;
use super::values::{GivenToken, parse_duration, parse_rate, parse_role_arn, parse_run_id};
use crate::analysis::Strategy;
use crate::baseline::BaselineUri;
use crate::gate::{
    CostCeiling, CostLimit, Escalation, LatencyCeiling, LatencyLimit, Limits, MemoryLimit, Policy,
};
use crate::github::CommentMode;

const OFFER_FILES: &str = "Offer files are public. The address of a region's newest one is in
  https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/region_index.json";

const EXIT_CODES: &str = "Exit codes:
  0  passed, or nothing to compare with
  1  a regression, or a case that an --on-... flag turned into a failure
  2  bad flag or bad input: nothing was created
  3  the model could not be measured, or something could not be deleted
  130, 143  interrupted by SIGINT, SIGTERM: what was created has been deleted";

/// What a measuring command cannot do without.
fn usage(command: &str) -> String {
    format!(
        "sagegate {command} [OPTIONS] --samples <FILE|DIR> <--model-name <NAME>|--image-uri <URI>|--model-package-arn <ARN>>
       sagegate {command} [OPTIONS] --simulate <PROFILE>"
    )
}

/// Stops slow or costly SageMaker Serverless models at the pull request.
#[derive(Debug, Parser)]
#[command(
    name = "sagegate",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(about = "Stops slow or costly SageMaker Serverless models at the pull request")]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Log what sagegate does; twice: also what the AWS SDK does. RUST_LOG overrides it
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show no progress, only the result
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// In GitHub Actions: act on AWS as this role, by the job's identity token, and renew its session as often as a long
    /// run needs [default: the credentials of the environment or the profile]
    #[arg(long, value_name = "ARN", global = true, value_parser = parse_role_arn)]
    pub role_to_assume: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deploy the model at several memory sizes, measure, recommend, compare with the baseline
    Run(Box<RunArgs>),
    /// Measure and report without comparing: stability, cost and concurrency, as AWS's Python toolkit does
    Benchmark(Box<BenchmarkArgs>),
    /// Do the work of `run` as a processing job inside SageMaker: for long runs, and latency without the network of CI
    Submit(Box<SubmitArgs>),
    /// Fetch and judge the result of a job that `submit --no-wait` started
    Collect(Box<CollectArgs>),
    /// What the container of a processing job does
    #[command(hide = true)]
    InsideJob,
    /// Measure the same model several times: how far runs stray, and what the gate would catch
    Calibrate(Box<CalibrateArgs>),
    /// Compare a saved result with a baseline, without AWS
    Compare(Box<CompareArgs>),
    /// Add a saved result to a baseline, without AWS
    Record(Box<RecordArgs>),
    /// Judge the saved result of another workflow and comment its pull request: for a workflow_run job
    Post(Box<PostArgs>),
    /// Write comment and HTML page of a saved result again, without comparing it
    Report(Box<ReportArgs>),
    /// Make a samples file of CSV rows, JSON arrays, images, audio or other files
    Samples(SamplesArgs),
    /// Make a price file for --prices of AWS's public offer file
    Prices(PricesArgs),
    /// Stop and delete what a killed run left behind
    Cleanup(CleanupArgs),
    /// Run the main job on the built-in simulator: no AWS account, about a minute
    Demo(DemoArgs),
    /// Serve the AWS APIs that sagegate uses on 127.0.0.1, until Ctrl-C
    Simulate(SimulateArgs),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(override_usage = usage("run"))]
pub struct RunArgs {
    /// What is measured, and how.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// Where the baseline is, and what is done with it.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What is done with the baseline [default: auto in GitHub Actions, gate elsewhere]
    #[arg(long, value_enum, help_heading = "Gate")]
    pub mode: Option<Mode>,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
    /// Exit code when a pull request of a fork or of Dependabot gets no AWS credentials: warn is 0, fail is 1
    #[arg(
        long,
        value_name = "warn|fail",
        default_value = "warn",
        help_heading = "Gate"
    )]
    pub on_no_credentials: Escalation,
    /// Stop as soon as p99 is certain to fail, whatever the calls to come will take: the rest is not measured. Has no
    /// effect where the run is recorded or the label sagegate:accept is on the pull request
    #[arg(long, help_heading = "Gate")]
    pub fail_fast: bool,
    /// How the pull request is told.
    #[command(flatten)]
    pub comment: CommentArgs,
}

impl RunArgs {
    /// The exit codes.
    pub fn policy(&self) -> Policy {
        Policy {
            on_no_credentials: self.on_no_credentials,
            ..self.gate.policy()
        }
    }
}

/// Arguments of `benchmark`.
#[derive(Debug, Args)]
#[command(override_usage = usage("benchmark"))]
pub struct BenchmarkArgs {
    /// What is measured, and how.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
}

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
#[command(override_usage = usage("calibrate"))]
pub struct CalibrateArgs {
    /// What is measured, and how; each run has a folder of its own below --output-dir.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// How often to measure
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=30))]
    pub runs: u32,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Add the runs to the baseline
    #[arg(long, help_heading = "Gate")]
    pub seed_baseline: bool,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The result to compare: a result.json
    #[arg(long, value_name = "FILE")]
    pub result: PathBuf,
    /// An earlier result to compare with, instead of a baseline; may be repeated, and the more the less is noise
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "baseline",
        help_heading = "Gate"
    )]
    pub against: Vec<PathBuf>,
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
    /// The model that the comment says was not measured where the other workflow has left no result, as a pull request
    /// of a fork does [default: no comment then]
    #[arg(long, value_name = "ALIAS")]
    pub name: Option<String>,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
    /// How the pull request is told.
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

/// Arguments of `samples`.
#[derive(Debug, Args)]
pub struct SamplesArgs {
    /// Files and folders. A .csv gives one sample per row, a .json array one per element, a .jsonl one per line, a
    /// folder one per file, any other file one
    #[arg(required = true, value_name = "FROM")]
    pub from: Vec<PathBuf>,
    /// File to write, for --samples
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The first row of CSV files names the columns: leave it out
    #[arg(long)]
    pub header: bool,
    /// Content type of every sample [default: by file extension]
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
    /// Most samples to write
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,
}

/// Arguments of `prices`.
#[derive(Debug, Args)]
#[command(after_help = OFFER_FILES)]
pub struct PricesArgs {
    /// The offer file of AmazonSageMaker, of one region or of all
    #[arg(long, value_name = "OFFER.json")]
    pub from: PathBuf,
    /// File to write, for --prices [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `cleanup`.
#[derive(Debug, Args)]
pub struct CleanupArgs {
    /// ledger.json of the run: it lists all that the run may have created [default: what the same step of a workflow
    /// has left, as STATE_ledger]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "older_than"])]
    pub ledger: Option<PathBuf>,
    /// Everything of this run, from anywhere: by name, and by the tag sagegate:run
    #[arg(long, value_name = "RUN-ID", conflicts_with = "older_than", value_parser = parse_run_id)]
    pub run: Option<String>,
    /// Everything of any run that is older than this, by name and tag; longer than your longest run
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub older_than: Option<Duration>,
    /// List what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// AWS region of --run and --older-than [default: AWS_REGION or the profile's]
    #[arg(long, value_name = "REGION", conflicts_with = "ledger")]
    pub region: Option<String>,
    /// The clean-up of a workflow's step: succeeds when the step has left nothing.
    #[arg(long, hide = true)]
    pub from_state: bool,
    /// Longest wait for an endpoint to be gone; one that is still being created cannot be deleted before
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Built-in profile of the simulated model: xgboost, mobilenet-v2 or transformer
    #[arg(long, value_name = "NAME", default_value = "xgboost")]
    pub profile: String,
    /// Gate a build that is 1.7 times slower than main
    #[arg(long)]
    pub regressed: bool,
    /// Folder for the files of the demo
    #[arg(long, value_name = "DIR", default_value = "sagegate-demo")]
    pub output_dir: PathBuf,
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 4570)]
    pub port: u16,
    /// Built-in profile (xgboost, mobilenet-v2, transformer) or a TOML file
    #[arg(long, value_name = "NAME|FILE", default_value = "xgboost")]
    pub profile: String,
}

/// What `run` does with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// As the event of the workflow asks: record after a push to the default branch and on a schedule, else gate
    Auto,
    /// Compare with the baseline and fail on a regression; the baseline is only read
    Gate,
    /// Compare, then add this run to the baseline; a regression does not fail
    Record,
}

/// Where the baseline is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gate")]
pub struct BaselineArgs {
    /// Baseline store: file:PATH, branch:NAME of the GitHub repository (needs GITHUB_REPOSITORY and GITHUB_TOKEN), or
    /// s3://BUCKET/KEY
    /// [default: branch:sagegate in GitHub Actions, file:.sagegate/baseline.json elsewhere]
    #[arg(long, value_name = "URI")]
    pub baseline: Option<BaselineUri>,
    /// Token for the baseline's branch and the comment; it is never printed [default: GITHUB_TOKEN]
    #[arg(long, value_name = "TOKEN", help_heading = "GitHub")]
    pub github_token: Option<GivenToken>,
}

impl BaselineArgs {
    /// The store that was chosen, or the usual one.
    pub fn uri(&self, in_actions: bool) -> BaselineUri {
        match &self.baseline {
            Some(uri) => uri.clone(),
            None if in_actions => BaselineUri::Branch("sagegate".to_owned()),
            None => BaselineUri::file(Path::new(".sagegate/baseline.json")),
        }
    }
}

/// How the pull request is told.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "GitHub")]
pub struct CommentArgs {
    /// When the pull request gets a comment: always, on-change, on-fail or never. One that exists is kept current
    #[arg(long, value_name = "WHEN", default_value = "always")]
    pub comment: CommentMode,
}

/// What the recommendation depends on.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Recommendation")]
pub struct RecommendArgs {
    /// How the size is chosen: balanced, cost, speed, or cheapest-under:250ms
    #[arg(long, value_name = "STRATEGY", default_value = "balanced")]
    pub strategy: Strategy,
    /// JSON file of prices for regions that are not built in
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Traffic that is expected on average: the report prices it with and without provisioned concurrency
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
    /// Ceiling of the cost per million invocations that needs no baseline, for example $12
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<CostCeiling>,
    /// Exit code when there is no baseline yet: warn is 0, fail is 1
    #[arg(long, value_name = "warn|fail", default_value = "warn")]
    pub on_no_baseline: Escalation,
    /// Exit code when nothing can be decided: warn is 0, fail is 1
    #[arg(long, value_name = "warn|fail", default_value = "warn")]
    pub on_inconclusive: Escalation,
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
            on_no_baseline: self.on_no_baseline,
            on_inconclusive: self.on_inconclusive,
            ..Policy::default()
        }
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

#[cfg(test)]
mod tests;
