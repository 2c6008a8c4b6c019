//! Credentials that end before the run does.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::estimate::{SLOW_CALL, minutes};
use crate::aws::Session;
use crate::benchmark::{self, Plan};
use crate::process::{Process, now};

/// How long sessions of the default length last:
/// `aws-actions/configure-aws-credentials` and `AssumeRole`.
const USUAL_SESSION: SignedDuration = SignedDuration::from_hours(1);

/// Warns of a plan that temporary credentials, which are not renewed, may not last for.
pub(crate) fn warn_of_short_session(session: &Session, plan: &Plan, process: &Process) {
    if session.is_renewed() {
        return;
    }
    let ends = process.variable("AWS_CREDENTIAL_EXPIRATION");
    let ends: Option<Timestamp> = ends.and_then(|it| it.parse().ok());
    let left = ends.map(|it| it.duration_since(now()));
    let takes = benchmark::duration(plan, SLOW_CALL);
    if let Some(warning) = warning(takes, left) {
        process.warn(&warning);
    }
}

/// `left` is the time until the session ends, where that is known.
fn warning(takes: Duration, left: Option<SignedDuration>) -> Option<String> {
    let takes = SignedDuration::try_from(takes).unwrap_or(SignedDuration::MAX);
    if takes <= left.unwrap_or(USUAL_SESSION) {
        return None;
    }
    let session = match left {
        Some(left) => format!("end in {}", minutes(left.max(SignedDuration::ZERO))),
        None => format!("usually end after {}", minutes(USUAL_SESSION)),
    };
    Some(format!(
        "the temporary AWS credentials {session} and are not renewed, and this plan takes {} if a call takes {} ms: in a \
         workflow let --role-to-assume renew them, or ask for a longer session (role-duration-seconds); what is measured \
         until then is kept",
        minutes(takes),
        SLOW_CALL.as_millis()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_outlasts_its_session_is_warned_of() {
        let takes = Duration::from_mins(85);
        assert_eq!(warning(takes, Some(SignedDuration::from_mins(85))), None);
        let unknown = warning(takes, None).unwrap();
        assert_eq!(
            unknown,
            "the temporary AWS credentials usually end after 1 h and are not renewed, and this plan takes 1 h 25 min if a \
             call takes 500 ms: in a workflow let --role-to-assume renew them, or ask for a longer session \
             (role-duration-seconds); what is measured until then is kept"
        );
        let known = warning(takes, Some(SignedDuration::from_secs(61))).unwrap();
        assert!(known.contains("credentials end in 2 min and"));
        assert!(
            warning(takes, Some(SignedDuration::from_mins(-5)))
                .unwrap()
                .contains("end in 0 min")
        );
        assert_eq!(warning(Duration::from_hours(1), None), None);
    }
}
