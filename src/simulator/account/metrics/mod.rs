//! CloudWatch: what was recorded, and statistics of it.

mod buckets;
mod queries;
mod statistic;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::simulator::validate::{ApiError, text};

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

/// Which times a query covers, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: f64,
    /// Exclusive.
    to: f64,
    /// Later values have happened but are not published yet.
    visible_until: f64,
}

/// Points of one metric and their unit.
struct Selection {
    points: Vec<(f64, f64)>,
    unit: &'static str,
}

impl MetricStore {
    pub(super) fn add_point(
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

    /// Points of the metric that `wanted` names, by namespace, name and both dimensions. Another
    /// unit than the metric's own has no points.
    fn select(
        &self,
        wanted: &Value,
        wanted_unit: Option<&str>,
        window: Window,
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
        let is_its_unit = wanted_unit.is_none_or(|wanted| wanted == *unit);
        let points = self.points.get(&key).map_or(&[][..], Vec::as_slice);
        let seen = points.iter().filter(|(at, _)| {
            is_its_unit && *at >= window.from && *at < window.to && *at <= window.visible_until
        });
        Ok(Selection {
            points: seen.copied().collect(),
            unit,
        })
    }
}
