//! `sagegate collect`: the result of a job that was submitted without waiting.

use crate::aws::{AwsErrorKind, Objects, S3Folder, Session};
use crate::benchmark::{Ledger, run_of};
use crate::config::Collect;
use crate::error::{Error, JobError, MeasureError, UsageError};
use crate::exit::ExitStatus;
use crate::files::write_atomically;
use crate::job::follow::Watch;
use crate::job::gather::{EndedJob, ResultFetcher};
use crate::pipeline::Outcome;
use crate::pipeline::gate::Gate;
use crate::pipeline::output_files::{LEDGER, OutputFiles};
use crate::pipeline::prices::Prices;
use crate::pipeline::publish::Publisher;
use crate::pipeline::subject::about;
use crate::pipeline::unmeasured::UnjudgedResult;
use crate::process::Process;
use crate::text::with_hint;

/// Waits for the job where it still runs, then fetches, judges and reports as `run` does.
pub(super) async fn collect(collect: &Collect, process: &Process) -> Outcome {
    let token = collect.gate.baseline.github_token.as_ref();
    let process = &about(collect.gate.pull_request, token, process).await;
    let publisher = Publisher::of_event(collect.gate.comment, token, process);
    match Box::pin(fetch_and_judge(collect, &publisher, process)).await {
        Ok(exit_code) => Ok(exit_code),
        Err(error) => {
            let unjudged = UnjudgedResult {
                name: None,
                commit: process.commit(),
                output_dir: &collect.output_dir,
                publisher: &publisher,
            };
            unjudged.conclude(error, process).await
        }
    }
}

async fn fetch_and_judge(collect: &Collect, publisher: &Publisher, process: &Process) -> Outcome {
    let prices = Prices::read(&collect.recommend.prices)?;
    let session = Session::connect(collect.region.clone(), process.aws()).await?;
    let owner = collect.gate.baseline.bucket_owner.clone();
    let objects = Objects::connect(collect.region.clone(), process.aws(), owner).await?;
    let gate = Gate::open(&collect.gate, publisher, process).await?;
    let (input, output) = places(collect, &session).await?;
    let files = OutputFiles::of(&collect.output_dir);
    files.clear()?;
    let ledger = fetch_ledger(collect, &objects, &input, &files, process).await?;
    let watch = Watch {
        session: &session,
        job: &collect.job,
        process,
        stop_after: None,
    };
    let job = match watch.until_end().await {
        Err(error) if is_running(&error) && process.cancel().is_cancelled() => {
            process.note(&error.one_line());
            return Ok(ExitStatus::Interrupted(process.stop_signal()));
        }
        job => job?,
    };
    let fetcher = ResultFetcher {
        session: &session,
        objects: &objects,
        files: &files,
        process,
        cleanup_timeout: collect.cleanup_timeout,
    };
    let ended = EndedJob {
        name: &collect.job,
        job: &job,
        ledger: ledger.as_ref(),
        output: &output,
    };
    let result = fetcher.bring_back(&ended).await?;
    if ledger.is_none() && run_of(&collect.job) != Some(result.run_id.as_str()) {
        return Err(foreign(collect));
    }
    let prices = prices.of_result(&result, process).await?;
    gate.judge(&result, &prices, &collect.recommend, &files, process)
        .await
}

/// The locations of a job's inputs and outputs, from its description.
async fn places(collect: &Collect, session: &Session) -> Result<(S3Folder, S3Folder), Error> {
    let job = match session.processing_job(&collect.job).await {
        Ok(job) => job,
        Err(error) if error.kind == AwsErrorKind::NotFound => {
            return Err(UsageError::UnknownJob {
                job: collect.job.clone(),
                region: session.region().to_owned(),
            }
            .into());
        }
        Err(error) => return Err(error.into()),
    };
    let folder = |uri: Option<String>| uri.and_then(|uri| uri.parse::<S3Folder>().ok());
    let places = folder(job.input).zip(folder(job.output));
    places.ok_or_else(|| foreign(collect))
}

fn is_running(error: &Error) -> bool {
    matches!(
        error,
        Error::CouldNotMeasure(MeasureError::Job { source })
            if matches!(**source, JobError::StillRuns { .. })
    )
}

fn foreign(collect: &Collect) -> Error {
    UsageError::ForeignJob {
        job: collect.job.clone(),
    }
    .into()
}

/// What the job may have created; `None` where that is not known any more, which does not keep the
/// result from being fetched. A job whose name is not ours has no such list.
async fn fetch_ledger(
    collect: &Collect,
    objects: &Objects,
    input: &S3Folder,
    files: &OutputFiles,
    process: &Process,
) -> Result<Option<Ledger>, Error> {
    let address = input.join(LEDGER).to_string();
    let found = objects.get(&input.bucket, &input.key(LEDGER)).await;
    let object = match found {
        Ok(Some(object)) => object,
        Ok(None) | Err(_) if run_of(&collect.job).is_none() => return Err(foreign(collect)),
        Ok(None) => {
            process.warn(&format!("the job's ledger `{address}` is gone"));
            return Ok(None);
        }
        Err(error) => {
            let reason = with_hint(&error, error.bucket_hint());
            process.warn(&format!("the job's ledger `{address}`: {reason}"));
            return Ok(None);
        }
    };
    let path = files.ledger();
    write_atomically(&path, &object.bytes).map_err(|source| UsageError::Output {
        path: path.clone(),
        source,
    })?;
    let ledger = Ledger::read(&path);
    if let Err(error) = &ledger {
        process.warn(&format!("the job's ledger `{address}`: {error}"));
    }
    Ok(ledger.ok())
}
