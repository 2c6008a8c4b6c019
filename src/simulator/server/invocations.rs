//! Invocations: waits as long as the model takes, and stamps what the server took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};

use super::Service;
use super::called::dropped;
use super::log::LoggedInvocation;
use super::models;
use super::stamped::Arrived;
use super::wait::wait_until;
use crate::simulator::account::{Accepted, Answer, Request, Started};
use crate::simulator::wire::rest_json;

/// Longest `InferenceId` of AWS's API.
const MAX_INFERENCE_ID: usize = 64;

/// A call of `InvokeEndpoint`.
pub(super) struct Invoke<'a> {
    pub(super) arrived: Arrived,
    pub(super) endpoint: &'a str,
    /// `X-Amzn-SageMaker-Inference-Id`.
    pub(super) inference_id: Option<&'a str>,
    pub(super) headers: &'a HeaderMap,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: Bytes,
    pub(super) request_id: &'a str,
}

impl Invoke<'_> {
    /// Answers when the model would, and remembers what that took if the caller gave the call an
    /// id.
    pub(super) async fn answer(self, service: Arc<Service>) -> Response<Body> {
        service.log().count("InvokeEndpoint");
        let response = self.respond(&service).await;
        let id = self
            .inference_id
            .filter(|id| (1..=MAX_INFERENCE_ID).contains(&id.len()));
        if let Some(id) = id {
            service.log().remember_invocation(LoggedInvocation {
                endpoint: self.endpoint.to_owned(),
                inference_id: id.to_owned(),
                content_type: self.content_type.map(str::to_owned),
                status: response.status().as_u16(),
                arrived: self.arrived.at(),
                sent: self.arrived.answered(),
            });
        }
        response
    }

    async fn respond(&self, service: &Arc<Service>) -> Response<Body> {
        let began = Instant::now();
        let request = Request {
            endpoint: self.endpoint,
            content_type: self.content_type,
            body_bytes: self.body.len(),
            id: self.request_id,
        };
        let started = service.account().invoke(request, service.now());
        let started = match started {
            Ok(Accepted::Drawn(started)) => started,
            Ok(Accepted::Hosted(call)) => {
                let body = self.body.clone();
                return models::answer(service, call, self.headers, body, self.request_id).await;
            }
            Err(error) => return rest_json::failure(&error, self.request_id),
        };
        let mut occupied = Occupied {
            service: Arc::clone(service),
            started,
            completed: false,
        };
        wait_until(began + Duration::from_secs_f64(occupied.started.wait_ms / 1000.0)).await;
        occupied.completed = true;
        match &occupied.started.answer {
            Answer::Success {
                response_bytes,
                variant,
            } => rest_json::success(*response_bytes, variant, self.request_id),
            Answer::Error(error) => rest_json::failure(error, self.request_id),
            Answer::DroppedConnection => dropped(),
        }
    }
}

/// Frees the worker also when the caller goes away in the middle.
struct Occupied {
    service: Arc<Service>,
    started: Started,
    completed: bool,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        let now = self.service.now();
        self.service
            .account()
            .finish(&self.started, self.completed, now);
    }
}
