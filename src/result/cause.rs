//! What a failure is due to.

use serde::{Deserialize, Serialize};

/// What a failed deployment or call is due to. Only [`Cause::Model`] can fail a pull request: every
/// other cause leaves a size unjudged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The model or its container: out of memory, an error of its own, no answer to health checks,
    /// data that cannot be unpacked, an image that cannot be started.
    Model,
    /// AWS: a failed request, missing capacity, throttling of the account, a broken connection.
    /// Also the cause of what nobody has seen before.
    #[default]
    Service,
    /// A quota of the account.
    Quota,
    /// Permissions: of the role that measures, or of the model's own role.
    Access,
    /// This machine or its network.
    Runner,
    /// A sample that cannot be sent.
    Input,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Model,
        Self::Service,
        Self::Quota,
        Self::Access,
        Self::Runner,
        Self::Input,
    ];

    /// As it stands in `result.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Service => "service",
            Self::Quota => "quota",
            Self::Access => "access",
            Self::Runner => "runner",
            Self::Input => "input",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_file() {
        for cause in Cause::ALL {
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{}\"", cause.name()));
        }
    }
}
