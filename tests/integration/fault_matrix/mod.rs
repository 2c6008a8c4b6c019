//! Every fault, its verdict, and what remains afterwards: the tables of `docs/faults.md`.
//!
//! `cargo test --test integration -- --ignored --nocapture` prints them; with `INSTA_UPDATE=always`
//! it writes them.

mod branch;
mod cases;
mod cleanup;
mod github;
mod kills;
mod mixtures;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sagegate::result::{Cause, EndpointRun, Invocation, RunResult};

use self::cases::Case;
use crate::support::{QUICK, Simulator, Workspace, replaced, run_args};

/// Cases at a time: most of a case is waiting.
const SIDE_BY_SIDE: usize = 6;
const DOCUMENT: &str = "docs/faults.md";

impl Case {
    /// Runs it; its row, or how it was otherwise.
    fn run(&self) -> Result<String, String> {
        let sections = self.sections.iter();
        let profile = sections.fold(QUICK.to_owned(), |profile, it| replaced(&profile, it));
        let simulator = Simulator::start(&profile);
        let workspace = (self.surroundings)(Workspace::new(&simulator));
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| (self.meanwhile)(&simulator));
            workspace.sagegate(&run_args("m", &self.flags))
        });
        let comment = workspace.exists("sagegate-results/comment.md");
        let comment = comment.then(|| workspace.read("sagegate-results/comment.md"));
        let comment = comment.unwrap_or_default();
        let all = format!("{}\n{}\n{comment}", outcome.stdout, outcome.stderr);
        let headline = comment.lines().find(|line| line.starts_with("### "));
        let headline = headline.unwrap_or_default();
        // What is being deleted takes a moment.
        std::thread::sleep(Duration::from_millis(300));
        let left = simulator.resources().len() + simulator.log_groups().len();
        let cause = causes(&workspace);
        let is_so = outcome.code == Some(self.exit_code)
            && cause == self.cause
            && headline.contains(self.verdict)
            && all.contains(self.said)
            && left == self.left;
        if is_so {
            let (exit, verdict) = (self.exit_code, self.verdict);
            // What follows, the reason, only shows that nothing else is named.
            let said = self.said.trim_end_matches(" (");
            let fault = &self.fault;
            Ok(format!(
                "| {fault} | {exit} | {verdict} | {said} | {cause} | {left} |"
            ))
        } else {
            let (fault, code, stderr) = (&self.fault, outcome.code, outcome.stderr);
            Err(format!(
                "{fault}: exit {code:?}, {left} left, cause {cause}, {headline}\n{stderr}"
            ))
        }
    }
}

/// What the failed endpoints and calls of a run are due to, by its `result.json`.
fn causes(workspace: &Workspace) -> String {
    let result = RunResult::read(&workspace.path("sagegate-results/result.json"));
    let causes: BTreeSet<&str> = match &result {
        Err(_) => BTreeSet::new(),
        Ok(result) => {
            let of_calls = |run: &EndpointRun| -> Vec<Cause> {
                let calls = run.warmup.iter().chain(&run.invocations);
                calls.filter_map(Invocation::cause).collect()
            };
            let runs = result.stability.iter();
            let causes = runs.flat_map(|run| of_calls(run).into_iter().chain(run.outcome.cause()));
            causes.map(Cause::name).collect()
        }
    };
    if causes.is_empty() {
        "-".to_owned()
    } else {
        causes.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// Does each of so many things, some at a time; the results in order.
fn side_by_side<T: Send>(
    count: usize,
    at_a_time: usize,
    one: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = Mutex::new(0..count);
    let done = Mutex::new(BTreeMap::new());
    let lock = |next: &Mutex<std::ops::Range<usize>>| {
        next.lock().unwrap_or_else(PoisonError::into_inner).next()
    };
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some(index) = lock(&next) {
                    let result = one(index);
                    done.lock().unwrap().insert(index, result);
                }
            });
        }
    });
    done.into_inner().unwrap().into_values().collect()
}

/// Prints a table and compares it with the document, in the part below `heading`.
#[expect(
    clippy::print_stdout,
    reason = "the table is what the test is asked for"
)]
fn check_table(heading: &str, head: &str, rows: &[Result<String, String>]) {
    let mut table = format!("{head}\n");
    for row in rows.iter().flatten() {
        writeln!(table, "{row}").unwrap();
    }
    println!("{heading}\n\n{table}");
    let otherwise: Vec<&String> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
    assert!(
        otherwise.is_empty(),
        "{} of {}: {otherwise:#?}",
        otherwise.len(),
        rows.len()
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(&format!("{heading}\n")).unwrap();
    let start = rest.find("\n| ").unwrap() + 1;
    let length = rest[start..]
        .find("\n\n")
        .map_or(rest.len() - start, |it| it + 1);
    if std::env::var("INSTA_UPDATE").is_ok_and(|it| it == "always") {
        let (intro, after) = (&rest[..start], &rest[start + length..]);
        std::fs::write(&path, format!("{before}{heading}\n{intro}{table}{after}")).unwrap();
    } else {
        assert_eq!(&rest[start..start + length], table);
    }
}

/// Both write the document: one after the other.
static DOCUMENT_LOCK: Mutex<()> = Mutex::new(());

#[test]
#[ignore = "takes five minutes: CI asks for it"]
fn every_fault_of_aws_ends_as_it_should() {
    let cases = cases::all();
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|index| !cases[*index].takes_minutes);
    let rows = side_by_side(cases.len(), SIDE_BY_SIDE, |turn| {
        (order[turn], cases[order[turn]].run())
    });
    let rows: BTreeMap<usize, Result<String, String>> = rows.into_iter().collect();
    let rows: Vec<Result<String, String>> = rows.into_values().collect();
    let _one_at_a_time = DOCUMENT_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let head = "| Fault | Exit code | Verdict | What is said | Cause | Left |\n| :-- | --: | :-- | :-- | :-- | --: |";
    check_table("## AWS and the surroundings", head, &rows);
}

#[test]
#[ignore = "takes two minutes: CI asks for it"]
fn every_fault_of_github_ends_as_it_should() {
    let cases = github::all();
    let rows = side_by_side(cases.len(), SIDE_BY_SIDE, |index| cases[index].run());
    let _one_at_a_time = DOCUMENT_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let head =
        "| Fault | Exit code | Verdict | Comments | Warnings |\n| :-- | --: | :-- | --: | :-- |";
    check_table("## GitHub", head, &rows);
}

#[test]
#[ignore = "takes two minutes: CI asks for it"]
fn every_fault_of_the_baselines_branch_ends_as_it_should() {
    let cases = branch::all();
    let rows = side_by_side(cases.len(), SIDE_BY_SIDE, |index| cases[index].run());
    let _one_at_a_time = DOCUMENT_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let head = "| Fault | Exit code | Runs in the baseline | Warnings |\n| :-- | --: | --: | :-- |";
    check_table("## The baseline's branch", head, &rows);
}

#[test]
#[ignore = "takes two minutes: CI asks for it"]
fn every_fault_of_a_clean_up_ends_as_it_should() {
    let cases = cleanup::all();
    let rows = side_by_side(cases.len(), SIDE_BY_SIDE, |index| cases[index].run());
    let _one_at_a_time = DOCUMENT_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let head = "| Fault | Exit code | What is said | Left |\n| :-- | --: | :-- | --: |";
    check_table("## Clean-up", head, &rows);
}

#[test]
#[ignore = "takes two minutes: CI asks for it"]
fn a_hundred_kills_leave_nothing() {
    let rows = kills::table();
    let _one_at_a_time = DOCUMENT_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let head = "| What was asked | Of 100 |\n| :-- | --: |";
    check_table("## Kills", head, &rows);
}

#[test]
#[ignore = "takes ten minutes: CI asks for it"]
fn only_the_model_fails_a_pull_request() {
    let rows = mixtures::table();
    let _one_at_a_time = DOCUMENT_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let head = "| What must not happen | Of the runs |\n| :-- | --: |";
    check_table("## Mixtures", head, &rows);
}
