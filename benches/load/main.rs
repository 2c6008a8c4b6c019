//! sagegate under the largest loads that it offers, against a simulator in its own process.
//!
//! `cargo bench --bench load` prints throughput, CPU time and memory of 200 clients on one endpoint
//! for a minute, of 50 endpoints at once, and of a result with a million records; then tasks and
//! connections that remain. It exits with 1 when a call is lost, something leaks, or a target is
//! missed. `-- --seconds N` changes the first load, `-- --write` writes the table into
//! `docs/performance.md`. Linux only: it reads `/proc`.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program that prints a table and stops when something is odd"
)]

mod process;
#[path = "../common/runs.rs"]
mod runs;
#[path = "../common/server.rs"]
mod server;
#[path = "../common/mod.rs"]
mod shared;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sagegate::analysis::{Strategy, analyse};
use sagegate::aws::Session;
use sagegate::benchmark::{
    self, Environment, Event, Identity, Journal, LoadOptions, ModelSource, Observer, Options, Plan,
    RunPolicy,
};
use sagegate::gate::{Branches, Limits, judge};
use sagegate::prices::DatedPrices;
use sagegate::report::{self, Links};
use sagegate::result::{EndpointRun, InvocationOutcome, LatencySource, RunResult};
use sagegate::samples::SampleSet;
use sagegate::units::{MemoryMb, Ratio};
use tokio::runtime::{Handle, Runtime};
use tokio_util::sync::CancellationToken;

use crate::process::{cpu_seconds, peak_mib, reset_peak, sockets};
use crate::server::Simulator;
use crate::shared::{Machine, mark, publish, wanted};

/// Of one call, the profile's median.
const CALL_SECONDS: f64 = 0.1;
/// Least throughput, of clients that lose no time between their calls.
const THROUGHPUT: f64 = 0.9;
/// Connections that may stay open for a moment: the simulator's control plane and CloudWatch.
const IDLE_SOCKETS: usize = 8;
const RECORDS: u32 = 1_000_000;

fn main() -> ExitCode {
    let machine = Machine::look();
    let seconds = wanted("--seconds").unwrap_or(60);
    let runtime = Runtime::new().unwrap();
    let mut table = String::from(
        "| | calls | answered | throughput | of the possible | CPU per call | peak memory | |\n\
         | :-- | --: | --: | --: | --: | --: | --: | :-- |\n",
    );
    let mut missed = 0;
    for load in [one_endpoint(seconds), fifty_endpoints()] {
        let measured = runtime.block_on(measure(&load));
        missed += row(&mut table, &load, &measured);
    }
    let (tasks, open) = runtime.block_on(left());
    let clean = tasks == 0 && open <= IDLE_SOCKETS;
    missed += usize::from(!clean);
    let records = records();
    let text = format!(
        "{table}\nTasks left afterwards: {tasks} (target 0), open sockets: {open} (target <= {IDLE_SOCKETS}, of the idle \
         control plane): {}.\n\n{records}\n{}",
        mark(clean),
        machine.describe()
    );
    publish("load", &text);
    println!("\n{missed} targets missed");
    ExitCode::from(u8::from(missed > 0))
}

/// A load and what it is called.
struct Load {
    name: String,
    options: LoadOptions,
}

fn one_endpoint(seconds: u32) -> Load {
    Load {
        name: format!("200 clients, one endpoint, {seconds} s"),
        options: options(vec![200], seconds * 2000),
    }
}

/// `MaxConcurrency` distinguishes endpoints: 1 to 50, and 1 to 4 clients each.
fn fifty_endpoints() -> Load {
    Load {
        name: "50 endpoints at once, 126 clients".to_owned(),
        options: LoadOptions {
            client_multipliers: vec![0.08],
            ..options((1..=50).collect(), 400)
        },
    }
}

fn options(max_concurrency: Vec<u32>, invocations: u32) -> LoadOptions {
    LoadOptions {
        max_concurrency,
        invocations,
        client_multipliers: vec![1.0],
        expected_clients: None,
        max_throttle_rate: Ratio(0.001),
        think_time: Duration::ZERO,
        open_loop: None,
    }
}

/// What a load took of this process.
struct Measured {
    /// Planned calls.
    calls: usize,
    answered: usize,
    /// Calls per second of all rounds' own time.
    per_second: f64,
    /// The same, if no client lost any time.
    possible: f64,
    cpu_us: f64,
    peak_mib: f64,
}

async fn measure(load: &Load) -> Measured {
    let simulator = Simulator::start("load/profile.toml");
    reset_peak();
    let cpu = cpu_seconds();
    let result = run(load, &simulator).await;
    let cpu = cpu_seconds() - cpu;
    let rounds = || result.concurrency.iter().flat_map(|run| &run.rounds);
    let calls = rounds().flat_map(|round| &round.invocations);
    let answered = calls
        .clone()
        .filter(|it| it.outcome == InvocationOutcome::Success);
    let (mut per_second, mut possible) = (0.0, 0.0);
    for round in rounds() {
        let starts = round.invocations.iter().map(|it| it.start_ms);
        let ends = round
            .invocations
            .iter()
            .map(|it| it.start_ms + it.latency_ms);
        let took = ends.fold(0.0, f64::max) - starts.fold(f64::MAX, f64::min);
        per_second += round.invocations.len() as f64 / (took / 1000.0);
        possible += f64::from(clients(&round.load)) / CALL_SECONDS;
    }
    let count = calls.count();
    Measured {
        calls: load.options.max_concurrency.len() * load.options.invocations as usize,
        answered: answered.count(),
        per_second,
        possible,
        cpu_us: cpu * 1e6 / count as f64,
        peak_mib: peak_mib(),
    }
}

fn clients(load: &sagegate::result::Load) -> u32 {
    match load {
        sagegate::result::Load::ClosedLoop { clients } => *clients,
        sagegate::result::Load::ConstantRate { .. } | sagegate::result::Load::Trace { .. } => 0,
    }
}

struct Silent;

impl Observer for Silent {
    fn on_event(&self, _: &Event) {}
}

/// Measures the loads at one size, and nothing more than was planned.
struct OneSize;

impl RunPolicy for OneSize {
    fn prices(&self) -> Option<DatedPrices> {
        None
    }

    fn wants_more(&self, _: &EndpointRun) -> bool {
        false
    }

    fn is_certain_failure(&self, _: &RunResult) -> bool {
        false
    }

    fn recommended(&self, _: &RunResult) -> Option<MemoryMb> {
        Some(MemoryMb::OFFERED[1])
    }
}

async fn run(load: &Load, simulator: &Simulator) -> RunResult {
    let folder = tempfile::tempdir().unwrap();
    let samples = folder.path().join("samples.jsonl");
    std::fs::write(
        &samples,
        "{\"Body\":\"1,2\",\"ContentType\":\"text/csv\"}\n",
    )
    .unwrap();
    let identity = Identity {
        run_id: "1-1".to_owned(),
        unique: "1".to_owned(),
        name: "m".to_owned(),
        model: ModelSource::Existing("m".to_owned()),
        reference: None,
        commit: None,
        repository: None,
        tags: Vec::new(),
    };
    let plan = Plan::new(
        identity,
        plan_options(load),
        SampleSet::load(&samples, None).unwrap(),
    );
    let environment = Environment {
        session: Session::simulated(&simulator.url(), "simulated", "us-east-1")
            .await
            .unwrap(),
        observer: Arc::new(Silent),
        cancel: CancellationToken::new(),
        now: Timestamp::now,
        policy: Arc::new(OneSize),
        helpers: None,
        occupancy: None,
        disown: Arc::new(|_| {}),
    };
    let journal = Journal::create(&folder.path().join("measurements.jsonl")).unwrap();
    let result = Box::pin(benchmark::run(plan, environment, journal, None, &|_| ())).await;
    assert!(result.cleanup.left.is_empty(), "{:?}", result.cleanup.left);
    result
}

fn plan_options(load: &Load) -> Options {
    Options {
        memory_sizes: vec![MemoryMb::OFFERED[1]],
        invocations: 10,
        max_invocations: 10,
        warmup: 1,
        error_threshold: 3,
        cold_start_delay: Duration::ZERO,
        latency_source: LatencySource::Client,
        load: Some(load.options.clone()),
        deploy_timeout: Duration::from_mins(1),
        metrics_timeout: Duration::from_mins(1),
        cleanup_timeout: Duration::from_mins(1),
    }
}

/// One line of the table; how many of its targets are missed.
fn row(table: &mut String, load: &Load, measured: &Measured) -> usize {
    let share = measured.per_second / measured.possible;
    let met = measured.answered == measured.calls && share >= THROUGHPUT;
    writeln!(
        table,
        "| {} | {} | {} | {:.0}/s | {:.1} % (target >= {:.0} %) | {:.0} us | {:.0} MiB | {} |",
        load.name,
        measured.calls,
        measured.answered,
        measured.per_second,
        share * 100.0,
        THROUGHPUT * 100.0,
        measured.cpu_us,
        measured.peak_mib,
        mark(met)
    )
    .unwrap();
    usize::from(!met)
}

/// Tasks and sockets once everything had a moment to end.
async fn left() -> (usize, usize) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    (Handle::current().metrics().num_alive_tasks(), sockets())
}

/// A million records: written, read, analysed, judged and reported.
fn records() -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.json");
    reset_peak();
    let made = timed(|| runs::run(RECORDS, 1));
    let raw = peak_mib();
    let written = timed(|| made.0.write(&path).unwrap());
    drop(made.0);
    let bytes = std::fs::metadata(&path).unwrap().len();
    let read = timed(|| RunResult::read(&path).unwrap());
    let reported = timed(|| report(&read.0));
    format!(
        "A result of {RECORDS} records ({:.0} MB of JSON; {raw:.0} MiB of peak memory once made): written in {:.2} s, read in \
         {:.2} s, analysed, judged and reported in {:.2} s; peak memory {:.0} MiB.\n",
        bytes as f64 / 1e6,
        written.1,
        read.1,
        reported.1,
        peak_mib()
    )
}

fn report(run: &RunResult) -> usize {
    let analysis = analyse(run, &runs::prices(), Strategy::Balanced);
    let baseline = runs::baseline(5, run);
    let limits = Limits::default();
    let judgement = judge(
        run,
        &analysis,
        Some(&baseline.history("model", &Branches::default()).unwrap()),
        &limits,
        run.finished_at,
    );
    let report = report::compose(run, &analysis, &judgement, &Links::default());
    let charts = report::chart_files(run, &analysis, &judgement);
    assert!(
        charts
            .iter()
            .all(|(path, _)| Path::new(path).extension().is_some())
    );
    report::markdown(&report).len() + report::html(&report).len()
}

fn timed<T>(step: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let done = step();
    (done, began.elapsed().as_secs_f64())
}
