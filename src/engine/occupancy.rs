//! What other programs have of this machine while containers are measured.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::ticks::Ticks;
use crate::sync::lock;

/// Adds up what other programs have, from one look to the next. Clones add up together.
#[derive(Debug, Clone, Default)]
pub struct Occupancy(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    last: Option<Look>,
    so_far: Occupied,
}

/// Processor time of a machine.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Occupied {
    /// That there was, of all processors together, seconds.
    pub available_s: f64,
    /// That programs had which are neither this one nor the containers, seconds.
    pub others_s: f64,
}

/// All containers and the processors at one moment.
#[derive(Debug)]
struct Look {
    at: Instant,
    ticks: Ticks,
    /// Processor time of each since its start.
    containers: BTreeMap<String, Duration>,
}

impl Occupancy {
    /// Takes note of the processor time of all containers that run, by their ids. What happened
    /// since the last look counts if they are the same ones: starting and removing a container is
    /// work of the engine, not of other programs.
    pub fn look(&self, containers: BTreeMap<String, Duration>) {
        let ticks = Ticks::read();
        let mut state = lock(&self.0);
        let now = ticks.filter(|_| !containers.is_empty()).map(|ticks| Look {
            at: Instant::now(),
            ticks,
            containers,
        });
        if let (Some(last), Some(now)) = (&state.last, &now)
            && let Some(between) = between(last, now)
        {
            state.so_far.available_s += between.available_s;
            state.so_far.others_s += between.others_s;
        }
        state.last = now;
    }

    /// What happens until the next look does not count.
    pub fn pause(&self) {
        lock(&self.0).last = None;
    }

    /// What was counted so far.
    pub fn so_far(&self) -> Occupied {
        lock(&self.0).so_far
    }
}

impl Occupied {
    /// What was added since an earlier time.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            available_s: self.available_s - before.available_s,
            others_s: self.others_s - before.others_s,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of processors")]
fn between(last: &Look, now: &Look) -> Option<Occupied> {
    if !last.containers.keys().eq(now.containers.keys()) {
        return None;
    }
    let ticks = now.ticks.since(&last.ticks)?;
    let elapsed = now.at.duration_since(last.at).as_secs_f64();
    let available_s = elapsed * ticks.processors as f64;
    let used = |look: &Look| look.containers.values().sum::<Duration>();
    let of_containers = used(now).saturating_sub(used(last)).as_secs_f64();
    let busy = ticks.share(ticks.busy.saturating_sub(ticks.own));
    let others_s = busy * available_s - of_containers;
    Some(Occupied {
        available_s,
        others_s: others_s.max(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After so many seconds, of two processors with a hundred ticks a second each.
    fn look(
        start: Instant,
        (seconds, busy, own): (u64, u64, u64),
        containers: &[(&str, u64)],
    ) -> Look {
        let containers = containers.iter();
        Look {
            at: start + Duration::from_secs(seconds),
            ticks: Ticks {
                stolen: 0,
                busy,
                own,
                all: 1000 + 200 * seconds,
                processors: 2,
            },
            containers: containers
                .map(|(id, millis)| ((*id).to_owned(), Duration::from_millis(*millis)))
                .collect(),
        }
    }

    #[test]
    fn others_have_what_neither_this_program_nor_the_containers_had() {
        let start = Instant::now();
        let last = look(start, (0, 0, 0), &[("a", 500), ("b", 100)]);
        for (busy, own, a_millis, others_s) in [
            (0, 0, 500, 0.0),
            (100, 0, 500, 1.0),
            (100, 20, 500, 0.8),
            (100, 20, 1000, 0.3),
            // Ticks are coarse.
            (100, 20, 1500, 0.0),
        ] {
            let now = look(start, (1, busy, own), &[("a", a_millis), ("b", 100)]);
            let it = between(&last, &now).unwrap();
            assert!((it.available_s - 2.0).abs() < 1e-9);
            assert!((it.others_s - others_s).abs() < 1e-9, "{it:?} {others_s}");
        }
    }

    #[test]
    fn other_containers_than_at_the_last_look_do_not_count() {
        let start = Instant::now();
        let last = look(start, (0, 0, 0), &[("a", 500)]);
        for other in [&[("b", 500)][..], &[], &[("a", 500), ("b", 1)]] {
            assert_eq!(between(&last, &look(start, (1, 100, 0), other)), None);
        }
    }

    #[test]
    fn looks_add_up_until_a_pause() {
        let occupancy = Occupancy::default();
        let container = || BTreeMap::from([("a".to_owned(), Duration::from_secs(1))]);
        let tick = || std::thread::sleep(Duration::from_millis(60));
        occupancy.look(container());
        assert_eq!(occupancy.so_far(), Occupied::default());
        tick();
        occupancy.look(container());
        let once = occupancy.so_far();
        occupancy.pause();
        tick();
        occupancy.look(container());
        assert_eq!(occupancy.so_far(), once);
        if Ticks::read().is_some() {
            assert!(once.available_s > 0.05 && once.others_s >= 0.0, "{once:?}");
        }
    }
}
