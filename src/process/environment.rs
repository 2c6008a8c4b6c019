//! Environment variables.

use std::collections::BTreeMap;

/// The environment variables that are text.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Whether GitHub's runner has started the process.
pub fn in_actions(environment: &BTreeMap<String, String>) -> bool {
    environment
        .get("GITHUB_ACTIONS")
        .is_some_and(|it| it == "true")
}
