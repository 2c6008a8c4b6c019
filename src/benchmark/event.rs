//! What happens during a benchmark, for whoever shows it.

use std::time::Duration;

use crate::units::MemoryMb;

/// One thing that happened. The engine prints nothing itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The run begins: how many endpoints, and invocations per endpoint with the warm-up.
    Started {
        /// Memory sizes, ascending.
        memory_sizes: Vec<MemoryMb>,
        /// Invocations per size, warm-up included.
        invocations: u32,
    },
    /// The endpoint config and the endpoint are being created.
    Deploying {
        /// Which endpoint.
        memory_mb: MemoryMb,
    },
    /// The endpoint is in service.
    Deployed {
        /// Which endpoint.
        memory_mb: MemoryMb,
        /// Time from `CreateEndpoint`.
        took: Duration,
    },
    /// Invocations have been answered.
    Invoked {
        /// Which endpoint.
        memory_mb: MemoryMb,
        /// Answered so far, warm-up included.
        done: u32,
        /// Failed so far.
        errors: u32,
        /// Latency of the last successful one, milliseconds.
        latency_ms: Option<f64>,
    },
    /// Every planned invocation of the size is done.
    Measured {
        /// Which endpoint.
        memory_mb: MemoryMb,
    },
    /// The size is out: its reason.
    LeftOut {
        /// Which endpoint.
        memory_mb: MemoryMb,
        /// Why.
        reason: String,
    },
    /// The run was cancelled; what was created is being deleted.
    Cancelled,
    /// Deletion begins.
    CleaningUp {
        /// Number of endpoints and endpoint configs to delete.
        resources: u32,
    },
    /// Deletion is over.
    CleanedUp {
        /// Deleted resources.
        deleted: u32,
        /// What could not be deleted, with reasons.
        left: Vec<String>,
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
