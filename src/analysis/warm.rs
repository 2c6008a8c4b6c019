//! Latencies of one endpoint without its cold starts.

use super::{LatencySummary, sorted};

/// Latencies of successful calls without cold starts.
#[derive(Debug, Clone, PartialEq)]
pub struct WarmLatencies {
    /// Their quantiles and means.
    pub summary: LatencySummary,
    /// Each of them, ascending, milliseconds: the noise band needs the order statistics.
    pub sorted_ms: Vec<f64>,
}

impl WarmLatencies {
    /// Of latencies in milliseconds, in the order they were measured.
    pub(super) fn of(in_order: &[f64]) -> Self {
        let sorted_ms = sorted(in_order);
        Self {
            summary: LatencySummary::with_sorted(in_order, &sorted_ms),
            sorted_ms,
        }
    }
}
