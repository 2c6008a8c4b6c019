//! Reads CloudWatch once it has seen every call: its metrics arrive minutes late.

use std::time::{Duration, Instant};

use super::wait::{poll_delay, sleep_unless_cancelled};
use super::{Context, Event};
use crate::aws::{AwsError, MetricWindow};
use crate::result::{EndpointMetrics, Invocation, RunResult};

/// Metrics of the stability benchmark's endpoints.
pub(super) async fn stability(context: &Context, result: &mut RunResult) {
    let from = result.started_at;
    let reference = result.reference.iter_mut().flat_map(|it| &mut it.stability);
    let sizes = result.stability.iter_mut().chain(reference);
    let endpoints = sizes.map(|run| Endpoint {
        name: run.endpoint_name.clone(),
        answered: successes(run.warmup.iter().chain(&run.invocations)),
        metrics: &mut run.metrics,
    });
    collect(context, from, endpoints.collect()).await;
}

/// Metrics of the concurrency benchmark's endpoints.
pub(super) async fn concurrency(context: &Context, result: &mut RunResult) {
    let from = result.started_at;
    let reference = result
        .reference
        .iter_mut()
        .flat_map(|it| &mut it.concurrency);
    let loads = result.concurrency.iter_mut().chain(reference);
    let endpoints = loads.map(|run| Endpoint {
        name: run.endpoint_name.clone(),
        answered: successes(
            run.rounds
                .iter()
                .flat_map(|round| round.warmup.iter().chain(&round.invocations)),
        ),
        metrics: &mut run.metrics,
    });
    collect(context, from, endpoints.collect()).await;
}

/// One endpoint whose metrics are wanted.
struct Endpoint<'a> {
    name: String,
    answered: u64,
    metrics: &'a mut Option<EndpointMetrics>,
}

/// Waits until `SampleCount` of `ModelLatency` matches the calls sent, at most the metrics timeout,
/// then fills in the metrics of every endpoint that answered. What is missing stays `None` or not
/// `complete`.
async fn collect(context: &Context, from: jiff::Timestamp, mut endpoints: Vec<Endpoint<'_>>) {
    endpoints.retain(|endpoint| endpoint.answered > 0);
    if endpoints.is_empty() {
        return;
    }
    let names: Vec<String> = endpoints.iter().map(|it| it.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sent: Vec<u64> = endpoints.iter().map(|it| it.answered).collect();
    let started = Instant::now();
    let incomplete = match wait_complete(context, &names, &sent, from).await {
        Ok(incomplete) => incomplete,
        Err(error) => {
            let incomplete = Some(reason_with_hint(&error));
            if started.elapsed() >= context.plan.options.metrics_timeout {
                // Asking again takes as long again: a failing call is sent eight times.
                context.emit(&Event::MetricsCollected { incomplete });
                return;
            }
            incomplete
        }
    };
    let window = MetricWindow::new(from, context.now(from));
    let session = &context.environment.session;
    let incomplete = match session.endpoint_metrics(&names, window).await {
        Ok(metrics) => {
            for (endpoint, mut metrics) in endpoints.into_iter().zip(metrics) {
                metrics.complete = metrics
                    .model_latency_ms
                    .is_some_and(|latency| reaches(latency.sample_count, endpoint.answered));
                *endpoint.metrics = Some(metrics);
            }
            incomplete
        }
        Err(error) => Some(reason_with_hint(&error)),
    };
    context.emit(&Event::MetricsCollected { incomplete });
}

/// Polls the sample counts; `None` when complete, else why the wait ended.
async fn wait_complete(
    context: &Context,
    names: &[&str],
    sent: &[u64],
    from: jiff::Timestamp,
) -> Result<Option<String>, AwsError> {
    let started = Instant::now();
    let timeout = context.plan.options.metrics_timeout;
    loop {
        let window = MetricWindow::new(from, context.now(from));
        let seen = context
            .environment
            .session
            .model_latency_counts(names, window)
            .await?;
        if seen
            .iter()
            .zip(sent)
            .all(|(seen, sent)| reaches(*seen, *sent))
        {
            return Ok(None);
        }
        context.emit(&progress(&seen, sent));
        if started.elapsed() >= timeout {
            let seconds = timeout.as_secs();
            return Ok(Some(format!(
                "CloudWatch is incomplete after {seconds} s (--metrics-timeout)"
            )));
        }
        let pause = poll_delay(started.elapsed(), fastrand::f64()).min(remaining(started, timeout));
        if !sleep_unless_cancelled(&context.environment.cancel, pause).await {
            return Ok(Some("cancelled".to_owned()));
        }
    }
}

fn remaining(started: Instant, timeout: Duration) -> Duration {
    timeout.saturating_sub(started.elapsed())
}

fn successes<'a>(calls: impl Iterator<Item = &'a Invocation>) -> u64 {
    calls.filter(|call| call.outcome.is_success()).count() as u64
}

/// Sample counts are whole numbers sent as floating point.
fn reaches(seen: f64, sent: u64) -> bool {
    rounded(seen) >= sent
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturating cast of a count that is not negative"
)]
fn rounded(count: f64) -> u64 {
    count.round().max(0.0) as u64
}

fn progress(seen: &[f64], sent: &[u64]) -> Event {
    let seen = seen.iter().copied().map(rounded).sum();
    Event::CollectingMetrics {
        seen,
        sent: sent.iter().sum(),
    }
}

fn reason_with_hint(error: &AwsError) -> String {
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_compared_as_whole_numbers() {
        assert!(reaches(1_019.999, 1020) && reaches(1021.0, 1020));
        assert!(!reaches(1019.0, 1020) && !reaches(f64::NAN, 1) && !reaches(-5.0, 1));
        assert!(reaches(0.0, 0));
    }
}
