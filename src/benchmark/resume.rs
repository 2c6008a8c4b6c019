//! PURE: whether an interrupted run and a plan are the same measurement.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::journal::JournalError;
use super::plan::Plan;
use crate::result::RunResult;
use crate::text::plural;

/// Refuses to resume a run that measured something else: half of the result would be wrong.
///
/// # Errors
/// [`JournalError::Different`], naming the first setting that differs; `path` is for the message.
pub fn check_alike(
    restored: &RunResult,
    plan: &Plan,
    region: &str,
    path: &Path,
) -> Result<(), JournalError> {
    let settings = plan.settings();
    let (was, now) = (&restored.settings, &settings);
    let samples = plan.samples.info();
    let reference = plan.identity.reference.as_ref();
    let shown = |of: Option<(&str, u32)>| {
        of.map_or_else(
            || "none".to_owned(),
            |(model, rounds)| format!("{model} in {}", plural(rounds, "round")),
        )
    };
    let load = |settings: &crate::result::Settings| {
        serde_json::to_string(&settings.load).unwrap_or_default()
    };
    let sizes = |settings: &crate::result::Settings| {
        serde_json::to_string(&settings.memory_sizes).unwrap_or_default()
    };
    let fields = [
        (
            "the name",
            restored.name.clone(),
            plan.identity.name.clone(),
        ),
        (
            "the model",
            restored.model_name.clone(),
            plan.model_name.clone(),
        ),
        ("the region", restored.region.clone(), region.to_owned()),
        (
            "samples with SHA-256",
            restored.samples.sha256.clone(),
            samples.sha256,
        ),
        ("memory sizes", sizes(was), sizes(now)),
        (
            "invocations",
            was.invocations.to_string(),
            now.invocations.to_string(),
        ),
        (
            "warm-up calls",
            was.warmup.to_string(),
            now.warmup.to_string(),
        ),
        ("a concurrency benchmark", load(was), load(now)),
        (
            "the reference",
            shown(
                restored
                    .reference
                    .as_ref()
                    .map(|it| (it.model.as_str(), it.rounds)),
            ),
            shown(reference.map(|it| (it.source.shown(), it.rounds))),
        ),
    ];
    match fields.into_iter().find(|(_, was, now)| was != now) {
        None => Ok(()),
        Some((field, was, now)) => Err(JournalError::Different {
            path: path.to_owned(),
            field,
            was,
            now,
        }),
    }
}

/// `now`, or `started_at` plus what has passed since on the monotonic clock, whichever is later.
pub(super) fn no_earlier(now: Timestamp, started_at: Timestamp, elapsed: Duration) -> Timestamp {
    let at_least = started_at.checked_add(elapsed);
    at_least.map_or(now, |at_least| now.max(at_least))
}

/// The moment of `started_at` on the monotonic clock; now, when that clock does not reach back so
/// far.
pub(super) fn start_of(started_at: Timestamp, now: Timestamp) -> Instant {
    let elapsed = Duration::try_from(now.duration_since(started_at)).unwrap_or_default();
    let instant = Instant::now();
    instant.checked_sub(elapsed).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_does_not_end_a_run_before_it_began() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let began = at("2026-11-22T10:00:00Z");
        let elapsed = Duration::from_mins(10);
        for (now, expected) in [
            ("2026-11-22T09:05:00Z", "2026-11-22T10:10:00Z"),
            ("2026-11-22T10:10:01Z", "2026-11-22T10:10:01Z"),
            // The monotonic clock stands still while a machine sleeps.
            ("2026-11-22T18:00:00Z", "2026-11-22T18:00:00Z"),
        ] {
            assert_eq!(no_earlier(at(now), began, elapsed), at(expected));
        }
    }
}
