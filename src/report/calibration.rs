//! What a calibration found, for a terminal.

use super::document::text;
use super::numbers;
use super::table::{Align, Cell, Table};
use crate::gate::{ASSUMED_RUNS, Calibration, Visibility};

/// The spread of the runs, and what the gate sees through it.
pub fn calibration(it: &Calibration) -> String {
    let mut table = Table::new(&[
        ("Metric", Align::Left),
        ("Spread of the runs", Align::Right),
        ("Identical code stays within", Align::Right),
        ("Caught 9 times of 10 from", Align::Right),
        ("Tolerance that noise does not override", Align::Left),
    ]);
    let latency = it.quantile.name();
    table.push(row(latency, "--max-p99-increase", &it.latency));
    table.push(row("cost", "--max-cost-increase", &it.cost));
    let head = format!(
        "{} runs of the same model, at {}; a baseline of {ASSUMED_RUNS} runs of main is assumed",
        it.runs, it.memory_mb
    );
    let mut lines = vec![head, String::new()];
    lines.extend(table.terminal_lines());
    lines.join("\n") + "\n"
}

fn row(metric: &str, flag: &str, it: &Visibility) -> Vec<Cell> {
    let cell = |words: String| vec![text(words)];
    vec![
        cell(metric.to_owned()),
        cell(numbers::fine_share(it.spread)),
        cell(numbers::percent(it.band)),
        cell(numbers::percent(it.caught)),
        cell(format!("{flag} {:.0}%", it.suggested.percent())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Tail;
    use crate::units::{MemoryMb, Ratio};

    #[test]
    fn a_calibration_is_a_table_of_two_rows() {
        let it = Calibration {
            runs: 5,
            memory_mb: MemoryMb::OFFERED[1],
            quantile: Tail::P99,
            latency: Visibility {
                spread: Ratio(0.0123),
                band: Ratio(0.138),
                caught: Ratio(0.196),
                suggested: Ratio(0.14),
            },
            cost: Visibility {
                spread: Ratio(0.004),
                band: Ratio(0.131),
                caught: Ratio(0.19),
                suggested: Ratio(0.14),
            },
        };
        insta::assert_snapshot!(calibration(&it));
    }
}
