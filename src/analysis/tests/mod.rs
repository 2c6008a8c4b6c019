//! Whole runs through [`analyse`], and builders for the tests of other modules.

pub(crate) mod toolkit_parity;

use super::*;
use crate::prices::PriceTable;
use crate::result::{
    Cause, CleanupSummary, ContainerLog, EndpointMetrics, Invocation, InvocationOutcome,
    SampleInfo, Service, Settings,
};

/// The built-in prices of us-east-1.
pub(crate) fn prices() -> DatedPrices {
    PriceTable::bundled()
        .unwrap()
        .region("us-east-1")
        .unwrap()
        .clone()
}

/// A size whose every latency, as the client and CloudWatch see it, is `latency_ms`.
pub(crate) fn size(memory: u32, latency_ms: f64) -> SizeSummary {
    let run = run_of(vec![endpoint(memory, &[latency_ms; 100])]);
    analyse(&run, &prices(), Strategy::Balanced).sizes.remove(0)
}

/// A measured endpoint with these latencies and without CloudWatch metrics.
pub(crate) fn endpoint(memory: u32, latencies: &[f64]) -> EndpointRun {
    let mut start_ms = 0.0;
    let invocations = latencies
        .iter()
        .map(|latency| {
            start_ms += latency;
            Invocation::answered(start_ms - latency, *latency)
        })
        .collect();
    EndpointRun {
        memory_mb: MemoryMb::try_from(memory).unwrap(),
        round: 1,
        max_concurrency: 1,
        endpoint_name: format!("sagegate-test-m{memory}"),
        outcome: EndpointOutcome::Measured,
        deployed_in_s: Some(3.0),
        deployed_again_after: None,
        warmup: Vec::new(),
        invocations,
        metrics: None,
        container_log: ContainerLog::default(),
    }
}

/// A run of these endpoints.
pub(crate) fn run_of(stability: Vec<EndpointRun>) -> RunResult {
    let invocations = stability
        .iter()
        .map(|run| run.invocations.len())
        .max()
        .unwrap_or(0);
    RunResult {
        schema: crate::result::SCHEMA,
        sagegate_version: "0.0.0".to_owned(),
        run_id: "1842-1".to_owned(),
        name: "churn-xgb".to_owned(),
        commit: Some("8f31c2e0aa55".to_owned()),
        started_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        finished_at: "2026-11-22T10:12:09Z".parse().unwrap(),
        service: Service::Aws,
        region: "us-east-1".to_owned(),
        model_name: "churn-model".to_owned(),
        samples: SampleInfo {
            source: "samples.jsonl".to_owned(),
            count: 1,
            sha256: "ab".repeat(32),
        },
        settings: Settings {
            memory_sizes: stability.iter().map(|run| run.memory_mb).collect(),
            invocations: u32::try_from(invocations).unwrap(),
            warmup: 20,
            error_threshold: 3,
            cold_start_delay_s: 0.0,
            latency_source: LatencySource::Client,
            load: None,
        },
        prices: None,
        concurrency: Vec::new(),
        reference: None,
        confirmation: None,
        local: None,
        clock: None,
        runner: None,
        cleanup: CleanupSummary {
            created: u32::try_from(stability.len() * 2).unwrap(),
            deleted: u32::try_from(stability.len() * 2).unwrap(),
            left: Vec::new(),
        },
        stability,
    }
}

/// Complete metrics with these means, in milliseconds.
pub(crate) fn metrics(
    model_latency: f64,
    overhead_mean: f64,
    overhead_median: f64,
) -> EndpointMetrics {
    let statistics = |average, p50| MetricStatistics {
        sample_count: 1000.0,
        average,
        minimum: average,
        maximum: average,
        p25: Some(p50),
        p50: Some(p50),
        p75: Some(p50),
        p90: Some(average),
        p95: Some(average),
        p99: Some(average),
    };
    EndpointMetrics {
        complete: true,
        model_latency_ms: Some(statistics(model_latency, model_latency)),
        overhead_latency_ms: Some(statistics(overhead_mean, overhead_median)),
        model_setup_time_ms: None,
        memory_utilization_percent: None,
    }
}

#[test]
fn cost_is_model_latency_plus_the_pooled_median_overhead() {
    let mut small = endpoint(1024, &[150.0; 10]);
    small.metrics = Some(metrics(100.0, 9.0, 2.0));
    let mut large = endpoint(2048, &[90.0; 10]);
    large.metrics = Some(metrics(50.0, 9.0, 4.0));
    let analysis = analyse(&run_of(vec![small, large]), &prices(), Strategy::Balanced);
    assert_eq!(analysis.cost_basis, CostBasis::CloudWatch);
    assert_eq!(analysis.pooled_overhead, Some(LatencyMs(3.0)));
    let latencies: Vec<f64> = analysis
        .sizes
        .iter()
        .map(|s| s.cost.average_latency.get())
        .collect();
    assert_eq!(latencies, [103.0, 53.0]);
    let toolkit = analysis.sizes[0].toolkit_cost.unwrap().average_latency;
    assert_eq!(toolkit, LatencyMs(109.0), "the toolkit adds the mean");
    assert!((analysis.sizes[0].cost.compute.get() - 2.06).abs() < 1e-12);
}

#[test]
fn one_size_without_complete_metrics_puts_all_sizes_on_client_latency() {
    let mut small = endpoint(1024, &[150.0; 10]);
    small.metrics = Some(metrics(100.0, 9.0, 2.0));
    let mut large = endpoint(2048, &[90.0; 10]);
    large.metrics = Some(EndpointMetrics {
        complete: false,
        ..metrics(50.0, 9.0, 4.0)
    });
    let analysis = analyse(&run_of(vec![small, large]), &prices(), Strategy::Balanced);
    assert_eq!(analysis.cost_basis, CostBasis::ClientLatency);
    assert_eq!(analysis.sizes[0].cost.average_latency, LatencyMs(150.0));
}

#[test]
fn a_cold_start_is_set_aside_and_a_slow_call_is_not() {
    let mut latencies = vec![100.0; 200];
    latencies[0] = 1500.0;
    latencies[50] = 1050.0;
    latencies[51] = 450.0;
    let analysis = analyse(
        &run_of(vec![endpoint(1024, &latencies)]),
        &prices(),
        Strategy::Balanced,
    );
    let size = &analysis.sizes[0];
    assert_eq!(
        size.cold_starts,
        [LatencyMs(1500.0)],
        "1050 ms is under median + 1 s"
    );
    assert_eq!((size.warm().count, size.all.count), (199, 200));
    assert_eq!(size.warm().max, LatencyMs(1050.0));
}

#[test]
fn what_cloudwatch_does_not_count_as_a_cold_start_is_the_models_own_tail() {
    let mut latencies = [100.0; 100];
    (latencies[10], latencies[20], latencies[30]) = (3000.0, 2000.0, 4000.0);
    let mut run = endpoint(1024, &latencies);
    let mut counted = metrics(100.0, 9.0, 2.0);
    counted.model_setup_time_ms = counted.model_latency_ms.map(|it| MetricStatistics {
        sample_count: 2.0,
        ..it
    });
    run.metrics = Some(counted);
    let cold_starts = |run: &EndpointRun| {
        let analysis = analyse(&run_of(vec![run.clone()]), &prices(), Strategy::Balanced);
        let size = &analysis.sizes[0];
        (size.cold_starts.clone(), size.warm().max)
    };
    let two = vec![LatencyMs(3000.0), LatencyMs(4000.0)];
    assert_eq!(cold_starts(&run), (two, LatencyMs(2000.0)));
    // Incomplete metrics are not used: every slow call is set aside.
    run.metrics.as_mut().unwrap().complete = false;
    assert_eq!(cold_starts(&run).0.len(), 3);
}

#[test]
fn a_slow_sample_is_not_a_cold_start() {
    let mut run = endpoint(1024, &[10.0; 100]);
    for call in run.invocations.iter_mut().skip(80) {
        call.sample = 1;
        call.latency_ms = 2000.0;
    }
    let analysis = analyse(&run_of(vec![run]), &prices(), Strategy::Balanced);
    assert!(analysis.sizes[0].cold_starts.is_empty());
}

#[test]
fn failed_calls_are_counted_by_kind_and_have_no_latency() {
    let mut run = endpoint(1024, &[10.0; 8]);
    let outcomes = [
        InvocationOutcome::Throttled,
        InvocationOutcome::NotReady,
        InvocationOutcome::OutOfMemory,
        InvocationOutcome::ModelError("x".into()),
        InvocationOutcome::ServiceError("x".into()),
        InvocationOutcome::TransportError("x".into()),
    ];
    for (call, outcome) in run.invocations.iter_mut().zip(outcomes) {
        call.outcome = outcome;
    }
    let analysis = analyse(&run_of(vec![run]), &prices(), Strategy::Balanced);
    let size = &analysis.sizes[0];
    assert_eq!((size.errors.total(), size.calls, size.all.count), (6, 8, 2));
}

#[test]
fn a_size_that_failed_is_left_out_with_its_reason() {
    let mut broken = endpoint(1024, &[]);
    broken.outcome = EndpointOutcome::DeployFailed {
        reason: "ping".to_owned(),
        cause: Cause::Model,
    };
    let silent = endpoint(2048, &[]);
    let analysis = analyse(&run_of(vec![broken, silent]), &prices(), Strategy::Balanced);
    let reasons: Vec<&str> = analysis
        .left_out
        .iter()
        .map(|left| left.reason.as_str())
        .collect();
    assert_eq!(reasons, ["ping", "no call succeeded"]);
    assert_eq!((analysis.sizes.len(), analysis.best), (0, None));
}
