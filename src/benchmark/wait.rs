//! Waiting that a cancellation interrupts, and how often to ask AWS.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Pause before asking AWS again: short at first, so that a quick answer is seen quickly, then
/// steady. The SDK's own waiters back off up to an hour. `jitter`, 0 to 1, spreads parallel polls
/// over 20 %.
pub(super) fn poll_delay(waited: Duration, jitter: f64) -> Duration {
    let seconds = match waited.as_secs() {
        0..10 => 1.0,
        10..60 => 5.0,
        _ => 10.0,
    };
    Duration::from_secs_f64(seconds * (0.9 + 0.2 * jitter.clamp(0.0, 1.0)))
}

/// Sleeps until AWS is to be asked again: a second at first, ten when `waited` is long.
pub async fn until_next_poll(waited: Duration) {
    tokio::time::sleep(poll_delay(waited, fastrand::f64())).await;
}

/// Sleeps unless cancelled first; returns whether the time has passed.
pub(super) async fn sleep_unless_cancelled(cancel: &CancellationToken, time: Duration) -> bool {
    cancel
        .run_until_cancelled(tokio::time::sleep(time))
        .await
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_are_quick_at_first_and_never_rarer_than_twelve_seconds() {
        for (waited_s, jitter, low, high) in [
            (0, 0.0, 0.9, 1.1),
            (30, 1.0, 4.5, 5.5),
            (100_000, 1.0, 9.0, 11.0),
            (0, f64::INFINITY, 0.9, 1.11),
        ] {
            let delay = poll_delay(Duration::from_secs(waited_s), jitter).as_secs_f64();
            assert!((low..=high).contains(&delay), "{waited_s} s: {delay}");
        }
    }
}
