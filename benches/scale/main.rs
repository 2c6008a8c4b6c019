//! What analysis, gate and report cost as a result grows from a thousand calls to ten millions.
//!
//! `cargo bench --bench scale` prints time and memory per call beside their targets and exits with
//! 1 when one is missed: time grows at most in proportion to the calls, and no step holds more than
//! 32 bytes per call beyond the result itself. `-- --calls N` changes the largest result,
//! `-- --write` writes the table into `docs/performance.md`. Linux only: peaks are read from
//! `/proc`.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program that prints a table and stops when something is odd"
)]

#[path = "../common/runs.rs"]
mod runs;
#[path = "../common/mod.rs"]
mod shared;

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use sagegate::analysis::{Analysis, Strategy, analyse};
use sagegate::gate::{Branches, Judgement, Limits, judge};
use sagegate::report::{self, Links};
use sagegate::result::{Invocation, RunResult};

use crate::shared::{Machine, mark, publish, wanted};

const SMALLEST: u32 = 1_000;
const LARGEST: u32 = 10_000_000;
/// Largest exponent of the growth of time, from a hundred times fewer calls to the most: sorting
/// alone has 1.07.
const GROWTH: f64 = 1.10;
/// Most bytes per call beyond the result.
const BYTES: f64 = 32.0;
/// Smaller results are taken often enough that a step lasts some milliseconds.
const WORK: u32 = 300_000;

/// Seconds and bytes of one step.
#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    bytes: f64,
}

/// All steps at one number of calls.
struct Row {
    calls: f64,
    steps: [(&'static str, Cost); 4],
}

fn main() -> ExitCode {
    let machine = Machine::look();
    let largest = wanted("--calls").unwrap_or(LARGEST).max(SMALLEST * 100);
    let mut calls = SMALLEST;
    let mut rows = Vec::new();
    while calls <= largest {
        rows.push(measure(calls));
        calls = calls.saturating_mul(10);
    }
    let (table, missed) = judged(&rows);
    let record = size_of::<Invocation>();
    let text = format!(
        "A call is {record} bytes in a result. {table}\n{}",
        machine.describe()
    );
    publish("scale", &text);
    println!("\n{missed} targets missed");
    ExitCode::from(u8::from(missed > 0))
}

fn measure(calls: u32) -> Row {
    let run = runs::run(calls, 1);
    let prices = runs::prices();
    let file = runs::baseline(5, &run);
    let history = file.history("model", &Branches::default()).unwrap();
    let times = (WORK / calls).max(1);
    let (analysis, of_analysis) = cost(times, || analyse(&run, &prices, Strategy::Balanced));
    let limits = Limits::default();
    let now = run.finished_at;
    let (judgement, of_gate) = cost(times, || {
        judge(&run, &analysis, Some(&history), &limits, now)
    });
    let (_, of_report) = cost(times, || written(&run, &analysis, &judgement));
    let (_, of_charts) = cost(times, || report::chart_files(&run, &analysis, &judgement));
    Row {
        calls: f64::from(calls),
        steps: [
            ("analysis", of_analysis),
            ("gate", of_gate),
            ("comment and HTML", of_report),
            ("charts", of_charts),
        ],
    }
}

fn written(run: &RunResult, analysis: &Analysis, judgement: &Judgement) -> (String, String) {
    let report = report::compose(run, analysis, judgement, &Links::default());
    (report::markdown(&report), report::html(&report))
}

/// Mean time of `times` repetitions, and by how much the process grew at most.
fn cost<T>(times: u32, mut step: impl FnMut() -> T) -> (T, Cost) {
    let before = reset_peak();
    let began = Instant::now();
    let mut last = black_box(step());
    for _ in 1..times {
        last = black_box(step());
    }
    let seconds = began.elapsed().as_secs_f64() / f64::from(times);
    let bytes = (peak() - before).max(0.0);
    (last, Cost { seconds, bytes })
}

/// Forgets the peak of the resident memory and gives what is resident now, in bytes.
///
/// Source: proc(5), `/proc/pid/clear_refs`: 5 resets the peak.
fn reset_peak() -> f64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    status("VmRSS:")
}

fn peak() -> f64 {
    status("VmHWM:")
}

fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|it| it.split_whitespace().next());
    kilobytes.unwrap().parse::<f64>().unwrap() * 1024.0
}

/// The table, and how many targets are missed.
fn judged(rows: &[Row]) -> (String, usize) {
    let mut table = String::from("Microseconds per call:\n\n| calls |");
    for (name, _) in rows[0].steps {
        write!(table, " {name} |").unwrap();
    }
    table.push_str("\n| --: | --: | --: | --: | --: |\n");
    for row in rows {
        write!(table, "| {:.0} |", row.calls).unwrap();
        for (_, cost) in row.steps {
            write!(table, " {:.3} |", cost.seconds * 1e6 / row.calls).unwrap();
        }
        table.push('\n');
    }
    table.push_str(
        "\n| at the most calls | growth of time | target | | bytes per call | target | |\n",
    );
    table.push_str("| :-- | --: | :-- | :-- | --: | :-- | :-- |\n");
    let (last, earlier) = (&rows[rows.len() - 1], &rows[rows.len() - 3]);
    let mut missed = 0;
    for (index, (name, cost)) in last.steps.into_iter().enumerate() {
        let ratio = cost.seconds / earlier.steps[index].1.seconds;
        let growth = ratio.ln() / (last.calls / earlier.calls).ln();
        let bytes = cost.bytes / last.calls;
        let met = [growth <= GROWTH, bytes <= BYTES];
        missed += met.iter().filter(|met| !**met).count();
        writeln!(
            table,
            "| {name} | calls^{growth:.2} | <= {GROWTH:.2} | {} | {bytes:.1} | <= {BYTES:.0} | {} |",
            mark(met[0]),
            mark(met[1])
        )
        .unwrap();
    }
    (table, missed)
}
