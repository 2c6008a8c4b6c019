//! Quantiles and the error of a mean.

use crate::units::{LatencyMs, Ratio};

/// Number of contiguous batches for the error of a mean.
const BATCHES: usize = 20;
/// One call of this many belongs to the slowest 5 %.
const SLOWEST: usize = 20;

/// Summary of latencies. Every number is 0 when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LatencySummary {
    /// Number of latencies.
    pub count: usize,
    /// Smallest.
    pub min: LatencyMs,
    /// Arithmetic mean.
    pub mean: LatencyMs,
    /// Standard error of the mean by batch means, relative to the mean.
    pub mean_standard_error: Ratio,
    /// Median with linear interpolation, as `NumPy` and pandas compute it.
    pub median: LatencyMs,
    /// 50th percentile by nearest rank.
    pub p50: LatencyMs,
    /// 90th percentile by nearest rank.
    pub p90: LatencyMs,
    /// 95th percentile by nearest rank.
    pub p95: LatencyMs,
    /// 99th percentile by nearest rank.
    pub p99: LatencyMs,
    /// Largest.
    pub max: LatencyMs,
    /// Interquartile range with linear interpolation.
    pub iqr: LatencyMs,
    /// The slowest 5 %; `None` for fewer than 20 latencies.
    pub slowest: Option<TailMean>,
}

/// The mean of the slowest 5 %. Where p99 jumps from run to run because the tail begins nearby,
/// this does not, and unlike p95 it shows a tail that grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailMean {
    /// Arithmetic mean of the slowest 5 %, rounded down to whole calls.
    pub mean: LatencyMs,
    /// Its standard error, relative to it.
    pub standard_error: Ratio,
}

impl TailMean {
    /// Of latencies in milliseconds, in the order they were measured and sorted; `None` for fewer
    /// than 20.
    ///
    /// The mean of the slowest share a is q + E(x - q)+ / a, where q is the quantile above which
    /// that share lies. The error of q cancels out to first order, so the error is that of the mean
    /// of (x - q)+, here by batch means.
    ///
    /// Source: R. T. Rockafellar and S. Uryasev, Optimization of conditional value-at-risk, Journal
    /// of Risk 2 (2000).
    fn of(in_order: &[f64], sorted: &[f64]) -> Option<Self> {
        let slowest = sorted.len() / SLOWEST;
        let tail = sorted.get(sorted.len() - slowest..)?;
        let (mean, least) = (mean(tail)?, *tail.first()?);
        let beyond: Vec<f64> = in_order.iter().map(|x| (x - least).max(0.0)).collect();
        let (beyond, relative_error) = batch_means(&beyond);
        let error = beyond * relative_error * count(sorted) / count(tail);
        let standard_error = if mean > 0.0 { error / mean } else { 0.0 };
        Some(Self {
            mean: LatencyMs(mean),
            standard_error: Ratio(standard_error),
        })
    }
}

impl LatencySummary {
    /// Summarises latencies in milliseconds, given in the order they were measured.
    pub fn of(in_order: &[f64]) -> Self {
        Self::with_sorted(in_order, &sorted(in_order))
    }

    /// The same, where the sorted latencies are needed for something else, too.
    pub(super) fn with_sorted(in_order: &[f64], sorted: &[f64]) -> Self {
        let rank = |p| LatencyMs(nearest_rank(sorted, p).unwrap_or_default());
        let between = |p| LatencyMs(interpolated(sorted, p).unwrap_or_default());
        let (mean, error) = batch_means(in_order);
        Self {
            count: sorted.len(),
            min: LatencyMs(sorted.first().copied().unwrap_or_default()),
            mean: LatencyMs(mean),
            mean_standard_error: Ratio(error),
            median: between(0.5),
            p50: rank(0.5),
            p90: rank(0.9),
            p95: rank(0.95),
            p99: rank(0.99),
            max: LatencyMs(sorted.last().copied().unwrap_or_default()),
            iqr: between(0.75) - between(0.25),
            slowest: TailMean::of(in_order, sorted),
        }
    }
}

/// A sorted copy, smallest first.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// p-quantile by nearest rank, `sorted[ceil(p n) - 1]`, for 0 < p <= 1: always one of the values,
/// at least `p n` of which are not larger. `None` for an empty slice.
pub fn nearest_rank(sorted: &[f64], p: f64) -> Option<f64> {
    // 0.99 x 100 is a hair above 99 in binary: without the margin the rank would be one too high.
    let rank = floor_index((p * count(sorted) - 1e-9).ceil() - 1.0);
    sorted
        .get(rank.min(sorted.len().saturating_sub(1)))
        .copied()
}

/// p-quantile with linear interpolation between neighbours (type 7), for 0 <= p <= 1. `None` for an
/// empty slice.
pub fn interpolated(sorted: &[f64], p: f64) -> Option<f64> {
    let position = p * (count(sorted) - 1.0).max(0.0);
    let lower = *sorted.get(floor_index(position))?;
    let upper = sorted
        .get(floor_index(position) + 1)
        .copied()
        .unwrap_or(lower);
    Some(lower + (upper - lower) * position.fract())
}

/// The median, as [`interpolated`] has it, of values in any order, which are moved about: without
/// sorting them all. `None` for an empty slice.
pub fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len().checked_sub(1)? / 2;
    let is_even = values.len().is_multiple_of(2);
    let (_, lower, above) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = above.iter().copied().min_by(f64::total_cmp);
    let upper = upper.filter(|_| is_even).unwrap_or(*lower);
    Some(*lower + (upper - *lower) * 0.5)
}

/// Mean, and its standard error relative to the mean by the method of batch means (20 contiguous
/// batches, which stays right when neighbouring calls are correlated). Both 0 without values; the
/// error is 0 for one value.
///
/// Source: A. M. Law, Simulation Modeling and Analysis, section 9.5.3.
pub(super) fn batch_means(in_order: &[f64]) -> (f64, f64) {
    let Some(mean) = mean(in_order) else {
        return (0.0, 0.0);
    };
    let means: Vec<f64> = batches(in_order, in_order.len())
        .filter_map(self::mean)
        .collect();
    let error = (variance(&means) / count(&means)).sqrt();
    if mean > 0.0 {
        (mean, error / mean)
    } else {
        (mean, 0.0)
    }
}

/// The values in 20 contiguous batches, or in `most` where that is fewer.
pub(super) fn batches(in_order: &[f64], most: usize) -> impl Iterator<Item = &[f64]> {
    let batches = BATCHES.min(most);
    (0..batches).filter_map(move |batch| {
        let from = batch * in_order.len() / batches;
        let to = (batch + 1) * in_order.len() / batches;
        in_order.get(from..to)
    })
}

/// Arithmetic mean; `None` for an empty slice.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values))
}

/// Sample variance with n - 1; 0 for fewer than two values.
pub fn variance(values: &[f64]) -> f64 {
    let Some(mean) = mean(values).filter(|_| values.len() > 1) else {
        return 0.0;
    };
    values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (count(values) - 1.0)
}

/// The number of values as a real number.
#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 calls")]
pub fn count<T>(values: &[T]) -> f64 {
    values.len() as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturating cast of a position that is not negative"
)]
fn floor_index(position: f64) -> usize {
    position.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nearest_rank_takes_the_value_that_enough_others_do_not_exceed() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        for (p, expected) in [
            (0.01, 1.0),
            (0.5, 50.0),
            (0.99, 99.0),
            (0.991, 100.0),
            (1.0, 100.0),
        ] {
            assert_eq!(nearest_rank(&hundred, p), Some(expected), "p = {p}");
        }
        assert_eq!(nearest_rank(&[], 0.5), None);
    }

    #[test]
    fn interpolation_is_that_of_numpy() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(interpolated(&values, 0.5), Some(3.0));
        assert_eq!(interpolated(&values, 0.25), Some(1.75));
        assert_eq!(interpolated(&[7.0], 0.75), Some(7.0));
        assert_eq!(interpolated(&[], 0.75), None);
    }

    #[test]
    fn nothing_and_a_constant_give_finite_numbers() {
        assert_eq!(LatencySummary::of(&[]), LatencySummary::default());
        let constant = LatencySummary::of(&[0.0; 50]);
        assert_eq!(
            (constant.count, constant.mean_standard_error),
            (50, Ratio(0.0))
        );
        assert_eq!(LatencySummary::of(&[5.0]).mean_standard_error, Ratio(0.0));
    }

    #[test]
    fn correlated_calls_have_a_larger_error_than_shuffled_ones() {
        let blocks: Vec<f64> = (0..1000)
            .map(|i| if (i / 100) % 2 == 0 { 10.0 } else { 20.0 })
            .collect();
        let shuffled: Vec<f64> = (0..1000)
            .map(|i| if i % 2 == 0 { 10.0 } else { 20.0 })
            .collect();
        assert!(batch_means(&blocks).1 > 10.0 * batch_means(&shuffled).1 + 0.01);
    }

    #[test]
    fn the_slowest_twentieth_has_the_mean_of_its_calls_and_the_error_of_repeated_runs() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        let slowest = TailMean::of(&hundred, &hundred).unwrap();
        assert_eq!(slowest.mean, LatencyMs(98.0));
        assert_eq!(TailMean::of(&hundred[..19], &hundred[..19]), None);
        // 200 runs of 1 000 calls, one in seventy of which is three times as slow.
        let mut x = 7_u64;
        let mut uniform = move || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            f64::from(u32::try_from(x >> 32).unwrap()) / f64::from(u32::MAX)
        };
        let mut run = || -> Vec<f64> {
            (0..1000)
                .map(|_| (1.0 + uniform()) * if uniform() < 1.0 / 70.0 { 3.0 } else { 1.0 })
                .collect()
        };
        let runs: Vec<TailMean> = (0..200)
            .filter_map(|_| LatencySummary::of(&run()).slowest)
            .collect();
        let logs: Vec<f64> = runs.iter().map(|it| it.mean.get().ln()).collect();
        let errors: Vec<f64> = runs
            .iter()
            .map(|it| it.standard_error.get().powi(2))
            .collect();
        let ratio = mean(&errors).unwrap().sqrt() / variance(&logs).sqrt();
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn quantiles_are_values_within_bounds_and_never_fall(
            values in prop::collection::vec(0.0..1e6_f64, 1..200), p in 0.001..1.0_f64, q in 0.001..1.0_f64
        ) {
            let sorted = sorted(&values);
            let (low, high) = (p.min(q), p.max(q));
            let (at_low, at_high) = (nearest_rank(&sorted, low).unwrap(), nearest_rank(&sorted, high).unwrap());
            prop_assert!(at_low <= at_high);
            prop_assert!(values.contains(&at_low));
            let share = count(&sorted.iter().filter(|v| **v <= at_low).collect::<Vec<_>>()) / count(&sorted);
            prop_assert!(share >= low - 1e-9);
            prop_assert_eq!(median(&mut values.clone()), interpolated(&sorted, 0.5));
            let between = interpolated(&sorted, p).unwrap();
            prop_assert!(between >= sorted[0] && between <= sorted[sorted.len() - 1]);
        }

        #[test]
        fn a_summary_is_always_finite_and_scales_with_the_latencies(
            values in prop::collection::vec(0.0..1e6_f64, 0..100)
        ) {
            let summary = LatencySummary::of(&values);
            let doubled = LatencySummary::of(&values.iter().map(|v| v * 2.0).collect::<Vec<_>>());
            prop_assert!(summary.mean_standard_error.get().is_finite());
            prop_assert!((doubled.p99.get() - 2.0 * summary.p99.get()).abs() < 1e-6);
            prop_assert!((doubled.mean_standard_error.get() - summary.mean_standard_error.get()).abs() < 1e-9);
        }
    }
}
