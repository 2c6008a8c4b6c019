//! Calls of S3.

use axum::body::Body;
use axum::http::Response;

use super::Service;
use super::called::{Called, called};
use crate::simulator::account::ObjectAnswer;
use crate::simulator::validate::ApiError;
use crate::simulator::wire::rest_xml::{self, ObjectRequest};

/// Answers a call, unless the scenario has a fault for it.
pub(super) async fn respond(
    service: &Service,
    request: ObjectRequest<'_>,
    request_id: &str,
) -> Response<Body> {
    let call = match rest_xml::parse(request) {
        Ok(call) => call,
        Err(error) => return rest_xml::respond(Err(error), request, request_id),
    };
    let (operation, bucket) = (call.operation.operation(), call.bucket.clone());
    let mut called: Called<ObjectAnswer> = {
        let mut account = service.account();
        let injected = account.injected(operation, request.uri.path());
        called(injected, || account.s3(call, service.now()))
    };
    called.answer = called.answer.map(|it| it.map_err(in_words_of_s3));
    service.remember(operation.name(), Some(bucket), &called);
    let respond = |answer| rest_xml::respond(answer, request, request_id);
    called.respond(respond).await
}

/// An error that came before the call.
pub(super) fn refuse(
    error: ApiError,
    request: ObjectRequest<'_>,
    request_id: &str,
) -> Response<Body> {
    rest_xml::respond(Err(in_words_of_s3(error)), request, request_id)
}

/// S3 has its own codes for errors that all services share.
fn in_words_of_s3(error: ApiError) -> ApiError {
    match error.code {
        "ThrottlingException" => ApiError::new(503, "SlowDown", "Please reduce your request rate."),
        "InternalFailure" => {
            let message = "We encountered an internal error. Please try again.";
            ApiError::new(500, "InternalError", message)
        }
        "AccessDeniedException" => ApiError {
            status: 403,
            code: "AccessDenied",
            ..error
        },
        "InvalidSignatureException" => {
            let message =
                "The difference between the request time and the current time is too large.";
            ApiError::new(403, "RequestTimeTooSkewed", message)
        }
        "ExpiredTokenException" => {
            let message = "The provided token has expired.";
            ApiError::new(400, "ExpiredToken", message)
        }
        _ => error,
    }
}
