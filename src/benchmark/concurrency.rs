//! The concurrency benchmark: one endpoint per `MaxConcurrency`, at the recommended size, side by
//! side as far as the account's quota allows.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::draft::Model;
use super::journal::Record;
use super::load_plan::{LoadEndpoint, LoadOptions};
use super::{Context, Draft, Event, PlannedEndpoint, Save, deploy, drive, stability};
use crate::aws::EndpointSpec;
use crate::result::{EndpointOutcome, LoadRun};
use crate::units::MemoryMb;

/// Measures every load of every endpoint that is open, at `memory_mb`: first of the run's model,
/// then of the reference where that is wanted, never both at once.
pub(super) async fn measure_all(
    context: &Arc<Context>,
    draft: &mut Draft,
    memory_mb: MemoryMb,
    save: Save<'_>,
) {
    for model in [Model::Candidate, Model::Reference] {
        measure_model(context, draft, memory_mb, model, save).await;
    }
}

fn endpoints(context: &Context, of: Model) -> &[LoadEndpoint] {
    let plan = &context.plan;
    match of {
        Model::Candidate => &plan.load_endpoints,
        Model::Reference => plan.reference.as_ref().map_or(&[], |it| &it.load_endpoints),
    }
}

async fn measure_model(
    context: &Arc<Context>,
    draft: &mut Draft,
    memory_mb: MemoryMb,
    model: Model,
    save: Save<'_>,
) {
    let Some(options) = &context.plan.options.load else {
        return;
    };
    if context.environment.cancel.is_cancelled() || endpoints(context, model).is_empty() {
        return;
    }
    if draft.loads_mut(model).is_some_and(|it| it.is_empty()) {
        begin(context, draft, memory_mb, model);
    }
    let planned: Vec<(LoadEndpoint, LoadRun)> = endpoints(context, model)
        .iter()
        .filter(|endpoint| draft.is_open(&endpoint.name))
        .filter_map(|endpoint| Some((endpoint.clone(), draft.load(&endpoint.name)?.clone())))
        .collect();
    if planned.is_empty() {
        return;
    }
    let announced = planned.iter().map(|(endpoint, _)| PlannedEndpoint {
        endpoint: context.load_label(&endpoint.name, endpoint.max_concurrency),
        invocations: calls(options, endpoint),
    });
    context.emit(&Event::Started {
        endpoints: announced.collect(),
        load_at: Some(memory_mb),
        round: None,
    });
    let mut tasks = JoinSet::new();
    for (endpoint, run) in planned {
        let (context, options) = (Arc::clone(context), options.clone());
        let spec = context.plan.load_spec(&endpoint, memory_mb);
        tasks.spawn(
            async move { measure_endpoint(&context, &options, &spec, &endpoint, run).await },
        );
    }
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(run) => {
                draft.close(&run.endpoint_name);
                if let Some(place) = draft.load_mut(&run.endpoint_name.clone()) {
                    *place = run;
                }
                save(&draft.result);
            }
            Err(error) => tracing::error!(%error, "internal error of sagegate"),
        }
    }
}

fn begin(context: &Context, draft: &mut Draft, memory_mb: MemoryMb, model: Model) {
    let named: Vec<(u32, String)> = endpoints(context, model)
        .iter()
        .map(|endpoint| (endpoint.max_concurrency, endpoint.name.clone()))
        .collect();
    draft.begin_loads(memory_mb, &named, model);
    context.journal.append(&match model {
        Model::Candidate => Record::LoadStarted(memory_mb, named),
        Model::Reference => Record::ReferenceLoadStarted(memory_mb, named),
    });
}

/// Calls of all loads of an endpoint, warm-up included.
fn calls(options: &LoadOptions, endpoint: &LoadEndpoint) -> u32 {
    let of = |load| options.calls(load) + endpoint.warmup_clients(load);
    endpoint.loads.iter().map(of).sum()
}

/// One endpoint from creation to deletion.
async fn measure_endpoint(
    context: &Arc<Context>,
    options: &LoadOptions,
    spec: &EndpointSpec,
    endpoint: &LoadEndpoint,
    mut run: LoadRun,
) -> LoadRun {
    let turn = context.turn().await;
    let brought_up = match &turn {
        Some(_) => deploy::deploy(context, spec, None).await,
        None => Err(EndpointOutcome::Cancelled),
    };
    run.outcome = match brought_up {
        Ok(it) => {
            run.deployed_in_s = Some(stability::deployed(context, spec, it.took));
            drive::drive_loads(context, options, endpoint, &mut run).await
        }
        Err(outcome) => outcome,
    };
    stability::finish(context, spec, &run.outcome).await;
    drop(turn);
    run
}
