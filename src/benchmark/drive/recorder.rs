//! Keeps the answers of one endpoint: writes each to the journal, counts it, and shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::benchmark::journal::Record;
use crate::benchmark::{Context, EndpointLabel, Event, Journal, Observer};
use crate::result::Invocation;

/// Which list of the journal a call goes to.
type List = fn(String, Invocation) -> Record;

/// Shared by all clients of an endpoint.
pub(super) struct Recorder {
    journal: Arc<Journal>,
    observer: Arc<dyn Observer>,
    endpoint: EndpointLabel,
    name: String,
    done: AtomicU32,
    failed: AtomicU32,
}

impl Recorder {
    /// For an endpoint that has `earlier` calls already, in a resumed run.
    pub(super) fn new<'a>(
        context: &Context,
        endpoint: EndpointLabel,
        name: &str,
        earlier: impl Iterator<Item = &'a Invocation>,
    ) -> Self {
        let recorder = Self {
            journal: Arc::clone(&context.journal),
            observer: Arc::clone(&context.environment.observer),
            endpoint,
            name: name.to_owned(),
            done: AtomicU32::new(0),
            failed: AtomicU32::new(0),
        };
        for call in earlier {
            recorder.count(call);
        }
        recorder
    }

    /// Name of the endpoint.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Appends what is not a call to the journal.
    pub(super) fn journal(&self, record: &Record) {
        self.journal.append(record);
    }

    /// Keeps a call. The caller holds it in memory, too.
    pub(super) fn record(&self, list: List, call: &Invocation) {
        self.journal.append(&list(self.name.clone(), call.clone()));
        let (done, errors) = self.count(call);
        self.observer.on_event(&Event::Invoked {
            endpoint: self.endpoint,
            done,
            errors,
            latency_ms: call.outcome.is_success().then(|| call.latency_from_due()),
        });
    }

    /// Calls that failed for good.
    pub(super) fn failed(&self) -> u32 {
        self.failed.load(Ordering::Relaxed)
    }

    fn count(&self, call: &Invocation) -> (u32, u32) {
        let failed = !call.outcome.is_success() && !call.is_sent_again();
        let failed = u32::from(failed);
        let errors = self.failed.fetch_add(failed, Ordering::Relaxed) + failed;
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (done, errors)
    }
}
