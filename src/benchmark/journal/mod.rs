//! Every record of a run, appended to a file as it comes: what a crash leaves behind,
//! [`Journal::resume`] reads back.
//!
//! One JSON value a line. The first is the result before anything was measured.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::Draft;
use super::draft::Model;
use crate::files::{self, MIB};
use crate::hint::hinted;
use crate::redact::redacted_bytes;
use crate::result::{
    ContainerLog, EndpointOutcome, Invocation, Load, LoadRound, RunResult, SCHEMA,
};
use crate::sync::lock;
use crate::text::json_error;
use crate::units::MemoryMb;

/// Largest journal that is read: a million calls have some fifty megabytes.
const MAX_BYTES: u64 = 1024 * MIB;

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
    /// What the container of an endpoint wrote last, which failed.
    ContainerLog(String, ContainerLog),
    /// The concurrency benchmark begins at a memory size: `MaxConcurrency` and endpoint name of
    /// each.
    LoadStarted(MemoryMb, Vec<(u32, String)>),
    /// The same of the reference.
    ReferenceLoadStarted(MemoryMb, Vec<(u32, String)>),
    /// A load begins on an endpoint: calls of an earlier, interrupted round are void.
    RoundStarted(String, Load),
    /// A warm-up call of the load.
    RoundWarmUp(String, Invocation),
    /// A measured call of the load.
    RoundCall(String, Invocation),
    /// The load is over.
    RoundEnded(String),
}

hinted! {
    /// Why a run cannot be resumed.
    pub enum JournalError {
        /// The file cannot be read or written.
        #[error("--resume: cannot read `{path}`: {source}")]
        #[hint(nothing_to_resume(source))]
        Io {
            /// The file.
            path: PathBuf,
            /// The cause.
            source: io::Error,
        },
        /// A line is not a journal line.
        #[error("--resume: `{path}` line {line} is not a record of sagegate: {reason}")]
        #[hint("measure again without --resume")]
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
        #[hint("repeat the command line of the interrupted run, or measure again without --resume")]
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
}

fn nothing_to_resume(error: &io::Error) -> Option<String> {
    (error.kind() == io::ErrorKind::NotFound).then(|| {
        "give the --output-dir of a run that was interrupted; a complete run has nothing to resume"
            .to_owned()
    })
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
        Ok(Self::of(path, files::create(path)?))
    }

    /// Reads an interrupted run back, and goes on in its file: a file of this schema only. A last
    /// line that was cut short is dropped.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn resume(path: &Path) -> Result<(Self, Draft), JournalError> {
        let failed = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let text = files::read_text(path, MAX_BYTES);
        let text = text.map_err(|error| failed(error.into()))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let restored = restore(text.get(..whole).unwrap_or_default(), path)?;
        let file = files::append(path).map_err(|error| failed(error.into()))?;
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

    /// Appends a record. A disk that is full must not end a measurement: the first failure is
    /// logged, and the calls stay in memory.
    pub(super) fn append(&self, record: &Record) {
        let written = serde_json::to_vec(record)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                lock(&self.file).write_all(&redacted_bytes(&line))
            });
        if let Err(error) = written
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            let path = self.path.display();
            tracing::warn!(%path, %error, "records are not on disk: this run cannot be resumed");
        }
    }
}

fn restore(text: &str, path: &Path) -> Result<Draft, JournalError> {
    let malformed = |line: usize, reason: String| JournalError::Malformed {
        path: path.to_owned(),
        line,
        reason,
    };
    let mut lines = text.lines().enumerate();
    let first = lines.next().map(|(_, line)| serde_json::from_str(line));
    let started = match first {
        Some(Ok(Record::Started(result))) if result.schema == SCHEMA => *result,
        Some(Ok(Record::Started(result))) => {
            let reason = format!("schema {}, this sagegate resumes {SCHEMA}", result.schema);
            return Err(malformed(1, reason));
        }
        Some(Ok(_)) | None => return Err(malformed(1, "the run does not begin".to_owned())),
        Some(Err(error)) => return Err(malformed(1, json_error(&error))),
    };
    let mut replay = Replay {
        draft: Draft::new(started),
        in_a_round: BTreeSet::new(),
    };
    for (index, line) in lines {
        let record = serde_json::from_str(line)
            .map_err(|error: serde_json::Error| malformed(index + 1, json_error(&error)))?;
        replay
            .add(record)
            .ok_or_else(|| malformed(index + 1, "it belongs to nothing before it".to_owned()))?;
    }
    Ok(replay.end())
}

/// A journal while it is read.
struct Replay {
    draft: Draft,
    /// Endpoints whose last round has begun and not ended.
    in_a_round: BTreeSet<String>,
}

impl Replay {
    /// Adds a record; `None` for one of an endpoint that the run does not have.
    fn add(&mut self, record: Record) -> Option<()> {
        match record {
            Record::Started(_) => return None,
            Record::LoadStarted(memory_mb, endpoints) => {
                self.draft
                    .begin_loads(memory_mb, &endpoints, Model::Candidate);
            }
            Record::ReferenceLoadStarted(memory_mb, endpoints) => {
                self.draft
                    .begin_loads(memory_mb, &endpoints, Model::Reference);
            }
            Record::Deployed(name, seconds) => {
                let deployed_in_s = match self.draft.size_mut(&name) {
                    Some(run) => &mut run.deployed_in_s,
                    None => &mut self.draft.load_mut(&name)?.deployed_in_s,
                };
                *deployed_in_s = Some(seconds);
            }
            Record::Ended(name, ended) => {
                let outcome = match self.draft.size_mut(&name) {
                    Some(run) => &mut run.outcome,
                    None => &mut self.draft.load_mut(&name)?.outcome,
                };
                *outcome = ended;
                self.draft.close(&name);
            }
            // An endpoint of the concurrency benchmark does not keep it.
            Record::ContainerLog(name, log) => match self.draft.size_mut(&name) {
                Some(run) => run.container_log = log,
                None => drop(self.draft.load_mut(&name)?),
            },
            Record::WarmUp(name, call) => self.draft.size_mut(&name)?.warmup.push(call),
            Record::Call(name, call) => self.draft.size_mut(&name)?.invocations.push(call),
            Record::RoundStarted(name, load) => self.start_round(name, load)?,
            Record::RoundWarmUp(name, call) => self.open_round(&name)?.warmup.push(call),
            Record::RoundCall(name, call) => self.open_round(&name)?.invocations.push(call),
            Record::RoundEnded(name) => {
                self.draft.load_mut(&name)?;
                self.in_a_round.remove(&name);
            }
        }
        Some(())
    }

    fn start_round(&mut self, name: String, load: Load) -> Option<()> {
        self.drop_open_round(&name);
        self.draft.load_mut(&name)?.rounds.push(LoadRound {
            load,
            warmup: Vec::new(),
            invocations: Vec::new(),
        });
        self.in_a_round.insert(name);
        Some(())
    }

    fn open_round(&mut self, name: &str) -> Option<&mut LoadRound> {
        if !self.in_a_round.contains(name) {
            return None;
        }
        self.draft.load_mut(name)?.rounds.last_mut()
    }

    /// A round that was interrupted is void.
    fn drop_open_round(&mut self, name: &str) {
        if self.in_a_round.remove(name)
            && let Some(run) = self.draft.load_mut(name)
        {
            run.rounds.pop();
        }
    }

    fn end(mut self) -> Draft {
        for name in self.in_a_round.clone() {
            self.drop_open_round(&name);
        }
        self.draft
    }
}

#[cfg(test)]
mod tests;
