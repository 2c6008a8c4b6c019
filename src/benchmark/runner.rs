//! Watches the machine that measures: how late a thread runs again, and what the system counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::engine::{Occupancy, Occupied, Ticks};
use crate::result::{MAX_STALLS, Machine, Runner, Stall, WakeDelay};
use crate::units::{milliseconds, to_microsecond};

/// How long the thread sleeps.
const NAP: Duration = Duration::from_millis(1);

/// What is kept as a stall, milliseconds: less is in no latency that matters.
const SHORTEST_STALL_MS: f64 = 0.25;

/// Less processor time says nothing of other programs, seconds.
const SHORTEST_LOOK_S: f64 = 2.0;

/// Steps per factor e of the counts of delays: 3 % wide.
const STEPS: f64 = 32.0;

/// A thread that watches until it is stopped.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    /// `None` where the system gave no thread.
    thread: Option<JoinHandle<Seen>>,
    before: Counters,
    began: Instant,
    /// Where the containers of this machine are measured.
    occupancy: Option<Occupancy>,
    occupied_before: Occupied,
}

impl Watch {
    /// `start` is the zero of the calls; `occupancy` is of this machine, where its containers are
    /// measured.
    pub(super) fn start(start: Instant, occupancy: Option<Occupancy>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let named = thread::Builder::new().name("runner".to_owned());
        Self {
            stop,
            thread: named.spawn(move || watch(start, &stopped)).ok(),
            before: Counters::read(),
            began: Instant::now(),
            occupied_before: so_far(occupancy.as_ref()),
            occupancy,
        }
    }

    /// What was seen so far; waits for a millisecond.
    pub(super) fn finish(mut self) -> Option<Runner> {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.thread.take()?.join().ok()?;
        let now = Counters::read();
        let occupied = so_far(self.occupancy.as_ref()).since(&self.occupied_before);
        Some(Runner {
            machine: machine(),
            wake_delay_ms: seen.delays.summary(),
            steal: now.steal_since(&self.before),
            cpu_pressure: now.pressure_since(&self.before, self.began.elapsed()),
            other_programs: (occupied.available_s > SHORTEST_LOOK_S)
                .then(|| to_microsecond(occupied.others_s / occupied.available_s)),
            stalls: seen.stalls.in_order(),
        })
    }
}

fn so_far(occupancy: Option<&Occupancy>) -> Occupied {
    occupancy.map(Occupancy::so_far).unwrap_or_default()
}

/// Also where a run ends without a result.
impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Seen {
    delays: Delays,
    stalls: Stalls,
}

fn watch(start: Instant, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let due = Instant::now() + NAP;
        thread::sleep(NAP);
        let late_ms = milliseconds(due.elapsed());
        seen.delays.add(late_ms);
        if late_ms >= SHORTEST_STALL_MS {
            seen.stalls.add(Stall {
                from_ms: to_microsecond(milliseconds(due.saturating_duration_since(start))),
                length_ms: to_microsecond(late_ms),
            });
        }
    }
    seen
}

/// Counts of delays by size.
#[derive(Default)]
struct Delays {
    counts: Vec<u64>,
    longest_ms: f64,
}

impl Delays {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and some hundreds at most"
    )]
    fn add(&mut self, late_ms: f64) {
        let step = ((late_ms * 1000.0).ln_1p() * STEPS) as usize;
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(step) {
            *count += 1;
        }
        self.longest_ms = self.longest_ms.max(late_ms);
    }

    fn summary(&self) -> WakeDelay {
        WakeDelay {
            p50: self.percentile(50),
            p99: self.percentile(99),
            longest: to_microsecond(self.longest_ms),
        }
    }

    /// Nearest rank, at the upper end of its step.
    fn percentile(&self, percent: u64) -> f64 {
        let all: u64 = self.counts.iter().sum();
        let rank = (all * percent).div_ceil(100);
        let mut seen = 0;
        let mut upper_end_ms = 0.0;
        let mut end = 0.0;
        for count in &self.counts {
            end += 1.0;
            seen += count;
            upper_end_ms = (end / STEPS).exp_m1() / 1000.0;
            if seen >= rank {
                break;
            }
        }
        to_microsecond(upper_end_ms.min(self.longest_ms))
    }
}

/// The longest stalls.
#[derive(Default)]
struct Stalls(Vec<Stall>);

impl Stalls {
    fn add(&mut self, stall: Stall) {
        self.0.push(stall);
        if self.0.len() >= 2 * MAX_STALLS {
            self.keep_longest();
        }
    }

    fn keep_longest(&mut self) {
        self.0.sort_by(|a, b| b.length_ms.total_cmp(&a.length_ms));
        self.0.truncate(MAX_STALLS);
    }

    fn in_order(mut self) -> Vec<Stall> {
        self.keep_longest();
        self.0.sort_by(|a, b| a.from_ms.total_cmp(&b.from_ms));
        self.0
    }
}

/// What Linux counts since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counters {
    ticks: Option<Ticks>,
    /// Time in which something waited for a processor.
    waited: Option<Duration>,
}

impl Counters {
    /// Nothing where there are no such files.
    fn read() -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self::of(Ticks::read(), &text("/proc/pressure/cpu"))
    }

    fn of(ticks: Option<Ticks>, pressure: &str) -> Self {
        let waited = pressure.lines().find(|line| line.starts_with("some "));
        let waited = waited.and_then(|line| line.split_once("total="));
        Self {
            ticks,
            waited: waited
                .and_then(|(_, micros)| micros.trim().parse().ok())
                .map(Duration::from_micros),
        }
    }

    fn steal_since(&self, before: &Self) -> Option<f64> {
        let ticks = self.ticks?.since(&before.ticks?)?;
        Some(to_microsecond(ticks.share(ticks.stolen)))
    }

    fn pressure_since(&self, before: &Self, elapsed: Duration) -> Option<f64> {
        let waited = self.waited?.checked_sub(before.waited?)?;
        let share = waited.as_secs_f64() / elapsed.as_secs_f64();
        share.is_finite().then(|| to_microsecond(share.min(1.0)))
    }
}

fn machine() -> Machine {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    Machine {
        cpu_model: crate::engine::cpu_model_of_this_machine()
            .unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cpus: u32::try_from(cpus).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_come_from_the_difference_of_two_looks() {
        let ticks = |stolen, all| {
            Some(Ticks {
                stolen,
                busy: 0,
                own: 0,
                all,
                processors: 2,
            })
        };
        let before = Counters::of(
            ticks(35, 1000),
            "some avg10=1.5 avg60=0.0 avg300=0.0 total=1000000\nfull total=5\n",
        );
        let now = Counters::of(
            ticks(60, 1100),
            "some avg10=1.5 avg60=0.0 avg300=0.0 total=1500000",
        );
        assert_eq!(now.steal_since(&before), Some(0.25));
        let elapsed = Duration::from_secs(2);
        assert_eq!(now.pressure_since(&before, elapsed), Some(0.25));
        let none = Counters::of(None, "");
        assert_eq!(none, Counters::default());
        assert_eq!(none.steal_since(&before), None);
        assert_eq!(none.pressure_since(&before, elapsed), None);
    }

    #[test]
    fn the_longest_stalls_are_kept_in_the_order_of_time() {
        let mut stalls = Stalls::default();
        for number in 0..3 * u32::try_from(MAX_STALLS).unwrap() {
            stalls.add(Stall {
                from_ms: f64::from(number),
                length_ms: f64::from(number % 3),
            });
        }
        let kept = stalls.in_order();
        assert_eq!(kept.len(), MAX_STALLS);
        assert!(kept.iter().all(|it| it.length_ms > 1.0));
        assert!(kept.is_sorted_by(|a, b| a.from_ms < b.from_ms));
    }

    #[test]
    fn a_watch_sees_delays_and_names_the_machine() {
        let watch = Watch::start(Instant::now(), Some(Occupancy::default()));
        thread::sleep(5 * NAP);
        let runner = watch.finish().unwrap();
        let WakeDelay { p50, p99, longest } = runner.wake_delay_ms;
        assert!(0.0 <= p50 && p50 <= p99 && p99 <= longest);
        // No container was looked at.
        assert_eq!(runner.other_programs, None);
        assert!(runner.machine.cpus > 0 && !runner.machine.cpu_model.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn percentiles_are_nearest_ranks_up_to_a_step(
            mut delays in prop::collection::vec(0.0..1000.0_f64, 1..300)
        ) {
            let mut counted = Delays::default();
            for delay in &delays {
                counted.add(*delay);
            }
            delays.sort_by(f64::total_cmp);
            for percent in [50, 99] {
                let rank = (delays.len() * usize::try_from(percent).unwrap()).div_ceil(100);
                let (exact, found) = (delays[rank - 1], counted.percentile(percent));
                prop_assert!(found >= exact - 0.001 && found <= exact * 1.04 + 0.001, "{exact} {found}");
            }
        }
    }
}
