//! PURE: which failed calls are sent again. One client per endpoint cannot be throttled by its own
//! doing, so such a failure is AWS's: it is counted and shown, and is never part of a latency.

use std::time::Duration;

use crate::result::{Cause, Invocation, OutcomeKind};

/// Longest time in a row that a call is sent again: a cold start of serverless takes up to 3
/// minutes, and the call itself up to one.
pub(super) const LONGEST: Duration = Duration::from_mins(4);
/// First pause, and the longest. Each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// At most one call in so many may be sent again.
const ONE_IN: usize = 20;
/// So many may be sent again even in a short run.
const ALWAYS: usize = 5;
/// AWS's words for a container that has not answered within the 60 seconds of serverless.
const TIMED_OUT: &str = "invocation timed out";
/// The end of AWS's words for an endpoint that somebody else has deleted.
const DELETED: &str = "not found.";

/// Whether a failure passes: AWS's own trouble, an endpoint that is still being provisioned, and
/// during warm-up a container that has not loaded its model within a call's 60 seconds.
pub(super) fn passes(warms_up: bool, call: &Invocation) -> bool {
    match call.outcome.kind() {
        OutcomeKind::Success | OutcomeKind::OutOfMemory => false,
        OutcomeKind::ModelError => warms_up && has_timed_out(call),
        OutcomeKind::Throttled
        | OutcomeKind::NotReady
        | OutcomeKind::ServiceError
        | OutcomeKind::TransportError => call.cause() == Some(Cause::Service) && !is_deleted(call),
    }
}

/// Whether the endpoint is gone: AWS's doing as far as the model goes, but it does not pass.
fn is_deleted(call: &Invocation) -> bool {
    let words = call.failure_words().unwrap_or_default();
    words.ends_with(DELETED)
}

/// Whether the container has not answered within a call's 60 seconds.
fn has_timed_out(call: &Invocation) -> bool {
    let words = call.failure_words().unwrap_or_default();
    words.contains(TIMED_OUT)
}

/// Whether so many calls were sent again that their endpoint cannot be judged. Those that met an
/// endpoint still being provisioned, or a container that has not loaded its model, are a cold start
/// and do not count.
pub(super) fn too_many<'a>(calls: impl IntoIterator<Item = &'a Invocation>, planned: u32) -> bool {
    let counts = |call: &&Invocation| {
        call.is_sent_again()
            && call.cause() == Some(Cause::Service)
            && call.outcome.kind() != OutcomeKind::NotReady
    };
    let planned = usize::try_from(planned).unwrap_or(usize::MAX);
    calls.into_iter().filter(counts).count() > (planned / ONE_IN).max(ALWAYS)
}

/// The pause before attempt number `attempt`, from 0, is made again. `jitter`, 0 to 1, spreads
/// clients over half of it.
pub(super) fn pause(attempt: u32, jitter: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt.min(8)));
    doubled
        .min(LONGEST_PAUSE)
        .mul_f64(0.75 + 0.5 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::InvocationOutcome;

    fn failed(outcome: InvocationOutcome, cause: Cause, sent_again: bool) -> Invocation {
        let mut call = Invocation::failed(outcome, cause);
        if let Some(failure) = &mut call.failure {
            failure.sent_again = sent_again;
        }
        call
    }

    #[test]
    fn what_is_awss_doing_passes_and_the_models_errors_do_not() {
        let text = Box::<str>::from;
        for (outcome, cause, warm_up, measured) in [
            (InvocationOutcome::Throttled, Cause::Service, true, true),
            (InvocationOutcome::NotReady, Cause::Service, true, true),
            (
                InvocationOutcome::ServiceError(text("HTTP status 503")),
                Cause::Service,
                true,
                true,
            ),
            (
                InvocationOutcome::ServiceError(text("Endpoint e of account 1 not found.")),
                Cause::Service,
                false,
                false,
            ),
            (
                InvocationOutcome::ServiceError(text("oversize body")),
                Cause::Input,
                false,
                false,
            ),
            (
                InvocationOutcome::TransportError(text("reset")),
                Cause::Service,
                true,
                true,
            ),
            (
                InvocationOutcome::TransportError(text("too many open files")),
                Cause::Runner,
                false,
                false,
            ),
            (
                InvocationOutcome::ModelError(text(
                    "Your invocation timed out while waiting for a response",
                )),
                Cause::Model,
                true,
                false,
            ),
            (
                InvocationOutcome::ModelError(text("Received server error (500)")),
                Cause::Model,
                false,
                false,
            ),
            (InvocationOutcome::OutOfMemory, Cause::Model, false, false),
        ] {
            let call = failed(outcome, cause, false);
            assert_eq!(passes(true, &call), warm_up, "{call:?}");
            assert_eq!(passes(false, &call), measured, "{call:?}");
        }
    }

    #[test]
    fn five_percent_may_be_sent_again_and_a_cold_start_does_not_count() {
        let throttled = failed(InvocationOutcome::Throttled, Cause::Service, true);
        let not_ready = failed(InvocationOutcome::NotReady, Cause::Service, true);
        assert!(!too_many(&vec![throttled.clone(); 50], 1000));
        assert!(too_many(&vec![throttled.clone(); 51], 1000));
        assert!(!too_many(&vec![throttled.clone(); 5], 10));
        assert!(too_many(&vec![throttled; 6], 10));
        assert!(!too_many(&vec![not_ready; 1000], 10));
    }

    #[test]
    fn pauses_double_and_have_an_end() {
        let middle = [0, 1, 2, 4, 5, 99].map(|attempt| pause(attempt, 0.5).as_millis());
        assert_eq!(middle, [500, 1000, 2000, 8000, 8000, 8000]);
        assert_eq!(pause(0, 0.0).as_millis(), 375);
        assert_eq!(pause(0, f64::INFINITY).as_millis(), 625);
    }
}
