//! The labels of everything that is created, by which it is found again.

use std::collections::HashMap;

/// Label with the run id.
pub(super) const RUN: &str = "sagegate.run";
/// Label with the process that created it: two jobs of a workflow share a run id.
pub(super) const SESSION: &str = "sagegate.session";
/// Label with the name of the endpoint or model that it is of.
pub(super) const OWNER: &str = "sagegate.owner";

/// Whose something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The run id.
    pub run: String,
    /// The process: something random.
    pub session: String,
    /// Name of the endpoint or model.
    pub owner: String,
}

impl Labels {
    pub(super) fn as_map(&self) -> HashMap<String, String> {
        [
            (RUN, &self.run),
            (SESSION, &self.session),
            (OWNER, &self.owner),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
    }
}
