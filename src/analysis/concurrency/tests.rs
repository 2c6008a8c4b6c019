//! Rows from calls whose answer is known.

use super::*;
use crate::analysis::tests::{prices, run_of};
use crate::analysis::{Strategy, analyse};
use crate::result::{EndpointOutcome, InvocationOutcome, LoadSettings};

pub(crate) fn call(start_ms: f64, latency_ms: f64, outcome: InvocationOutcome) -> Invocation {
    Invocation {
        first_byte_ms: latency_ms / 2.0,
        outcome,
        ..Invocation::answered(start_ms, latency_ms)
    }
}

/// A load of `calls` calls, 100 ms apart, of which the first `throttled` were refused.
pub(crate) fn round(load: Load, calls: u32, throttled: u32) -> LoadRound {
    let one = |index: u32| {
        let outcome = if index < throttled {
            InvocationOutcome::Throttled
        } else {
            InvocationOutcome::Success
        };
        call(f64::from(index) * 100.0, 50.0, outcome)
    };
    LoadRound {
        load,
        warmup: vec![call(0.0, 900.0, InvocationOutcome::Success)],
        invocations: (0..calls).map(one).collect(),
    }
}

pub(crate) fn clients(clients: u32) -> Load {
    Load::ClosedLoop { clients }
}

/// A run whose concurrency benchmark was asked about `expected` clients and one load at a constant
/// rate.
pub(crate) fn with_load(mut run: RunResult, endpoints: Vec<(u32, Vec<LoadRound>)>) -> RunResult {
    run.settings.load = Some(LoadSettings {
        max_concurrency: endpoints.iter().map(|(workers, _)| *workers).collect(),
        invocations: 20,
        client_multipliers: vec![1.0, 2.0],
        expected_clients: Some(4),
        max_throttle_rate: Ratio(0.001),
        think_time_s: 0.0,
        open_loop: Some(Load::ConstantRate { per_second: 10.0 }),
    });
    run.concurrency = endpoints
        .into_iter()
        .map(|(max_concurrency, rounds)| LoadRun {
            memory_mb: MemoryMb::OFFERED[1],
            max_concurrency,
            endpoint_name: format!("sagegate-x-c{max_concurrency}"),
            outcome: EndpointOutcome::Measured,
            deployed_in_s: Some(90.0),
            rounds,
            metrics: None,
        })
        .collect();
    run
}

fn summaries(run: &RunResult) -> Vec<LoadSummary> {
    analyse(run, &prices(), Strategy::Balanced).loads
}

#[test]
fn a_row_counts_throttles_and_measures_the_rest() {
    let run = with_load(
        run_of(Vec::new()),
        vec![(2, vec![round(clients(3), 20, 5)])],
    );
    let rows = summaries(&run);
    let row = &rows[0];
    assert_eq!(
        (
            row.calls,
            row.errors.count(OutcomeKind::Throttled),
            row.latency.count
        ),
        (20, 5, 15)
    );
    assert!((row.throttle_rate().get() - 0.25).abs() < 1e-12);
    // 15 answers between 0 ms and 1950 ms.
    assert!((row.throughput_per_s - 15.0 / 1.95).abs() < 1e-9);
    // Answers end at 550, 650 … 1950 ms: five in the first second, ten in the second.
    let PerSecond {
        average, p25, max, ..
    } = row.per_second;
    assert_eq!((average, p25, max), (7.5, 6.25, 10.0));
}

#[test]
fn the_smallest_max_concurrency_that_serves_the_expected_clients_is_found() {
    let rate = || Load::ConstantRate { per_second: 10.0 };
    let endpoint = |workers, throttled_clients, throttled_rate| {
        let rounds = vec![
            round(clients(4), 1000, throttled_clients),
            round(rate(), 1000, throttled_rate),
        ];
        (workers, rounds)
    };
    let run = with_load(
        run_of(Vec::new()),
        vec![endpoint(2, 300, 2), endpoint(4, 1, 0), endpoint(8, 0, 0)],
    );
    let serving = analyse(&run, &prices(), Strategy::Balanced).serving;
    assert_eq!(serving.len(), 2);
    assert_eq!(serving[0].smallest, Some(4), "0.1 % is served");
    assert_eq!(serving[1].smallest, Some(4), "0.2 % is not");
    assert_eq!(serving[0].tried, [2, 4, 8]);
}

#[test]
fn nothing_is_served_by_a_model_that_fails_and_an_untried_load_has_no_answer() {
    let mut broken = round(clients(4), 10, 0);
    for call in &mut broken.invocations {
        call.outcome = InvocationOutcome::ModelError("x".into());
    }
    let run = with_load(run_of(Vec::new()), vec![(8, vec![broken])]);
    let serving = analyse(&run, &prices(), Strategy::Balanced).serving;
    assert_eq!(serving.len(), 1, "no open loop was run");
    assert_eq!(serving[0].smallest, None);
}

#[test]
fn an_endpoint_that_a_quota_refused_is_skipped_and_not_failed() {
    let mut run = with_load(run_of(Vec::new()), vec![(16, Vec::new())]);
    run.concurrency[0].outcome = EndpointOutcome::SkippedQuota {
        reason: "quota".to_owned(),
    };
    let left = analyse(&run, &prices(), Strategy::Balanced).loads_left_out;
    assert!(left[0].skipped && left[0].max_concurrency == 16);
}

#[test]
fn no_answer_at_all_gives_a_row_of_zeros() {
    let run = with_load(run_of(Vec::new()), vec![(2, vec![round(clients(2), 0, 0)])]);
    let rows = summaries(&run);
    assert_eq!(rows[0].per_second, PerSecond::default());
    assert!(rows[0].throughput_per_s.abs() < f64::EPSILON);
    assert_eq!(rows[0].throttle_rate(), Ratio(0.0));
}
