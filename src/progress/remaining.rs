//! PURE: how long the calls that are left take, by the pace of those before.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::benchmark::{EndpointLabel, PlannedEndpoint};

/// The endpoints of a benchmark and how far each is.
#[derive(Debug, Default)]
pub(super) struct Remaining(BTreeMap<EndpointLabel, Course>);

/// One endpoint's calls.
#[derive(Debug)]
struct Course {
    planned: u32,
    done: u32,
    /// When the first calls were answered, and how many those were.
    began: Option<(Instant, u32)>,
    last: Option<Instant>,
}

impl Remaining {
    pub(super) fn start(&mut self, endpoints: &[PlannedEndpoint]) {
        self.0.clear();
        for it in endpoints {
            self.plan(it.endpoint, it.invocations);
        }
    }

    pub(super) fn plan(&mut self, endpoint: EndpointLabel, planned: u32) {
        let course = self.0.entry(endpoint).or_insert(Course {
            planned,
            done: 0,
            began: None,
            last: None,
        });
        course.planned = planned;
    }

    pub(super) fn invoked(&mut self, endpoint: EndpointLabel, done: u32, now: Instant) {
        if let Some(course) = self.0.get_mut(&endpoint) {
            course.done = done;
            course.began.get_or_insert((now, done));
            course.last = Some(now);
        }
    }

    /// Nothing more comes from it.
    pub(super) fn ended(&mut self, endpoint: EndpointLabel) {
        if let Some(course) = self.0.get_mut(&endpoint) {
            course.planned = course.done;
        }
    }

    /// Of one endpoint.
    pub(super) fn of(&self, endpoint: EndpointLabel) -> Option<Duration> {
        self.0.get(&endpoint)?.left()
    }

    /// Until the last endpoint is done. Those that have not begun while others have ended take
    /// turns with them.
    pub(super) fn of_all(&self) -> Option<Duration> {
        let courses = || self.0.values();
        let running = courses().filter_map(Course::left).max()?;
        let ended = courses().filter(|it| it.done > 0 && it.done >= it.planned);
        let a_call = ended.filter_map(Course::a_call).max();
        let waiting = courses().filter(|it| it.began.is_none());
        let in_turn = waiting.map(|it| a_call.unwrap_or_default().saturating_mul(it.planned));
        Some(running.saturating_add(in_turn.sum()))
    }
}

impl Course {
    fn a_call(&self) -> Option<Duration> {
        let (at, first) = self.began?;
        let calls = self.done.checked_sub(first).filter(|it| *it > 0)?;
        Some(self.last?.duration_since(at) / calls)
    }

    fn left(&self) -> Option<Duration> {
        let calls = self.planned.saturating_sub(self.done);
        Some(self.a_call()?.saturating_mul(calls))
    }
}

/// `, about 3 min left`; nothing where that is not known, or soon over.
pub(super) fn words(left: Option<Duration>) -> String {
    match left.map(|it| it.as_secs()) {
        None | Some(0..10) => String::new(),
        Some(seconds @ 10..90) => format!(", about {} s left", seconds.div_ceil(10) * 10),
        Some(seconds) => format!(", about {} min left", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MemoryMb;

    const SECOND: Duration = Duration::from_secs(1);

    fn label(index: usize) -> EndpointLabel {
        EndpointLabel::Memory(MemoryMb::OFFERED[index])
    }

    fn planned(calls: &[u32]) -> Remaining {
        let endpoints = calls.iter().enumerate();
        let endpoints = endpoints.map(|(index, invocations)| PlannedEndpoint {
            endpoint: label(index),
            invocations: *invocations,
        });
        let mut remaining = Remaining::default();
        remaining.start(&endpoints.collect::<Vec<_>>());
        remaining
    }

    #[test]
    fn the_slowest_of_endpoints_side_by_side_decides() {
        let (mut remaining, start) = (planned(&[101, 101]), Instant::now());
        assert_eq!(remaining.of_all(), None);
        for (index, after) in [(0, 20), (1, 10)] {
            remaining.invoked(label(index), 1, start);
            remaining.invoked(label(index), 21, start + SECOND * after);
        }
        assert_eq!(remaining.of(label(0)), Some(SECOND * 80));
        assert_eq!(remaining.of(label(1)), Some(SECOND * 40));
        assert_eq!(remaining.of_all(), Some(SECOND * 80));
        remaining.ended(label(0));
        assert_eq!(remaining.of_all(), Some(SECOND * 40));
        remaining.plan(label(1), 201);
        assert_eq!(remaining.of_all(), Some(SECOND * 90));
    }

    #[test]
    fn endpoints_that_wait_for_their_turn_are_counted() {
        let (mut remaining, start) = (planned(&[11, 11, 11]), Instant::now());
        remaining.invoked(label(0), 1, start);
        remaining.invoked(label(0), 11, start + SECOND * 10);
        remaining.ended(label(0));
        // One second a call: two sizes of eleven calls are left.
        assert_eq!(remaining.of_all(), Some(SECOND * 22));
    }

    #[test]
    fn seconds_are_rounded_and_the_end_is_not_announced() {
        let shown = [9, 10, 61, 89, 90, 601].map(|it| words(Some(SECOND * it)));
        assert_eq!(
            shown,
            [
                "",
                ", about 10 s left",
                ", about 70 s left",
                ", about 90 s left",
                ", about 2 min left",
                ", about 11 min left"
            ]
        );
        assert_eq!(words(None), "");
    }
}
