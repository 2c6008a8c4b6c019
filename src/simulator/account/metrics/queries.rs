//! The two queries of CloudWatch: `GetMetricData` and `GetMetricStatistics`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::buckets::buckets;
use super::statistic::{Statistic, invalid};
use super::{MetricStore, Selection, Window};
use crate::simulator::validate::{
    ApiError, choice, integer, member_of, optional_text, required_integer, text,
};

/// Queries of one `GetMetricData` call.
const MAX_QUERIES: usize = 500;
/// Data points of one answer of `GetMetricData`.
const MAX_DATA_POINTS: i64 = 100_800;
/// Periods that `GetMetricStatistics` accepts.
const MAX_PERIODS: f64 = 1440.0;

/// The answer to one query, before it is cut into pages.
struct Series {
    id: String,
    label: String,
    /// Time and value.
    points: Vec<(f64, f64)>,
}

impl MetricStore {
    /// `GetMetricData`: by default the newest period comes first, as on AWS.
    pub(in crate::simulator::account) fn get_metric_data(
        &self,
        input: &Value,
        visible_until: f64,
    ) -> Result<Value, ApiError> {
        let window = window(input, visible_until)?;
        let queries = list(input, "MetricDataQueries");
        if queries.is_empty() || queries.len() > MAX_QUERIES {
            return Err(invalid("MetricDataQueries must hold 1 to 500 queries"));
        }
        let order = ["TimestampAscending", "TimestampDescending"];
        let descending = choice(input, "ScanBy", &order)? != Some("TimestampAscending");
        let limit = integer(input, "MaxDatapoints", 1, MAX_DATA_POINTS)?;
        let limit = usize::try_from(limit.unwrap_or(MAX_DATA_POINTS)).unwrap_or(usize::MAX);
        let from = match optional_text(input, "NextToken")? {
            Some(token) => token
                .parse()
                .map_err(|error| invalid_token(token, &error))?,
            None => 0,
        };
        let mut ids = BTreeSet::new();
        let mut series = Vec::new();
        for query in queries {
            let mut found = self.one_query(query, window)?;
            if !ids.insert(found.id.clone()) {
                let message = format!("The id '{}' is not unique", found.id);
                return Err(invalid(&message));
            }
            if descending {
                found.points.reverse();
            }
            series.push(found);
        }
        Ok(page(&series, from, limit))
    }

    fn one_query(&self, query: &Value, window: Window) -> Result<Series, ApiError> {
        let id = text(query, "Id")?;
        let is_word = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_word || !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(invalid(&format!(
                "The id '{id}' must be letters, digits and underscores after a lower-case letter"
            )));
        }
        let stat = member_of(query, "MetricStat")
            .ok_or_else(|| invalid("only MetricStat queries are known"))?;
        let metric = member_of(stat, "Metric").ok_or_else(|| ApiError::null("Metric"))?;
        let period = period(stat)?;
        let statistic = Statistic::parse(text(stat, "Stat")?)?;
        let selection = self.select(metric, optional_text(stat, "Unit")?, window)?;
        let points = buckets(&selection.points, window.from, period)
            .iter()
            .map(|bucket| (bucket.start, bucket.statistic(statistic)))
            .collect();
        Ok(Series {
            id: id.to_owned(),
            label: text(metric, "MetricName")?.to_owned(),
            points,
        })
    }

    /// `GetMetricStatistics`: plain and extended statistics, also both at once.
    pub(in crate::simulator::account) fn get_metric_statistics(
        &self,
        input: &Value,
        visible_until: f64,
    ) -> Result<Value, ApiError> {
        let window = window(input, visible_until)?;
        let period = period(input)?;
        let periods = ((window.to - window.from) / period).ceil();
        if periods > MAX_PERIODS {
            return Err(ApiError::new(
                400,
                "InvalidParameterCombination",
                format!(
                    "You have requested up to {periods} datapoints, which exceeds the limit of 1,440. You may reduce \
                     the datapoints requested by increasing Period, or decreasing the time range."
                ),
            ));
        }
        let plain = statistics(input, "Statistics")?;
        let extended = statistics(input, "ExtendedStatistics")?;
        if plain.is_empty() && extended.is_empty() {
            return Err(invalid(
                "Must specify either Statistics or ExtendedStatistics",
            ));
        }
        let Selection { points, unit } =
            self.select(input, optional_text(input, "Unit")?, window)?;
        let points: Vec<Value> = buckets(&points, window.from, period)
            .iter()
            .map(|bucket| bucket.data_point(&plain, &extended, unit))
            .collect();
        Ok(json!({ "Label": text(input, "MetricName")?, "Datapoints": points }))
    }
}

/// The points after the first `from` ones, at most `limit` of them, with a token where more follow.
/// A series without any point is in the first page.
fn page(series: &[Series], from: usize, limit: usize) -> Value {
    let mut passed = 0;
    let mut room = limit;
    let mut results = Vec::new();
    for one in series {
        let shown: Vec<(f64, f64)> = one
            .points
            .iter()
            .skip(from.saturating_sub(passed))
            .take(room)
            .copied()
            .collect();
        let end = from.saturating_sub(passed) + shown.len();
        passed += one.points.len();
        room -= shown.len();
        if shown.is_empty() && (from > 0 || !one.points.is_empty()) {
            continue;
        }
        let is_complete = end >= one.points.len();
        let (timestamps, values): (Vec<f64>, Vec<f64>) = shown.into_iter().unzip();
        results.push(json!({
            "Id": one.id,
            "Label": one.label,
            "Timestamps": timestamps,
            "Values": values,
            "StatusCode": if is_complete { "Complete" } else { "PartialData" },
        }));
    }
    let mut answer = json!({ "MetricDataResults": results, "Messages": [] });
    let next = from.saturating_add(limit - room);
    if let (true, Some(members)) = (next < passed, answer.as_object_mut()) {
        members.insert("NextToken".to_owned(), json!(next.to_string()));
    }
    answer
}

fn list<'a>(input: &'a Value, member: &str) -> &'a [Value] {
    input
        .get(member)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Statistics with their names.
fn statistics<'a>(input: &'a Value, member: &str) -> Result<Vec<(&'a str, Statistic)>, ApiError> {
    list(input, member)
        .iter()
        .map(|name| {
            let name = name
                .as_str()
                .ok_or_else(|| invalid(&format!("{member} must hold strings, not {name}")))?;
            Ok((name, Statistic::parse(name)?))
        })
        .collect()
}

/// `StartTime`, rounded down to the minute as CloudWatch does, and `EndTime`.
fn window(input: &Value, visible_until: f64) -> Result<Window, ApiError> {
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
    Ok(Window {
        from: (from / 60.0).floor() * 60.0,
        to,
        visible_until,
    })
}

fn period(input: &Value) -> Result<f64, ApiError> {
    let period = required_integer(input, "Period", 1, 86_400 * 365)?;
    match i32::try_from(period) {
        Ok(period) if period % 60 == 0 => Ok(f64::from(period)),
        Ok(_) | Err(_) => Err(invalid("Period must be a multiple of 60")),
    }
}

fn invalid_token(token: &str, error: &std::num::ParseIntError) -> ApiError {
    let message = format!("The token '{token}' is not one of ours: {error}");
    ApiError::new(400, "InvalidNextToken", message)
}
