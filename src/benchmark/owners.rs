//! Whose a resource is that has a name of ours.
//!
//! Names are unique to a process, so that one which is taken is next to impossible; still, what
//! this process did not create is neither measured nor deleted by it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::Context;
use crate::result::{Cause, EndpointOutcome, ResourceKind};
use crate::sync::lock;

/// What is known about the names of a run.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// What this process has created, or may have.
    own: Mutex<BTreeSet<(ResourceKind, String)>>,
    /// Names that somebody else has given.
    foreign: Mutex<BTreeSet<String>>,
}

impl Owners {
    /// A create call was sent, and AWS did not say that the name is taken.
    pub(super) fn claim(&self, kind: ResourceKind, name: &str) {
        lock(&self.own).insert((kind, name.to_owned()));
    }

    /// Whether this process has created it, or may have.
    pub(super) fn is_own(&self, kind: ResourceKind, name: &str) -> bool {
        lock(&self.own).contains(&(kind, name.to_owned()))
    }

    /// Whether somebody else has given this name.
    pub(super) fn is_foreign(&self, name: &str) -> bool {
        lock(&self.foreign).contains(name)
    }
}

impl Context {
    /// Gives up a name that is somebody else's; the outcome of what should have had it.
    pub(super) fn leave_alone(&self, kind: ResourceKind, name: &str) -> EndpointOutcome {
        lock(&self.owners.foreign).insert(name.to_owned());
        (self.environment.disown)(name);
        EndpointOutcome::DeployFailed {
            reason: format!(
                "{kind} `{name}` exists already, and this run has not created it: it is neither measured nor \
                 deleted; run again, which takes other names"
            ),
            cause: Cause::Service,
        }
    }
}
