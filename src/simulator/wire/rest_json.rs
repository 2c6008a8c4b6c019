//! restJson1 of the SageMaker runtime: `POST /endpoints/{name}/invocations` with the payload as the
//! body.

use axum::body::Body;
use axum::http::Response;
use serde_json::json;

use crate::engine::Reply;
use crate::simulator::validate::ApiError;

/// Name of the endpoint in a path, or `None` for another path.
pub(in crate::simulator) fn endpoint_of(path: &str) -> Option<&str> {
    path.strip_prefix("/endpoints/")?
        .strip_suffix("/invocations")
}

pub(in crate::simulator) fn success(
    response_bytes: usize,
    variant: &str,
    request_id: &str,
) -> Response<Body> {
    let response = Response::builder()
        .status(200)
        .header("content-type", "application/json")
        .header("x-amzn-invoked-production-variant", variant)
        .header("x-amzn-requestid", request_id)
        .body(Body::from(payload(response_bytes)));
    response.unwrap_or_default()
}

/// What a container has answered.
pub(in crate::simulator) fn answer(
    reply: &Reply,
    variant: &str,
    request_id: &str,
) -> Response<Body> {
    let mut response = Response::builder()
        .status(200)
        .header("x-amzn-invoked-production-variant", variant)
        .header("x-amzn-requestid", request_id);
    let headers = [
        ("content-type", &reply.content_type),
        (
            "x-amzn-sagemaker-custom-attributes",
            &reply.custom_attributes,
        ),
    ];
    for (name, value) in headers {
        if let Some(value) = value {
            response = response.header(name, value);
        }
    }
    let response = response.body(Body::from(reply.body.clone()));
    response.unwrap_or_default()
}

/// A container has answered with an error of its own.
pub(in crate::simulator) fn model_failure(
    message: &str,
    original: &str,
    original_status: u16,
    request_id: &str,
) -> Response<Body> {
    let body = json!({
        "Message": message,
        "OriginalStatusCode": original_status,
        "OriginalMessage": original,
        "LogStreamArn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/simulated",
    });
    let response = Response::builder()
        .status(424)
        .header("content-type", "application/json")
        .header("x-amzn-errortype", "ModelError")
        .header("x-amzn-requestid", request_id)
        .body(Body::from(body.to_string()));
    response.unwrap_or_default()
}

/// A JSON text of exactly this many bytes: a prediction, padded with spaces.
fn payload(bytes: usize) -> Vec<u8> {
    let mut text = br#"{"predictions":[0.5]}"#.to_vec();
    text.resize(bytes, b' ');
    text
}

pub(in crate::simulator) fn failure(error: &ApiError, request_id: &str) -> Response<Body> {
    let body = match error.code {
        "ModelError" => json!({
            "Message": error.message,
            "OriginalStatusCode": 500,
            "OriginalMessage": error.message,
            "LogStreamArn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/simulated",
        }),
        _ => json!({ "message": error.message }),
    };
    let response = Response::builder()
        .status(error.status)
        .header("content-type", "application/json")
        .header("x-amzn-errortype", error.code)
        .header("x-amzn-requestid", request_id)
        .body(Body::from(body.to_string()));
    response.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_the_endpoint() {
        assert_eq!(
            endpoint_of("/endpoints/sagegate-1-m1024/invocations"),
            Some("sagegate-1-m1024")
        );
        assert_eq!(endpoint_of("/endpoints/x"), None);
        assert_eq!(endpoint_of("/"), None);
    }

    #[test]
    fn a_payload_has_the_size_asked_for() {
        assert_eq!((payload(0).len(), payload(48).len()), (0, 48));
        assert!(serde_json::from_slice::<serde_json::Value>(&payload(48)).is_ok());
    }
}
