//! Containers: created, started, looked at, stopped, removed.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HostConfig, HostConfigLogConfig, PortBinding,
};
use bollard::query_parameters::{
    CreateContainerOptions, EventsOptions, InspectContainerOptions, KillContainerOptions,
    RemoveContainerOptions, StartContainerOptions,
};
use futures_util::StreamExt as _;

use super::Engine;
use super::error::{EngineError, status, words};
use super::limits::{CpuShare, PERIOD_US};
use super::reach::{PORT, Reach};
use super::spec::ServerSpec;
use super::volume::mount;

/// What a container may write to its log on this machine's disk.
const LOG_SIZE: &str = "16m";
/// How long the kernel's word that a process was killed for its memory may take to get through.
const KERNEL: Duration = Duration::from_millis(300);
/// Identity of a user that no image has: serverless containers do not run as root.
const SOME_USER: &str = "993:990";

/// What has become of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs.
    Running,
    /// It has ended, or was never started.
    Ended {
        /// Its exit code.
        exit_code: i64,
    },
    /// The engine does not know it any more.
    Gone,
}

/// An exit code, with what it means where people would have to look it up.
pub fn exit_words(exit_code: i64) -> String {
    match exit_code {
        137 => "137 (killed; not every engine says when that was for its memory)".to_owned(),
        139 => "139 (segmentation fault)".to_owned(),
        _ => exit_code.to_string(),
    }
}

/// What the engine says about a container.
#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) state: ContainerState,
    /// Whether a process of it was killed for its memory.
    pub(super) out_of_memory: bool,
    pub(super) response: ContainerInspectResponse,
}

impl Engine {
    /// Creates and starts a container as SageMaker does.
    pub(super) async fn start_container(&self, spec: &ServerSpec) -> Result<String, EngineError> {
        let options = CreateContainerOptions {
            name: Some(spec.name.clone()),
            ..CreateContainerOptions::default()
        };
        let created = self
            .docker
            .create_container(Some(options), body(spec, &self.reach))
            .await;
        let created = created.map_err(|error| EngineError::failed("create a container", &error))?;
        let started = self
            .docker
            .start_container(&created.id, None::<StartContainerOptions>)
            .await;
        if let Err(error) = started {
            let failed = not_started(&error);
            self.remove_container(&created.id).await?;
            return Err(failed);
        }
        Ok(created.id)
    }

    pub(super) async fn inspect(&self, id: &str) -> Result<Inspected, EngineError> {
        let answer = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await;
        let response = match answer {
            Ok(response) => response,
            Err(error) if status(&error) == Some(404) => {
                return Ok(Inspected {
                    state: ContainerState::Gone,
                    out_of_memory: false,
                    response: ContainerInspectResponse::default(),
                });
            }
            Err(error) => return Err(EngineError::failed("inspect a container", &error)),
        };
        let state = response.state.clone().unwrap_or_default();
        Ok(Inspected {
            state: if state.running == Some(true) {
                ContainerState::Running
            } else {
                ContainerState::Ended {
                    exit_code: state.exit_code.unwrap_or_default(),
                }
            },
            out_of_memory: state.oom_killed == Some(true),
            response,
        })
    }

    /// Whether a process of a container was killed for its memory: its first one, by which the
    /// container ended, or another, of which the engine keeps an event.
    pub(super) async fn is_out_of_memory(&self, id: &str) -> bool {
        match self.inspect(id).await {
            Ok(inspected) if inspected.out_of_memory => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
        let filter = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let options = EventsOptions {
            since: Some("1".to_owned()),
            until: None,
            filters: Some(HashMap::from([
                filter("type", "container"),
                filter("container", id),
                filter("event", "oom"),
            ])),
        };
        let mut events = std::pin::pin!(self.docker.events(Some(options)));
        let first = tokio::time::timeout(KERNEL, events.next()).await;
        matches!(first, Ok(Some(Ok(_))))
    }

    /// Sends a signal. One that has ended already needs none.
    pub(super) async fn signal(&self, id: &str, signal: &str) {
        let options = KillContainerOptions {
            signal: signal.to_owned(),
        };
        let sent = self.docker.kill_container(id, Some(options)).await;
        if let Err(error) = sent {
            tracing::debug!(%error, id, signal, "the signal was not sent");
        }
    }

    /// Kills a container if it runs, and removes it with its volumes. One that is gone is a
    /// success.
    ///
    /// # Errors
    /// When the engine refuses.
    pub(super) async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptions {
            v: true,
            force: true,
            ..RemoveContainerOptions::default()
        };
        match self.docker.remove_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            // Gone, or somebody else is removing it.
            Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(EngineError::failed("remove a container", &error)),
        }
    }
}

/// Why a container does not start: the runtime names what it does not find in the image.
fn not_started(error: &bollard::errors::Error) -> EngineError {
    let reason = words(error);
    let lower = reason.to_lowercase();
    let of_the_image = [
        "executable file not found",
        "no such file or directory",
        "permission denied",
        "exec format error",
        "is a directory",
        "unable to find user",
    ];
    if of_the_image.iter().any(|words| lower.contains(words)) {
        EngineError::NotStartable { reason }
    } else {
        EngineError::failed("start the container", error)
    }
}

fn body(spec: &ServerSpec, reach: &Reach) -> ContainerCreateBody {
    let conditions = spec.conditions;
    let port = format!("{PORT}/tcp");
    ContainerCreateBody {
        image: Some(spec.image.id.clone()),
        // The image's entry point stays.
        cmd: Some(vec!["serve".to_owned()]),
        env: Some(
            spec.environment
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
        ),
        labels: Some(spec.labels.as_map()),
        user: conditions.other_user.then(|| SOME_USER.to_owned()),
        working_dir: conditions.read_only_root.then(|| "/".to_owned()),
        exposed_ports: Some(vec![port.clone()]),
        host_config: Some(HostConfig {
            port_bindings: (*reach == Reach::Published).then(|| {
                let binding = PortBinding {
                    host_ip: Some("127.0.0.1".to_owned()),
                    host_port: Some(String::new()),
                };
                HashMap::from([(port, Some(vec![binding]))])
            }),
            ..host_config(spec, reach)
        }),
        ..ContainerCreateBody::default()
    }
}

fn host_config(spec: &ServerSpec, reach: &Reach) -> HostConfig {
    let conditions = spec.conditions;
    let bytes = i64::from(spec.memory_mb.get()) << 20;
    HostConfig {
        memory: Some(bytes),
        // As much with swap as without: none.
        memory_swap: Some(bytes),
        cpu_period: Some(PERIOD_US),
        cpu_quota: Some(CpuShare::of(spec.memory_mb).quota_us()),
        mounts: spec.model.as_ref().map(|volume| vec![mount(volume, true)]),
        network_mode: match reach {
            Reach::Published => None,
            Reach::Network(name) => Some(name.clone()),
        },
        readonly_rootfs: conditions.read_only_root.then_some(true),
        tmpfs: conditions
            .read_only_root
            .then(|| HashMap::from([("/tmp".to_owned(), "mode=1777".to_owned())])),
        // A namespace of its own, without /dev/shm.
        ipc_mode: conditions.no_shared_memory.then(|| "none".to_owned()),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([(
                "max-size".to_owned(),
                LOG_SIZE.to_owned(),
            )])),
        }),
        // What a model may do to this machine: nothing more than any container.
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        ..HostConfig::default()
    }
}
