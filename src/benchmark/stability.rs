//! The stability benchmark: one endpoint per memory size, all side by side.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::journal::Record;
use super::{Context, Draft, EndpointLabel, Event, PlannedEndpoint, Save, deploy, drive, logs};
use crate::aws::EndpointSpec;
use crate::result::{Cause, ContainerLog, EndpointOutcome, EndpointRun, RunResult};
use crate::units::seconds;

/// An endpoint before anything was done with it. Its outcome is what a run has that ends here.
pub(super) fn not_run_yet(spec: &EndpointSpec) -> EndpointRun {
    EndpointRun {
        memory_mb: spec.memory_mb,
        round: 1,
        max_concurrency: spec.max_concurrency,
        endpoint_name: spec.name.clone(),
        outcome: EndpointOutcome::Cancelled,
        deployed_in_s: None,
        deployed_again_after: None,
        warmup: Vec::new(),
        invocations: Vec::new(),
        metrics: None,
        container_log: ContainerLog::default(),
    }
}

/// Nothing can be measured.
pub(super) fn give_up(result: &mut RunResult, outcome: &EndpointOutcome) {
    for run in &mut result.stability {
        run.outcome.clone_from(outcome);
    }
}

/// Measures every size that is open.
pub(super) async fn measure_all(context: &Arc<Context>, draft: &mut Draft, save: Save<'_>) {
    let options = &context.plan.options;
    let sizes = draft.result.stability.iter();
    let open = sizes.filter(|run| draft.is_open(&run.endpoint_name));
    let endpoints: Vec<PlannedEndpoint> = open
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
    for spec in &context.plan.endpoints {
        if !draft.is_open(&spec.name) {
            continue;
        }
        let Some(run) = draft.size_mut(&spec.name) else {
            continue;
        };
        let (context, spec, run) = (Arc::clone(context), spec.clone(), run.clone());
        tasks.spawn(async move { measure(&context, &spec, run).await });
    }
    join(draft, tasks, save).await;
}

async fn join(draft: &mut Draft, mut tasks: JoinSet<EndpointRun>, save: Save<'_>) {
    let mut bug = None;
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(run) => {
                draft.close(&run.endpoint_name);
                if let Some(place) = draft.size_mut(&run.endpoint_name.clone()) {
                    *place = run;
                }
                save(&draft.result);
            }
            Err(error) => bug = Some(error),
        }
    }
    if let Some(bug) = bug {
        blame(draft, &bug);
    }
}

/// A size whose task ended without a result was not cancelled: a bug of ours must not look like the
/// user's choice.
fn blame(draft: &mut Draft, bug: &JoinError) {
    let names = draft
        .result
        .stability
        .iter()
        .map(|run| run.endpoint_name.clone());
    let open: Vec<String> = names.filter(|name| draft.is_open(name)).collect();
    for name in open {
        let reason = format!("internal error of sagegate: {bug}");
        if let Some(run) = draft.size_mut(&name) {
            run.outcome = EndpointOutcome::StoppedEarly {
                reason,
                cause: Cause::Runner,
            };
        }
    }
}

/// One endpoint from creation to deletion.
async fn measure(context: &Context, spec: &EndpointSpec, mut run: EndpointRun) -> EndpointRun {
    let turn = context.turn().await;
    let brought_up = match &turn {
        Some(_) => deploy::deploy(context, spec).await,
        None => Err(EndpointOutcome::Cancelled),
    };
    let outcome = match brought_up {
        Ok(it) => {
            run.deployed_in_s = Some(deployed(context, spec, it.took));
            run.deployed_again_after = it.again_after;
            drive::drive_sequence(context, &mut run).await
        }
        Err(outcome) => outcome,
    };
    // Nobody cancelled: another size was certain to fail.
    let failed_elsewhere = outcome == EndpointOutcome::Cancelled
        && context.stop.is_cancelled()
        && !context.environment.cancel.is_cancelled();
    run.outcome = if failed_elsewhere {
        context.failed_fast()
    } else {
        outcome
    };
    run.container_log = finish(context, spec, &run.outcome).await;
    drop(turn);
    run
}

/// Journals how long an endpoint took to be in service; in seconds.
pub(super) fn deployed(context: &Context, spec: &EndpointSpec, took: Duration) -> f64 {
    let seconds = seconds(took);
    let record = Record::Deployed(spec.name.clone(), seconds);
    context.journal.append(&record);
    seconds
}

/// Reports how an endpoint ended, and deletes it; what its container wrote last, if it failed.
pub(super) async fn finish(
    context: &Context,
    spec: &EndpointSpec,
    outcome: &EndpointOutcome,
) -> ContainerLog {
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
    logs::wind_up(context, spec, outcome).await
}
