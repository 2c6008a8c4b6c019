//! How soon `--fail-fast` knows a verdict, and whether the whole run agrees.

use std::ops::AddAssign;

use sagegate::analysis::{Strategy, analyse};
use sagegate::gate::{History, Limits, is_certain_failure};
use sagegate::prices::DatedPrices;
use sagegate::result::{
    CleanupSummary, ContainerLog, EndpointOutcome, EndpointRun, Invocation, RunResult,
};
use sagegate::units::MemoryMb;

/// How often the program looks.
const CALLS_BETWEEN_LOOKS: usize = 25;

/// What an early stop saves over many pull requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Early {
    /// Runs that were stopped.
    pub(crate) stopped: u64,
    /// Runs that were stopped and would not have failed as a whole: never.
    pub(crate) contradicted: u64,
    /// Sum over the stopped runs of the calls sent at the size that decides, as a share of the
    /// plan.
    pub(crate) calls: f64,
    /// Sum over the stopped runs of the time until then, as a share of the time that the slowest
    /// size takes.
    pub(crate) time: f64,
}

impl AddAssign for Early {
    fn add_assign(&mut self, other: Self) {
        self.stopped += other.stopped;
        self.contradicted += other.contradicted;
        self.calls += other.calls;
        self.time += other.time;
    }
}

/// Looks at one run whose whole verdict is known.
pub(crate) fn stop_early(
    run: &RunResult,
    baseline_size: MemoryMb,
    fails: bool,
    history: &History,
    prices: &DatedPrices,
) -> Early {
    let decides = run
        .stability
        .iter()
        .find(|it| it.memory_mb == baseline_size)
        .unwrap();
    let planned = decides.invocations.len();
    let is_certain = |looks: &usize| {
        let run = stopped(run, baseline_size, looks * CALLS_BETWEEN_LOOKS);
        let analysis = analyse(&run, prices, Strategy::Balanced);
        is_certain_failure(&run, &analysis, history, &Limits::default())
    };
    let last = (planned - 1) / CALLS_BETWEEN_LOOKS;
    if !is_certain(&last) {
        return Early::default();
    }
    // Certain stays certain: each further call can only raise the bound.
    let (mut open, mut certain) = (0, last);
    while certain - open > 1 {
        let middle = usize::midpoint(open, certain);
        if is_certain(&middle) {
            certain = middle;
        } else {
            open = middle;
        }
    }
    let sent = certain * CALLS_BETWEEN_LOOKS;
    let total = |calls: &[Invocation]| -> f64 { calls.iter().map(|call| call.latency_ms).sum() };
    let slowest = run.stability.iter().map(|it| total(&it.invocations));
    Early {
        stopped: 1,
        contradicted: u64::from(!fails),
        calls: sent as f64 / planned as f64,
        time: total(&decides.invocations[..sent]) / slowest.fold(0.0, f64::max),
    }
}

/// The run after so many calls at the size that decides.
fn stopped(run: &RunResult, baseline_size: MemoryMb, calls: usize) -> RunResult {
    let endpoint = |it: &EndpointRun| {
        let decides = it.memory_mb == baseline_size;
        let sent = if decides { calls } else { 0 };
        EndpointRun {
            memory_mb: it.memory_mb,
            round: 1,
            max_concurrency: it.max_concurrency,
            endpoint_name: it.endpoint_name.clone(),
            outcome: EndpointOutcome::FailedFast {
                reason: String::new(),
                planned: u32::try_from(it.invocations.len()).unwrap(),
            },
            deployed_in_s: None,
            deployed_again_after: None,
            warmup: Vec::new(),
            invocations: it.invocations[..sent].to_vec(),
            metrics: None,
            container_log: ContainerLog::default(),
        }
    };
    RunResult {
        stability: run.stability.iter().map(endpoint).collect(),
        settings: run.settings.clone(),
        samples: run.samples.clone(),
        run_id: run.run_id.clone(),
        name: run.name.clone(),
        sagegate_version: run.sagegate_version.clone(),
        commit: None,
        service: run.service.clone(),
        region: run.region.clone(),
        model_name: run.model_name.clone(),
        concurrency: Vec::new(),
        prices: None,
        reference: None,
        confirmation: None,
        local: None,
        clock: None,
        runner: None,
        cleanup: CleanupSummary::default(),
        ..*run
    }
}
