//! The concurrency benchmark: one endpoint per `MaxConcurrency`, at the recommended size, side by
//! side as far as the account's quota allows.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::journal::Record;
use super::load_plan::{LoadEndpoint, LoadOptions};
use super::{
    Context, Draft, EndpointLabel, Event, PlannedEndpoint, Save, deploy, drive, stability,
};
use crate::aws::EndpointSpec;
use crate::result::{EndpointOutcome, LoadRun};
use crate::units::MemoryMb;

/// Measures every load of every endpoint that is open, at `memory_mb`.
pub(super) async fn measure_all(
    context: &Arc<Context>,
    draft: &mut Draft,
    memory_mb: MemoryMb,
    save: Save<'_>,
) {
    let Some(options) = &context.plan.options.load else {
        return;
    };
    if draft.result.concurrency.is_empty() {
        begin(context, draft, memory_mb);
    }
    let endpoints = context.plan.load_endpoints.iter();
    let planned: Vec<(LoadEndpoint, LoadRun)> = endpoints
        .filter(|endpoint| draft.is_open(&endpoint.name))
        .filter_map(|endpoint| {
            let mut runs = draft.result.concurrency.iter();
            let run = runs.find(|run| run.endpoint_name == endpoint.name)?;
            Some((endpoint.clone(), run.clone()))
        })
        .collect();
    if planned.is_empty() {
        return;
    }
    let announced = planned.iter().map(|(endpoint, _)| PlannedEndpoint {
        endpoint: EndpointLabel::MaxConcurrency(endpoint.max_concurrency),
        invocations: calls(options, endpoint),
    });
    context.emit(&Event::Started {
        endpoints: announced.collect(),
        load_at: Some(memory_mb),
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

fn begin(context: &Context, draft: &mut Draft, memory_mb: MemoryMb) {
    let endpoints = context.plan.load_endpoints.iter();
    let named: Vec<(u32, String)> = endpoints
        .map(|endpoint| (endpoint.max_concurrency, endpoint.name.clone()))
        .collect();
    draft.begin_loads(memory_mb, &named);
    context
        .journal
        .append(&Record::LoadStarted(memory_mb, named));
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
        Some(_) => deploy::deploy(context, spec).await,
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
