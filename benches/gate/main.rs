//! How often the gate is wrong: simulated pull requests through the real analysis and gate.
//!
//! `cargo bench --bench gate` prints false alarms and power beside their targets and three rivals,
//! and exits with 1 when a target is missed. `-- --pull-requests N` changes the number per cell,
//! `-- --first-seed N` the pull requests. Beside a reference it is a tenth of them, as each has up
//! to eight times the calls; `-- --side-by-side` leaves out all others, and takes the number as it
//! is.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program that prints a table and stops when something is odd"
)]

mod cells;
mod confirm;
mod early;
mod pairs;
mod rivals;
mod simulate;
mod table;

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use crate::cells::{Cells, pull_requests};
use crate::simulate::{Drift, Tails};

/// Run-to-run standard deviations of A/A cells.
const DRIFTS: [f64; 3] = [0.01, 0.03, 0.05];
/// Run-to-run standard deviation at which power is measured.
const POWER_DRIFT: f64 = 0.03;
/// Pull requests with a baseline for each beside a reference.
const TENTH: u64 = 10;

fn main() -> ExitCode {
    let count = wanted("--pull-requests").unwrap_or(table::ENOUGH);
    let first = wanted("--first-seed").unwrap_or_default();
    let began = Instant::now();
    let only_pairs = std::env::args().any(|it| it == "--side-by-side");
    let pairs = if only_pairs {
        count
    } else {
        count.div_ceil(TENTH)
    };
    let mut missed = pairs::print(&(first..first + pairs));
    if !only_pairs {
        missed += against_stored_runs(first, count);
    }
    println!("\n{} s, {missed} targets missed", began.elapsed().as_secs());
    ExitCode::from(u8::from(missed > 0))
}

/// Baselines of several lengths; returns the number of targets missed.
fn against_stored_runs(first: u64, count: u64) -> usize {
    let mut tables = Vec::new();
    for drift in DRIFTS {
        let shifts: &[f64] = if (drift - POWER_DRIFT).abs() < 1e-9 {
            &simulate::SHIFTS
        } else {
            &[]
        };
        let drift = Drift {
            deviation: drift,
            tails: Tails::Normal,
        };
        let cells = in_parallel(first..first + count, drift, shifts);
        tables.push((drift.deviation, cells));
    }
    let heavy = Drift {
        deviation: POWER_DRIFT,
        tails: Tails::Heavy,
    };
    let heavy = in_parallel(first..first + count, heavy, &simulate::SHIFTS);
    table::print(count, &tables) + confirm::print(&tables, (POWER_DRIFT, &heavy))
}

/// `NAME N`; `cargo bench` adds `--bench`, which means nothing here.
fn wanted(name: &str) -> Option<u64> {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|it| it == name)?;
    arguments.get(place + 1)?.parse().ok()
}

/// Pull request `i` has its own seed, so the result does not depend on the number of threads.
fn in_parallel(all: Range<u64>, drift: Drift, shifts: &[f64]) -> Cells {
    let tails: &[f64] = if shifts.is_empty() {
        &[]
    } else {
        &simulate::TAIL_FACTORS
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                let seeds = all.clone().filter(move |seed| seed % threads == thread);
                scope.spawn(move || pull_requests(seeds, drift, shifts, tails))
            })
            .collect();
        let parts = parts.into_iter().map(|part| part.join().unwrap());
        parts.reduce(Cells::merged).unwrap()
    })
}
