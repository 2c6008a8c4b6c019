//! Latencies by the server's clock, as they stand in a baseline.

use serde::{Deserialize, Serialize};

use crate::result::EndpointMetrics;

/// Percentiles of `CloudWatch`'s `ModelLatency` and `OverheadLatency`, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ServerEntry {
    /// Median of `ModelLatency`.
    pub model_p50_ms: f64,
    /// 99th percentile of `ModelLatency`.
    pub model_p99_ms: f64,
    /// Median of `OverheadLatency`.
    pub overhead_p50_ms: f64,
    /// 99th percentile of `OverheadLatency`.
    pub overhead_p99_ms: f64,
}

/// What client and server are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percentile {
    /// The median.
    P50,
    /// The 99th percentile.
    P99,
}

impl ServerEntry {
    /// Of metrics that count every call; `None` where `CloudWatch` publishes less.
    pub fn of(metrics: &EndpointMetrics) -> Option<Self> {
        let complete = metrics.complete.then_some(metrics)?;
        let (model, overhead) = (complete.model_latency_ms?, complete.overhead_latency_ms?);
        Some(Self {
            model_p50_ms: model.p50?,
            model_p99_ms: model.p99?,
            overhead_p50_ms: overhead.p50?,
            overhead_p99_ms: overhead.p99?,
        })
    }

    pub(super) const fn model(&self, percentile: Percentile) -> f64 {
        match percentile {
            Percentile::P50 => self.model_p50_ms,
            Percentile::P99 => self.model_p99_ms,
        }
    }

    pub(super) const fn overhead(&self, percentile: Percentile) -> f64 {
        match percentile {
            Percentile::P50 => self.overhead_p50_ms,
            Percentile::P99 => self.overhead_p99_ms,
        }
    }

    /// The median of each number; `None` of nothing.
    pub(super) fn median(entries: &[Self]) -> Option<Self> {
        let median = |of: fn(&Self) -> f64| {
            let mut all: Vec<f64> = entries.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied()
        };
        Some(Self {
            model_p50_ms: median(|it| it.model_p50_ms)?,
            model_p99_ms: median(|it| it.model_p99_ms)?,
            overhead_p50_ms: median(|it| it.overhead_p50_ms)?,
            overhead_p99_ms: median(|it| it.overhead_p99_ms)?,
        })
    }
}
