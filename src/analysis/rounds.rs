//! Two models that were measured in turn, round by round.

use super::statistics::batches;
use super::{LatencySummary, count, mean, variance, warm_latencies};
use crate::result::{EndpointOutcome, EndpointRun, RunResult};
use crate::units::{MemoryMb, Ratio};

/// One size in one round: the model and the reference, by latencies that the client saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    /// The size.
    pub memory_mb: MemoryMb,
    /// Which round, from 1.
    pub round: u32,
    /// The model's warm calls.
    pub now: LatencySummary,
    /// The reference's warm calls.
    pub reference: LatencySummary,
    /// Standard error of ln of the ratio of both means. What slows both at the same time is in
    /// neither, as their calls were sent in turn.
    pub error_of_ratio: Ratio,
}

impl Round {
    /// ln of the ratio of both means.
    pub fn ln_ratio(&self) -> f64 {
        ln_ratio(self.now.mean.get(), self.reference.mean.get()).unwrap_or_default()
    }
}

/// Every round that both models were measured in, in the order of the plan; none without a
/// reference.
pub fn rounds(run: &RunResult) -> Vec<Round> {
    let others = run.reference.iter().flat_map(|it| &it.stability);
    let others: Vec<&EndpointRun> = others.filter(|it| is_measured(it)).collect();
    let own = run.measured();
    own.filter_map(|own| {
        let is_same = |it: &&&EndpointRun| (it.memory_mb, it.round) == (own.memory_mb, own.round);
        of_pair(own, others.iter().find(is_same)?)
    })
    .collect()
}

fn is_measured(run: &EndpointRun) -> bool {
    run.outcome == EndpointOutcome::Measured
}

/// `None` where one of them has no warm call.
fn of_pair(own: &EndpointRun, reference: &EndpointRun) -> Option<Round> {
    let (now, other) = (warm_latencies(own), warm_latencies(reference));
    if now.is_empty() || other.is_empty() {
        return None;
    }
    Some(Round {
        memory_mb: own.memory_mb,
        round: own.round,
        error_of_ratio: Ratio(error_of_ratio(&now, &other)),
        now: LatencySummary::of(&now),
        reference: LatencySummary::of(&other),
    })
}

/// By 20 contiguous batches of each, side by side: those at the same place were measured at the
/// same time.
fn error_of_ratio(now: &[f64], reference: &[f64]) -> f64 {
    let most = now.len().min(reference.len());
    let pairs = batches(now, most).zip(batches(reference, most));
    let ratios: Vec<f64> = pairs
        .filter_map(|(now, reference)| ln_ratio(mean(now)?, mean(reference)?))
        .collect();
    (variance(&ratios) / count(&ratios).max(1.0)).sqrt()
}

/// `None` where one of them is 0.
fn ln_ratio(now: f64, reference: f64) -> Option<f64> {
    (now > 0.0 && reference > 0.0).then(|| (now / reference).ln())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::tests::{endpoint, run_of};
    use crate::result::Reference;

    /// Latencies of the model and of the reference.
    type Pair = (Vec<f64>, Vec<f64>);

    /// A run of one size beside a reference, in as many rounds as there are pairs.
    fn beside(pairs: &[Pair]) -> RunResult {
        let side = |of: fn(&Pair) -> &Vec<f64>| -> Vec<EndpointRun> {
            let numbered = (1..).zip(pairs);
            numbered
                .map(|(round, pair)| EndpointRun {
                    round,
                    ..endpoint(2048, of(pair))
                })
                .collect()
        };
        let mut run = run_of(side(|it| &it.0));
        run.reference = Some(Reference {
            model: "main".to_owned(),
            model_name: "main".to_owned(),
            rounds: u32::try_from(pairs.len()).unwrap(),
            stability: side(|it| &it.1),
            concurrency: Vec::new(),
        });
        run
    }

    #[test]
    fn each_round_has_its_ratio_and_a_run_without_a_reference_has_none() {
        let run = beside(&[
            (vec![110.0; 40], vec![100.0; 40]),
            (vec![210.0; 40], vec![200.0; 39]),
        ]);
        let all = rounds(&run);
        let ratios: Vec<(u32, f64)> = all
            .iter()
            .map(|it| (it.round, (it.ln_ratio().exp() * 1000.0).round()))
            .collect();
        assert_eq!(ratios, [(1, 1100.0), (2, 1050.0)]);
        assert_eq!(rounds(&run_of(vec![endpoint(2048, &[1.0; 9])])), []);
    }

    #[test]
    fn a_round_that_one_side_missed_is_left_out() {
        let mut run = beside(&[
            (vec![1.0; 40], vec![1.0; 40]),
            (vec![1.0; 40], vec![1.0; 40]),
        ]);
        run.reference.as_mut().unwrap().stability[0].outcome = EndpointOutcome::Cancelled;
        let left: Vec<u32> = rounds(&run).iter().map(|it| it.round).collect();
        assert_eq!(left, [2]);
    }

    #[test]
    fn what_slows_both_in_mid_run_is_no_error_of_the_ratio() {
        let noisy = |call: u32, scale: f64| {
            let drift = if call < 500 { 1.0 } else { 1.5 };
            scale * drift * (0.9 + f64::from((call * 7919) % 200) / 1000.0)
        };
        let of = |scale: f64| -> Vec<f64> { (0..1000).map(|call| noisy(call, scale)).collect() };
        let all = rounds(&beside(&[(of(110.0), of(100.0))]));
        let alone = all[0].now.mean_standard_error.get();
        assert!(alone > 0.04, "{alone}");
        assert!(all[0].error_of_ratio.get() < 1e-9);
        assert!((all[0].ln_ratio() - 1.1_f64.ln()).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_error_is_finite_and_the_ratio_turns_with_the_sides(
            now in prop::collection::vec(0.0..1e6_f64, 1..80),
            reference in prop::collection::vec(0.0..1e6_f64, 1..80)
        ) {
            let of = |a: &[f64], b: &[f64]| rounds(&beside(&[(a.to_vec(), b.to_vec())])).remove(0);
            let (one, other) = (of(&now, &reference), of(&reference, &now));
            prop_assert!(one.error_of_ratio.get().is_finite() && one.error_of_ratio.get() >= 0.0);
            prop_assert!((one.ln_ratio() + other.ln_ratio()).abs() < 1e-9);
            prop_assert!((one.error_of_ratio.get() - other.error_of_ratio.get()).abs() < 1e-9);
        }
    }
}
