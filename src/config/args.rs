//! Every command and flag. Help texts are read by people who have never seen the program.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::analysis::Strategy;
use crate::baseline::BaselineUri;
use crate::benchmark;
use crate::gate::{Ceiling, Escalation, Limits, MemoryLimit, Policy, Tolerance};
use crate::units::{LatencyMs, MemoryMb, Usd};

/// Stops slow or costly SageMaker models at the pull request.
#[derive(Debug, Parser)]
#[command(name = "sagegate", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Show what is sent and received; twice for everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show no progress, only the result.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

const EXIT_CODES: &str = "Exit codes:
  0  passed, accepted, or nothing to compare with
  1  a regression, or a case that --on-… turned into a failure
  2  bad flag or bad input; nothing was created
  3  the model could not be measured
  130, 143  interrupted; what was created has been deleted";
