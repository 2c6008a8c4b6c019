//! Fetches the results of a job, and deletes its leftovers.

use std::path::Path;
use std::time::Duration;

use crate::aws::{Objects, ProcessingJob, ProcessingJobStatus, S3Folder, Session};
use crate::benchmark::{Journal, Ledger, delete_log_groups, run_of, sweep};
use crate::error::{Error, JobError, UsageError};
use crate::files::write_atomically;
use crate::pipeline::output_files::{JOURNAL, OutputFiles, RESULT};
use crate::process::Process;
use crate::result::{CleanupSummary, Leftover, RunResult};

/// A job that has ended, and where its files are.
pub(crate) struct EndedJob<'a> {
    pub(crate) name: &'a str,
    pub(crate) job: &'a ProcessingJob,
    /// What it may have created; `None` where nobody knows any more.
    pub(crate) ledger: Option<&'a Ledger>,
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
        let fetched = self.fetch_result(ended).await;
        let Ok(Some(mut result)) = fetched else {
            self.sweep_after(ended).await;
            return Err(fetched.err().unwrap_or_else(|| {
                let address = ended.output.join(RESULT).to_string();
                let job = ended.name.to_owned();
                JobError::NoResult { job, address }.into()
            }));
        };
        if !result.cleanup.left.is_empty()
            && let Some(swept) = self.sweep_after(ended).await
        {
            result.cleanup.deleted += swept.deleted;
            result.cleanup.left = swept.left;
            self.keep(&result);
        }
        Ok(result)
    }

    async fn bring_back_part(&self, ended: &EndedJob<'_>) -> Error {
        let kept = self.fetch_part(ended).await;
        self.sweep_after(ended).await;
        let kept = kept.then(|| self.files.result());
        if self.process.cancel().is_cancelled() {
            return Error::Interrupted {
                kept,
                resume: None,
                by: self.process.stop_signal(),
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

    /// What a job has written before it ended; whether there is anything. Of result and journal
    /// one may be missing, or cut short when the job was killed.
    async fn fetch_part(&self, ended: &EndedJob<'_>) -> bool {
        let or_warn = |error: Error| self.process.warn(&error.one_line());
        let saved = self.fetch_result(ended).await;
        let saved = saved.map_err(or_warn).ok().flatten();
        let journal = self.files.journal();
        let fetched = self.fetch(ended, JOURNAL, &journal).await;
        let restored = match fetched.map_err(or_warn) {
            Ok(true) => Journal::resume(&journal).ok(),
            Ok(false) | Err(()) => None,
        };
        let restored = restored.map(|(_, draft)| draft.result);
        // A killed job has journalled more calls than it has saved.
        let kept = match (saved, restored) {
            (Some(saved), Some(restored)) if calls(&saved) < calls(&restored) => Some(restored),
            (Some(saved), _) => Some(saved),
            (None, restored) => restored,
        };
        if let Some(result) = &kept {
            self.keep(result);
        }
        kept.is_some()
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
                write_atomically(path, &object.bytes).map_err(|source| UsageError::Output {
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

    /// Deletes all that an ended job may have left; `None` where nobody knows what that is.
    async fn sweep_after(&self, ended: &EndedJob<'_>) -> Option<CleanupSummary> {
        if let Some(ledger) = ended.ledger {
            return Some(self.sweep(ledger).await);
        }
        let run = run_of(ended.name).unwrap_or("RUN-ID");
        self.process.warn(&format!(
            "what job {} has left is not known without its ledger: `sagegate cleanup --run {run}` \
             finds it by name and tag",
            ended.name
        ));
        None
    }

    /// Deletes all that the ledger lists; says what is left.
    pub(crate) async fn sweep(&self, ledger: &Ledger) -> CleanupSummary {
        let observer = self.process.observer();
        let timeout = self.cleanup_timeout.max(Duration::from_secs(1));
        let swept = sweep(self.session, ledger.names(), timeout, observer.as_ref()).await;
        delete_log_groups(self.session, ledger.names().endpoints, observer.as_ref()).await;
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
