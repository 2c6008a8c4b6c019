//! A failure of latency or cost alone is measured again before it is published: it fails if both
//! measurements together do.

use super::change::{Change, judge_change};
use super::comparison::{CeilingOutcome, Compared, Comparison, MetricJudgement, Status, Tolerance};
use super::limits::Limits;
use super::metric::{Value, number};
use super::noise::{Between, LogDifference};
use super::window::{cost_tolerance, latency_tolerance};
use super::{Evidence, Gated, Judgement, Notice, Overall, Verdict};
use crate::result::RunResult;
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// The second measurement alone must be beyond this share of the tolerance: one measurement that
/// is far off must not fail both.
const SHARE_OF_TOLERANCE: f64 = 0.5;

/// The sizes to measure again before a failure is published; none where it is not latency or cost
/// alone that fails, or where the run was stopped because its failure was certain.
pub fn sizes_to_confirm(judgement: &Judgement, run: &RunResult) -> Vec<MemoryMb> {
    let is_confirmable = judgement.verdict == Verdict::Fail
        && !judgement.metrics.memory.fails()
        && !judgement.is_stopped_early()
        && run.confirmation.is_none();
    if !is_confirmable {
        return Vec::new();
    }
    if judgement.overall.iter().any(MetricJudgement::fails) {
        let sizes = run.pooled();
        return sizes.measured().map(|it| it.memory_mb).collect();
    }
    let failing = judgement.metrics.iter().filter(|it| it.fails());
    let mut sizes: Vec<MemoryMb> = failing.filter_map(|it| it.memory_mb).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// The judgement of both measurements together. Memory and all that only the first has measured
/// stay as they are.
pub(super) fn together(first: Judgement, second: &Judgement, limits: &Limits) -> Judgement {
    let latency = Rules {
        tolerance: latency_tolerance(limits),
    };
    let cost = Rules {
        tolerance: cost_tolerance(limits),
    };
    let metrics = Gated {
        memory: first.metrics.memory,
        latency: latency.both(&first.metrics.latency, &second.metrics.latency),
        cost: cost.both(&first.metrics.cost, &second.metrics.cost),
    };
    let overall = Overall {
        latency: latency.over_all(first.overall.latency, second.overall.latency),
        cost: cost.over_all(first.overall.cost, second.overall.cost),
    };
    let evidence = Evidence {
        recommended: first.recommended,
        metrics,
        overall,
        baseline: first.baseline,
        unlike: first.unlike,
        notices: first.notices,
    };
    let mut judgement = Judgement {
        stored: first.stored,
        ..Judgement::new(evidence, first.origin)
    };
    judgement.notices.push(Notice::MeasuredTwice {
        fails: judgement.verdict == Verdict::Fail,
    });
    judgement
}

/// What a metric is held to.
struct Rules {
    tolerance: Tolerance,
}

impl Rules {
    /// Only where the second measurement has the same sizes; over fewer it says something else.
    fn over_all(
        &self,
        first: Option<MetricJudgement>,
        second: Option<MetricJudgement>,
    ) -> Option<MetricJudgement> {
        let first = first?;
        match second {
            Some(second) if first.fails() => Some(self.both(&first, &second)),
            Some(_) | None => Some(first),
        }
    }

    fn both(&self, first: &MetricJudgement, second: &MetricJudgement) -> MetricJudgement {
        // Where the tail is judged by another measure the second time, each counts for itself.
        if first.metric != second.metric {
            return if second.fails() { *first } else { *second };
        }
        match (first.comparison, second.comparison) {
            (Comparison::Compared(one), Comparison::Compared(other)) => {
                self.compared(first, second, &one, &other)
            }
            (Comparison::Bounded { now, .. }, Comparison::Bounded { now: again, .. }) => {
                let bare = MetricJudgement {
                    comparison: Comparison::NotCompared {
                        baseline: None,
                        now: Some(between(now, again, EVEN)),
                    },
                    // Both above the ceiling are so together.
                    status: if first.fails() {
                        second.status
                    } else {
                        first.status
                    },
                    ..*first
                };
                Self::under_ceiling(bare, first, second, EVEN)
            }
            // What cannot be measured again stands.
            (
                Comparison::Compared(_)
                | Comparison::Bounded { .. }
                | Comparison::Sizes { .. }
                | Comparison::NotCompared { .. },
                _,
            ) => *first,
        }
    }

    fn compared(
        &self,
        first: &MetricJudgement,
        second: &MetricJudgement,
        one: &Compared,
        other: &Compared,
    ) -> MetricJudgement {
        let share = share_of_first(one.between, other.between);
        let change = Change {
            metric: first.metric,
            memory_mb: first.memory_mb,
            baseline: match one.between {
                Between::Runs(_) => one.baseline,
                // Each was measured beside its own.
                Between::Pairs(_) => between(one.baseline, other.baseline, share),
            },
            now: between(one.now, other.now, share),
            difference: mean_of(one, other, share),
            between: both(one.between, other.between),
        };
        let judged = judge_change(&change, self.tolerance);
        let strays = judged.fails() && !self.is_clearly_beyond(other);
        let judged = if strays {
            MetricJudgement {
                status: Status::WithinNoise,
                ..judged
            }
        } else {
            judged
        };
        Self::under_ceiling(judged, first, second, share)
    }

    /// The number held against the ceiling is that of both, too, and may be another than the one
    /// compared. A second measurement of too few calls decides nothing.
    fn under_ceiling(
        judged: MetricJudgement,
        first: &MetricJudgement,
        second: &MetricJudgement,
        share: f64,
    ) -> MetricJudgement {
        let (Some(one), Some(other)) = (first.ceiling, second.ceiling) else {
            return judged;
        };
        let now = between(one.now, other.now, share);
        if other.outcome == CeilingOutcome::Open {
            judged.with_open_ceiling(now, one.allowed)
        } else {
            judged.with_ceiling_on(Some(now), Some(one.allowed))
        }
    }

    fn is_clearly_beyond(&self, again: &Compared) -> bool {
        let tolerated = match self.tolerance {
            Tolerance::Off => return false,
            Tolerance::Relative(ratio) => ratio,
            Tolerance::Absolute(value) => {
                Ratio(number(value) / number(again.baseline).max(f64::MIN_POSITIVE))
            }
        };
        again.increase.get() > SHARE_OF_TOLERANCE * tolerated.get()
    }
}

/// The first measurement's share of both together, where each is one run.
const EVEN: f64 = 0.5;

/// The first measurement's share of both together: pairs count each.
fn share_of_first(one: Between, other: Between) -> f64 {
    match (one, other) {
        (Between::Pairs(one), Between::Pairs(other)) => {
            let (one, other) = (f64::from(one.max(1)), f64::from(other.max(1)));
            one / (one + other)
        }
        (Between::Runs(_) | Between::Pairs(_), _) => EVEN,
    }
}

const fn both(one: Between, other: Between) -> Between {
    match (one, other) {
        (Between::Pairs(one), Between::Pairs(other)) => Between::Pairs(one.saturating_add(other)),
        (Between::Runs(_) | Between::Pairs(_), _) => one,
    }
}

/// The mean of two differences, of which the first has this share. Their own sampling errors are
/// independent. So is the noise between pairs, which are fresh ones; that from run to run counts in
/// full, as both were measured in the same hour and are compared with the same baseline.
fn mean_of(one: &Compared, other: &Compared, share: f64) -> LogDifference {
    let (from, to) = (one.difference, other.difference);
    let rest = 1.0 - share;
    let independent = |a: f64, b: f64| (share * a).mul_add(share * a, (rest * b).powi(2));
    let own_error = independent(from.own_error, to.own_error).sqrt();
    let between_runs =
        |it: LogDifference, error: f64| (error * error - it.own_error * it.own_error).max(0.0);
    let error = |of: fn(&LogDifference) -> f64| {
        let (a, b) = (between_runs(from, of(&from)), between_runs(to, of(&to)));
        let noise = match one.between {
            Between::Runs(_) => share * a + rest * b,
            Between::Pairs(_) => independent(a.sqrt(), b.sqrt()),
        };
        own_error.mul_add(own_error, noise).sqrt()
    };
    LogDifference {
        difference: share.mul_add(from.difference, rest * to.difference),
        own_error,
        standard_error: error(|it| it.standard_error),
        error_of_decrease: error(|it| it.error_of_decrease),
    }
}

/// The geometric mean of two values of one kind, of which the first has this share; of two changes
/// that of their factors.
fn between(one: Value, other: Value, share: f64) -> Value {
    let mean = |a: f64, b: f64| a.max(0.0).powf(share) * b.max(0.0).powf(1.0 - share);
    match (one, other) {
        (Value::Latency(a), Value::Latency(b)) => Value::Latency(LatencyMs(mean(a.get(), b.get()))),
        (Value::Cost(a), Value::Cost(b)) => Value::Cost(Usd(mean(a.get(), b.get()))),
        (Value::Change(a), Value::Change(b)) => {
            Value::Change(Ratio(mean(1.0 + a.get(), 1.0 + b.get()) - 1.0))
        }
        (Value::Memory(_) | Value::Latency(_) | Value::Cost(_) | Value::Change(_), _) => one,
    }
}
