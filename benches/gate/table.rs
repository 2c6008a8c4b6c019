//! The figures beside their targets.

use crate::cells::{Cell, Cells, Failures, RUNS};
use crate::simulate::{SHIFTS, TAIL_FACTORS};

/// Largest share of false alarms by run-to-run deviation, for baselines of three runs and more.
pub(crate) const FALSE_ALARMS: [(f64, f64); 3] = [(0.01, 0.010), (0.03, 0.011), (0.05, 0.020)];
/// Smallest power by slowdown.
pub(crate) const POWER: [(f64, f64); 3] = [(0.15, 0.85), (0.20, 0.98), (0.50, 0.99)];
/// Largest share of pull requests in which the tail decides nothing.
const UNDECIDED: f64 = 0.05;
/// Runs from which a baseline is held to the targets.
pub(crate) const MATURE: usize = 3;

/// Smallest power by factor of the slowest 2 % of calls.
const TAIL_POWER: [(f64, f64); 2] = [(2.0, 0.90), (10.0, 0.98)];

/// Pull requests from which a share beyond its target is a miss.
pub(crate) const ENOUGH: u64 = 2000;
/// With fewer, it is a miss where a gate that just meets the target would do as badly more rarely
/// than this.
const DOUBT: f64 = 0.01;

/// Prints every cell; returns the number of targets missed.
pub(crate) fn print(count: u64, tables: &[(f64, Cells)]) -> usize {
    let mut missed = 0;
    println!("{count} simulated pull requests per row, 1 000 calls per size, six sizes");
    if count < ENOUGH {
        println!("with fewer than {ENOUGH}, MISSED is what chance explains in less than 1 of 100");
    }
    println!("\nThe same model (every failure is a false alarm)");
    head("runs");
    for (drift, cells) in tables {
        for (cell, runs) in cells.identical.iter().zip(RUNS) {
            let target = FALSE_ALARMS
                .iter()
                .find(|(at, _)| near(*at, *drift))
                .map(|(_, most)| *most);
            let target = target.filter(|_| runs >= MATURE);
            missed += row(*drift, &runs.to_string(), cell, target.map(Target::AtMost));
        }
    }
    println!("\nA slower model, baseline of 5 runs (every failure is right)");
    head("slower");
    for (drift, cells) in tables.iter().filter(|(_, cells)| !cells.slower.is_empty()) {
        for (cell, shift) in cells.slower.iter().zip(SHIFTS) {
            let target = POWER
                .iter()
                .find(|(at, _)| near(*at, shift))
                .map(|(_, least)| *least);
            let words = format!("+{:.0} %", shift * 100.0);
            missed += row(*drift, &words, cell, target.map(Target::AtLeast));
        }
    }
    println!(
        "\nOnly the slowest 2 % of calls are slower, baseline of 5 runs (every failure is right)"
    );
    head("slower");
    for (drift, cells) in tables {
        for (cell, factor) in cells.slower_tail.iter().zip(TAIL_FACTORS) {
            let target = TAIL_POWER.iter().find(|(at, _)| near(*at, factor));
            let words = format!("x {factor}");
            missed += row(
                *drift,
                &words,
                cell,
                target.map(|(_, least)| Target::AtLeast(*least)),
            );
        }
    }
    missed + print_early(tables)
}

/// What `--fail-fast` saves; 1 when it ever stops a run that would not have failed.
fn print_early(tables: &[(f64, Cells)]) -> usize {
    println!(
        "\nWith --fail-fast: runs that are stopped, and what those need of the calls and of the time of the whole run"
    );
    println!(
        "{:>6} {:>7} | {:>8} {:>8} | {:>6} {:>6}",
        "drift", "slower", "fail", "stopped", "calls", "time"
    );
    let mut contradicted = 0;
    for (drift, cells) in tables {
        let shifts = SHIFTS.map(|shift| format!("+{:.0} %", shift * 100.0));
        let tails = TAIL_FACTORS.map(|factor| format!("x {factor}"));
        let words = shifts.iter().chain(&tails);
        for (cell, words) in cells.slower.iter().chain(&cells.slower_tail).zip(words) {
            let (all, stopped) = (cell.all.max(1) as f64, cell.early.stopped.max(1) as f64);
            println!(
                "{:>4.0} % {words:>7} | {:>6.2} % {:>6.2} % | {:>4.0} % {:>4.0} %",
                drift * 100.0,
                cell.failed as f64 / all * 100.0,
                cell.early.stopped as f64 / all * 100.0,
                cell.early.calls / stopped * 100.0,
                cell.early.time / stopped * 100.0,
            );
        }
        let every = cells.identical.iter().chain(&cells.slower);
        let every = every.chain(&cells.slower_tail);
        contradicted += every.map(|cell| cell.early.contradicted).sum::<u64>();
    }
    println!("{contradicted} runs were stopped that would not have failed as a whole (target 0)");
    usize::from(contradicted > 0)
}

/// The share of failures that a row is held to.
#[derive(Clone, Copy)]
enum Target {
    /// Power.
    AtLeast(f64),
    /// False alarms.
    AtMost(f64),
}

pub(crate) fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

fn head(what: &str) {
    println!(
        "{:>6} {what:>7} | {:>8} {:>9} {:>7} {:>33} | {:>12} {:>14} {:>12} {:>10} | {:>10} {:>8} {:>13}",
        "drift",
        "fail",
        "target",
        "",
        "by size, tail, $, all tail, all $",
        "inconclusive",
        "tail undecided",
        "slowest 5 %",
        "size moved",
        "+10 %/+5 %",
        "> 2.0",
        "Mann-Whitney"
    );
}

/// Whether `bad` of `all` are more than the share `most` allows.
pub(crate) fn is_beyond(bad: u64, all: u64, most: f64) -> bool {
    bad as f64 > most * all as f64 + 1e-9 && (all >= ENOUGH || chance_of(bad, all, most) < DOUBT)
}

/// Chance of `least` or more of `all` independent events that each have the chance `each`: a
/// binomial tail.
fn chance_of(least: u64, all: u64, each: f64) -> f64 {
    let mut of_so_many = (1.0 - each).powf(all as f64);
    let mut fewer = 0.0;
    for count in 0..least {
        fewer += of_so_many;
        of_so_many *= (all - count) as f64 / (count + 1) as f64 * each / (1.0 - each);
    }
    1.0 - fewer
}

/// Prints a row; returns the number of targets missed.
fn row(drift: f64, what: &str, cell: &Cell, target: Option<Target>) -> usize {
    let share = |count: u64| count as f64 / cell.all.max(1) as f64;
    let percent = |count: u64| format!("{:.2} %", share(count) * 100.0);
    let missed = match target {
        Some(Target::AtLeast(least)) => is_beyond(cell.all - cell.failed, cell.all, 1.0 - least),
        Some(Target::AtMost(most)) => is_beyond(cell.failed, cell.all, most),
        None => false,
    };
    let words = match target {
        Some(Target::AtLeast(least)) => format!(">= {:.1} %", least * 100.0),
        Some(Target::AtMost(most)) => format!("<= {:.1} %", most * 100.0),
        None => String::new(),
    };
    // A slower model may well be undecided; the same model may not.
    let undecided = matches!(target, Some(Target::AtMost(_)))
        && is_beyond(cell.tail_undecided, cell.all, UNDECIDED);
    let Failures {
        memory,
        latency,
        cost,
        latency_all_sizes,
        cost_all_sizes,
    } = cell.by;
    let by = [memory, latency, cost, latency_all_sizes, cost_all_sizes];
    println!(
        "{:>4.0} % {what:>7} | {:>8} {words:>9} {:>7} {:>33} | {:>12} {:>14} {:>12} {:>10} | {:>10} {:>8} {:>13}",
        drift * 100.0,
        percent(cell.failed),
        match (target, missed) {
            (None, _) => "",
            (Some(_), false) => "ok",
            (Some(_), true) => "MISSED",
        },
        by.map(|count| format!("{:.1}", share(count) * 100.0))
            .join(" "),
        percent(cell.inconclusive),
        format!(
            "{}{}",
            percent(cell.tail_undecided),
            if undecided { " MISSED" } else { "" }
        ),
        percent(cell.stood_in),
        percent(cell.moved),
        percent(cell.rivals.ratio),
        percent(cell.rivals.double),
        percent(cell.rivals.mann_whitney),
    );
    usize::from(missed) + usize::from(undecided)
}
