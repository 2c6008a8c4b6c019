//! Noise between the two models of a run that were measured in turn.

use std::collections::BTreeMap;

use super::noise::{Noise, excess_variance};
use crate::analysis::{Analysis, Round, count, mean};
use crate::units::MemoryMb;

/// Fewer rounds say too little about the noise of the mean over all sizes: that of one size stands
/// in.
const ROUNDS_TO_KNOW_THE_MEAN: u32 = 5;

/// What the rounds of a run show of its noise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pairs {
    /// Rounds that every pair of endpoints has.
    pub(super) rounds: u32,
    /// Between the pairs of one size.
    pub(super) noise: Noise,
    /// Between the rounds of the geometric mean over all sizes.
    pub(super) noise_of_all: Noise,
    /// Sampling error of ln of the ratio of both means, over all rounds of a size.
    errors: BTreeMap<MemoryMb, f64>,
    /// The reference's latencies, ascending, milliseconds.
    reference: BTreeMap<MemoryMb, Vec<f64>>,
}

/// The rounds of one size.
struct OfSize {
    ln_ratios: Vec<f64>,
    errors: Vec<f64>,
}

impl Pairs {
    /// Of the rounds that both models were measured in. `prior_deviation` is how much a pair of
    /// identical models differs where the rounds say too little.
    pub(super) fn of(rounds: &[Round], prior_deviation: f64) -> Self {
        let mut sizes: BTreeMap<MemoryMb, OfSize> = BTreeMap::new();
        for round in rounds {
            let size = sizes.entry(round.memory_mb).or_insert_with(|| OfSize {
                ln_ratios: Vec::new(),
                errors: Vec::new(),
            });
            size.ln_ratios.push(round.ln_ratio());
            size.errors.push(round.error_of_ratio.get());
        }
        let fewest = sizes.values().map(|it| it.errors.len()).min();
        let rounds = fewest.map_or(1, |it| u32::try_from(it).unwrap_or(u32::MAX));
        let excess: Vec<f64> = sizes.values().map(OfSize::excess).collect();
        let observed = mean(&excess).unwrap_or_default();
        let noise = Noise::of_pairs(observed, rounds, prior_deviation);
        let noise_of_all = if rounds < ROUNDS_TO_KNOW_THE_MEAN {
            noise
        } else {
            Noise::of_pairs(excess_of_all(&sizes), rounds, prior_deviation)
        };
        Self {
            rounds,
            noise,
            noise_of_all,
            reference: BTreeMap::new(),
            errors: sizes
                .into_iter()
                .map(|(memory_mb, size)| (memory_mb, root_of_squares(&size.errors)))
                .collect(),
        }
    }

    /// With every call of the reference.
    pub(super) fn beside(self, reference: &Analysis) -> Self {
        let sizes = reference.sizes.iter();
        Self {
            reference: sizes
                .map(|size| (size.memory_mb, size.warm_sorted().to_vec()))
                .collect(),
            ..self
        }
    }

    /// The reference's latencies at a size, ascending, milliseconds.
    pub(super) fn latencies(&self, memory_mb: MemoryMb) -> Option<&[f64]> {
        self.reference.get(&memory_mb).map(Vec::as_slice)
    }

    /// Sampling error of ln of the ratio of both means at a size. Smaller than that of both apart
    /// where something slowed both at the same time.
    pub(super) fn error_of_mean(&self, memory_mb: MemoryMb) -> Option<f64> {
        self.errors.get(&memory_mb).copied()
    }
}

impl OfSize {
    fn excess(&self) -> f64 {
        excess_variance(&self.ln_ratios, &self.errors)
    }
}

/// Error of a mean of values that each have their own.
fn root_of_squares(errors: &[f64]) -> f64 {
    let squares: f64 = errors.iter().map(|it| it.powi(2)).sum();
    squares.sqrt() / count(errors).max(1.0)
}

/// The same for the mean over the sizes, round by round.
fn excess_of_all(sizes: &BTreeMap<MemoryMb, OfSize>) -> f64 {
    let at = |of: fn(&OfSize) -> &Vec<f64>, round: usize| -> Vec<f64> {
        let each = sizes.values().filter_map(|it| of(it).get(round).copied());
        each.collect()
    };
    let rounds = sizes.values().map(|it| it.errors.len()).min();
    let all = (0..rounds.unwrap_or_default()).filter_map(|round| {
        let error = root_of_squares(&at(|it| &it.errors, round));
        Some((mean(&at(|it| &it.ln_ratios, round))?, error))
    });
    let (ln_ratios, errors): (Vec<f64>, Vec<f64>) = all.unzip();
    excess_variance(&ln_ratios, &errors)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::LatencySummary;
    use crate::gate::noise::Between;
    use crate::units::{LatencyMs, Ratio};

    fn round(memory_mb: MemoryMb, round: u32, ln_ratio: f64, error: f64) -> Round {
        let with_mean = |mean| LatencySummary {
            mean: LatencyMs(mean),
            ..LatencySummary::default()
        };
        Round {
            memory_mb,
            round,
            now: with_mean(100.0 * ln_ratio.exp()),
            reference: with_mean(100.0),
            error_of_ratio: Ratio(error),
        }
    }

    fn pairs(ln_ratios: &[f64], error: f64) -> Pairs {
        let numbered = (1..).zip(ln_ratios);
        let rounds: Vec<Round> = numbered
            .map(|(number, it)| round(MemoryMb::OFFERED[1], number, *it, error))
            .collect();
        Pairs::of(&rounds, 0.04)
    }

    #[test]
    fn one_round_knows_the_prior_alone_and_more_narrow_it() {
        let one = pairs(&[0.02], 0.01);
        assert!((one.noise.variance.sqrt() - 0.04).abs() < 1e-12);
        assert_eq!(one.noise.between, Between::Pairs(1));
        let quiet = pairs(&[0.02; 4], 0.01);
        // (3 x 4 %^2 + 3 x 0) / 6.
        assert!((quiet.noise.variance - 0.04_f64.powi(2) / 2.0).abs() < 1e-12);
        let loud = pairs(&[0.2, -0.2, 0.2, -0.2], 0.01);
        assert!(loud.noise.variance.sqrt() > 0.1);
    }

    #[test]
    fn errors_of_rounds_average_out() {
        let error = |rounds: &[f64]| pairs(rounds, 0.01).error_of_mean(MemoryMb::OFFERED[1]);
        assert!((error(&[0.0; 4]).unwrap() - 0.005).abs() < 1e-12);
        assert_eq!(
            pairs(&[0.0], 0.01).error_of_mean(MemoryMb::OFFERED[0]),
            None
        );
    }

    #[test]
    fn pairs_of_many_sizes_average_out_in_their_mean() {
        let signs = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
        let of = |round_number: u32, size: usize| {
            let sign = signs[size]
                * if round_number.is_multiple_of(2) {
                    1.0
                } else {
                    -1.0
                };
            round(MemoryMb::OFFERED[size], round_number, 0.1 * sign, 0.001)
        };
        let all = (1..=8).flat_map(|number| (0..6).map(move |size| of(number, size)));
        let it = Pairs::of(&all.collect::<Vec<_>>(), 0.02);
        assert!(it.noise_of_all.variance < 0.1 * it.noise.variance, "{it:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn noise_is_finite_and_never_below_what_the_prior_leaves(
            ratios in prop::collection::vec(-3.0..3.0_f64, 0..20), error in 0.0..0.5_f64
        ) {
            let it = pairs(&ratios, error);
            let degrees = count(&ratios).max(1.0) - 1.0;
            let least = 3.0 * 0.04_f64.powi(2) / (3.0 + degrees);
            for noise in [it.noise, it.noise_of_all] {
                prop_assert!(noise.variance.is_finite() && noise.variance >= least - 1e-12);
            }
        }
    }
}
