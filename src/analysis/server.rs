//! Latencies of the server's clock: CloudWatch's `ModelLatency` in place of what the client saw.

use super::SizeSummary;
use crate::result::{LatencySource, MetricStatistics};
use crate::units::LatencyMs;

/// Percentiles of `ModelLatency` that are needed.
struct Published {
    mean: f64,
    p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
}

impl Published {
    fn of(size: &SizeSummary) -> Option<Self> {
        let metrics = size.metrics.as_ref().filter(|metrics| metrics.complete)?;
        let MetricStatistics {
            average,
            p50,
            p90,
            p95,
            p99,
            ..
        } = metrics.model_latency_ms?;
        Some(Self {
            mean: average,
            p50: p50?,
            p90: p90?,
            p95: p95?,
            p99: p99?,
        })
    }
}

/// Puts the server's latencies into every size when they were asked for and CloudWatch publishes the percentiles of all
/// of them; which source was taken. They count warm-up calls, too, and leave out network, overhead and cold starts,
/// which CloudWatch counts as overhead.
pub(super) fn take_latencies(wanted: LatencySource, sizes: &mut [SizeSummary]) -> LatencySource {
    let published: Option<Vec<Published>> = sizes.iter().map(Published::of).collect();
    match (wanted, published) {
        (LatencySource::Server, Some(published)) if !sizes.is_empty() => {
            for (size, published) in sizes.iter_mut().zip(published) {
                put(size, &published);
            }
            LatencySource::Server
        }
        (LatencySource::Server | LatencySource::Client, _) => LatencySource::Client,
    }
}

fn put(size: &mut SizeSummary, published: &Published) {
    // CloudWatch has no single calls: the sampling error of its p99, relative to it, is that of the client's.
    let client_p99 = size.warm.p99.get();
    if client_p99 > 0.0 {
        for latency in &mut size.warm_sorted {
            *latency *= published.p99 / client_p99;
        }
    }
    size.warm.mean = LatencyMs(published.mean);
    size.warm.p50 = LatencyMs(published.p50);
    size.warm.p90 = LatencyMs(published.p90);
    size.warm.p95 = LatencyMs(published.p95);
    size.warm.p99 = LatencyMs(published.p99);
    // It publishes no mean of the slowest calls.
    size.warm.slowest = None;
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{endpoint, metrics, prices, run_of};
    use crate::analysis::{Strategy, analyse};
    use crate::result::LatencySource;

    #[test]
    fn the_servers_p99_is_judged_where_it_is_published() {
        let mut size = endpoint(1024, &[150.0; 100]);
        size.metrics = Some(metrics(100.0, 9.0, 2.0));
        let mut run = run_of(vec![size]);
        run.settings.latency_source = LatencySource::Server;
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        assert_eq!(analysis.latency_source, LatencySource::Server);
        let size = &analysis.sizes[0];
        assert_eq!((size.warm.p99.get(), size.warm.mean.get()), (100.0, 100.0));
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(size.warm_sorted[0], 100.0), "the error is relative");
        assert!(
            close(size.all.mean.get(), 150.0),
            "the client's stays known"
        );
    }

    #[test]
    fn without_percentiles_for_every_size_the_client_is_taken() {
        let mut with = endpoint(1024, &[150.0; 100]);
        with.metrics = Some(metrics(100.0, 9.0, 2.0));
        let without = endpoint(2048, &[120.0; 100]);
        let mut run = run_of(vec![with, without]);
        run.settings.latency_source = LatencySource::Server;
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        assert_eq!(analysis.latency_source, LatencySource::Client);
        assert!((analysis.sizes[0].warm.p99.get() - 150.0).abs() < 1e-9);
    }
}
