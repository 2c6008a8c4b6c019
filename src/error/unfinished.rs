//! What a clean-up could not do.

use std::collections::BTreeSet;
use std::fmt;

use super::Error;
use crate::aws::{AwsError, AwsErrorKind, ResourceKind};
use crate::benchmark::Doubtful;
use crate::engine::{EngineError, Found};
use crate::result::Leftover;

/// Characters of a foreign name that are shown.
const SHOWN: usize = 63;

/// What a clean-up could not do; all the rest is done.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// Resources that AWS did not delete or stop.
    pub left: Vec<Leftover>,
    /// Resources that stay, as whose they are is not known.
    pub doubtful: Vec<Doubtful>,
    /// Kinds of resources whose list could not be read.
    pub unseen: Vec<(ResourceKind, AwsError)>,
    /// Names in a ledger that no run gives: hostile text.
    pub foreign: Vec<String>,
    /// Containers and volumes that the engine of this machine did not remove.
    pub containers: Vec<(Found, EngineError)>,
    /// Ledgers of which nothing could be done.
    pub failed: Vec<Error>,
}

impl Unfinished {
    /// Whether everything was done.
    pub const fn is_empty(&self) -> bool {
        self.left.is_empty()
            && self.doubtful.is_empty()
            && self.unseen.is_empty()
            && self.foreign.is_empty()
            && self.containers.is_empty()
            && self.failed.is_empty()
    }

    /// Adds what another part could not do.
    pub fn extend(&mut self, other: Self) {
        self.left.extend(other.left);
        self.doubtful.extend(other.doubtful);
        self.unseen.extend(other.unseen);
        self.foreign.extend(other.foreign);
        self.containers.extend(other.containers);
        self.failed.extend(other.failed);
    }

    /// A suggested fix: all IAM actions that the role was found to lack.
    pub(super) fn hint(&self) -> String {
        let of_lists = self.unseen.iter().map(|(_, error)| error);
        let of_tags = self.doubtful.iter().map(|it| &it.error);
        let errors: Vec<&AwsError> = of_lists.chain(of_tags).collect();
        let denied = errors.iter();
        let denied = denied.filter(|error| error.kind == AwsErrorKind::AccessDenied);
        let actions: BTreeSet<String> = denied.map(|it| format!("`{}`", it.action())).collect();
        let actions: Vec<String> = actions.into_iter().collect();
        if !actions.is_empty() {
            let actions = actions.join(", ");
            return format!("allow for this role: {actions}; then run `sagegate cleanup` again");
        }
        let other = errors.iter().find_map(|error| error.hint());
        let engine = || self.containers.iter().find_map(|(_, error)| error.hint());
        let other = other.or_else(engine);
        let other = other.or_else(|| self.failed.iter().find_map(Error::hint));
        other.unwrap_or_else(|| "run `sagegate cleanup` again later".to_owned())
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.left.is_empty() {
            parts.push(format!("not deleted: {}", Leftover::list(&self.left)));
        }
        if !self.doubtful.is_empty() {
            let named = self.doubtful.iter();
            let named = named.map(|it| (format!("{} {}", it.kind, it.name), &it.error));
            let listed = grouped(named);
            parts.push(format!("kept, as their tags cannot be read: {listed}"));
        }
        if !self.unseen.is_empty() {
            let named = self.unseen.iter();
            let listed = grouped(named.map(|(kind, error)| (format!("{kind}s"), error)));
            parts.push(format!("not looked for: {listed}"));
        }
        if !self.foreign.is_empty() {
            let shown = self.foreign.iter().map(|it| shown(it));
            let shown: Vec<String> = shown.collect();
            parts.push(format!(
                "skipped, as the run does not give such names: {}",
                shown.join(", ")
            ));
        }
        for (found, error) in &self.containers {
            parts.push(format!(
                "the {} {} stays: {error}",
                found.kind,
                shown(&found.name)
            ));
        }
        parts.extend(self.failed.iter().map(ToString::to_string));
        f.write_str(&parts.join("; "))
    }
}

/// Things with the same answer of AWS together: `a, b: ANSWER; c: ANSWER`.
fn grouped<'a>(things: impl Iterator<Item = (String, &'a AwsError)>) -> String {
    let mut groups: Vec<(Vec<String>, &AwsError)> = Vec::new();
    for (name, error) in things {
        let is_same = |it: &AwsError| it.code == error.code && it.message == error.message;
        match groups.iter_mut().find(|(_, it)| is_same(it)) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], error)),
        }
    }
    let words = groups.iter();
    let words = words.map(|(names, error)| format!("{}: {error}", names.join(", ")));
    words.collect::<Vec<_>>().join("; ")
}

/// A foreign name in quotes, of bounded length and printable.
fn shown(name: &str) -> String {
    let line = crate::text::one_line(name);
    let mut short: String = line.chars().take(SHOWN).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(operation: &'static str) -> AwsError {
        AwsError {
            operation,
            kind: AwsErrorKind::AccessDenied,
            code: Some("AccessDeniedException".to_owned()),
            message: format!("User: u is not authorized to perform: sagemaker:{operation}"),
        }
    }

    #[test]
    fn everything_is_named_and_every_action_is_suggested_once() {
        let doubtful = |kind, name: &str| Doubtful {
            kind,
            name: name.to_owned(),
            error: denied("ListTags"),
        };
        let unfinished = Unfinished {
            containers: Vec::new(),
            left: vec![Leftover {
                kind: ResourceKind::Model,
                name: "sagegate-r-1".to_owned(),
                reason: "no".to_owned(),
            }],
            doubtful: vec![
                doubtful(ResourceKind::Endpoint, "sagegate-r-2"),
                doubtful(ResourceKind::EndpointConfig, "sagegate-r-2"),
            ],
            unseen: vec![(ResourceKind::ProcessingJob, denied("ListProcessingJobs"))],
            foreign: vec![format!("evil\u{1b}[31m\n{}", "x".repeat(100))],
            failed: Vec::new(),
        };
        let answer = |operation: &str| {
            format!(
                "{operation} failed: AccessDeniedException: User: u is not authorized to perform: \
                 sagemaker:{operation}"
            )
        };
        let parts = [
            "not deleted: model sagegate-r-1: no".to_owned(),
            format!(
                "kept, as their tags cannot be read: endpoint sagegate-r-2, \
                 endpoint config sagegate-r-2: {}",
                answer("ListTags")
            ),
            format!(
                "not looked for: processing jobs: {}",
                answer("ListProcessingJobs")
            ),
            format!(
                "skipped, as the run does not give such names: `evil [31m {}…`",
                "x".repeat(53)
            ),
        ];
        assert_eq!(unfinished.to_string(), parts.join("; "));
        assert_eq!(
            unfinished.hint(),
            "allow for this role: `sagemaker:ListProcessingJobs`, `sagemaker:ListTags`; then run \
             `sagegate cleanup` again"
        );
    }

    #[test]
    fn without_a_missing_permission_it_is_tried_again() {
        assert_eq!(
            Unfinished::default().hint(),
            "run `sagegate cleanup` again later"
        );
        assert!(Unfinished::default().is_empty());
    }
}
