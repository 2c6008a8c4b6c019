//! Periods and their statistics.

use serde_json::{Map, Value, json};

use super::statistic::Statistic;

/// Values of one period.
pub(super) struct Bucket {
    /// In seconds since the Unix epoch.
    pub(super) start: f64,
    sorted: Vec<f64>,
}

/// Periods that hold points, oldest first; the first period starts at `from`.
pub(super) fn buckets(points: &[(f64, f64)], from: f64, period: f64) -> Vec<Bucket> {
    let mut by_start: Vec<Bucket> = Vec::new();
    for (at, value) in points {
        let start = from + ((at - from) / period).floor() * period;
        match by_start
            .iter_mut()
            .find(|bucket| (bucket.start - start).abs() < 0.5)
        {
            Some(bucket) => bucket.sorted.push(*value),
            None => by_start.push(Bucket {
                start,
                sorted: vec![*value],
            }),
        }
    }
    for bucket in &mut by_start {
        bucket.sorted.sort_by(f64::total_cmp);
    }
    by_start.sort_by(|a, b| a.start.total_cmp(&b.start));
    by_start
}

impl Bucket {
    /// A statistic of the values, of which there is at least one.
    pub(super) fn statistic(&self, statistic: Statistic) -> f64 {
        let sum: f64 = self.sorted.iter().sum();
        let count = count(&self.sorted);
        match statistic {
            Statistic::SampleCount => count,
            Statistic::Sum => sum,
            Statistic::Average => sum / count,
            Statistic::Minimum => self.at_rank(1.0),
            Statistic::Maximum => self.at_rank(count),
            Statistic::Percentile(percent) => {
                self.at_rank((percent / 100.0 * count - 1e-9).ceil().clamp(1.0, count))
            }
        }
    }

    /// The value at a rank from 1.
    fn at_rank(&self, rank: f64) -> f64 {
        self.sorted.get(index(rank)).copied().unwrap_or_default()
    }

    /// An element of `Datapoints`, with statistics by name.
    pub(super) fn data_point(
        &self,
        plain: &[(&str, Statistic)],
        extended: &[(&str, Statistic)],
        unit: &str,
    ) -> Value {
        let values = |names: &[(&str, Statistic)]| -> Map<String, Value> {
            names
                .iter()
                .map(|(name, statistic)| ((*name).to_owned(), json!(self.statistic(*statistic))))
                .collect()
        };
        let mut point = values(plain);
        point.insert("Timestamp".to_owned(), json!(self.start));
        point.insert("Unit".to_owned(), json!(unit));
        if !extended.is_empty() {
            let extended = Value::Object(values(extended));
            point.insert("ExtendedStatistics".to_owned(), extended);
        }
        Value::Object(point)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no scenario has 2^52 calls")]
fn count(values: &[f64]) -> f64 {
    values.len() as f64
}

/// Index of a rank from 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rank lies between 1 and the number of values"
)]
fn index(rank: f64) -> usize {
    (rank - 1.0) as usize
}
