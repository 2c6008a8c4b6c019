//! Every command and flag. Help texts are read by people who have never seen the program.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use crate::analysis::Strategy;
use crate::baseline::BaselineUri;
use crate::gate::{CostLimit, LatencyLimit, MemoryLimit};
use crate::units::{LatencyMs, MemoryMb, Usd};

const EXIT_CODES: &str = "Exit codes:
  0  passed, or nothing to compare with
  1  a regression, or a case that an --on-... flag turned into a failure
  2  bad flag or bad input: nothing was created
  3  the model could not be measured
  130, 143  interrupted by SIGINT, SIGTERM: what was created has been deleted";

/// Stops slow or costly `SageMaker` Serverless models at the pull request.
#[derive(Debug, Parser)]
#[command(name = "sagegate", version, propagate_version = true, max_term_width = 100)]
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
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deploy the model at several memory sizes, measure, recommend, compare with the baseline
    Run(Box<RunArgs>),
    /// Compare a saved result with a baseline, without AWS
    Compare(Box<CompareArgs>),
    /// Add a saved result to a baseline, without AWS
    Record(Box<RecordArgs>),
    /// Write comment and HTML page of a saved result again, without comparing it
    Report(Box<ReportArgs>),
    /// Delete what a killed run left behind
    Cleanup(CleanupArgs),
    /// Run the main job on the built-in simulator: no AWS account, about a minute
    Demo(DemoArgs),
    /// Serve the AWS APIs that sagegate uses on 127.0.0.1, until Ctrl-C
    Simulate(SimulateArgs),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The model and what is sent to it.
    #[command(flatten)]
    pub model: ModelArgs,
    /// How it is measured.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// Where the baseline is, and what is done with it.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Compare with the baseline, or add this run to it
    #[arg(long, value_enum, default_value_t = Mode::Gate, help_heading = "Gate")]
    pub mode: Mode,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
    /// Where files go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The result to compare: a result.json
    #[arg(long, value_name = "FILE")]
    pub result: PathBuf,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
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

/// Arguments of `cleanup`.
#[derive(Debug, Args)]
pub struct CleanupArgs {
    /// ledger.json of the run: it lists all that the run may have created
    #[arg(long, value_name = "FILE")]
    pub ledger: PathBuf,
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
    /// Compare with the baseline and fail on a regression; the baseline is only read
    Gate,
    /// Compare, then add this run to the baseline; a regression does not fail
    Record,
}

/// The model and its samples.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// Name of the SageMaker model to deploy
    #[arg(long, value_name = "NAME")]
    pub model_name: String,
    /// What people call the model: shown in the report, keeps baselines apart [default: the model's name]
    #[arg(long, value_name = "ALIAS")]
    pub name: Option<String>,
    /// JSON Lines file of InvokeEndpoint arguments, for example {"Body": "1,2,3", "ContentType": "text/csv"}
    #[arg(long, value_name = "FILE")]
    pub samples: PathBuf,
    /// AWS region [default: AWS_REGION or the profile's]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Tag for everything that is created; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    pub tags: Vec<(String, String)>,
}

/// How a model is measured.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Measuring")]
pub struct MeasureArgs {
    /// Memory sizes to deploy, in MB
    #[arg(long, value_name = "MB,...", value_delimiter = ',', default_value = "1024,2048,3072,4096,5120,6144",
          value_parser = hinted::<MemoryMb>)]
    pub memory_sizes: Vec<MemoryMb>,
    /// Measured invocations per size, rounded up to a multiple of the number of samples
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub invocations: u32,
    /// Warm-up invocations per size, set aside
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub warmup: u32,
    /// Failed invocations after which a size is stopped and left out
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub error_threshold: u32,
    /// Pause between deployment and the first invocation
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    pub cold_start_delay: Duration,
    /// Longest wait for an endpoint to be in service
    #[arg(long, value_name = "TIME", default_value = "20m", value_parser = parse_duration)]
    pub deploy_timeout: Duration,
    /// Longest wait for CloudWatch to have seen every call
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub metrics_timeout: Duration,
    /// Longest wait for a deleted endpoint to be gone
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    pub cleanup_timeout: Duration,
}

/// Where the baseline is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gate")]
pub struct BaselineArgs {
    /// Baseline store
    #[arg(long, value_name = "URI", default_value = "file:.sagegate/baseline.json")]
    pub baseline: BaselineUri,
}

/// What the recommendation depends on.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Recommendation")]
pub struct RecommendArgs {
    /// How the size is chosen: balanced, cost, speed, or cheapest-under:250ms
    #[arg(long, value_name = "STRATEGY", default_value = "balanced", value_parser = hinted::<Strategy>)]
    pub strategy: Strategy,
    /// JSON file of prices for regions that are not built in
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}
