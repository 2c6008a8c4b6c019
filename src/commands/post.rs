//! `sagegate post`: publishes what another workflow measured, in a job that may write.
//!
//! The result comes from an artifact, which a pull request can forge: nothing in it says where to publish, and it must be
//! about the commit that the other workflow ran for.

use std::io;
use std::path::Path;

use super::Outcome;
use super::conclude::{Conclusion, conclude, tell, tell_unmeasured};
use super::edges::{Edges, now};
use super::measure::{ci_run_id, price_table};
use super::publish::{Publishing, Unheard};
use super::unmeasured::{FORK, FORK_HINT};
use crate::config::PostArgs;
use crate::error::Error;
use crate::github::{Event, Head};
use crate::report::{Consequence, Unmeasured, UnmeasuredVerdict};
use crate::result::RunResult;

/// Largest result that is read: fifty times that of a run with the default settings.
const MAX_RESULT: u64 = 64 << 20;

/// Judges the result and tells the pull request of its commit.
pub(super) async fn post(args: &PostArgs, edges: &Edges) -> Outcome {
    let context = edges.context().filter(|_| edges.in_actions());
    let (is_fork, head) = match context {
        Some(context) if context.event == Event::WorkflowRun => {
            (context.is_fork, context.triggered_by)
        }
        Some(_) | None => return Err(Error::NotAfterAWorkflow),
    };
    let Some(head) = head else {
        edges.notice("nothing to publish: the other workflow did not run for a pull request");
        return Ok(0);
    };
    let publishing =
        Publishing::of_other_workflow(args.comment.comment, &args.baseline, edges).await;
    let exit_code = match args.result.metadata() {
        Ok(file) if file.len() > MAX_RESULT => {
            return Err(Error::HugeResult {
                path: args.result.clone(),
                bytes: file.len(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            without_result(args, &head, is_fork, &publishing, edges).await?
        }
        Ok(_) | Err(_) => judge(args, &head, &publishing, edges).await?,
    };
    if let Err(Unheard::NoPullRequest) = &publishing.conversation {
        edges.notice(&format!(
            "no comment: no open pull request has {} as its head; a newer push has its own run",
            head.sha
        ));
    }
    Ok(exit_code)
}

async fn judge(args: &PostArgs, head: &Head, publishing: &Publishing, edges: &Edges) -> Outcome {
    let run = RunResult::read(&args.result)?;
    check_commit(&run, head, &args.result)?;
    let table = price_table(&args.recommend)?;
    let uri = args.baseline.uri(true);
    let baseline = uri.open(&edges.access(&args.baseline))?.load().await?;
    let conclusion = Conclusion {
        run: &run,
        prices: table.region(&run.region)?,
        strategy: args.recommend.strategy,
        expected_rate: args.recommend.expected_rate,
        limits: args.gate.limits(),
        policy: args.gate.policy(),
        is_gate: true,
        baseline: Some(&uri),
        result_file: &args.result,
        output_dir: &args.output.output_dir,
        needs_files: true,
        publishing,
    };
    let judged = conclude(&conclusion, baseline.as_ref(), edges).await?;
    Ok(tell(&conclusion, &judged, edges).await)
}

/// The other workflow was not able to measure: the pull request is told so.
async fn without_result(
    args: &PostArgs,
    head: &Head,
    is_fork: bool,
    publishing: &Publishing,
    edges: &Edges,
) -> Outcome {
    let Some(name) = &args.name else {
        edges.notice(
            "nothing to publish: the other workflow has left no result; give `name` to say so in the comment",
        );
        return Ok(0);
    };
    let (reason, hint) = if is_fork {
        (FORK, FORK_HINT)
    } else {
        (
            "the other workflow has left no result",
            "look at the log of that workflow's run",
        )
    };
    let unmeasured = Unmeasured {
        verdict: UnmeasuredVerdict::NotRun,
        name,
        commit: Some(&head.sha),
        run_id: &ci_run_id(edges),
        version: env!("CARGO_PKG_VERSION"),
        at: now(),
        reason,
        hint: Some(hint),
    };
    let consequence = Consequence::Passes;
    let folder = &args.output.output_dir;
    tell_unmeasured(&unmeasured, consequence, folder, publishing, edges).await?;
    Ok(0)
}

fn check_commit(run: &RunResult, head: &Head, path: &Path) -> Result<(), Error> {
    let commit = run.commit.as_deref().unwrap_or_default();
    if commit.eq_ignore_ascii_case(&head.sha) {
        return Ok(());
    }
    Err(Error::OtherCommit {
        path: path.to_owned(),
        commit: run.commit.clone(),
        head: head.sha.clone(),
    })
}
