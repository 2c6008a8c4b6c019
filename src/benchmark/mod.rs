//! Runs a [`Plan`]: deploys the endpoints, measures them side by side, deletes them, reads
//! CloudWatch; then the same for the concurrency benchmark at the recommended size.

mod budget;
mod cleanup;
mod collect;
mod concurrency;
mod deploy;
mod draft;
mod drive;
mod duration;
mod event;
mod journal;
mod ledger;
mod load_plan;
mod logs;
mod names;
mod orphans;
mod owners;
mod plan;
mod policy;
mod resume;
mod role;
mod runner;
mod stability;
mod stop;
mod trace;
mod wait;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::{Mutex, OnceCell, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use self::budget::Budget;
use self::cleanup::sweep_quietly;
pub use self::cleanup::{Names, sweep};
pub use self::draft::Draft;
pub use self::drive::{Helper, Helpers, Share, ShareDone};
pub use self::duration::{duration, duration_around};
pub use self::event::{EndpointLabel, Event, Observer, PlannedEndpoint};
use self::journal::Record;
pub use self::journal::{Journal, JournalError};
pub use self::ledger::{Ledger, LedgerError, is_region};
pub use self::load_plan::{Arrivals, LoadEndpoint, LoadOptions};
use self::logs::LogGroups;
pub use self::logs::delete_log_groups;
pub use self::names::{is_run_id, numbered, run_id, run_of, unique, unique_of};
pub use self::orphans::{Doubtful, Orphan, Orphans, Selection, find_orphans};
use self::owners::Owners;
use self::plan::ReferencePlan;
pub use self::plan::{Identity, ModelSource, Options, Plan, ReferenceModel};
pub use self::policy::RunPolicy;
pub use self::resume::check_alike;
use self::role::RoleRefusal;
use self::runner::Watch;
pub use self::stop::{StoppedJobs, stop_jobs};
pub use self::trace::TraceError;
pub use self::wait::until_next_poll;
use crate::aws::{Creation, EndpointSpec, ModelSpec, Session};
use crate::engine::Occupancy;
use crate::result::{
    CleanupSummary, ClockUse, EndpointOutcome, Reference, ResourceKind, RunResult, SCHEMA, Service,
};
use crate::sync::lock;
use crate::units::MemoryMb;

/// The dependencies of a run.
#[derive(Clone)]
pub struct Environment {
    /// Clients.
    pub session: Session,
    /// Receives the events.
    pub observer: Arc<dyn Observer>,
    /// Cancelled on SIGINT, SIGTERM or SIGHUP: measuring stops, deleting does not.
    pub cancel: CancellationToken,
    /// The wall clock.
    pub now: fn() -> Timestamp,
    /// Decides how long to measure, and at which size.
    pub policy: Arc<dyn RunPolicy>,
    /// Told of each name of the plan that turns out to be somebody else's: what is theirs must not
    /// be cleaned up, neither now nor later.
    pub disown: Arc<dyn Fn(&str) + Send + Sync>,
    /// Other machines with clients of the concurrency benchmark.
    pub helpers: Option<Arc<dyn Helpers>>,
    /// What other programs have of this machine, where its containers are measured.
    pub occupancy: Option<Occupancy>,
}

/// Called with the result so far each time an endpoint is done, so that a reader need not wait.
pub type Save<'a> = &'a (dyn Fn(&RunResult) + Sync + 'a);

/// Shared by the tasks of one run.
struct Context {
    plan: Plan,
    environment: Environment,
    /// Ends the stability benchmark: the cancellation, or a failure that is certain.
    stop: CancellationToken,
    journal: Arc<Journal>,
    /// Whether endpoints of this run may exist already.
    resumed: bool,
    /// Zero of [`crate::result::Invocation::start_ms`].
    start: Instant,
    budget: Budget,
    /// Endpoints that are measured at the same time.
    turns: Semaphore,
    /// The two endpoints of a pair are created before those of the next one: under a quota, pairs
    /// that have one endpoint each would wait for each other.
    pair_lock: Mutex<()>,
    /// Creates are sent one at a time: the control plane throttles bursts.
    create_lock: Mutex<()>,
    created: AtomicU32,
    /// What was deleted on the way.
    deleted: AtomicU32,
    /// Endpoints that are known to be gone, with their endpoint configs.
    gone: std::sync::Mutex<BTreeSet<String>>,
    owners: Owners,
    announced: AtomicBool,
    /// IAM actions that the role lacks, asked for at the first refusal.
    missing_actions: OnceCell<Vec<String>>,
    logs: LogGroups,
    role_refusal: RoleRefusal,
}

impl Context {
    /// Of a run that is not resumed, under no quota.
    fn new(plan: Plan, environment: Environment, journal: Journal, start: Instant) -> Self {
        Self {
            plan,
            stop: environment.cancel.child_token(),
            environment,
            journal: Arc::new(journal),
            resumed: false,
            start,
            budget: Budget::new(None),
            turns: Semaphore::new(Semaphore::MAX_PERMITS),
            pair_lock: Mutex::new(()),
            create_lock: Mutex::new(()),
            created: AtomicU32::new(0),
            deleted: AtomicU32::new(0),
            gone: std::sync::Mutex::default(),
            owners: Owners::default(),
            announced: AtomicBool::new(false),
            missing_actions: OnceCell::new(),
            logs: LogGroups::default(),
            role_refusal: RoleRefusal::default(),
        }
    }

    /// Waits until it is an endpoint's turn; `None` when the run is over before.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.stop.run_until_cancelled(self.turns.acquire()).await;
        turn?.ok()
    }

    fn emit(&self, event: &Event) {
        self.environment.observer.on_event(event);
    }

    fn gone(&self) -> MutexGuard<'_, BTreeSet<String>> {
        lock(&self.gone)
    }

    /// The wall clock, but no earlier than the monotonic clock allows: one that is set back while a
    /// run goes on would make it end before it began, and hide its calls from `CloudWatch`'s
    /// window.
    fn now(&self, started_at: Timestamp) -> Timestamp {
        resume::no_earlier((self.environment.now)(), started_at, self.start.elapsed())
    }

    /// Reports once that the run was cancelled.
    fn announce_cancellation(&self) {
        if self.environment.cancel.is_cancelled() && !self.announced.swap(true, Ordering::SeqCst) {
            self.emit(&Event::Cancelled);
        }
    }

    /// The outcome of a size that is not measured to its end because failure is certain.
    fn failed_fast(&self) -> EndpointOutcome {
        EndpointOutcome::FailedFast {
            reason: "stopped: the run was certain to fail".to_owned(),
            planned: self.plan.options.max_invocations,
        }
    }

    /// Display name of an endpoint.
    fn label(&self, spec: &EndpointSpec) -> EndpointLabel {
        let is_load = |it: &LoadEndpoint| it.name == spec.name;
        if self.plan.all_load_endpoints().any(is_load) {
            self.load_label(&spec.name, spec.max_concurrency)
        } else {
            self.size_label(&spec.name, spec.memory_mb)
        }
    }

    fn size_label(&self, endpoint: &str, memory_mb: MemoryMb) -> EndpointLabel {
        if self.plan.is_of_reference(endpoint) {
            EndpointLabel::ReferenceMemory(memory_mb)
        } else {
            EndpointLabel::Memory(memory_mb)
        }
    }

    fn load_label(&self, endpoint: &str, max_concurrency: u32) -> EndpointLabel {
        if self.plan.is_of_reference(endpoint) {
            EndpointLabel::ReferenceMaxConcurrency(max_concurrency)
        } else {
            EndpointLabel::MaxConcurrency(max_concurrency)
        }
    }

    /// Deletes an endpoint that is done: it makes room for others, and what is gone cannot leak.
    /// A failed deletion is tried again at the end.
    async fn retire(&self, spec: &EndpointSpec) {
        let names = Names {
            endpoints: std::slice::from_ref(&spec.name),
            ..Names::default()
        };
        if self.owners.is_foreign(&spec.name) {
            self.budget.release(&spec.name);
            return;
        }
        let timeout = self.plan.options.cleanup_timeout;
        let swept = sweep_quietly(&self.environment.session, names, timeout).await;
        self.deleted.fetch_add(swept.deleted, Ordering::SeqCst);
        if swept.left.is_empty() {
            self.gone().insert(spec.name.clone());
        }
        self.budget.release(&spec.name);
    }
}

/// How many endpoints are measured at the same time: on a machine they would slow each other down.
const fn turns(service: &Service) -> usize {
    match service {
        Service::Aws | Service::Custom(_) => Semaphore::MAX_PERMITS,
        Service::Local(_) => 1,
    }
}

/// Runs `plan` to the end and deletes everything that it created, also when it is cancelled.
/// `restored` is what an interrupted run has measured ([`Journal::resume`]): only what is missing
/// is measured.
pub async fn run(
    plan: Plan,
    environment: Environment,
    journal: Journal,
    restored: Option<Draft>,
    save: Save<'_>,
) -> RunResult {
    let quota = environment.session.concurrency_quota().await;
    let resumed = restored.is_some();
    let mut draft = restored.unwrap_or_else(|| Draft::new(empty_result(&plan, &environment)));
    draft.result.prices = environment.policy.prices();
    let started_at = draft.result.started_at;
    let start = resume::start_of(started_at, (environment.now)());
    let context = Arc::new(Context {
        resumed,
        budget: Budget::new(quota),
        turns: Semaphore::new(turns(&environment.session.service())),
        ..Context::new(plan, environment, journal, start)
    });
    if !resumed {
        let record = Record::Started(Box::new(draft.result.clone()));
        context.journal.append(&record);
    }
    let watch = Watch::start(start, context.environment.occupancy.clone());
    match create_models(&context).await {
        Ok(()) => measure_all(&context, &mut draft, save).await,
        Err(outcome) => stability::give_up(&mut draft.result, &outcome),
    }
    let mut result = draft.result;
    result.runner = watch.finish();
    result.cleanup = clean_up(&context).await;
    logs::delete_all(&context).await;
    result.service = context.environment.session.service();
    result.finished_at = context.now(started_at);
    result.clock = Some(ClockUse::of(&result));
    save(&result);
    result
}

async fn measure_all(context: &Arc<Context>, draft: &mut Draft, save: Save<'_>) {
    let is_cancelled = || context.environment.cancel.is_cancelled();
    stability::measure_all(context, draft, save).await;
    if context.stop.is_cancelled() {
        return;
    }
    let result = &mut draft.result;
    collect::stability(context, result).await;
    save(result);
    if is_cancelled() || context.plan.load_endpoints.is_empty() {
        return;
    }
    let begun = result.concurrency.first().map(|run| run.memory_mb);
    let policy = &context.environment.policy;
    if let Some(memory_mb) = begun.or_else(|| policy.recommended(result)) {
        concurrency::measure_all(context, draft, memory_mb, save).await;
        if !is_cancelled() {
            collect::concurrency(context, &mut draft.result).await;
        }
    }
}

/// The models of the run, where they do not exist already.
async fn create_models(context: &Context) -> Result<(), EndpointOutcome> {
    for model in context.plan.models() {
        create_model(context, model).await?;
    }
    Ok(())
}

async fn create_model(context: &Context, model: &ModelSpec) -> Result<(), EndpointOutcome> {
    if model.is_there {
        context.created.fetch_add(1, Ordering::SeqCst);
        return Ok(());
    }
    let session = &context.environment.session;
    let creation = loop {
        match session.create_model(model).await {
            Ok(creation) => break creation,
            Err(error) if role::is_worth_another(context, &error.message).await? => {}
            Err(error) => return Err(deploy::failed(error)),
        }
    };
    match creation {
        Creation::Created => {
            context.created.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        // The run that is resumed has created it.
        Creation::Taken if context.resumed => Ok(()),
        Creation::Taken => Err(context.leave_alone(ResourceKind::Model, &model.name)),
    }
}

/// Deletes the resources that remain, and checks that all others are gone.
async fn clean_up(context: &Context) -> CleanupSummary {
    let (mut endpoints, mut models) = (context.plan.endpoint_names(), context.plan.model_names());
    endpoints.retain(|name| !context.gone().contains(name));
    endpoints.retain(|name| !context.owners.is_foreign(name));
    models.retain(|name| !context.owners.is_foreign(name));
    let names = Names {
        endpoints: &endpoints,
        models: &models,
        ..Names::default()
    };
    context.emit(&Event::CleaningUp {
        resources: names.resources(),
    });
    let timeout = context.plan.options.cleanup_timeout;
    let swept = sweep_quietly(&context.environment.session, names, timeout).await;
    let summary = CleanupSummary {
        created: context.created.load(Ordering::SeqCst),
        deleted: swept.deleted + context.deleted.load(Ordering::SeqCst),
        left: swept.left,
    };
    context.emit(&Event::CleanedUp {
        deleted: summary.deleted,
        left: summary.left.clone(),
    });
    summary
}

fn empty_result(plan: &Plan, environment: &Environment) -> RunResult {
    let now = (environment.now)();
    RunResult {
        schema: SCHEMA,
        sagegate_version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id: plan.identity.run_id.clone(),
        name: plan.identity.name.clone(),
        commit: plan.identity.commit.clone(),
        started_at: now,
        finished_at: now,
        service: environment.session.service(),
        region: environment.session.region().to_owned(),
        model_name: plan.model_name.clone(),
        samples: plan.samples.info(),
        settings: plan.settings(),
        prices: None,
        stability: plan
            .sizes
            .iter()
            .map(|it| stability::not_run_yet(&it.endpoint, it.round))
            .collect(),
        concurrency: Vec::new(),
        reference: plan.reference.as_ref().map(|it| reference_of(plan, it)),
        confirmation: None,
        local: None,
        clock: None,
        runner: None,
        cleanup: CleanupSummary::default(),
    }
}

/// The reference before anything was measured.
fn reference_of(plan: &Plan, reference: &ReferencePlan) -> Reference {
    let given = plan.identity.reference.as_ref();
    let specs = plan
        .sizes
        .iter()
        .filter_map(|it| Some((it.reference.as_ref()?, it.round)));
    Reference {
        model: given.map_or_else(String::new, |it| it.source.shown().to_owned()),
        model_name: reference.model_name.clone(),
        rounds: given.map_or(1, |it| it.rounds),
        stability: specs
            .map(|(spec, round)| stability::not_run_yet(spec, round))
            .collect(),
        concurrency: Vec::new(),
    }
}
