//! Whether a size needs more calls, by the noise of the calls that it has.

use super::change::WIDEST_BAND;
use super::metric::Tail;
use super::noise::{Between, Noise, compare_quantile, ln};
use crate::analysis::{count, nearest_rank, warm_latencies};
use crate::result::EndpointRun;

/// Runs of main that a baseline is assumed to have.
const RUNS: f64 = 5.0;

/// Whether identical code varies so much in the quantile that the number of calls supports that it
/// could not be judged. Rests on the spread of this run alone and not on whether it is slow, so
/// that going on favours neither verdict.
pub fn is_tail_too_noisy(run: &EndpointRun) -> bool {
    let sorted = crate::analysis::sorted(&warm_latencies(run));
    let Some(p) = Tail::supported_by(sorted.len()).and_then(Tail::fraction) else {
        return true;
    };
    let baseline: Vec<f64> = nearest_rank(&sorted, p).map(ln).into_iter().collect();
    let no_drift = Noise {
        variance: 0.0,
        between: Between::Runs(baseline.len()),
    };
    let calls = RUNS * count(&sorted);
    let comparison = compare_quantile(&sorted, p, &baseline, calls, no_drift);
    comparison.is_none_or(|it| it.own_band().get() > WIDEST_BAND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::endpoint;
    use crate::gate::tests::latencies;

    #[test]
    fn a_tail_that_begins_near_p99_is_too_noisy_and_a_body_is_not() {
        let body = latencies(100.0, 1000);
        assert!(!is_tail_too_noisy(&endpoint(1024, &body)));
        let mut cliff = body.clone();
        for latency in cliff.iter_mut().step_by(70) {
            *latency *= 4.0;
        }
        assert!(is_tail_too_noisy(&endpoint(1024, &cliff)));
        // However slow the model is.
        let slow: Vec<f64> = body.iter().map(|it| it * 10.0).collect();
        assert!(!is_tail_too_noisy(&endpoint(1024, &slow)));
    }

    #[test]
    fn too_few_calls_for_any_quantile_are_too_noisy() {
        assert!(is_tail_too_noisy(&endpoint(1024, &latencies(100.0, 80))));
        assert!(!is_tail_too_noisy(&endpoint(1024, &latencies(100.0, 81))));
    }
}
