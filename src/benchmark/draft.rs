//! A result while it is being measured.

use std::collections::BTreeSet;

use crate::result::{EndpointOutcome, EndpointRun, LoadRun, RunResult};
use crate::units::MemoryMb;

/// What has been measured so far, and which endpoints are still to be measured. An endpoint is open
/// from the start until its outcome is known; until then its outcome in the result says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The result so far.
    pub result: RunResult,
    open: BTreeSet<String>,
}

impl Draft {
    /// Before anything was measured: every endpoint of the stability benchmark is open.
    pub(super) fn new(result: RunResult) -> Self {
        let names = result.stability.iter().map(|it| it.endpoint_name.clone());
        Self {
            open: names.collect(),
            result,
        }
    }

    /// Whether an endpoint is still to be measured.
    pub(super) fn is_open(&self, endpoint: &str) -> bool {
        self.open.contains(endpoint)
    }

    /// Its outcome is known.
    pub(super) fn close(&mut self, endpoint: &str) {
        self.open.remove(endpoint);
    }

    /// The concurrency benchmark begins: endpoints by `MaxConcurrency` and name. Until they are
    /// closed they have the outcome of a run that ends here.
    pub(super) fn begin_loads(&mut self, memory_mb: MemoryMb, endpoints: &[(u32, String)]) {
        let run = |(max_concurrency, name): &(u32, String)| LoadRun {
            memory_mb,
            max_concurrency: *max_concurrency,
            endpoint_name: name.clone(),
            outcome: EndpointOutcome::Cancelled,
            deployed_in_s: None,
            rounds: Vec::new(),
            metrics: None,
        };
        self.result.concurrency = endpoints.iter().map(run).collect();
        let names = endpoints.iter().map(|(_, name)| name.clone());
        self.open.extend(names);
    }

    /// An endpoint of the stability benchmark.
    pub(super) fn size_mut(&mut self, endpoint: &str) -> Option<&mut EndpointRun> {
        let mut runs = self.result.stability.iter_mut();
        runs.find(|it| it.endpoint_name == endpoint)
    }

    /// An endpoint of the concurrency benchmark.
    pub(super) fn load_mut(&mut self, endpoint: &str) -> Option<&mut LoadRun> {
        let mut runs = self.result.concurrency.iter_mut();
        runs.find(|it| it.endpoint_name == endpoint)
    }
}
