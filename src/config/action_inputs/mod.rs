//! PURE: the inputs of the GitHub Action as a command line.
//!
//! The runner gives each input as `INPUT_<NAME>`: in capitals, with its hyphens, not trimmed, and
//! empty when it was declared without a default. Source: `Handler.cs` of the runner. Empty
//! variables break typed `env =` arguments, so the inputs become arguments, which the one parser
//! reads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use thiserror::Error;

use super::args::Cli;
use super::words::{nearest, truth};

const PREFIX: &str = "INPUT_";
/// Other names under which users may look for a flag.
const OTHER_NAMES: [(&str, &str); 1] = [("tags", "tag")];
/// Inputs that `action.yml` fills for every command.
const ALWAYS_GIVEN: [&str; 1] = ["github-token"];
/// Inputs of every container action: the runner itself uses them.
const OF_THE_RUNNER: [&str; 2] = ["args", "entrypoint"];
/// Flags that restate the default: as an input, `false` would look like the opposite.
const NO_INPUTS: [&str; 1] = ["wait"];
/// Commands that make sense as a step of a workflow.
const COMMANDS: [&str; 11] = [
    "run",
    "benchmark",
    "calibrate",
    "compare",
    "record",
    "submit",
    "collect",
    "report",
    "post",
    "cleanup",
    "demo",
];
/// The input with the role of every command.
const ROLE: &str = "role-to-assume";
/// Name of the program when the runner starts it for the clean-up.
const CLEAN_UP: &str = "sagegate-post";

/// Arguments for the parser, and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program's name and its arguments.
    pub arguments: Vec<OsString>,
    /// Whether they were inputs of the action.
    pub from_inputs: bool,
    /// Inputs of other commands, which the chosen one does not have.
    pub ignored: Vec<String>,
}

/// An input that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InputError {
    /// No command has it.
    #[error("the action has no input `{name}`{}", did_you_mean(nearest.as_ref()))]
    Unknown {
        /// As it was given, in lower case.
        name: String,
        /// The input with the most similar name.
        nearest: Option<String>,
    },
    /// `command` names none.
    #[error(
        "input `command`: `{name}` is not a command of the action, use {}{}",
        COMMANDS.join(", "),
        did_you_mean(nearest.as_ref())
    )]
    UnknownCommand {
        /// As it was given.
        name: String,
        /// The command with the most similar name.
        nearest: Option<String>,
    },
    /// A switch that is neither on nor off.
    #[error("input `{name}`: `{value}` is neither true nor false")]
    NotASwitch {
        /// The input.
        name: String,
        /// As it was given.
        value: String,
    },
}

fn did_you_mean(nearest: Option<&String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// What to parse: `typed`, or the action's inputs where nothing was typed.
///
/// - Started as `sagegate-post` it is the clean-up of a step, regardless of inputs and arguments.
/// - With arguments it is a command of a script, also inside Actions: inputs are not looked at.
/// - Without arguments, under `GITHUB_ACTIONS=true` and with any `INPUT_…`, it is the action.
///
/// # Errors
/// [`InputError`].
pub fn command_line(
    typed: Vec<OsString>,
    environment: &BTreeMap<String, String>,
) -> Result<CommandLine, InputError> {
    let program = typed.first().map(Path::new).and_then(Path::file_name);
    if program.is_some_and(|name| name == CLEAN_UP) {
        return Ok(clean_up(environment));
    }
    let in_actions = environment
        .get("GITHUB_ACTIONS")
        .is_some_and(|it| it == "true");
    let is_action = in_actions && environment.keys().any(|name| name.starts_with(PREFIX));
    if typed.len() > 1 || !is_action {
        return Ok(CommandLine {
            arguments: typed,
            from_inputs: false,
            ignored: Vec::new(),
        });
    }
    from_inputs(environment)
}

/// The clean-up needs the role of its step, and nothing else of its inputs.
fn clean_up(environment: &BTreeMap<String, String>) -> CommandLine {
    let role = inputs(environment).remove(ROLE);
    let role = role.map(|arn| OsString::from(format!("--{ROLE}={arn}")));
    let words = ["sagegate", "cleanup", "--from-state"].map(OsString::from);
    CommandLine {
        arguments: words.into_iter().chain(role).collect(),
        from_inputs: true,
        ignored: Vec::new(),
    }
}

fn from_inputs(environment: &BTreeMap<String, String>) -> Result<CommandLine, InputError> {
    let mut inputs = inputs(environment);
    let cli = Cli::command();
    let name = inputs.remove("command").unwrap_or_else(|| "run".to_owned());
    let Some(command) = COMMANDS
        .contains(&name.as_str())
        .then(|| cli.find_subcommand(&name))
        .flatten()
    else {
        return Err(InputError::UnknownCommand {
            nearest: nearest(&name, COMMANDS),
            name,
        });
    };
    let mut line = CommandLine {
        arguments: vec!["sagegate".into(), name.into()],
        from_inputs: true,
        ignored: Vec::new(),
    };
    for (name, value) in inputs {
        let flag = other_name(&name);
        let of_others = || cli.get_subcommands().filter_map(|it| flag_of(it, flag));
        if let Some(argument) = flag_of(command, flag).or_else(|| flag_of(&cli, flag)) {
            if is_default(argument, &value) {
                continue;
            }
            let words = arguments(argument, flag, &name, &value)?;
            line.arguments.extend(words.into_iter().map(OsString::from));
        } else if of_others().next().is_some() {
            let is_from_action_yml = ALWAYS_GIVEN.contains(&flag)
                || of_others().any(|argument| is_default(argument, &value));
            if !is_from_action_yml {
                line.ignored.push(name);
            }
        } else {
            let known = known_inputs(&cli);
            return Err(InputError::Unknown {
                nearest: nearest(&name, known.iter().map(String::as_str)),
                name,
            });
        }
    }
    Ok(line)
}

/// Every input that has a value, by its name in lower case with hyphens.
fn inputs(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let name_of = |variable: &str| {
        let name = variable.strip_prefix(PREFIX)?;
        Some(name.to_lowercase().replace('_', "-"))
    };
    environment
        .iter()
        .filter_map(|(variable, value)| Some((name_of(variable)?, value.trim().to_owned())))
        .filter(|(name, value)| !value.is_empty() && !OF_THE_RUNNER.contains(&name.as_str()))
        .collect()
}

fn other_name(name: &str) -> &str {
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    other.map_or(name, |(_, flag)| flag)
}

fn flag_of<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let mut inputs = command.get_arguments().filter(|it| is_input(it));
    inputs.find(|argument| argument.get_long() == Some(name))
}

fn is_input(argument: &Arg) -> bool {
    let is_redundant = argument
        .get_long()
        .is_some_and(|it| NO_INPUTS.contains(&it));
    !argument.is_hide_set() && !is_redundant
}

/// Whether the value is what the flag has without it. `action.yml` declares such values, so the
/// runner gives them to every command; as arguments they would contradict others that were meant.
fn is_default(argument: &Arg, value: &str) -> bool {
    let action = argument.get_action();
    if matches!(action, ArgAction::SetTrue) {
        return value == "false";
    }
    if matches!(action, ArgAction::Count) {
        return value == "0";
    }
    let defaults = argument.get_default_values();
    defaults.len() == 1 && defaults.iter().all(|it| *it == *value)
}

/// Names that an input may have.
pub(super) fn known_inputs(cli: &Command) -> Vec<String> {
    let offered = cli
        .get_subcommands()
        .filter(|it| COMMANDS.contains(&it.get_name()));
    let flags = std::iter::once(cli)
        .chain(offered)
        .flat_map(Command::get_arguments);
    let shown = flags.filter(|argument| is_input(argument));
    let names = shown.filter_map(|argument| Some(argument.get_long()?.to_owned()));
    let others = OTHER_NAMES.iter().map(|(other, _)| (*other).to_owned());
    let mut names: Vec<String> = names.chain(others).chain(["command".to_owned()]).collect();
    names.sort();
    names.dedup();
    names
}

/// The words of one input. `--flag=value` is read right also when the value begins with a hyphen.
fn arguments(
    argument: &Arg,
    flag: &str,
    name: &str,
    value: &str,
) -> Result<Vec<String>, InputError> {
    let switch = || {
        truth(value).ok_or_else(|| InputError::NotASwitch {
            name: name.to_owned(),
            value: crate::text::one_line(value),
        })
    };
    let with = |value: &str| format!("--{flag}={value}");
    let lines: Vec<&str> = value
        .lines()
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    let once = |wanted: bool| {
        if wanted {
            vec![format!("--{flag}")]
        } else {
            Vec::new()
        }
    };
    let action = argument.get_action();
    if matches!(action, ArgAction::SetTrue) {
        Ok(once(switch()?))
    } else if matches!(action, ArgAction::Count) {
        match value.parse() {
            Ok(times @ 0..=9) => Ok(vec![format!("--{flag}"); times]),
            Ok(_) | Err(_) => Ok(once(switch()?)),
        }
    } else if argument.get_value_delimiter().is_some() {
        Ok(vec![with(&lines.join(","))])
    } else if matches!(action, ArgAction::Append) {
        Ok(lines.into_iter().map(with).collect())
    } else if is_switch(argument) {
        Ok(vec![with(&switch()?.to_string())])
    } else {
        Ok(vec![with(value)])
    }
}

/// Whether the flag takes `true` or `false`.
fn is_switch(argument: &Arg) -> bool {
    let values = argument.get_possible_values();
    values.len() == 2
        && values
            .iter()
            .all(|it| ["true", "false"].contains(&it.get_name()))
}

#[cfg(test)]
mod tests;
