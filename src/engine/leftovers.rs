//! What runs have left on the engine, found by label.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use bollard::query_parameters::{ListContainersOptions, ListVolumesOptions, RemoveVolumeOptions};
use jiff::Timestamp;

use super::Engine;
use super::error::{EngineError, status};
use super::labels::{OWNER, RUN, SESSION};

/// What something on the engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftoverKind {
    /// A container, running or not.
    Container,
    /// A volume.
    Volume,
}

impl fmt::Display for LeftoverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Volume => "volume",
        })
    }
}

/// Something on the engine that a run has created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which kind.
    pub kind: LeftoverKind,
    /// By which the engine knows it.
    id: String,
    /// For people: hostile words.
    pub name: String,
    /// The run id of its label: hostile words.
    pub run: String,
    /// The process that created it.
    session: String,
    /// The endpoint or model that it is of.
    pub owner: String,
    /// When it was created, where the engine says so.
    pub created_at: Option<Timestamp>,
}

/// What became of leftovers.
#[derive(Debug, Default)]
pub struct Removed {
    /// How many are gone.
    pub count: u32,
    /// What stays, and why.
    pub left: Vec<(Found, EngineError)>,
}

impl Found {
    /// Whether it is older than this at `now`.
    pub fn is_older_than(&self, age: Duration, now: Timestamp) -> bool {
        self.created_at
            .is_some_and(|at| now.duration_since(at).as_secs_f64() > age.as_secs_f64())
    }
}

impl Engine {
    /// Everything that runs have created, containers first.
    ///
    /// # Errors
    /// When the engine does not list it.
    pub async fn leftovers(&self) -> Result<Vec<Found>, EngineError> {
        let filters = HashMap::from([("label".to_owned(), vec![RUN.to_owned()])]);
        let options = ListContainersOptions {
            all: true,
            filters: Some(filters.clone()),
            ..ListContainersOptions::default()
        };
        let containers = self.docker.list_containers(Some(options)).await;
        let containers =
            containers.map_err(|error| EngineError::failed("list containers", &error))?;
        let options = ListVolumesOptions {
            filters: Some(filters),
        };
        let volumes = self.docker.list_volumes(Some(options)).await;
        let volumes = volumes.map_err(|error| EngineError::failed("list volumes", &error))?;
        let containers = containers.into_iter().map(|it| {
            let names = it.names.unwrap_or_default();
            let id = it.id.unwrap_or_default();
            let name = names
                .first()
                .map_or(id.as_str(), |it| it.trim_start_matches('/'));
            found(
                LeftoverKind::Container,
                name.to_owned(),
                id.clone(),
                &it.labels.unwrap_or_default(),
                it.created.and_then(|at| Timestamp::from_second(at).ok()),
            )
        });
        let volumes = volumes.volumes.unwrap_or_default().into_iter().map(|it| {
            found(
                LeftoverKind::Volume,
                it.name.clone(),
                it.name,
                &it.labels,
                it.created_at.and_then(|at| at.parse().ok()),
            )
        });
        Ok(containers.chain(volumes).collect())
    }

    /// Removes leftovers, containers before the volumes that they use.
    pub async fn remove(&self, leftovers: impl IntoIterator<Item = Found>) -> Removed {
        let mut removed = Removed::default();
        for found in leftovers {
            let done = match found.kind {
                LeftoverKind::Container => self.remove_container(&found.id).await,
                LeftoverKind::Volume => self.remove_volume(&found.id).await,
            };
            match done {
                Ok(()) => removed.count += 1,
                Err(error) => removed.left.push((found, error)),
            }
        }
        removed
    }

    /// Removes all that one process has created.
    ///
    /// # Errors
    /// When the engine does not list it.
    pub async fn remove_session(&self, session: &str) -> Result<Removed, EngineError> {
        let all = self.leftovers().await?;
        Ok(self
            .remove(all.into_iter().filter(|it| it.session == session))
            .await)
    }

    /// Removes a volume. One that is gone is a success.
    ///
    /// # Errors
    /// When the engine refuses.
    pub(super) async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveVolumeOptions { force: true };
        match self.docker.remove_volume(name, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if status(&error) == Some(404) => Ok(()),
            Err(error) => Err(EngineError::failed("remove a volume", &error)),
        }
    }
}

impl super::Volume {
    /// Removes it.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn remove(self, engine: &Engine) -> Result<(), EngineError> {
        engine.remove_volume(&self.name).await
    }
}

fn found(
    kind: LeftoverKind,
    name: String,
    id: String,
    labels: &HashMap<String, String>,
    created_at: Option<Timestamp>,
) -> Found {
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    Found {
        kind,
        id,
        name,
        run: label(RUN),
        session: label(SESSION),
        owner: label(OWNER),
        created_at,
    }
}
