//! What was created for a run, and what became of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was created, and what became of it. Names cover endpoints and endpoint configs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupSummary {
    /// Resources that were created.
    pub created: u32,
    /// Resources that are deleted.
    pub deleted: u32,
    /// Resources that could not be deleted.
    pub left: Vec<Leftover>,
}

/// A resource that could not be deleted, or a job that could not be stopped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Leftover {
    /// What it is.
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
    /// Why it may still be there: text of AWS.
    pub reason: String,
}

/// Prints `endpoint NAME: REASON`.
impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.kind, self.name, self.reason)
    }
}

impl Leftover {
    /// Several in one line.
    pub fn list(left: &[Self]) -> String {
        let words: Vec<String> = left.iter().map(Self::to_string).collect();
        words.join("; ")
    }
}

/// Kinds of resources that a run creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// An endpoint config.
    EndpointConfig,
    /// An endpoint.
    Endpoint,
    /// A model.
    Model,
    /// A processing job that has not ended.
    ProcessingJob,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::EndpointConfig,
        Self::Endpoint,
        Self::Model,
        Self::ProcessingJob,
    ];
}

/// Prints `endpoint`, `endpoint config`, `model` or `processing job`.
impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndpointConfig => "endpoint config",
            Self::Endpoint => "endpoint",
            Self::Model => "model",
            Self::ProcessingJob => "processing job",
        })
    }
}
