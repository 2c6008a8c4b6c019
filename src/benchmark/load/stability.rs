//! Stability: warm-up, then sequential round-robin invocations (closed loop, one client).

use std::ops::Range;
use std::time::{Duration, Instant};

use super::failure_of;
use crate::aws::Invoker;
use crate::benchmark::journal::Record;
use crate::benchmark::wait::sleep_unless_cancelled;
use crate::benchmark::{Context, EndpointLabel, Event, empty_result};
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

/// Waits out the cold-start delay, warms up and measures; sets the outcome and the invocations of `run`. What a
/// resumed run already holds is not measured again; its warm-up is, because the endpoint has been idle or is new.
pub(in crate::benchmark) async fn drive(context: &Context, run: &mut EndpointRun) {
    run.outcome = measure(context, run).await;
}

async fn measure(context: &Context, run: &mut EndpointRun) -> EndpointOutcome {
    let options = &context.plan.options;
    if !sleep_unless_cancelled(&context.stop, options.cold_start_delay).await {
        return EndpointOutcome::Cancelled;
    }
    let invoker = context.environment.session.invoker(&run.endpoint_name);
    invoker.open_connections(1).await;
    let mut failed = errors(&run.warmup) + errors(&run.invocations);
    for call in 0..options.warmup {
        let phase = Phase::WarmUp;
        let until_ready = call_until_ready(context, &invoker, run, phase, call, &mut failed);
        if let Err(outcome) = until_ready.await {
            return outcome;
        }
    }
    while let Some(calls) = next_calls(context, run) {
        for call in calls {
            let phase = Phase::Measured;
            let until_ready = call_until_ready(context, &invoker, run, phase, call, &mut failed);
            if let Err(outcome) = until_ready.await {
                return outcome;
            }
            if fails_for_certain(context, run) {
                context.stop.cancel();
                return context.failed_fast();
            }
        }
    }
    EndpointOutcome::Measured
}

/// How often a certain failure is looked for: after so many calls, and at most so often in a run.
const CALLS_BETWEEN_LOOKS: u32 = 25;
const MOST_LOOKS: u32 = 100;

/// Whether the run fails whatever comes, by what has been measured at this size.
fn fails_for_certain(context: &Context, run: &EndpointRun) -> bool {
    let Some(is_certain) = &context.environment.is_certain_failure else {
        return false;
    };
    let (done, planned) = (
        answered(&run.invocations),
        context.plan.options.max_invocations,
    );
    let every = CALLS_BETWEEN_LOOKS.max(planned / MOST_LOOKS);
    if done % every != 0 || done >= planned {
        return false;
    }
    let mut so_far = empty_result(&context.plan, &context.environment);
    for place in &mut so_far.stability {
        if place.endpoint_name == run.endpoint_name {
            place.clone_from(run);
            place.outcome = context.failed_fast();
        }
    }
    is_certain(&so_far)
}

/// The calls that come next: the planned ones, then as many again while the noise asks for more.
fn next_calls(context: &Context, run: &EndpointRun) -> Option<Range<u32>> {
    let options = &context.plan.options;
    let (done, round) = (answered(&run.invocations), options.invocations);
    // A resumed run first completes what was begun.
    if done < round {
        return Some(done..round);
    }
    let is_between_rounds = done % round != 0;
    let goes_on = || is_between_rounds || (context.environment.wants_more)(run);
    if done >= options.max_invocations || !goes_on() {
        return None;
    }
    let next = (done / round + 1).saturating_mul(round);
    let next = next.min(options.max_invocations);
    context.emit(&Event::Extended {
        endpoint: EndpointLabel::Memory(run.memory_mb),
        invocations: next + options.warmup,
    });
    Some(done..next)
}

/// Calls that are done: one that met an endpoint not ready was sent again.
fn answered(calls: &[Invocation]) -> u32 {
    let done = calls
        .iter()
        .filter(|call| call.outcome != InvocationOutcome::NotReady);
    u32::try_from(done.count()).unwrap_or(u32::MAX)
}

fn errors(calls: &[Invocation]) -> u32 {
    let failed = calls
        .iter()
        .filter(|call| !call.outcome.is_success() && call.outcome != InvocationOutcome::NotReady);
    u32::try_from(failed.count()).unwrap_or(u32::MAX)
}

/// Sends call number `call`, again while the endpoint says it is not ready.
async fn call_until_ready(
    context: &Context,
    invoker: &Invoker,
    run: &mut EndpointRun,
    phase: Phase,
    call: u32,
    errors: &mut u32,
) -> Result<(), EndpointOutcome> {
    let cancel = &context.stop;
    let began = Instant::now();
    loop {
        let sample = context.plan.samples.round_robin(call);
        let send = invoker.invoke(sample, context.start);
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
                reason: format!("{}, the last: {reason}", plural(*errors)),
            });
        }
        return Ok(());
    }
}

fn plural(errors: u32) -> String {
    if errors == 1 {
        "1 error".to_owned()
    } else {
        format!("{errors} errors")
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
    let name = run.endpoint_name.clone();
    context.journal.append(&match phase {
        Phase::WarmUp => Record::WarmUp(name, invocation.clone()),
        Phase::Measured => Record::Call(name, invocation.clone()),
    });
    match phase {
        Phase::WarmUp => run.warmup.push(invocation),
        Phase::Measured => run.invocations.push(invocation),
    }
    let done = u32::try_from(run.warmup.len() + run.invocations.len()).unwrap_or(u32::MAX);
    context.emit(&Event::Invoked {
        endpoint: EndpointLabel::Memory(run.memory_mb),
        done,
        errors,
        latency_ms,
    });
}
