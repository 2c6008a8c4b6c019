//! The state of one endpoint under one load, shared by its clients.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::task::JoinSet;

use super::failing;
use super::recorder::Recorder;
use crate::aws::{Invoker, is_machine_full};
use crate::benchmark::Context;
use crate::benchmark::journal::Record;
use crate::benchmark::load_plan::{LoadEndpoint, LoadOptions};
use crate::result::{Cause, EndpointOutcome, Invocation, Load, LoadRound, OutcomeKind};
use crate::sync::lock;
use crate::units::milliseconds;

/// Failures without a success between them after which an endpoint is given up. Throttling is no
/// failure: under more clients than `MaxConcurrency` it is the answer to the question.
const HOPELESS: u32 = 20;

/// Shared by the clients of one round.
pub(super) struct Round {
    pub(super) context: Arc<Context>,
    pub(super) options: LoadOptions,
    invoker: Invoker,
    recorder: Arc<Recorder>,
    calls: Mutex<Calls>,
    failed_in_a_row: AtomicU32,
    /// A call met a limit of this machine.
    is_full: AtomicBool,
}

#[derive(Default)]
struct Calls {
    warmup: Vec<Invocation>,
    measured: Vec<Invocation>,
    last_failure: Option<(String, Cause)>,
}

impl Round {
    /// Without a call yet. `recorder` is that of the endpoint.
    pub(super) fn new(
        context: &Arc<Context>,
        options: &LoadOptions,
        endpoint: &LoadEndpoint,
        recorder: Arc<Recorder>,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            options: options.clone(),
            invoker: context.environment.session.invoker(&endpoint.name),
            recorder,
            calls: Mutex::default(),
            failed_in_a_row: AtomicU32::new(0),
            is_full: AtomicBool::new(false),
        }
    }

    pub(super) fn endpoint_name(&self) -> &str {
        self.recorder.name()
    }

    pub(super) async fn open_connections(&self, count: u32) {
        self.invoker.open_connections(count).await;
    }

    /// Opens the journal's round; one call per client at once then starts the workers, and keeps
    /// their cold starts out of the measurement.
    pub(super) async fn begin(self: &Arc<Self>, load: &Load, clients: u32) {
        let name = self.endpoint_name().to_owned();
        self.recorder
            .journal(&Record::RoundStarted(name, load.clone()));
        self.open_connections(clients).await;
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
            || self.is_full.load(Ordering::Relaxed)
    }

    /// How the endpoint ends where it is pointless to go on under `load`.
    pub(super) fn hopeless(&self, load: &Load) -> Option<EndpointOutcome> {
        self.is_hopeless().then(|| {
            let (last, cause) = lock(&self.calls).last_failure.clone().unwrap_or_default();
            let reason = if self.is_full.load(Ordering::Relaxed) {
                format!(
                    "this machine cannot open more connections under {load} ({last}): raise its limit, for example with \
                     `ulimit -n`, or measure from another machine"
                )
            } else {
                format!("{HOPELESS} errors in a row under {load}, the last: {last}")
            };
            EndpointOutcome::StoppedEarly { reason, cause }
        })
    }

    fn record_warm_up(&self, invocation: Invocation) {
        self.recorder.record(Record::RoundWarmUp, &invocation);
        self.notice_limits(&invocation);
        lock(&self.calls).warmup.push(invocation);
    }

    /// A load that this machine cannot make says nothing about the model.
    fn notice_limits(&self, invocation: &Invocation) {
        let words = invocation.failure_words();
        if let Some(words) = words.filter(|it| is_machine_full(it)) {
            self.is_full.store(true, Ordering::Relaxed);
            lock(&self.calls).last_failure = Some((words, Cause::Runner));
        }
    }

    /// Keeps a measured call.
    pub(super) fn record(&self, invocation: Invocation) {
        self.recorder.record(Record::RoundCall, &invocation);
        let is_throttled = invocation.outcome.kind() == OutcomeKind::Throttled;
        let failure = failing::words(&self.context.plan.samples, &invocation);
        let failure = failure.filter(|_| !is_throttled);
        match &failure {
            Some(_) => self.failed_in_a_row.fetch_add(1, Ordering::Relaxed),
            None => self.failed_in_a_row.swap(0, Ordering::Relaxed),
        };
        let mut calls = lock(&self.calls);
        if failure.is_some() && !self.is_full.load(Ordering::Relaxed) {
            calls.last_failure = failure.zip(invocation.cause());
        }
        drop(calls);
        self.notice_limits(&invocation);
        lock(&self.calls).measured.push(invocation);
    }

    /// When `moment` was, in milliseconds since the start of the run.
    pub(super) fn since_start_ms(&self, moment: Instant) -> f64 {
        milliseconds(moment.saturating_duration_since(self.context.start))
    }

    /// The measured calls.
    pub(super) fn take_calls(&self) -> Vec<Invocation> {
        std::mem::take(&mut lock(&self.calls).measured)
    }

    /// Closes the journal's round; everything that was measured.
    pub(super) fn finish(&self, load: &Load) -> LoadRound {
        let name = self.endpoint_name().to_owned();
        self.recorder.journal(&Record::RoundEnded(name));
        let calls = std::mem::take(&mut *lock(&self.calls));
        LoadRound {
            load: load.clone(),
            warmup: calls.warmup,
            invocations: calls.measured,
        }
    }
}
