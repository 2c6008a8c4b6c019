//! The command line as the parser gets it: a short help beside the long one, and completions.

use std::ffi::OsString;

use clap::{Arg, CommandFactory as _, FromArgMatches as _};
use clap_complete::Shell;

use super::args::Cli;

/// Commands with more flags than this have a short help with [`FIRST`] alone.
const FEW: usize = 16;
/// What a first run needs, by the names of the fields.
const FIRST: [&str; 18] = [
    "against",
    "baseline",
    "image_uri_of_sagegate",
    "invocations",
    "job",
    "job_role_arn",
    "max_cost_increase",
    "max_p99_increase",
    "memory_sizes",
    "model_name",
    "output_dir",
    "region",
    "result",
    "runs",
    "s3_output",
    "samples",
    "seed_baseline",
    "simulate",
];

/// Parses a command line; its first word is the program's name.
///
/// # Errors
/// What clap says of it, `--help` and `--version` included.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn command() -> clap::Command {
    Cli::command()
        .mut_args(without_short_help)
        .mut_subcommands(|command| {
            if command.get_arguments().count() <= FEW {
                return command;
            }
            let name = command.get_name().to_owned();
            command
                .after_help(format!("All flags, and examples: sagegate {name} --help"))
                .mut_args(|it| {
                    if FIRST.contains(&it.get_id().as_str()) {
                        with_first_words(it)
                    } else {
                        without_short_help(it)
                    }
                })
        })
}

/// The first sentence is the short help, all of it the long one.
fn with_first_words(argument: Arg) -> Arg {
    let Some(help) = argument.get_help().cloned() else {
        return argument;
    };
    let text = help.to_string();
    let first = text.split([':', ';', ',', '[', '(']).next();
    let first = first.unwrap_or_default().split(". ").next();
    let first = first.unwrap_or_default().trim().to_owned();
    argument.help(first).long_help(help)
}

fn without_short_help(argument: Arg) -> Arg {
    argument.hide_short_help(true)
}

/// What makes `shell` complete commands and flags.
pub fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sagegate", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
