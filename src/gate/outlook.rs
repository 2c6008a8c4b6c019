//! What a baseline can prove, today and with the runs to come: by the code that judges.

use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::comparison::Tolerance;
use super::history::{Group, History, next_counts_from};
use super::key::Key;
use super::limits::Limits;
use super::metric::{Tail, Value, number};
use super::noise::{LogDifference, MATURE_RUNS, SIGMAS};
use super::run_to_run::expected_noise;
use super::window::{Window, cost_tolerance, latency_tolerance};
use crate::analysis::{Analysis, SizeSummary};
use crate::result::MAX_ROUNDS;
use crate::units::{MemoryMb, Ratio};

/// Runs that nearly all there is to learn is learned from.
const MANY_RUNS: usize = 5;
/// Between two nightly runs.
const NIGHT: SignedDuration = SignedDuration::from_hours(24);
/// 90 % of a normal distribution lie below this many standard deviations above the mean.
pub(super) const NINE_OF_TEN: f64 = 1.281_551_6;

/// What can be proven with so many runs or rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// How many.
    pub of: Measurements,
    /// The measure of the tail that is judged, and what can be proven of it.
    pub latency: Option<(Tail, Provable)>,
    /// What can be proven of the cost.
    pub cost: Option<Provable>,
}

/// What a comparison rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measurements {
    /// Runs of a baseline that count.
    Runs {
        /// How many.
        count: usize,
        /// From when, if one run a night is recorded; `None` for today.
        from: Option<Timestamp>,
    },
    /// Rounds beside a reference.
    Rounds(u32),
}

/// Which increase can be told from noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Provable {
    /// The smallest increase that identical code does not show.
    pub above: Ratio,
    /// The increase that fails nine times of ten; `None` where nothing is limited.
    pub nine_of_ten: Option<Ratio>,
}

/// What an outlook rests on.
pub(super) struct Sight<'a> {
    pub(super) history: &'a History,
    pub(super) key: &'a Key,
    pub(super) groups: &'a [Group<'a>],
    pub(super) analysis: &'a Analysis,
    pub(super) limits: &'a Limits,
    /// When the run was measured.
    pub(super) now: Timestamp,
}

impl Sight<'_> {
    /// Today, each run until the baseline is no longer young, and five runs; only today where there
    /// are as many already.
    pub(super) fn outlooks(&self, memory_mb: MemoryMb, tail: Option<Tail>) -> Vec<Outlook> {
        let Some(size) = self.analysis.size(memory_mb) else {
            return Vec::new();
        };
        let today = self.groups.len();
        let later = (today + 1..=MATURE_RUNS).chain((today < MANY_RUNS).then_some(MANY_RUNS));
        let all = std::iter::once(today).chain(later);
        all.map(|runs| self.outlook(size, tail, runs)).collect()
    }

    fn outlook(&self, size: &SizeSummary, tail: Option<Tail>, runs: usize) -> Outlook {
        let more = runs.saturating_sub(self.groups.len());
        let epochs = self.history.by_epoch(self.key);
        let sizes = self.analysis.sizes.iter().map(|it| it.memory_mb);
        let noise = expected_noise(&epochs, sizes, self.groups.len(), more);
        let groups: Vec<Group<'_>> = self.groups.iter().cycle().take(runs).cloned().collect();
        let window = Window {
            groups: &groups,
            noise,
            noise_of_all: noise,
            pairs: None,
            analysis: self.analysis,
            today: self.analysis,
        };
        let latency = tail.and_then(|tail| {
            let change = window.compare_latency(size, tail)?;
            let tolerated = share(latency_tolerance(self.limits), change.baseline);
            Some((tail, Provable::of(&change.difference, tolerated)))
        });
        let cost = window.compare_cost(size).map(|change| {
            let tolerated = share(cost_tolerance(self.limits), change.baseline);
            Provable::of(&change.difference, tolerated)
        });
        Outlook {
            of: Measurements::Runs {
                count: runs,
                from: self.from(more),
            },
            latency,
            cost,
        }
    }

    fn from(&self, more: usize) -> Option<Timestamp> {
        let nights = i32::try_from(more.checked_sub(1)?).ok()?;
        let next = next_counts_from(self.groups.last()?)?.max(self.now);
        next.checked_add(NIGHT * nights).ok()
    }
}

/// What can be proven with the rounds that there are, and with twice as many.
pub(super) fn of_rounds(
    window: &Window<'_>,
    limits: &Limits,
    rounds: u32,
    (memory_mb, tail): (MemoryMb, Option<Tail>),
) -> Vec<Outlook> {
    let Some(size) = window.analysis.size(memory_mb) else {
        return Vec::new();
    };
    let latency = tail.and_then(|tail| Some((tail, window.compare_latency(size, tail)?)));
    let cost = window.compare_cost(size);
    let provable = |change: &Change, tolerance, times| {
        let difference = change.difference.of_rounds_times(f64::from(times));
        Provable::of(&difference, share(tolerance, change.baseline))
    };
    let outlook = |times: u32| Outlook {
        of: Measurements::Rounds(rounds * times),
        latency: latency.as_ref().map(|(tail, change)| {
            let it = provable(change, latency_tolerance(limits), times);
            (*tail, it)
        }),
        cost: cost
            .as_ref()
            .map(|change| provable(change, cost_tolerance(limits), times)),
    };
    let has_room = rounds.saturating_mul(2) <= MAX_ROUNDS;
    std::iter::once(1)
        .chain(has_room.then_some(2))
        .map(outlook)
        .collect()
}

/// A tolerance as a share of the baseline; `None` where there is none.
fn share(tolerance: Tolerance, baseline: Value) -> Option<Ratio> {
    match tolerance {
        Tolerance::Off => None,
        Tolerance::Relative(ratio) => Some(ratio),
        Tolerance::Absolute(value) => Some(Ratio(
            number(value) / number(baseline).max(f64::MIN_POSITIVE),
        )),
    }
}

impl Provable {
    pub(super) fn of(difference: &LogDifference, tolerated: Option<Ratio>) -> Self {
        let error = difference.standard_error;
        Self {
            above: difference.band(),
            nine_of_ten: tolerated.map(|tolerated| {
                let fails_above = (SIGMAS * error).max(tolerated.get().ln_1p());
                Ratio((fails_above + NINE_OF_TEN * error).exp_m1())
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{history, judged, model};
    use super::*;

    fn outlooks(runs: u32) -> Vec<Outlook> {
        let it = judged(&model(1.0), Some(&history(runs, model)), &Limits::default());
        it.baseline.unwrap().outlooks
    }

    fn runs_of(it: &Outlook) -> (usize, Option<Timestamp>) {
        match it.of {
            Measurements::Runs { count, from } => (count, from),
            Measurements::Rounds(_) => panic!("{it:?}"),
        }
    }

    #[test]
    fn each_run_to_come_proves_more_and_has_its_night() {
        let all = outlooks(1);
        assert_eq!(
            all.iter().map(|it| runs_of(it).0).collect::<Vec<_>>(),
            [1, 2, 3, 5]
        );
        let above: Vec<f64> = all
            .iter()
            .map(|it| it.latency.unwrap().1.above.get())
            .collect();
        assert!(above.is_sorted_by(|a, b| a > b), "{above:?}");
        assert!((0.39..0.45).contains(&above[0]), "{above:?}");
        assert!((0.10..0.20).contains(&above[3]), "{above:?}");
        for it in &all {
            let (_, latency) = it.latency.unwrap();
            assert!(latency.nine_of_ten.unwrap() > latency.above);
        }
        let from: Vec<String> = all
            .iter()
            .filter_map(|it| Some(runs_of(it).1?.to_string()))
            .collect();
        // The run of main is a day old: the next one counts at once.
        assert_eq!(
            from,
            [
                "2026-11-22T10:12:09Z",
                "2026-11-23T10:12:09Z",
                "2026-11-25T10:12:09Z"
            ]
        );
    }

    #[test]
    fn today_is_the_band_that_judges() {
        for runs in [1, 2, 3, 5] {
            let it = judged(&model(1.0), Some(&history(runs, model)), &Limits::default());
            let band = it.metrics.latency.compared().unwrap().band.increase;
            let today = it.baseline.as_ref().unwrap().outlooks[0];
            assert_eq!(runs_of(&today).1, None);
            assert!((today.latency.unwrap().1.above.get() - band.get()).abs() < 1e-12);
            let cost = it.metrics.cost.compared().unwrap().band.increase;
            assert!((today.cost.unwrap().above.get() - cost.get()).abs() < 1e-12);
        }
    }

    #[test]
    fn a_baseline_of_many_runs_has_no_future() {
        assert_eq!(outlooks(5).len(), 1);
        assert_eq!(outlooks(8).len(), 1);
    }
}
