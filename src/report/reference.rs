//! What the other side of the comparison is called: a branch, other results, or a model that was
//! measured in turn.

use super::{Facts, numbers, sanitise};
use crate::gate::{BranchName, MeasuredInTurn, Origin};

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

    /// The model that was measured in turn with this one, also where it decides nothing: in a run
    /// that is recorded, or only shown.
    pub(super) fn name_of_reference(&self) -> String {
        let reference = self.reference();
        match reference.in_turn() {
            Some(_) => reference.name(),
            None => "the reference".to_owned(),
        }
    }
}

impl<'a> Reference<'a> {
    /// Runs of this origin.
    pub(super) const fn of(origin: &'a Origin, runs: usize) -> Self {
        Self { origin, runs }
    }

    /// The model that was measured in turn, where that is what is compared with.
    pub(super) const fn in_turn(&self) -> Option<&'a MeasuredInTurn> {
        self.origin.reference()
    }

    /// The branch; `None` for other results and for a model that was measured in turn.
    pub(super) fn branch(&self) -> Option<String> {
        let name = self.origin.branch_name()?;
        Some(sanitise::shortened(name, MAX_NAME))
    }

    /// `main`, `the other result`, or `main's model`.
    pub(super) fn name(&self) -> String {
        match (self.in_turn(), self.branch(), self.runs) {
            (Some(it), _, _) => model_of(it.branch.as_ref()),
            (None, Some(branch), _) => branch,
            (None, None, 0 | 1) => "the other result".to_owned(),
            (None, None, _) => "the other results".to_owned(),
        }
    }

    /// `the mean of the last 5 runs of main`, or `main's model, measured in turn in this job (4
    /// rounds)`.
    pub(super) fn mean(&self) -> String {
        match (self.in_turn(), self.branch(), self.runs) {
            (Some(it), _, _) => format!("{}, {}", self.name(), in_turn(it)),
            (None, Some(branch), 0 | 1) => format!("the last run of {branch}"),
            (None, Some(branch), runs) => format!("the mean of the last {runs} runs of {branch}"),
            (None, None, 0 | 1) => self.name(),
            (None, None, runs) => format!("the mean of {runs} other results"),
        }
    }

    /// `main uses`, of a size.
    pub(super) fn uses(&self) -> String {
        match (self.in_turn(), self.branch()) {
            (Some(_), _) => format!("{} needs", self.name()),
            (None, Some(branch)) => format!("{branch} uses"),
            (None, None) => format!("{} needed", self.name()),
        }
    }

    /// `works on main`, of a size.
    pub(super) fn works(&self) -> String {
        match self.in_turn() {
            Some(_) => format!("works for {}", self.name()),
            None => format!("works on {}", self.name()),
        }
    }

    /// `the size that main uses`.
    pub(super) fn its_size(&self) -> String {
        format!("the size that {}", self.uses())
    }

    /// `5 runs of main`.
    pub(super) fn runs(&self, runs: usize) -> String {
        match (self.in_turn(), self.branch()) {
            (Some(it), _) => rounds(it.rounds),
            (None, Some(branch)) => format!("{} of {branch}", numbers::plural(runs, "run")),
            (None, None) => numbers::plural(runs, "other result"),
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

/// `main's model`.
fn model_of(branch: Option<&BranchName>) -> String {
    let branch = branch.map_or("main", BranchName::as_str);
    format!("{}'s model", sanitise::shortened(branch, MAX_NAME))
}

/// `measured in turn in this job (4 rounds)`.
pub(super) fn in_turn(it: &MeasuredInTurn) -> String {
    format!("measured in turn in this job ({})", rounds(it.rounds))
}

/// `4 rounds`.
pub(super) fn rounds(rounds: u32) -> String {
    numbers::plural(usize::try_from(rounds).unwrap_or(usize::MAX), "round")
}
