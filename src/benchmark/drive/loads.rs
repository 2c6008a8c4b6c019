//! Concurrency: puts one endpoint under one load after the other.

use std::sync::Arc;

use super::recorder::Recorder;
use super::round::Round;
use super::{closed_loop, open_loop, shares};
use crate::benchmark::Context;
use crate::benchmark::load_plan::{LoadEndpoint, LoadOptions};
use crate::result::{Cause, EndpointOutcome, Load, LoadRun};

/// Measures every load that `run` does not hold yet; how that ended.
pub(in crate::benchmark) async fn drive_loads(
    context: &Arc<Context>,
    options: &LoadOptions,
    endpoint: &LoadEndpoint,
    run: &mut LoadRun,
) -> EndpointOutcome {
    let earlier = run.rounds.iter();
    let earlier = earlier.flat_map(|round| round.warmup.iter().chain(&round.invocations));
    let label = context.load_label(&endpoint.name, endpoint.max_concurrency);
    let recorder = Arc::new(Recorder::new(context, label, &endpoint.name, earlier));
    for load in endpoint.loads.iter().skip(run.rounds.len()) {
        let recorder = Arc::clone(&recorder);
        let round = Arc::new(Round::new(context, options, endpoint, recorder));
        let work = measure(&round, load, endpoint.warmup_clients(load));
        match context.environment.cancel.run_until_cancelled(work).await {
            Some(Ok(())) => run.rounds.push(round.finish(load)),
            Some(Err(outcome)) => return outcome,
            None => return EndpointOutcome::Cancelled,
        }
    }
    EndpointOutcome::Measured
}

async fn measure(
    round: &Arc<Round>,
    load: &Load,
    warmup_clients: u32,
) -> Result<(), EndpointOutcome> {
    round.begin(load, warmup_clients).await;
    let calls = round.options.calls(load);
    match (load, &round.options.open_loop) {
        (Load::ClosedLoop { clients }, _) => match &round.context.environment.helpers {
            Some(helpers) => shares::drive(round, helpers.as_ref(), *clients, calls)
                .await
                .map_err(unanswered)?,
            None => closed_loop::drive(round, *clients, 0..calls).await,
        },
        (Load::ConstantRate { .. } | Load::Trace { .. }, Some(arrivals)) => {
            open_loop::drive(round, &arrivals.offsets(calls)).await;
        }
        (Load::ConstantRate { .. } | Load::Trace { .. }, None) => {}
    }
    round.hopeless(load).map_or(Ok(()), Err)
}

/// Another machine of the job has not done its part.
const fn unanswered(reason: String) -> EndpointOutcome {
    EndpointOutcome::StoppedEarly {
        reason,
        cause: Cause::Runner,
    }
}
