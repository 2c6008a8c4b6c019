//! Which command lines are valid, and the error messages of those that are not.

use std::time::Duration;

use clap::CommandFactory as _;

use super::*;
use crate::analysis::Strategy;
use crate::gate::Limits;
use crate::units::MemoryMb;

fn run(extra: &[&str]) -> Result<RunArgs, String> {
    run_of(&["--model-name", "m"], extra)
}

fn run_of(model: &[&str], extra: &[&str]) -> Result<RunArgs, String> {
    let required = ["sagegate", "run", "--samples", "s.jsonl"];
    match Cli::try_parse_from(required.iter().chain(model).chain(extra)).map(|cli| cli.command) {
        Ok(Command::Run(args)) => Ok(*args),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let args = run(&[]).unwrap();
    let measure = &args.measurement.measure;
    assert_eq!(measure.memory_sizes, MemoryMb::OFFERED);
    assert_eq!(
        (measure.invocations, measure.warmup, measure.error_threshold),
        (1000, 20, 3)
    );
    assert_eq!(measure.deploy_timeout, Duration::from_mins(20));
    assert_eq!(args.gate.limits(), Limits::default());
    assert_eq!(args.measurement.recommend.strategy, Strategy::Balanced);
    let load = &args.measurement.load;
    assert_eq!(load.max_concurrency, [2, 4, 8]);
    assert_eq!(load.client_multipliers, [1.0, 1.5, 1.75, 2.0]);
    assert!(!load.is_wanted(false) && load.is_wanted(true));
}

#[test]
fn bad_values_are_named_with_a_way_out() {
    for (flags, words) in [
        (["--memory-sizes", "1024,2000"], "did you mean 2048?"),
        (["--max-p99-increase", "110"], "did you mean 10%?"),
        (["--invocations", "0"], "0 is not in 1..=1000000"),
        (["--deploy-timeout", "soon"], "`soon` is not a time"),
        (["--tag", "x"], "use KEY=VALUE"),
        (["--baseline", "b.json"], "use file:PATH"),
        (["--strategy", "fast"], "use balanced, cost, speed"),
        (["--max-concurrency", "2,300"], "300 is not in 1..=200"),
        (["--client-multipliers", "0"], "more than 0"),
        (["--max-throttle-rate", "1"], "use for example 0.1%"),
        (["--rate", "20"], "use for example 20/s"),
    ] {
        let error = run(&flags).unwrap_err();
        assert!(error.contains(words) && error.contains(flags[0]), "{error}");
    }
}

#[test]
fn asking_for_something_under_load_turns_the_concurrency_benchmark_on() {
    let wanted = |flags: &[&str]| run(flags).unwrap().measurement.load.is_wanted(false);
    assert!(wanted(&["--expected-clients", "8"]) && wanted(&["--rate", "5/s"]));
    assert!(wanted(&["--concurrency-benchmark", "true"]) && !wanted(&[]));
    assert!(!wanted(&[
        "--rate",
        "5/s",
        "--concurrency-benchmark",
        "false"
    ]));
}
