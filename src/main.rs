//! The `sagegate` command. See `sagegate --help`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use sagegate::commands::{Edges, execute};
use sagegate::config::Cli;
use sagegate::error;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    log(cli.verbose);
    match Edges::of_process() {
        Ok(edges) => execute(cli, &edges).await,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: cannot listen for signals: {error}");
            ExitCode::from(error::COULD_NOT_MEASURE)
        }
    }
}

/// Prints `--help` and `--version` as they are, and a mistake as one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(
        io::stderr(),
        "{}",
        sagegate::config::usage_error(&error.to_string())
    );
    ExitCode::from(error::USAGE)
}

/// Logs go to stderr; the AWS SDK redacts credentials in its own.
fn log(verbose: u8) {
    let default = match verbose {
        0 => "error",
        1 => "warn,sagegate=debug",
        _ => "debug,sagegate=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
}
