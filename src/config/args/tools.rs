//! Flags of samples, prices, cleanup, demo and simulate.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts, where backticks would show"
)]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use clap_complete::Shell;

use super::groups::RoleArgs;
use super::values::{parse_content_type, parse_duration, parse_run_id};

const OFFER_FILES: &str = "Offer files are public: no AWS account is needed. The address of a region's newest one is in
  https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/region_index.json
SAGEGATE_PRICE_LIST_URL names a mirror of https://pricing.us-east-1.amazonaws.com; HTTPS_PROXY a proxy.";

/// Arguments of `samples`.
#[derive(Debug, Args)]
pub struct SamplesArgs {
    /// Files and folders. A .csv or .tsv gives one sample per row, a .json array one per element, a
    /// .jsonl or .libsvm one per line, a folder one per file, any other file one
    #[arg(required = true, value_name = "FROM")]
    pub from: Vec<PathBuf>,
    /// File to write, for --samples
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What becomes of the first row of tables
    #[arg(long, value_enum, value_name = "WHAT", default_value = "auto")]
    pub header: HeaderArg,
    /// Rows, lines or elements of each sample [default: 1; 1 given for an array of JSON makes each
    /// sample an array of one element]
    #[arg(long, value_name = "N")]
    pub rows: Option<NonZeroUsize>,
    /// Column of tables that is left out, such as the label: its name in the header, or its number
    /// from 1; may be repeated
    #[arg(long = "drop-column", value_name = "NAME|N")]
    pub drop_columns: Vec<String>,
    /// Each file is one sample, whatever it holds
    #[arg(long, conflicts_with_all = ["header", "rows", "drop_columns"])]
    pub whole: bool,
    /// Content type of every sample [default: by file extension]
    #[arg(long, value_name = "TYPE", value_parser = parse_content_type)]
    pub content_type: Option<String>,
    /// Most samples to write
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,
}

/// What becomes of the first row of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HeaderArg {
    /// What names columns is left out, or repeated where a container of Hugging Face needs it
    Auto,
    /// It names the columns: put it into every sample
    Repeat,
    /// It names the columns: leave it out
    Drop,
    /// It is a row like the others
    None,
}

/// Arguments of `prices`.
#[derive(Debug, Args)]
#[command(after_help = OFFER_FILES, group(ArgGroup::new("list").required(true)))]
pub struct PricesArgs {
    /// Download the newest prices of this region from AWS
    #[arg(long, value_name = "REGION", group = "list")]
    pub region: Option<String>,
    /// An offer file of AmazonSageMaker that was downloaded before, of one region or of all
    #[arg(long, value_name = "OFFER.json", group = "list")]
    pub from: Option<PathBuf>,
    /// File to write, for --prices [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `cleanup`.
#[derive(Debug, Args)]
pub struct CleanupArgs {
    /// ledger.json of the run: it lists all that the run may have created [default: what the same
    /// step of a workflow has left, as STATE_ledger]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "older_than"])]
    pub ledger: Option<PathBuf>,
    /// Everything of this run, from anywhere: by name, and by the tag sagegate:run
    #[arg(long, value_name = "RUN-ID", conflicts_with = "older_than", value_parser = parse_run_id)]
    pub run: Option<String>,
    /// Everything of any run that is older than this, by name and tag; longer than your longest run
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub older_than: Option<Duration>,
    /// Containers and volumes of this machine's Docker engine only, which --local leaves when it is
    /// killed: for --run and --older-than, without AWS
    #[arg(long, conflicts_with_all = ["ledger", "region"])]
    pub local: bool,
    /// List what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// AWS region of --run and --older-than [default: AWS_REGION or the profile's]
    #[arg(long, value_name = "REGION", conflicts_with = "ledger")]
    pub region: Option<String>,
    /// Who acts on AWS.
    #[command(flatten)]
    pub role: RoleArgs,
    /// The clean-up of a workflow's step: succeeds when the step has left nothing.
    #[arg(long, hide = true)]
    pub from_state: bool,
    /// Longest wait for an endpoint to be gone; one that is still being created cannot be deleted
    /// before
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that is to complete commands and flags
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
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
    /// Serve the images of models in containers on this machine's Docker engine
    #[arg(long, conflicts_with = "profile")]
    pub containers: bool,
}
