//! A failure of latency or cost alone is measured again before it is published: it fails if both
//! measurements together do.

use super::change::{Change, judge_change};
use super::comparison::{CeilingOutcome, Compared, Comparison, MetricJudgement, Status, Tolerance};
use super::limits::Limits;
use super::metric::{Value, number};
use super::noise::LogDifference;
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
        return run.measured().map(|it| it.memory_mb).collect();
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
    let runs = first.baseline.as_ref().map_or(0, |baseline| baseline.runs);
    let latency = Rules {
        tolerance: latency_tolerance(limits),
        runs,
    };
    let cost = Rules {
        tolerance: cost_tolerance(limits),
        runs,
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
    let mut judgement = Judgement::new(evidence, first.origin.clone());
    judgement.notices.push(Notice::MeasuredTwice {
        fails: judgement.verdict == Verdict::Fail,
    });
    judgement
}

/// What a metric is held to.
struct Rules {
    tolerance: Tolerance,
    /// Runs in the baseline.
    runs: usize,
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
                        now: Some(between(now, again)),
                    },
                    // Both above the ceiling are so together.
                    status: if first.fails() {
                        second.status
                    } else {
                        first.status
                    },
                    ..*first
                };
                Self::under_ceiling(bare, first, second)
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
        let change = Change {
            metric: first.metric,
            memory_mb: first.memory_mb,
            baseline: one.baseline,
            now: between(one.now, other.now),
            difference: mean_of(&one.difference, &other.difference),
            runs: self.runs,
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
        Self::under_ceiling(judged, first, second)
    }

    /// The number held against the ceiling is that of both, too, and may be another than the one
    /// compared. A second measurement of too few calls decides nothing.
    fn under_ceiling(
        judged: MetricJudgement,
        first: &MetricJudgement,
        second: &MetricJudgement,
    ) -> MetricJudgement {
        let (Some(one), Some(other)) = (first.ceiling, second.ceiling) else {
            return judged;
        };
        let now = between(one.now, other.now);
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

/// The mean of two differences from the same baseline. Their own sampling errors are independent;
/// the noise from run to run counts in full, as both were measured in the same hour.
fn mean_of(one: &LogDifference, other: &LogDifference) -> LogDifference {
    let squared = |a: f64, b: f64| a.mul_add(a, b * b);
    let own_error = squared(one.own_error, other.own_error).sqrt() / 2.0;
    let between_runs =
        |it: &LogDifference, error: f64| (error * error - it.own_error * it.own_error).max(0.0);
    let error = |of: fn(&LogDifference) -> f64| {
        let noise = f64::midpoint(between_runs(one, of(one)), between_runs(other, of(other)));
        own_error.mul_add(own_error, noise).sqrt()
    };
    LogDifference {
        difference: f64::midpoint(one.difference, other.difference),
        own_error,
        standard_error: error(|it| it.standard_error),
        error_of_decrease: error(|it| it.error_of_decrease),
    }
}

/// The geometric mean of two values of one kind; of two changes that of their factors.
fn between(one: Value, other: Value) -> Value {
    let mean = |a: f64, b: f64| (a.max(0.0) * b.max(0.0)).sqrt();
    match (one, other) {
        (Value::Latency(a), Value::Latency(b)) => Value::Latency(LatencyMs(mean(a.get(), b.get()))),
        (Value::Cost(a), Value::Cost(b)) => Value::Cost(Usd(mean(a.get(), b.get()))),
        (Value::Change(a), Value::Change(b)) => {
            Value::Change(Ratio(mean(1.0 + a.get(), 1.0 + b.get()) - 1.0))
        }
        (Value::Memory(_) | Value::Latency(_) | Value::Cost(_) | Value::Change(_), _) => one,
    }
}
