//! The `sagegate` command. See `sagegate --help`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;
use sagegate::commands::execute;
use sagegate::config::{CommandLine, command_line, input_error, long_version, parse, usage_error};
use sagegate::exit::ExitStatus;
use sagegate::files::{self, Fence};
use sagegate::github::{Annotation, Level, annotations};
use sagegate::process::{LogWriter, Process, environment, in_actions, raise_open_files};
use sagegate::redact;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(run().await)
}

async fn run() -> ExitStatus {
    let environment = environment();
    let in_actions = in_actions(&environment);
    let arguments: Vec<_> = std::env::args_os().collect();
    redact::start(&environment, &arguments);
    raise_open_files();
    let line = match command_line(arguments, &environment) {
        Ok(line) => line,
        Err(error) => return complain(in_actions, &error.to_string()),
    };
    files::confine(Fence::of_environment(&environment, line.from_inputs));
    let cli = match parse(&line.arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &line, in_actions),
    };
    log(cli.verbose, in_actions);
    match Process::start(environment, cli.quiet) {
        Ok(process) => {
            let process = process.speaking_of_inputs(line.from_inputs);
            if !line.ignored.is_empty() {
                let names = line.ignored.join(", ");
                process.note(&format!(
                    "inputs without a meaning for this command: {names}"
                ));
            }
            Box::pin(execute(cli, &process)).await
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: cannot listen for signals: {error}");
            ExitStatus::CouldNotMeasure
        }
    }
}

/// Prints `--help` and `--version`, and an error as one line.
fn refuse(error: &clap::Error, line: &CommandLine, in_actions: bool) -> ExitStatus {
    if !error.use_stderr() {
        let version = long_version(&line.arguments);
        let _ = match version.filter(|_| error.kind() == ErrorKind::DisplayVersion) {
            Some(version) => io::stdout().write_all(version.as_bytes()),
            None => error.print(),
        };
        return ExitStatus::Success;
    }
    let message = error.to_string();
    if line.from_inputs {
        return complain(in_actions, &input_error(&message));
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitStatus::Usage;
    }
    complain(in_actions, &usage_error(error, &line.arguments))
}

/// Prints a usage error.
fn complain(in_actions: bool, message: &str) -> ExitStatus {
    if in_actions {
        let error = Annotation {
            level: Level::Error,
            title: None,
            message: message.to_owned(),
        };
        let _ = write!(io::stderr(), "{}", annotations(&[error]));
    } else {
        let _ = writeln!(io::stderr(), "error: {}", redact::redacted(message));
    }
    ExitStatus::Usage
}

/// Logs go to stderr; the AWS SDK redacts credentials in its own.
fn log(verbose: u8, in_actions: bool) {
    let default = match verbose {
        0 => "error",
        1 => "warn,sagegate=debug",
        _ => "debug,sagegate=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || LogWriter::new(in_actions))
        .init();
}
