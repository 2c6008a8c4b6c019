//! `sagegate collect`: the result of a job that nobody waited for.

use std::path::Path;

use super::super::Outcome;
use super::super::edges::Edges;
use super::super::measure::{OutputFiles, clear_output, price_table};
use super::super::publish::Publishing;
use super::super::run::Gate;
use super::follow::Watch;
use super::gather::{Ended, Hands};
use super::input::LEDGER;
use crate::aws::{AwsErrorKind, Objects, ProcessingJob, S3Folder, Session};
use crate::benchmark::Ledger;
use crate::config::CollectArgs;
use crate::error::{Error, JobError};
use crate::files::write_atomically;
use crate::progress::Display;
use crate::result::RunResult;

/// Waits for the job where it still runs, then fetches, judges and reports as `run` does.
pub(crate) async fn collect(args: &CollectArgs, edges: &Edges, display: Display) -> Outcome {
    let table = price_table(&args.recommend)?;
    let session = Session::connect(args.region.clone(), edges.role()).await?;
    let objects = Objects::connect(args.region.clone(), edges.role()).await?;
    let uri = args.baseline.uri(edges.in_actions());
    let store = uri.open(&edges.access(&args.baseline))?;
    let baseline = store.load().await?;
    let (input, output) = places(args, &session).await?;
    clear_output(&args.output.output_dir)?;
    let files = OutputFiles::of(&args.output.output_dir);
    let ledger = fetch_ledger(args, &objects, &input, &files.ledger()).await?;
    let job = Watch {
        session: &session,
        job: &args.job,
        edges,
        display,
        stop_after: None,
    };
    let job = match job.until_end().await {
        Err(Error::Job(error @ JobError::StillRuns { .. })) if edges.cancel.is_cancelled() => {
            edges.note(&Error::from(error).one_line());
            return Ok(edges.signal_code());
        }
        job => job?,
    };
    let hands = Hands {
        session: &session,
        objects: &objects,
        files: &files,
        edges,
        display,
        cleanup_timeout: args.cleanup_timeout,
    };
    let result = fetch_result(&hands, args, &job, &ledger, &output).await?;
    let prices = table.region(&result.region)?;
    let publishing = Publishing::of_event(args.comment.comment, &args.baseline, edges);
    let gate = Gate {
        mode: args.mode,
        limits: args.gate.limits(),
        policy: args.gate.policy(),
        recommend: &args.recommend,
        uri: &uri,
        store: &store,
        output_dir: &args.output.output_dir,
        publishing: &publishing,
    };
    gate.judge(&result, prices, baseline.as_ref(), edges).await
}

async fn fetch_result(
    hands: &Hands<'_>,
    args: &CollectArgs,
    job: &ProcessingJob,
    ledger: &Ledger,
    output: &S3Folder,
) -> Result<RunResult, Error> {
    let ended = Ended {
        name: &args.job,
        job,
        ledger,
        output,
    };
    hands.bring_back(&ended).await
}

/// Where a job's inputs and outputs are, which it says itself.
async fn places(args: &CollectArgs, session: &Session) -> Result<(S3Folder, S3Folder), Error> {
    let job = match session.processing_job(&args.job).await {
        Ok(job) => job,
        Err(error) if error.kind == AwsErrorKind::NotFound => {
            return Err(JobError::Unknown {
                job: args.job.clone(),
                region: session.region().to_owned(),
            }
            .into());
        }
        Err(error) => return Err(error.into()),
    };
    let folder = |uri: Option<String>| uri.and_then(|uri| uri.parse::<S3Folder>().ok());
    let places = folder(job.input).zip(folder(job.output));
    places.ok_or_else(|| foreign(args))
}

fn foreign(args: &CollectArgs) -> Error {
    JobError::Foreign {
        job: args.job.clone(),
    }
    .into()
}

/// What the job may have created. A job of somebody else's has no such list.
async fn fetch_ledger(
    args: &CollectArgs,
    objects: &Objects,
    input: &S3Folder,
    path: &Path,
) -> Result<Ledger, Error> {
    let found = objects.get(&input.bucket, &input.key(LEDGER)).await;
    let found = found.map_err(|source| JobError::NotFetched {
        job: args.job.clone(),
        address: input.join(LEDGER).to_string(),
        source,
    })?;
    let object = found.ok_or_else(|| foreign(args))?;
    write_atomically(path, &object.bytes).map_err(|source| Error::Output {
        path: path.to_owned(),
        source,
    })?;
    Ok(Ledger::read(path)?)
}
