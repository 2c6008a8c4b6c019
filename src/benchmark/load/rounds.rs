//! Concurrency: puts one endpoint under one load after the other.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::task::JoinSet;

use super::{closed_loop, failure_of, open_loop, shares};
use crate::aws::Invoker;
use crate::benchmark::journal::Record;
use crate::benchmark::load_plan::{LoadEndpoint, LoadOptions};
use crate::benchmark::{Context, EndpointLabel, Event};
use crate::result::{EndpointOutcome, Invocation, InvocationOutcome, Load, LoadRound, LoadRun};

/// Failures without a success between them after which an endpoint is given up. Throttling is no failure: under more
/// clients than `MaxConcurrency` it is the answer to the question.
const HOPELESS: u32 = 20;

/// Shared by the clients of one round.
pub(super) struct Round {
    pub(super) context: Arc<Context>,
    pub(super) options: LoadOptions,
    invoker: Invoker,
    endpoint: LoadEndpoint,
    /// Answers of the whole endpoint, for progress.
    progress: Arc<Progress>,
    calls: Mutex<Calls>,
    failed_in_a_row: AtomicU32,
}

#[derive(Default)]
struct Calls {
    warmup: Vec<Invocation>,
    /// With the time each was due, in an open loop.
    measured: Vec<(Invocation, Option<f64>)>,
    last_failure: Option<String>,
}

#[derive(Default)]
struct Progress {
    done: AtomicU32,
    errors: AtomicU32,
}

impl Progress {
    /// Goes on where a resumed run stopped.
    fn of(run: &LoadRun) -> Self {
        let calls = || {
            let rounds = run.rounds.iter();
            rounds.flat_map(|round| round.warmup.iter().chain(&round.invocations))
        };
        let whole = |count: usize| AtomicU32::new(u32::try_from(count).unwrap_or(u32::MAX));
        Self {
            done: whole(calls().count()),
            errors: whole(calls().filter(|call| !call.outcome.is_success()).count()),
        }
    }
}

/// Measures every load that `run` does not hold yet; sets its outcome.
pub(in crate::benchmark) async fn drive_rounds(
    context: &Arc<Context>,
    options: &LoadOptions,
    endpoint: &LoadEndpoint,
    run: &mut LoadRun,
) {
    run.outcome = measure(context, options, endpoint, run).await;
}

async fn measure(
    context: &Arc<Context>,
    options: &LoadOptions,
    endpoint: &LoadEndpoint,
    run: &mut LoadRun,
) -> EndpointOutcome {
    let progress = Arc::new(Progress::of(run));
    for load in endpoint.loads.iter().skip(run.rounds.len()) {
        let round = Arc::new(Round {
            progress: Arc::clone(&progress),
            ..Round::new(context, options, endpoint)
        });
        let work = round.measure(load);
        match context.environment.cancel.run_until_cancelled(work).await {
            Some(Ok(())) => run.rounds.push(round.finish(load)),
            Some(Err(reason)) => return EndpointOutcome::StoppedEarly { reason },
            None => return EndpointOutcome::Cancelled,
        }
    }
    EndpointOutcome::Measured
}

impl Round {
    /// Without a call yet.
    pub(super) fn new(
        context: &Arc<Context>,
        options: &LoadOptions,
        endpoint: &LoadEndpoint,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            options: options.clone(),
            invoker: context.environment.session.invoker(&endpoint.name),
            endpoint: endpoint.clone(),
            progress: Arc::default(),
            calls: Mutex::default(),
            failed_in_a_row: AtomicU32::new(0),
        }
    }

    pub(super) fn endpoint_name(&self) -> &str {
        &self.endpoint.name
    }

    pub(super) async fn open_connections(&self, count: u32) {
        self.invoker.open_connections(count).await;
    }

    /// The measured calls.
    pub(super) fn take_calls(&self) -> Vec<Invocation> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = std::mem::take(&mut calls.measured).into_iter();
        measured.map(|(call, _)| call).collect()
    }

    async fn measure(self: &Arc<Self>, load: &Load) -> Result<(), String> {
        let name = self.endpoint.name.clone();
        self.context
            .journal
            .append(&Record::RoundStarted(name, load.clone()));
        let clients = self.endpoint.warmup_clients(load);
        self.invoker.open_connections(clients).await;
        self.warm_up(clients).await;
        match (load, &self.options.open_loop) {
            (Load::ClosedLoop { clients }, _) => {
                let calls = self.options.calls(load);
                match &self.context.environment.helpers {
                    Some(helpers) => {
                        shares::drive(self, helpers.as_ref(), *clients, calls).await?;
                    }
                    None => closed_loop::drive(self, *clients, 0..calls).await,
                }
            }
            (Load::ConstantRate { .. } | Load::Trace { .. }, Some(arrivals)) => {
                open_loop::drive(self, &arrivals.offsets(self.options.calls(load))).await;
            }
            (Load::ConstantRate { .. } | Load::Trace { .. }, None) => {}
        }
        if self.is_hopeless() {
            let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let last = calls.last_failure.clone().unwrap_or_default();
            return Err(format!(
                "{HOPELESS} errors in a row under {load}, the last: {last}"
            ));
        }
        Ok(())
    }

    /// One call per client at once: it starts the workers, and keeps their cold starts out of the measurement.
    async fn warm_up(self: &Arc<Self>, clients: u32) {
        let mut calls = JoinSet::new();
        for client in 0..clients {
            let round = Arc::clone(self);
            calls.spawn(async move {
                let invocation = round.invoke(client).await;
                round.record_warm_up(invocation);
            });
        }
        calls.join_all().await;
    }

    /// Sends call number `call`.
    pub(super) async fn invoke(&self, call: u32) -> Invocation {
        let sample = self.context.plan.samples.round_robin(call);
        self.invoker.invoke(sample, self.context.start).await
    }

    /// Whether it is pointless to go on.
    pub(super) fn is_hopeless(&self) -> bool {
        self.failed_in_a_row.load(Ordering::Relaxed) >= HOPELESS
    }

    fn record_warm_up(&self, invocation: Invocation) {
        let name = self.endpoint.name.clone();
        self.context
            .journal
            .append(&Record::RoundWarmUp(name, invocation.clone()));
        self.show(&invocation);
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.warmup.push(invocation);
    }

    /// Keeps a measured call; `scheduled_ms` is when it was due, in an open loop.
    pub(super) fn record(&self, invocation: Invocation, scheduled_ms: Option<f64>) {
        let name = self.endpoint.name.clone();
        self.context
            .journal
            .append(&Record::RoundCall(name, invocation.clone(), scheduled_ms));
        self.show(&invocation);
        let failure =
            failure_of(&invocation).filter(|_| invocation.outcome != InvocationOutcome::Throttled);
        match &failure {
            Some(_) => self.failed_in_a_row.fetch_add(1, Ordering::Relaxed),
            None => self.failed_in_a_row.swap(0, Ordering::Relaxed),
        };
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_some() {
            calls.last_failure = failure;
        }
        calls.measured.push((invocation, scheduled_ms));
    }

    fn show(&self, invocation: &Invocation) {
        let is_success = invocation.outcome.is_success();
        let failed = u32::from(!is_success);
        let errors = self.progress.errors.fetch_add(failed, Ordering::Relaxed) + failed;
        let done = self.progress.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.context.emit(&Event::Invoked {
            endpoint: EndpointLabel::MaxConcurrency(self.endpoint.max_concurrency),
            done,
            errors,
            latency_ms: is_success.then_some(invocation.latency_ms),
        });
    }

    /// When `moment` was, in milliseconds since the start of the run.
    pub(super) fn since_start_ms(&self, moment: Instant) -> f64 {
        moment
            .saturating_duration_since(self.context.start)
            .as_secs_f64()
            * 1000.0
    }

    fn finish(&self, load: &Load) -> LoadRound {
        let name = self.endpoint.name.clone();
        self.context.journal.append(&Record::RoundEnded(name));
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = std::mem::take(&mut *calls);
        let scheduled = calls.measured.iter().filter_map(|(_, due)| *due);
        LoadRound {
            load: load.clone(),
            warmup: calls.warmup,
            scheduled_ms: scheduled.collect(),
            invocations: calls.measured.into_iter().map(|(call, _)| call).collect(),
        }
    }
}
