//! Whose clock a latency is by.

use serde::{Deserialize, Serialize};

/// Whose clock a latency is by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The kernel's, which stamps bytes as they arrive: also when this program waits for its turn.
    #[default]
    Kernel,
    /// This program's, which sees bytes when it reads them.
    Program,
}

impl Clock {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
    pub(super) const fn is_kernel(&self) -> bool {
        matches!(self, Self::Kernel)
    }
}
