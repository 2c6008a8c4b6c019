//! CloudWatch metrics of serverless endpoints by `GetMetricData`.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use jiff::Timestamp;

use super::endpoints::VARIANT;
use super::error::AwsError;
use super::session::Session;
use crate::result::{EndpointMetrics, MetricStatistics};

/// Queries in one `GetMetricData` call (API limit).
const MAX_QUERIES: usize = 500;
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

/// A statistic of a metric, by its name in CloudWatch's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Statistic {
    SampleCount,
    Average,
    Minimum,
    Maximum,
    P25,
    P50,
    P75,
    P90,
    P95,
    P99,
}

impl Statistic {
    const ALL: [Self; 10] = [
        Self::SampleCount,
        Self::Average,
        Self::Minimum,
        Self::Maximum,
        Self::P25,
        Self::P50,
        Self::P75,
        Self::P90,
        Self::P95,
        Self::P99,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::SampleCount => "SampleCount",
            Self::Average => "Average",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::P25 => "p25",
            Self::P50 => "p50",
            Self::P75 => "p75",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
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
    /// Whole minutes around `from` to `to`, because CloudWatch keeps one-minute resolution and
    /// wants periods that are multiples of 60 s. Five minutes wider on both sides, for a clock that
    /// differs from AWS's: no other run has endpoints of the same names.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Query<'a> {
    endpoint: &'a str,
    metric: EndpointMetric,
    statistic: Statistic,
}

/// The answers: for each query one value per period that has data, which is one value unless
/// CloudWatch aligned its periods otherwise.
#[derive(Debug, Default)]
struct Answers<'a>(HashMap<Query<'a>, Vec<f64>>);

impl Answers<'_> {
    fn values<'s>(&'s self, query: &Query<'s>) -> &'s [f64] {
        self.0.get(query).map_or(&[], Vec::as_slice)
    }

    /// The metrics of one endpoint; not known to be complete.
    fn metrics(&self, endpoint: &str) -> EndpointMetrics {
        let statistics = |metric: EndpointMetric| {
            let values = |statistic| {
                self.values(&Query {
                    endpoint,
                    metric,
                    statistic,
                })
            };
            statistics_of(values, metric.divisor())
        };
        EndpointMetrics {
            complete: false,
            model_latency_ms: statistics(EndpointMetric::ModelLatency),
            overhead_latency_ms: statistics(EndpointMetric::OverheadLatency),
            model_setup_time_ms: statistics(EndpointMetric::ModelSetupTime),
            memory_utilization_percent: statistics(EndpointMetric::MemoryUtilization),
        }
    }
}

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
        let count_of = |endpoint| Query {
            endpoint,
            metric: EndpointMetric::ModelLatency,
            statistic: Statistic::SampleCount,
        };
        let queries: Vec<Query<'_>> = endpoints.iter().copied().map(count_of).collect();
        let answers = self.query(&queries, window).await?;
        let counts = queries.iter().map(|query| answers.values(query));
        Ok(counts.map(|periods| periods.iter().sum()).collect())
    }

    /// Every statistic of every metric per endpoint, in the order asked.
    /// [`EndpointMetrics::complete`] is left false: only the caller knows how many calls were sent.
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
        let metrics = endpoints.iter().map(|endpoint| answers.metrics(endpoint));
        Ok(metrics.collect())
    }

    async fn query<'a>(
        &self,
        queries: &[Query<'a>],
        window: MetricWindow,
    ) -> Result<Answers<'a>, AwsError> {
        let mut answers = Answers::default();
        for chunk in queries.chunks(MAX_QUERIES) {
            let by_id: BTreeMap<String, Query<'a>> =
                (0..).map(id).zip(chunk.iter().copied()).collect();
            self.query_chunk(&by_id, window, &mut answers).await?;
        }
        Ok(answers)
    }

    async fn query_chunk<'a>(
        &self,
        queries: &BTreeMap<String, Query<'a>>,
        window: MetricWindow,
        answers: &mut Answers<'a>,
    ) -> Result<(), AwsError> {
        let sdk_queries = queries
            .iter()
            .map(|(id, query)| sdk_query(id, query, window.period_s))
            .collect();
        let mut pages = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(sdk_queries))
            .start_time(window.start())
            .end_time(window.end())
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("GetMetricData", &error))?;
            for MetricDataResult { id, values, .. } in page.metric_data_results.unwrap_or_default()
            {
                if let Some(query) = queries.get(&id.unwrap_or_default()) {
                    let periods = answers.0.entry(*query).or_default();
                    periods.extend(values.unwrap_or_default());
                }
            }
        }
        Ok(())
    }
}

fn queries_of(endpoint: &str) -> impl Iterator<Item = Query<'_>> {
    EndpointMetric::ALL.into_iter().flat_map(move |metric| {
        Statistic::ALL.into_iter().map(move |statistic| Query {
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

fn sdk_query(id: &str, query: &Query<'_>, period_s: i32) -> MetricDataQuery {
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
        .stat(query.statistic.name())
        .build();
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(stat)
        .return_data(true)
        .build()
}

/// Merges the periods of one metric. `None` without data, and for values that are not finite: JSON
/// has no infinity and no NaN, so a result that holds one could not be read again. Percentiles of
/// several periods cannot be merged: they are absent then.
fn statistics_of<'a>(
    values: impl Fn(Statistic) -> &'a [f64],
    divisor: f64,
) -> Option<MetricStatistics> {
    let counts = values(Statistic::SampleCount);
    let sample_count: f64 = counts.iter().sum();
    if sample_count <= 0.0 || !sample_count.is_finite() {
        return None;
    }
    let scaled = |value: f64| Some(value / divisor).filter(|it| it.is_finite());
    let averages = values(Statistic::Average);
    if averages.len() != counts.len() {
        return None;
    }
    let sum: f64 = averages.iter().zip(counts).map(|(it, n)| it * n).sum();
    let of_all = |statistic, merge: fn(f64, f64) -> f64| {
        let periods = values(statistic).iter().copied();
        scaled(periods.reduce(merge)?)
    };
    let percentile = |statistic| match (counts, values(statistic)) {
        ([_], [value]) => scaled(*value),
        (_, _) => None,
    };
    Some(MetricStatistics {
        sample_count,
        average: scaled(sum / sample_count)?,
        minimum: of_all(Statistic::Minimum, f64::min)?,
        maximum: of_all(Statistic::Maximum, f64::max)?,
        p25: percentile(Statistic::P25),
        p50: percentile(Statistic::P50),
        p75: percentile(Statistic::P75),
        p90: percentile(Statistic::P90),
        p95: percentile(Statistic::P95),
        p99: percentile(Statistic::P99),
    })
}

#[cfg(test)]
mod tests;
