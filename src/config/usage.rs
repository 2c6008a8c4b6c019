//! PURE: messages of the parser for people, who typed flags or gave inputs.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::action_inputs;
use super::args::Cli;

/// clap's message without usage and advice: what is wrong with which flag, on one line, and which
/// help says more. `arguments` are those that were parsed.
pub fn usage_error(error: &clap::Error, arguments: &[OsString]) -> String {
    let cli = Cli::command();
    let command = arguments
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .find_map(|word| cli.find_subcommand(word));
    let words = essence(&error.to_string());
    let words = words.strip_prefix("error: ").unwrap_or(&words);
    let words = match command.and_then(|command| longer_flag(error, command)) {
        Some(flag) => {
            let (said, _tip) = words.split_once(" tip: ").unwrap_or((words, ""));
            format!("{said}, did you mean {flag}?")
        }
        None => words.replace(" tip: ", "; "),
    };
    match command {
        Some(command) => format!("{words}; see `sagegate {} --help`", command.get_name()),
        None => format!("{words}; see `sagegate --help`"),
    }
}

/// The first flag that begins like one that does not exist: `--model-name` for `--model`.
fn longer_flag(error: &clap::Error, command: &clap::Command) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let begins = format!("{}-", given.strip_prefix("--")?);
    let mut flags = command.get_arguments().filter(|it| !it.is_hide_set());
    let found = flags.find_map(|it| it.get_long().filter(|name| name.starts_with(&begins)));
    found.map(|name| format!("--{name}"))
}

/// The same for the action: flags are named as inputs.
pub fn input_error(message: &str) -> String {
    let words = essence(message);
    format!(
        "{}; see the inputs of the action",
        as_inputs(words.strip_prefix("error: ").unwrap_or(&words))
    )
}

/// `'--max-p99 <MS>'` becomes `` input `max-p99` ``; what stands in backquotes is a command and
/// stays.
pub fn as_inputs(words: &str) -> String {
    let known = action_inputs::known_inputs(&Cli::command());
    let parts = words.split('`').enumerate().map(|(index, part)| {
        if index % 2 == 0 {
            outside_commands(part, &known)
        } else {
            format!("`{part}`")
        }
    });
    parts.collect()
}

fn outside_commands(words: &str, known: &[String]) -> String {
    let mut out = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once("--") {
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let (name, tail) = after.split_at(end.unwrap_or(after.len()));
        if !known.iter().any(|it| it == name) {
            out.push_str(before);
            out.push_str("--");
            rest = after;
            continue;
        }
        let tail = match tail.strip_prefix(" <").and_then(|it| it.split_once('>')) {
            Some((_placeholder, after)) => after,
            None => tail,
        };
        let (before, tail) = match (before.strip_suffix('\''), tail.strip_prefix('\'')) {
            (Some(before), Some(tail)) => (before, tail),
            (Some(_) | None, _) => (before, tail),
        };
        out.push_str(before);
        out.extend(["input `", name, "`"]);
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn essence(message: &str) -> String {
    let kept = message.lines().map(str::trim).take_while(|line| {
        !line.starts_with("Usage:") && !line.starts_with("For more information")
    });
    let words: Vec<&str> = kept.filter(|line| !line.is_empty()).collect();
    crate::text::one_line(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_one_line() {
        let text = "error: invalid value '9' for '--x <X>': no\n\n  tip: try 10\n\nUsage: a b\n\nFor more information, x";
        assert_eq!(
            essence(text),
            "error: invalid value '9' for '--x <X>': no tip: try 10"
        );
    }

    #[test]
    fn a_mistake_names_the_help_of_its_command_and_the_nearest_flag() {
        let of = |words: &[&str]| {
            let words: Vec<OsString> = ["sagegate"]
                .iter()
                .chain(words)
                .map(OsString::from)
                .collect();
            usage_error(&super::super::parse(&words).unwrap_err(), &words)
        };
        let texts = [
            of(&["run", "--model", "m"]),
            of(&["run", "--invocations=0", "--simulate=x"]),
            of(&["demo", "--regresed"]),
            of(&["run", "--nothing-like-it"]),
            of(&["samples"]),
            of(&["-q", "compare", "--result"]),
            of(&["bench"]),
            of(&["--nothing"]),
        ];
        insta::assert_snapshot!(texts.join("\n"), @"
        unexpected argument '--model' found, did you mean --model-name?; see `sagegate run --help`
        invalid value '0' for '--invocations <N>': 0 is not in 1..=1000000; see `sagegate run --help`
        unexpected argument '--regresed' found; a similar argument exists: '--regressed'; see `sagegate demo --help`
        unexpected argument '--nothing-like-it' found; see `sagegate run --help`
        the following required arguments were not provided: --out <FILE> <FROM>...; see `sagegate samples --help`
        a value is required for '--result <FILE>' but none was supplied; see `sagegate compare --help`
        unrecognized subcommand 'bench'; a similar subcommand exists: 'benchmark'; see `sagegate --help`
        unexpected argument '--nothing' found; see `sagegate --help`
        ");
    }

    #[test]
    fn flags_in_a_sentence_become_inputs_and_commands_stay() {
        assert_eq!(
            as_inputs("check --region; `sagegate cleanup --run ID` or --out x"),
            "check input `region`; `sagegate cleanup --run ID` or --out x"
        );
    }

    #[test]
    fn a_mistake_in_the_action_names_the_input() {
        let of = |words: &[&str]| {
            let words = ["sagegate"].iter().chain(words);
            let error = <Cli as clap::Parser>::try_parse_from(words).unwrap_err();
            input_error(&error.to_string())
        };
        assert_eq!(
            of(&["run", "--simulate=xgboost", "--invocations=0"]),
            "invalid value '0' for input `invocations`: 0 is not in 1..=1000000; see the inputs of the action"
        );
        assert_eq!(
            of(&["submit", "--simulate=xgboost"]),
            "the following required arguments were not provided: input `image-uri-of-sagegate` input `job-role-arn` \
             input `s3-output`; see the inputs of the action"
        );
    }

    #[test]
    fn a_token_is_in_no_message() {
        let words = [
            "sagegate",
            "run",
            "--simulate=x",
            "--github-token=ghs_\u{e9} secret",
        ];
        let cli = <Cli as clap::Parser>::try_parse_from(words).unwrap();
        assert!(!format!("{cli:?}").contains("secret"));
    }
}
