//! What a run on this machine's Docker engine knows besides.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ContainerLog;
use crate::units::MemoryMb;

/// A machine that models were measured on. Part of the baseline key: latencies of two machines have
/// nothing to do with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Of its processor, for example `AMD EPYC 7763 64-Core`.
    pub cpu_model: String,
    /// CPUs that containers may use.
    pub cpus: u32,
}

/// `2 x AMD EPYC 7763 64-Core`.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.cpus, self.cpu_model)
    }
}

/// What is known of a run in containers of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalRun {
    /// The engine and its version.
    pub engine: String,
    /// Sizes that were asked for and are larger than the machine; ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedSize>,
    /// What serverless endpoints ask of a container beyond what other endpoints do, and whether
    /// this one does it; empty where nothing was found out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contract: Vec<ContractCheck>,
}

/// A size that the machine cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedSize {
    /// The size.
    pub memory_mb: MemoryMb,
    /// Why.
    pub reason: String,
}

/// A condition of serverless endpoints, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractCheck {
    /// The condition.
    pub condition: Condition,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// What the container wrote last, where it broke.
    #[serde(default, skip_serializing_if = "ContainerLog::is_empty")]
    pub log: ContainerLog,
}

/// What serverless endpoints are said to ask of a container. The reports contradict each other, so
/// none of it fails a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Only `/tmp` can be written to, and the working folder is `/`.
    ReadOnlyRoot,
    /// The container's user is not root.
    OtherUser,
    /// There is no `/dev/shm`.
    NoSharedMemory,
    /// The first three at once, where each alone is well.
    AllTogether,
    /// The image has at most 10 GB.
    ImageSize,
}

/// What was found about a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The container does with it.
    Holds,
    /// It does not.
    Breaks {
        /// In words; hostile where they are the container's.
        reason: String,
    },
    /// Nobody knows.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl LocalRun {
    /// The conditions that the container breaks.
    pub fn broken(&self) -> impl Iterator<Item = &ContractCheck> {
        let breaks = |check: &&ContractCheck| matches!(check.finding, Finding::Breaks { .. });
        self.contract.iter().filter(breaks)
    }
}
