//! Fetches the results of a job, and deletes its leftovers.

use std::path::Path;
use std::time::Duration;

use crate::aws::{Objects, ProcessingJob, ProcessingJobStatus, S3Folder, Session};
use crate::benchmark::{Journal, Ledger, sweep};
use crate::error::{Error, JobError};
use crate::files::write_atomically;
use crate::pipeline::output_files::{JOURNAL, OutputFiles, RESULT};
use crate::process::Process;
use crate::result::{Leftover, RunResult};

/// A job that has ended, and where its files are.
pub(crate) struct EndedJob<'a> {
    pub(crate) name: &'a str,
    pub(crate) job: &'a ProcessingJob,
    pub(crate) ledger: &'a Ledger,
    pub(crate) output: &'a S3Folder,
}

/// Fetches results and deletes the resources that remain.
pub(crate) struct ResultFetcher<'a> {
    pub(crate) session: &'a Session,
    pub(crate) objects: &'a Objects,
    pub(crate) files: &'a OutputFiles,
    pub(crate) process: &'a Process,
    /// Longest wait for an endpoint to be gone.
    pub(crate) cleanup_timeout: Duration,
}

impl ResultFetcher<'_> {
    /// Fetches the result of a completed job. Of any other job it keeps the partial result, deletes
    /// the leftovers and returns an error.
    pub(crate) async fn bring_back(&self, ended: &EndedJob<'_>) -> Result<RunResult, Error> {
        if ended.job.status != ProcessingJobStatus::Completed {
            return Err(self.bring_back_part(ended).await);
        }
        let Some(mut result) = self.fetch_result(ended).await? else {
            self.sweep(ended.ledger).await;
            return Err(JobError::NoResult {
                job: ended.name.to_owned(),
                address: ended.output.join(RESULT).to_string(),
            }
            .into());
        };
        if !result.cleanup.left.is_empty() {
            let swept = self.sweep(ended.ledger).await;
            result.cleanup.deleted += swept.deleted;
            result.cleanup.left = swept.left;
            self.keep(&result);
        }
        Ok(result)
    }

    async fn bring_back_part(&self, ended: &EndedJob<'_>) -> Error {
        let fetched = self.fetch_part(ended).await;
        self.sweep(ended.ledger).await;
        let kept = match fetched {
            Ok(kept) => kept,
            Err(error) => {
                self.process.warn(&error.one_line());
                false
            }
        };
        let kept = kept.then(|| self.files.result());
        if self.process.cancel().is_cancelled() {
            return Error::Interrupted {
                kept,
                exit_code: self.process.signal_code(),
            };
        }
        let job = ended.job;
        let said = [job.failure_reason.as_deref(), job.exit_message.as_deref()];
        let said: Vec<&str> = said.into_iter().flatten().map(str::trim).collect();
        JobError::Ended {
            job: ended.name.to_owned(),
            status: job.status.to_string(),
            reason: if said.is_empty() {
                "AWS does not say why".to_owned()
            } else {
                said.join("; ")
            },
            kept,
        }
        .into()
    }

    /// Fetches what a job wrote before it ended; returns whether there is anything.
    async fn fetch_part(&self, ended: &EndedJob<'_>) -> Result<bool, Error> {
        let saved = match self.fetch_result(ended).await {
            // Cut short when the job was killed: the journal has it all.
            Err(error @ Error::Result(_)) => {
                self.process.warn(&error.one_line());
                None
            }
            saved => saved?,
        };
        let journal = self.files.journal();
        let restored = if self.fetch(ended, JOURNAL, &journal).await? {
            Journal::resume(&journal)
                .ok()
                .map(|(_, draft)| draft.result)
        } else {
            None
        };
        // A killed job has journalled more calls than it has saved.
        let kept = match (saved, restored) {
            (Some(saved), Some(restored)) if calls(&saved) < calls(&restored) => Some(restored),
            (Some(saved), _) => Some(saved),
            (None, restored) => restored,
        };
        if let Some(result) = &kept {
            self.keep(result);
        }
        Ok(kept.is_some())
    }

    async fn fetch_result(&self, ended: &EndedJob<'_>) -> Result<Option<RunResult>, Error> {
        let path = self.files.result();
        if self.fetch(ended, RESULT, &path).await? {
            Ok(Some(RunResult::read(&path)?))
        } else {
            Ok(None)
        }
    }

    /// Writes an object to a file; returns whether the object exists.
    async fn fetch(&self, ended: &EndedJob<'_>, name: &str, path: &Path) -> Result<bool, Error> {
        let folder = ended.output;
        match self.objects.get(&folder.bucket, &folder.key(name)).await {
            Ok(None) => Ok(false),
            Ok(Some(object)) => {
                write_atomically(path, &object.bytes).map_err(|source| Error::Output {
                    path: path.to_owned(),
                    source,
                })?;
                Ok(true)
            }
            Err(source) => Err(JobError::NotFetched {
                job: ended.name.to_owned(),
                address: folder.join(name).to_string(),
                source,
            }
            .into()),
        }
    }

    fn keep(&self, result: &RunResult) {
        if let Err(error) = result.write(&self.files.result()) {
            self.process
                .warn(&format!("the result is not kept: {error}"));
        }
    }

    /// Deletes all that the ledger lists; returns what remains.
    pub(crate) async fn sweep(&self, ledger: &Ledger) -> crate::result::CleanupSummary {
        let observer = self.process.observer();
        let timeout = self.cleanup_timeout.max(Duration::from_secs(1));
        let swept = sweep(self.session, ledger.names(), timeout, observer.as_ref()).await;
        if !swept.left.is_empty() {
            self.process.warn(&format!(
                "not deleted: {}; run `sagegate cleanup --run {}` later",
                Leftover::list(&swept.left),
                ledger.run_id
            ));
        }
        swept
    }
}

fn calls(result: &RunResult) -> usize {
    let stability = result
        .stability
        .iter()
        .map(|run| run.warmup.len() + run.invocations.len());
    let rounds = result.concurrency.iter().flat_map(|run| &run.rounds);
    let under_load = rounds.map(|round| round.warmup.len() + round.invocations.len());
    stability.sum::<usize>() + under_load.sum::<usize>()
}
