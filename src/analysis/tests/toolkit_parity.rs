//! A real run of AWS's Python toolkit, fed through our analysis, must give the toolkit's own
//! summaries.

use std::collections::BTreeMap;

use super::*;
use crate::result::EndpointMetrics;

fn table(path: &str) -> Vec<BTreeMap<String, String>> {
    let path = format!(
        "{}/tests/fixtures/toolkit-run/{path}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head: Vec<String> = lines
        .next()
        .unwrap()
        .split(',')
        .map(str::to_owned)
        .collect();
    lines
        .map(|line| {
            head.iter()
                .cloned()
                .zip(line.split(',').map(str::to_owned))
                .collect()
        })
        .collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column}: {}", row[column]))
}

fn memory(row: &BTreeMap<String, String>) -> u32 {
    row["memory_size"].parse().unwrap()
}

#[track_caller]
fn assert_close(ours: f64, theirs: f64, what: &str) {
    let error = (ours - theirs).abs() / theirs.abs().max(f64::MIN_POSITIVE);
    assert!(
        error <= 1e-9,
        "{what}: ours {ours}, the toolkit's {theirs}, off by {error:e}"
    );
}

/// The raw files of the run as a `RunResult`.
pub(crate) fn toolkit_run() -> RunResult {
    let mut latencies: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for row in table("stability_benchmark_raw_results/invocation_benchmark_results.csv") {
        latencies
            .entry(memory(&row))
            .or_default()
            .push(number(&row, "invocation_latency"));
    }
    let metrics = table("stability_benchmark_raw_results/endpoint_metrics.csv");
    let endpoints = latencies.into_iter().map(|(memory_mb, latencies)| {
        let mut run = endpoint(memory_mb, &latencies);
        for (call, invocation) in run.invocations.iter_mut().enumerate() {
            // The toolkit counts Python's object size of a sample: 49 bytes and one a character, 58
            // and 59 here.
            invocation.request_bytes = 58 + call as u64 % 2;
            invocation.response_bytes = 4000;
        }
        run.metrics = Some(endpoint_metrics(&metrics, memory_mb));
        run
    });
    run_of(endpoints.collect())
}

fn endpoint_metrics(rows: &[BTreeMap<String, String>], memory_mb: u32) -> EndpointMetrics {
    let statistics = |name: &str, divisor: f64| {
        let row = rows
            .iter()
            .find(|row| row["metric_name"] == name && memory(row) == memory_mb)?;
        let of = |column| number(row, column) / divisor;
        Some(MetricStatistics {
            sample_count: 1000.0,
            average: of("Average"),
            minimum: of("Minimum"),
            maximum: of("Maximum"),
            p25: Some(of("p25")),
            p50: Some(of("p50")),
            p75: Some(of("p75")),
            p90: None,
            p95: None,
            p99: None,
        })
    };
    EndpointMetrics {
        complete: true,
        model_latency_ms: statistics("ModelLatency", 1000.0),
        overhead_latency_ms: statistics("OverheadLatency", 1000.0),
        model_setup_time_ms: statistics("ModelSetupTime", 1000.0),
        memory_utilization_percent: statistics("MemoryUtilization", 1.0),
    }
}

fn analysis() -> Analysis {
    analyse(&toolkit_run(), &prices(), Strategy::Balanced)
}

#[test]
fn the_toolkits_latency_summary_comes_out() {
    let analysis = analysis();
    let rows = table("stability_benchmark_summary_results/invocation_benchmark_summary.csv");
    assert_eq!(rows.len(), 6);
    for row in rows {
        let all = analysis
            .size(MemoryMb::try_from(memory(&row)).unwrap())
            .unwrap()
            .all;
        let ours = [
            ("invocation_latency_min", all.min),
            ("invocation_latency_mean", all.mean),
            ("invocation_latency_median", all.median),
            ("invocation_latency_max", all.max),
            ("invocation_latency_iqr", all.iqr),
        ];
        assert_eq!(all.count.to_string(), row["successful_invocations"]);
        for (column, value) in ours {
            assert_close(value.get(), number(&row, column), column);
        }
    }
}

#[test]
fn the_toolkits_metric_summary_comes_out() {
    let analysis = analysis();
    let rows = table("stability_benchmark_summary_results/endpoint_metrics_summary.csv");
    assert_eq!(rows.len(), 6);
    for row in rows {
        let size = analysis
            .size(MemoryMb::try_from(memory(&row)).unwrap())
            .unwrap();
        let metrics = size.metrics.as_ref().unwrap();
        for (column, statistics) in [
            ("MemoryUtilization", metrics.memory_utilization_percent),
            ("ModelLatency", metrics.model_latency_ms),
            ("ModelSetupTime", metrics.model_setup_time_ms),
            ("OverheadLatency", metrics.overhead_latency_ms),
        ] {
            assert_close(statistics.unwrap().average, number(&row, column), column);
        }
    }
}

#[test]
fn the_toolkits_costs_come_out_by_its_own_formula() {
    let analysis = analysis();
    let rows = table("cost_analysis_summary_results/metrics_with_cost.csv");
    assert_eq!(rows.len(), analysis.sizes.len());
    for (row, size) in rows.iter().zip(&analysis.sizes) {
        let cost = size.toolkit_cost.unwrap();
        let metrics = size.metrics.as_ref().unwrap();
        let average = |statistics: Option<MetricStatistics>| statistics.unwrap().average;
        assert_close(
            average(metrics.model_latency_ms),
            number(row, "ModelLatency"),
            "ModelLatency",
        );
        assert_close(
            average(metrics.overhead_latency_ms),
            number(row, "OverheadLatency"),
            "OverheadLatency",
        );
        assert_close(
            average(metrics.model_setup_time_ms),
            number(row, "ModelSetupTime"),
            "ModelSetupTime",
        );
        assert_close(
            cost.average_latency.get(),
            number(row, "average_latency"),
            "average_latency",
        );
        assert_close(
            cost.per_invocation().get(),
            number(row, "cost_per_invocation"),
            "cost_per_invocation",
        );
        assert_close(
            cost.per_million().get(),
            number(row, "cost_per_1M_invocations"),
            "cost_per_1M",
        );
    }
}

#[test]
fn the_toolkits_recommendation_and_savings_table_come_out() {
    let analysis = analysis();
    let best = analysis.size(analysis.best.unwrap()).unwrap();
    assert_eq!(best.memory_mb.get(), 2048);
    let break_even = BreakEven::of(
        best.memory_mb,
        &best.toolkit_cost.unwrap(),
        &prices().prices,
    )
    .unwrap();
    let rows = table("cost_analysis_summary_results/cost_savings_summary.csv");
    let savings = break_even.savings();
    assert_eq!(savings.len(), rows.len());
    for (row, saving) in rows.iter().zip(&savings) {
        assert_close(
            saving.invocations,
            number(row, "monthly_invocations"),
            "monthly_invocations",
        );
        assert_close(
            saving.serverless_monthly.get(),
            number(row, "serverless_monthly_cost"),
            "serverless",
        );
        assert_close(
            break_even.instance_monthly.get(),
            number(row, "instance_monthly_cost"),
            "instance",
        );
        let percent = (saving.saved.percent() * 100.0).round() / 100.0;
        assert_close(
            percent,
            number(row, "monthly_percent_savings"),
            "monthly_percent_savings",
        );
    }
}
