//! awsJson 1.0 and 1.1: POST `/` with `X-Amz-Target: Service.Operation` and a JSON body. SageMaker
//! speaks 1.1, boto3 speaks 1.0 to CloudWatch.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

use super::header;
use crate::simulator::validate::ApiError;

/// A call: target service and operation.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Target<'a> {
    pub(in crate::simulator) service: &'a str,
    pub(in crate::simulator) operation: &'a str,
}

pub(in crate::simulator) fn target(headers: &HeaderMap) -> Option<Target<'_>> {
    let (service, operation) = header(headers, "x-amz-target")?.split_once('.')?;
    Some(Target { service, operation })
}

/// The JSON body; an empty one counts as `{}`.
pub(in crate::simulator) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| ApiError::new(400, "SerializationException", error.to_string()))
}

pub(in crate::simulator) fn respond(
    answer: Result<Value, ApiError>,
    headers: &HeaderMap,
    request_id: &str,
) -> Response<Body> {
    let content_type = match header(headers, "content-type") {
        Some(sent) if sent.starts_with("application/x-amz-json-1.0") => {
            "application/x-amz-json-1.0"
        }
        Some(_) | None => "application/x-amz-json-1.1",
    };
    let (status, body) = match answer {
        Ok(value) => (200, value),
        Err(error) => (
            error.status,
            json!({ "__type": error.code, "message": error.message }),
        ),
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("x-amzn-requestid", request_id)
        .body(Body::from(body.to_string()));
    response.unwrap_or_default()
}
