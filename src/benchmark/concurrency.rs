//! The concurrency benchmark: one endpoint per `MaxConcurrency`, at the recommended size, side by side as far as the
//! account's quota allows.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::journal::Record;
use super::load_plan::{LoadEndpoint, LoadOptions};
use super::{Context, EndpointLabel, Event, PlannedEndpoint, deploy, load, stability};
use crate::aws::EndpointSpec;
use crate::result::{EndpointOutcome, LoadRun, RunResult};
use crate::units::MemoryMb;

/// Measures every load that `result` does not hold yet, at `memory_mb`.
pub(super) async fn measure_all(
    context: &Arc<Context>,
    result: &mut RunResult,
    memory_mb: MemoryMb,
    save: &(dyn Fn(&RunResult) + Sync),
) {
    let Some(options) = &context.plan.options.load else {
        return;
    };
    if result.concurrency.is_empty() {
        begin(context, result, memory_mb);
    }
    let missing = |run: &LoadRun| run.outcome == EndpointOutcome::Cancelled;
    let endpoints = context.plan.load_endpoints.iter();
    let planned: Vec<(usize, LoadEndpoint, LoadRun)> = endpoints
        .zip(&result.concurrency)
        .enumerate()
        .filter(|(_, (_, run))| missing(run))
        .map(|(index, (endpoint, run))| (index, endpoint.clone(), run.clone()))
        .collect();
    if planned.is_empty() {
        return;
    }
    let announced = planned.iter().map(|(_, endpoint, _)| PlannedEndpoint {
        endpoint: EndpointLabel::MaxConcurrency(endpoint.max_concurrency),
        invocations: calls(options, endpoint),
    });
    context.emit(&Event::Started {
        endpoints: announced.collect(),
        load_at: Some(memory_mb),
    });
    let mut tasks = JoinSet::new();
    for (index, endpoint, run) in planned {
        let context = Arc::clone(context);
        let spec = context.plan.load_spec(&endpoint, memory_mb);
        tasks.spawn(async move { (index, measure(&context, &spec, &endpoint, run).await) });
    }
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok((index, run)) => {
                if let Some(place) = result.concurrency.get_mut(index) {
                    *place = run;
                }
                save(result);
            }
            Err(error) => tracing::error!(%error, "internal error of sagegate"),
        }
    }
}

fn begin(context: &Context, result: &mut RunResult, memory_mb: MemoryMb) {
    let endpoints = context.plan.load_endpoints.iter();
    let named = endpoints.clone();
    context.journal.append(&Record::LoadStarted(
        memory_mb,
        named
            .map(|endpoint| (endpoint.max_concurrency, endpoint.name.clone()))
            .collect(),
    ));
    let not_run_yet = |endpoint: &LoadEndpoint| LoadRun {
        memory_mb,
        max_concurrency: endpoint.max_concurrency,
        endpoint_name: endpoint.name.clone(),
        outcome: EndpointOutcome::Cancelled,
        deployed_in_s: None,
        rounds: Vec::new(),
        metrics: None,
    };
    result.concurrency = endpoints.map(not_run_yet).collect();
}

/// Calls of all loads of an endpoint, warm-up included.
fn calls(options: &LoadOptions, endpoint: &LoadEndpoint) -> u32 {
    let of = |load| options.calls(load) + endpoint.warmup_clients(load);
    endpoint.loads.iter().map(of).sum()
}

/// One endpoint from creation to deletion.
async fn measure(
    context: &Arc<Context>,
    spec: &EndpointSpec,
    endpoint: &LoadEndpoint,
    mut run: LoadRun,
) -> LoadRun {
    match (
        deploy::deploy(context, spec).await,
        &context.plan.options.load,
    ) {
        (Ok(took), Some(options)) => {
            let seconds = took.as_secs_f64();
            run.deployed_in_s = Some(seconds);
            let record = Record::Deployed(spec.name.clone(), seconds);
            context.journal.append(&record);
            load::drive_rounds(context, options, endpoint, &mut run).await;
        }
        (Err(outcome), _) => run.outcome = outcome,
        (Ok(_), None) => {}
    }
    stability::finish(context, spec, &run.outcome).await;
    run
}
