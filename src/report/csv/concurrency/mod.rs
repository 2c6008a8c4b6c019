//! The concurrency benchmark as CSV. A load of an open loop has no number of clients: that cell is
//! empty.

use super::{CsvFile, answer, averages, cell, metrics_of, table};
use crate::analysis::{Analysis, LoadSummary};
use crate::result::{Invocation, LoadRound, LoadRun, OutcomeKind, RunResult};

pub(super) fn files(run: &RunResult, analysis: &Analysis) -> Vec<CsvFile> {
    vec![
        (
            "concurrency_benchmark_raw_results/invocation_benchmark_results.csv",
            invocations(run),
        ),
        (
            "concurrency_benchmark_raw_results/endpoint_metrics.csv",
            metrics(run),
        ),
        (
            "concurrency_benchmark_summary_results/concurrency_benchmark_summary.csv",
            summary(analysis),
        ),
        (
            "concurrency_benchmark_summary_results/endpoint_metrics_summary.csv",
            metric_summary(run),
        ),
    ]
}

fn clients(load: &crate::result::Load) -> String {
    load.clients()
        .map(|clients| clients.to_string())
        .unwrap_or_default()
}

fn invocations(run: &RunResult) -> String {
    let head = "invocation_latency,response_size,throttle_exception,insufficient_memory_error,other_model_error,\
                start_time,end_time,memory_size,max_concurrency,num_clients,invoke_arg_index,request_size,outcome,load";
    let rows = run.concurrency.iter().flat_map(|endpoint| {
        let rounds = endpoint.rounds.iter();
        rounds.flat_map(|round| round_rows(endpoint, round))
    });
    table(head, rows)
}

fn round_rows(endpoint: &LoadRun, round: &LoadRound) -> Vec<Vec<String>> {
    let row = |call: &Invocation| {
        let mut row = answer(call);
        row.extend([
            endpoint.memory_mb.get().to_string(),
            endpoint.max_concurrency.to_string(),
            clients(&round.load),
            call.sample.to_string(),
            call.request_bytes.to_string(),
            call.outcome.kind().name().to_owned(),
            load_words(&round.load),
        ]);
        row
    };
    round.invocations.iter().map(row).collect()
}

/// Our own words for a load; a trace is named by its length, never by its file, whose name is
/// untrusted.
fn load_words(load: &crate::result::Load) -> String {
    load.to_string()
}

fn metrics(run: &RunResult) -> String {
    let head = "Timestamp,Average,Minimum,Maximum,Unit,p25,p50,p75,metric_name,memory_size,max_concurrency,num_clients,\
                SampleCount,p99";
    let rows = run.concurrency.iter().flat_map(|endpoint| {
        let most = endpoint
            .rounds
            .iter()
            .filter_map(|round| round.load.clients())
            .max();
        let place = [
            endpoint.memory_mb.get().to_string(),
            endpoint.max_concurrency.to_string(),
            most.map(|clients| clients.to_string()).unwrap_or_default(),
        ];
        metrics_of(endpoint.metrics.as_ref(), &place, run)
    });
    table(head, rows)
}

/// The toolkit's columns, its index without a name included; its transactions per second are cut to
/// whole numbers, ours are not.
fn summary(analysis: &Analysis) -> String {
    let head = ",max_concurrency,num_clients,memory_size,throttle_exception,insufficient_memory_error,other_model_error,\
                num_invocations,invocation_latency_median,invocation_latency_mean,invocation_latency_max,\
                invocation_latency_iqr,tps_avg,tps_p25,tps_p50,tps_p75,tps_max,load,calls,not_ready,service_error,\
                transport_error,p50,p90,p99,calls_per_second";
    let rows = analysis.loads.iter().enumerate();
    table(head, rows.map(|(index, load)| summary_row(index, load)))
}

fn summary_row(index: usize, load: &LoadSummary) -> Vec<String> {
    let (errors, latency, tps) = (load.errors, &load.latency, load.per_second);
    let counts = |counts: &[usize]| counts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let numbers = |numbers: &[f64]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>();
    let answered = |it: crate::units::LatencyMs| cell((latency.count > 0).then_some(it.get()));
    let mut row = vec![
        index.to_string(),
        load.max_concurrency.to_string(),
        clients(&load.load),
        load.memory_mb.get().to_string(),
    ];
    row.extend(counts(&[
        errors.count(OutcomeKind::Throttled),
        errors.count(OutcomeKind::OutOfMemory),
        errors.count(OutcomeKind::ModelError),
        latency.count,
    ]));
    row.extend([latency.median, latency.mean, latency.max, latency.iqr].map(answered));
    row.extend(numbers(&[tps.average, tps.p25, tps.p50, tps.p75, tps.max]));
    row.push(load_words(&load.load));
    row.extend(counts(&[
        load.calls,
        errors.count(OutcomeKind::NotReady),
        errors.count(OutcomeKind::ServiceError),
        errors.count(OutcomeKind::TransportError),
    ]));
    row.extend([latency.p50, latency.p90, latency.p99].map(answered));
    row.extend(numbers(&[load.throughput_per_s]));
    row
}

fn metric_summary(run: &RunResult) -> String {
    let head =
        "memory_size,max_concurrency,MemoryUtilization,ModelLatency,ModelSetupTime,OverheadLatency";
    let row = |endpoint: &LoadRun| {
        let mut row = vec![
            endpoint.memory_mb.get().to_string(),
            endpoint.max_concurrency.to_string(),
        ];
        row.extend(averages(endpoint.metrics.as_ref()));
        row
    };
    table(head, run.concurrency.iter().map(row))
}

#[cfg(test)]
mod tests;
