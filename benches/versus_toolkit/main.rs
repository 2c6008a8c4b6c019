//! AWS's Python toolkit and sagegate with the same plan against the same simulated AWS, in turn, in
//! one run.
//!
//! `cargo bench --bench versus_toolkit` installs the toolkit from `PyPI` in a scratch environment,
//! prints wall time, CPU time, peak memory and calls as ratios beside their targets, and exits with
//! 1 when one is missed. `-- --invocations N` changes the calls per size (a multiple of 3),
//! `-- --rounds N` how often each runs, `-- --write` writes the table into `docs/performance.md`.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "a program that prints a table and stops when something is odd"
)]

#[path = "../common/mod.rs"]
mod shared;
#[path = "../common/venv.rs"]
mod venv;

use std::fmt::Write as _;
use std::process::{ExitCode, Stdio};

use serde::Deserialize;

use crate::shared::{Machine, mark, publish, root, wanted};
use crate::venv::Venv;

const DEFAULT_INVOCATIONS: u32 = 201;
const DEFAULT_ROUNDS: u32 = 2;
/// As many as `tests/clients/contest.py` writes: sagegate rounds up to a multiple, and the plan
/// must be the same.
const SAMPLES: u32 = 3;
const SIZES: u64 = 6;

/// Most wall time, of the toolkit's.
const WALL: f64 = 0.30;
/// Most wall time, of the slowest endpoint's back-to-back calls.
const OVER_LIMIT: f64 = 1.10;
/// Most CPU time per call, of the toolkit's.
const CPU: f64 = 0.15;
/// Most memory, of the toolkit's.
const MEMORY: f64 = 0.25;

/// What `race.py` prints.
#[derive(Deserialize)]
struct Laps {
    toolkit: Vec<Lap>,
    sagegate: Vec<Lap>,
}

/// One run of one program.
#[derive(Deserialize)]
struct Lap {
    /// Seconds.
    wall: f64,
    /// Seconds, user and system.
    cpu: f64,
    /// Peak of the resident memory.
    mib: f64,
    /// Calls that the model answered.
    calls: u64,
    /// Seconds that the slowest endpoint took for its calls, by the simulator's clock.
    limit: f64,
}

fn main() -> ExitCode {
    let machine = Machine::look();
    let invocations = wanted("--invocations").unwrap_or(DEFAULT_INVOCATIONS);
    let rounds = wanted("--rounds").unwrap_or(DEFAULT_ROUNDS);
    assert!(
        invocations > 0 && invocations.is_multiple_of(SAMPLES) && rounds > 0,
        "--invocations must be a multiple of {SAMPLES}, --rounds 1 or more"
    );
    let laps = race(invocations, rounds);
    let (table, missed) = judge(&laps, u64::from(invocations) * SIZES);
    let text = format!(
        "{invocations} calls at each of {SIZES} memory sizes, no warm-up, {rounds} rounds in turn; means, and the \
         largest peak of memory.\n\n{table}\n{}",
        machine.describe()
    );
    publish("versus_toolkit", &text);
    println!("\n{missed} targets missed");
    ExitCode::from(u8::from(missed > 0))
}

fn race(invocations: u32, rounds: u32) -> Laps {
    let venv = Venv::create();
    let output = venv
        .python("race.py")
        .arg(env!("CARGO_BIN_EXE_sagegate"))
        .arg(root().join("benches/versus_toolkit/profile.toml"))
        .arg("mobilenet-v2")
        .args([invocations.to_string(), rounds.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "race.py: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The table, and how many targets are missed.
fn judge(laps: &Laps, planned: u64) -> (String, usize) {
    let (theirs, ours) = (Summary::of(&laps.toolkit), Summary::of(&laps.sagegate));
    let mut table = String::from("| | toolkit | sagegate | ratio | target | |\n");
    table.push_str("| :-- | --: | --: | --: | --: | :-- |\n");
    let mut missed = 0;
    let mut row = |name: &str, unit: &str, (a, b): (f64, f64), ratio: f64, most: f64| {
        let met = ratio <= most;
        missed += usize::from(!met);
        let target = format!("{ratio:.3} | <= {most:.2} | {}", mark(met));
        writeln!(table, "| {name} | {a:.2}{unit} | {b:.2}{unit} | {target} |").unwrap();
    };
    let against = |a: f64, b: f64| ((a, b), b / a);
    let (pair, ratio) = against(theirs.wall, ours.wall);
    row("wall time", " s", pair, ratio, WALL);
    let pair = (theirs.over_limit, ours.over_limit);
    row("wall time / limit", "", pair, ours.over_limit, OVER_LIMIT);
    let (pair, ratio) = against(theirs.cpu_ms, ours.cpu_ms);
    row("CPU time per call", " ms", pair, ratio, CPU);
    let (pair, ratio) = against(theirs.mib, ours.mib);
    row("peak memory", " MiB", pair, ratio, MEMORY);
    let all = laps.toolkit.iter().chain(&laps.sagegate);
    let same = all.map(|lap| lap.calls).all(|calls| calls == planned);
    missed += usize::from(!same);
    let of = |laps: &[Lap]| {
        let counts: Vec<String> = laps.iter().map(|lap| lap.calls.to_string()).collect();
        counts.join(", ")
    };
    let counts = (of(&laps.toolkit), of(&laps.sagegate));
    let target = format!("{planned} each | {}", mark(same));
    writeln!(
        table,
        "| calls | {} | {} | | {target} |",
        counts.0, counts.1
    )
    .unwrap();
    (table, missed)
}

/// All rounds of one program.
struct Summary {
    wall: f64,
    /// Mean of the ratios of each round.
    over_limit: f64,
    cpu_ms: f64,
    mib: f64,
}

impl Summary {
    fn of(laps: &[Lap]) -> Self {
        let mean = |of: &dyn Fn(&Lap) -> f64| laps.iter().map(of).sum::<f64>() / laps.len() as f64;
        Self {
            wall: mean(&|lap| lap.wall),
            over_limit: mean(&|lap| lap.wall / lap.limit),
            cpu_ms: mean(&|lap| 1000.0 * lap.cpu / lap.calls as f64),
            mib: laps.iter().map(|lap| lap.mib).fold(0.0, f64::max),
        }
    }
}
