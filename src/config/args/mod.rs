//! Every command and flag. Help texts are read by people who have never seen the program.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts, where backticks would show"
)]

mod aws_names;
mod groups;
mod job;
mod measure;
mod offline;
mod reference;
mod run;
mod tools;
mod values;

use clap::{ArgAction, Parser, Subcommand};

pub use self::groups::Mode;
pub(super) use self::groups::{
    BaselineArgs, CommentArgs, GateArgs, PullRequestArgs, RecommendArgs,
};
pub(super) use self::job::{CollectArgs, JobArgs, SubmitArgs};
pub(super) use self::measure::{LoadArgs, MeasureArgs, MeasurementArgs, ModelArgs};
pub(super) use self::offline::{CompareArgs, PostArgs, RecordArgs, ReportArgs};
pub(super) use self::reference::ReferenceArgs;
pub(super) use self::run::{BenchmarkArgs, CalibrateArgs, RunArgs};
pub(super) use self::tools::{
    CleanupArgs, CompletionsArgs, DemoArgs, HeaderArg, PricesArgs, SamplesArgs, SimulateArgs,
};
pub use self::values::GivenToken;
pub(super) use self::values::GivenVariable;

const EXIT_CODES: &str = "Exit codes:
  0  passed, or nothing to compare with
  1  a regression, or a case that an --on-... flag makes a failure
  2  bad flag or bad input: nothing was created
  3  the model could not be measured, or something could not be deleted
  129, 130, 131, 143  interrupted by SIGHUP, SIGINT, SIGQUIT, SIGTERM: what was created has been deleted";

const EXAMPLES_OF_RUN: &str = "Examples:
  sagegate run --simulate xgboost
  sagegate run --model-name churn-xgb --samples samples.jsonl --mode record   (on main)
  sagegate run --model-name churn-xgb --samples samples.jsonl --max-p99 250ms (on a pull request)";
const EXAMPLES_OF_BENCHMARK: &str = "Examples:
  sagegate benchmark --simulate xgboost
  sagegate benchmark --model-name churn-xgb --samples samples.jsonl --expected-clients 6 --rate 20/s";
const EXAMPLES_OF_SAMPLES: &str = "Examples:
  sagegate samples rows.csv --drop-column label --out samples.jsonl
  sagegate samples rows.csv --header repeat --rows 10 --out samples.jsonl
  sagegate samples images/ --out samples.jsonl
  sagegate samples matrix.json --whole --out samples.jsonl";
const EXAMPLES_OF_CLEANUP: &str = "Examples:
  sagegate cleanup --ledger sagegate-results/ledger.json
  sagegate cleanup --older-than 6h --dry-run";
const EXAMPLES_OF_COMPLETIONS: &str = "Examples:
  sagegate completions bash > ~/.local/share/bash-completion/completions/sagegate
  sagegate completions zsh > ~/.zfunc/_sagegate";

/// Said under a short help.
const MORE: &str = "--help shows everything, with examples.";

/// Blocks pull requests that make a SageMaker Serverless model slower or more expensive.
#[derive(Debug, Parser)]
#[command(
    name = "sagegate",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    about = "Blocks pull requests that make a SageMaker Serverless model slower or more expensive"
)]
#[command(after_help = MORE, after_long_help = EXIT_CODES)]
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
    #[command(after_long_help = EXAMPLES_OF_RUN)]
    Run(Box<RunArgs>),
    /// Measure and report without comparing: stability, cost and concurrency, as AWS's Python
    /// toolkit does
    #[command(after_long_help = EXAMPLES_OF_BENCHMARK)]
    Benchmark(Box<BenchmarkArgs>),
    /// Do the work of `run` as a processing job inside SageMaker: for long runs, and latency
    /// without the network of CI
    Submit(Box<SubmitArgs>),
    /// Fetch and judge the result of a job that `submit --no-wait` started
    Collect(Box<CollectArgs>),
    /// What the container of a processing job does
    #[command(hide = true)]
    InsideJob,
    /// Measure the same model several times: how much runs vary, and what the gate would catch
    Calibrate(Box<CalibrateArgs>),
    /// Compare a saved result with a baseline, without AWS
    Compare(Box<CompareArgs>),
    /// Add a saved result to a baseline, without AWS
    Record(Box<RecordArgs>),
    /// Judge the saved result of another workflow and comment on its pull request: for a
    /// workflow_run job
    Post(Box<PostArgs>),
    /// Write comment and HTML page of a saved result again, without comparing it
    Report(Box<ReportArgs>),
    /// Make a samples file from CSV rows, JSON arrays, images, audio or other files
    #[command(after_long_help = EXAMPLES_OF_SAMPLES)]
    Samples(SamplesArgs),
    /// Make a price file for --prices from AWS's public price list
    Prices(PricesArgs),
    /// Stop and delete what a killed run left behind
    #[command(after_long_help = EXAMPLES_OF_CLEANUP)]
    Cleanup(CleanupArgs),
    /// Run the main job on the built-in simulator: no AWS account, about a minute
    Demo(DemoArgs),
    /// Serve the AWS APIs that sagegate uses on 127.0.0.1, until Ctrl-C
    Simulate(SimulateArgs),
    /// Print what makes a shell complete commands and flags
    #[command(after_long_help = EXAMPLES_OF_COMPLETIONS)]
    Completions(CompletionsArgs),
}

impl Command {
    /// The role to act as on AWS.
    pub fn role_to_assume(&self) -> Option<&str> {
        let role = match self {
            Self::Run(args) => &args.measurement.role,
            Self::Benchmark(args) => &args.measurement.role,
            Self::Submit(args) => &args.run.measurement.role,
            Self::Calibrate(args) => &args.measurement.role,
            Self::Collect(args) => &args.role,
            Self::Compare(args) => &args.role,
            Self::Record(args) => &args.role,
            Self::Post(args) => &args.role,
            Self::Cleanup(args) => &args.role,
            Self::InsideJob
            | Self::Report(_)
            | Self::Samples(_)
            | Self::Prices(_)
            | Self::Demo(_)
            | Self::Simulate(_)
            | Self::Completions(_) => return None,
        };
        role.role_to_assume.as_deref()
    }
}

#[cfg(test)]
mod tests;
