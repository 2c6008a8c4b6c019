//! An invocation, answered by a container.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use tokio::sync::oneshot;

use super::pool::{Lease, Pool};
use super::{GRACE, ModelHost, reason, start_worker};
use crate::engine::{Call, CallFailure, Reply, exit_words};
use crate::simulator::account::{HostedCall, HostedEnd, model_error, throttled, timed_out};
use crate::simulator::server::Service;
use crate::simulator::validate::ApiError;
use crate::simulator::wire::rest_json;

/// How long a container may take for a call.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// A worker that is ready, and how long its start took if it had to be started.
struct Ready {
    lease: Lease,
    setup: Option<Duration>,
}

/// Asks a free worker, which is started if there is none.
pub(in crate::simulator::server) async fn answer(
    service: &Arc<Service>,
    call: HostedCall,
    headers: &HeaderMap,
    body: Bytes,
    request_id: &str,
) -> Response<Body> {
    let began = Instant::now();
    let Some(host) = &service.model_host else {
        return rest_json::failure(&ApiError::internal(), request_id);
    };
    let pool = host.pools().get(&call.endpoint).cloned();
    let lease = pool.as_ref().and_then(Pool::take);
    let (Some(pool), Some(lease)) = (pool, lease) else {
        let now = service.now();
        service.account().throttle_hosted(&call, now);
        return rest_json::failure(&throttled(), request_id);
    };
    let ready = match ready(service, host, &pool, lease).await {
        Ok(ready) => ready,
        Err(error) => return rest_json::failure(&error, request_id),
    };
    let Ready { mut lease, setup } = ready;
    let asked = Instant::now();
    let reply = match &lease.server {
        Some(server) => server.call(&given(headers, body), ANSWER_WITHIN).await,
        None => Err(CallFailure::NoAnswer("there is no container".to_owned())),
    };
    let took = asked.elapsed();
    let end = HostedEnd {
        succeeded: matches!(&reply, Ok(reply) if reply.status < 300),
        model_latency_ms: milliseconds(took),
        overhead_ms: milliseconds(began.elapsed().saturating_sub(took)),
        setup_ms: setup.map(milliseconds),
    };
    let now = service.now();
    service.account().end_hosted(&call, end, now);
    let response = match &reply {
        Ok(reply) => answered(reply, &call.variant, request_id),
        Err(failure) => failed(failure, &call.variant, request_id),
    };
    if let Err(CallFailure::OutOfMemory | CallFailure::Ended { .. }) = reply {
        discard(service, host, &mut lease);
    }
    response
}

/// The worker with a container. A start goes on, and fills the worker, also when the caller has
/// gone away.
async fn ready(
    service: &Arc<Service>,
    host: &ModelHost,
    pool: &Arc<Pool>,
    lease: Lease,
) -> Result<Ready, ApiError> {
    if lease.server.is_some() {
        return Ok(Ready { lease, setup: None });
    }
    let (sender, receiver) = oneshot::channel();
    let (service, pool) = (Arc::clone(service), Arc::clone(pool));
    let variant = pool.call.variant.clone();
    host.tasks.spawn(async move {
        let started = start(&service, &pool, lease).await;
        // Nobody waits any more: the worker is free, and warm.
        drop(sender.send(started));
    });
    match receiver.await {
        Ok(started) => started,
        Err(_ended) => Err(model_error(&variant, "the simulator has ended")),
    }
}

async fn start(
    service: &Arc<Service>,
    pool: &Arc<Pool>,
    mut lease: Lease,
) -> Result<Ready, ApiError> {
    let Some(host) = &service.model_host else {
        return Err(ApiError::internal());
    };
    let variant = &pool.call.variant;
    let started = start_worker(service, host, pool, lease.number).await;
    let started = started.map_err(|failure| model_error(variant, &reason(&failure, variant)))?;
    if let Err(server) = lease.adopt(Arc::new(started.server)) {
        host.stop(&server, Duration::ZERO).await;
        return Err(model_error(variant, "the endpoint is being deleted"));
    }
    Ok(Ready {
        lease,
        setup: Some(started.setup),
    })
}

/// The next call on this worker starts another container.
fn discard(service: &Arc<Service>, host: &ModelHost, lease: &mut Lease) {
    let Some(server) = lease.discard() else {
        return;
    };
    let service = Arc::clone(service);
    host.tasks.spawn(async move {
        if let Some(host) = &service.model_host {
            host.stop(&server, GRACE).await;
        }
    });
}

/// What SageMaker hands on to the container; it strips the other headers.
fn given(headers: &HeaderMap, body: Bytes) -> Call {
    let header = |name: &str| headers.get(name).cloned();
    Call {
        content_type: header("content-type"),
        accept: header("accept"),
        custom_attributes: header("x-amzn-sagemaker-custom-attributes"),
        inference_id: header("x-amzn-sagemaker-inference-id"),
        body,
    }
}

fn answered(reply: &Reply, variant: &str, request_id: &str) -> Response<Body> {
    if reply.status < 300 {
        return rest_json::answer(reply, variant, request_id);
    }
    let whose = if reply.status < 500 {
        "client"
    } else {
        "server"
    };
    let said = String::from_utf8_lossy(&reply.body);
    let message = format!(
        "Received {whose} error ({}) from {variant} with message \"{said}\". See CloudWatch logs for more information.",
        reply.status
    );
    rest_json::model_failure(&message, &said, reply.status, request_id)
}

fn failed(failure: &CallFailure, variant: &str, request_id: &str) -> Response<Body> {
    let error = match failure {
        CallFailure::OutOfMemory => {
            model_error(variant, "insufficient memory: the worker was killed")
        }
        CallFailure::Ended { exit_code } => model_error(
            variant,
            &format!(
                "the container ended with exit code {}",
                exit_words(*exit_code)
            ),
        ),
        CallFailure::TimedOut => timed_out(variant),
        CallFailure::TooLarge => model_error(variant, "the response has more than 4 MB"),
        CallFailure::NoAnswer(words) => model_error(variant, words),
    };
    rest_json::failure(&error, request_id)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
