//! Made-up runs of any length: six sizes, log-normal latencies, a tail, no failed call.

use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, LogNormal};
use rand_pcg::Pcg64Mcg;
use sagegate::analysis::{Strategy, analyse};
use sagegate::gate::{BaselineFile, Branches, Entry, Epoch};
use sagegate::prices::{DatedPrices, PriceTable};
use sagegate::result::{
    CleanupSummary, Clock, ContainerLog, EndpointOutcome, EndpointRun, Invocation,
    InvocationOutcome, LatencySource, RunResult, SampleInfo, Service, Settings,
};
use sagegate::units::MemoryMb;

/// Median latency of each size, milliseconds.
const MEDIAN_MS: [f64; 6] = [40.0, 22.0, 18.0, 17.0, 16.8, 16.7];

/// A run of about `calls` calls in all; the same seed gives the same run.
pub(crate) fn run(calls: u32, seed: u64) -> RunResult {
    let each = calls.div_ceil(6);
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let sizes = MemoryMb::OFFERED.iter().zip(MEDIAN_MS);
    let at = "2026-11-01T00:00:00Z".parse().unwrap();
    RunResult {
        schema: 1,
        sagegate_version: "bench".to_owned(),
        run_id: format!("{seed}-1"),
        name: "model".to_owned(),
        commit: None,
        started_at: at,
        finished_at: at,
        service: Service::Aws,
        region: "us-east-1".to_owned(),
        model_name: "model".to_owned(),
        samples: SampleInfo {
            source: "samples.jsonl".to_owned(),
            count: 3,
            sha256: String::new(),
        },
        settings: Settings {
            memory_sizes: MemoryMb::OFFERED.to_vec(),
            invocations: each,
            warmup: 0,
            error_threshold: 3,
            cold_start_delay_s: 0.0,
            latency_source: LatencySource::Client,
            load: None,
        },
        stability: sizes
            .map(|(&memory_mb, median)| endpoint(memory_mb, median, each, &mut random))
            .collect(),
        concurrency: Vec::new(),
        prices: None,
        reference: None,
        confirmation: None,
        local: None,
        clock: None,
        runner: None,
        cleanup: CleanupSummary::default(),
    }
}

fn endpoint(memory_mb: MemoryMb, median: f64, calls: u32, random: &mut Pcg64Mcg) -> EndpointRun {
    let body = LogNormal::new(median.ln(), 0.1).unwrap();
    let mut start_ms = 0.0;
    let invocation = |sample| {
        let tail = if random.random::<f64>() < 0.01 {
            2.5
        } else {
            1.0
        };
        let latency_ms: f64 = body.sample(random) * tail;
        let call = Invocation {
            sample: sample % 3,
            start_ms,
            latency_ms,
            first_byte_ms: latency_ms,
            request_bytes: 1000,
            response_bytes: 100,
            outcome: InvocationOutcome::Success,
            due_ms: None,
            failure: None,
            clock: Clock::Kernel,
        };
        start_ms += latency_ms;
        call
    };
    EndpointRun {
        memory_mb,
        round: 1,
        max_concurrency: 1,
        endpoint_name: format!("sagegate-{memory_mb}"),
        outcome: EndpointOutcome::Measured,
        deployed_in_s: Some(120.0),
        deployed_again_after: None,
        warmup: Vec::new(),
        invocations: (0..calls).map(invocation).collect(),
        metrics: None,
        container_log: ContainerLog::default(),
    }
}

/// The built-in prices of us-east-1.
pub(crate) fn prices() -> DatedPrices {
    let table = PriceTable::bundled().unwrap();
    table.region("us-east-1").unwrap().clone()
}

/// A baseline of `runs` short runs of the same model.
pub(crate) fn baseline(runs: u64, of: &RunResult) -> BaselineFile {
    let mut file = BaselineFile::default();
    for seed in 0..runs {
        let mut earlier = run(6000, 1000 + seed);
        earlier.settings = of.settings.clone();
        let branches = Branches::default();
        file.record("model", &branches, entry(&earlier), Epoch::Same)
            .unwrap();
    }
    file
}

/// What a baseline keeps of a run.
pub(crate) fn entry(run: &RunResult) -> Entry {
    let analysis = analyse(run, &prices(), Strategy::Balanced);
    Entry::new(run, &analysis, analysis.sizes[1].memory_mb)
}
