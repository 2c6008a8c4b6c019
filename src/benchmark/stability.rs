//! The stability benchmark: one endpoint per memory size, all side by side.

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use super::journal::Record;
use super::{Context, EndpointLabel, Event, PlannedEndpoint, deploy, load};
use crate::aws::EndpointSpec;
use crate::result::{EndpointOutcome, EndpointRun, RunResult};

/// An endpoint before anything was done with it.
pub(super) fn not_run_yet(spec: &EndpointSpec) -> EndpointRun {
    EndpointRun {
        memory_mb: spec.memory_mb,
        max_concurrency: spec.max_concurrency,
        endpoint_name: spec.name.clone(),
        outcome: EndpointOutcome::Cancelled,
        deployed_in_s: None,
        warmup: Vec::new(),
        invocations: Vec::new(),
        metrics: None,
    }
}

/// Nothing can be measured.
pub(super) fn give_up(result: &mut RunResult, outcome: &EndpointOutcome) {
    for run in &mut result.stability {
        run.outcome.clone_from(outcome);
    }
}

/// Measures every size that is not complete.
pub(super) async fn measure_all(
    context: &Arc<Context>,
    result: &mut RunResult,
    save: &(dyn Fn(&RunResult) + Sync),
) {
    let missing = |run: &EndpointRun| run.outcome == EndpointOutcome::Cancelled;
    let options = &context.plan.options;
    let planned = result.stability.iter().filter(|run| missing(run));
    let endpoints: Vec<PlannedEndpoint> = planned
        .map(|run| PlannedEndpoint {
            endpoint: EndpointLabel::Memory(run.memory_mb),
            invocations: options.invocations + options.warmup,
        })
        .collect();
    if endpoints.is_empty() {
        return;
    }
    context.emit(&Event::Started {
        endpoints,
        load_at: None,
    });
    let mut tasks = JoinSet::new();
    for (index, spec) in context.plan.endpoints.iter().cloned().enumerate() {
        let Some(run) = result.stability.get(index).filter(|run| missing(run)) else {
            continue;
        };
        let (context, run) = (Arc::clone(context), run.clone());
        tasks.spawn(async move { (index, measure(&context, &spec, run).await) });
    }
    join(result, tasks, save).await;
}

async fn join(
    result: &mut RunResult,
    mut tasks: JoinSet<(usize, EndpointRun)>,
    save: &(dyn Fn(&RunResult) + Sync),
) {
    let mut bug = None;
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok((index, run)) => {
                if let Some(place) = result.stability.get_mut(index) {
                    *place = run;
                }
                save(result);
            }
            Err(error) => bug = Some(error),
        }
    }
    if let Some(bug) = bug {
        blame(result, &bug);
    }
}

/// A size whose task ended without a result was not cancelled: a bug of ours must not look like the user's choice.
fn blame(result: &mut RunResult, bug: &JoinError) {
    let unfinished = result
        .stability
        .iter_mut()
        .filter(|run| run.outcome == EndpointOutcome::Cancelled);
    for run in unfinished {
        let reason = format!("internal error of sagegate: {bug}");
        run.outcome = EndpointOutcome::StoppedEarly { reason };
    }
}

/// One endpoint from creation to deletion.
async fn measure(context: &Context, spec: &EndpointSpec, mut run: EndpointRun) -> EndpointRun {
    match deploy::deploy(context, spec).await {
        Ok(took) => {
            let seconds = took.as_secs_f64();
            run.deployed_in_s = Some(seconds);
            let record = Record::Deployed(spec.name.clone(), seconds);
            context.journal.append(&record);
            load::drive(context, &mut run).await;
        }
        Err(outcome) => run.outcome = outcome,
    }
    // Nobody cancelled: another size was certain to fail.
    if run.outcome == EndpointOutcome::Cancelled
        && context.stop.is_cancelled()
        && !context.environment.cancel.is_cancelled()
    {
        run.outcome = context.failed_fast();
    }
    finish(context, spec, &run.outcome).await;
    run
}

/// Tells how an endpoint ended, and deletes it.
pub(super) async fn finish(context: &Context, spec: &EndpointSpec, outcome: &EndpointOutcome) {
    let endpoint = context.label(spec);
    context.announce_cancellation();
    if *outcome != EndpointOutcome::Cancelled {
        let record = Record::Ended(spec.name.clone(), outcome.clone());
        context.journal.append(&record);
    }
    match outcome.reason() {
        None => context.emit(&Event::Measured { endpoint }),
        Some(reason) => context.emit(&Event::LeftOut {
            endpoint,
            reason: reason.to_owned(),
        }),
    }
    context.retire(spec).await;
}
