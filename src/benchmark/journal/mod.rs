//! Every record of a run, appended to a file as it comes: what a crash leaves behind, [`Journal::resume`] reads back.
//!
//! One JSON value a line. The first is the result before anything was measured.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::result::{EndpointOutcome, Invocation, Load, LoadRound, LoadRun, RunResult, SCHEMA};
use crate::units::MemoryMb;

/// One line of the file. Endpoints are named, since those of a run have different names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// The result before anything was measured.
    Started(Box<RunResult>),
    /// An endpoint was in service after so many seconds.
    Deployed(String, f64),
    /// A warm-up call of the stability benchmark.
    WarmUp(String, Invocation),
    /// A measured call of the stability benchmark.
    Call(String, Invocation),
    /// An endpoint is done.
    Ended(String, EndpointOutcome),
    /// The concurrency benchmark begins at a memory size: `MaxConcurrency` and endpoint name of each.
    LoadStarted(MemoryMb, Vec<(u32, String)>),
    /// A load begins on an endpoint: whatever an earlier, interrupted round of it held is void.
    RoundStarted(String, Load),
    /// A warm-up call of the load.
    RoundWarmUp(String, Invocation),
    /// A measured call of the load, and when it was due where the loop is open.
    RoundCall(String, Invocation, Option<f64>),
    /// The load is over.
    RoundEnded(String),
}

/// Why a run cannot be resumed.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("--resume: cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line is none of ours.
    #[error("--resume: `{path}` line {line} is not a record of sagegate: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The run was something else.
    #[error("--resume: the run in `{path}` had {field} {was}, now it is {now}")]
    Different {
        /// The file.
        path: PathBuf,
        /// What differs.
        field: &'static str,
        /// In the interrupted run.
        was: String,
        /// Now.
        now: String,
    },
}

impl JournalError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "give the --output-dir of a run that was interrupted; a complete run has nothing to resume"
            }
            Self::Io { .. } => return None,
            Self::Malformed { .. } => "measure again without --resume",
            Self::Different { .. } => {
                "repeat the command line of the interrupted run, or measure again without --resume"
            }
        };
        Some(text.to_owned())
    }
}

/// The file, open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    failed: AtomicBool,
}

impl Journal {
    /// Starts a new file at `path`.
    ///
    /// # Errors
    /// Any I/O error: then nothing may be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self::of(path, File::create(path)?))
    }

    /// Reads an interrupted run back, and goes on in its file. A last line that was cut short is dropped.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn resume(path: &Path) -> Result<(Self, RunResult), JournalError> {
        let failed = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let restored = restore(text.get(..whole).unwrap_or_default(), path)?;
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        file.set_len(whole as u64).map_err(failed)?;
        Ok((Self::of(path, file), restored))
    }

    fn of(path: &Path, file: File) -> Self {
        Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            failed: AtomicBool::new(false),
        }
    }

    /// Appends a record. A disk that is full must not end a measurement: the first failure is logged, and the calls
    /// stay in memory.
    pub(super) fn append(&self, record: &Record) {
        let written = serde_json::to_vec(record)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                file.write_all(&line)
            });
        if let Err(error) = written
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            let path = self.path.display();
            tracing::warn!(%path, %error, "records are not on disk: this run cannot be resumed");
        }
    }
}

fn restore(text: &str, path: &Path) -> Result<RunResult, JournalError> {
    let malformed = |line: usize, reason: String| JournalError::Malformed {
        path: path.to_owned(),
        line,
        reason,
    };
    let mut lines = text.lines().enumerate();
    let first = lines.next().map(|(_, line)| serde_json::from_str(line));
    let mut result = match first {
        Some(Ok(Record::Started(result))) if result.schema <= SCHEMA => *result,
        Some(Ok(Record::Started(result))) => {
            let reason = format!(
                "schema {}, this sagegate reads up to {SCHEMA}",
                result.schema
            );
            return Err(malformed(1, reason));
        }
        Some(Ok(_)) | None => return Err(malformed(1, "the run does not begin".to_owned())),
        Some(Err(error)) => return Err(malformed(1, error.to_string())),
    };
    for (index, line) in lines {
        let record = serde_json::from_str(line)
            .map_err(|error: serde_json::Error| malformed(index + 1, error.to_string()))?;
        replay(&mut result, record)
            .ok_or_else(|| malformed(index + 1, "it belongs to nothing before it".to_owned()))?;
    }
    for run in &mut result.concurrency {
        drop_unfinished(run);
    }
    Ok(result)
}

/// Adds a record to the result; `None` for one of an endpoint that the run does not have. While a round lasts, its
/// endpoint's outcome is not `Measured`; a round that has not ended is the last one.
fn replay(result: &mut RunResult, record: Record) -> Option<()> {
    match record {
        Record::Started(_) => return None,
        Record::LoadStarted(memory_mb, endpoints) => {
            result.concurrency = endpoints
                .into_iter()
                .map(|(max_concurrency, endpoint_name)| LoadRun {
                    memory_mb,
                    max_concurrency,
                    endpoint_name,
                    outcome: EndpointOutcome::Cancelled,
                    deployed_in_s: None,
                    rounds: Vec::new(),
                    metrics: None,
                })
                .collect();
        }
        Record::Deployed(name, seconds) => {
            match result
                .stability
                .iter_mut()
                .find(|run| run.endpoint_name == name)
            {
                Some(run) => run.deployed_in_s = Some(seconds),
                None => load_run(result, &name)?.deployed_in_s = Some(seconds),
            }
        }
        Record::Ended(name, outcome) => {
            match result
                .stability
                .iter_mut()
                .find(|run| run.endpoint_name == name)
            {
                Some(run) => run.outcome = outcome,
                None => load_run(result, &name)?.outcome = outcome,
            }
        }
        Record::WarmUp(name, call) => {
            let mut runs = result.stability.iter_mut();
            runs.find(|run| run.endpoint_name == name)?
                .warmup
                .push(call);
        }
        Record::Call(name, call) => {
            let mut runs = result.stability.iter_mut();
            runs.find(|run| run.endpoint_name == name)?
                .invocations
                .push(call);
        }
        Record::RoundStarted(name, load) => {
            let run = load_run(result, &name)?;
            drop_unfinished(run);
            run.rounds.push(LoadRound {
                load,
                warmup: Vec::new(),
                invocations: Vec::new(),
                scheduled_ms: Vec::new(),
            });
            run.outcome = UNFINISHED;
        }
        Record::RoundWarmUp(name, call) => {
            load_run(result, &name)?
                .rounds
                .last_mut()?
                .warmup
                .push(call);
        }
        Record::RoundCall(name, call, scheduled) => {
            let round = load_run(result, &name)?.rounds.last_mut()?;
            round.invocations.push(call);
            round.scheduled_ms.extend(scheduled);
        }
        Record::RoundEnded(name) => load_run(result, &name)?.outcome = EndpointOutcome::Cancelled,
    }
    Some(())
}

/// Marks, while a file is read, an endpoint whose last round has not ended.
const UNFINISHED: EndpointOutcome = EndpointOutcome::StoppedEarly {
    reason: String::new(),
};

fn drop_unfinished(run: &mut LoadRun) {
    if run.outcome == UNFINISHED {
        run.rounds.pop();
        run.outcome = EndpointOutcome::Cancelled;
    }
}

fn load_run<'a>(result: &'a mut RunResult, name: &str) -> Option<&'a mut LoadRun> {
    let mut runs = result.concurrency.iter_mut();
    runs.find(|run| run.endpoint_name == name)
}

#[cfg(test)]
mod tests;
