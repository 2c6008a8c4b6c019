//! The toolkit's own raw calls must give its own rows.

use std::collections::BTreeMap;

use super::*;
use crate::analysis::concurrency::tests::{clients as load, with_load};
use crate::analysis::tests::{metrics, prices, run_of};
use crate::analysis::{Strategy, analyse};
use crate::result::{Invocation, InvocationOutcome};

fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(str::to_owned);
        head.iter().map(ToString::to_string).zip(cells).collect()
    };
    lines.map(row).collect()
}

fn fixture(path: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read_to_string(format!("{root}/tests/fixtures/toolkit-run/{path}")).unwrap()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or(f64::NAN)
}

/// One call of the toolkit: a throttled one has the latency -1.
fn call(row: &BTreeMap<String, String>) -> Invocation {
    let throttled = number(row, "throttle_exception") > 0.0;
    let start_ms = number(row, "start_time") * 1000.0;
    Invocation {
        outcome: if throttled {
            InvocationOutcome::Throttled
        } else {
            InvocationOutcome::Success
        },
        ..Invocation::answered(start_ms, number(row, "invocation_latency"))
    }
}

/// The toolkit leaves calls above mean + 5 x interquartile range out of latencies and rates.
fn without_outliers(mut calls: Vec<Invocation>) -> Vec<Invocation> {
    let latencies: Vec<f64> = calls.iter().map(|call| call.latency_ms).collect();
    let mean = crate::analysis::mean(&latencies).unwrap();
    let sorted = crate::analysis::sorted(&latencies);
    let quantile = |p| crate::analysis::interpolated(&sorted, p).unwrap();
    let high = mean + 5.0 * (quantile(0.75) - quantile(0.25));
    calls.retain(|call| call.latency_ms <= high && call.latency_ms > 0.0);
    calls
}

fn toolkit_rounds() -> Vec<LoadRound> {
    let raw = rows(&fixture(
        "concurrency_benchmark_raw_results/invocation_benchmark_results.csv",
    ));
    let round = |clients: u32| {
        let of_load = raw
            .iter()
            .filter(|row| row["num_clients"] == clients.to_string());
        LoadRound {
            load: load(clients),
            warmup: Vec::new(),
            invocations: without_outliers(of_load.map(call).collect()),
        }
    };
    [2, 3, 4].map(round).into()
}

#[test]
fn latencies_and_rates_are_the_toolkits() {
    let run = with_load(run_of(Vec::new()), vec![(2, toolkit_rounds())]);
    let ours = rows(&summary(&analyse(&run, &prices(), Strategy::Balanced)));
    let theirs = rows(&fixture(
        "concurrency_benchmark_summary_results/concurrency_benchmark_summary.csv",
    ));
    assert_eq!((ours.len(), theirs.len()), (3, 3));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        for column in ["max_concurrency", "num_clients", "memory_size"] {
            assert_eq!(ours[column], theirs[column]);
        }
        for column in ["median", "mean", "max", "iqr"] {
            let column = format!("invocation_latency_{column}");
            let (a, b) = (number(ours, &column), number(theirs, &column));
            assert!((a / b - 1.0).abs() < 1e-9, "{column}: {a} and {b}");
        }
        for column in ["avg", "p25", "p50", "p75", "max"] {
            let column = format!("tps_{column}");
            let (a, b) = (number(ours, &column), number(theirs, &column));
            assert!((a.trunc() - b).abs() < 1e-9, "{column}: {a} is cut to {b}");
        }
    }
}

#[test]
fn every_column_of_the_toolkit_is_there_with_its_name() {
    let mut run = with_load(run_of(Vec::new()), vec![(2, toolkit_rounds())]);
    run.concurrency[0].metrics = Some(metrics(100.0, 2.0, 2.0));
    let files = files(&run, &analyse(&run, &prices(), Strategy::Balanced));
    assert_eq!(files.len(), 4);
    for (path, text) in files {
        let theirs = fixture(path);
        let (ours, theirs) = (text.lines().next().unwrap(), theirs.lines().next().unwrap());
        assert!(ours.starts_with(theirs), "{path}: {ours}");
        assert!(text.lines().count() > 1, "{path}");
    }
}

#[test]
fn a_result_of_schema_1_gives_the_rows_that_its_program_gave() {
    let root = format!("{}/tests/fixtures/schema-1", env!("CARGO_MANIFEST_DIR"));
    let run = RunResult::read(format!("{root}/result.json").as_ref()).unwrap();
    let written = std::fs::read_to_string(format!("{root}/concurrency-invocations.csv")).unwrap();
    let (ours, theirs) = (rows(&invocations(&run)), rows(&written));
    assert_eq!((ours.len(), theirs.len()), (24, 24));
    for (own, their) in ours.iter().zip(&theirs) {
        for (column, cell) in their {
            match (own[column].parse::<f64>(), cell.parse::<f64>()) {
                (Ok(own), Ok(their)) => assert!((own - their).abs() < 0.0011, "{column}: {own}"),
                (_, _) => assert_eq!(&own[column], cell, "{column}"),
            }
        }
    }
}
