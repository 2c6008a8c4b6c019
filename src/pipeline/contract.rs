//! Whether a container would start on serverless endpoints: it is started once more without what
//! they do not have.
//!
//! One start takes everything away at once. Only where that fails, one more per condition says
//! which of them is to blame.

use std::time::Duration;

use super::local::Local;
use crate::engine::{
    Call, CallFailure, Conditions, Labels, MAX_IMAGE_BYTES, NotStarted, Server, ServerSpec,
    StartFailure, Volume, exit_words,
};
use crate::result::{Condition, ContainerLog, ContractCheck, Finding, RunResult};
use crate::samples::SampleSet;
use crate::units::MemoryMb;

/// Longest wait for a container that is ready within a second where nothing is taken away.
const AT_LEAST: Duration = Duration::from_secs(15);
/// Longest wait for the answer to the one call.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// What is taken away, one by one.
const CONDITIONS: [(Condition, Conditions); 3] = [
    (
        Condition::ReadOnlyRoot,
        Conditions {
            read_only_root: true,
            other_user: false,
            no_shared_memory: false,
        },
    ),
    (
        Condition::OtherUser,
        Conditions {
            read_only_root: false,
            other_user: true,
            no_shared_memory: false,
        },
    ),
    (
        Condition::NoSharedMemory,
        Conditions {
            read_only_root: false,
            other_user: false,
            no_shared_memory: true,
        },
    ),
];

/// Why a container does not do under some conditions.
enum Broken {
    /// It is the container's.
    Container { reason: String, log: Vec<String> },
    /// The engine has not started it: nothing is known.
    Engine(String),
}

impl Local {
    /// Checks the contract at a size that was measured; empty where no size was, or the run is
    /// interrupted.
    pub(super) async fn check_contract(
        &self,
        run: &RunResult,
        samples: &SampleSet,
    ) -> Vec<ContractCheck> {
        let Some(size) = run.measured().last() else {
            return Vec::new();
        };
        let took = Duration::from_secs_f64(size.deployed_in_s.unwrap_or_default());
        let patience = took * 3 + AT_LEAST;
        let labels = Labels {
            run: run.run_id.clone(),
            session: self.containers.session.clone(),
            owner: run.model_name.clone(),
        };
        let mut probe = Probe {
            local: self,
            labels,
            memory_mb: size.memory_mb,
            patience,
            call: call(samples),
            model: None,
            number: 0,
        };
        let mut checks = match probe.fill().await {
            Ok(()) => probe.conditions().await,
            Err(reason) => unknown(&reason),
        };
        if let Some(volume) = probe.model.take()
            && let Err(error) = volume.remove(&self.containers.engine).await
        {
            tracing::warn!(%error, "a volume stays until the end");
        }
        if self.containers.cancel.is_cancelled() {
            return Vec::new();
        }
        checks.push(self.image_size());
        checks
    }

    fn image_size(&self) -> ContractCheck {
        let bytes = self.image.bytes;
        let finding = if bytes > MAX_IMAGE_BYTES {
            Finding::Breaks {
                reason: format!("the image has {} MB of 10240 MB", bytes >> 20),
            }
        } else {
            Finding::Holds
        };
        check(Condition::ImageSize, finding)
    }
}

/// Starts containers without what serverless endpoints do not have.
struct Probe<'a> {
    local: &'a Local,
    labels: Labels,
    memory_mb: MemoryMb,
    patience: Duration,
    call: Option<Call>,
    model: Option<Volume>,
    number: u32,
}

impl Probe<'_> {
    /// The model's data, once more: that of the run is deleted with its model.
    async fn fill(&mut self) -> Result<(), String> {
        let Some(data) = self.local.model_data() else {
            return Ok(());
        };
        let data = data.map_err(|error| error.to_string())?;
        let name = format!("{}-{}-contract", self.labels.owner, self.labels.session);
        let engine = &self.local.containers.engine;
        let volume = engine
            .create_volume(&name, &self.local.image, data, &self.labels)
            .await;
        self.model = Some(volume.map_err(|error| error.to_string())?);
        Ok(())
    }

    async fn conditions(&mut self) -> Vec<ContractCheck> {
        let all = Conditions {
            read_only_root: true,
            other_user: true,
            no_shared_memory: true,
        };
        let Err(together) = self.attempt(all).await else {
            let holds = |(condition, _)| check(condition, Finding::Holds);
            return CONDITIONS.map(holds).to_vec();
        };
        let mut checks = Vec::new();
        for (condition, conditions) in CONDITIONS {
            checks.push(match self.attempt(conditions).await {
                Ok(()) => check(condition, Finding::Holds),
                Err(broken) => broken.check(condition),
            });
        }
        let any = |it: &ContractCheck| matches!(it.finding, Finding::Breaks { .. });
        if checks.iter().any(any) || matches!(together, Broken::Engine(_)) {
            return checks;
        }
        checks.push(together.check(Condition::AllTogether));
        checks
    }

    /// Starts a container, asks it once, and removes it.
    async fn attempt(&mut self, conditions: Conditions) -> Result<(), Broken> {
        self.number += 1;
        let (owner, session) = (&self.labels.owner, &self.labels.session);
        let spec = ServerSpec {
            name: format!("{owner}-{session}-contract-{}", self.number),
            image: self.local.image.clone(),
            environment: self.local.environment(),
            model: self.model.clone(),
            memory_mb: self.memory_mb,
            labels: self.labels.clone(),
            conditions,
            patience: self.patience,
        };
        let containers = &self.local.containers;
        let started = Server::start(&containers.engine, &spec, None, &containers.cancel).await;
        let server = started.map_err(Broken::from)?.server;
        let answered = match &self.call {
            Some(call) => server.call(call, ANSWER_WITHIN).await,
            None => return Ok(()),
        };
        let log = server.log();
        if let Err(error) = server.stop(Duration::ZERO).await {
            tracing::warn!(%error, "a container stays until the end");
        }
        match answered {
            // What the model thinks of the sample is another matter.
            Ok(reply) if reply.status < 500 => Ok(()),
            Ok(reply) => Err(Broken::Container {
                reason: format!("it answered the first call with status {}", reply.status),
                log,
            }),
            Err(failure) => Err(Broken::Container {
                reason: format!("the first call failed: {}", words(&failure)),
                log,
            }),
        }
    }
}

fn words(failure: &CallFailure) -> String {
    match failure {
        CallFailure::OutOfMemory => "it ran out of memory".to_owned(),
        CallFailure::Ended { exit_code } => {
            format!("it ended with exit code {}", exit_words(*exit_code))
        }
        CallFailure::TimedOut => "no answer within 60 s".to_owned(),
        CallFailure::TooLarge => "an answer of more than 4 MB".to_owned(),
        CallFailure::NoAnswer(words) => words.clone(),
    }
}

impl From<StartFailure> for Broken {
    fn from(failure: StartFailure) -> Self {
        match &failure.reason {
            NotStarted::Engine(error) if !error.is_models() => Self::Engine(error.to_string()),
            NotStarted::Cancelled | NotStarted::Gone => Self::Engine(failure.reason.to_string()),
            NotStarted::Ended { .. }
            | NotStarted::OutOfMemory { .. }
            | NotStarted::NotReady { .. }
            | NotStarted::Engine(_) => Self::Container {
                reason: failure.reason.to_string(),
                log: failure.log,
            },
        }
    }
}

impl Broken {
    fn check(self, condition: Condition) -> ContractCheck {
        let (reason, log) = match self {
            Self::Engine(reason) => return check(condition, Finding::Unknown { reason }),
            Self::Container { reason, log } => (reason, log),
        };
        // The last line says more than an exit code does.
        let mut lines = log.iter().rev().map(|line| line.trim());
        let last = lines.find(|line| !line.is_empty()).map(str::to_owned);
        ContractCheck {
            condition,
            finding: Finding::Breaks {
                reason: last.unwrap_or(reason),
            },
            log: ContainerLog::new(log),
        }
    }
}

fn check(condition: Condition, finding: Finding) -> ContractCheck {
    ContractCheck {
        condition,
        finding,
        log: ContainerLog::default(),
    }
}

fn unknown(reason: &str) -> Vec<ContractCheck> {
    let finding = || Finding::Unknown {
        reason: reason.to_owned(),
    };
    CONDITIONS
        .map(|(condition, _)| check(condition, finding()))
        .to_vec()
}

/// The first sample, as it is sent.
fn call(samples: &SampleSet) -> Option<Call> {
    let (_, sample) = (!samples.is_empty()).then(|| samples.round_robin(0))?;
    let header = |value: Option<&str>| value.and_then(|it| it.parse().ok());
    Some(Call {
        content_type: header(sample.content_type.as_deref()),
        accept: header(sample.accept.as_deref()),
        custom_attributes: header(sample.custom_attributes.as_deref()),
        inference_id: None,
        body: sample.body.clone().into(),
    })
}
