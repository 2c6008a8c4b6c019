//! Stops processing jobs that are no longer waited for.

use std::time::{Duration, Instant};

use super::wait::until_next_poll;
use crate::aws::{AwsErrorKind, Session};
use crate::result::{Leftover, ResourceKind};

/// The outcome of stopping jobs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoppedJobs {
    /// Names of those that ran and have ended now.
    pub stopped: Vec<String>,
    /// Those that may still run, with the reason.
    pub left: Vec<Leftover>,
}

/// Stops `jobs` and waits at most `timeout` until each has ended: only then nothing more is
/// created. Absent ones, and those that have ended before, count as done.
pub async fn stop_jobs(session: &Session, jobs: &[String], timeout: Duration) -> StoppedJobs {
    let started = Instant::now();
    let mut outcome = StoppedJobs::default();
    let mut stopping = Vec::new();
    for job in jobs {
        match stop(session, job).await {
            Ok(true) => stopping.push(job),
            Ok(false) => {}
            Err(reason) => outcome.left.push(left(job, reason)),
        }
    }
    for job in stopping {
        match wait_ended(session, job, started, timeout).await {
            Ok(()) => outcome.stopped.push(job.clone()),
            Err(reason) => outcome.left.push(left(job, reason)),
        }
    }
    outcome
}

fn left(job: &str, reason: String) -> Leftover {
    Leftover {
        kind: ResourceKind::ProcessingJob,
        name: job.to_owned(),
        reason,
    }
}

/// Stops a job; returns whether it was running. If its status is unknown, stops it anyway: a role
/// may lack the one permission and have the other.
async fn stop(session: &Session, job: &str) -> Result<bool, String> {
    match session.processing_job(job).await {
        Ok(it) if it.status.has_ended() => return Ok(false),
        Err(error) if error.kind == AwsErrorKind::NotFound => return Ok(false),
        Ok(_) | Err(_) => {}
    }
    let stopped = session.stop_processing_job(job).await;
    stopped.map_err(|error| error.to_string())?;
    Ok(true)
}

async fn wait_ended(
    session: &Session,
    job: &str,
    started: Instant,
    timeout: Duration,
) -> Result<(), String> {
    loop {
        let job = session.processing_job(job).await.map_err(|error| {
            format!("it was asked to stop, whether it has ended is not known: {error}")
        })?;
        if job.status.has_ended() {
            return Ok(());
        }
        if started.elapsed() >= timeout {
            return Err(format!("still stopping after {} s", timeout.as_secs()));
        }
        until_next_poll(started.elapsed()).await;
    }
}
