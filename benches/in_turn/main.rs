//! How often two containers of this machine, measured in turn, get the wrong verdict while
//! something else keeps both cores busy: `cargo bench --bench in_turn`. `-- --runs N` and
//! `-- --minutes N` end it earlier, `-- --write` writes the table into `docs/performance.md`.
//!
//! Needs a Docker engine and the image `sagegate-toy:ci` of `.ci/local-images`. Each run is the
//! command line's, on fresh containers and without a baseline: `--local --against-image-uri`.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and its helpers may fail it"
)]

#[path = "../common/mod.rs"]
mod shared;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::shared::{Machine, mark, publish, root, wanted};

const IMAGE: &str = "sagegate-toy:ci";
/// Milliseconds of work in a call of main's model, and of one that is a fifth slower.
const WORK_MS: u32 = 10;
const SLOWER_MS: u32 = 12;
const DEFAULT_RUNS: u32 = 50;
const CALLS: &str = "200";

/// Image of a model that works for so long.
fn image(work_ms: u32) -> String {
    let name = format!("sagegate-toy:work{work_ms}");
    let mut build = Command::new("docker")
        .env("DOCKER_BUILDKIT", "0")
        .args(["build", "--quiet", "--tag", &name, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let text = format!("FROM {IMAGE}\nENV WORK_MS={work_ms}\n");
    let mut input = build.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(build.wait().unwrap().success(), "docker build of {name}");
    name
}

/// Threads, one for each core, that work in bursts of up to a fifth of a second, half of the time.
struct Noise {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Noise {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..cores)
            .map(|_| {
                let over = Arc::clone(&over);
                std::thread::spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let burst = Duration::from_millis(fastrand::u64(5..200));
                        let began = Instant::now();
                        while began.elapsed() < burst {
                            std::hint::spin_loop();
                        }
                        std::thread::sleep(Duration::from_millis(fastrand::u64(5..200)));
                    }
                })
            })
            .collect();
        Self { over, threads }
    }

    fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

/// Gates an image beside another; whether it failed.
fn fails(folder: &Path, image: &str, against: &str) -> bool {
    let output = Command::new(env!("CARGO_BIN_EXE_sagegate"))
        .current_dir(folder)
        .args(["run", "--local", "--image-uri", image])
        .args(["--against-image-uri", against, "--name", "bench"])
        .args(["--samples", "samples.jsonl", "--memory-sizes", "2048"])
        .args(["--invocations", CALLS, "--baseline", "file:none.json"])
        .output()
        .unwrap();
    let code = output.status.code();
    if !matches!(code, Some(0 | 1)) {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(matches!(code, Some(0 | 1)), "exit code {code:?}");
    let result = String::from_utf8_lossy(&output.stdout);
    eprintln!("{}", result.lines().next().unwrap_or_default());
    code == Some(1)
}

/// Keeps the result of a false alarm, for whoever wants to know why.
fn keep(folder: &Path, number: u32) {
    let kept = root().join(format!("target/in_turn-{number}.json"));
    std::fs::copy(folder.join("sagegate-results/result.json"), &kept).unwrap();
    eprintln!("kept as {}", kept.display());
}

fn main() -> ExitCode {
    let machine = Machine::look();
    let most = wanted("--runs").unwrap_or(DEFAULT_RUNS);
    let limit = wanted("--minutes").map_or(Duration::MAX, |it| Duration::from_secs(it.into()) * 60);
    let (same, slower) = (image(WORK_MS), image(SLOWER_MS));
    let folder = tempfile::tempdir().unwrap();
    let samples = "{\"Body\":\"1,2,3\",\"ContentType\":\"text/csv\"}\n";
    std::fs::write(folder.path().join("samples.jsonl"), samples).unwrap();
    let noise = Noise::start();
    let began = Instant::now();
    let (mut runs, mut alarms, mut caught) = (0, 0, 0);
    while runs < most && began.elapsed() < limit {
        if fails(folder.path(), &same, &same) {
            alarms += 1;
            keep(folder.path(), alarms);
        }
        caught += u32::from(fails(folder.path(), &slower, &same));
        runs += 1;
        eprintln!("{runs} of {most}: {alarms} false alarms, {caught} caught");
    }
    let seconds = began.elapsed().as_secs_f64() / f64::from(runs * 2);
    noise.stop();
    let met = alarms == 0 && caught == runs;
    let text = format!(
        "| Of {runs} runs each, 4 rounds of {CALLS} calls | failed | target | |\n\
         | :-- | :-- | :-- | :-- |\n\
         | the same image | {alarms} | 0 | {} |\n\
         | {SLOWER_MS} ms of work instead of {WORK_MS} ms | {caught} | {runs} | {} |\n\n\
         {seconds:.0} s a run. {}\n",
        mark(alarms == 0),
        mark(caught == runs),
        machine.describe()
    );
    publish("in turn", &text);
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
