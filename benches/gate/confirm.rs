//! What a second measurement does to false alarms and power, with run-to-run drift of heavy tails,
//! too.

use crate::cells::{Cell, Cells, RUNS};
use crate::simulate::{SHIFTS, TAIL_FACTORS};
use crate::table::{FALSE_ALARMS, MATURE, POWER, is_beyond, near};

/// Prints every cell; returns the number of targets missed.
pub(crate) fn print(tables: &[(f64, Cells)], heavy: (f64, &Cells)) -> usize {
    println!(
        "\nA failure of latency or cost alone is measured again: it fails if both together do"
    );
    println!(
        "{:>6} {:>12} {:>7} {:>7} | {:>8} {:>9} {:>9} {:>7} | {:>8}",
        "drift", "tails", "runs", "slower", "once", "twice", "target", "", "measured"
    );
    let normal = tables.iter().map(|(drift, cells)| (*drift, cells));
    let mut missed = 0;
    for (drift, cells) in normal {
        missed += rows(drift, "normal", cells);
    }
    missed + rows(heavy.0, "t, 3 degrees", heavy.1)
}

fn rows(drift: f64, tails: &str, cells: &Cells) -> usize {
    let mut missed = 0;
    let most = FALSE_ALARMS.iter().find(|(at, _)| near(*at, drift));
    for (cell, runs) in cells.identical.iter().zip(RUNS) {
        let target = most.filter(|_| runs >= MATURE).map(|(_, most)| *most);
        let is_missed = target.is_some_and(|most| is_beyond(cell.confirmed, cell.all, most));
        let words = target.map(|most| format!("<= {:.1} %", most * 100.0));
        let names = [tails, &runs.to_string(), ""];
        missed += row(drift, names, cell, words, is_missed);
    }
    let shifts = SHIFTS.map(|shift| (format!("+{:.0} %", shift * 100.0), shift));
    for (cell, (name, shift)) in cells.slower.iter().zip(shifts) {
        let target = POWER.iter().find(|(at, _)| near(*at, shift));
        // Power is promised for normal tails.
        let target = target
            .filter(|_| tails == "normal")
            .map(|(_, least)| *least);
        let is_missed =
            target.is_some_and(|least| is_beyond(cell.all - cell.confirmed, cell.all, 1.0 - least));
        let words = target.map(|least| format!(">= {:.1} %", least * 100.0));
        missed += row(drift, [tails, "5", &name], cell, words, is_missed);
    }
    for (cell, factor) in cells.slower_tail.iter().zip(TAIL_FACTORS) {
        let name = format!("x {factor}");
        missed += row(drift, [tails, "5", &name], cell, None, false);
    }
    missed
}

fn row(
    drift: f64,
    [tails, runs, slower]: [&str; 3],
    cell: &Cell,
    target: Option<String>,
    is_missed: bool,
) -> usize {
    let percent = |count: u64| format!("{:.2} %", count as f64 / cell.all.max(1) as f64 * 100.0);
    let verdict = match &target {
        Some(_) if is_missed => "MISSED",
        Some(_) => "ok",
        None => "",
    };
    println!(
        "{:>4.0} % {tails:>12} {runs:>7} {slower:>7} | {:>8} {:>9} {:>9} {verdict:>7} | {:>8}",
        drift * 100.0,
        percent(cell.failed),
        percent(cell.confirmed),
        target.unwrap_or_default(),
        percent(cell.twice),
    );
    usize::from(is_missed)
}
