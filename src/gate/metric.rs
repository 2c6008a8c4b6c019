//! What is judged, and its values.

use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The recommended memory.
    RecommendedMemory,
    /// A latency quantile at the baseline's recommended size.
    Latency(Tail),
    /// Cost per million invocations at that size.
    CostPerMillion,
    /// Geometric mean over all sizes of the change of a latency quantile.
    LatencyAllSizes(Tail),
    /// Geometric mean over all sizes of the change of cost.
    CostAllSizes,
}

/// The number that stands for the tail: the highest quantile that the number of calls supports, or
/// what takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// 99th percentile: from 891 calls.
    P99,
    /// 95th percentile: from 171 calls.
    P95,
    /// 90th percentile: from 81 calls.
    P90,
    /// Mean of the slowest 5 %: where p99 jumps from run to run.
    Slowest,
    /// The slowest call: with 80 calls or fewer it is all that is known of the tail, and nothing is
    /// compared with it.
    Maximum,
}

impl Metric {
    /// The measure of the tail, for a latency.
    pub const fn tail(self) -> Option<Tail> {
        match self {
            Self::Latency(tail) | Self::LatencyAllSizes(tail) => Some(tail),
            Self::RecommendedMemory | Self::CostPerMillion | Self::CostAllSizes => None,
        }
    }
}

impl Tail {
    /// The highest quantile with `n (1 - p) >= 9 p`: its rank then lies three standard deviations
    /// within the data.
    pub const fn supported_by(calls: usize) -> Option<Self> {
        match calls {
            891.. => Some(Self::P99),
            171..=890 => Some(Self::P95),
            81..=170 => Some(Self::P90),
            0..=80 => None,
        }
    }

    /// What is shown of the tail: the highest quantile that is supported, or the slowest call.
    pub const fn shown_of(calls: usize) -> Self {
        match Self::supported_by(calls) {
            Some(tail) => tail,
            None => Self::Maximum,
        }
    }

    /// What is judged where identical code varies too much in this one: never a number that the
    /// slowest 5 % do not move, or a regression of the tail alone would pass.
    pub(super) const fn stand_in(self) -> Option<Self> {
        match self {
            Self::P99 | Self::P95 => Some(Self::Slowest),
            Self::P90 | Self::Slowest | Self::Maximum => None,
        }
    }

    /// The fraction of a quantile, for example 0.99.
    pub const fn fraction(self) -> Option<f64> {
        match self {
            Self::P99 => Some(0.99),
            Self::P95 => Some(0.95),
            Self::P90 => Some(0.90),
            Self::Slowest | Self::Maximum => None,
        }
    }

    /// `p99`, or `slowest 5%`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P99 => "p99",
            Self::P95 => "p95",
            Self::P90 => "p90",
            Self::Slowest => "slowest 5%",
            Self::Maximum => "slowest call",
        }
    }
}

/// A value with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Memory of an endpoint.
    Memory(MemoryMb),
    /// A latency.
    Latency(LatencyMs),
    /// Money per million invocations.
    Cost(Usd),
    /// A relative change.
    Change(Ratio),
}

/// The number of a value, in its own unit.
pub(super) fn number(value: Value) -> f64 {
    match value {
        Value::Memory(memory) => f64::from(memory.get()),
        Value::Latency(latency) => latency.get(),
        Value::Cost(cost) => cost.get(),
        Value::Change(change) => change.get(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_falls_back_with_fewer_calls() {
        let names = [1000, 891, 890, 171, 170, 81, 80, 0]
            .map(|calls| Tail::supported_by(calls).map_or("none", Tail::name));
        assert_eq!(Tail::shown_of(80), Tail::Maximum);
        assert_eq!(Tail::shown_of(300), Tail::P95);
        assert_eq!(
            names,
            ["p99", "p99", "p95", "p95", "p90", "p90", "none", "none"]
        );
    }
}
