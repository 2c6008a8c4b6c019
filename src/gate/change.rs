//! An increase beside its tolerance and its noise band.

use super::comparison::{
    Band, Bound, Compared, Comparison, MetricJudgement, Rule, Status, Tolerance, Undecided,
};
use super::metric::{Metric, Value, number};
use super::noise::{Between, LogDifference};
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// A band wider than this judges nothing.
pub(super) const WIDEST_BAND: f64 = 0.5;

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
    /// The difference in ln units.
    pub(super) difference: LogDifference,
    /// What the noise is between.
    pub(super) between: Between,
}

impl Change {
    /// Whether the band judges nothing. Most of a young baseline's band is the assumed run-to-run
    /// noise, which more runs of main will narrow, and a change within it is undecided for that
    /// reason: there, only this run's share counts.
    fn is_too_wide(&self) -> bool {
        let band = if self.between.missing_runs() > 0 {
            self.difference.own_band()
        } else {
            self.difference.band()
        };
        band.get() > WIDEST_BAND
    }
}

/// Judges an increase: it fails if and only if it exceeds both the tolerance and the noise band.
pub(super) fn judge_change(change: &Change, tolerance: Tolerance) -> MetricJudgement {
    let increase = change.difference.increase();
    let band = change.difference.band();
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
        comparison: Comparison::Compared(Compared {
            baseline: change.baseline,
            now: change.now,
            increase,
            difference: change.difference,
            between: change.between,
            band: Band {
                increase: band,
                decrease: change.difference.band_of_decrease(),
            },
            tolerance: tolerated,
            limit: tolerated.map(|tolerated| bound(change, tolerance, tolerated, band)),
        }),
        ceiling: None,
        status: tolerated.map_or(Status::Off, |tolerated| {
            status(change, increase, tolerated, band)
        }),
    }
}

fn status(change: &Change, increase: Ratio, tolerated: Ratio, band: Ratio) -> Status {
    let missing_runs = change.between.missing_runs();
    if increase > tolerated && increase > band {
        Status::Fail
    } else if change.is_too_wide() {
        Status::Undecided(Undecided::BandTooWide)
    } else if increase > tolerated && missing_runs > 0 {
        Status::Undecided(Undecided::YoungBaseline { missing_runs })
    } else if increase > tolerated {
        Status::WithinNoise
    } else if change.difference.is_improvement() {
        Status::Improved
    } else {
        Status::Pass
    }
}

fn bound(change: &Change, tolerance: Tolerance, tolerated: Ratio, band: Ratio) -> Bound {
    let rule = match tolerance {
        Tolerance::Absolute(tolerance) if band > tolerated => Rule::NoiseBand { band, tolerance },
        _ if band > tolerated => Rule::NoiseBand {
            band,
            tolerance: Value::Change(tolerated),
        },
        Tolerance::Absolute(value) => Rule::AbsoluteTolerance(value),
        Tolerance::Relative(_) | Tolerance::Off => Rule::Tolerance(tolerated),
    };
    let allowed = if band > tolerated { band } else { tolerated };
    let grown = |value: f64| value * (1.0 + allowed.get());
    let value = match change.baseline {
        Value::Latency(latency) => Value::Latency(LatencyMs(grown(latency.get()))),
        Value::Cost(cost) => Value::Cost(Usd(grown(cost.get()))),
        // A change over all sizes has no value: the limit is the change allowed.
        Value::Change(_) => Value::Change(allowed),
        Value::Memory(memory) => Value::Memory(memory),
    };
    Bound { value, rule }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gate::Tail;

    /// A p99 of 100 ms in the baseline and `100 e^difference` now.
    fn change(difference: f64, standard_error: f64, runs: usize) -> Change {
        Change {
            metric: Metric::Latency(Tail::P99),
            memory_mb: Some(MemoryMb::OFFERED[1]),
            baseline: Value::Latency(LatencyMs(100.0)),
            now: Value::Latency(LatencyMs(100.0 * difference.exp())),
            difference: LogDifference {
                difference,
                own_error: 0.0,
                standard_error,
                error_of_decrease: standard_error,
            },
            between: Between::Runs(runs),
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
        let by_tolerance = ten_percent(0.0, 0.01, 5).limit().unwrap();
        assert!((number(by_tolerance.value) - 110.0).abs() < 1e-9);
        assert_eq!(by_tolerance.rule, Rule::Tolerance(Ratio(0.10)));
        let by_noise = ten_percent(0.0, 0.05, 5).limit().unwrap();
        assert!((number(by_noise.value) - 100.0 * (0.15_f64).exp()).abs() < 1e-9);
        assert!(matches!(
            by_noise.rule,
            Rule::NoiseBand {
                tolerance: Value::Change(Ratio(0.10)),
                ..
            }
        ));
    }

    #[test]
    fn an_absolute_tolerance_is_measured_against_the_baseline() {
        let tolerance = Tolerance::Absolute(Value::Latency(LatencyMs(20.0)));
        let within = judge_change(&change(0.17, 0.01, 5), tolerance);
        let beyond = judge_change(&change(0.19, 0.01, 5), tolerance);
        assert_eq!((within.status, beyond.status), (Status::Pass, Status::Fail));
        assert!((number(within.limit().unwrap().value) - 120.0).abs() < 1e-9);
    }

    #[test]
    fn a_ceiling_fails_alone_and_shows_when_it_is_the_tighter_limit() {
        let ceiling = Some(Value::Latency(LatencyMs(105.0)));
        let beyond = ten_percent(0.08, 0.01, 5).with_ceiling(ceiling);
        assert_eq!(
            (beyond.status, beyond.limit().unwrap().rule),
            (Status::Fail, Rule::Ceiling)
        );
        let loose = ten_percent(0.08, 0.01, 5).with_ceiling(Some(Value::Latency(LatencyMs(500.0))));
        assert_eq!(loose.status, Status::Pass);
        assert_eq!(loose.limit().unwrap().rule, Rule::Tolerance(Ratio(0.10)));
        let off = judge_change(&change(0.9, 0.01, 5), Tolerance::Off);
        assert_eq!(off.status, Status::Off);
        assert_eq!(
            off.with_ceiling(Some(Value::Latency(LatencyMs(500.0))))
                .status,
            Status::Pass
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_value_within_the_shown_limit_never_fails_and_one_beyond_it_always_does(
            difference in -1.0..2.0_f64, error in 0.0..0.5_f64, runs in 1_usize..10
        ) {
            let judged = ten_percent(difference, error, runs);
            let (now, limit) = (number(judged.now().unwrap()), number(judged.limit().unwrap().value));
            prop_assume!((now - limit).abs() > 1e-6);
            prop_assert_eq!(judged.status == Status::Fail, now > limit);
        }
    }
}
