//! The log of requests to the simulator, for tests and for users.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;
use serde_json::{Value, json};

use super::stamped::Sent;
use crate::simulator::operations::{Api, Operation};

/// Calls that are remembered one by one.
const MAX_REMEMBERED: usize = 10_000;
/// Invocations that are remembered one by one.
const MAX_INVOCATIONS: usize = 100_000;

/// A call of the control plane or of CloudWatch. Invocations are counted; those with an id are
/// logged on their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Milliseconds since the simulator started.
    pub at_ms: u64,
    /// For example `CreateEndpoint`.
    pub operation: String,
    /// The endpoint, endpoint config, model, log group or ARN that it was about.
    pub name: Option<String>,
    /// HTTP status of the answer; `None` when the connection was dropped instead.
    pub status: Option<u16>,
    /// Error code of the answer.
    pub error: Option<&'static str>,
}

impl LoggedRequest {
    /// Whether SageMaker was asked, not CloudWatch.
    pub(super) fn is_control_plane(&self) -> bool {
        let of_cloudwatch = |it: Operation| match it.api() {
            Api::CloudWatch | Api::CloudWatchLogs => true,
            Api::SageMaker
            | Api::SageMakerRuntime
            | Api::ServiceQuotas
            | Api::SecurityTokens
            | Api::S3
            | Api::PriceList => false,
        };
        !Operation::parse(&self.operation).is_some_and(of_cloudwatch)
    }
}

/// What an invocation with an `InferenceId` took, seen from the server's socket: a client's
/// measurement can be held against it.
#[derive(Debug)]
pub(super) struct LoggedInvocation {
    pub(super) endpoint: String,
    /// The caller's, 1 to 64 characters; the simulator does not care whether it is unique.
    pub(super) inference_id: String,
    /// The header, as it came.
    pub(super) content_type: Option<String>,
    /// HTTP status of the answer.
    pub(super) status: u16,
    /// When the first bytes of the request arrived.
    pub(super) arrived: Instant,
    /// Before the first bytes of the answer were written.
    pub(super) sent: Sent,
}

impl LoggedInvocation {
    /// `took_us` is the time from the arrival of the request's first bytes until the answer's first
    /// bytes are written: the rest of the request is included. It is null where no answer was.
    fn view(&self, started: Instant) -> Value {
        json!({
            "endpoint": self.endpoint,
            "inference_id": self.inference_id,
            "content_type": self.content_type,
            "status": self.status,
            "arrived_us": microseconds(started, self.arrived),
            "took_us": self.sent.at().map(|sent| microseconds(self.arrived, sent)),
        })
    }
}

fn microseconds(from: Instant, until: Instant) -> u64 {
    let duration = until.saturating_duration_since(from);
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) requests: Vec<LoggedRequest>,
    /// In the order answered; the first [`MAX_INVOCATIONS`].
    invocations: Vec<LoggedInvocation>,
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

    pub(super) fn remember_invocation(&mut self, invocation: LoggedInvocation) {
        if self.invocations.len() < MAX_INVOCATIONS {
            self.invocations.push(invocation);
        }
    }

    /// The invocations with an id, as JSON; `started` is when the simulator was.
    pub(super) fn invocations(&self, started: Instant) -> Value {
        self.invocations.iter().map(|it| it.view(started)).collect()
    }
}
