//! Inputs as the runner gives them.

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
        "input `command`: `benchmrk` is not a command of the action, use run, benchmark, calibrate, compare, record, \
         submit, collect, report, post, cleanup, demo; did you mean `benchmark`?"
    );
    assert!(line(&[("INPUT_COMMAND", "simulate")]).is_err());
    assert_eq!(
        error(&[("INPUT_COMMAND", "submit"), ("INPUT_WAIT", "false")]),
        "the action has no input `wait`"
    );
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
fn defaults_of_the_action_contradict_nothing_and_are_not_reported() {
    let defaults = [
        ("INPUT_OUTPUT-DIR", "sagegate-results"),
        ("INPUT_RUNS", "5"),
        ("INPUT_SEED-BASELINE", "false"),
        ("INPUT_MEMORY-SIZES", "1024,2048,3072,4096,5120,6144"),
        ("INPUT_GITHUB-TOKEN", "ghs_0"),
        ("INPUT_VERBOSE", "0"),
    ];
    let of = |command, name, value| {
        let own = [("INPUT_COMMAND", command), (name, value)];
        let line = line(&[&defaults[..], &own].concat()).unwrap();
        let words = line.arguments.iter().skip(1);
        let words: Vec<_> = words.map(|it| it.to_str().unwrap().to_owned()).collect();
        (words.join(" "), line.ignored)
    };
    assert_eq!(
        of("run", "INPUT_RESUME", "old"),
        ("run --github-token=ghs_0 --resume=old".to_owned(), vec![])
    );
    assert_eq!(
        of("report", "INPUT_RUNS", "6"),
        ("report".to_owned(), vec!["runs".to_owned()])
    );
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
    let role = environment(&[("INPUT_ROLE-TO-ASSUME", " arn:aws:iam::1:role/r ")]);
    assert_eq!(
        command_line(vec!["sagegate-post".into()], &role)
            .unwrap()
            .arguments,
        [
            "sagegate",
            "cleanup",
            "--from-state",
            "--role-to-assume=arn:aws:iam::1:role/r"
        ]
        .map(OsString::from)
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
