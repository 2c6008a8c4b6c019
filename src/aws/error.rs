//! What went wrong in a call to AWS, in the terms that the rest of the program decides by.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use thiserror::Error;

use crate::redact::learn_accounts;
use crate::text::with_hint;

/// A failed call: the operation, what kind of failure it was, and AWS's own words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation} failed: {}{message}", code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub struct AwsError {
    /// The API operation, for example `CreateEndpoint`.
    pub operation: &'static str,
    /// What kind of failure it was.
    pub kind: AwsErrorKind,
    /// AWS's error code, where it sent one.
    pub code: Option<String>,
    /// AWS's message, or the chain of causes of a transport error.
    pub message: String,
}

/// Kinds of failure that the program treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// The role lacks an IAM permission.
    AccessDenied,
    /// No valid credentials, or they have expired.
    Credentials,
    /// The request is signed too early or too late: this machine's clock is not AWS's.
    Clock,
    /// The resource does not exist. `SageMaker` says so with a `ValidationException`.
    NotFound,
    /// A resource of that name exists.
    AlreadyExists,
    /// An account quota: `ResourceLimitExceeded`.
    Quota,
    /// The request rate, or `MaxConcurrency`, was exceeded.
    Throttled,
    /// `ModelNotReadyException`: a cold endpoint is still being provisioned.
    ModelNotReady,
    /// `ModelError` that says the container ran out of memory.
    OutOfMemory,
    /// Any other `ModelError`: the container answered with an error.
    Model,
    /// Any other answer of the service.
    Service,
    /// No complete answer.
    Transport,
}

impl AwsError {
    /// Describes the failure of `operation`.
    pub(super) fn new<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let service = error.as_service_error();
        // Empty ones are none: they would leave the reader with a colon.
        let is_said = |text: &&str| !text.trim().is_empty();
        let code = service
            .and_then(ProvideErrorMetadata::code)
            .filter(is_said)
            .map(str::to_owned);
        let message = service.and_then(ProvideErrorMetadata::message);
        let message = match message.filter(is_said) {
            Some(message) => {
                learn_accounts(message);
                message.to_owned()
            }
            None => match status {
                Some(status @ 200..=299) => {
                    format!("the answer cannot be read (HTTP status {status})")
                }
                Some(status) => format!("HTTP status {status}"),
                None => causes(error),
            },
        };
        let kind = classify(status, code.as_deref(), &message);
        Self {
            operation,
            kind,
            code,
            message,
        }
    }

    /// An answer to `operation` that broke off.
    pub(super) fn transport(operation: &'static str, error: &(dyn StdError + 'static)) -> Self {
        Self {
            operation,
            kind: AwsErrorKind::Transport,
            code: None,
            message: causes(error),
        }
    }

    /// The IAM action of the operation: as AWS names it, since one operation may need several, or
    /// else of the same name.
    pub fn action(&self) -> String {
        let named = self.message.split_once("not authorized to perform: ");
        let named = named.and_then(|(_, rest)| rest.split_whitespace().next());
        let is_action = |word: &&str| {
            let is_part = |part: &str| {
                (1..=64).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
            };
            word.split_once(':')
                .is_some_and(|(service, action)| is_part(service) && is_part(action))
        };
        if let Some(action) = named.filter(is_action) {
            return action.to_owned();
        }
        let service = if self.operation.starts_with("GetMetric") {
            "cloudwatch"
        } else {
            "sagemaker"
        };
        format!("{service}:{}", self.operation)
    }

    /// The error with its suggested fix.
    pub fn with_hint(&self) -> String {
        with_hint(self, self.hint())
    }

    /// A suggested fix, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self.kind {
            AwsErrorKind::AccessDenied => Some(format!(
                "allow the IAM action `{}` for this role",
                self.action()
            )),
            AwsErrorKind::Credentials => Some(
                "the AWS credentials are missing, wrong or expired: renew them and run again"
                    .to_owned(),
            ),
            AwsErrorKind::Clock => {
                Some("set this machine's clock: it is minutes from AWS's".to_owned())
            }
            AwsErrorKind::Quota => Some(
                "request an increase in Service Quotas, or leave out the size with --memory-sizes"
                    .to_owned(),
            ),
            AwsErrorKind::Transport => {
                Some("check the network, the region and AWS_ENDPOINT_URL".to_owned())
            }
            AwsErrorKind::NotFound
            | AwsErrorKind::AlreadyExists
            | AwsErrorKind::Throttled
            | AwsErrorKind::ModelNotReady
            | AwsErrorKind::OutOfMemory
            | AwsErrorKind::Model
            | AwsErrorKind::Service => None,
        }
    }
}

/// The whole chain of causes: the SDK's own text is only "dispatch failure".
fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Kind of a failure from what came over the wire. `status` is `None` when no answer came.
fn classify(status: Option<u16>, code: Option<&str>, message: &str) -> AwsErrorKind {
    let Some(status) = status else {
        return AwsErrorKind::Transport;
    };
    match code {
        Some(code) => classify_code(code, message),
        None => match status {
            403 => AwsErrorKind::AccessDenied,
            429 => AwsErrorKind::Throttled,
            _ => AwsErrorKind::Service,
        },
    }
}

fn classify_code(code: &str, message: &str) -> AwsErrorKind {
    match code {
        "AccessDenied" | "AccessDeniedException" | "NotAuthorized" => AwsErrorKind::AccessDenied,
        "RequestTimeTooSkewed" => AwsErrorKind::Clock,
        "InvalidSignatureException" | "SignatureDoesNotMatch" if says_other_time(message) => {
            AwsErrorKind::Clock
        }
        "ExpiredToken"
        | "InvalidAccessKeyId"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => AwsErrorKind::Credentials,
        "ResourceInUse" => AwsErrorKind::AlreadyExists,
        "ResourceNotFound" => AwsErrorKind::NotFound,
        "ResourceLimitExceeded" => AwsErrorKind::Quota,
        "SlowDown" | "Throttling" | "ThrottlingException" | "TooManyRequestsException" => {
            AwsErrorKind::Throttled
        }
        "ModelNotReadyException" => AwsErrorKind::ModelNotReady,
        "ModelError" if says_out_of_memory(message) => AwsErrorKind::OutOfMemory,
        "ModelError" => AwsErrorKind::Model,
        "ValidationException" if message.starts_with("Could not find") => AwsErrorKind::NotFound,
        "ValidationException" if message.starts_with("Cannot create already existing") => {
            AwsErrorKind::AlreadyExists
        }
        _ => AwsErrorKind::Service,
    }
}

/// A wrong clock has the code of a wrong key; these words tell them apart.
fn says_other_time(message: &str) -> bool {
    ["Signature expired: ", "Signature not yet current: "]
        .iter()
        .any(|words| message.starts_with(words))
}

/// AWS has no code for a container out of memory, only these words in the `ModelError`.
fn says_out_of_memory(message: &str) -> bool {
    let message = message.to_lowercase();
    ["insufficient memory", "out of memory", "outofmemory"]
        .iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn answers_of_aws_are_told_apart() {
        let cases = [
            (
                Some(400),
                Some("ValidationException"),
                "Could not find endpoint \"arn:x\".",
                AwsErrorKind::NotFound,
            ),
            (
                Some(400),
                Some("ValidationException"),
                "Cannot create already existing endpoint \"arn:x\".",
                AwsErrorKind::AlreadyExists,
            ),
            (
                Some(400),
                Some("ValidationException"),
                "1 validation error",
                AwsErrorKind::Service,
            ),
            (
                Some(400),
                Some("ResourceLimitExceeded"),
                "The account-level",
                AwsErrorKind::Quota,
            ),
            (
                Some(403),
                Some("InvalidSignatureException"),
                "Signature expired: 20261123T070000Z is now earlier than 20261123T095500Z",
                AwsErrorKind::Clock,
            ),
            (
                Some(403),
                Some("SignatureDoesNotMatch"),
                "The request signature we calculated does not match",
                AwsErrorKind::Credentials,
            ),
            (
                Some(400),
                Some("AccessDeniedException"),
                "User: x is not authorized",
                AwsErrorKind::AccessDenied,
            ),
            (
                Some(403),
                None,
                "HTTP status 403",
                AwsErrorKind::AccessDenied,
            ),
            (
                Some(400),
                Some("ExpiredTokenException"),
                "expired",
                AwsErrorKind::Credentials,
            ),
            (
                Some(400),
                Some("ThrottlingException"),
                "HTTP status 400",
                AwsErrorKind::Throttled,
            ),
            (Some(429), None, "HTTP status 429", AwsErrorKind::Throttled),
            (
                Some(429),
                Some("ModelNotReadyException"),
                "",
                AwsErrorKind::ModelNotReady,
            ),
            (
                Some(424),
                Some("ModelError"),
                "Insufficient Memory to run",
                AwsErrorKind::OutOfMemory,
            ),
            (
                Some(424),
                Some("ModelError"),
                "Received server error (500)",
                AwsErrorKind::Model,
            ),
            (Some(503), None, "HTTP status 503", AwsErrorKind::Service),
            (None, None, "connection refused", AwsErrorKind::Transport),
        ];
        for (status, code, message, kind) in cases {
            assert_eq!(
                classify(status, code, message),
                kind,
                "{status:?} {code:?} {message}"
            );
        }
    }

    #[test]
    fn an_empty_code_or_message_is_none() {
        let told = |status: u16, code: &str, message: &str| {
            let said = ErrorMetadata::builder().code(code).message(message).build();
            let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            AwsError::new("PutObject", &SdkError::service_error(said, answer)).to_string()
        };
        for (told, expected) in [
            (told(503, "SlowDown", "slow"), "SlowDown: slow"),
            (told(503, "SlowDown", " \n"), "SlowDown: HTTP status 503"),
            (told(500, "", ""), "HTTP status 500"),
            (
                told(200, "", ""),
                "the answer cannot be read (HTTP status 200)",
            ),
        ] {
            assert_eq!(told, format!("PutObject failed: {expected}"));
        }
    }

    #[test]
    fn a_missing_permission_names_the_iam_action_of_the_right_service() {
        let denied = |operation| AwsError {
            operation,
            kind: AwsErrorKind::AccessDenied,
            code: Some("AccessDeniedException".to_owned()),
            message: "no".to_owned(),
        };
        assert!(
            denied("CreateEndpoint")
                .hint()
                .unwrap()
                .contains("`sagemaker:CreateEndpoint`")
        );
        assert!(
            denied("GetMetricData")
                .hint()
                .unwrap()
                .contains("`cloudwatch:GetMetricData`")
        );
        let action = |message: &str| {
            let error = AwsError {
                message: message.to_owned(),
                ..denied("CreateEndpointConfig")
            };
            error.action()
        };
        assert_eq!(
            action("User: u is not authorized to perform: sagemaker:AddTags on resource: r"),
            "sagemaker:AddTags"
        );
        for other in ["to perform: ", "not authorized to perform: `x`:y", "no"] {
            assert_eq!(action(other), "sagemaker:CreateEndpointConfig");
        }
        let text = denied("CreateEndpoint").to_string();
        assert_eq!(text, "CreateEndpoint failed: AccessDeniedException: no");
    }
}
