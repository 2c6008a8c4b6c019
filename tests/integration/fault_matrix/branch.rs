//! Faults of the branch that holds the baseline, and their expected results: the run is judged, and
//! is in the baseline at most once.

use std::time::Duration;

use serde_json::Value;

use crate::support::github::{Failure, GitHub};
use crate::support::runner::Runner;

/// One fault and its expected results.
pub(super) struct BranchCase {
    fault: &'static str,
    failure: fn() -> Failure,
    /// Exit code of the step.
    code: i32,
    /// Runs in the baseline afterwards; one was there before.
    runs: usize,
    /// Part of the one warning or error; empty for none.
    warning: &'static str,
}

impl BranchCase {
    /// Records a run; its row, or how it was otherwise.
    pub(super) fn run(&self) -> Result<String, String> {
        let github = GitHub::start();
        let mut runner = Runner::new(&github)
            .input("simulate", "xgboost")
            .input("memory-sizes", "2048")
            .input("invocations", "120")
            .input("warmup", "1")
            .input("max-p99-increase", "90%")
            .input("max-cost-increase", "90%")
            .push_to_main();
        let first = runner.step();
        github.fail((self.failure)());
        let step = runner.step();
        let annotations = [step.annotations("warning"), step.annotations("error")].concat();
        let is_published = match (self.warning, annotations.as_slice()) {
            ("", []) => true,
            ("", _) => false,
            (words, [one]) => one.contains(words),
            (_, _) => false,
        };
        let (code, runs) = (step.outcome.code, recorded(&github));
        let is_so = first.outcome.code == Some(0)
            && code == Some(self.code)
            && runs == self.runs
            && is_published;
        let fault = self.fault;
        if is_so {
            let warning = if self.warning.is_empty() {
                "none"
            } else {
                self.warning
            };
            Ok(format!("| {fault} | {} | {runs} | {warning} |", self.code))
        } else {
            Err(format!(
                "{fault}: exit {code:?}, {runs} runs, {annotations:?}"
            ))
        }
    }
}

/// Runs in the file of the branch.
fn recorded(github: &GitHub) -> usize {
    let world = github.world();
    let mut files = world.branches["sagegate"].values();
    let file: Value = serde_json::from_slice(files.next().unwrap()).unwrap();
    file["models"]["xgboost"].as_array().unwrap().len()
}

fn writing(status: u16, message: &str, times: u32) -> Failure {
    Failure {
        times,
        ..Failure::new("PUT", "/contents/", status, message)
    }
}

fn reading(status: u16, message: &str) -> Failure {
    Failure {
        times: 99,
        ..Failure::new("GET", "/contents/", status, message)
    }
}

type Row = (&'static str, fn() -> Failure, i32, usize, &'static str);

#[rustfmt::skip]
const ROWS: [Row; 8] = [
    ("409: three others were first", || writing(409, "is at 1 but expected 2", 3), 0, 2, ""),
    ("409 at every write", || writing(409, "is at 1 but expected 2", 99), 0, 1, "others wrote it 60 times"),
    ("403: read-only token", || writing(403, "Resource not accessible by integration", 99), 0, 1, "contents: write"),
    ("409: the branch is protected", || writing(409, "Could not update file: Changes must be made through a pull request.", 99), 0, 1, "leave it out of the rule"),
    ("502 once, but written", || Failure { carried_out: true, ..writing(502, "", 1) }, 0, 2, ""),
    ("no answer within 30 s, but written", || Failure { carried_out: true, delay: Duration::from_secs(31), ..writing(502, "", 1) }, 0, 2, ""),
    ("503 at every read", || reading(503, "down"), 3, 1, "down (HTTP 503)"),
    ("404: the token may not see the repository", || Failure { times: 99, ..Failure::new("GET", "", 404, "Not Found") }, 3, 1, "Not Found (HTTP 404)"),
];

pub(super) fn all() -> Vec<BranchCase> {
    let cases = ROWS.into_iter();
    let cases = cases.map(|(fault, failure, code, runs, warning)| BranchCase {
        fault,
        failure,
        code,
        runs,
        warning,
    });
    cases.collect()
}
