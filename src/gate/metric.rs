//! One gated number: its value, its limit, and how the two compare.

use super::noise::{Comparison, MATURE_RUNS};
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// A band wider than this judges nothing.
pub(super) const WIDEST_BAND: f64 = 0.5;

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The recommended memory.
    RecommendedMemory,
    /// A latency quantile at the baseline's recommended size.
    Latency(Tail),
    /// Cost per million invocations at that size.
    CostPerMillion,
    /// Geometric mean over all sizes of the change of a latency quantile.
    LatencyAllSizes(Tail),
    /// Geometric mean over all sizes of the change of cost.
    CostAllSizes,
}

/// The number that stands for the tail: the highest quantile that the number of calls supports, or what takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// 99th percentile: from 891 calls.
    P99,
    /// 95th percentile: from 171 calls.
    P95,
    /// 90th percentile: from 81 calls.
    P90,
    /// Mean of the slowest 5 %: where p99 jumps from run to run.
    Slowest,
}

impl Tail {
    /// The highest quantile with `n (1 - p) >= 9 p`: its rank then lies three standard deviations within the data.
    pub const fn supported_by(calls: usize) -> Option<Self> {
        match calls {
            891.. => Some(Self::P99),
            171..=890 => Some(Self::P95),
            81..=170 => Some(Self::P90),
            0..=80 => None,
        }
    }

    /// What is judged where identical code strays too far in this one: never a number that the slowest 5 % do not
    /// move, or a regression of the tail alone would pass.
    pub(super) const fn stand_in(self) -> Option<Self> {
        match self {
            Self::P99 | Self::P95 => Some(Self::Slowest),
            Self::P90 | Self::Slowest => None,
        }
    }

    /// The fraction of a quantile, for example 0.99.
    pub const fn fraction(self) -> Option<f64> {
        match self {
            Self::P99 => Some(0.99),
            Self::P95 => Some(0.95),
            Self::P90 => Some(0.90),
            Self::Slowest => None,
        }
    }

    /// `p99`, or `slowest 5 %`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P99 => "p99",
            Self::P95 => "p95",
            Self::P90 => "p90",
            Self::Slowest => "slowest 5 %",
        }
    }
}

/// A value with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Memory of an endpoint.
    Memory(MemoryMb),
    /// A latency.
    Latency(LatencyMs),
    /// Money per million invocations.
    Cost(Usd),
    /// A relative change.
    Change(Ratio),
}

/// Which rule the limit comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The recommended memory may grow by this many megabytes.
    MemoryIncrease(u32),
    /// A tolerance relative to the baseline.
    Tolerance(Ratio),
    /// A tolerance in the unit of the metric.
    AbsoluteTolerance(Value),
    /// The noise band, which is wider than the tolerance.
    NoiseBand(Ratio),
    /// An absolute ceiling.
    Ceiling,
}

/// The largest value that is allowed, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Largest value allowed; for memory possibly larger than any size that exists.
    pub value: Value,
    /// The rule that decided.
    pub rule: Rule,
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
    /// Fewer than 81 calls.
    TooFewCalls,
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
    /// Beyond the tolerance, but identical code strays this far.
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
    /// The baseline's value.
    pub baseline: Option<Value>,
    /// This run's value.
    pub now: Option<Value>,
    /// Relative change.
    pub increase: Option<Ratio>,
    /// Identical code stays within this increase.
    pub band: Option<Ratio>,
    /// Identical code stays within this decrease, as a positive share.
    pub band_of_decrease: Option<Ratio>,
    /// The largest value allowed.
    pub limit: Option<Bound>,
    /// How they compare.
    pub status: Status,
}

impl MetricJudgement {
    /// A metric without a comparison: only a ceiling can fail it.
    pub fn not_compared(
        metric: Metric,
        memory_mb: Option<MemoryMb>,
        now: Option<Value>,
        reason: NotCompared,
    ) -> Self {
        let status = Status::NotCompared(reason);
        Self {
            metric,
            memory_mb,
            baseline: None,
            now,
            increase: None,
            band: None,
            band_of_decrease: None,
            limit: None,
            status,
        }
    }

    /// Switched off, when its tolerance is: what nobody asked for cannot leave the verdict open.
    pub(super) fn off_with(mut self, tolerance: Tolerance) -> Self {
        if tolerance == Tolerance::Off {
            self.status = Status::Off;
        }
        self
    }

    /// Adds an absolute ceiling on the value shown: it fails alone, and takes the place of a looser limit.
    pub(super) fn with_ceiling(self, ceiling: Option<Value>) -> Self {
        let now = self.now;
        self.with_ceiling_on(now, ceiling)
    }

    /// Adds an absolute ceiling on `headline`, which is another value than the one shown when a cost had to be
    /// compared by client latency. The limit shown then stays that of the comparison, unless the ceiling fails.
    pub(super) fn with_ceiling_on(
        mut self,
        headline: Option<Value>,
        ceiling: Option<Value>,
    ) -> Self {
        let (Some(ceiling), Some(now)) = (ceiling, headline) else {
            return self;
        };
        let shows = self.now == headline || number(now) > number(ceiling);
        if shows
            && self
                .limit
                .is_none_or(|bound| number(ceiling) < number(bound.value))
        {
            self.limit = Some(Bound {
                value: ceiling,
                rule: Rule::Ceiling,
            });
        }
        if number(now) > number(ceiling) {
            self.status = Status::Fail;
        } else if self.status == Status::Off {
            self.status = Status::Pass;
        }
        self
    }

    /// Whether the change, in either direction, is more than noise.
    pub fn is_outside_noise(&self) -> bool {
        // By the numbers, not by the status: a ceiling or a switched-off limit hides an improvement there.
        let (Some(increase), Some(band)) = (self.increase, self.band) else {
            return false;
        };
        let drop = self.band_of_decrease.unwrap_or(band);
        increase > band || -increase.get() > drop.get()
    }
}

/// The number of a value, in its own unit.
pub(super) fn number(value: Value) -> f64 {
    match value {
        Value::Memory(memory) => f64::from(memory.get()),
        Value::Latency(latency) => latency.get(),
        Value::Cost(cost) => cost.get(),
        Value::Change(change) => change.get(),
    }
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

/// Baseline and run of one metric, ready to be judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    /// What is judged.
    pub(super) metric: Metric,
    /// At which size.
    pub(super) memory_mb: Option<MemoryMb>,
    /// The baseline's value (geometric mean of its runs).
    pub(super) baseline: Value,
    /// This run's value.
    pub(super) now: Value,
    /// The comparison in ln units.
    pub(super) comparison: Comparison,
    /// Runs in the baseline.
    pub(super) runs: usize,
}

impl Change {
    /// Whether the band judges nothing. Most of a young baseline's band is the assumed run-to-run noise, which more runs
    /// of main will narrow, and a change within it is undecided for that reason: there, only this run's share counts.
    fn is_too_wide(&self) -> bool {
        let band = if self.runs < MATURE_RUNS {
            self.comparison.own_band()
        } else {
            self.comparison.band()
        };
        band.get() > WIDEST_BAND
    }
}

/// Judges an increase: it fails if and only if it exceeds both the tolerance and the noise band.
pub(super) fn judge_change(change: &Change, tolerance: Tolerance) -> MetricJudgement {
    let increase = change.comparison.increase();
    let band = change.comparison.band();
    let tolerated = match tolerance {
        Tolerance::Off => None,
        Tolerance::Relative(ratio) => Some(ratio),
        Tolerance::Absolute(value) => Some(Ratio(
            number(value) / number(change.baseline).max(f64::MIN_POSITIVE),
        )),
    };
    MetricJudgement {
        metric: change.metric,
        memory_mb: change.memory_mb,
        baseline: Some(change.baseline),
        now: Some(change.now),
        increase: Some(increase),
        band: Some(band),
        band_of_decrease: Some(change.comparison.band_of_decrease()),
        limit: tolerated.map(|tolerated| bound(change, tolerance, tolerated, band)),
        status: tolerated.map_or(Status::Off, |tolerated| {
            status(change, increase, tolerated, band)
        }),
    }
}

fn status(change: &Change, increase: Ratio, tolerated: Ratio, band: Ratio) -> Status {
    let missing_runs = MATURE_RUNS.saturating_sub(change.runs);
    if increase > tolerated && increase > band {
        Status::Fail
    } else if change.is_too_wide() {
        Status::Undecided(Undecided::BandTooWide)
    } else if increase > tolerated && missing_runs > 0 {
        Status::Undecided(Undecided::YoungBaseline { missing_runs })
    } else if increase > tolerated {
        Status::WithinNoise
    } else if change.comparison.is_improvement() {
        Status::Improved
    } else {
        Status::Pass
    }
}

fn bound(change: &Change, tolerance: Tolerance, tolerated: Ratio, band: Ratio) -> Bound {
    let rule = match tolerance {
        _ if band > tolerated => Rule::NoiseBand(band),
        Tolerance::Absolute(value) => Rule::AbsoluteTolerance(value),
        Tolerance::Relative(_) | Tolerance::Off => Rule::Tolerance(tolerated),
    };
    let allowed = if band > tolerated { band } else { tolerated };
    let grown = |value: f64| value * (1.0 + allowed.get());
    let value = match change.baseline {
        Value::Latency(latency) => Value::Latency(LatencyMs(grown(latency.get()))),
        Value::Cost(cost) => Value::Cost(Usd(grown(cost.get()))),
        // A change over all sizes has no value of its own: the limit is the change allowed.
        Value::Change(_) => Value::Change(allowed),
        Value::Memory(memory) => Value::Memory(memory),
    };
    Bound { value, rule }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A p99 of 100 ms in the baseline and `100 e^difference` now.
    fn change(difference: f64, standard_error: f64, runs: usize) -> Change {
        Change {
            metric: Metric::Latency(Tail::P99),
            memory_mb: Some(MemoryMb::OFFERED[1]),
            baseline: Value::Latency(LatencyMs(100.0)),
            now: Value::Latency(LatencyMs(100.0 * difference.exp())),
            comparison: Comparison {
                difference,
                own_error: 0.0,
                standard_error,
                error_of_decrease: standard_error,
            },
            runs,
        }
    }

    fn ten_percent(difference: f64, standard_error: f64, runs: usize) -> MetricJudgement {
        judge_change(
            &change(difference, standard_error, runs),
            Tolerance::Relative(Ratio(0.10)),
        )
    }

    #[test]
    fn an_increase_fails_only_beyond_tolerance_and_band() {
        let cases = [
            (0.05, 0.01, 5, Status::Pass),
            (0.20, 0.01, 5, Status::Fail),
            (0.12, 0.05, 5, Status::WithinNoise),
            (
                0.12,
                0.05,
                1,
                Status::Undecided(Undecided::YoungBaseline { missing_runs: 2 }),
            ),
            (0.00, 0.20, 5, Status::Undecided(Undecided::BandTooWide)),
            (0.90, 0.20, 5, Status::Fail),
            (-0.20, 0.01, 5, Status::Improved),
            (-0.02, 0.01, 5, Status::Pass),
        ];
        for (difference, error, runs, status) in cases {
            assert_eq!(
                ten_percent(difference, error, runs).status,
                status,
                "{difference} ± {error}"
            );
        }
    }

    #[test]
    fn the_limit_beside_the_value_is_the_one_that_decided() {
        let by_tolerance = ten_percent(0.0, 0.01, 5).limit.unwrap();
        assert!((number(by_tolerance.value) - 110.0).abs() < 1e-9);
        assert_eq!(by_tolerance.rule, Rule::Tolerance(Ratio(0.10)));
        let by_noise = ten_percent(0.0, 0.05, 5).limit.unwrap();
        assert!((number(by_noise.value) - 100.0 * (0.15_f64).exp()).abs() < 1e-9);
        assert!(matches!(by_noise.rule, Rule::NoiseBand(_)));
    }

    #[test]
    fn an_absolute_tolerance_is_measured_against_the_baseline() {
        let tolerance = Tolerance::Absolute(Value::Latency(LatencyMs(20.0)));
        let within = judge_change(&change(0.17, 0.01, 5), tolerance);
        let beyond = judge_change(&change(0.19, 0.01, 5), tolerance);
        assert_eq!((within.status, beyond.status), (Status::Pass, Status::Fail));
        assert!((number(within.limit.unwrap().value) - 120.0).abs() < 1e-9);
    }

    #[test]
    fn a_ceiling_fails_alone_and_shows_when_it_is_the_tighter_limit() {
        let ceiling = Some(Value::Latency(LatencyMs(105.0)));
        let beyond = ten_percent(0.08, 0.01, 5).with_ceiling(ceiling);
        assert_eq!(
            (beyond.status, beyond.limit.unwrap().rule),
            (Status::Fail, Rule::Ceiling)
        );
        let loose = ten_percent(0.08, 0.01, 5).with_ceiling(Some(Value::Latency(LatencyMs(500.0))));
        assert_eq!(loose.status, Status::Pass);
        assert_eq!(loose.limit.unwrap().rule, Rule::Tolerance(Ratio(0.10)));
        let off = judge_change(&change(0.9, 0.01, 5), Tolerance::Off);
        assert_eq!(off.status, Status::Off);
        assert_eq!(
            off.with_ceiling(Some(Value::Latency(LatencyMs(500.0))))
                .status,
            Status::Pass
        );
    }

    #[test]
    fn the_quantile_falls_back_with_fewer_calls() {
        let names = [1000, 891, 890, 171, 170, 81, 80, 0]
            .map(|calls| Tail::supported_by(calls).map_or("none", Tail::name));
        assert_eq!(
            names,
            ["p99", "p99", "p95", "p95", "p90", "p90", "none", "none"]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_value_within_the_shown_limit_never_fails_and_one_beyond_it_always_does(
            difference in -1.0..2.0_f64, error in 0.0..0.5_f64, runs in 1_usize..10
        ) {
            let judged = ten_percent(difference, error, runs);
            let (now, limit) = (number(judged.now.unwrap()), number(judged.limit.unwrap().value));
            prop_assume!((now - limit).abs() > 1e-6);
            prop_assert_eq!(judged.status == Status::Fail, now > limit);
        }
    }
}
