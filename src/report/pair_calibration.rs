//! What a calibration beside the model itself found, for a terminal.

use super::document::text;
use super::numbers;
use super::table::{Align, Table};
use crate::gate::{Catch, PairCalibration};

/// How much pairs of the same model differ, and what the gate sees through it.
pub fn calibration_of_pairs(it: &PairCalibration) -> String {
    let mut table = Table::new(&[
        ("Rounds", Align::Right),
        ("Metric", Align::Left),
        ("The same code stays within", Align::Right),
        ("Caught 9 times of 10 from", Align::Right),
        ("Always caught from", Align::Right),
    ]);
    for with in &it.with_rounds {
        for (metric, catch) in [(it.tail.name(), with.latency), ("cost", with.cost)] {
            table.push(row(with.rounds, metric, catch));
        }
    }
    let pairs = usize::try_from(it.pairs).unwrap_or(usize::MAX);
    let head = format!(
        "{} of endpoints of the same model in {}, at {}: the two of a pair differ by {} (standard deviation)",
        numbers::plural(pairs, "pair"),
        numbers::plural(it.runs, "run"),
        it.memory_mb,
        numbers::fine_share(it.pair_deviation),
    );
    let mut lines = vec![head, String::new()];
    lines.extend(table.terminal_lines().concat());
    lines.join("\n") + "\n"
}

fn row(rounds: u32, metric: &str, it: Catch) -> Vec<super::table::Cell> {
    let cells = [
        rounds.to_string(),
        metric.to_owned(),
        numbers::percent(it.band),
        numbers::percent(it.nine_of_ten),
        numbers::percent(it.always),
    ];
    cells.map(|words| vec![text(words)]).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{PairVisibility, Tail};
    use crate::units::{MemoryMb, Ratio};

    #[test]
    fn a_calibration_of_pairs_is_a_table_of_two_rows_per_number_of_rounds() {
        let catch = |band, nine_of_ten, always| Catch {
            band: Ratio(band),
            always: Ratio(always),
            nine_of_ten: Ratio(nine_of_ten),
        };
        let it = PairCalibration {
            runs: 2,
            pairs: 8,
            memory_mb: MemoryMb::OFFERED[1],
            pair_deviation: Ratio(0.0183),
            tail: Tail::P99,
            with_rounds: vec![
                PairVisibility {
                    rounds: 4,
                    latency: catch(0.05, 0.124, 0.156),
                    cost: catch(0.03, 0.064, 0.082),
                },
                PairVisibility {
                    rounds: 8,
                    latency: catch(0.035, 0.117, 0.139),
                    cost: catch(0.021, 0.06, 0.073),
                },
            ],
        };
        insta::assert_snapshot!(calibration_of_pairs(&it));
    }
}
