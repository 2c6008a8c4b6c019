//! How much identical code varies: sampling error of one run plus run-to-run noise.
//!
//! Everything is in ln units, so that a difference is a relative change. No random numbers: a
//! verdict can be computed again from `result.json`.

use crate::analysis::{count, mean, nearest_rank, variance};
use crate::units::Ratio;

/// Width of the band in standard errors.
pub(super) const SIGMAS: f64 = 3.0;
/// Prior of the run-to-run standard deviation, and of a young baseline's.
const RUN_DEVIATION: f64 = 0.04;
const YOUNG_RUN_DEVIATION: f64 = 0.08;
/// Runs from which a baseline is no longer young.
pub const MATURE_RUNS: usize = 3;
/// Weight of the prior, in runs.
const PRIOR_WEIGHT: f64 = 3.0;
/// Stands in for 0 ms, whose logarithm does not exist.
const TINY: f64 = 1e-9;

/// A difference between this run and the baseline, in ln units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogDifference {
    /// ln(now) - mean ln(baseline).
    pub(super) difference: f64,
    /// Sampling error of the comparison, without run-to-run noise.
    pub(super) own_error: f64,
    /// Standard error of the comparison.
    pub(super) standard_error: f64,
    /// Standard error of the comparison as far as a decrease is concerned: the sampling error of a
    /// quantile is larger above it than below, and a p99 that happens to be low says little about
    /// how high it might have been.
    pub(super) error_of_decrease: f64,
}

impl LogDifference {
    /// Relative change.
    pub(super) fn increase(&self) -> Ratio {
        Ratio(self.difference.exp_m1())
    }

    /// Identical code stays within this increase (3 sigma).
    pub(super) fn band(&self) -> Ratio {
        Ratio((SIGMAS * self.standard_error).exp_m1())
    }

    /// Identical code stays within this increase as far as this run's own sampling error goes (3
    /// sigma).
    pub(super) fn own_band(&self) -> Ratio {
        Ratio((SIGMAS * self.own_error).exp_m1())
    }

    /// The same with another sampling error of the comparison.
    pub(super) fn with_own_error(self, own_error: f64) -> Self {
        let other = |error: f64| {
            let between = (error.powi(2) - self.own_error.powi(2)).max(0.0);
            own_error.mul_add(own_error, between).sqrt()
        };
        Self {
            difference: self.difference,
            own_error,
            standard_error: other(self.standard_error),
            error_of_decrease: other(self.error_of_decrease),
        }
    }

    /// The same with so many times the rounds: each has its own calls and its own pair.
    pub(super) fn of_rounds_times(self, times: f64) -> Self {
        let fewer = times.max(1.0).sqrt();
        Self {
            difference: self.difference,
            own_error: self.own_error / fewer,
            standard_error: self.standard_error / fewer,
            error_of_decrease: self.error_of_decrease / fewer,
        }
    }

    /// Identical code stays within this decrease (3 sigma), as a positive share.
    pub(super) fn band_of_decrease(&self) -> Ratio {
        Ratio(-(-SIGMAS * self.error_of_decrease).exp_m1())
    }

    /// Whether the value is below the band: better than noise explains.
    pub(super) fn is_improvement(&self) -> bool {
        self.difference < -SIGMAS * self.error_of_decrease
    }
}

/// How much measurements of identical code differ beyond their sampling errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    /// Variance in ln units of what `between` says.
    pub(super) variance: f64,
    /// What varies, and how often it was measured.
    pub(super) between: Between,
}

/// What varies between measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// One run and the next, on other days: this run and so many of a baseline.
    Runs(usize),
    /// The two endpoints of a pair, measured in turn: so many pairs.
    Pairs(u32),
}

impl Between {
    /// Runs that a young baseline lacks; pairs lack none.
    pub(super) const fn missing_runs(self) -> usize {
        match self {
            Self::Runs(runs) => MATURE_RUNS.saturating_sub(runs),
            Self::Pairs(_) => 0,
        }
    }
}

impl Noise {
    /// Shrinks the variance observed with `degrees` of freedom to the prior: (4 %)^2, or (8 %)^2
    /// for a young baseline.
    pub(super) fn shrunk(observed: f64, degrees: f64, runs: usize) -> Self {
        let prior = if runs < MATURE_RUNS && degrees < 2.0 {
            YOUNG_RUN_DEVIATION
        } else {
            RUN_DEVIATION
        };
        let variance = shrunk(observed, degrees, prior);
        Self {
            variance,
            between: Between::Runs(runs),
        }
    }

    /// Shrinks the variance between so many pairs to that of `prior_deviation`.
    pub(super) fn of_pairs(observed: f64, pairs: u32, prior_deviation: f64) -> Self {
        let degrees = f64::from(pairs.saturating_sub(1));
        Self {
            variance: shrunk(observed, degrees, prior_deviation),
            between: Between::Pairs(pairs),
        }
    }

    /// The same where so many runs of the baseline say something; pairs are what they are.
    pub(super) const fn of_runs(self, runs: usize) -> Self {
        match self.between {
            Between::Runs(_) => Self {
                between: Between::Runs(runs),
                ..self
            },
            Between::Pairs(_) => self,
        }
    }

    /// What [`Self::shrunk`] will say with `more` runs beside the `runs` that there are, if those
    /// vary as much as usual, by 4 %.
    #[expect(clippy::cast_precision_loss, reason = "at most ten runs")]
    pub(super) fn expected(observed: f64, degrees: f64, runs: usize, more: usize) -> Self {
        let new = more as f64;
        let usual = RUN_DEVIATION.powi(2);
        let both = degrees + new;
        let pooled = (degrees * observed.max(0.0) + new * usual) / both.max(1.0);
        Self::shrunk(pooled, both, runs + more)
    }

    /// The variance of a comparison: this run's and the baseline's share, tau^2 (1 + 1/k), or that
    /// of the mean of all pairs, tau^2 / N.
    #[expect(clippy::cast_precision_loss, reason = "at most ten runs")]
    fn of_comparison(self) -> f64 {
        self.variance
            * match self.between {
                Between::Runs(runs) => 1.0 + 1.0 / runs.max(1) as f64,
                Between::Pairs(pairs) => 1.0 / f64::from(pairs.max(1)),
            }
    }
}

/// A variance observed with so many degrees of freedom, drawn to that of a prior, which counts as
/// three.
fn shrunk(observed: f64, degrees: f64, prior_deviation: f64) -> f64 {
    (PRIOR_WEIGHT * prior_deviation.powi(2) + degrees * observed.max(0.0))
        / (PRIOR_WEIGHT + degrees)
}

/// Natural logarithm of a latency or cost; 0 counts as a tiny value.
pub(super) fn ln(value: f64) -> f64 {
    value.max(TINY).ln()
}

/// Excess of the variance of run means over what their own errors explain; 0 for fewer than two
/// runs.
pub(super) fn excess_variance(ln_means: &[f64], errors: &[f64]) -> f64 {
    let own =
        mean(&errors.iter().map(|error| error * error).collect::<Vec<_>>()).unwrap_or_default();
    if ln_means.len() < 2 {
        0.0
    } else {
        (variance(ln_means) - own).max(0.0)
    }
}

/// Compares a p-quantile with the mean of `baseline_ln`, the ln quantiles of the baseline's runs,
/// which hold `baseline_calls` calls together. The own error comes from the order statistic three
/// binomial standard deviations below the rank.
pub(super) fn compare_quantile(
    sorted: &[f64],
    p: f64,
    baseline_ln: &[f64],
    baseline_calls: f64,
    noise: Noise,
) -> Option<LogDifference> {
    let own = Quantile::of(sorted, p, 1.0 + count(sorted) / baseline_calls.max(1.0))?;
    Some(compare(own.ln, [own.below, own.above], baseline_ln, noise))
}

/// Compares a p-quantile with that of a reference, of which every call is known: each side has its
/// own error. An increase is as uncertain as a lower value here and a higher one there.
pub(super) fn compare_quantiles(
    sorted: &[f64],
    reference: &[f64],
    p: f64,
    noise: Noise,
) -> Option<LogDifference> {
    let (own, other) = (
        Quantile::of(sorted, p, 1.0)?,
        Quantile::of(reference, p, 1.0)?,
    );
    let both = |one: f64, other: f64| one.mul_add(one, other * other).sqrt();
    let errors = [both(own.below, other.above), both(own.above, other.below)];
    Some(compare(own.ln, errors, &[other.ln], noise))
}

/// A quantile in ln units, with its sampling errors below and above.
struct Quantile {
    ln: f64,
    below: f64,
    above: f64,
}

impl Quantile {
    /// The errors come from the order statistics three standard deviations from the rank: binomial
    /// ones, of a variance that is `variances` times as large.
    fn of(sorted: &[f64], p: f64, variances: f64) -> Option<Self> {
        let now = ln(nearest_rank(sorted, p)?);
        let n = count(sorted);
        let spread = (n * p * (1.0 - p) * variances).sqrt();
        let below = lower_rank(n * p - SIGMAS * spread);
        let above = lower_rank((n * p + SIGMAS * spread).ceil()).min(sorted.len());
        Some(Self {
            ln: now,
            below: (now - ln(*sorted.get(below - 1)?)) / SIGMAS,
            above: (ln(*sorted.get(above - 1)?) - now) / SIGMAS,
        })
    }
}

/// What the p-quantile is at least (3 sigma), from one run alone: the order statistic three
/// binomial standard deviations below its rank. `None` where that is below the fastest call.
pub(super) fn quantile_at_least(sorted: &[f64], p: f64) -> Option<f64> {
    let n = count(sorted);
    let position = n * p - SIGMAS * (n * p * (1.0 - p)).sqrt();
    let rank = (position >= 1.0).then(|| lower_rank(position))?;
    sorted.get(rank - 1).copied()
}

/// The rank `max(floor(position), 1)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturating cast of a position that is at least 1"
)]
fn lower_rank(position: f64) -> usize {
    position.max(1.0) as usize
}

/// Compares ln means, each with its own standard error.
pub(super) fn compare_mean(
    (now_ln, now_error): (f64, f64),
    baseline: &[(f64, f64)],
    noise: Noise,
) -> LogDifference {
    let k = count(baseline).max(1.0);
    let baseline_ln: Vec<f64> = baseline.iter().map(|(ln, _)| *ln).collect();
    let baseline_error: f64 = baseline.iter().map(|(_, error)| error * error).sum::<f64>() / k / k;
    let own_error = (now_error.powi(2) + baseline_error).sqrt();
    compare(now_ln, [own_error; 2], &baseline_ln, noise)
}

/// `own_errors` are those below and above the value.
fn compare(now_ln: f64, own_errors: [f64; 2], baseline_ln: &[f64], noise: Noise) -> LogDifference {
    let [standard_error, error_of_decrease] =
        own_errors.map(|own| (own.powi(2) + noise.of_comparison()).sqrt());
    let [own_error, _] = own_errors;
    LogDifference {
        difference: now_ln - mean(baseline_ln).unwrap_or(now_ln),
        own_error,
        standard_error,
        error_of_decrease,
    }
}

/// The geometric mean over sizes: own errors average out; `noise` is the run-to-run noise of one
/// size, which is in the parts, and `noise_of_all` that of the mean. `None` for no size.
pub(super) fn geometric_mean(
    parts: &[LogDifference],
    noise: Noise,
    noise_of_all: Noise,
) -> Option<LogDifference> {
    let difference = mean(&parts.iter().map(|part| part.difference).collect::<Vec<_>>())?;
    let together = |errors: Vec<f64>| {
        errors.iter().map(|error| error.powi(2)).sum::<f64>().sqrt() / count(&errors)
    };
    let own_error = together(parts.iter().map(|part| part.own_error).collect());
    // The run-to-run part of each is taken out again: the mean has its own.
    let common = noise.of_comparison();
    let common_to_all = noise_of_all.of_comparison();
    let above = |part: &LogDifference| (part.error_of_decrease.powi(2) - common).max(0.0).sqrt();
    let own_above = together(parts.iter().map(above).collect());
    Some(LogDifference {
        difference,
        own_error,
        standard_error: (own_error.powi(2) + common_to_all).sqrt(),
        error_of_decrease: (own_above.powi(2) + common_to_all).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::{LatencySummary, sorted};

    /// The reference's stream: 64-bit LCG, scale x (100 to 199.9), every 73rd call three times
    /// that.
    fn stream(seed: u64, calls: usize, scale: f64) -> Vec<f64> {
        let mut x = seed;
        (0..calls)
            .map(|call| {
                x = x
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let tenths = f64::from(u32::try_from((x >> 33) % 1000).unwrap());
                let value = scale * (100.0 + tenths / 10.0);
                if call % 73 == 72 { value * 3.0 } else { value }
            })
            .collect()
    }

    fn base() -> [Vec<f64>; 3] {
        [
            stream(1, 1000, 1.00),
            stream(2, 1000, 1.02),
            stream(3, 1000, 0.99),
        ]
    }

    fn ln_mean(values: &[f64]) -> (f64, f64) {
        let summary = LatencySummary::of(values);
        (ln(summary.mean.get()), summary.mean_standard_error.get())
    }

    fn noise() -> Noise {
        let stats: Vec<(f64, f64)> = base().iter().map(|run| ln_mean(run)).collect();
        let (means, errors): (Vec<f64>, Vec<f64>) = stats.into_iter().unzip();
        Noise::shrunk(excess_variance(&means, &errors), 2.0, 3)
    }

    #[track_caller]
    fn assert_golden(ours: f64, golden: f64) {
        assert!(
            (ours - golden).abs() <= 1e-9 * golden.abs().max(1.0),
            "{ours} is not {golden}"
        );
    }

    #[test]
    fn the_reference_implementations_run_noise_comes_out() {
        assert_golden(noise().variance, 0.000_998_571_225_891_051_5);
    }

    #[test]
    fn the_reference_implementations_p99_comparison_comes_out() {
        let base_ln: Vec<f64> = base()
            .iter()
            .map(|run| ln(nearest_rank(&sorted(run), 0.99).unwrap()))
            .collect();
        let golden = [
            (
                1.01,
                -0.039_667_207_937_923_776,
                0.712_784_881_045_641,
                0.175_623_005_019_183_15,
            ),
            (
                1.15,
                0.093_448_228_585_532_26,
                0.712_784_881_045_641,
                0.175_623_005_019_183_15,
            ),
            (
                1.30,
                0.236_071_910_574_950_25,
                0.712_784_881_045_642_5,
                0.175_623_005_019_183_46,
            ),
        ];
        for (scale, increase, band, own) in golden {
            let now = sorted(&stream(4, 1000, scale));
            let comparison = compare_quantile(&now, 0.99, &base_ln, 3000.0, noise()).unwrap();
            assert_golden(comparison.increase().get(), increase);
            assert_golden(comparison.band().get(), band);
            assert_golden(comparison.own_error, own);
        }
    }

    #[test]
    fn the_reference_implementations_mean_comparison_comes_out() {
        let baseline: Vec<(f64, f64)> = base().iter().map(|run| ln_mean(run)).collect();
        let golden = [
            (1.01, -0.001_424_219_499_264_078_9, 0.118_076_728_188_666_77),
            (1.15, 0.136_992_225_322_619, 0.118_076_728_188_666_77),
            (1.30, 0.285_295_559_060_351_4, 0.118_076_728_188_666_99),
        ];
        for (scale, increase, band) in golden {
            let now = ln_mean(&stream(4, 1000, scale));
            assert_golden(now.1, 0.006_203_641_659_073_159);
            let comparison = compare_mean(now, &baseline, noise());
            assert_golden(comparison.increase().get(), increase);
            assert_golden(comparison.band().get(), band);
        }
    }

    #[test]
    fn a_young_baseline_has_a_wider_prior_and_history_from_older_epochs_narrows_it() {
        assert!((Noise::shrunk(0.0, 0.0, 1).variance.sqrt() - 0.08).abs() < 1e-12);
        assert!((Noise::shrunk(0.0, 0.0, 3).variance.sqrt() - 0.04).abs() < 1e-12);
        let experienced = Noise::shrunk(0.0001, 5.0, 1).variance.sqrt();
        assert!(experienced < 0.04, "{experienced}");
    }

    #[test]
    fn a_reference_whose_quantile_lies_below_its_tail_by_chance_proves_nothing() {
        // One call of a hundred is four times as slow: p99 is now in the body, now in the tail.
        let cliff = |slow: usize| -> Vec<f64> {
            let body = stream(5, 1000 - slow, 1.0).into_iter();
            let body = body.map(|it| if it > 250.0 { it / 3.0 } else { it });
            sorted(&body.chain(stream(6, slow, 4.0)).collect::<Vec<_>>())
        };
        let quiet = Noise::of_pairs(0.0, 4, 0.04);
        let (many, few) = (cliff(13), cliff(8));
        let it = compare_quantiles(&many, &few, 0.99, quiet).unwrap();
        assert!(
            it.increase().get() > 1.0 && it.band() > it.increase(),
            "{it:?}"
        );
        let back = compare_quantiles(&few, &many, 0.99, quiet).unwrap();
        assert!((it.difference + back.difference).abs() < 1e-12);
        assert!(
            (it.own_error
                - back
                    .error_of_decrease
                    .mul_add(back.error_of_decrease, -0.0002)
                    .sqrt())
            .abs()
                < 1e-9
        );
        assert!(!back.is_improvement());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_comparison_is_finite_and_its_band_is_not_negative(
            values in prop::collection::vec(0.0..1e5_f64, 1..300),
            base in prop::collection::vec(-5.0..12.0_f64, 1..10),
            calls in 0.0..1e5_f64
        ) {
            let noise = Noise::shrunk(0.0, 0.0, base.len());
            for p in [0.9, 0.95, 0.99] {
                let it = compare_quantile(&sorted(&values), p, &base, calls, noise).unwrap();
                prop_assert!(it.increase().get().is_finite() && it.band().get() >= 0.0);
                prop_assert!(it.own_error >= 0.0);
            }
        }
    }
}
