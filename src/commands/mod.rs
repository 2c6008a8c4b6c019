//! One file per command: wiring only.

mod accept;
mod benchmark;
mod calibrate;
mod cleanup;
mod conclude;
mod convert;
mod credentials;
mod demo;
mod edges;
mod handed_over;
mod job;
mod log;
mod measure;
mod offline;
mod place;
mod policy;
mod post;
mod publish;
mod run;
mod simulate;
mod unmeasured;

use std::process::ExitCode;

pub use self::edges::{Edges, environment, in_actions};
pub use self::log::LogWriter;
use crate::config::{Cli, Command};
use crate::error::Error;
use crate::progress;

/// Runs the command and prints an error on one line.
pub async fn execute(cli: Cli, edges: &Edges) -> ExitCode {
    let display = progress::resolve(edges.surroundings(cli.quiet));
    let edges = &match edges.acting_as(cli.role_to_assume) {
        Ok(edges) => edges,
        Err(error) => return refuse(&error.into(), edges),
    };
    let outcome = match cli.command {
        Command::Run(args) => run::run(*args, edges, display).await,
        Command::Benchmark(args) => benchmark::benchmark(&args, edges, display).await,
        Command::Submit(args) => job::submit(&args, edges, display).await,
        Command::Collect(args) => job::collect(&args, edges, display).await,
        Command::InsideJob => job::inside(edges, display).await,
        Command::Calibrate(args) => calibrate::calibrate(&args, edges, display).await,
        Command::Compare(args) => offline::compare(&args, edges).await,
        Command::Record(args) => offline::record(&args, edges).await,
        Command::Post(args) => post::post(&args, edges).await,
        Command::Report(args) => offline::report(&args, edges).await,
        Command::Samples(args) => convert::samples(&args, edges),
        Command::Prices(args) => convert::prices(&args, edges),
        Command::Cleanup(args) => cleanup::cleanup(&args, edges, display).await,
        Command::Demo(args) => demo::demo(&args, edges, display).await,
        Command::Simulate(args) => simulate::simulate(&args, edges).await,
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => refuse(&error, edges),
    }
}

fn refuse(error: &Error, edges: &Edges) -> ExitCode {
    edges.complain(&error.one_line());
    ExitCode::from(error.exit_code())
}

/// Exit code, or why there is none.
type Outcome = Result<u8, Error>;
