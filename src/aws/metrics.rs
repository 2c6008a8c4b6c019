//! CloudWatch metrics of serverless endpoints by `GetMetricData`.

use std::collections::HashMap;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use jiff::Timestamp;

use super::endpoints::VARIANT;
use super::error::AwsError;
use super::session::Session;
use crate::result::{EndpointMetrics, MetricStatistics};

/// Queries in one `GetMetricData` call (API limit).
const MAX_QUERIES: usize = 500;
const STATISTICS: [&str; 10] = [
    "SampleCount",
    "Average",
    "Minimum",
    "Maximum",
    "p25",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
];
const SAMPLE_COUNT: &str = "SampleCount";
const MICROSECONDS_PER_MILLISECOND: f64 = 1000.0;
const CLOCK_MARGIN_S: i64 = 300;

/// A metric that AWS publishes for serverless endpoints ("Monitor a serverless endpoint").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum EndpointMetric {
    ModelLatency,
    OverheadLatency,
    ModelSetupTime,
    MemoryUtilization,
}

impl EndpointMetric {
    const ALL: [Self; 4] = [
        Self::ModelLatency,
        Self::OverheadLatency,
        Self::ModelSetupTime,
        Self::MemoryUtilization,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::ModelLatency => "ModelLatency",
            Self::OverheadLatency => "OverheadLatency",
            Self::ModelSetupTime => "ModelSetupTime",
            Self::MemoryUtilization => "MemoryUtilization",
        }
    }

    /// The namespaces differ in case and slash.
    const fn namespace(self) -> &'static str {
        match self {
            Self::ModelLatency | Self::OverheadLatency | Self::ModelSetupTime => "AWS/SageMaker",
            Self::MemoryUtilization => "/aws/sagemaker/Endpoints",
        }
    }

    /// Divides CloudWatch's unit into ours: latencies are published in microseconds.
    const fn divisor(self) -> f64 {
        match self {
            Self::ModelLatency | Self::OverheadLatency | Self::ModelSetupTime => {
                MICROSECONDS_PER_MILLISECOND
            }
            Self::MemoryUtilization => 1.0,
        }
    }
}

/// The time that the statistics cover, as one CloudWatch period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricWindow {
    start_s: i64,
    period_s: i32,
}

impl MetricWindow {
    /// Whole minutes around `from` to `to`, because CloudWatch keeps one-minute resolution and wants periods that are
    /// multiples of 60 s. Five minutes wider on both sides, for a clock that differs from AWS's: no other run has
    /// endpoints of the same names.
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        let start_s = (from.as_second() - CLOCK_MARGIN_S).div_euclid(60) * 60;
        let minutes = (to.as_second() + CLOCK_MARGIN_S - start_s).max(0) / 60 + 1;
        Self {
            start_s,
            period_s: i32::try_from(minutes * 60).unwrap_or(i32::MAX),
        }
    }

    fn start(self) -> DateTime {
        DateTime::from_secs(self.start_s)
    }

    fn end(self) -> DateTime {
        DateTime::from_secs(self.start_s + i64::from(self.period_s))
    }
}

/// One query: whose metric, which metric, which statistic.
struct Query<'a> {
    endpoint: &'a str,
    metric: EndpointMetric,
    statistic: &'static str,
}

/// Values of one statistic, one per period: one value unless CloudWatch aligned its periods otherwise.
type Values = Vec<f64>;

impl Session {
    /// `SampleCount` of `ModelLatency` per endpoint, in the order asked: cheap enough to be polled.
    ///
    /// # Errors
    /// [`AwsError`] of `GetMetricData`.
    pub async fn model_latency_counts(
        &self,
        endpoints: &[&str],
        window: MetricWindow,
    ) -> Result<Vec<f64>, AwsError> {
        let queries: Vec<Query<'_>> = endpoints
            .iter()
            .map(|endpoint| Query {
                endpoint,
                metric: EndpointMetric::ModelLatency,
                statistic: SAMPLE_COUNT,
            })
            .collect();
        let answers = self.query(&queries, window).await?;
        Ok(answers.iter().map(|values| values.iter().sum()).collect())
    }

    /// Every statistic of every metric per endpoint, in the order asked. [`EndpointMetrics::complete`]
    /// is left false: only the caller knows how many calls were sent.
    ///
    /// # Errors
    /// [`AwsError`] of `GetMetricData`.
    pub async fn endpoint_metrics(
        &self,
        endpoints: &[&str],
        window: MetricWindow,
    ) -> Result<Vec<EndpointMetrics>, AwsError> {
        let queries: Vec<Query<'_>> = endpoints
            .iter()
            .flat_map(|endpoint| queries_of(endpoint))
            .collect();
        let answers = self.query(&queries, window).await?;
        Ok(answers
            .chunks(EndpointMetric::ALL.len() * STATISTICS.len())
            .map(metrics_of)
            .collect())
    }

    async fn query(
        &self,
        queries: &[Query<'_>],
        window: MetricWindow,
    ) -> Result<Vec<Values>, AwsError> {
        let mut answers = Vec::with_capacity(queries.len());
        for chunk in queries.chunks(MAX_QUERIES) {
            let mut by_id = self.query_chunk(chunk, window).await?;
            answers
                .extend((0..chunk.len()).map(|index| by_id.remove(&id(index)).unwrap_or_default()));
        }
        Ok(answers)
    }

    async fn query_chunk(
        &self,
        queries: &[Query<'_>],
        window: MetricWindow,
    ) -> Result<HashMap<String, Values>, AwsError> {
        let queries = queries
            .iter()
            .enumerate()
            .map(|(index, query)| sdk_query(index, query, window.period_s))
            .collect();
        let mut pages = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(window.start())
            .end_time(window.end())
            .into_paginator()
            .send();
        let mut by_id: HashMap<String, Values> = HashMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("GetMetricData", &error))?;
            for MetricDataResult { id, values, .. } in page.metric_data_results.unwrap_or_default()
            {
                by_id
                    .entry(id.unwrap_or_default())
                    .or_default()
                    .extend(values.unwrap_or_default());
            }
        }
        Ok(by_id)
    }
}

fn queries_of(endpoint: &str) -> impl Iterator<Item = Query<'_>> {
    EndpointMetric::ALL.into_iter().flat_map(move |metric| {
        STATISTICS.into_iter().map(move |statistic| Query {
            endpoint,
            metric,
            statistic,
        })
    })
}

/// CloudWatch wants ids that start with a lower-case letter.
fn id(index: usize) -> String {
    format!("q{index}")
}

fn sdk_query(index: usize, query: &Query<'_>, period_s: i32) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(query.metric.namespace())
        .metric_name(query.metric.name())
        .dimensions(dimension("EndpointName", query.endpoint))
        .dimensions(dimension("VariantName", VARIANT))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period_s)
        .stat(query.statistic)
        .build();
    MetricDataQuery::builder()
        .id(id(index))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

/// `answers` holds one endpoint's values in the order of [`queries_of`].
fn metrics_of(answers: &[Values]) -> EndpointMetrics {
    let mut statistics = EndpointMetric::ALL
        .into_iter()
        .zip(answers.chunks(STATISTICS.len()))
        .map(|(metric, values)| statistics_of(values, metric.divisor()));
    let mut next = || statistics.next().flatten();
    EndpointMetrics {
        complete: false,
        model_latency_ms: next(),
        overhead_latency_ms: next(),
        model_setup_time_ms: next(),
        memory_utilization_percent: next(),
    }
}

/// Merges the periods of one metric; `values` is in the order of [`STATISTICS`]. `None` without data, and for data that is
/// none: JSON has no infinity and no NaN, so a result that holds one could not be read again.
fn statistics_of(values: &[Values], divisor: f64) -> Option<MetricStatistics> {
    let [
        counts,
        average,
        minimum,
        maximum,
        p25,
        p50,
        p75,
        p90,
        p95,
        p99,
    ] = values
    else {
        return None;
    };
    let sample_count: f64 = counts.iter().sum();
    if sample_count <= 0.0 {
        return None;
    }
    let scaled = |value: f64| Some(value / divisor).filter(|it| it.is_finite());
    // Exact for the mean; for percentiles it only matters when CloudWatch split the window.
    let weighted = |values: &Values| {
        let sum: f64 = values
            .iter()
            .zip(counts)
            .map(|(value, count)| value * count)
            .sum();
        scaled(sum / sample_count).filter(|_| values.len() == counts.len())
    };
    Some(MetricStatistics {
        sample_count: Some(sample_count).filter(|it| it.is_finite())?,
        average: weighted(average)?,
        minimum: scaled(minimum.iter().copied().reduce(f64::min)?)?,
        maximum: scaled(maximum.iter().copied().reduce(f64::max)?)?,
        p25: weighted(p25),
        p50: weighted(p50),
        p75: weighted(p75),
        p90: weighted(p90),
        p95: weighted(p95),
        p99: weighted(p99),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_window_is_whole_minutes_around_the_run() {
        let window = MetricWindow::new(time("2026-11-22T10:00:59Z"), time("2026-11-22T10:02:00Z"));
        assert_eq!(window.period_s, 13 * 60, "09:55 to 10:08");
        assert_eq!(window.start_s % 60, 0);
        assert_eq!(window.end().secs() - window.start().secs(), 13 * 60);
    }

    #[test]
    fn one_period_is_taken_as_it_is_and_converted() {
        let values: Vec<Values> = [
            4.0, 2000.0, 1000.0, 3000.0, 1500.0, 2000.0, 2500.0, 2700.0, 2800.0, 3000.0,
        ]
        .map(|v| vec![v])
        .into();
        let merged = statistics_of(&values, 1000.0).unwrap();
        assert_eq!(merged.p99.map(f64::to_bits), Some(3.0_f64.to_bits()));
        assert!((merged.average - 2.0).abs() < 1e-12 && (merged.minimum - 1.0).abs() < 1e-12);
    }

    #[test]
    fn two_periods_are_weighted_by_their_counts() {
        let values: Vec<Values> = vec![
            vec![1.0, 3.0],
            vec![10.0, 20.0],
            vec![10.0, 5.0],
            vec![10.0, 40.0],
            vec![],
            vec![],
            vec![],
            vec![],
            vec![],
            vec![],
        ];
        let merged = statistics_of(&values, 1.0).unwrap();
        assert!((merged.average - 17.5).abs() < 1e-12);
        assert!((merged.minimum - 5.0).abs() < 1e-12 && (merged.maximum - 40.0).abs() < 1e-12);
        assert_eq!(
            merged.p50, None,
            "no percentile is better than a made-up one"
        );
    }

    #[test]
    fn what_json_cannot_write_is_no_data() {
        let with = |statistic: usize, value: f64| {
            let mut values: Vec<Values> = vec![vec![4.0]; 10];
            values[statistic] = vec![value];
            statistics_of(&values, 1000.0)
        };
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for (needed, name) in STATISTICS.iter().enumerate().take(4) {
                assert_eq!(with(needed, odd), None, "{name}: {odd}");
            }
            let merged = with(9, odd).unwrap();
            assert_eq!((merged.p99, merged.p95), (None, Some(0.004)));
        }
    }

    #[test]
    fn a_metric_without_data_is_absent() {
        assert_eq!(statistics_of(&vec![Vec::new(); 10], 1.0), None);
        let metrics = metrics_of(&vec![Vec::new(); 40]);
        assert_eq!(metrics.model_setup_time_ms, None);
    }
}
