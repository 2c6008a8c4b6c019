//! What a calibration found, for a terminal.

use super::document::{plain, text};
use super::table::{Align, Cell, Table};
use super::{Facts, numbers};
use crate::analysis::Analysis;
use crate::gate::{ASSUMED_RUNS, Calibration, Judgement, Visibility};
use crate::result::RunResult;

/// The spread of the runs, and what the gate sees through it.
pub fn calibration(it: &Calibration) -> String {
    let mut table = Table::new(&[
        ("Metric", Align::Left),
        ("Spread of the runs", Align::Right),
        ("The same code stays within", Align::Right),
        ("Caught 9 times of 10 from", Align::Right),
        ("Tolerance above noise", Align::Left),
    ]);
    let latency = it.quantile.name();
    table.push(row(latency, "--max-p99-increase", &it.latency));
    table.push(row("cost", "--max-cost-increase", &it.cost));
    let head = format!(
        "{} runs of the same model, at {}; against {ASSUMED_RUNS} runs that vary no more than these",
        it.runs, it.memory_mb
    );
    let mut lines = vec![head, String::new()];
    lines.extend(table.terminal_lines().concat());
    lines.join("\n") + "\n"
}

/// What the gate has learned from a baseline, as the next run will say it.
pub fn seeded(run: &RunResult, analysis: &Analysis, judgement: &Judgement) -> String {
    let facts = Facts {
        run,
        analysis,
        beside: None,
        judgement,
    };
    let mut lines: Vec<String> = super::baseline::line(facts)
        .iter()
        .map(|it| plain(it))
        .collect();
    let outlooks = judgement.baseline.iter().flat_map(|it| it.outlooks.clone());
    let table = super::baseline::outlook_table(&outlooks.collect::<Vec<_>>());
    lines.extend(std::iter::once(String::new()).chain(table.terminal_lines().concat()));
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
