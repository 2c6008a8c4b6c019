//! The measurements as CSV, with the file and column names of AWS's Python toolkit; our own columns
//! come after.

mod concurrency;

use crate::analysis::{Analysis, SizeSummary};
use crate::result::{
    EndpointMetrics, EndpointRun, Invocation, MetricStatistics, OutcomeKind, RunResult,
};
use crate::units::MemoryMb;

const MILLISECONDS_PER_SECOND: f64 = 1000.0;
const MICROSECONDS_PER_MILLISECOND: f64 = 1000.0;

/// A file: its path inside the output folder, and its text.
pub type CsvFile = (&'static str, String);

/// Every CSV file of a run. `recommended` is the size whose savings are listed. Cells hold numbers
/// and fixed words only, so nothing in them can act as a formula in a spreadsheet.
pub fn csv_files(
    run: &RunResult,
    analysis: &Analysis,
    recommended: Option<MemoryMb>,
) -> Vec<CsvFile> {
    let mut files = stability_files(run, analysis, recommended);
    if !run.concurrency.is_empty() {
        files.extend(concurrency::files(run, analysis));
    }
    files
}

fn stability_files(
    run: &RunResult,
    analysis: &Analysis,
    recommended: Option<MemoryMb>,
) -> Vec<CsvFile> {
    vec![
        (
            "stability_benchmark_raw_results/invocation_benchmark_results.csv",
            invocations(run),
        ),
        (
            "stability_benchmark_raw_results/endpoint_metrics.csv",
            metrics(run),
        ),
        (
            "stability_benchmark_summary_results/invocation_benchmark_summary.csv",
            latency_summary(analysis),
        ),
        (
            "stability_benchmark_summary_results/endpoint_metrics_summary.csv",
            metric_summary(analysis),
        ),
        (
            "cost_analysis_summary_results/metrics_with_cost.csv",
            costs(analysis),
        ),
        (
            "cost_analysis_summary_results/cost_savings_summary.csv",
            savings(recommended.and_then(|recommended| analysis.size(recommended))),
        ),
    ]
}

/// Lines under a head; an absent number is an empty cell.
fn table(head: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("{head}\n");
    for row in rows {
        text.push_str(&row.join(","));
        text.push('\n');
    }
    text
}

fn cell(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn flag(is: bool) -> String {
    u8::from(is).to_string()
}

fn invocations(run: &RunResult) -> String {
    let head = "invocation_latency,response_size,throttle_exception,insufficient_memory_error,other_model_error,\
                start_time,end_time,invoke_arg_index,memory_size,request_size,first_byte_latency,outcome,round,model";
    let rows = endpoints(run).flat_map(|(endpoint, model)| {
        let calls = endpoint.invocations.iter();
        calls.map(move |call| invocation(call, endpoint, model))
    });
    table(head, rows)
}

/// Every endpoint with whose it is: that of the model, then those of a reference.
fn endpoints(run: &RunResult) -> impl Iterator<Item = (&EndpointRun, &'static str)> {
    let own = run.stability.iter().map(|it| (it, "now"));
    let reference = run.reference.iter().flat_map(|it| &it.stability);
    own.chain(reference.map(|it| (it, "reference")))
}

fn invocation(call: &Invocation, endpoint: &EndpointRun, model: &str) -> Vec<String> {
    let mut row = answer(call);
    row.extend([
        call.sample.to_string(),
        endpoint.memory_mb.get().to_string(),
        call.request_bytes.to_string(),
        cell(call.outcome.is_success().then_some(call.first_byte_ms)),
        call.outcome.kind().name().to_owned(),
        endpoint.round.to_string(),
        model.to_owned(),
    ]);
    row
}

/// The columns that every list of invocations begins with; the latency counts from when the call
/// was due.
fn answer(call: &Invocation) -> Vec<String> {
    let (kind, latency_ms) = (call.outcome.kind(), call.latency_from_due());
    let seconds = |ms: f64| (ms / MILLISECONDS_PER_SECOND).to_string();
    vec![
        cell(call.outcome.is_success().then_some(latency_ms)),
        call.response_bytes.to_string(),
        flag(kind == OutcomeKind::Throttled),
        flag(kind == OutcomeKind::OutOfMemory),
        flag(kind == OutcomeKind::ModelError),
        seconds(call.begin_ms()),
        seconds(call.begin_ms() + latency_ms),
    ]
}

/// The metrics of an endpoint with CloudWatch's names and units, in the toolkit's order, and the
/// factor from our unit.
fn named(
    metrics: &EndpointMetrics,
) -> [(&'static str, &'static str, f64, Option<MetricStatistics>); 4] {
    let micro = MICROSECONDS_PER_MILLISECOND;
    [
        (
            "MemoryUtilization",
            "Percent",
            1.0,
            metrics.memory_utilization_percent,
        ),
        (
            "ModelSetupTime",
            "Microseconds",
            micro,
            metrics.model_setup_time_ms,
        ),
        (
            "ModelLatency",
            "Microseconds",
            micro,
            metrics.model_latency_ms,
        ),
        (
            "OverheadLatency",
            "Microseconds",
            micro,
            metrics.overhead_latency_ms,
        ),
    ]
}

fn metrics(run: &RunResult) -> String {
    let head = "Timestamp,Average,Minimum,Maximum,Unit,p25,p50,p75,metric_name,memory_size,SampleCount,p99,round,model";
    let rows = endpoints(run).flat_map(|(endpoint, model)| {
        let place = [endpoint.memory_mb.get().to_string()];
        let mut rows = metrics_of(endpoint.metrics.as_ref(), &place, run);
        for row in &mut rows {
            row.extend([endpoint.round.to_string(), model.to_owned()]);
        }
        rows
    });
    table(head, rows)
}

/// A row per metric; `place` says which endpoint it is.
fn metrics_of(
    metrics: Option<&EndpointMetrics>,
    place: &[String],
    run: &RunResult,
) -> Vec<Vec<String>> {
    let row = |(name, unit, factor, statistics): (&str, &str, f64, Option<MetricStatistics>)| {
        let it = statistics?;
        let scaled = |number: Option<f64>| cell(number.map(|number| number * factor));
        let mut row = vec![
            run.started_at.to_string(),
            scaled(Some(it.average)),
            scaled(Some(it.minimum)),
            scaled(Some(it.maximum)),
            unit.to_owned(),
            scaled(it.p25),
            scaled(it.p50),
            scaled(it.p75),
            name.to_owned(),
        ];
        row.extend_from_slice(place);
        row.extend([it.sample_count.to_string(), scaled(it.p99)]);
        Some(row)
    };
    let metrics = metrics.map(named).into_iter().flatten();
    metrics.filter_map(row).collect()
}

fn latency_summary(analysis: &Analysis) -> String {
    let head = "memory_size,successful_invocations,invocation_latency_min,invocation_latency_mean,\
                invocation_latency_median,invocation_latency_max,invocation_latency_iqr,warm_p50,warm_p90,warm_p95,\
                warm_p99,cold_starts,failed_invocations";
    let row = |size: &SizeSummary| {
        let all = &size.all;
        let latencies = [
            all.min,
            all.mean,
            all.median,
            all.max,
            all.iqr,
            size.warm().p50,
            size.warm().p90,
            size.warm().p95,
            size.warm().p99,
        ];
        let mut row = vec![size.memory_mb.get().to_string(), all.count.to_string()];
        row.extend(latencies.map(|latency| latency.get().to_string()));
        row.extend([
            size.cold_start_count().to_string(),
            size.failures().to_string(),
        ]);
        row
    };
    table(head, analysis.sizes.iter().map(row))
}

/// The means of the four metrics, latencies in milliseconds, in the order of the toolkit's
/// summaries.
fn averages(metrics: Option<&EndpointMetrics>) -> [String; 4] {
    let average = |of: fn(&EndpointMetrics) -> Option<MetricStatistics>| {
        cell(metrics.and_then(of).map(|statistics| statistics.average))
    };
    [
        average(|it| it.memory_utilization_percent),
        average(|it| it.model_latency_ms),
        average(|it| it.model_setup_time_ms),
        average(|it| it.overhead_latency_ms),
    ]
}

fn metric_summary(analysis: &Analysis) -> String {
    let head = "memory_size,MemoryUtilization,ModelLatency,ModelSetupTime,OverheadLatency";
    let row = |size: &SizeSummary| {
        let mut row = vec![size.memory_mb.get().to_string()];
        row.extend(averages(size.metrics.as_ref()));
        row
    };
    table(head, analysis.sizes.iter().map(row))
}

/// The toolkit's cost, which adds the mean overhead, then ours, which adds the median.
fn costs(analysis: &Analysis) -> String {
    let head = "MemoryUtilization,ModelLatency,ModelSetupTime,OverheadLatency,average_latency,cost_per_invocation,\
                cost_per_1M_invocations,memory_size,billed_latency,cost_per_million";
    let row = |size: &SizeSummary| {
        let toolkit = size.toolkit_cost.as_ref();
        let mut row = averages(size.metrics.as_ref()).to_vec();
        row.extend([
            cell(toolkit.map(|cost| cost.average_latency.get())),
            cell(toolkit.map(|cost| cost.per_invocation().get())),
            cell(toolkit.map(|cost| cost.per_million().get())),
            size.memory_mb.get().to_string(),
            size.cost.average_latency.get().to_string(),
            size.cost.per_million().get().to_string(),
        ]);
        row
    };
    table(head, analysis.sizes.iter().map(row))
}

fn savings(recommended: Option<&SizeSummary>) -> String {
    let head =
        "monthly_invocations,serverless_monthly_cost,instance_monthly_cost,monthly_percent_savings";
    let break_even = recommended.and_then(|size| size.break_even.as_ref());
    let rows = break_even.into_iter().flat_map(|break_even| {
        break_even.savings().into_iter().map(|saving| {
            vec![
                saving.invocations.to_string(),
                saving.serverless_monthly.get().to_string(),
                break_even.instance_monthly.get().to_string(),
                ((saving.saved.percent() * 100.0).round() / 100.0).to_string(),
            ]
        })
    });
    table(head, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::toolkit_parity::toolkit_run;
    use crate::analysis::tests::{endpoint, prices, run_of};
    use crate::analysis::{Strategy, analyse};
    use crate::result::InvocationOutcome;

    fn fixture(path: &str) -> String {
        let root = env!("CARGO_MANIFEST_DIR");
        std::fs::read_to_string(format!("{root}/tests/fixtures/toolkit-run/{path}")).unwrap()
    }

    fn files(run: &RunResult) -> Vec<CsvFile> {
        let analysis = analyse(run, &prices(), Strategy::Balanced);
        csv_files(run, &analysis, analysis.best)
    }

    #[test]
    fn every_column_of_the_toolkit_comes_first_under_its_name() {
        for (path, text) in files(&toolkit_run()) {
            let ours = text.lines().next().unwrap();
            let theirs = fixture(path).lines().next().unwrap().to_owned();
            assert!(ours.starts_with(&theirs), "{path}: {ours}");
            let columns = ours.split(',').count();
            assert!(text.lines().count() > 1, "{path} has rows");
            assert!(
                text.lines().all(|line| line.split(',').count() == columns),
                "{path}"
            );
        }
    }

    #[test]
    fn the_toolkits_summaries_come_out_cell_by_cell() {
        let ours = files(&toolkit_run());
        let summaries = ours.iter().filter(|(path, _)| {
            path.contains("summary") && !path.ends_with("cost_savings_summary.csv")
        });
        let mut cells = 0;
        for (path, text) in summaries {
            for (own, their) in text.lines().zip(fixture(path).lines()).skip(1) {
                for (own, their) in own.split(',').zip(their.split(',')) {
                    let (own, their): (f64, f64) = (own.parse().unwrap(), their.parse().unwrap());
                    assert!(
                        (own / their - 1.0).abs() < 1e-9,
                        "{path}: {own}, the toolkit's {their}"
                    );
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 6 * (7 + 5 + 7));
    }

    #[test]
    fn failed_calls_have_no_latency_and_their_words_stay_out() {
        let mut run = endpoint(1024, &[10.0, 11.0, 12.0]);
        run.invocations[0].outcome = InvocationOutcome::Throttled;
        run.invocations[1].outcome = InvocationOutcome::ModelError("=cmd()\n\"x\",".into());
        let text = files(&run_of(vec![run])).remove(0).1;
        let rows: Vec<&str> = text.lines().skip(1).collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        ,20,1,0,0,0,0.01,0,1024,10,,throttled,1,now
        ,20,0,0,1,0.01,0.021,0,1024,10,,model_error,1,now
        12,20,0,0,0,0.021,0.033,0,1024,10,12,ok,1,now
        ");
    }

    #[test]
    fn a_run_without_metrics_has_empty_cells() {
        let files = files(&run_of(vec![endpoint(1024, &[10.0; 3])]));
        let file = |name: &str| {
            let mut found = files.iter().filter(|(path, _)| path.ends_with(name));
            found.next().unwrap().1.lines().map(str::to_owned)
        };
        assert_eq!(file("/endpoint_metrics.csv").count(), 1, "only the head");
        let mut costs = file("/metrics_with_cost.csv");
        let (head, row) = (costs.next().unwrap(), costs.next().unwrap());
        let empty = head
            .split(',')
            .zip(row.split(','))
            .filter(|(_, cell)| cell.is_empty());
        let columns: Vec<&str> = empty.map(|(column, _)| column).collect();
        let cloudwatch = [
            "MemoryUtilization",
            "ModelLatency",
            "ModelSetupTime",
            "OverheadLatency",
        ];
        let toolkit = [
            "average_latency",
            "cost_per_invocation",
            "cost_per_1M_invocations",
        ];
        assert_eq!(columns, [cloudwatch.as_slice(), &toolkit].concat());
    }
}
