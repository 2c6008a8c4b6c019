//! Invocations of one endpoint, timed from inside the SDK.

use std::time::Instant;

use aws_sdk_sagemakerruntime::primitives::Blob;
use futures_util::future::join_all;

use super::cause::cause_of_call;
use super::error::{AwsError, AwsErrorKind};
use super::session::Session;
use super::timing::{Timed, Timing};
use crate::result::{CallFailure, Clock, Invocation, InvocationOutcome};
use crate::samples::Sample;
use crate::units::milliseconds;

/// An endpoint that never exists: asking for it opens a connection and costs nothing.
const NO_ENDPOINT: &str = "sagegate-connection-check";

/// How often a call is signed and sent again because of the time of its signature: each attempt can
/// only meet another client's late answer in the moment between its refusal and its signature.
const MAX_SIGNED_AGAIN: u32 = 10;

/// A client for one endpoint, with its own connections: no call waits for, or pays for, another
/// endpoint's.
#[derive(Debug, Clone)]
pub struct Invoker {
    client: aws_sdk_sagemakerruntime::Client,
    endpoint: String,
}

impl Session {
    /// A client for `endpoint`. Clones share its connections.
    pub fn invoker(&self, endpoint: &str) -> Invoker {
        Invoker {
            client: aws_sdk_sagemakerruntime::Client::from_conf(self.runtime.clone()),
            endpoint: endpoint.to_owned(),
        }
    }
}

impl Invoker {
    /// Opens `count` connections, so that no measured call pays for name look-up, TCP and TLS: as
    /// many calls at once of an endpoint that does not exist. Whatever they answer is of no
    /// interest; a service that cannot be reached shows in the first real call.
    pub async fn open_connections(&self, count: u32) {
        let asks = (0..count).map(|_| {
            let call = self.client.invoke_endpoint().endpoint_name(NO_ENDPOINT);
            call.body(Blob::new(Vec::new())).send()
        });
        for answer in join_all(asks).await {
            if let Err(error) = answer {
                tracing::trace!(%error, "connection check");
            }
        }
    }

    /// Why a call with an empty body is refused; `None` when it is answered.
    pub(super) async fn refusal(&self) -> Option<AwsError> {
        let call = self.client.invoke_endpoint().endpoint_name(&self.endpoint);
        let answer = call.body(Blob::new(Vec::new())).send().await;
        answer
            .err()
            .map(|error| AwsError::new("InvokeEndpoint", &error))
    }

    /// Sends `sample`, once. Never fails: what came back is part of the measurement. `run_start` is
    /// the zero of [`Invocation::start_ms`].
    ///
    /// A call that AWS refuses for the time of its signature has not reached the model. The SDK has
    /// learnt AWS's time from the refusal, so the same call is sent again; more than once, as
    /// another client's call that began before the clock jumped may end in between and teach the
    /// SDK the old time.
    pub async fn invoke(&self, (index, sample): (u32, &Sample), run_start: Instant) -> Invocation {
        let (mut timed, mut answer) = self.send(sample).await;
        for _ in 0..MAX_SIGNED_AGAIN {
            match &answer {
                Err(error) if error.kind == AwsErrorKind::Clock => {
                    (timed, answer) = self.send(sample).await;
                }
                Ok(_) | Err(_) => break,
            }
        }
        let (outcome, response_bytes, failure) = match answer {
            Ok(response_bytes) => (InvocationOutcome::Success, response_bytes, None),
            Err(error) => (outcome_of(&error), 0, Some(Box::new(failure_of(&error)))),
        };
        let clock = if outcome.is_success() {
            timed.clock
        } else {
            Clock::default()
        };
        Invocation {
            sample: index,
            start_ms: milliseconds(timed.sent.saturating_duration_since(run_start)),
            latency_ms: milliseconds(timed.total),
            first_byte_ms: milliseconds(timed.first_byte),
            request_bytes: length(&sample.body),
            response_bytes,
            outcome,
            due_ms: None,
            failure,
            clock,
        }
    }

    /// One request: its moments, and the bytes of the answer.
    async fn send(&self, sample: &Sample) -> (Timed, Result<u64, AwsError>) {
        let timing = Timing::default();
        let call = self
            .client
            .invoke_endpoint()
            .endpoint_name(&self.endpoint)
            .body(Blob::new(sample.body.clone()))
            .set_content_type(sample.content_type.clone())
            .set_accept(sample.accept.clone())
            .set_custom_attributes(sample.custom_attributes.clone())
            .set_target_model(sample.target_model.clone())
            .set_target_variant(sample.target_variant.clone())
            .set_target_container_hostname(sample.target_container_hostname.clone())
            .set_inference_id(sample.inference_id.clone())
            .set_enable_explanations(sample.enable_explanations.clone())
            .customize()
            .interceptor(timing.clone());
        // The SDK adds `application/octet-stream` to a body without a type; boto3 and the model's
        // other callers add none.
        let call = match sample.content_type {
            Some(_) => call,
            None => call.mutate_request(|request| {
                request.headers_mut().remove("content-type");
            }),
        };
        let called = Instant::now();
        let answer = call.send().await;
        let timed = timing.finish(called, Instant::now());
        let bytes = answer
            .map(|output| output.body.map_or(0, |body| length(body.as_ref())))
            .map_err(|error| AwsError::new("InvokeEndpoint", &error));
        (timed, bytes)
    }
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

fn failure_of(error: &AwsError) -> CallFailure {
    let said = match error.kind {
        AwsErrorKind::OutOfMemory => Some(error.message.clone()),
        AwsErrorKind::AccessDenied
        | AwsErrorKind::Credentials
        | AwsErrorKind::Clock
        | AwsErrorKind::NotFound
        | AwsErrorKind::AlreadyExists
        | AwsErrorKind::Quota
        | AwsErrorKind::Throttled
        | AwsErrorKind::ModelNotReady
        | AwsErrorKind::Model
        | AwsErrorKind::Service
        | AwsErrorKind::Transport => None,
    };
    CallFailure {
        cause: cause_of_call(error),
        said,
        sent_again: false,
    }
}

fn outcome_of(error: &AwsError) -> InvocationOutcome {
    match error.kind {
        AwsErrorKind::Throttled => InvocationOutcome::Throttled,
        AwsErrorKind::ModelNotReady => InvocationOutcome::NotReady,
        AwsErrorKind::OutOfMemory => InvocationOutcome::OutOfMemory,
        AwsErrorKind::Model => InvocationOutcome::ModelError(error.message.as_str().into()),
        AwsErrorKind::Transport => InvocationOutcome::TransportError(error.message.as_str().into()),
        AwsErrorKind::AccessDenied
        | AwsErrorKind::Credentials
        | AwsErrorKind::Clock
        | AwsErrorKind::NotFound
        | AwsErrorKind::AlreadyExists
        | AwsErrorKind::Quota
        | AwsErrorKind::Service => InvocationOutcome::ServiceError(error.to_string().into()),
    }
}
