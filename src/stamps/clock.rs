//! One moment on both clocks. The kernel stamps with the wall clock, which may be set; the program
//! measures with one that may not.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What the two clocks may disagree by: they tick alike, so this is rounding.
const ROUNDING: Duration = Duration::from_micros(20);

/// Longest time between two looks at one clock that needs no other look: this thread was not
/// interrupted in between.
const UNINTERRUPTED: Duration = Duration::from_micros(20);

/// How often an interrupted look is repeated.
const LOOKS: u32 = 3;

/// A moment on both clocks: the wall clock was read between two readings of the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Since 1970.
    pub(crate) wall: Duration,
    earliest: Instant,
    latest: Instant,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let mut moment = Self::look();
        for _ in 1..LOOKS {
            if moment.latest.duration_since(moment.earliest) <= UNINTERRUPTED {
                break;
            }
            moment = Self::look();
        }
        moment
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the kernel's stamps are by this clock"
    )]
    fn look() -> Self {
        let earliest = Instant::now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            // A clock before 1970 agrees with no stamp.
            wall: wall.unwrap_or_default(),
            earliest,
            latest: Instant::now(),
        }
    }

    /// On the clock that cannot be set.
    pub(crate) const fn instant(&self) -> Instant {
        self.latest
    }

    /// Whether the wall clock went on as the other one did until `later`: it was not set in
    /// between.
    pub(crate) fn is_same_clock(&self, later: &Self) -> bool {
        let Some(elapsed) = (later.wall + ROUNDING).checked_sub(self.wall) else {
            return false;
        };
        let least = later.earliest.saturating_duration_since(self.latest);
        let most = later.latest.saturating_duration_since(self.earliest);
        least <= elapsed && elapsed <= most + 2 * ROUNDING
    }

    /// From this moment until the kernel's `stamp` of bytes that were read at `read`; `None` when
    /// that cannot be: it lies before the one or after the other.
    pub(crate) fn until(&self, stamp: Duration, read: &Self) -> Option<Duration> {
        if !self.is_same_clock(read) || stamp > read.wall + ROUNDING {
            return None;
        }
        stamp.checked_sub(self.wall)
    }
}

#[cfg(test)]
impl Moment {
    /// `ms` after `base`, when the wall clock said `wall_ms`.
    pub(crate) fn at(base: Instant, ms: u64, wall_ms: u64) -> Self {
        let at = base + Duration::from_millis(ms);
        Self {
            wall: Duration::from_millis(wall_ms),
            earliest: at,
            latest: at,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clock_that_is_set_in_between_gives_no_time() {
        let base = Instant::now();
        let ms = Duration::from_millis;
        let sent = Moment::at(base, 0, 5_000);
        let read = Moment::at(base, 100, 5_100);
        assert_eq!(sent.until(ms(5_090), &read), Some(ms(90)));
        // Forward, back, and back beyond the beginning.
        for wall_ms in [5_101, 6_000, 5_099, 4_000] {
            let changed = Moment::at(base, 100, wall_ms);
            assert_eq!(sent.until(ms(wall_ms - 10), &changed), None, "{wall_ms}");
        }
    }

    #[test]
    fn a_stamp_outside_of_the_exchange_is_none() {
        let base = Instant::now();
        let (sent, read) = (Moment::at(base, 0, 5_000), Moment::at(base, 100, 5_100));
        for stamp_ms in [0, 4_999, 5_101] {
            assert_eq!(sent.until(Duration::from_millis(stamp_ms), &read), None);
        }
    }

    #[test]
    fn time_until_a_thread_runs_again_is_no_step() {
        let base = Instant::now();
        let sent = Moment::at(base, 0, 5_000);
        let interrupted = Moment {
            wall: Duration::from_millis(5_104),
            earliest: base + Duration::from_millis(100),
            latest: base + Duration::from_millis(140),
        };
        assert!(sent.is_same_clock(&interrupted));
        assert!(Moment::now().is_same_clock(&Moment::now()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn steps_beyond_what_an_interruption_explains_are_seen(
            ms in 1_u64..100_000, interrupted in 0_u64..50, step in 1_u64..50_000, forward: bool
        ) {
            let base = Instant::now();
            let sent = Moment::at(base, 0, 1_000_000);
            let mut read = Moment::at(base, ms, 1_000_000 + ms);
            read.latest += Duration::from_millis(interrupted);
            prop_assert!(sent.is_same_clock(&read));
            let step_ms = Duration::from_millis(step);
            read.wall = if forward {
                read.wall + step_ms
            } else {
                read.wall.checked_sub(step_ms).unwrap()
            };
            prop_assert_eq!(sent.is_same_clock(&read), forward && step <= interrupted);
        }
    }
}
