//! CloudWatch: what was recorded, and statistics of it.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::simulator::validate::{ApiError, required_integer, text};

/// A metric that AWS publishes for serverless endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Metric {
    Invocations,
    Invocation4XXErrors,
    Invocation5XXErrors,
    ModelLatency,
    OverheadLatency,
    ModelSetupTime,
    MemoryUtilization,
}

impl Metric {
    const ALL: [(Self, &'static str, &'static str, &'static str); 7] = [
        (Self::Invocations, "AWS/SageMaker", "Invocations", "None"),
        (
            Self::Invocation4XXErrors,
            "AWS/SageMaker",
            "Invocation4XXErrors",
            "None",
        ),
        (
            Self::Invocation5XXErrors,
            "AWS/SageMaker",
            "Invocation5XXErrors",
            "None",
        ),
        (
            Self::ModelLatency,
            "AWS/SageMaker",
            "ModelLatency",
            "Microseconds",
        ),
        (
            Self::OverheadLatency,
            "AWS/SageMaker",
            "OverheadLatency",
            "Microseconds",
        ),
        (
            Self::ModelSetupTime,
            "AWS/SageMaker",
            "ModelSetupTime",
            "Microseconds",
        ),
        (
            Self::MemoryUtilization,
            "/aws/sagemaker/Endpoints",
            "MemoryUtilization",
            "Percent",
        ),
    ];
}

/// Recorded values; they outlive their endpoint, as on AWS.
#[derive(Debug, Default)]
pub(super) struct MetricStore {
    points: HashMap<(String, String, Metric), Vec<(f64, f64)>>,
}

/// Values of one period.
struct Bucket {
    start: f64,
    sorted: Vec<f64>,
}

/// Which points: endpoint, variant and metric, and which time.
struct Selection {
    points: Vec<(f64, f64)>,
    unit: &'static str,
}

impl MetricStore {
    pub(super) fn record(
        &mut self,
        endpoint: &str,
        variant: &str,
        metric: Metric,
        at: f64,
        value: f64,
    ) {
        let key = (endpoint.to_owned(), variant.to_owned(), metric);
        self.points.entry(key).or_default().push((at, value));
    }

    pub(super) fn get_metric_data(
        &self,
        input: &Value,
        visible_until: f64,
    ) -> Result<Value, ApiError> {
        let (from, to) = window(input)?;
        let queries = input
            .get("MetricDataQueries")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        if queries.is_empty() || queries.len() > 500 {
            return Err(invalid("MetricDataQueries must hold 1 to 500 queries"));
        }
        let descending = input.get("ScanBy").and_then(Value::as_str) != Some("TimestampAscending");
        let results: Result<Vec<Value>, ApiError> = queries
            .iter()
            .map(|query| self.one_query(query, (from, to), visible_until, descending))
            .collect();
        Ok(json!({ "MetricDataResults": results?, "Messages": [] }))
    }

    fn one_query(
        &self,
        query: &Value,
        (from, to): (f64, f64),
        visible_until: f64,
        descending: bool,
    ) -> Result<Value, ApiError> {
        let id = text(query, "Id")?;
        if !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(invalid(&format!(
                "The id '{id}' must start with a lower-case letter"
            )));
        }
        let stat = query
            .get("MetricStat")
            .ok_or_else(|| invalid("only MetricStat queries are known"))?;
        let metric = stat
            .get("Metric")
            .ok_or_else(|| invalid("Metric is missing"))?;
        let period = period(stat)?;
        let statistic = text(stat, "Stat")?;
        let selection = self.select(metric, (from, to), visible_until)?;
        let mut values: Vec<(f64, f64)> = buckets(&selection.points, from, period)
            .iter()
            .map(|bucket| Ok((bucket.start, bucket.statistic(statistic)?)))
            .collect::<Result<_, ApiError>>()?;
        if descending {
            values.reverse();
        }
        let (timestamps, values): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
        Ok(json!({
            "Id": id,
            "Label": text(metric, "MetricName")?,
            "Timestamps": timestamps,
            "Values": values,
            "StatusCode": "Complete",
        }))
    }

    pub(super) fn get_metric_statistics(
        &self,
        input: &Value,
        visible_until: f64,
    ) -> Result<Value, ApiError> {
        let (from, to) = window(input)?;
        let period = period(input)?;
        let names = |member: &str| -> Vec<String> {
            let list = input
                .get(member)
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let (plain, extended) = (names("Statistics"), names("ExtendedStatistics"));
        if plain.is_empty() && extended.is_empty() {
            return Err(invalid(
                "Must specify either Statistics or ExtendedStatistics",
            ));
        }
        let selection = self.select(input, (from, to), visible_until)?;
        let points: Result<Vec<Value>, ApiError> = buckets(&selection.points, from, period)
            .iter()
            .map(|bucket| bucket.data_point(&plain, &extended, selection.unit))
            .collect();
        Ok(json!({ "Label": text(input, "MetricName")?, "Datapoints": points? }))
    }

    /// Points of the metric that `wanted` names, by namespace, name and both dimensions.
    fn select(
        &self,
        wanted: &Value,
        (from, to): (f64, f64),
        visible_until: f64,
    ) -> Result<Selection, ApiError> {
        let (namespace, name) = (text(wanted, "Namespace")?, text(wanted, "MetricName")?);
        let known = Metric::ALL
            .iter()
            .find(|(_, space, metric, _)| *space == namespace && *metric == name);
        let mut dimensions = BTreeMap::new();
        for dimension in wanted
            .get("Dimensions")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
        {
            dimensions.insert(text(dimension, "Name")?, text(dimension, "Value")?);
        }
        let (Some((metric, _, _, unit)), Some(endpoint), Some(variant), 2) = (
            known,
            dimensions.get("EndpointName"),
            dimensions.get("VariantName"),
            dimensions.len(),
        ) else {
            // CloudWatch treats each combination as its own metric: an unknown one has no data.
            return Ok(Selection {
                points: Vec::new(),
                unit: "None",
            });
        };
        let key = ((*endpoint).to_owned(), (*variant).to_owned(), *metric);
        let points = self.points.get(&key).map_or(&[][..], Vec::as_slice);
        let seen = points
            .iter()
            .filter(|(at, _)| *at >= from && *at < to && *at <= visible_until);
        Ok(Selection {
            points: seen.copied().collect(),
            unit,
        })
    }
}

/// `StartTime`, rounded down to the minute as CloudWatch does, and `EndTime`.
fn window(input: &Value) -> Result<(f64, f64), ApiError> {
    let time = |member: &str| {
        input
            .get(member)
            .and_then(Value::as_f64)
            .ok_or_else(|| invalid(&format!("{member} is missing")))
    };
    let (from, to) = (time("StartTime")?, time("EndTime")?);
    if from >= to {
        return Err(invalid(
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok(((from / 60.0).floor() * 60.0, to))
}

fn period(input: &Value) -> Result<f64, ApiError> {
    let period = required_integer(input, "Period", 1, 86_400 * 365)?;
    match i32::try_from(period) {
        Ok(period) if period % 60 == 0 => Ok(f64::from(period)),
        Ok(_) | Err(_) => Err(invalid("Period must be a multiple of 60")),
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", message)
}

/// Periods that hold points, oldest first; the first period starts at `from`.
fn buckets(points: &[(f64, f64)], from: f64, period: f64) -> Vec<Bucket> {
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
    /// A statistic by CloudWatch's name; percentiles by nearest rank.
    fn statistic(&self, name: &str) -> Result<f64, ApiError> {
        let sum: f64 = self.sorted.iter().sum();
        let count = count(&self.sorted);
        let found = match name {
            "SampleCount" => Some(count),
            "Sum" => Some(sum),
            "Average" => Some(sum / count),
            "Minimum" => self.sorted.first().copied(),
            "Maximum" => self.sorted.last().copied(),
            _ => name
                .strip_prefix('p')
                .and_then(|digits| digits.parse::<f64>().ok())
                .and_then(|percent| {
                    let rank = (percent / 100.0 * count - 1e-9).ceil().clamp(1.0, count);
                    (0.0..=100.0)
                        .contains(&percent)
                        .then(|| self.sorted.get(index(rank)))
                        .flatten()
                        .copied()
                }),
        };
        found.ok_or_else(|| {
            invalid(&format!(
                "The value {name} for parameter Stat is not supported."
            ))
        })
    }

    fn data_point(
        &self,
        plain: &[String],
        extended: &[String],
        unit: &str,
    ) -> Result<Value, ApiError> {
        let mut point = serde_json::Map::new();
        point.insert("Timestamp".to_owned(), json!(self.start));
        point.insert("Unit".to_owned(), json!(unit));
        for name in plain {
            point.insert(name.clone(), json!(self.statistic(name)?));
        }
        if !extended.is_empty() {
            let values: Result<serde_json::Map<String, Value>, ApiError> = extended
                .iter()
                .map(|name| Ok((name.clone(), json!(self.statistic(name)?))))
                .collect();
            point.insert("ExtendedStatistics".to_owned(), Value::Object(values?));
        }
        Ok(Value::Object(point))
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
