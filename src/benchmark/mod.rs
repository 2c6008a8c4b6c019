//! Runs a [`Plan`]: deploys the endpoints, measures them side by side, deletes them, reads CloudWatch.

mod cleanup;
mod collect;
mod deploy;
mod event;
mod ledger;
mod load;
mod names;
mod plan;
mod wait;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

pub use self::cleanup::sweep;
pub use self::event::{Event, Observer};
pub use self::ledger::{Ledger, LedgerError};
pub use self::names::run_id;
pub use self::plan::{Identity, Options, Plan};
use crate::aws::{EndpointSpec, Session};
use crate::result::{CleanupSummary, EndpointOutcome, EndpointRun, RunResult, SCHEMA};

/// What a run needs from outside.
#[derive(Clone)]
pub struct Environment {
    /// Clients.
    pub session: Session,
    /// Receives the events.
    pub observer: Arc<dyn Observer>,
    /// Cancelled on Ctrl-C or SIGTERM: measuring stops, deleting does not.
    pub cancel: CancellationToken,
    /// The wall clock.
    pub now: fn() -> Timestamp,
}

/// Shared by the tasks of one run.
struct Context {
    plan: Plan,
    environment: Environment,
    start: Instant,
    /// Creates are sent one at a time: the control plane throttles bursts.
    create_lock: Mutex<()>,
    created: AtomicU32,
}

impl Context {
    fn emit(&self, event: &Event) {
        self.environment.observer.on_event(event);
    }
}

/// Runs `plan` to the end and deletes whatever it created, also when it is cancelled. `save` is called with
/// the result so far each time an endpoint is done, so that a crash loses little.
pub async fn run(
    plan: Plan,
    environment: Environment,
    save: &(dyn Fn(&RunResult) + Sync),
) -> RunResult {
    let context = Arc::new(Context {
        plan,
        environment,
        start: Instant::now(),
        create_lock: Mutex::new(()),
        created: AtomicU32::new(0),
    });
    let mut result = empty_result(&context);
    context.emit(&Event::Started {
        memory_sizes: context.plan.options.memory_sizes.clone(),
        invocations: context.plan.options.invocations + context.plan.options.warmup,
    });
    measure_all(&context, &mut result, save).await;
    let created = context.created.load(Ordering::SeqCst);
    let names = context.plan.endpoint_names();
    let timeout = context.plan.options.cleanup_timeout;
    let observer = context.environment.observer.as_ref();
    let swept = sweep(&context.environment.session, &names, timeout, observer).await;
    result.cleanup = CleanupSummary { created, ..swept };
    save(&result);
    if !context.environment.cancel.is_cancelled() {
        collect::collect(&context, &mut result).await;
    }
    result.service = context.environment.session.service();
    result.finished_at = (context.environment.now)();
    save(&result);
    result
}

fn empty_result(context: &Context) -> RunResult {
    let now = (context.environment.now)();
    let plan = &context.plan;
    RunResult {
        schema: SCHEMA,
        sagegate_version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id: plan.identity.run_id.clone(),
        name: plan.identity.name.clone(),
        commit: plan.identity.commit.clone(),
        started_at: now,
        finished_at: now,
        service: context.environment.session.service(),
        region: context.environment.session.region().to_owned(),
        model_name: plan.identity.model_name.clone(),
        samples: plan.samples.info(),
        settings: plan.settings(),
        stability: plan.endpoints.iter().map(not_run_yet).collect(),
        cleanup: CleanupSummary::default(),
    }
}

fn not_run_yet(spec: &EndpointSpec) -> EndpointRun {
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

async fn measure_all(
    context: &Arc<Context>,
    result: &mut RunResult,
    save: &(dyn Fn(&RunResult) + Sync),
) {
    let mut tasks = JoinSet::new();
    for (index, spec) in context.plan.endpoints.iter().cloned().enumerate() {
        let context = Arc::clone(context);
        tasks.spawn(async move { (index, measure(&context, &spec).await) });
    }
    let mut announced = false;
    let mut bug = None;
    while let Some(joined) = tasks.join_next().await {
        if context.environment.cancel.is_cancelled() && !announced {
            announced = true;
            context.emit(&Event::Cancelled);
        }
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

/// One endpoint from creation to the last invocation.
async fn measure(context: &Context, spec: &EndpointSpec) -> EndpointRun {
    let mut run = not_run_yet(spec);
    match deploy::deploy(context, spec).await {
        Ok(took) => {
            run.deployed_in_s = Some(took.as_secs_f64());
            load::drive(context, &mut run).await;
        }
        Err(outcome) => run.outcome = outcome,
    }
    match run.outcome.reason() {
        None => context.emit(&Event::Measured {
            memory_mb: spec.memory_mb,
        }),
        Some(reason) => {
            let reason = reason.to_owned();
            context.emit(&Event::LeftOut {
                memory_mb: spec.memory_mb,
                reason,
            });
        }
    }
    run
}
