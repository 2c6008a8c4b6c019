//! PURE: what a failure is due to, from what AWS says.
//!
//! AWS has no machine-readable cause for a failed endpoint: `FailureReason` is a sentence. The
//! sentences below are those that users have reported; what none of them matches is
//! [`Cause::Service`], as nothing shows that it is the model's doing.

use super::error::{AwsError, AwsErrorKind};
use crate::result::Cause;

/// Words of a sentence about a deployment, in lower case, and what they are due to. The first that
/// match decide: a container that does not answer comes first, as its own log may follow; words
/// about permissions come before those about images and model data.
const SENTENCES: [(&str, Cause); 31] = [
    // Of the simulator whose containers are this machine's: a full disk is not the model's.
    ("the docker engine could not", Cause::Runner),
    ("ping health check", Cause::Model),
    // `Please ensure that the role exists and that its trust relationship policy allows ...`
    (ROLE_REFUSED[0], Cause::Access),
    (ROLE_REFUSED[1], Cause::Access),
    (ROLE_REFUSED[2], Cause::Access),
    ("could not access model data", Cause::Access),
    (
        "execution role used to create the model has permissions",
        Cause::Access,
    ),
    ("not authorized to perform", Cause::Access),
    ("access denied", Cause::Access),
    ("accessdenied", Cause::Access),
    ("kms", Cause::Access),
    ("vpc", Cause::Access),
    ("network isolation", Cause::Access),
    ("resourcelimitexceeded", Cause::Quota),
    ("service limit", Cause::Quota),
    ("service quota", Cause::Quota),
    ("insufficientinstancecapacity", Cause::Service),
    ("capacity error", Cause::Service),
    ("request to service failed", Cause::Service),
    ("failed to extract model data", Cause::Model),
    ("model data archive is", Cause::Model),
    ("cannotstartcontainererror", Cause::Model),
    ("failed to start container", Cause::Model),
    ("exec format error", Cause::Model),
    ("no space left on device", Cause::Model),
    ("is greater than supported size", Cause::Model),
    ("unsupported manifest media type", Cause::Model),
    ("out of memory", Cause::Model),
    ("insufficient memory", Cause::Model),
    ("outofmemory", Cause::Model),
    ("exited with", Cause::Model),
];

/// Words about a role that `SageMaker` cannot assume, in lower case.
const ROLE_REFUSED: [&str; 3] = [
    "could not assume role",
    "unable to assume the role",
    "cannot be assumed",
];

/// Words about this machine in an error without an answer of AWS, in lower case.
const LOCAL: [&str; 7] = [
    "too many open files",
    "network is unreachable",
    "dns error",
    "failed to lookup address",
    "temporary failure in name resolution",
    "cannot assign requested address",
    "no buffer space",
];

/// Words about a limit of this machine: whoever meets it will meet it again.
const FULL: [&str; 3] = [
    "too many open files",
    "cannot assign requested address",
    "no buffer space",
];

/// Whether a failed call met a limit of this machine.
pub fn is_machine_full(words: &str) -> bool {
    let words = words.to_lowercase();
    FULL.iter().any(|it| words.contains(it))
}

/// What an endpoint that AWS reports as failed is due to: `reason` is its `FailureReason`.
pub fn cause_of_deployment(reason: &str) -> Cause {
    let reason = reason.to_lowercase();
    let known = SENTENCES
        .iter()
        .find(|(words, _)| reason.contains(words))
        .map(|(_, cause)| *cause);
    known.unwrap_or_default()
}

/// Whether AWS says that it cannot assume the model's role. That passes where the role is new: IAM
/// is eventually consistent.
pub fn is_role_refused(words: &str) -> bool {
    let words = words.to_lowercase();
    ROLE_REFUSED.iter().any(|it| words.contains(it))
}

/// What a failed call is due to.
pub fn cause_of_call(error: &AwsError) -> Cause {
    match error.kind {
        AwsErrorKind::AccessDenied | AwsErrorKind::Credentials => Cause::Access,
        AwsErrorKind::Clock => Cause::Runner,
        AwsErrorKind::Quota => Cause::Quota,
        AwsErrorKind::OutOfMemory | AwsErrorKind::Model => Cause::Model,
        AwsErrorKind::NotFound
        | AwsErrorKind::AlreadyExists
        | AwsErrorKind::Throttled
        | AwsErrorKind::ModelNotReady => Cause::Service,
        AwsErrorKind::Transport => {
            let message = error.message.to_lowercase();
            if LOCAL.iter().any(|words| message.contains(words)) {
                Cause::Runner
            } else {
                Cause::Service
            }
        }
        AwsErrorKind::Service if error.operation == "InvokeEndpoint" => cause_of_refusal(error),
        AwsErrorKind::Service => cause_of_deployment(&error.message),
    }
}

/// A call of the model that AWS has refused itself: a sample that it does not take, or a service
/// that is not there.
fn cause_of_refusal(error: &AwsError) -> Cause {
    // `Endpoint X of account Y not found.`: somebody else has deleted it.
    if error.message.ends_with("not found.") {
        return Cause::Service;
    }
    match error.code.as_deref() {
        Some("ValidationError" | "ValidationException" | "SerializationException") => Cause::Input,
        Some(_) | None => Cause::Service,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_about_deployments() {
        for (reason, cause) in [
            (
                "Request to service failed. If failure persists after retry, contact customer support.",
                Cause::Service,
            ),
            (
                "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.",
                Cause::Service,
            ),
            ("Something that nobody has seen before.", Cause::Service),
            ("", Cause::Service),
            (
                "The primary container for production variant AllTraffic did not pass the ping health check. Please \
                 check CloudWatch logs for this endpoint.",
                Cause::Model,
            ),
            (
                "Failed to extract model data archive from URL \"s3://b/model.tar.gz\". Please ensure that the object \
                 located at the URL is a valid tar.gz archive.",
                Cause::Model,
            ),
            (
                "Image size 13279248421 is greater than supported size 10737418240",
                Cause::Model,
            ),
            (
                "Unsupported manifest media type application/vnd.oci.image.index.v1+json for image 1.dkr.ecr/x:1.",
                Cause::Model,
            ),
            (
                "CannotStartContainerError. Please ensure the model container starts correctly",
                Cause::Model,
            ),
            ("The container ran out of memory", Cause::Model),
            (
                "Could not access model data at s3://b/m.tar.gz. Please ensure that the role \"arn:aws:iam::1:role/r\" \
                 exists and that its trust relationship policy allows the action \"sts:AssumeRole\"",
                Cause::Access,
            ),
            (
                "Could not assume role arn:aws:iam::1:role/r. Please ensure that the role exists and allows principal \
                 'sagemaker.amazonaws.com' to assume the role.",
                Cause::Access,
            ),
            (
                "Please make sure all images included in the model for the production variant v exist, and that the \
                 execution role used to create the model has permissions to access them.",
                Cause::Access,
            ),
            (
                "The account-level service limit 'Memory size in MB per serverless endpoint' is 3072 MBs",
                Cause::Quota,
            ),
            (
                "VpcConfig is not supported for serverless endpoints",
                Cause::Access,
            ),
        ] {
            assert_eq!(cause_of_deployment(reason), cause, "{reason}");
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn failed_calls() {
        let call = |operation, kind, code: Option<&str>, message: &str| {
            cause_of_call(&AwsError {
                operation,
                kind,
                code: code.map(str::to_owned),
                message: message.to_owned(),
            })
        };
        let invoke = |kind, code, message| call("InvokeEndpoint", kind, code, message);
        for (got, cause) in [
            (
                invoke(AwsErrorKind::Model, Some("ModelError"), "x"),
                Cause::Model,
            ),
            (
                invoke(
                    AwsErrorKind::OutOfMemory,
                    Some("ModelError"),
                    "insufficient memory",
                ),
                Cause::Model,
            ),
            (
                invoke(
                    AwsErrorKind::Throttled,
                    Some("ThrottlingException"),
                    "Rate exceeded",
                ),
                Cause::Service,
            ),
            (
                invoke(AwsErrorKind::Service, Some("InternalFailure"), "x"),
                Cause::Service,
            ),
            (
                invoke(
                    AwsErrorKind::Service,
                    Some("InternalDependencyException"),
                    "x",
                ),
                Cause::Service,
            ),
            (
                invoke(
                    AwsErrorKind::Service,
                    Some("ValidationError"),
                    "Endpoint e of account 1 not found.",
                ),
                Cause::Service,
            ),
            (
                invoke(AwsErrorKind::Service, None, "HTTP status 503"),
                Cause::Service,
            ),
            (
                invoke(
                    AwsErrorKind::Service,
                    Some("ValidationError"),
                    "Request x has oversize body.",
                ),
                Cause::Input,
            ),
            (
                invoke(AwsErrorKind::Transport, None, "connection reset by peer"),
                Cause::Service,
            ),
            (
                invoke(
                    AwsErrorKind::Transport,
                    None,
                    "tcp open error: Too many open files (os error 24)",
                ),
                Cause::Runner,
            ),
            (
                invoke(
                    AwsErrorKind::Transport,
                    None,
                    "dns error: failed to lookup address information",
                ),
                Cause::Runner,
            ),
            (
                invoke(AwsErrorKind::Credentials, Some("ExpiredToken"), "x"),
                Cause::Access,
            ),
            (
                invoke(AwsErrorKind::Clock, Some("RequestTimeTooSkewed"), "x"),
                Cause::Runner,
            ),
            (
                call(
                    "CreateEndpoint",
                    AwsErrorKind::AccessDenied,
                    Some("AccessDeniedException"),
                    "x",
                ),
                Cause::Access,
            ),
            (
                call(
                    "CreateEndpoint",
                    AwsErrorKind::Quota,
                    Some("ResourceLimitExceeded"),
                    "x",
                ),
                Cause::Quota,
            ),
            (
                call(
                    "CreateModel",
                    AwsErrorKind::Service,
                    Some("ValidationException"),
                    "Could not assume role arn:aws:iam::1:role/r. Please ensure that the role exists",
                ),
                Cause::Access,
            ),
            (
                call(
                    "CreateEndpoint",
                    AwsErrorKind::Service,
                    Some("InternalFailure"),
                    "HTTP status 500",
                ),
                Cause::Service,
            ),
        ] {
            assert_eq!(got, cause);
        }
    }
}
