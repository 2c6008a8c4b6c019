//! A result while it is being measured.

use std::collections::BTreeSet;

use crate::result::{EndpointOutcome, EndpointRun, LoadRun, RunResult};
use crate::units::MemoryMb;

/// One of the two models of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// The one that the run is about.
    Candidate,
    /// The one that it is measured in turn with.
    Reference,
}

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
        let reference = result.reference.iter().flat_map(|it| &it.stability);
        let sizes = result.stability.iter().chain(reference);
        Self {
            open: sizes.map(|it| it.endpoint_name.clone()).collect(),
            result,
        }
    }

    /// Whether an endpoint is still to be measured.
    pub(super) fn is_open(&self, endpoint: &str) -> bool {
        self.open.contains(endpoint)
    }

    /// The endpoints of the stability benchmark that are still to be measured.
    pub(super) fn open_sizes(&self) -> Vec<String> {
        let reference = self.result.reference.iter().flat_map(|it| &it.stability);
        let sizes = self.result.stability.iter().chain(reference);
        let names = sizes.map(|it| it.endpoint_name.clone());
        names.filter(|name| self.is_open(name)).collect()
    }

    /// Its outcome is known.
    pub(super) fn close(&mut self, endpoint: &str) {
        self.open.remove(endpoint);
    }

    /// The concurrency benchmark of a model begins: endpoints by `MaxConcurrency` and name. Until
    /// they are closed they have the outcome of a run that ends here.
    pub(super) fn begin_loads(
        &mut self,
        memory_mb: MemoryMb,
        endpoints: &[(u32, String)],
        of: Model,
    ) {
        let run = |(max_concurrency, name): &(u32, String)| LoadRun {
            memory_mb,
            max_concurrency: *max_concurrency,
            endpoint_name: name.clone(),
            outcome: EndpointOutcome::Cancelled,
            deployed_in_s: None,
            rounds: Vec::new(),
            metrics: None,
        };
        if let Some(place) = self.loads_mut(of) {
            *place = endpoints.iter().map(run).collect();
        }
        let names = endpoints.iter().map(|(_, name)| name.clone());
        self.open.extend(names);
    }

    /// An endpoint of the stability benchmark.
    pub(super) fn size_mut(&mut self, endpoint: &str) -> Option<&mut EndpointRun> {
        let reference = self.result.reference.iter_mut();
        let reference = reference.flat_map(|it| &mut it.stability);
        let mut runs = self.result.stability.iter_mut().chain(reference);
        runs.find(|it| it.endpoint_name == endpoint)
    }

    /// The concurrency benchmark of a model; `None` for a reference that the run does not have.
    pub(super) fn loads_mut(&mut self, of: Model) -> Option<&mut Vec<LoadRun>> {
        match of {
            Model::Candidate => Some(&mut self.result.concurrency),
            Model::Reference => Some(&mut self.result.reference.as_mut()?.concurrency),
        }
    }

    /// An endpoint of the concurrency benchmark.
    pub(super) fn load(&self, endpoint: &str) -> Option<&LoadRun> {
        let reference = self.result.reference.iter();
        let reference = reference.flat_map(|it| &it.concurrency);
        let mut runs = self.result.concurrency.iter().chain(reference);
        runs.find(|it| it.endpoint_name == endpoint)
    }

    /// The same, to be added to.
    pub(super) fn load_mut(&mut self, endpoint: &str) -> Option<&mut LoadRun> {
        let reference = self.result.reference.iter_mut();
        let reference = reference.flat_map(|it| &mut it.concurrency);
        let mut runs = self.result.concurrency.iter_mut().chain(reference);
        runs.find(|it| it.endpoint_name == endpoint)
    }
}
