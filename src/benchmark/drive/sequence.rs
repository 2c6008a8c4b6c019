//! Stability: warm-up, then sequential round-robin invocations (closed loop, one client).

use std::ops::Range;
use std::time::Instant;

use super::alternation::{Turn, Turns};
use super::recorder::Recorder;
use super::{again, failing};
use crate::aws::Invoker;
use crate::benchmark::journal::Record;
use crate::benchmark::wait::sleep_unless_cancelled;
use crate::benchmark::{Context, Event, empty_result};
use crate::result::{Cause, EndpointOutcome, EndpointRun, Invocation, RunResult};
use crate::text::plural;
use crate::units::saturating_u32;

/// Which list of an [`EndpointRun`] the calls go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmUp,
    Measured,
}

/// The one client of an endpoint.
struct Client {
    invoker: Invoker,
    recorder: Recorder,
}

impl Client {
    fn new(context: &Context, run: &EndpointRun) -> Self {
        let label = context.size_label(&run.endpoint_name, run.memory_mb);
        let earlier = run.warmup.iter().chain(&run.invocations);
        Self {
            invoker: context.environment.session.invoker(&run.endpoint_name),
            recorder: Recorder::new(context, label, &run.endpoint_name, earlier),
        }
    }

    fn record(&self, run: &mut EndpointRun, phase: Phase, call: Invocation) {
        match phase {
            Phase::WarmUp => {
                self.recorder.record(Record::WarmUp, &call);
                run.warmup.push(call);
            }
            Phase::Measured => {
                self.recorder.record(Record::Call, &call);
                run.invocations.push(call);
            }
        }
    }

    /// Ends the size once too many calls have failed for good.
    fn check_errors(
        &self,
        context: &Context,
        reason: &str,
        cause: Cause,
    ) -> Result<(), EndpointOutcome> {
        let errors = self.recorder.failed();
        // This machine's own trouble says nothing about the model, and does not get better.
        if errors < context.plan.options.error_threshold && cause != Cause::Runner {
            return Ok(());
        }
        let reason = format!("{}, the last: {reason}", plural(errors, "error"));
        Err(EndpointOutcome::StoppedEarly { reason, cause })
    }
}

/// Waits out the cold-start delay, warms up and measures into the lists of `run`; how that ended.
/// What a resumed run already holds is not measured again; its warm-up is, because the endpoint has
/// been idle or is new.
pub(in crate::benchmark) async fn drive_sequence(
    context: &Context,
    run: &mut EndpointRun,
    turns: &Turns<'_>,
) -> EndpointOutcome {
    match measure(context, run, turns).await {
        Ok(()) => EndpointOutcome::Measured,
        Err(outcome) => outcome,
    }
}

async fn measure(
    context: &Context,
    run: &mut EndpointRun,
    turns: &Turns<'_>,
) -> Result<(), EndpointOutcome> {
    let options = &context.plan.options;
    if !sleep_unless_cancelled(&context.stop, options.cold_start_delay).await {
        return Err(EndpointOutcome::Cancelled);
    }
    let client = Client::new(context, run);
    client.invoker.open_connections(1).await;
    for call in 0..options.warmup {
        let _turn = turn(context, turns, call).await?;
        call_until_answered(context, &client, run, Phase::WarmUp, call).await?;
    }
    let mut lookout = Lookout::new(context);
    while let Some(calls) = next_calls(context, run, turns) {
        for call in calls {
            let _turn = turn(context, turns, options.warmup.saturating_add(call)).await?;
            call_until_answered(context, &client, run, Phase::Measured, call).await?;
            if lookout.sees_certain_failure(context, run) {
                context.stop.cancel();
                return Err(context.failed_fast());
            }
        }
    }
    Ok(())
}

/// Waits until it is an endpoint's turn, where it takes turns with another one.
async fn turn<'a>(
    context: &Context,
    turns: &'a Turns<'_>,
    call: u32,
) -> Result<Turn<'a>, EndpointOutcome> {
    let turn = context.stop.run_until_cancelled(turns.turn(call)).await;
    turn.ok_or(EndpointOutcome::Cancelled)
}

/// How often a certain failure is looked for: after so many calls, and at most so often in a run.
const CALLS_BETWEEN_LOOKS: u32 = 25;
const MOST_LOOKS: u32 = 100;

/// Looks for a failure that nothing can change any more.
struct Lookout {
    /// A result that holds no call. An endpoint is lent to it for a look.
    empty: RunResult,
}

impl Lookout {
    fn new(context: &Context) -> Self {
        Self {
            empty: empty_result(&context.plan, &context.environment),
        }
    }

    /// Whether the run is certain to fail, by what has been measured at the size of `run` alone.
    fn sees_certain_failure(&mut self, context: &Context, run: &mut EndpointRun) -> bool {
        let planned = context.plan.options.max_invocations;
        let every = CALLS_BETWEEN_LOOKS.max(planned / MOST_LOOKS);
        let done = answered(&run.invocations);
        if !done.is_multiple_of(every) || done >= planned {
            return false;
        }
        let mut places = self.empty.stability.iter();
        let Some(index) = places.position(|it| it.endpoint_name == run.endpoint_name) else {
            return false;
        };
        let outcome = std::mem::replace(&mut run.outcome, context.failed_fast());
        self.swap(index, run);
        let certain = context.environment.policy.is_certain_failure(&self.empty);
        self.swap(index, run);
        run.outcome = outcome;
        certain
    }

    fn swap(&mut self, index: usize, run: &mut EndpointRun) {
        if let Some(place) = self.empty.stability.get_mut(index) {
            std::mem::swap(place, run);
        }
    }
}

/// The calls that come next: the planned ones, then as many again while the noise asks for more. A
/// pair has the planned ones alone: calls of one side without the other's compare nothing.
fn next_calls(context: &Context, run: &EndpointRun, turns: &Turns<'_>) -> Option<Range<u32>> {
    let options = &context.plan.options;
    let (done, round) = (answered(&run.invocations), options.invocations);
    // A resumed run first completes what was begun.
    if done < round {
        return Some(done..round);
    }
    let is_between_rounds = !done.is_multiple_of(round);
    let wants_more = || !turns.is_in_pair() && context.environment.policy.wants_more(run);
    let goes_on = || is_between_rounds || wants_more();
    if done >= options.max_invocations || !goes_on() {
        return None;
    }
    let next = (done / round + 1).saturating_mul(round);
    let next = next.min(options.max_invocations);
    context.emit(&Event::Extended {
        endpoint: context.size_label(&run.endpoint_name, run.memory_mb),
        invocations: next + options.warmup,
    });
    Some(done..next)
}

/// Calls that are done: one that was sent again is not.
fn answered(calls: &[Invocation]) -> u32 {
    saturating_u32(calls.iter().filter(|call| !call.is_sent_again()).count())
}

/// Sends call number `call`, again while the answer is a failure that passes.
async fn call_until_answered(
    context: &Context,
    client: &Client,
    run: &mut EndpointRun,
    phase: Phase,
    call: u32,
) -> Result<(), EndpointOutcome> {
    let cancel = &context.stop;
    let began = Instant::now();
    for attempt in 0.. {
        let sample = context.plan.samples.round_robin(call);
        let send = client.invoker.invoke(sample, context.start);
        let mut invocation = cancel
            .run_until_cancelled(send)
            .await
            .ok_or(EndpointOutcome::Cancelled)?;
        let passes = again::passes(phase == Phase::WarmUp, &invocation);
        let is_too_long = began.elapsed() >= again::LONGEST;
        if let Some(failure) = &mut invocation.failure {
            failure.sent_again = passes && !is_too_long;
        }
        let words = failing::words(&context.plan.samples, &invocation);
        let failure = words.zip(invocation.cause());
        let sent_again = invocation.is_sent_again();
        client.record(run, phase, invocation);
        let Some((reason, cause)) = failure else {
            return Ok(());
        };
        if passes && is_too_long && cause != Cause::Model {
            let minutes = again::LONGEST.as_secs() / 60;
            let reason = format!("no answer for {minutes} minutes, the last: {reason}");
            return Err(EndpointOutcome::StoppedEarly { reason, cause });
        }
        if !sent_again {
            return client.check_errors(context, &reason, cause);
        }
        let so_far = run.warmup.iter().chain(&run.invocations);
        if again::too_many(so_far, context.plan.options.invocations) {
            let reason = format!("more than 5% of the calls failed by AWS, the last: {reason}");
            return Err(EndpointOutcome::StoppedEarly { reason, cause });
        }
        if !sleep_unless_cancelled(cancel, again::pause(attempt, fastrand::f64())).await {
            return Err(EndpointOutcome::Cancelled);
        }
    }
    Ok(())
}
