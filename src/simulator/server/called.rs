//! Carries out a call and sends its answer, subject to the faults of the scenario.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::Response;

use crate::simulator::injected::{FaultKind, InjectedFault, SpoiltAnswer};
use crate::simulator::validate::ApiError;

/// How a call ends.
pub(super) struct Called<T> {
    /// `None` when nothing was done and nothing is answered.
    pub(super) answer: Option<Result<T, ApiError>>,
    pub(super) spoilt: Option<SpoiltAnswer>,
}

impl<T> Called<T> {
    /// Sends the answer, changed by a fault if there is one.
    pub(super) async fn respond(
        self,
        respond: impl FnOnce(Result<T, ApiError>) -> Response<Body>,
    ) -> Response<Body> {
        let Some(answer) = self.answer else {
            return dropped();
        };
        spoil(respond(answer), self.spoilt).await
    }
}

/// Carries out a call, unless a fault prevents it.
pub(super) fn called<T>(
    injected: Option<InjectedFault>,
    carry_out: impl FnOnce() -> Result<T, ApiError>,
) -> Called<T> {
    let refusal = injected.and_then(InjectedFault::refusal);
    let is_dropped = injected.is_some_and(|it| it.kind == FaultKind::DroppedConnection);
    let is_taken = injected.is_some_and(|it| it.kind == FaultKind::Taken);
    Called {
        answer: match refusal {
            Some(error) => Some(Err(error)),
            None if is_dropped => None,
            None => Some(carry_out()),
        }
        .map(|answer| {
            if is_taken {
                answer.and_then(|_| Err(taken()))
            } else {
                answer
            }
        }),
        spoilt: injected.and_then(InjectedFault::spoilt),
    }
}

/// What a create call is told whose name somebody else has given.
fn taken() -> ApiError {
    ApiError::validation("Cannot create already existing resource.")
}

async fn spoil(response: Response<Body>, spoilt: Option<SpoiltAnswer>) -> Response<Body> {
    match spoilt {
        None => response,
        Some(SpoiltAnswer::Lost) => dropped(),
        Some(SpoiltAnswer::Malformed) => response.map(|_| Body::from("<html>{not what you expect")),
        Some(SpoiltAnswer::Empty) => response.map(|_| Body::empty()),
        Some(SpoiltAnswer::Late(late)) => {
            tokio::time::sleep(late).await;
            response
        }
    }
}

/// A response that promises more than it sends: the connection breaks in the middle.
pub(super) fn dropped() -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::builder()
        .status(200)
        .header("content-length", "1000")
        .body(Body::from_stream(broken))
        .unwrap_or_default()
}
