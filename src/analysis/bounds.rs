//! Lower bounds of the latency of sizes that were stopped early.

use super::size::Basis;
use super::{SizeSummary, WarmLatencies};
use crate::prices::DatedPrices;
use crate::result::{EndpointOutcome, LatencySource, RunResult};

/// More calls than any plan has. A forged result may claim more, which would all be allocated.
const MOST_PLANNED: usize = 2_000_000;

/// The sizes that were stopped because failure was certain: their calls, and the calls that were
/// not sent as if each had taken no time. A quantile of that is the lowest that the whole plan
/// could have had. Of latencies that `CloudWatch` publishes nothing is known before the end.
pub(super) fn lower_bounds(run: &RunResult, prices: &DatedPrices) -> Vec<SizeSummary> {
    if run.settings.latency_source == LatencySource::Server {
        return Vec::new();
    }
    let basis = Basis {
        median_overhead: None,
        mean_overhead: None,
        latency_source: LatencySource::Client,
        prices,
    };
    let stopped = run.stability.iter().filter_map(|endpoint| {
        let EndpointOutcome::FailedFast { planned, .. } = endpoint.outcome else {
            return None;
        };
        let planned = usize::try_from(planned).ok();
        let planned = planned.filter(|planned| *planned <= MOST_PLANNED)?;
        Some(padded(SizeSummary::of(endpoint, basis), planned))
    });
    stopped.collect()
}

fn padded(sent: SizeSummary, planned: usize) -> SizeSummary {
    let not_sent = planned.saturating_sub(sent.answered_calls());
    let mut latencies = vec![0.0; not_sent];
    latencies.extend(&sent.client.sorted_ms);
    SizeSummary {
        client: WarmLatencies::of(&latencies),
        ..sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::{endpoint, prices, run_of};

    fn stopped(latencies: &[f64], planned: u32) -> RunResult {
        let mut endpoint = endpoint(2048, latencies);
        endpoint.outcome = EndpointOutcome::FailedFast {
            reason: "certain".to_owned(),
            planned,
        };
        run_of(vec![endpoint])
    }

    #[test]
    fn a_plan_that_no_run_can_have_gives_no_bound() {
        assert!(lower_bounds(&stopped(&[1.0; 100], u32::MAX), &prices()).is_empty());
    }

    #[test]
    fn calls_that_were_not_sent_count_as_if_they_had_taken_no_time() {
        let latencies: Vec<f64> = (1..=100).map(f64::from).collect();
        let bounds = lower_bounds(&stopped(&latencies, 1000), &prices());
        let [bound] = bounds.as_slice() else {
            panic!("{bounds:?}")
        };
        // Rank 990 of 1000 is rank 90 of the 100 that were sent.
        assert_eq!(
            (
                bound.warm().count,
                bound.warm().p99.get(),
                bound.warm().p50.get()
            ),
            (1000, 90.0, 0.0)
        );
        assert_eq!(bound.calls, 100);
    }

    #[test]
    fn nothing_bounds_what_the_server_measures() {
        let mut run = stopped(&[1.0; 100], 1000);
        run.settings.latency_source = LatencySource::Server;
        assert_eq!(lower_bounds(&run, &prices()), []);
    }
}
