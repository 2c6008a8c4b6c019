//! A model server in a container: started, waited for, called, stopped.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::connection::{Broken, Call, Connection, Reply};
use super::container::{ContainerState, exit_words};
use super::error::EngineError;
use super::log::{LogSink, LogTail};
use super::spec::ServerSpec;
use super::usage::Usage;
use crate::units::MemoryMb;

/// How long a server may take to answer `/ping`:
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html>.
const PING: Duration = Duration::from_secs(2);
/// Pause between two pings.
const BETWEEN_PINGS: Duration = Duration::from_millis(25);
/// How often a container that does not answer is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// A model server that answers `/ping`.
#[derive(Debug)]
pub struct Server {
    engine: Engine,
    id: String,
    memory_mb: MemoryMb,
    connection: Mutex<Connection>,
    log: LogTail,
}

/// A server, and how long its start took.
#[derive(Debug)]
pub struct Started {
    /// The server.
    pub server: Server,
    /// From its creation to its first answer to `/ping`.
    pub setup: Duration,
}

/// Why a server is not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotStarted {
    /// It ended before it answered.
    #[error("the container ended with exit code {}", exit_words(*exit_code))]
    Ended {
        /// Its exit code.
        exit_code: i64,
    },
    /// It was killed for its memory.
    #[error("the container ran out of memory: {memory_mb} is not enough")]
    OutOfMemory {
        /// What it had.
        memory_mb: MemoryMb,
    },
    /// It runs, and does not answer.
    #[error("the container did not answer GET /ping on port 8080 with 200 within {} s", after.as_secs())]
    NotReady {
        /// How long was waited.
        after: Duration,
    },
    /// Somebody else removed it.
    #[error("the container was removed while it started")]
    Gone,
    /// The run was interrupted.
    #[error("interrupted")]
    Cancelled,
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a server is not there, and what it wrote last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartFailure {
    /// Why.
    pub reason: NotStarted,
    /// Its last lines, oldest first: hostile words.
    pub log: Vec<String>,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallFailure {
    /// A process of the container was killed for its memory.
    OutOfMemory,
    /// The container has ended.
    Ended {
        /// Its exit code.
        exit_code: i64,
    },
    /// No answer in time.
    TimedOut,
    /// An answer of more than 4 MB.
    TooLarge,
    /// The container runs, and its answer is none.
    NoAnswer(String),
}

impl Server {
    /// Starts a container and waits until it answers `/ping`. What fails is removed.
    ///
    /// # Errors
    /// [`StartFailure`] with what the container wrote last.
    pub async fn start(
        engine: &Engine,
        spec: &ServerSpec,
        sink: Option<LogSink>,
        cancel: &CancellationToken,
    ) -> Result<Started, StartFailure> {
        let began = Instant::now();
        // Never cut short: a container whose id nobody reads could leak.
        let id = engine.start_container(spec).await;
        let id = id.map_err(|error| StartFailure {
            reason: error.into(),
            log: Vec::new(),
        })?;
        let log = LogTail::follow(engine, &id, sink);
        let waiting = wait_until_ready(engine, &id, spec, began);
        let ready = cancel.run_until_cancelled(waiting).await;
        match ready.unwrap_or(Err(NotStarted::Cancelled)) {
            Ok(connection) => Ok(Started {
                setup: began.elapsed(),
                server: Self {
                    engine: engine.clone(),
                    id,
                    memory_mb: spec.memory_mb,
                    connection: Mutex::new(connection),
                    log,
                },
            }),
            Err(reason) => {
                engine.signal(&id, "SIGKILL").await;
                let log = log.last().await;
                if let Err(error) = engine.remove_container(&id).await {
                    tracing::warn!(%error, id, "a container stays");
                }
                Err(StartFailure { reason, log })
            }
        }
    }

    /// Asks the model. A connection holds one call at a time.
    ///
    /// # Errors
    /// [`CallFailure`].
    pub async fn call(&self, call: &Call, patience: Duration) -> Result<Reply, CallFailure> {
        let mut connection = self.connection.lock().await;
        let answer = tokio::time::timeout(patience, connection.invoke(call)).await;
        let failure = match answer {
            Ok(Ok(reply)) if reply.status < 500 => return Ok(reply),
            // The server may have lost a worker for its memory, and say so in words of its own.
            Ok(Ok(reply)) => {
                return if self.engine.is_out_of_memory(&self.id).await {
                    Err(CallFailure::OutOfMemory)
                } else {
                    Ok(reply)
                };
            }
            Ok(Err(Broken::TooLarge)) => return Err(CallFailure::TooLarge),
            Ok(Err(Broken::Connection(words))) => CallFailure::NoAnswer(words),
            Err(_late) => CallFailure::TimedOut,
        };
        drop(connection);
        Err(self.look_into(failure).await)
    }

    /// What a failure is due to: the container may have ended.
    async fn look_into(&self, failure: CallFailure) -> CallFailure {
        if self.engine.is_out_of_memory(&self.id).await {
            return CallFailure::OutOfMemory;
        }
        match self.engine.inspect(&self.id).await.map(|it| it.state) {
            Ok(ContainerState::Ended { exit_code }) => CallFailure::Ended { exit_code },
            Ok(ContainerState::Running | ContainerState::Gone) | Err(_) => failure,
        }
    }

    /// Whether its container runs.
    ///
    /// # Errors
    /// When the engine does not say.
    pub async fn is_running(&self) -> Result<bool, EngineError> {
        let inspected = self.engine.inspect(&self.id).await?;
        Ok(inspected.state == ContainerState::Running)
    }

    /// What its container uses; `None` when it does not run.
    pub async fn usage(&self) -> Option<Usage> {
        self.engine.usage(&self.id).await
    }

    /// The id of its container.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// So many bytes as percent of the memory that it has.
    #[expect(clippy::cast_precision_loss, reason = "bytes of a machine's memory")]
    pub fn memory_percent(&self, bytes: u64) -> f64 {
        let has = f64::from(self.memory_mb.get()) * 1024.0 * 1024.0;
        100.0 * bytes as f64 / has
    }

    /// The last lines that it wrote, oldest first.
    pub fn log(&self) -> Vec<String> {
        self.log.so_far()
    }

    /// SIGTERM; SIGKILL after `grace`; then nothing of it is left.
    ///
    /// # Errors
    /// When the engine refuses to remove it.
    pub async fn stop(&self, grace: Duration) -> Result<(), EngineError> {
        if !grace.is_zero() {
            self.engine.signal(&self.id, "SIGTERM").await;
            let deadline = Instant::now() + grace;
            while Instant::now() < deadline && self.is_running().await.unwrap_or(false) {
                tokio::time::sleep(BETWEEN_PINGS).await;
            }
        }
        self.engine.remove_container(&self.id).await
    }
}

async fn wait_until_ready(
    engine: &Engine,
    id: &str,
    spec: &ServerSpec,
    began: Instant,
) -> Result<Connection, NotStarted> {
    let mut address: Option<SocketAddr> = None;
    let mut looked = None::<Instant>;
    loop {
        if looked.is_none_or(|at| at.elapsed() >= BETWEEN_LOOKS) {
            looked = Some(Instant::now());
            let inspected = engine.inspect(id).await?;
            match inspected.state {
                ContainerState::Running => address = engine.reach.address(&inspected.response),
                ContainerState::Ended { exit_code } => {
                    return Err(if engine.is_out_of_memory(id).await {
                        NotStarted::OutOfMemory {
                            memory_mb: spec.memory_mb,
                        }
                    } else {
                        NotStarted::Ended { exit_code }
                    });
                }
                ContainerState::Gone => return Err(NotStarted::Gone),
            }
        }
        if let Some(address) = address {
            let mut connection = Connection::to(address);
            let answer = tokio::time::timeout(PING, connection.ping()).await;
            if matches!(answer, Ok(Ok(true))) {
                return Ok(connection);
            }
        }
        if began.elapsed() >= spec.patience {
            return Err(NotStarted::NotReady {
                after: spec.patience,
            });
        }
        tokio::time::sleep(BETWEEN_PINGS).await;
    }
}
