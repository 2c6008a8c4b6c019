//! The stability benchmark: one endpoint per memory size, all at the same time; beside a reference
//! two per size, which are called in turn, round after round.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::{JoinError, JoinSet};

use super::deploy::Partner;
use super::drive::{Alternation, Side, Turns};
use super::journal::Record;
use super::plan::SizePlan;
use super::{Context, Draft, Event, PlannedEndpoint, Save, deploy, drive, logs};
use crate::aws::EndpointSpec;
use crate::result::{Cause, ContainerLog, EndpointOutcome, EndpointRun, RunResult};
use crate::units::seconds;

/// An endpoint before anything was done with it. Its outcome is what a run has that ends here.
pub(super) fn not_run_yet(spec: &EndpointSpec, round: u32) -> EndpointRun {
    EndpointRun {
        memory_mb: spec.memory_mb,
        round,
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
    let reference = result.reference.iter_mut().flat_map(|it| &mut it.stability);
    for run in result.stability.iter_mut().chain(reference) {
        run.outcome.clone_from(outcome);
    }
}

/// Measures every size that is open, one round after the other.
pub(super) async fn measure_all(context: &Arc<Context>, draft: &mut Draft, save: Save<'_>) {
    let rounds = context.plan.sizes.iter().map(|it| it.round).max();
    for round in 1..=rounds.unwrap_or_default() {
        if context.stop.is_cancelled() {
            return;
        }
        measure_round(context, draft, round, save).await;
    }
}

async fn measure_round(context: &Arc<Context>, draft: &mut Draft, round: u32, save: Save<'_>) {
    let sizes = context.plan.sizes.iter().filter(|it| it.round == round);
    let open: Vec<(SizePlan, Vec<EndpointRun>)> = sizes
        .map(|size| (size.clone(), open_runs(draft, size)))
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    if open.is_empty() {
        return;
    }
    let (invocations, warmup) = (
        context.plan.options.invocations,
        context.plan.options.warmup,
    );
    let endpoints = open.iter().flat_map(|(_, runs)| runs);
    let endpoints = endpoints.map(|run| PlannedEndpoint {
        endpoint: context.size_label(&run.endpoint_name, run.memory_mb),
        invocations: invocations + warmup,
    });
    let reference = context.plan.identity.reference.as_ref();
    context.emit(&Event::Started {
        endpoints: endpoints.collect(),
        load_at: None,
        round: reference.map(|it| (round, it.rounds)),
    });
    let mut tasks = JoinSet::new();
    for (size, runs) in open {
        let context = Arc::clone(context);
        tasks.spawn(async move { Box::pin(measure_size(&context, &size, runs)).await });
    }
    join(draft, tasks, save).await;
}

/// What is still to be measured of a size.
fn open_runs(draft: &mut Draft, size: &SizePlan) -> Vec<EndpointRun> {
    let specs = std::iter::once(&size.endpoint).chain(&size.reference);
    let mut open = Vec::new();
    for spec in specs {
        if draft.is_open(&spec.name)
            && let Some(run) = draft.size_mut(&spec.name)
        {
            open.push(run.clone());
        }
    }
    open
}

async fn join(draft: &mut Draft, mut tasks: JoinSet<Vec<EndpointRun>>, save: Save<'_>) {
    let mut bug = None;
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(runs) => {
                for run in runs {
                    draft.close(&run.endpoint_name);
                    if let Some(place) = draft.size_mut(&run.endpoint_name.clone()) {
                        *place = run;
                    }
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
    for name in draft.open_sizes() {
        let reason = format!("internal error of sagegate: {bug}");
        if let Some(run) = draft.size_mut(&name) {
            run.outcome = EndpointOutcome::StoppedEarly {
                reason,
                cause: Cause::Runner,
            };
        }
    }
}

/// An endpoint and how it is called.
struct Endpoint<'a> {
    spec: &'a EndpointSpec,
    turns: Turns<'a>,
    /// That of the other model, where two are called in turn.
    partner: Option<Partner<'a>>,
}

/// The endpoints of one size from creation to deletion; two are called in turn.
async fn measure_size(
    context: &Context,
    size: &SizePlan,
    runs: Vec<EndpointRun>,
) -> Vec<EndpointRun> {
    let turn = context.turn().await;
    let specs = std::iter::once(&size.endpoint).chain(&size.reference);
    let mut open: VecDeque<(&EndpointSpec, EndpointRun)> = specs
        .filter_map(|spec| {
            let run = runs.iter().find(|run| run.endpoint_name == spec.name)?;
            Some((spec, run.clone()))
        })
        .collect();
    if turn.is_none() {
        let ends = open
            .into_iter()
            .map(|(spec, run)| async { end(context, spec, run, EndpointOutcome::Cancelled).await });
        return join_all(ends).await;
    }
    let done = match (open.pop_front(), open.pop_front()) {
        (Some(candidate), Some(reference)) => {
            Box::pin(measure_pair(context, candidate, reference)).await
        }
        (Some((spec, run)), None) => {
            let endpoint = Endpoint {
                spec,
                turns: Turns::alone(),
                partner: None,
            };
            vec![measure(context, endpoint, run).await]
        }
        (None, _) => Vec::new(),
    };
    drop(turn);
    done
}

async fn measure_pair(
    context: &Context,
    (candidate, run): (&EndpointSpec, EndpointRun),
    (reference, of_reference): (&EndpointSpec, EndpointRun),
) -> Vec<EndpointRun> {
    let creating = Arc::new(context.pair_lock.lock().await);
    let alternation = Alternation::default();
    let candidate_endpoint = Endpoint {
        spec: candidate,
        turns: alternation.turns(Side::Candidate),
        partner: Some(Partner {
            name: &reference.name,
            creating: Arc::clone(&creating),
        }),
    };
    let reference_endpoint = Endpoint {
        spec: reference,
        turns: alternation.turns(Side::Reference),
        partner: Some(Partner {
            name: &candidate.name,
            creating,
        }),
    };
    let (run, of_reference) = tokio::join!(
        measure(context, candidate_endpoint, run),
        measure(context, reference_endpoint, of_reference)
    );
    vec![run, of_reference]
}

/// One endpoint from creation to deletion.
async fn measure(context: &Context, endpoint: Endpoint<'_>, mut run: EndpointRun) -> EndpointRun {
    let Endpoint {
        spec,
        turns,
        partner,
    } = endpoint;
    let outcome = match deploy::deploy(context, spec, partner).await {
        Ok(it) => {
            run.deployed_in_s = Some(deployed(context, spec, it.took));
            run.deployed_again_after = it.again_after;
            drive::drive_sequence(context, &mut run, &turns).await
        }
        Err(outcome) => outcome,
    };
    // The other model of a pair goes on alone.
    drop(turns);
    end(context, spec, run, outcome).await
}

/// Ends an endpoint, and deletes it.
async fn end(
    context: &Context,
    spec: &EndpointSpec,
    mut run: EndpointRun,
    outcome: EndpointOutcome,
) -> EndpointRun {
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
