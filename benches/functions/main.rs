//! Criterion benchmarks of the functions on the critical path at the end of a run:
//! `cargo bench --bench functions`.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program that stops when something is odd"
)]

#[path = "../common/runs.rs"]
mod runs;

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sagegate::analysis::{LatencySummary, Strategy, analyse, nearest_rank, sorted};
use sagegate::gate::{BaselineFile, Branches, Epoch, Limits, judge};
use sagegate::report::{self, Links};
use sagegate::result::RunResult;

const CALLS: u32 = 6000;

fn statistics(criterion: &mut Criterion) {
    let run = runs::run(CALLS * 6, 1);
    let latencies: Vec<f64> = run.stability[0]
        .invocations
        .iter()
        .map(|it| it.latency_ms)
        .collect();
    let mut group = criterion.benchmark_group("statistics");
    group.throughput(Throughput::Elements(u64::from(CALLS)));
    group.bench_function("quantiles", |bench| {
        bench.iter(|| {
            let sorted = sorted(black_box(&latencies));
            [0.5, 0.9, 0.99].map(|p| nearest_rank(&sorted, p))
        });
    });
    group.bench_function(
        "summary: quantiles, batch means, mean of the slowest",
        |bench| {
            bench.iter(|| LatencySummary::of(black_box(&latencies)));
        },
    );
    group.finish();
}

fn whole_runs(criterion: &mut Criterion) {
    let run = runs::run(CALLS, 1);
    let prices = runs::prices();
    let file = runs::baseline(20, &run);
    let history = file.history("model", &Branches::default()).unwrap();
    let analysis = analyse(&run, &prices, Strategy::Balanced);
    let limits = Limits::default();
    let judgement = judge(&run, &analysis, Some(&history), &limits, run.finished_at);
    let report = report::compose(&run, &analysis, &judgement, &Links::default());
    let mut group = criterion.benchmark_group("a run of 6 x 1000 calls");
    group.bench_function("analyse", |bench| {
        bench.iter(|| analyse(black_box(&run), &prices, Strategy::Balanced));
    });
    group.bench_function("judge against 20 runs", |bench| {
        bench.iter(|| {
            judge(
                black_box(&run),
                &analysis,
                Some(&history),
                &limits,
                run.finished_at,
            )
        });
    });
    group.bench_function("compose", |bench| {
        bench.iter(|| report::compose(black_box(&run), &analysis, &judgement, &Links::default()));
    });
    group.bench_function("charts with kernel densities", |bench| {
        bench.iter(|| report::chart_files(black_box(&run), &analysis, &judgement));
    });
    group.bench_function("markdown", |bench| {
        bench.iter(|| report::markdown(black_box(&report)));
    });
    group.bench_function("HTML", |bench| {
        bench.iter(|| report::html(black_box(&report)));
    });
    group.finish();
}

fn files(criterion: &mut Criterion) {
    let run = runs::run(CALLS, 1);
    let json = serde_json::to_string(&run).unwrap();
    let mut group = criterion.benchmark_group("files");
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("result.json read", |bench| {
        bench.iter(|| RunResult::from_json(black_box(&json), Path::new("result.json")).unwrap());
    });
    group.bench_function("result.json written", |bench| {
        bench.iter(|| serde_json::to_string(black_box(&run)).unwrap());
    });
    let baseline = runs::baseline(20, &run).to_json().unwrap();
    let entry = runs::entry(&run);
    group.throughput(Throughput::Bytes(baseline.len() as u64));
    group.bench_function("a run merged into a baseline of 20", |bench| {
        bench.iter_batched(
            || entry.clone(),
            |entry| {
                let mut file = BaselineFile::from_json(black_box(&baseline), "baseline").unwrap();
                file.record("model", &Branches::default(), entry, Epoch::Same)
                    .unwrap();
                file.to_json().unwrap()
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, statistics, whole_runs, files);
criterion_main!(benches);
