//! Which charts a run has: on the page, and as files beside the CSV files that hold their numbers.

use super::Facts;
use super::charts::{
    Beside, BreakEvenCurve, CostLatency, Distribution, LatencyDistribution, LatencyUnderLoad,
    LoadLatency, LoadPoint, LoadSeries, SizePoint, break_even, cost_latency, latency_distribution,
    latency_under_load,
};
use crate::analysis::{LoadSummary, SizeSummary};

/// A chart: where its file goes in the output folder, and its SVG.
pub(super) type Figure = (String, String);

const STABILITY: &str = "stability_benchmark_summary_results";
const COST: &str = "cost_analysis_summary_results";
const CONCURRENCY: &str = "concurrency_benchmark_summary_results";

/// Every chart of a run.
pub(super) fn all(facts: Facts<'_>) -> Vec<Figure> {
    let mut figures = of_sizes(facts);
    figures.extend(of_loads(facts));
    figures.extend(of_savings(facts));
    figures
}

/// Latencies by size, and what each size costs and how fast it is.
pub(super) fn of_sizes(facts: Facts<'_>) -> Vec<Figure> {
    let distribution = LatencyDistribution {
        title: "Latency by memory size".to_owned(),
        series: distributions(facts),
    };
    let cost = CostLatency {
        sizes: facts.analysis.sizes.iter().map(size_point).collect(),
        reference: facts.beside.map(|it| Beside {
            name: facts.name_of_reference(),
            sizes: it.sizes.iter().map(size_point).collect(),
        }),
        recommended: facts.judgement.recommended,
    };
    let named = [
        (
            STABILITY,
            "stability_benchmark_distribution",
            latency_distribution(&distribution),
        ),
        (COST, "cost_vs_performance", cost_latency(&cost)),
    ];
    named
        .into_iter()
        .filter_map(|(folder, name, svg)| figure(folder, name, svg))
        .collect()
}

/// Each size, and below it that of the reference.
fn distributions(facts: Facts<'_>) -> Vec<Distribution> {
    let of = |size: &SizeSummary, name: String| Distribution {
        name,
        latencies_ms: size.warm_sorted().to_vec(),
    };
    let own = facts.analysis.sizes.iter();
    let own = own.map(|size| (size.memory_mb, of(size, size.memory_mb.to_string())));
    let others = facts.beside.iter().flat_map(|it| &it.sizes);
    let others = others.map(|size| {
        let name = format!("{}, {}", size.memory_mb, facts.name_of_reference());
        (size.memory_mb, of(size, name))
    });
    let mut all: Vec<_> = own.chain(others).collect();
    // Stable: the reference comes below.
    all.sort_by_key(|(memory_mb, _)| *memory_mb);
    all.into_iter().map(|(_, series)| series).collect()
}

fn size_point(size: &SizeSummary) -> SizePoint {
    SizePoint {
        memory_mb: size.memory_mb,
        mean: size.warm().mean,
        p99: size.warm().p99,
        cost_per_million: size.cost.per_million(),
    }
}

/// Latencies under load, and their distribution for each `MaxConcurrency`.
pub(super) fn of_loads(facts: Facts<'_>) -> Vec<Figure> {
    let loads = &facts.analysis.loads;
    let Some(memory) = loads.first().map(|load| load.memory_mb) else {
        return Vec::new();
    };
    let mut workers: Vec<u32> = loads.iter().map(|load| load.max_concurrency).collect();
    workers.dedup();
    let of = |workers: u32| {
        loads
            .iter()
            .filter(move |load| load.max_concurrency == workers)
    };
    let under_load = LatencyUnderLoad {
        title: format!("Latency under load at {memory}"),
        series: workers
            .iter()
            .map(|&workers| LoadSeries {
                max_concurrency: workers,
                points: of(workers).filter_map(point).collect(),
            })
            .collect(),
    };
    let overview = figure(
        CONCURRENCY,
        "latency_under_load",
        latency_under_load(&under_load),
    );
    let distributions = workers.iter().filter_map(|&workers| {
        let name = format!("concurrency_benchmark_distribution_{workers}");
        figure(CONCURRENCY, &name, distribution(workers, of(workers)))
    });
    overview.into_iter().chain(distributions).collect()
}

/// A load without an answer has no distribution.
fn distribution<'a>(workers: u32, loads: impl Iterator<Item = &'a LoadSummary>) -> Option<String> {
    let answered = loads.filter(|load| !load.sorted_ms.is_empty());
    latency_distribution(&LatencyDistribution {
        title: format!("Latency, MaxConcurrency {workers}"),
        series: answered
            .map(|load| Distribution {
                name: load.load.to_string(),
                latencies_ms: load.sorted_ms.clone(),
            })
            .collect(),
    })
}

/// An open loop has no number of clients.
fn point(load: &LoadSummary) -> Option<LoadPoint> {
    let answered = load.latency.count > 0;
    Some(LoadPoint {
        clients: load.load.clients()?,
        latency: answered.then_some(LoadLatency {
            p50: load.latency.p50,
            p99: load.latency.p99,
        }),
        throttled: load.throttle_rate(),
    })
}

/// Serverless against the instance.
pub(super) fn of_savings(facts: Facts<'_>) -> Option<Figure> {
    let size = facts.analysis.size(facts.judgement.recommended?)?;
    let it = size.break_even.as_ref()?;
    let curve = BreakEvenCurve {
        memory_mb: size.memory_mb,
        instance: it.instance_type.to_owned(),
        per_invocation: it.per_invocation,
        instance_monthly: it.instance_monthly,
    };
    figure(COST, "break_even", break_even(&curve))
}

fn figure(folder: &str, name: &str, svg: Option<String>) -> Option<Figure> {
    svg.map(|svg| (format!("{folder}/{name}.svg"), svg))
}
