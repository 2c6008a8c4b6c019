//! Faults that a scenario asks for by operation.

use std::time::Duration;

use serde::Deserialize;

use super::operations::Operation;
use super::validate::ApiError;

/// Calls of one operation that go wrong.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationFault {
    pub(super) operation: String,
    pub(super) kind: FaultKind,
    pub(super) every: Option<u32>,
    pub(super) probability: Option<f64>,
    pub(super) from: Option<u32>,
    pub(super) resource: Option<String>,
    pub(super) until: Option<u32>,
    #[serde(default = "one_second")]
    pub(super) seconds: f64,
}

fn one_second() -> f64 {
    1.0
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaultKind {
    /// Refused: too many calls.
    Throttle,
    /// Refused: HTTP 500.
    InternalError,
    /// Refused: the role lacks a permission.
    AccessDenied,
    /// Refused: the session of the credentials is over.
    ExpiredToken,
    /// Refused: `SageMaker` cannot assume the model's role.
    RoleRefused,
    /// Nothing is done, and the connection breaks in the middle of the answer.
    DroppedConnection,
    /// What was asked for is done, and the connection breaks in the middle of the answer.
    LostAnswer,
    /// What was asked for is done, and the answer is not what the protocol says.
    MalformedAnswer,
    /// What was asked for is done, and the answer is empty.
    EmptyAnswer,
    /// What was asked for is done, and the answer comes late.
    SlowAnswer,
    /// Somebody else has done it just before: the caller is told that it exists already.
    Taken,
}

impl FaultKind {
    /// Whether the caller is refused before the call is looked at.
    pub(in crate::simulator) const fn is_denial(self) -> bool {
        match self {
            Self::AccessDenied | Self::ExpiredToken => true,
            Self::Throttle
            | Self::InternalError
            | Self::RoleRefused
            | Self::DroppedConnection
            | Self::LostAnswer
            | Self::MalformedAnswer
            | Self::EmptyAnswer
            | Self::SlowAnswer
            | Self::Taken => false,
        }
    }
}

/// A fault of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct InjectedFault {
    pub(super) operation: Operation,
    pub(super) kind: FaultKind,
    pub(super) seconds: f64,
}

/// What happens to the answer of a call that is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpoiltAnswer {
    Lost,
    Malformed,
    Empty,
    Late(Duration),
}

impl InjectedFault {
    /// The answer of a call that is refused.
    pub(super) fn refusal(self) -> Option<ApiError> {
        match self.kind {
            FaultKind::Throttle => Some(ApiError::rate_exceeded()),
            FaultKind::InternalError => Some(ApiError::internal()),
            FaultKind::AccessDenied => {
                let prefix = self.operation.api().prefix();
                Some(ApiError::denied(prefix, self.operation.name()))
            }
            FaultKind::ExpiredToken => Some(ApiError::new(
                400,
                "ExpiredTokenException",
                "The security token included in the request is expired",
            )),
            FaultKind::RoleRefused => Some(ApiError::validation(
                "Could not assume role arn:aws:iam::000000000000:role/simulated. Please ensure that \
                 the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
            )),
            FaultKind::DroppedConnection
            | FaultKind::LostAnswer
            | FaultKind::MalformedAnswer
            | FaultKind::EmptyAnswer
            | FaultKind::SlowAnswer
            | FaultKind::Taken => None,
        }
    }

    /// What happens to the answer of a call that is carried out.
    pub(super) fn spoilt(self) -> Option<SpoiltAnswer> {
        match self.kind {
            FaultKind::LostAnswer => Some(SpoiltAnswer::Lost),
            FaultKind::MalformedAnswer => Some(SpoiltAnswer::Malformed),
            FaultKind::EmptyAnswer => Some(SpoiltAnswer::Empty),
            FaultKind::SlowAnswer => {
                Some(SpoiltAnswer::Late(Duration::from_secs_f64(self.seconds)))
            }
            FaultKind::Throttle
            | FaultKind::InternalError
            | FaultKind::AccessDenied
            | FaultKind::ExpiredToken
            | FaultKind::RoleRefused
            | FaultKind::DroppedConnection
            | FaultKind::Taken => None,
        }
    }
}
