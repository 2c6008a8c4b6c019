//! PURE: the environment of a step.

use std::collections::BTreeMap;

/// Longest value that is believed, in bytes.
pub(super) const MAX_TEXT: usize = 1024;

/// The environment; an empty variable counts as missing.
pub(super) struct Variables<'a>(pub(super) &'a BTreeMap<String, String>);

impl<'a> Variables<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let value = self.0.get(name)?.trim();
        (1..=MAX_TEXT).contains(&value.len()).then_some(value)
    }
}

/// A commit's hash, SHA-1 or SHA-256.
pub(super) fn sha(text: &str) -> Option<String> {
    let is_hash = [40, 64].contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}
