//! Faults of GitHub, and their expected results: never another exit code, never a second comment.

use std::time::Duration;

use crate::support::github::{Failure, GitHub};
use crate::support::runner::{PULL_REQUEST, Runner};

/// One fault and its expected results.
pub(super) struct GitHubCase {
    fault: &'static str,
    failure: fn() -> Failure,
    /// Comments of the pull request afterwards.
    comments: usize,
    /// Part of the one warning; empty for none.
    warning: &'static str,
}

impl GitHubCase {
    /// Runs a step on a pull request; its row, or how it was otherwise.
    pub(super) fn run(&self) -> Result<String, String> {
        let github = GitHub::start();
        github.fail((self.failure)());
        let mut runner = Runner::new(&github)
            .input("simulate", "xgboost")
            .input("memory-sizes", "2048")
            .input("invocations", "50")
            .input("warmup", "1")
            .input("baseline", "file:b.json")
            .input("max-p99", "0.1ms");
        let step = runner.step();
        let comments = github.world().bodies(PULL_REQUEST).len();
        let mut warnings = step.annotations("warning");
        // The baseline lies in the workspace here, which is not GitHub's fault.
        warnings.retain(|it| !it.contains("the baseline file:b.json is in"));
        let is_warned = match (self.warning, warnings.as_slice()) {
            ("", []) => true,
            ("", _) => false,
            (words, [one]) => one.contains(words),
            (_, _) => false,
        };
        let (code, verdict) = (step.outcome.code, step.output("verdict"));
        let is_so = code == Some(1) && verdict == "fail" && comments == self.comments && is_warned;
        let fault = self.fault;
        if is_so && step.summary.contains("### ❌ xgboost failed") {
            let warning = if self.warning.is_empty() {
                "none"
            } else {
                self.warning
            };
            Ok(format!("| {fault} | 1 | fail | {comments} | {warning} |"))
        } else {
            Err(format!(
                "{fault}: exit {code:?}, {verdict}, {comments} comments, {warnings:?}"
            ))
        }
    }
}

fn always(status: u16, message: &str) -> Failure {
    Failure {
        times: 99,
        ..Failure::new("POST", "/comments", status, message)
    }
}

/// Longer than an answer is waited for.
const TOO_LONG: Duration = Duration::from_secs(31);
const LIMIT: &str = "You have exceeded a secondary rate limit";

type Row = (&'static str, fn() -> Failure, usize, &'static str);

#[rustfmt::skip]
const LASTING: [Row; 8] = [
    ("401 at every comment", || always(401, "Bad credentials"), 0, "Bad credentials (HTTP 401)"),
    ("403: read-only token", || always(403, "Resource not accessible by integration"), 0, "pull-requests: write"),
    ("404 at every comment", || always(404, "Not Found"), 0, "Not Found (HTTP 404)"),
    ("409 at every comment", || always(409, "Conflict"), 0, "Conflict (HTTP 409)"),
    ("410: issues are disabled", || always(410, "Issues are disabled for this repo"), 0, "(HTTP 410)"),
    ("422 at every comment", || always(422, "Validation Failed"), 0, "Validation Failed (HTTP 422)"),
    ("429 for an hour", || Failure { headers: vec![("retry-after", "3600")], ..always(429, "API rate limit exceeded") }, 0, "API rate limit exceeded"),
    ("503 at every comment", || always(503, "down"), 0, "down (HTTP 503)"),
];

#[rustfmt::skip]
const PASSING: [Row; 6] = [
    ("403: secondary rate limit, twice", || Failure { headers: vec![("retry-after", "0")], times: 2, ..always(403, LIMIT) }, 1, ""),
    ("500 twice", || Failure { times: 2, ..always(500, "") }, 1, ""),
    ("502 once, but written", || Failure { times: 1, carried_out: true, ..always(502, "") }, 1, ""),
    ("no answer within 30 s, but written", || Failure { times: 1, carried_out: true, delay: TOO_LONG, ..always(502, "") }, 1, ""),
    ("503 when comments are read", || Failure { times: 99, ..Failure::new("GET", "/comments", 503, "down") }, 0, "down (HTTP 503)"),
    ("comments are no JSON", || Failure { times: 99, body: "<html>".to_owned(), ..Failure::new("GET", "/comments", 200, "") }, 0, "no comment:"),
];

pub(super) fn all() -> Vec<GitHubCase> {
    let rows = LASTING.into_iter().chain(PASSING);
    let cases = rows.map(|(fault, failure, comments, warning)| GitHubCase {
        fault,
        failure,
        comments,
        warning,
    });
    cases.collect()
}
