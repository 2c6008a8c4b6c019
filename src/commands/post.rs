//! `sagegate post`: publishes what another workflow measured, in a job that may write.
//!
//! The result comes from an artifact, which a pull request can forge: nothing in it says where to
//! publish, and it must be about the commit that the other workflow ran for.

use std::io;
use std::path::Path;

use crate::baseline::BaselineError;
use crate::config::Post;
use crate::error::{Error, UsageError};
use crate::exit::ExitStatus;
use crate::files::{self, FileError, MIB};
use crate::github::{Context, Head};
use crate::pipeline::Outcome;
use crate::pipeline::conclude::{Case, Ending, OnUnwritable, Purpose, conclude};
use crate::pipeline::measure::run_id;
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::prices::Prices;
use crate::pipeline::publish::{NoConversation, Publisher};
use crate::pipeline::unmeasured::{FORK, FORK_HINT, UnjudgedResult, publish_unmeasured};
use crate::process::{Process, now};
use crate::report::{Consequence, Unmeasured, UnmeasuredVerdict};
use crate::result::{ResultFileError, RunResult};

/// Largest result that is read: fifty times that of a run with the default settings.
const MAX_RESULT: u64 = 64 * MIB;

/// Judges the result and comments on the pull request of its commit.
pub(super) async fn post(post: &Post, process: &Process) -> Outcome {
    let context = process.context().filter(|_| process.in_actions());
    let Some(run) = context.and_then(Context::workflow_run) else {
        return Err(UsageError::NotAfterAWorkflow.into());
    };
    let Some(head) = &run.pull_request else {
        process.notice("nothing to publish: the other workflow did not run for a pull request");
        return Ok(ExitStatus::Success);
    };
    let token = post.gate.baseline.github_token.as_ref();
    let publisher = Publisher::of_other_workflow(post.gate.comment, token, process).await;
    let outcome = publish(post, head, run.is_fork, &publisher, process).await;
    let exit_status = match outcome {
        Ok(exit_status) => exit_status,
        Err(error) => {
            let unjudged = UnjudgedResult {
                name: post.name.as_deref(),
                commit: Some(head.sha.clone()),
                output_dir: &post.output_dir,
                publisher: &publisher,
            };
            unjudged.conclude(error, process).await?
        }
    };
    if let Err(NoConversation::NoPullRequest) = &publisher.conversation {
        process.notice(&format!(
            "no comment: no open pull request has {} as its head; a newer push has its own run",
            head.sha
        ));
    }
    Ok(exit_status)
}

async fn publish(
    post: &Post,
    head: &Head,
    is_fork: bool,
    publisher: &Publisher,
    process: &Process,
) -> Outcome {
    match read(&post.result) {
        Ok(run) => judge(post, &run, head, publisher, process).await,
        Err(Error::Usage(UsageError::Result {
            source: ResultFileError::Io { source, .. },
        })) if source.kind() == io::ErrorKind::NotFound => {
            without_result(post, head, is_fork, publisher, process).await
        }
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> Result<RunResult, Error> {
    let text = files::read_text(path, MAX_RESULT).map_err(|error| {
        let path = path.to_owned();
        if let FileError::TooLarge { bytes, .. } = error {
            return UsageError::HugeResult { path, bytes };
        }
        let source = error.into();
        UsageError::from(ResultFileError::Io { path, source })
    })?;
    Ok(RunResult::from_json(&text, path)?)
}

async fn judge(
    post: &Post,
    run: &RunResult,
    head: &Head,
    publisher: &Publisher,
    process: &Process,
) -> Outcome {
    check_commit(run, head, &post.result)?;
    check_name(run, post)?;
    let prices = Prices::read(&post.recommend.prices)?;
    let uri = post.gate.baseline.uri(true);
    let access = process.access(&post.gate.baseline);
    let baseline = uri.open(&access)?.load().await?.unwrap_or_default();
    let case = Case {
        run,
        prices: &prices.of_result(run, process).await?,
        recommend: &post.recommend,
        limits: post.gate.judging.limits,
    };
    let ending = Ending {
        purpose: Purpose::Gate(post.gate.judging.policy),
        baseline: Some(&uri),
        result_file: &post.result,
        files: &OutputFiles::of(&post.output_dir),
        on_unwritable: OnUnwritable::Fail,
        publisher,
        may_accept: post.gate.may_accept,
        others: Some(&baseline),
    };
    let base = post.gate.baseline.branch.as_ref().or_else(|| {
        let conversation = publisher.conversation.as_ref().ok();
        conversation?.base.as_ref()
    });
    let branches = process.branches(base);
    let history = baseline.history(&run.name, &branches);
    let history = history.map_err(BaselineError::from)?;
    let conclusion = conclude(&case, &history, &ending, process).await?;
    Ok(conclusion.publish(&ending, process).await)
}

/// The other workflow was not able to measure: a comment says so.
async fn without_result(
    post: &Post,
    head: &Head,
    is_fork: bool,
    publisher: &Publisher,
    process: &Process,
) -> Outcome {
    let Some(name) = &post.name else {
        process.notice(
            "nothing to publish: the other workflow has left no result; give `name` to say so in the comment",
        );
        return Ok(ExitStatus::Success);
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
        leg: None,
        commit: Some(&head.sha),
        run_id: &run_id(process),
        version: env!("CARGO_PKG_VERSION"),
        at: now(),
        reason,
        hint: Some(hint),
    };
    let files = OutputFiles::of(&post.output_dir);
    publish_unmeasured(&unmeasured, Consequence::Passes, &files, publisher, process).await;
    Ok(ExitStatus::Success)
}

/// The model is the one that the workflow names, not the one that the result does.
fn check_name(run: &RunResult, post: &Post) -> Result<(), Error> {
    match &post.name {
        Some(expected) if *expected != run.name => Err(UsageError::OtherModel {
            path: post.result.clone(),
            name: run.name.clone(),
            expected: expected.clone(),
        }
        .into()),
        Some(_) | None => Ok(()),
    }
}

fn check_commit(run: &RunResult, head: &Head, path: &Path) -> Result<(), Error> {
    let commit = run.commit.as_deref().unwrap_or_default();
    if commit.eq_ignore_ascii_case(&head.sha) {
        return Ok(());
    }
    Err(UsageError::OtherCommit {
        path: path.to_owned(),
        commit: run.commit.clone(),
        head: head.sha.clone(),
    }
    .into())
}
