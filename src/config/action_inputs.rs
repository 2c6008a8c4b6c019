//! PURE: the inputs of the GitHub Action as a command line.
//!
//! The runner gives each input as `INPUT_<NAME>`: in capitals, with its hyphens, not trimmed, and empty when it was
//! declared without a default. Source: `Handler.cs` of the runner. Empty variables break typed `env =` arguments, so the
//! inputs become arguments, which the one parser reads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use thiserror::Error;

use super::args::Cli;
use super::words::{nearest, truth};

const PREFIX: &str = "INPUT_";
/// Names that people expect for flags of another name.
const OTHER_NAMES: [(&str, &str); 1] = [("tags", "tag")];
/// Inputs of every container action: the runner itself uses them.
const OF_THE_RUNNER: [&str; 2] = ["args", "entrypoint"];
/// Commands that make sense as a step of a workflow.
const COMMANDS: [&str; 9] = [
    "run",
    "benchmark",
    "calibrate",
    "compare",
    "record",
    "report",
    "post",
    "cleanup",
    "demo",
];
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
        "input `command`: `{name}` is no command of the action, use {}{}",
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
/// - Started as `sagegate-post` it is the clean-up of a step, whatever else there is.
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
        return Ok(CommandLine {
            arguments: ["sagegate", "cleanup", "--from-state"]
                .map(OsString::from)
                .to_vec(),
            from_inputs: true,
            ignored: Vec::new(),
        });
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
        if let Some(argument) = flag_of(command, flag).or_else(|| flag_of(&cli, flag)) {
            let words = arguments(argument, flag, &name, &value)?;
            line.arguments.extend(words.into_iter().map(OsString::from));
        } else if cli
            .get_subcommands()
            .any(|other| flag_of(other, flag).is_some())
        {
            line.ignored.push(name);
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
    command
        .get_arguments()
        .find(|argument| argument.get_long() == Some(name) && !argument.is_hide_set())
}

/// Names that an input may have.
pub(super) fn known_inputs(cli: &Command) -> Vec<String> {
    let offered = cli
        .get_subcommands()
        .filter(|it| COMMANDS.contains(&it.get_name()));
    let flags = std::iter::once(cli)
        .chain(offered)
        .flat_map(Command::get_arguments);
    let shown = flags.filter(|argument| !argument.is_hide_set());
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let all = [("GITHUB_ACTIONS", "true")].iter().chain(pairs);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn line(pairs: &[(&str, &str)]) -> Result<CommandLine, InputError> {
        command_line(vec!["/usr/bin/sagegate".into()], &environment(pairs))
    }

    fn words(pairs: &[(&str, &str)]) -> Vec<String> {
        let arguments = line(pairs).unwrap().arguments;
        arguments
            .into_iter()
            .map(|it| it.into_string().unwrap())
            .collect()
    }

    #[test]
    fn inputs_become_arguments_trimmed_and_without_empties() {
        let inputs = [
            ("INPUT_MODEL-NAME", " churn \n"),
            ("INPUT_MEMORY-SIZES", "1024,2048"),
            ("INPUT_MAX-P99", ""),
            ("INPUT_REGION", "  "),
            ("INPUT_SAMPLES", "-odd.jsonl"),
        ];
        assert_eq!(
            words(&inputs),
            [
                "sagegate",
                "run",
                "--memory-sizes=1024,2048",
                "--model-name=churn",
                "--samples=-odd.jsonl"
            ]
        );
        assert_eq!(words(&[("INPUT_MODE", "")]), ["sagegate", "run"]);
    }

    #[test]
    fn several_values_stand_one_a_line() {
        let inputs = [
            ("INPUT_CONTAINER-ENV", "A=1, 2\n\n  B=x=y\r\n"),
            ("INPUT_MAX-CONCURRENCY", "2\n4"),
            ("INPUT_TAGS", "team=risk\nowner=a b"),
        ];
        assert_eq!(
            words(&inputs)[2..],
            [
                "--container-env=A=1, 2",
                "--container-env=B=x=y",
                "--max-concurrency=2,4",
                "--tag=team=risk",
                "--tag=owner=a b",
            ]
        );
    }

    #[test]
    fn switches_are_read_as_people_write_them() {
        for on in ["true", "True", "YES", "on", "1"] {
            let inputs = [("INPUT_QUIET", on), ("INPUT_CONCURRENCY-BENCHMARK", on)];
            assert_eq!(
                words(&inputs)[2..],
                ["--concurrency-benchmark=true", "--quiet"],
                "{on}"
            );
        }
        for off in ["false", "No", "off", "0"] {
            let inputs = [("INPUT_QUIET", off), ("INPUT_CONCURRENCY-BENCHMARK", off)];
            assert_eq!(
                words(&inputs)[2..],
                ["--concurrency-benchmark=false"],
                "{off}"
            );
        }
        assert_eq!(
            words(&[("INPUT_VERBOSE", "2")])[2..],
            ["--verbose", "--verbose"]
        );
        let error = line(&[("INPUT_QUIET", "maybe\n::error::")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "input `quiet`: `maybe ::error::` is neither true nor false"
        );
    }

    #[test]
    fn an_unknown_input_is_named_with_the_nearest() {
        let error = |pairs| line(pairs).unwrap_err().to_string();
        assert_eq!(
            error(&[("INPUT_MEMORY-SIZE", "1024")]),
            "the action has no input `memory-size`; did you mean `memory-sizes`?"
        );
        assert_eq!(
            error(&[("INPUT_ZZZ", "1")]),
            "the action has no input `zzz`"
        );
        assert_eq!(
            error(&[("INPUT_COMMAND", "benchmrk")]),
            "input `command`: `benchmrk` is no command of the action, use run, benchmark, calibrate, compare, record, \
             report, post, cleanup, demo; did you mean `benchmark`?"
        );
        assert!(line(&[("INPUT_COMMAND", "simulate")]).is_err());
        assert!(line(&[("INPUT_FROM-STATE", "true")]).is_err());
    }

    #[test]
    fn inputs_of_other_commands_and_of_the_runner_are_left_out() {
        let inputs = [
            ("INPUT_COMMAND", "report"),
            ("INPUT_RESULT", "r.json"),
            ("INPUT_MAX-P99", "250ms"),
            ("INPUT_ENTRYPOINT", "/bin/sh"),
        ];
        let line = line(&inputs).unwrap();
        assert_eq!(
            line.arguments,
            ["sagegate", "report", "--result=r.json"].map(OsString::from)
        );
        assert_eq!(line.ignored, ["max-p99"]);
    }

    #[test]
    fn what_is_typed_goes_before_inputs_and_the_clean_up_before_both() {
        let inputs = environment(&[("INPUT_COMMAND", "report")]);
        let line = |words: &[&str]| {
            let typed = words.iter().map(OsString::from).collect();
            command_line(typed, &inputs).unwrap()
        };
        assert_eq!(
            line(&["sagegate", "demo"]).arguments,
            ["sagegate", "demo"].map(OsString::from)
        );
        assert_eq!(
            line(&["/usr/local/bin/sagegate-post"]).arguments,
            ["sagegate", "cleanup", "--from-state"].map(OsString::from)
        );
        let outside = BTreeMap::from([("INPUT_COMMAND".to_owned(), "report".to_owned())]);
        let typed = vec![OsString::from("sagegate")];
        assert_eq!(
            command_line(typed.clone(), &outside).unwrap().arguments,
            typed
        );
        let bare = environment(&[]);
        assert!(!command_line(typed, &bare).unwrap().from_inputs);
    }

    #[test]
    fn an_input_exists_for_every_flag_that_a_workflow_needs() {
        let known = known_inputs(&Cli::command());
        for name in [
            "command",
            "comment",
            "container-env",
            "github-token",
            "mode",
            "on-no-credentials",
            "simulate",
            "tags",
        ] {
            assert!(known.iter().any(|it| it == name), "{name}: {known:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_value_becomes_a_second_argument(value in "(--|=| |,|\n|a|\\PC){0,20}") {
            let line = line(&[("INPUT_REGION", &value)]).unwrap();
            prop_assert!(line.arguments.len() <= 3);
        }
    }
}
