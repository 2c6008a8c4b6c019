//! Waits for a job, and stops it on a signal or at its time limit.

use std::time::{Duration, Instant};

use crate::aws::{AwsError, ProcessingJob, ProcessingJobStatus, Session};
use crate::benchmark::until_next_poll;
use crate::error::{Error, JobError};
use crate::process::Process;
use crate::progress::Display;

/// A stopped job has 120 seconds to end, and AWS takes a while to say so.
const STOPPING: Duration = Duration::from_mins(5);
/// How often a running job is reported.
const MENTION_EVERY: Duration = Duration::from_mins(1);

/// A job that is waited for.
pub(crate) struct Watch<'a> {
    pub(crate) session: &'a Session,
    pub(crate) job: &'a str,
    pub(crate) process: &'a Process,
    /// What a signal, or the end of this time, does: stops the job. `None`: the job goes on, only
    /// the waiting ends.
    pub(crate) stop_after: Option<Duration>,
}

impl Watch<'_> {
    /// Waits until the job has ended, for any reason.
    pub(crate) async fn until_end(&self) -> Result<ProcessingJob, Error> {
        let started = Instant::now();
        let mut said = None;
        let mut mentioned_at = started;
        let mut stopped_at: Option<Instant> = None;
        loop {
            let job = match self.session.processing_job(self.job).await {
                Ok(job) => job,
                Err(error) => return Err(self.lost(error).await),
            };
            if said.as_ref() != Some(&job.status) || mentioned_at.elapsed() >= MENTION_EVERY {
                self.mention(&job.status, started.elapsed());
                mentioned_at = Instant::now();
                said = Some(job.status.clone());
            }
            if job.status.has_ended() {
                return Ok(job);
            }
            let still_runs = || JobError::StillRuns {
                job: self.job.to_owned(),
            };
            match (stopped_at, self.stop_after) {
                (Some(at), _) if at.elapsed() >= STOPPING => return Err(still_runs().into()),
                (Some(_), _) => until_next_poll(started.elapsed()).await,
                (None, None) if self.process.cancel().is_cancelled() => {
                    return Err(still_runs().into());
                }
                (None, Some(limit)) if self.is_over(started, limit) => {
                    stopped_at = Some(Instant::now());
                    self.stop().await;
                }
                (None, _) => self.next_poll(started).await,
            }
        }
    }

    fn is_over(&self, started: Instant, limit: Duration) -> bool {
        self.process.cancel().is_cancelled() || started.elapsed() >= limit
    }

    async fn next_poll(&self, started: Instant) {
        let poll = until_next_poll(started.elapsed());
        // A signal ends the pause.
        let _ = self.process.cancel().run_until_cancelled(poll).await;
    }

    fn mention(&self, status: &ProcessingJobStatus, waited: Duration) {
        if self.process.display() != Display::Quiet {
            let minutes = waited.as_secs() / 60;
            let note = format!("job {}: {status} after {minutes} min", self.job);
            self.process.note(&note);
        }
    }

    async fn stop(&self) {
        self.process.note(&format!("stopping job {}", self.job));
        if let Err(error) = self.session.stop_processing_job(self.job).await {
            self.process.warn(&format!(
                "job {} may go on and cost money: {}",
                self.job,
                error.with_hint()
            ));
        }
    }

    /// The status of the job is unknown: stops it if a signal would have stopped it.
    async fn lost(&self, source: AwsError) -> Error {
        if self.stop_after.is_some() {
            self.stop().await;
        }
        let job = self.job.to_owned();
        JobError::NotFollowed { job, source }.into()
    }
}
