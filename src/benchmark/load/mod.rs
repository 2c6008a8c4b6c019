//! Drives endpoints: one client in turn (stability), or many at once (closed and open loop).

mod closed_loop;
mod open_loop;
mod rounds;
mod shares;
mod stability;

pub(super) use self::rounds::drive_rounds;
pub use self::shares::{Helper, Helpers, Share, ShareDone};
pub(super) use self::stability::drive;
use crate::result::{Invocation, InvocationOutcome};

/// What went wrong with a call, in words; `None` when it succeeded.
fn failure_of(invocation: &Invocation) -> Option<String> {
    match &invocation.outcome {
        InvocationOutcome::Success => None,
        InvocationOutcome::Throttled => Some("ThrottlingException".to_owned()),
        InvocationOutcome::NotReady => Some("ModelNotReadyException".to_owned()),
        InvocationOutcome::OutOfMemory => Some("the model ran out of memory".to_owned()),
        InvocationOutcome::ModelError(message) => Some(format!("ModelError: {message}")),
        InvocationOutcome::ServiceError(message) | InvocationOutcome::TransportError(message) => {
            Some(message.clone())
        }
    }
}
