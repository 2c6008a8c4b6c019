//! The concurrency benchmark in `result.json`: calls under load, per endpoint and kind of load.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EndpointMetrics, EndpointOutcome, Invocation};
use crate::units::{MemoryMb, Ratio};

/// One endpoint of the concurrency benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadRun {
    /// Memory of the endpoint: the recommended size.
    pub memory_mb: MemoryMb,
    /// `MaxConcurrency` of the endpoint.
    pub max_concurrency: u32,
    /// Name of the endpoint and of its endpoint config.
    pub endpoint_name: String,
    /// How it went.
    pub outcome: EndpointOutcome,
    /// Seconds from `CreateEndpoint` to `InService`.
    pub deployed_in_s: Option<f64>,
    /// The loads it was put under, in the order measured. An interrupted one is not here.
    pub rounds: Vec<LoadRound>,
    /// CloudWatch's view of all calls together.
    pub metrics: Option<EndpointMetrics>,
}

/// One endpoint under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadRound {
    /// The load.
    pub load: Load,
    /// One call per client, sent before and kept apart: connections and workers are then warm.
    pub warmup: Vec<Invocation>,
    /// Measured calls, in the order they were completed.
    pub invocations: Vec<Invocation>,
}

/// Who decides when a call is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Load {
    /// Closed loop: each client sends its next call when the last is answered.
    ClosedLoop {
        /// Number of clients.
        clients: u32,
    },
    /// Open loop: calls arrive at a constant rate and do not wait for answers.
    ConstantRate {
        /// Arrivals per second.
        per_second: f64,
    },
    /// Open loop: calls arrive as they did in a trace.
    Trace {
        /// The file.
        source: String,
        /// Number of arrivals.
        arrivals: u32,
    },
}

impl Load {
    /// Number of closed-loop clients; `None` for an open loop.
    pub const fn clients(&self) -> Option<u32> {
        match self {
            Self::ClosedLoop { clients } => Some(*clients),
            Self::ConstantRate { .. } | Self::Trace { .. } => None,
        }
    }
}

/// `8 clients`, `20/s`, `trace of 500`.
impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedLoop { clients: 1 } => f.write_str("1 client"),
            Self::ClosedLoop { clients } => write!(f, "{clients} clients"),
            Self::ConstantRate { per_second } => write!(f, "{per_second}/s"),
            Self::Trace { arrivals, .. } => write!(f, "trace of {arrivals}"),
        }
    }
}

/// The settings of the concurrency benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadSettings {
    /// `MaxConcurrency` of each endpoint, ascending.
    pub max_concurrency: Vec<u32>,
    /// Calls per load (a trace has as many as it lists).
    pub invocations: u32,
    /// Clients per `MaxConcurrency`.
    pub client_multipliers: Vec<f64>,
    /// Clients that must be served, if asked.
    pub expected_clients: Option<u32>,
    /// Largest share of throttled calls at which a load counts as served.
    pub max_throttle_rate: Ratio,
    /// Mean pause of a client between an answer and its next call, seconds.
    pub think_time_s: f64,
    /// Open-loop load, if asked.
    pub open_loop: Option<Load>,
}
