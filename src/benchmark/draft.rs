//! A result while it is being measured.

use std::collections::BTreeSet;

use crate::result::{EndpointRun, LoadRun, RunResult};

/// What has been measured so far, and which endpoints are still to be measured. An endpoint is open from
/// the start until its outcome is known; until then its outcome in the result says nothing.
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

    /// The concurrency benchmark begins.
    pub(super) fn begin_loads(&mut self, runs: Vec<LoadRun>) {
        let names = runs.iter().map(|it| it.endpoint_name.clone());
        self.open.extend(names);
        self.result.concurrency = runs;
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
