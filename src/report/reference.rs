//! What the other side of the comparison is called: a branch, or other results.

use super::{Facts, numbers, sanitise};
use crate::gate::Origin;

/// Longest name of a branch in a sentence.
const MAX_NAME: usize = 40;

/// The runs that are compared with, in words.
pub(super) struct Reference<'a> {
    origin: &'a Origin,
    /// Runs that count.
    runs: usize,
}

impl<'a> Facts<'a> {
    /// What is compared with.
    pub(super) fn reference(&self) -> Reference<'a> {
        let baseline = self.judgement.baseline.as_ref();
        Reference {
            origin: &self.judgement.origin,
            runs: baseline.map_or(0, |baseline| baseline.runs),
        }
    }
}

impl Reference<'_> {
    /// The branch; `None` for other results.
    pub(super) fn branch(&self) -> Option<String> {
        let name = self.origin.branch_name()?;
        Some(sanitise::shortened(name, MAX_NAME))
    }

    /// `main`, or `the other result`.
    pub(super) fn name(&self) -> String {
        self.branch().unwrap_or_else(|| match self.runs {
            0 | 1 => "the other result".to_owned(),
            _ => "the other results".to_owned(),
        })
    }

    /// `the mean of the last 5 runs of main`.
    pub(super) fn mean(&self) -> String {
        match (self.branch(), self.runs) {
            (Some(branch), 0 | 1) => format!("the last run of {branch}"),
            (Some(branch), runs) => format!("the mean of the last {runs} runs of {branch}"),
            (None, 0 | 1) => self.name(),
            (None, runs) => format!("the mean of {runs} other results"),
        }
    }

    /// `main uses`, of a size.
    pub(super) fn uses(&self) -> String {
        match self.branch() {
            Some(branch) => format!("{branch} uses"),
            None => format!("{} needed", self.name()),
        }
    }

    /// `the size that main uses`.
    pub(super) fn its_size(&self) -> String {
        format!("the size that {}", self.uses())
    }

    /// `5 runs of main`.
    pub(super) fn runs(&self, runs: usize) -> String {
        match self.branch() {
            Some(branch) => format!("{} of {branch}", numbers::plural(runs, "run")),
            None => numbers::plural(runs, "other result"),
        }
    }

    /// `2 more runs of main`.
    pub(super) fn more(&self, runs: usize) -> String {
        match self.branch() {
            Some(branch) => format!("{} of {branch}", numbers::plural(runs, "more run")),
            None => numbers::plural(runs, "more result"),
        }
    }
}
