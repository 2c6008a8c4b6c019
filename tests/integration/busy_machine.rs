//! Verdicts on a machine that is busy with other things. They need two cores for themselves, and so
//! run alone: `cargo test --test integration -- --ignored --nocapture busy_machine`.
//!
//! The client shares one core with four busy loops, the simulator has the other.
//! `SAGEGATE_BUSY_RUNS=20` changes the number of runs.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use sagegate::result::Clock;

use crate::support::{Simulator, Workspace, run_args};

const BUSY_LOOPS: u32 = 4;
const CORE_OF_CLIENT: &str = "0";
const CORE_OF_SERVER: &str = "1";
const RUNS: u32 = 5;

const PROFILE: &str = r#"
seed = 5

[[models]]
name = "same"

[[models]]
name = "slower"
latency_factor = 1.6

[latency]
median_ms = { 1024 = 20.0, 2048 = 20.0, 3072 = 20.0, 4096 = 20.0, 5120 = 20.0, 6144 = 20.0 }
variation = 0.05

[life_cycle]
creating_seconds = 0.0
deleting_seconds = 0.0
metric_delay_seconds = 0.0
"#;

/// Ends with what holds it.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Fails only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command on one core.
fn pinned(core: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]);
    command
}

fn busy_loops() -> Vec<Program> {
    let busy_loop = |_| {
        let mut shell = pinned(CORE_OF_CLIENT, "sh");
        shell.args(["-c", "while :; do :; done"]);
        Program(shell.spawn().unwrap())
    };
    (0..BUSY_LOOPS).map(busy_loop).collect()
}

/// A simulator on the other core, and a folder whose programs share the busy one.
fn pinned_simulator() -> (Program, Workspace) {
    let workspace = Workspace::without_aws().on_core(CORE_OF_CLIENT);
    workspace.write("samples.jsonl", "{\"Body\":\"1,2\"}\n");
    workspace.write("profile.toml", PROFILE);
    let program = assert_cmd::cargo::cargo_bin!("sagegate");
    let mut simulator = pinned(CORE_OF_SERVER, program.to_str().unwrap())
        .args(["simulate", "--port", "0", "--profile"])
        .arg(workspace.path("profile.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(simulator.stdout.take().unwrap()).lines();
    let url = lines.map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("AWS_ENDPOINT_URL=")?;
        Some(rest.split(' ').next()?.to_owned())
    });
    let workspace = workspace
        .with("AWS_ENDPOINT_URL", &url.unwrap())
        .with("AWS_REGION", "us-east-1")
        .with("AWS_ACCESS_KEY_ID", "simulated")
        .with("AWS_SECRET_ACCESS_KEY", "simulated");
    (Program(simulator), workspace)
}

#[test]
#[ignore = "needs both cores for itself"]
fn identical_models_pass_on_a_busy_machine_and_a_slower_one_fails() {
    let (_simulator, workspace) = pinned_simulator();
    let short = ["--memory-sizes", "1024", "--invocations", "200"];
    let record = [&short[..], &["--mode", "record"]].concat();
    for _ in 0..3 {
        workspace.sagegate(&run_args("same", &record)).expect(0);
    }
    let _busy = busy_loops();
    let runs = std::env::var("SAGEGATE_BUSY_RUNS").map_or(RUNS, |it| it.parse().unwrap());
    let mut passed = 0;
    for run in 1..=runs {
        let outcome = workspace.sagegate(&run_args("same", &short)).expect(0);
        let size = workspace.result().stability.remove(0);
        let mut clocks = size.invocations.iter().map(|call| call.clock);
        assert!(clocks.all(|it| it == Clock::Kernel), "not by the kernel");
        let headline = outcome.stdout.lines().next().unwrap_or_default();
        eprintln!("{run} of {runs}: {headline}");
        passed += u32::from(headline.starts_with('✅'));
    }
    assert!(passed > runs / 2, "undecided, mostly");
    let slower = workspace.sagegate(&run_args("slower", &short)).expect(1);
    assert!(slower.stdout.contains('❌'), "{}", slower.stdout);
}

#[test]
#[ignore = "needs both cores for itself"]
fn beside_main_a_fifth_slower_fails_by_the_default_limits() {
    let models = "[[models]]\nname = \"main\"\nlatency_factor = 1.0\n\n\
                  [[models]]\nname = \"new\"\nlatency_factor = 1.2\n\n[latency]";
    let simulator = Simulator::start(&crate::support::QUICK.replace("[latency]", models));
    let workspace = Workspace::new(&simulator);
    let flags = ["--against-model-name", "main", "--memory-sizes", "1024"];
    let arguments = [&flags[..], &["--rounds", "4"]].concat();
    let same = workspace.sagegate(&run_args("main", &arguments)).expect(0);
    assert!(!same.stdout.contains('❌'), "{}", same.stdout);
    let slower = workspace.sagegate(&run_args("new", &arguments)).expect(1);
    assert!(slower.stdout.contains('❌'), "{}", slower.stdout);
    simulator.assert_nothing_is_left();
}
