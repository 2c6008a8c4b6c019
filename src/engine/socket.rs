//! Where the engine's socket is.

use std::io;
use std::path::{Path, PathBuf};

use bollard::{API_DEFAULT_VERSION, Docker};

use super::error::EngineError;

/// Longest wait for an answer of the engine that is not a stream, in seconds. Creating the first
/// container of a large image takes long on a slow disk.
const PATIENCE_S: u64 = 120;

/// What of the environment says where the engine is, and where this process is.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `XDG_RUNTIME_DIR`, where rootless engines have their socket.
    pub runtime_folder: Option<PathBuf>,
    /// `HOME`, where Docker Desktop has its socket.
    pub home: Option<PathBuf>,
    /// `HOSTNAME`: in a container, the beginning of its id.
    pub host_name: Option<String>,
    /// Whether a step of a workflow runs in a container of its own: the action.
    pub in_container: bool,
    /// `KUBERNETES_SERVICE_HOST` is set.
    pub in_kubernetes: bool,
}

/// The socket that `DOCKER_HOST` names, else the first of the usual ones that is there.
pub(super) fn find(surroundings: &Surroundings) -> Result<PathBuf, EngineError> {
    if let Some(value) = &surroundings.docker_host {
        let path = value.strip_prefix("unix://").map(PathBuf::from);
        return path
            .filter(|path| path.is_absolute())
            .ok_or_else(|| EngineError::NotASocket {
                value: value.clone(),
            });
    }
    let candidates = usual(surroundings);
    let found = candidates.iter().find(|path| path.exists()).cloned();
    found.ok_or(EngineError::NoSocket {
        looked_at: candidates,
        in_container: surroundings.in_container,
        in_kubernetes: surroundings.in_kubernetes,
    })
}

/// Docker's, that of a rootless Docker, Docker Desktop's, Podman's.
fn usual(surroundings: &Surroundings) -> Vec<PathBuf> {
    let runtime = |name: &str| surroundings.runtime_folder.as_ref().map(|it| it.join(name));
    let home = |name: &str| surroundings.home.as_ref().map(|it| it.join(name));
    [
        Some(PathBuf::from("/var/run/docker.sock")),
        runtime("docker.sock"),
        home(".docker/run/docker.sock"),
        runtime("podman/podman.sock"),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Speaks the newest version of the API that both sides know.
pub(super) async fn open(socket: &Path) -> Result<Docker, EngineError> {
    // Says more than the client's own error: whether there is nobody, or nobody may.
    if let Err(error) = tokio::net::UnixStream::connect(socket).await {
        let (path, reason) = (socket.to_owned(), error.to_string());
        return Err(if error.kind() == io::ErrorKind::PermissionDenied {
            EngineError::NotPermitted { path }
        } else {
            EngineError::NoAnswer { path, reason }
        });
    }
    let no_answer = |error: bollard::errors::Error| EngineError::NoAnswer {
        path: socket.to_owned(),
        reason: super::error::words(&error),
    };
    let address = socket.to_string_lossy();
    let docker = Docker::connect_with_unix(&address, PATIENCE_S, API_DEFAULT_VERSION);
    let docker = docker.map_err(no_answer)?;
    docker.negotiate_version().await.map_err(no_answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_host_decides_and_must_be_a_unix_socket() {
        let host = |value: &str| Surroundings {
            docker_host: Some(value.to_owned()),
            ..Surroundings::default()
        };
        let found = find(&host("unix:///run/user/1000/docker.sock")).unwrap();
        assert_eq!(found, Path::new("/run/user/1000/docker.sock"));
        for value in ["tcp://10.0.0.1:2375", "ssh://a@b", "unix://relative", "/x"] {
            let error = find(&host(value)).unwrap_err().to_string();
            assert!(error.contains(value), "{error}");
        }
    }

    #[test]
    fn the_usual_places_are_tried_in_turn_and_all_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let podman = folder.path().join("podman/podman.sock");
        std::fs::create_dir_all(podman.parent().unwrap()).unwrap();
        std::fs::write(&podman, "").unwrap();
        let surroundings = Surroundings {
            runtime_folder: Some(folder.path().to_owned()),
            home: Some("/home/me".into()),
            ..Surroundings::default()
        };
        let order = usual(&surroundings);
        let position = |path: &Path| order.iter().position(|it| it == path).unwrap();
        assert_eq!(position(Path::new("/var/run/docker.sock")), 0);
        assert!(position(&folder.path().join("docker.sock")) < position(&podman));
        assert!(order.contains(&"/home/me/.docker/run/docker.sock".into()));
    }
}
