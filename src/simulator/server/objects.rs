//! Calls of S3.

use axum::body::Body;
use axum::http::Response;

use super::{Dropped, Service, dropped};
use crate::simulator::account::ObjectAnswer;
use crate::simulator::scenario::InjectedFault;
use crate::simulator::validate::ApiError;
use crate::simulator::wire::rest_xml::{self, ObjectRequest};

/// Answers a call, unless the scenario has a fault for it.
pub(super) fn respond(
    service: &Service,
    request: ObjectRequest<'_>,
    request_id: &str,
) -> Response<Body> {
    let call = match rest_xml::parse(request) {
        Ok(call) => call,
        Err(error) => return rest_xml::respond(Err(error), request, request_id),
    };
    let (operation, bucket) = (call.operation.name(), call.bucket.clone());
    let answer: Result<Result<ObjectAnswer, ApiError>, Dropped> = {
        let mut account = service.account();
        match account.injected(operation) {
            Some(InjectedFault::Throttle) => Ok(Err(slow_down())),
            Some(InjectedFault::InternalError) => Ok(Err(internal())),
            Some(InjectedFault::DroppedConnection) => Err(Dropped),
            None => Ok(account.s3(call, service.now())),
        }
    };
    service.remember(operation, Some(bucket), &answer);
    match answer {
        Ok(answer) => rest_xml::respond(answer, request, request_id),
        Err(Dropped) => dropped(),
    }
}

fn slow_down() -> ApiError {
    ApiError::new(503, "SlowDown", "Please reduce your request rate.")
}

fn internal() -> ApiError {
    let message = "We encountered an internal error. Please try again.";
    ApiError::new(500, "InternalError", message)
}
