//! Drives one endpoint: warm-up, then sequential round-robin invocations (closed loop, one client).

use std::time::{Duration, Instant};

use super::wait::sleep_unless_cancelled;
use super::{Context, Event};
use crate::result::{EndpointOutcome, EndpointRun, Invocation, InvocationOutcome};

/// Pause before a call is repeated that met an endpoint still provisioning.
const NOT_READY_PAUSE: Duration = Duration::from_millis(500);
/// Longest time in a row that an endpoint may answer "not ready": a cold start takes up to 3 minutes.
const NOT_READY_LIMIT: Duration = Duration::from_mins(4);

/// Which list of an [`EndpointRun`] the calls go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmUp,
    Measured,
}

/// Waits out the cold-start delay, warms up and measures; sets the outcome and the invocations of `run`.
pub(super) async fn drive(context: &Context, run: &mut EndpointRun) {
    let options = &context.plan.options;
    run.outcome = EndpointOutcome::Cancelled;
    if !sleep_unless_cancelled(&context.environment.cancel, options.cold_start_delay).await {
        return;
    }
    let mut errors = 0;
    for (phase, calls) in [
        (Phase::WarmUp, options.warmup),
        (Phase::Measured, options.invocations),
    ] {
        for call in 0..calls {
            if let Err(outcome) = call_until_ready(context, run, phase, call, &mut errors).await {
                run.outcome = outcome;
                return;
            }
        }
    }
    run.outcome = EndpointOutcome::Measured;
}

/// Sends call number `call`, again while the endpoint says it is not ready.
async fn call_until_ready(
    context: &Context,
    run: &mut EndpointRun,
    phase: Phase,
    call: u32,
    errors: &mut u32,
) -> Result<(), EndpointOutcome> {
    let cancel = &context.environment.cancel;
    let began = Instant::now();
    loop {
        let sample = context.plan.samples.round_robin(call);
        let send = context
            .environment
            .session
            .invoke(&run.endpoint_name, sample, context.start);
        let invocation = cancel
            .run_until_cancelled(send)
            .await
            .ok_or(EndpointOutcome::Cancelled)?;
        let not_ready = invocation.outcome == InvocationOutcome::NotReady;
        let failure = failure_of(&invocation);
        record(context, run, phase, invocation, *errors);
        if not_ready && began.elapsed() < NOT_READY_LIMIT {
            if !sleep_unless_cancelled(cancel, NOT_READY_PAUSE).await {
                return Err(EndpointOutcome::Cancelled);
            }
            continue;
        }
        let Some(reason) = failure else { return Ok(()) };
        *errors += 1;
        if *errors >= context.plan.options.error_threshold {
            return Err(EndpointOutcome::StoppedEarly {
                reason: format!("{errors} errors, the last: {reason}"),
            });
        }
        return Ok(());
    }
}

fn record(
    context: &Context,
    run: &mut EndpointRun,
    phase: Phase,
    invocation: Invocation,
    errors: u32,
) {
    let latency_ms = invocation
        .outcome
        .is_success()
        .then_some(invocation.latency_ms);
    let errors = errors + u32::from(!invocation.outcome.is_success());
    match phase {
        Phase::WarmUp => run.warmup.push(invocation),
        Phase::Measured => run.invocations.push(invocation),
    }
    let done = u32::try_from(run.warmup.len() + run.invocations.len()).unwrap_or(u32::MAX);
    context.emit(&Event::Invoked {
        memory_mb: run.memory_mb,
        done,
        errors,
        latency_ms,
    });
}

fn failure_of(invocation: &Invocation) -> Option<String> {
    match &invocation.outcome {
        InvocationOutcome::Success => None,
        InvocationOutcome::Throttled => Some("ThrottlingException".to_owned()),
        InvocationOutcome::NotReady => Some("ModelNotReadyException".to_owned()),
        InvocationOutcome::OutOfMemory => Some("the model ran out of memory".to_owned()),
        InvocationOutcome::ModelError(message) => Some(format!("ModelError: {message}")),
        InvocationOutcome::ServiceError(message) | InvocationOutcome::TransportError(message) => {
            Some(message.clone())
        }
    }
}
