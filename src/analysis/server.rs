//! Latencies by the server's clock: CloudWatch's `ModelLatency`.

use super::WarmLatencies;
use crate::result::{EndpointMetrics, EndpointRun, LatencySource, MetricStatistics};
use crate::units::LatencyMs;

/// Percentiles of `ModelLatency` that are needed, milliseconds.
struct Published {
    mean: f64,
    p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
}

impl Published {
    fn of(metrics: Option<&EndpointMetrics>) -> Option<Self> {
        let metrics = metrics.filter(|metrics| metrics.complete)?;
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

/// Whose latencies are judged: the server's when they were asked for and CloudWatch publishes the
/// percentiles of every measured size.
pub(super) fn judged(wanted: LatencySource, measured: &[&EndpointRun]) -> LatencySource {
    let is_published = |run: &&EndpointRun| Published::of(run.metrics.as_ref()).is_some();
    if !measured.is_empty() && measured.iter().all(is_published) {
        wanted
    } else {
        LatencySource::Client
    }
}

/// The latencies of the server, where CloudWatch publishes their percentiles. They count warm-up
/// calls, too, and leave out network, overhead and cold starts, which CloudWatch counts as
/// overhead. What it does not publish is the client's.
pub(super) fn latencies(
    client: &WarmLatencies,
    metrics: Option<&EndpointMetrics>,
) -> Option<WarmLatencies> {
    let published = Published::of(metrics)?;
    let mut server = client.clone();
    // CloudWatch has no single calls: the sampling error of its p99, relative to it, is that of the
    // client's.
    let client_p99 = client.summary.p99.get();
    if client_p99 > 0.0 {
        for latency in &mut server.sorted_ms {
            *latency *= published.p99 / client_p99;
        }
    }
    server.summary.mean = LatencyMs(published.mean);
    server.summary.p50 = LatencyMs(published.p50);
    server.summary.p90 = LatencyMs(published.p90);
    server.summary.p95 = LatencyMs(published.p95);
    server.summary.p99 = LatencyMs(published.p99);
    // It publishes no mean of the slowest calls.
    server.summary.slowest = None;
    Some(server)
}

#[cfg(test)]
mod tests {
    use crate::analysis::tests::{endpoint, metrics, prices, run_of};
    use crate::analysis::{Strategy, analyse};
    use crate::result::LatencySource;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_servers_p99_is_judged_where_it_is_published() {
        let mut size = endpoint(1024, &[150.0; 100]);
        size.metrics = Some(metrics(100.0, 9.0, 2.0));
        let mut run = run_of(vec![size]);
        run.settings.latency_source = LatencySource::Server;
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        assert_eq!(analysis.latency_source, LatencySource::Server);
        let size = &analysis.sizes[0];
        assert_eq!(
            (size.warm().p99.get(), size.warm().mean.get()),
            (100.0, 100.0)
        );
        assert!(close(size.warm_sorted()[0], 100.0), "the error is relative");
        assert!(close(size.all.mean.get(), 150.0));
    }

    #[test]
    fn both_clocks_stay_known_whichever_is_judged() {
        for source in [LatencySource::Client, LatencySource::Server] {
            let mut size = endpoint(1024, &[150.0; 100]);
            size.metrics = Some(metrics(100.0, 9.0, 2.0));
            let mut run = run_of(vec![size]);
            run.settings.latency_source = source;
            let analysis = analyse(&run, &prices(), Strategy::Balanced);
            let size = &analysis.sizes[0];
            let p99 = |source| size.latency(source).summary.p99.get();
            assert!(close(p99(LatencySource::Client), 150.0));
            assert!(close(p99(LatencySource::Server), 100.0));
            assert_eq!(size.warm(), &size.latency(source).summary);
            assert!(close(size.client.sorted_ms[0], 150.0));
        }
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
        assert!(close(analysis.sizes[0].warm().p99.get(), 150.0));
    }
}
