//! Closed loop: each client sends its next call when the last is answered.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::round::Round;
use crate::result::OutcomeKind;

/// Pause of a client after a throttled call, as every AWS SDK makes one: without it, refused
/// clients would ask hundreds of times a second, and the share of throttled calls would say how
/// fast AWS refuses.
const THROTTLED_PAUSE: Duration = Duration::from_millis(100);

/// Sends the calls of these numbers from `clients` clients: whoever is free sends the next.
/// Dropping the future stops them.
pub(super) async fn drive(round: &Arc<Round>, clients: u32, calls: Range<u32>) {
    let next = Arc::new(AtomicU32::new(calls.start));
    let mut all = JoinSet::new();
    for _ in 0..clients {
        all.spawn(client(Arc::clone(round), Arc::clone(&next), calls.end));
    }
    all.join_all().await;
}

async fn client(round: Arc<Round>, next: Arc<AtomicU32>, until: u32) {
    while !round.is_hopeless() {
        let call = next.fetch_add(1, Ordering::Relaxed);
        if call >= until {
            return;
        }
        let invocation = round.invoke(call).await;
        let throttled = invocation.outcome.kind() == OutcomeKind::Throttled;
        round.record(invocation);
        let pause = if throttled {
            THROTTLED_PAUSE
        } else {
            Duration::ZERO
        };
        let pause = pause + think_time(round.options.think_time, fastrand::f64());
        if pause > Duration::ZERO {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Uniform between 0 and twice the mean: clients that pause equally long would march in step.
fn think_time(mean: Duration, random: f64) -> Duration {
    mean.mul_f64(2.0 * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn think_time_is_spread_around_its_mean() {
        let mean = Duration::from_millis(500);
        let times = [0.0, 0.5, 1.0].map(|random| think_time(mean, random).as_millis());
        assert_eq!(times, [0, 500, 1000]);
        assert_eq!(think_time(Duration::ZERO, 0.7), Duration::ZERO);
    }
}
