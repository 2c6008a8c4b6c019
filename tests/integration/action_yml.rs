//! `action.yml` against the command line: the same names, the same defaults, the same outputs.
//! `guide` has the tables that pages show of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use sagegate::config::{Cli, CommandLine, command_line};
use saphyr::{LoadableYamlNode as _, YamlOwned};

use crate::support::Simulator;
use crate::support::github::GitHub;
use crate::support::runner::Runner;

/// Commands that a step of a workflow may run.
const COMMANDS: [&str; 10] = [
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
];

/// The flag that restates the default.
const NO_INPUT: &str = "wait";
/// The output of `submit` alone.
const OF_SUBMIT: &str = "job";

/// Inputs whose default differs from the flag's, and why.
const OTHER_DEFAULTS: [(&str, &str, &str); 2] = [
    ("command", "run", "the action is `sagegate run`"),
    (
        "github-token",
        "${{ github.token }}",
        "the runner gives no GITHUB_TOKEN to a container",
    ),
];

fn repository(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository(file)).unwrap()
}

/// Keys and values of a mapping, in its order.
fn pairs(mapping: &YamlOwned) -> Vec<(String, YamlOwned)> {
    let pairs = mapping.as_mapping().unwrap().iter();
    pairs
        .map(|(key, value)| (text(key), value.clone()))
        .collect()
}

fn text(scalar: &YamlOwned) -> String {
    scalar.as_str().unwrap().to_owned()
}

fn texts(mapping: &YamlOwned) -> BTreeMap<String, String> {
    let pairs = pairs(mapping).into_iter();
    pairs.map(|(key, value)| (key, text(&value))).collect()
}

fn action(key: &str) -> YamlOwned {
    let documents = YamlOwned::load_from_str(&read("action.yml")).unwrap();
    documents[0].as_mapping_get(key).unwrap().clone()
}

/// Name and properties of each entry of a section of `action.yml`, in its order.
pub(crate) fn section(name: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let entries = pairs(&action(name)).into_iter();
    entries.map(|(name, entry)| (name, texts(&entry))).collect()
}

fn defaults() -> BTreeMap<String, String> {
    let inputs = section("inputs").into_iter();
    inputs
        .map(|(name, mut it)| (name, it.remove("default").unwrap()))
        .collect()
}

/// Every flag of the commands, with what it is without being given.
fn flags() -> BTreeMap<String, String> {
    let cli = Cli::command();
    let commands = cli
        .get_subcommands()
        .filter(|it| COMMANDS.contains(&it.get_name()));
    let arguments = commands.chain([&cli]).flat_map(Command::get_arguments);
    let shown = arguments.filter(|it| !it.is_hide_set() && it.get_long() != Some(NO_INPUT));
    shown
        .map(|it| (it.get_long().unwrap().to_owned(), default_of(it)))
        .collect()
}

fn default_of(argument: &Arg) -> String {
    let action = argument.get_action();
    if matches!(action, ArgAction::SetTrue) {
        return "false".to_owned();
    }
    if matches!(action, ArgAction::Count) {
        return "0".to_owned();
    }
    let values = argument.get_default_values().iter();
    let values: Vec<&str> = values.map(|it| it.to_str().unwrap()).collect();
    values.join(",")
}

fn parsed(inputs: &BTreeMap<String, String>) -> CommandLine {
    let named = inputs
        .iter()
        .map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), value.clone()));
    let in_actions = ("GITHUB_ACTIONS".to_owned(), "true".to_owned());
    let environment = named.chain([in_actions]).collect();
    command_line(vec![OsString::from("sagegate")], &environment).unwrap()
}

#[test]
fn every_flag_is_an_input_with_the_same_default_and_every_input_is_known() {
    let mut expected = flags();
    for (name, default, _reason) in OTHER_DEFAULTS {
        expected.insert(name.to_owned(), default.to_owned());
    }
    assert_eq!(defaults(), expected);
    assert!(expected.len() > 50, "{}", expected.len());
    for name in defaults().into_keys().filter(|it| it != "command") {
        // An unknown name would be an error; a switch must have a value that is one.
        parsed(&BTreeMap::from([(name, "1".to_owned())]));
    }
}

#[test]
fn no_command_is_bothered_with_the_defaults_of_others() {
    for command in COMMANDS {
        let mut inputs = defaults();
        inputs.insert("command".to_owned(), command.to_owned());
        let line = parsed(&inputs);
        let token = "--github-token=${{ github.token }}";
        let words = line.arguments.iter().map(|it| it.to_str().unwrap());
        let words: Vec<&str> = words.filter(|it| *it != token).collect();
        assert_eq!(words, ["sagegate", command]);
        assert_eq!(line.ignored, Vec::<String>::new(), "{command}");
    }
}

#[test]
fn the_action_with_all_its_defaults_writes_the_outputs_that_it_declares() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let named = defaults().into_iter().filter(|it| it.0 != "github-token");
    let runner = named.fold(
        Runner::with_aws(&github, &simulator),
        |runner, (name, value)| runner.input(&name, &value),
    );
    let step = runner.model("m").step().expect(0);
    let written: BTreeSet<String> = step.outputs.into_keys().collect();
    let mut declared: BTreeSet<String> = section("outputs").into_iter().map(|it| it.0).collect();
    assert!(declared.remove(OF_SUBMIT));
    assert_eq!(written, declared);
    assert!(
        !step.outcome.stderr.contains("without a meaning"),
        "{}",
        step.outcome.stderr
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn descriptions_are_one_sentence() {
    for (name, entry) in section("inputs").into_iter().chain(section("outputs")) {
        let words = &entry["description"];
        let inside = words.strip_suffix('.').unwrap();
        assert!(
            !inside.contains(". ") && (20..=200).contains(&words.len()),
            "{name}: {words}"
        );
    }
}

#[test]
fn the_action_starts_the_image_without_a_shell_and_cleans_up_always() {
    let runs = texts(&action("runs"));
    let entry = |name: &str| runs[name].as_str();
    assert_eq!(
        [
            entry("using"),
            entry("entrypoint"),
            entry("post-entrypoint"),
            entry("post-if")
        ],
        [
            "docker",
            "/usr/local/bin/sagegate",
            "/usr/local/bin/sagegate-post",
            "always()"
        ]
    );
    assert!(!runs.contains_key("args"), "inputs come as INPUT_...");
}
