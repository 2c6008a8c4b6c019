//! The tables of a scenario.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::units::MemoryMb;

/// What a container writes when it fails.
const TRACEBACK: [&str; 5] = [
    "[7] [ERROR] Exception on /invocations [POST]",
    "Traceback (most recent call last):",
    "  File \"/opt/program/predictor.py\", line 42, in transformation",
    "    predictions = model.predict(rows)",
    "RuntimeError: simulated failure of the model",
];

/// A model that exists from the start.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::simulator) struct ModelProfile {
    pub(in crate::simulator) name: String,
    #[serde(default = "one")]
    pub(in crate::simulator) latency_factor: f64,
}

pub(super) fn one() -> f64 {
    1.0
}

pub(super) fn one_hour() -> f64 {
    3600.0
}

/// How long a warm call takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::simulator) struct LatencyProfile {
    pub(in crate::simulator) median_ms: BTreeMap<String, f64>,
    #[serde(default)]
    pub(in crate::simulator) variation: f64,
    #[serde(default)]
    pub(in crate::simulator) tail_probability: f64,
    #[serde(default = "one")]
    pub(in crate::simulator) tail_factor: f64,
    #[serde(default)]
    pub(in crate::simulator) ms_per_kb: f64,
    #[serde(default)]
    pub(in crate::simulator) overhead_ms: f64,
    #[serde(default)]
    pub(in crate::simulator) endpoint_drift: f64,
    #[serde(default = "one")]
    pub(in crate::simulator) first_factor: f64,
    #[serde(default = "one")]
    pub(in crate::simulator) later_factor: f64,
    #[serde(default)]
    pub(in crate::simulator) later_calls: u32,
}

impl LatencyProfile {
    /// Median of a size; every offered size has one, `check` sees to it.
    pub(in crate::simulator) fn median_ms(&self, memory_mb: MemoryMb) -> f64 {
        self.median_ms
            .get(&memory_mb.get().to_string())
            .copied()
            .unwrap_or_default()
    }
}

/// What the container is like.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::simulator) struct ContainerProfile {
    pub(in crate::simulator) response_bytes: usize,
    pub(in crate::simulator) used_memory_mb: f64,
    pub(in crate::simulator) out_of_memory_below_mb: u32,
    pub(in crate::simulator) setup_ms: f64,
    pub(in crate::simulator) idle_seconds: f64,
    pub(in crate::simulator) error_log: Vec<String>,
    pub(in crate::simulator) content_types: Vec<String>,
}

impl Default for ContainerProfile {
    fn default() -> Self {
        Self {
            response_bytes: 64,
            used_memory_mb: 400.0,
            out_of_memory_below_mb: 0,
            setup_ms: 0.0,
            idle_seconds: 300.0,
            error_log: TRACEBACK.map(str::to_owned).to_vec(),
            content_types: Vec::new(),
        }
    }
}

/// How long the control plane and CloudWatch take.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::simulator) struct LifeCycle {
    pub(in crate::simulator) creating_seconds: f64,
    pub(in crate::simulator) deleting_seconds: f64,
    pub(in crate::simulator) metric_delay_seconds: f64,
    pub(in crate::simulator) failing_memory_mb: Vec<u32>,
    pub(in crate::simulator) failure_reason: String,
    pub(in crate::simulator) failing_times: u32,
}

impl Default for LifeCycle {
    fn default() -> Self {
        Self {
            creating_seconds: 2.0,
            deleting_seconds: 0.5,
            metric_delay_seconds: 2.0,
            failing_memory_mb: Vec::new(),
            failing_times: 0,
            failure_reason:
                "The primary container for production variant AllTraffic did not pass the ping \
                             health check. Please check CloudWatch logs for this endpoint."
                    .to_owned(),
        }
    }
}

impl LifeCycle {
    pub(super) fn scaled(self, time_scale: f64) -> Self {
        Self {
            creating_seconds: self.creating_seconds / time_scale,
            deleting_seconds: self.deleting_seconds / time_scale,
            metric_delay_seconds: self.metric_delay_seconds / time_scale,
            ..self
        }
    }
}

/// Limits of the account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::simulator) struct Quotas {
    pub(in crate::simulator) endpoints: usize,
    pub(in crate::simulator) total_concurrency: u32,
    pub(in crate::simulator) memory_mb: u32,
    pub(in crate::simulator) unreadable: bool,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            endpoints: 50,
            total_concurrency: 1000,
            memory_mb: 6144,
            unreadable: false,
        }
    }
}

/// How processing jobs run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::simulator) struct Jobs {
    pub(in crate::simulator) program: Option<PathBuf>,
    pub(in crate::simulator) stopping_seconds: f64,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            program: None,
            stopping_seconds: 120.0,
        }
    }
}

/// Probabilities per invocation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::simulator) struct Faults {
    pub(in crate::simulator) throttle: f64,
    pub(in crate::simulator) model_error: f64,
    pub(in crate::simulator) not_ready: f64,
    pub(in crate::simulator) dropped_connection: f64,
    pub(in crate::simulator) service_error: f64,
    pub(in crate::simulator) cold_time_outs: u32,
}
