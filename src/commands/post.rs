//! `sagegate post`: publishes what another workflow measured, in a job that may write.
//!
//! The result comes from an artifact, which a pull request can forge: nothing in it says where to publish, and it must be
//! about the commit that the other workflow ran for.

use std::path::Path;

use super::Outcome;
use super::conclude::{Conclusion, conclude, tell};
use super::edges::Edges;
use super::measure::price_table;
use super::publish::{Publishing, Unheard};
use crate::config::PostArgs;
use crate::error::Error;
use crate::github::{Event, Head};
use crate::result::RunResult;

/// Judges the result and tells the pull request of its commit.
pub(super) async fn post(args: &PostArgs, edges: &Edges) -> Outcome {
    let context = edges.context().filter(|_| edges.in_actions());
    let head = match context {
        Some(context) if context.event == Event::WorkflowRun => context.triggered_by,
        Some(_) | None => return Err(Error::NotAfterAWorkflow),
    };
    let Some(head) = head else {
        edges.notice("nothing to publish: the other workflow did not run for a pull request");
        return Ok(0);
    };
    let run = RunResult::read(&args.result)?;
    check_commit(&run, &head, &args.result)?;
    let table = price_table(&args.recommend)?;
    let uri = args.baseline.uri(true);
    let baseline = uri.open(&edges.github(&args.baseline))?.load().await?;
    let publishing =
        Publishing::of_other_workflow(args.comment.comment, &args.baseline, edges).await;
    let conclusion = Conclusion {
        run: &run,
        prices: table.region(&run.region)?,
        strategy: args.recommend.strategy,
        expected_rate: args.recommend.expected_rate,
        limits: args.gate.limits(),
        policy: args.gate.policy(),
        records: false,
        baseline: Some(&uri),
        result_file: &args.result,
        output_dir: &args.output.output_dir,
        publishing: &publishing,
    };
    let judged = conclude(&conclusion, baseline.as_ref(), edges).await?;
    let exit_code = tell(&conclusion, &judged, edges).await;
    if let Err(Unheard::NoPullRequest) = &publishing.conversation {
        edges.notice(&format!(
            "no comment: no open pull request has {} as its head; a newer push has its own run",
            head.sha
        ));
    }
    Ok(exit_code)
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
