//! One gated number: what it is held against, its limit, and what follows.

use super::metric::{Metric, Value, number};
use super::noise::{Between, LogDifference};
use crate::result::Cause;
use crate::units::{MemoryMb, Ratio};

/// Which rule the limit comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The recommended memory may grow by this many megabytes.
    MemoryIncrease(u32),
    /// A tolerance relative to the baseline.
    Tolerance(Ratio),
    /// A tolerance in the unit of the metric.
    AbsoluteTolerance(Value),
    /// The noise band, which is wider than the tolerance: less cannot be proven.
    NoiseBand {
        /// What can be proven.
        band: Ratio,
        /// What was wanted: a share, or an amount in the unit of the metric.
        tolerance: Value,
    },
    /// An absolute ceiling.
    Ceiling,
}

/// What a metric may grow by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tolerance {
    /// Not judged.
    Off,
    /// Relative to the baseline.
    Relative(Ratio),
    /// In the unit of the metric.
    Absolute(Value),
}

/// The largest value that is allowed, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Largest value allowed; for memory possibly larger than any size that exists.
    pub value: Value,
    /// The rule that decided.
    pub rule: Rule,
}

/// An absolute ceiling, and the number that was held against it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceiling {
    /// The number: the judged one, except where another one is compared with the baseline.
    pub now: Value,
    /// The largest number allowed.
    pub allowed: Value,
    /// The smallest ceiling that the run would keep.
    pub kept_from: Value,
    /// What follows.
    pub outcome: CeilingOutcome,
}

/// How a number and its ceiling compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeilingOutcome {
    /// Within.
    Kept,
    /// Above.
    Exceeded,
    /// Too few calls to say: p99 of the calls is no more than an indication.
    Open,
}

impl Bound {
    pub(super) const fn ceiling(value: Value) -> Self {
        Self {
            value,
            rule: Rule::Ceiling,
        }
    }
}

/// Why a metric was not compared with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCompared {
    /// There is no baseline.
    NoBaseline,
    /// The baseline was measured with other settings.
    UnlikeSettings,
    /// The baseline's recommended size was not measured now.
    SizeNotMeasured,
    /// A size that decides could not be judged, and that is not the model's doing.
    NotTheModel(Cause),
    /// Fewer than 81 calls.
    TooFewCalls,
    /// The reference, which was to be measured in turn, was not measured where it decides.
    ReferenceNotMeasured,
    /// No size was measured.
    NothingMeasured,
    /// The run was stopped because another metric was certain to fail.
    StoppedEarly,
}

/// Why a comparison decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecided {
    /// The noise band is wider than 50 %.
    BandTooWide,
    /// There are too few calls to hold p99 to its ceiling.
    TooFewForCeiling,
    /// Beyond the limit, but for the client alone: the server's clock stood still.
    ServerStoodStill,
    /// Beyond the limit, but only by calls during which this machine stalled.
    RunnerStalled,
    /// Beyond the limit, in containers of a machine that other programs kept busy.
    BusyMachine,
    /// Beyond the tolerance, within the band, and the baseline has fewer than three runs.
    YoungBaseline {
        /// Runs that the baseline needs in addition.
        missing_runs: usize,
    },
}

/// How value and limit compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Within the limit.
    Pass,
    /// Below the baseline by more than noise.
    Improved,
    /// Beyond the limit.
    Fail,
    /// Beyond the tolerance, but identical code varies as much.
    WithinNoise,
    /// The comparison decides nothing.
    Undecided(Undecided),
    /// Nothing to compare with.
    NotCompared(NotCompared),
    /// Switched off.
    Off,
}

/// One judged metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricJudgement {
    /// What is judged.
    pub metric: Metric,
    /// The size at which it is judged; `None` for a metric over all sizes.
    pub memory_mb: Option<MemoryMb>,
    /// What this run's value was held against.
    pub comparison: Comparison,
    /// The ceiling, where there is one.
    pub ceiling: Option<Ceiling>,
    /// What follows from the comparison and the ceiling.
    pub status: Status,
}

/// What this run's value is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Comparison {
    /// The baseline's value, with the noise of both.
    Compared(Compared),
    /// The size that the baseline recommends: a size has no noise.
    Sizes {
        /// The baseline's size.
        baseline: MemoryMb,
        /// This run's size.
        now: MemoryMb,
        /// The largest size allowed; `None` where memory is not limited.
        limit: Option<Bound>,
    },
    /// An absolute ceiling and nothing else.
    Bounded {
        /// This run's value.
        now: Value,
        /// The largest value allowed.
        ceiling: Value,
    },
    /// Nothing.
    NotCompared {
        /// The baseline's value, where it is known.
        baseline: Option<Value>,
        /// This run's value, where it is known.
        now: Option<Value>,
    },
}

/// A value beside the baseline's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// The baseline's value: the geometric mean of its runs.
    pub baseline: Value,
    /// This run's value.
    pub now: Value,
    /// Relative change.
    pub increase: Ratio,
    /// The same in ln units, with its errors.
    pub(super) difference: LogDifference,
    /// What the noise in it is between.
    pub(super) between: Between,
    /// How much identical code varies.
    pub band: Band,
    /// The increase that is wanted at most; `None` where any is allowed.
    pub tolerance: Option<Ratio>,
    /// The largest value allowed; `None` where nothing limits it.
    pub limit: Option<Bound>,
}

/// How much the value of identical code varies (3 sigma).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Identical code stays within this increase.
    pub increase: Ratio,
    /// Identical code stays within this decrease, as a positive share.
    pub decrease: Ratio,
}

impl MetricJudgement {
    /// A metric without a comparison: only a ceiling can fail it.
    pub fn not_compared(
        metric: Metric,
        memory_mb: Option<MemoryMb>,
        now: Option<Value>,
        reason: NotCompared,
    ) -> Self {
        Self {
            metric,
            memory_mb,
            comparison: Comparison::NotCompared {
                baseline: None,
                now,
            },
            ceiling: None,
            status: Status::NotCompared(reason),
        }
    }

    /// The same numbers, from which nothing follows: what decides is not the model's doing.
    pub(super) const fn not_the_model(self, cause: Cause) -> Self {
        Self {
            status: Status::NotCompared(NotCompared::NotTheModel(cause)),
            ..self
        }
    }

    /// Whether it is beyond its limit.
    pub const fn fails(&self) -> bool {
        matches!(self.status, Status::Fail)
    }

    /// The comparison with the baseline's value, where there is one.
    pub const fn compared(&self) -> Option<&Compared> {
        match &self.comparison {
            Comparison::Compared(it) => Some(it),
            Comparison::Sizes { .. }
            | Comparison::Bounded { .. }
            | Comparison::NotCompared { .. } => None,
        }
    }

    /// The baseline's value, where it is known.
    pub const fn baseline(&self) -> Option<Value> {
        match self.comparison {
            Comparison::Compared(it) => Some(it.baseline),
            Comparison::Sizes { baseline, .. } => Some(Value::Memory(baseline)),
            Comparison::Bounded { .. } => None,
            Comparison::NotCompared { baseline, .. } => baseline,
        }
    }

    /// This run's value, where it is known.
    pub const fn now(&self) -> Option<Value> {
        match self.comparison {
            Comparison::Compared(it) => Some(it.now),
            Comparison::Sizes { now, .. } => Some(Value::Memory(now)),
            Comparison::Bounded { now, .. } => Some(now),
            Comparison::NotCompared { now, .. } => now,
        }
    }

    /// The largest value allowed, where anything limits it.
    pub const fn limit(&self) -> Option<Bound> {
        match self.comparison {
            Comparison::Compared(it) => it.limit,
            Comparison::Sizes { limit, .. } => limit,
            Comparison::Bounded { ceiling, .. } => Some(Bound::ceiling(ceiling)),
            Comparison::NotCompared { .. } => None,
        }
    }

    /// The ceiling that the run is above.
    pub fn exceeded_ceiling(&self) -> Option<Ceiling> {
        self.ceiling
            .filter(|it| it.outcome == CeilingOutcome::Exceeded && self.fails())
    }

    /// The same where the ceiling is the limit that is shown.
    pub fn above_ceiling(&self) -> Option<Ceiling> {
        self.limit().filter(|bound| bound.rule == Rule::Ceiling)?;
        self.exceeded_ceiling()
    }

    /// The increase, where it is beyond tolerance and noise: it fails whatever the ceiling says.
    pub fn excessive_increase(&self) -> Option<Ratio> {
        let it = self.compared().filter(|_| self.fails())?;
        let is_beyond = it.increase > it.tolerance? && it.increase > it.band.increase;
        is_beyond.then_some(it.increase)
    }

    /// Switched off, when its tolerance is: a metric that is not limited cannot leave the verdict
    /// open.
    pub(super) fn off_with(mut self, tolerance: Tolerance) -> Self {
        if tolerance == Tolerance::Off {
            self.status = Status::Off;
        }
        self
    }

    /// Adds an absolute ceiling on the value shown: it fails alone, and takes the place of a looser
    /// limit.
    pub(super) fn with_ceiling(self, ceiling: Option<Value>) -> Self {
        let now = self.now();
        self.with_ceiling_on(now, ceiling)
    }

    /// Adds an absolute ceiling on `headline`, which is another value than the one shown when a
    /// cost had to be compared by client latency. The limit shown then stays that of the
    /// comparison, unless the ceiling fails.
    pub(super) fn with_ceiling_on(
        mut self,
        headline: Option<Value>,
        ceiling: Option<Value>,
    ) -> Self {
        let (Some(ceiling), Some(headline)) = (ceiling, headline) else {
            return self;
        };
        let is_above = number(headline) > number(ceiling);
        let outcome = if is_above {
            CeilingOutcome::Exceeded
        } else {
            CeilingOutcome::Kept
        };
        self.ceiling = Some(Ceiling {
            now: headline,
            allowed: ceiling,
            kept_from: headline,
            outcome,
        });
        match &mut self.comparison {
            Comparison::Compared(it) => {
                let is_tighter = |bound: Bound| number(ceiling) < number(bound.value);
                if (it.now == headline || is_above) && it.limit.is_none_or(is_tighter) {
                    it.limit = Some(Bound::ceiling(ceiling));
                }
            }
            Comparison::NotCompared { now: Some(now), .. } => {
                self.comparison = Comparison::Bounded { now: *now, ceiling };
            }
            Comparison::NotCompared { now: None, .. }
            | Comparison::Sizes { .. }
            | Comparison::Bounded { .. } => {}
        }
        if is_above {
            self.status = Status::Fail;
        } else if self.status == Status::Off {
            self.status = Status::Pass;
        }
        self
    }

    /// Adds a ceiling that the calls are too few to say anything about.
    pub(super) fn with_open_ceiling(mut self, now: Value, ceiling: Value) -> Self {
        self.ceiling = Some(Ceiling {
            now,
            allowed: ceiling,
            kept_from: now,
            outcome: CeilingOutcome::Open,
        });
        if let Comparison::NotCompared { now: Some(now), .. } = self.comparison {
            self.comparison = Comparison::Bounded { now, ceiling };
        }
        if !self.fails() {
            self.status = Status::Undecided(Undecided::TooFewForCeiling);
        }
        self
    }

    /// Whether the change, in either direction, is more than noise.
    pub fn is_outside_noise(&self) -> bool {
        // By the numbers, not by the status: a ceiling or a switched-off limit hides an improvement
        // there.
        self.compared().is_some_and(|it| {
            it.increase > it.band.increase || -it.increase.get() > it.band.decrease.get()
        })
    }
}
