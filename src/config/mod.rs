//! The command line, parsed and checked.
//!
//! `args` is what clap parses. [`Command`] is the same with every combination checked: the only
//! form that the rest of the program sees.

mod action_inputs;
mod args;
mod check;
mod command;
mod demo;
mod error;
mod gate;
mod measurement;
mod words;

use clap::CommandFactory as _;

pub use self::action_inputs::{CommandLine, InputError, command_line};
pub use self::args::{Cli, Command as Typed, GivenToken, Mode};
pub use self::command::{
    AfterStart, Against, Benchmark, Calibrate, Cleanup, Collect, Command, Compare, Demo, Job,
    Leftovers, OfferFrom, Post, Prices, Record, Rejected, Report, Run, Samples, Simulate, Submit,
};
pub use self::error::ConfigError;
pub use self::gate::{Attempt, Baseline, Gate, Judging};
pub use self::measurement::{
    ArrivalsSource, Measurement, Output, PricesFrom, Recommend, SamplesSource, Target,
};

/// clap's message without usage and advice: what is wrong with which flag, on one line.
pub fn usage_error(message: &str) -> String {
    format!("{}; see `sagegate --help`", essence(message))
}

/// The same for the action: flags are named as inputs.
pub fn input_error(message: &str) -> String {
    let known = action_inputs::known_inputs(&Cli::command());
    let words = essence(message);
    format!(
        "{}; see the inputs of the action",
        as_inputs(words.strip_prefix("error: ").unwrap_or(&words), &known)
    )
}

/// `'--max-p99 <MS>'` becomes `` input `max-p99` ``.
fn as_inputs(words: &str, known: &[String]) -> String {
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
            usage_error(text),
            "error: invalid value '9' for '--x <X>': no tip: try 10; see `sagegate --help`"
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
