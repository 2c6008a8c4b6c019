//! Every command and flag. Help texts are read by people who have never seen the program.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts, where backticks would show"
)]

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use crate::analysis::Strategy;
use crate::baseline::BaselineUri;
use crate::gate::{
    CostCeiling, CostLimit, Escalation, LatencyCeiling, LatencyLimit, Limits, MemoryLimit, Policy,
};
use crate::units::{MemoryMb, UnknownMemorySize};

const EXIT_CODES: &str = "Exit codes:
  0  passed, or nothing to compare with
  1  a regression, or a case that an --on-... flag turned into a failure
  2  bad flag or bad input: nothing was created
  3  the model could not be measured, or something could not be deleted
  130, 143  interrupted by SIGINT, SIGTERM: what was created has been deleted";

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
    /// What the recommendation depends on.
    #[command(flatten)]
    pub recommend: RecommendArgs,
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
    /// JSON Lines file of InvokeEndpoint arguments, for example {"Body": "1,2,3", "ContentType": "text/csv"};
    /// BodyBase64 and BodyFile may stand for Body. Or a folder: each file is the body of one sample
    #[arg(long, value_name = "FILE|DIR")]
    pub samples: PathBuf,
    /// Content type of samples that name none; for a folder of all files [default: by file extension]
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
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
          value_parser = parse_memory)]
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
    #[arg(
        long,
        value_name = "URI",
        default_value = "file:.sagegate/baseline.json"
    )]
    pub baseline: BaselineUri,
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
    /// Folder for result.json, comment.md, report.html and CSV files
    #[arg(long, value_name = "DIR", default_value = "sagegate-results")]
    pub output_dir: PathBuf,
}

/// `20m`, `90s`, `1h 30m`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let explain = || format!("`{text}` is not a time, use for example 90s, 20m or 1h");
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|time| Duration::try_from(time).ok())
        .ok_or_else(explain)
}

/// `team=risk`.
fn parse_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err(format!("`{text}` is not a tag, use KEY=VALUE")),
    }
}

/// `1024`, with a guess for other numbers.
fn parse_memory(text: &str) -> Result<MemoryMb, String> {
    text.parse()
        .map_err(|error: UnknownMemorySize| match error.hint() {
            Some(hint) => format!("{error}, {hint}"),
            None => error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn run(extra: &[&str]) -> Result<RunArgs, String> {
        let required = [
            "sagegate",
            "run",
            "--model-name",
            "m",
            "--samples",
            "s.jsonl",
        ];
        match Cli::try_parse_from(required.iter().chain(extra)).map(|cli| cli.command) {
            Ok(Command::Run(args)) => Ok(*args),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_design() {
        let args = run(&[]).unwrap();
        assert_eq!(args.measure.memory_sizes, MemoryMb::OFFERED);
        assert_eq!(
            (
                args.measure.invocations,
                args.measure.warmup,
                args.measure.error_threshold
            ),
            (1000, 20, 3)
        );
        assert_eq!(args.measure.deploy_timeout, Duration::from_mins(20));
        assert_eq!(args.gate.limits(), Limits::default());
        assert_eq!(args.recommend.strategy, Strategy::Balanced);
    }

    #[test]
    fn bad_values_are_named_with_a_way_out() {
        for (flags, words) in [
            (["--memory-sizes", "1024,2000"], "did you mean 2048?"),
            (["--max-p99-increase", "110"], "did you mean 10%?"),
            (["--invocations", "0"], "0 is not in 1..=1000000"),
            (["--deploy-timeout", "soon"], "`soon` is not a time"),
            (["--tag", "x"], "use KEY=VALUE"),
            (["--baseline", "b.json"], "use file:PATH"),
            (["--strategy", "fast"], "use balanced, cost, speed"),
        ] {
            let error = run(&flags).unwrap_err();
            assert!(error.contains(words) && error.contains(flags[0]), "{error}");
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("20m", 1200), ("1h 30m", 5400)] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert!(parse_duration("-5s").is_err());
    }
}
