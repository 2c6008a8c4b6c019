//! Cost per invocation.

use crate::prices::RegionPrices;
use crate::units::{LatencyMs, MemoryMb, Usd};

const BYTES_PER_GB: f64 = 1_073_741_824.0;
const MILLION: f64 = 1_000_000.0;

/// What a price depends on besides memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostInputs {
    /// Billed time per invocation.
    pub average_latency: LatencyMs,
    /// Mean bytes of a request.
    pub request_bytes: f64,
    /// Mean bytes of a response.
    pub response_bytes: f64,
}

/// Cost of a million invocations, by part.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Billed time per invocation that the cost rests on.
    pub average_latency: LatencyMs,
    /// Compute time.
    pub compute: Usd,
    /// Data in.
    pub data_in: Usd,
    /// Data out.
    pub data_out: Usd,
}

impl Cost {
    /// `price(region, size) per ms x average latency + request bytes x data-in price + response
    /// bytes x data-out price`, times a million. AWS bills compute by the millisecond and does not
    /// say whether a cold start counts.
    pub fn of(memory_mb: MemoryMb, inputs: CostInputs, prices: &RegionPrices) -> Self {
        let per_ms = prices.serverless_usd_per_gb_second * memory_mb.gigabytes() / 1000.0;
        Self {
            average_latency: inputs.average_latency,
            compute: Usd(per_ms * inputs.average_latency.get() * MILLION),
            data_in: Usd(inputs.request_bytes * prices.data_in() / BYTES_PER_GB * MILLION),
            data_out: Usd(inputs.response_bytes * prices.data_out() / BYTES_PER_GB * MILLION),
        }
    }

    /// The whole cost of a million invocations.
    pub fn per_million(&self) -> Usd {
        self.compute + self.data_in + self.data_out
    }

    /// The whole cost of one invocation.
    pub fn per_invocation(&self) -> Usd {
        self.per_million() * (1.0 / MILLION)
    }
}
