//! A role that cannot be assumed yet: IAM is eventually consistent, and a role that was created a
//! moment ago is not known everywhere.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::wait::sleep_unless_cancelled;
use super::{Context, Event};
use crate::aws::is_role_refused;
use crate::result::EndpointOutcome;

/// How long after the first refusal of a run a call is made again.
const LONGEST: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_secs(5);

/// When the role was refused first. All calls of a run share it: the two minutes are spent once,
/// not once per size.
#[derive(Debug, Default)]
pub(super) struct RoleRefusal(OnceLock<Instant>);

impl RoleRefusal {
    /// Notes a refusal; whether it is the first, and how long ago the first was.
    fn note(&self, now: Instant) -> (bool, Duration) {
        let is_first = self.0.set(now).is_ok();
        let first = self.0.get().copied().unwrap_or(now);
        (is_first, now.saturating_duration_since(first))
    }
}

/// Waits where `words` of AWS are about a role that may be assumed in a moment; whether the call is
/// worth another attempt.
///
/// # Errors
/// [`EndpointOutcome::Cancelled`].
pub(super) async fn is_worth_another(
    context: &Context,
    words: &str,
) -> Result<bool, EndpointOutcome> {
    if !is_role_refused(words) {
        return Ok(false);
    }
    let (is_first, since) = context.role_refusal.note(Instant::now());
    if since >= LONGEST {
        return Ok(false);
    }
    if is_first {
        context.emit(&Event::WaitingForRole { longest: LONGEST });
    }
    if sleep_unless_cancelled(&context.stop, PAUSE).await {
        Ok(true)
    } else {
        Err(EndpointOutcome::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_counts_from_the_first_refusal() {
        let (refusal, start) = (RoleRefusal::default(), Instant::now());
        assert_eq!(refusal.note(start), (true, Duration::ZERO));
        assert_eq!(refusal.note(start + PAUSE), (false, PAUSE));
        assert_eq!(refusal.note(start + LONGEST), (false, LONGEST));
    }
}
