//! What was asked of the simulator, for tests and curious people.

use std::collections::BTreeMap;

use serde::Serialize;

/// Calls that are remembered one by one.
const MAX_REMEMBERED: usize = 10_000;

/// A call of the control plane or of CloudWatch. Invocations are only counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Milliseconds since the simulator started.
    pub at_ms: u64,
    /// For example `CreateEndpoint`.
    pub operation: String,
    /// The endpoint, endpoint config, model or ARN that it was about.
    pub name: Option<String>,
    /// HTTP status of the answer; `None` when the connection was dropped instead.
    pub status: Option<u16>,
    /// Error code of the answer.
    pub error: Option<&'static str>,
}

impl LoggedRequest {
    /// Whether SageMaker was asked, not CloudWatch.
    pub(super) fn is_control_plane(&self) -> bool {
        !self.operation.starts_with("GetMetric")
    }
}

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) requests: Vec<LoggedRequest>,
}

impl Log {
    pub(super) fn count(&mut self, operation: &str) {
        *self.counts.entry(operation.to_owned()).or_insert(0) += 1;
    }

    pub(super) fn remember(&mut self, request: LoggedRequest) {
        if self.requests.len() < MAX_REMEMBERED {
            self.requests.push(request);
        }
    }
}
