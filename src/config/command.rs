//! The commands with their flags checked: what the rest of the program sees of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap_complete::Shell;

use super::error::ConfigError;
use super::gate::{Attempt, Baseline, Gate, Judging};
use super::measurement::{Measurement, Output, Recommend};
use super::model::Target;
use crate::aws::S3Folder;
use crate::benchmark::Selection;
use crate::samples::MakeOptions;

/// A command and all it needs.
#[derive(Debug)]
pub enum Command {
    /// `run`.
    Run(Box<Run>),
    /// `benchmark`.
    Benchmark(Box<Benchmark>),
    /// `submit`.
    Submit(Box<Submit>),
    /// `collect`.
    Collect(Box<Collect>),
    /// `inside-job`.
    InsideJob,
    /// `calibrate`.
    Calibrate(Box<Calibrate>),
    /// `compare`.
    Compare(Box<Compare>),
    /// `record`.
    Record(Box<Record>),
    /// `post`.
    Post(Box<Post>),
    /// `report`.
    Report(Box<Report>),
    /// `samples`.
    Samples(Samples),
    /// `prices`.
    Prices(Prices),
    /// `cleanup`.
    Cleanup(Cleanup),
    /// `demo`.
    Demo(Demo),
    /// `simulate`.
    Simulate(Simulate),
    /// `completions`.
    Completions(Completions),
}

/// Prints a completion script.
#[derive(Debug, Clone, Copy)]
pub struct Completions {
    /// For this shell.
    pub shell: Shell,
}

/// Measures, compares, reports.
#[derive(Debug, Clone)]
pub struct Run {
    /// What is measured.
    pub measurement: Measurement,
    /// Where.
    pub target: Target,
    /// Where files go.
    pub output: Output,
    /// Limits, baseline and comment.
    pub gate: Gate,
    /// Whether a certain failure ends the run.
    pub fail_fast: bool,
    /// Only says what it would do.
    pub dry_run: bool,
}

/// Measures and reports.
#[derive(Debug)]
pub struct Benchmark {
    /// What is measured.
    pub measurement: Measurement,
    /// Where.
    pub target: Target,
    /// Where files go.
    pub output: Output,
}

/// Measures several times.
#[derive(Debug)]
pub struct Calibrate {
    /// What is measured.
    pub measurement: Measurement,
    /// Where.
    pub target: Target,
    /// Where files go: each run has its own folder there.
    pub output_dir: PathBuf,
    /// How often.
    pub runs: u32,
    /// Where the baseline is.
    pub baseline: Baseline,
    /// Whether the runs are added to it.
    pub seed_baseline: bool,
}

/// Measures inside SageMaker.
#[derive(Debug)]
pub struct Submit {
    /// What is measured.
    pub measurement: Measurement,
    /// Where files go.
    pub output_dir: PathBuf,
    /// Limits, baseline and comment.
    pub gate: Gate,
    /// Whether a certain failure ends the run.
    pub fail_fast: bool,
    /// Only says what it would do.
    pub dry_run: bool,
    /// The processing job.
    pub job: Job,
}

/// A processing job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Image of sagegate.
    pub image_uri: String,
    /// Role of the job.
    pub role_arn: String,
    /// Where samples and results are kept.
    pub s3_output: S3Folder,
    /// Machine that sends the calls.
    pub instance_type: String,
    /// Machines that share the clients of each load.
    pub instance_count: u32,
    /// Longest run.
    pub timeout: Duration,
    /// What is done after the start.
    pub then: AfterStart,
}

/// What `submit` does once the job is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStart {
    /// Waits for the job, then judges its result.
    Judge,
    /// Prints the command that collects its result.
    Leave,
}

/// Fetches and judges the result of a job.
#[derive(Debug)]
pub struct Collect {
    /// Name of the job.
    pub job: String,
    /// AWS region; `None` for the environment's or the profile's.
    pub region: Option<String>,
    /// Longest wait for an endpoint to be gone.
    pub cleanup_timeout: Duration,
    /// Limits, baseline and comment.
    pub gate: Gate,
    /// What the recommendation depends on.
    pub recommend: Recommend,
    /// Where files go.
    pub output_dir: PathBuf,
}

/// Compares a saved result.
#[derive(Debug)]
pub struct Compare {
    /// The result.
    pub result: PathBuf,
    /// What it is compared with.
    pub against: Against,
    /// Limits and exit codes.
    pub judging: Judging,
    /// What the recommendation depends on.
    pub recommend: Recommend,
    /// Where files go.
    pub output_dir: PathBuf,
}

/// What a saved result is compared with.
#[derive(Debug)]
pub enum Against {
    /// The baseline.
    Baseline(Baseline),
    /// Earlier results: at least one.
    Results(Vec<PathBuf>),
}

/// Adds a saved result to a baseline.
#[derive(Debug)]
pub struct Record {
    /// The result.
    pub result: PathBuf,
    /// Where the baseline is.
    pub baseline: Baseline,
    /// What the recommendation depends on.
    pub recommend: Recommend,
}

/// Publishes what another workflow measured.
#[derive(Debug)]
pub struct Post {
    /// The result, which is not trusted.
    pub result: PathBuf,
    /// Display name of the model.
    pub name: Option<String>,
    /// Limits, baseline and comment.
    pub gate: Gate,
    /// What the recommendation depends on.
    pub recommend: Recommend,
    /// Where files go.
    pub output_dir: PathBuf,
}

/// Writes comment and page again.
#[derive(Debug)]
pub struct Report {
    /// The result.
    pub result: PathBuf,
    /// What the recommendation depends on.
    pub recommend: Recommend,
    /// Where files go.
    pub output_dir: PathBuf,
}

/// Makes a samples file.
#[derive(Debug)]
pub struct Samples {
    /// Files and folders.
    pub from: Vec<PathBuf>,
    /// File to write.
    pub out: PathBuf,
    /// What is done with them.
    pub options: MakeOptions,
}

/// Makes a price file.
#[derive(Debug)]
pub struct Prices {
    /// Where AWS's offer file is.
    pub from: OfferFrom,
    /// File to write; standard output if `None`.
    pub out: Option<PathBuf>,
}

/// Where an offer file is.
#[derive(Debug)]
pub enum OfferFrom {
    /// On this machine.
    File(PathBuf),
    /// At AWS: that of this region.
    Region(String),
}

/// Stops and deletes what a run left behind.
#[derive(Debug)]
pub struct Cleanup {
    /// What it left.
    pub leftovers: Leftovers,
    /// Whether it is only listed.
    pub dry_run: bool,
    /// Longest wait for an endpoint to be gone.
    pub timeout: Duration,
}

/// Where `cleanup` looks for what to delete.
#[derive(Debug)]
pub enum Leftovers {
    /// In a ledger.
    Ledger(PathBuf),
    /// In the ledgers that this step of a workflow has saved.
    Step {
        /// Whether there may be none: the action's own clean-up.
        may_be_none: bool,
    },
    /// In the account, by name and tag.
    Account {
        /// Of which runs.
        selection: Selection,
        /// AWS region; `None` for the environment's or the profile's.
        region: Option<String>,
    },
    /// On this machine's Docker engine, by label.
    Machine {
        /// Of which runs.
        selection: Selection,
    },
}

/// Runs the main job on the simulator.
#[derive(Debug)]
pub struct Demo {
    /// Built-in profile.
    pub profile: String,
    /// Whether the candidate is 1.7 times slower.
    pub regressed: bool,
    /// Where files go.
    pub output_dir: PathBuf,
}

/// Serves the simulator.
#[derive(Debug)]
pub struct Simulate {
    /// Port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// What answers for models.
    pub models: SimulatedModels,
}

/// What answers for the models of a simulator.
#[derive(Debug)]
pub enum SimulatedModels {
    /// Latencies of a built-in profile or a TOML file.
    Profile(String),
    /// Containers of this machine's Docker engine.
    Containers,
}

/// Flags that cannot be used, and where that is announced.
#[derive(Debug)]
pub struct Rejected {
    /// What is wrong.
    pub error: ConfigError,
    /// Where to publish that nothing was measured; `None` when no gate waits for a verdict.
    pub attempt: Option<Attempt>,
}
