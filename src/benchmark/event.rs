//! Events of a benchmark, for progress displays.

use std::fmt;
use std::time::Duration;

use crate::result::Leftover;
use crate::units::MemoryMb;

/// Which endpoint of a run: those of the stability benchmark come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointLabel {
    /// Stability benchmark: the endpoint of a memory size.
    Memory(MemoryMb),
    /// Stability benchmark: the reference's endpoint of a memory size.
    ReferenceMemory(MemoryMb),
    /// Concurrency benchmark: the endpoint of a `MaxConcurrency`.
    MaxConcurrency(u32),
    /// Concurrency benchmark: the reference's endpoint of a `MaxConcurrency`.
    ReferenceMaxConcurrency(u32),
}

/// `2048 MB`, `MaxConcurrency 8`, `2048 MB of the reference`.
impl fmt::Display for EndpointLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(size) => size.fmt(f),
            Self::ReferenceMemory(size) => write!(f, "{size} of the reference"),
            Self::MaxConcurrency(workers) => write!(f, "MaxConcurrency {workers}"),
            Self::ReferenceMaxConcurrency(workers) => {
                write!(f, "MaxConcurrency {workers} of the reference")
            }
        }
    }
}

/// An endpoint that will be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedEndpoint {
    /// Which.
    pub endpoint: EndpointLabel,
    /// Calls that it will answer, warm-up included.
    pub invocations: u32,
}

/// An event. The engine itself prints nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A benchmark begins.
    Started {
        /// Its endpoints.
        endpoints: Vec<PlannedEndpoint>,
        /// Memory of every endpoint of the concurrency benchmark; `None` for the stability
        /// benchmark.
        load_at: Option<MemoryMb>,
        /// Which of how many rounds beside a reference; `None` where there is one.
        round: Option<(u32, u32)>,
    },
    /// The endpoint config and the endpoint are being created.
    Deploying {
        /// Which endpoint.
        endpoint: EndpointLabel,
    },
    /// The endpoint is in service.
    Deployed {
        /// Which endpoint.
        endpoint: EndpointLabel,
        /// Time from `CreateEndpoint`.
        took: Duration,
    },
    /// AWS has failed the deployment: it is deleted and made once more.
    DeployingAgain {
        /// Which endpoint.
        endpoint: EndpointLabel,
        /// AWS's words.
        reason: String,
    },
    /// AWS cannot assume the model's role: it may be new, so the call is made again.
    WaitingForRole {
        /// For how long.
        longest: Duration,
    },
    /// Invocations have been answered.
    Invoked {
        /// Which endpoint.
        endpoint: EndpointLabel,
        /// Answered so far, warm-up included.
        done: u32,
        /// Failed so far; under load that includes throttled ones.
        errors: u32,
        /// Latency of the last one, if it succeeded, milliseconds.
        latency_ms: Option<f64>,
    },
    /// Every planned invocation of the endpoint is done.
    Measured {
        /// Which endpoint.
        endpoint: EndpointLabel,
    },
    /// Identical calls vary too much: the endpoint goes on.
    Extended {
        /// Which endpoint.
        endpoint: EndpointLabel,
        /// Calls that it will answer now, warm-up included.
        invocations: u32,
    },
    /// The endpoint is left out, with the reason.
    LeftOut {
        /// Which endpoint.
        endpoint: EndpointLabel,
        /// Why.
        reason: String,
    },
    /// The endpoint failed: what its container wrote last.
    ContainerLog {
        /// Which endpoint.
        endpoint: EndpointLabel,
        /// Oldest first.
        lines: Vec<String>,
    },
    /// Something that is good to know and changes nothing.
    Noted {
        /// What.
        note: String,
    },
    /// The run was cancelled; what was created is being deleted.
    Cancelled,
    /// Deletion begins.
    CleaningUp {
        /// Number of endpoints, endpoint configs and models to delete.
        resources: u32,
    },
    /// Deletion is over.
    CleanedUp {
        /// Deleted resources.
        deleted: u32,
        /// What could not be deleted.
        left: Vec<Leftover>,
    },
    /// CloudWatch has shown this many of the calls sent.
    CollectingMetrics {
        /// Sum of `SampleCount` of `ModelLatency`.
        seen: u64,
        /// Successful calls.
        sent: u64,
    },
    /// CloudWatch is complete, or the reason why the run goes on without it.
    MetricsCollected {
        /// `None` when complete.
        incomplete: Option<String>,
    },
}

/// Receives the events of a benchmark, possibly from several threads.
pub trait Observer: Send + Sync {
    /// Called for each event, in order per endpoint. Must be quick.
    fn on_event(&self, event: &Event);
}
