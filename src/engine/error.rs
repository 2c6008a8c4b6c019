//! Why the engine could not do what was asked.

use std::path::PathBuf;

use bollard::errors::Error as BollardError;

use crate::hint::hinted;
use crate::text::one_line;

hinted! {
    /// An error of the Docker engine, or of the way to it.
    #[derive(Clone, PartialEq, Eq)]
    pub enum EngineError {
        /// There is no socket.
        #[error("no Docker engine: none of these sockets exists: {}", listed(looked_at))]
        #[hint(Some(without_socket(*in_container, *in_kubernetes).to_owned()))]
        NoSocket {
            /// Where it was looked for.
            looked_at: Vec<PathBuf>,
            /// Whether a step of a workflow runs in a container of its own.
            in_container: bool,
            /// Whether that is in Kubernetes.
            in_kubernetes: bool,
        },
        /// `DOCKER_HOST` is something else.
        #[error("DOCKER_HOST: `{}` is not the path of a Unix socket", one_line(value))]
        #[hint("measure on the machine that the engine runs on, with DOCKER_HOST=unix:///var/run/docker.sock")]
        NotASocket {
            /// Its value.
            value: String,
        },
        /// The socket is somebody else's.
        #[error("no Docker engine: this user may not use `{}`", path.display())]
        #[hint("add the user to the group docker, or use a rootless engine by DOCKER_HOST")]
        NotPermitted {
            /// The socket.
            path: PathBuf,
        },
        /// Nobody answers.
        #[error("no Docker engine answers at `{}`: {}", path.display(), one_line(reason))]
        #[hint(Some(START.to_owned()))]
        NoAnswer {
            /// The socket.
            path: PathBuf,
            /// What happened.
            reason: String,
        },
        /// The engine runs other containers than Linux's.
        #[error("the Docker engine runs containers of {}, and SageMaker's are Linux", one_line(system))]
        #[hint("switch Docker Desktop to Linux containers")]
        NotLinux {
            /// The system.
            system: String,
        },
        /// This process is in a container that has no network in common with others.
        #[error("containers cannot be reached from here: this one has the network `{}`", one_line(network))]
        #[hint("start this container with a network, such as the default one")]
        NoNetwork {
            /// The network.
            network: String,
        },
        /// The image is neither here nor in a registry that answers.
        #[error(
            "--image-uri: there is no image `{}` on this machine, and it cannot be pulled: {}",
            one_line(image),
            one_line(reason)
        )]
        #[hint(
            "build or pull it in an earlier step, as sagegate logs in to no registry; `docker image ls` shows what is there"
        )]
        NoImage {
            /// Its name.
            image: String,
            /// What the registry or the engine said.
            reason: String,
        },
        /// The image is for other machines.
        #[error(
            "--image-uri: `{}` is an image for {}, and this machine is {machine}",
            one_line(image),
            one_line(architecture)
        )]
        #[hint("build it for this machine (docker build --platform), or use a runner of its architecture")]
        OtherArchitecture {
            /// Its name.
            image: String,
            /// What it is for.
            architecture: String,
            /// What this is.
            machine: String,
        },
        /// Model data that cannot be read.
        #[error("--model-data-url: {}", one_line(reason))]
        #[hint("pass a folder, a tar.gz or an s3:// address; a folder holds what is in /opt/ml/model")]
        ModelData {
            /// What is wrong.
            reason: String,
        },
        /// A container that the engine cannot start: what is wrong is in the image.
        #[error("the container cannot be started: {}", one_line(reason))]
        #[hint("SageMaker runs `docker run IMAGE serve`: give the image an ENTRYPOINT, or a program `serve`")]
        NotStartable {
            /// The engine's words.
            reason: String,
        },
        /// Anything else.
        #[error("the Docker engine could not {doing}: {}", one_line(reason))]
        #[hint(is_disk_full(reason).then(|| "make room: `docker system df` shows what takes it".to_owned()))]
        Failed {
            /// What it was asked to do.
            doing: &'static str,
            /// Its words.
            reason: String,
        },
    }
}

/// How to get an engine.
const START: &str = "start Docker (or Podman with `systemctl --user start podman.socket`), or set \
                     DOCKER_HOST=unix:///path/of/its.sock";

/// What to do where there is no socket.
const fn without_socket(in_container: bool, in_kubernetes: bool) -> &'static str {
    match (in_kubernetes, in_container) {
        (true, _) => {
            "a runner inside Kubernetes mounts no engine into its containers: use a runner with Docker, such as \
             ubuntu-latest, or measure on AWS"
        }
        (false, true) => {
            "the runner mounts /var/run/docker.sock into the action: use a runner with Docker, such as ubuntu-latest"
        }
        (false, false) => START,
    }
}

impl EngineError {
    /// Whether it is found before anything is created.
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Failed { .. } | Self::NotStartable { .. })
    }

    /// Whether image or model data are to blame, and not the engine or the machine.
    pub const fn is_models(&self) -> bool {
        matches!(
            self,
            Self::NotStartable { .. }
                | Self::ModelData { .. }
                | Self::NoImage { .. }
                | Self::OtherArchitecture { .. }
        )
    }

    pub(super) fn failed(doing: &'static str, error: &BollardError) -> Self {
        Self::Failed {
            doing,
            reason: words(error),
        }
    }
}

fn is_disk_full(reason: &str) -> bool {
    reason.to_lowercase().contains("no space left on device")
}

/// What the engine said, without the client's frame around it.
pub(super) fn words(error: &BollardError) -> String {
    if let BollardError::DockerResponseServerError { message, .. } = error {
        return message.clone();
    }
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        source = cause.source();
    }
    words
}

/// The HTTP status of the engine's answer.
pub(super) const fn status(error: &BollardError) -> Option<u16> {
    if let BollardError::DockerResponseServerError { status_code, .. } = error {
        Some(*status_code)
    } else {
        None
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    paths.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_is_one_line_with_a_way_out() {
        let errors = [
            EngineError::NoSocket {
                looked_at: vec!["/var/run/docker.sock".into(), "/x".into()],
                in_container: false,
                in_kubernetes: false,
            },
            EngineError::NoSocket {
                looked_at: vec!["/var/run/docker.sock".into()],
                in_container: true,
                in_kubernetes: true,
            },
            EngineError::NoSocket {
                looked_at: vec!["/var/run/docker.sock".into()],
                in_container: true,
                in_kubernetes: false,
            },
            EngineError::NotASocket {
                value: "tcp://10.0.0.1:2375".to_owned(),
            },
            EngineError::NotPermitted {
                path: "/var/run/docker.sock".into(),
            },
            EngineError::NoAnswer {
                path: "/var/run/docker.sock".into(),
                reason: "Connection refused (os error 111)".to_owned(),
            },
            EngineError::NotLinux {
                system: "windows".to_owned(),
            },
            EngineError::NoNetwork {
                network: "none".to_owned(),
            },
            EngineError::NoImage {
                image: "churn:pr\n::error::x".to_owned(),
                reason: "pull access denied".to_owned(),
            },
            EngineError::OtherArchitecture {
                image: "churn:pr".to_owned(),
                architecture: "arm64".to_owned(),
                machine: "amd64".to_owned(),
            },
            EngineError::ModelData {
                reason: "`model.tgz` is not there".to_owned(),
            },
            EngineError::NotStartable {
                reason: "exec: \"serve\": executable file not found in $PATH".to_owned(),
            },
            EngineError::Failed {
                doing: "create a container",
                reason: "write /var/lib/docker/x: no space left on device".to_owned(),
            },
        ];
        let lines = errors.map(|error| {
            let code = if error.is_usage() { 2 } else { 3 };
            format!("{code} {}", crate::text::with_hint(&error, error.hint()))
        });
        assert!(lines.iter().all(|line| !line.contains('\n')));
        insta::assert_snapshot!(lines.join("\n"));
    }
}
