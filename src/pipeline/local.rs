//! Measuring on this machine's Docker engine: what is checked before anything is created, and what
//! is removed at the end.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::simulator::{SIMULATED_REGION, start_with_containers};
use crate::aws::{Container, Objects};
use crate::benchmark::ModelSource;
use crate::config::Measurement;
use crate::engine::{
    self, Engine, EngineError, Image, ModelData, Occupancy, Removed, Surroundings,
};
use crate::error::{Error, UsageError};
use crate::files;
use crate::process::Process;
use crate::result::{LocalRun, SkippedSize};
use crate::simulator::{Containers, Handle};
use crate::units::MemoryMb;

/// This machine's engine, and the simulator that has its containers answer.
pub(crate) struct Local {
    pub(super) containers: Containers,
    pub(super) image: Image,
    pub(super) simulator: Handle,
    /// Of the simulator's clients; its prices are used.
    pub(super) region: String,
    /// The model, whose data is where the simulator finds it.
    pub(crate) model: ModelSource,
    /// The model that it is measured in turn with, likewise.
    pub(crate) reference: Option<ModelSource>,
    /// Data that was fetched from S3; deleted with this.
    _fetched: Vec<tempfile::TempDir>,
}

/// A model whose image and data are on this machine.
struct Prepared {
    image: Image,
    model: ModelSource,
    fetched: Option<tempfile::TempDir>,
}

impl Prepared {
    async fn new(
        engine: &Engine,
        model: &ModelSource,
        measurement: &Measurement,
        process: &Process,
    ) -> Result<Self, Error> {
        let (image_uri, url) = source(model);
        let pulling = || process.note(&format!("pulling {}", crate::text::one_line(image_uri)));
        let image = engine.image(image_uri, pulling).await?;
        let (data, fetched) = match url {
            None => (None, None),
            Some(url) => {
                let (path, fetched) = data(url, measurement, process).await?;
                ModelData::at(&path)?;
                (Some(format!("file://{}", path.display())), fetched)
            }
        };
        Ok(Self {
            image,
            model: with_data(model, data),
            fetched,
        })
    }
}

/// What of the environment says where the engine is.
pub(crate) fn surroundings(process: &Process) -> Surroundings {
    let path = |name| process.variable(name).map(PathBuf::from);
    Surroundings {
        docker_host: process.variable("DOCKER_HOST").map(str::to_owned),
        runtime_folder: path("XDG_RUNTIME_DIR"),
        home: path("HOME"),
        host_name: process.variable("HOSTNAME").map(str::to_owned),
        in_container: process.in_actions() && Path::new("/github/workspace").exists(),
        in_kubernetes: process.variable("KUBERNETES_SERVICE_HOST").is_some(),
    }
}

/// Something that no other process has, for labels.
pub(crate) fn session() -> String {
    format!("{:016x}", fastrand::u64(..))
}

impl Local {
    /// Finds engine, image and model data, then starts the simulator. Creates nothing.
    pub(crate) async fn open(measurement: &Measurement, process: &Process) -> Result<Self, Error> {
        let engine = Engine::connect(&surroundings(process)).await?;
        let machine = engine.machine().described();
        process.note(&format!(
            "measuring in containers on this machine ({machine}), not on SageMaker"
        ));
        let model = Prepared::new(&engine, &measurement.model, measurement, process).await?;
        let mut fetched: Vec<tempfile::TempDir> = model.fetched.into_iter().collect();
        let mut reference = None;
        if let Some(it) = &measurement.reference {
            let prepared = Prepared::new(&engine, &it.source, measurement, process).await?;
            reference = Some(prepared.model);
            fetched.extend(prepared.fetched);
        }
        let session = session();
        let containers = Containers {
            engine,
            // The run's own tag names it.
            run: format!("local{session}"),
            session,
            cancel: process.cancel().child_token(),
        };
        Ok(Self {
            region: measurement
                .region
                .clone()
                .unwrap_or_else(|| SIMULATED_REGION.to_owned()),
            simulator: start_with_containers(containers.clone(), 0).await?,
            containers,
            image: model.image,
            model: model.model,
            reference,
            _fetched: fetched,
        })
    }

    /// What other programs have of this machine.
    pub(super) fn occupancy(&self) -> Occupancy {
        self.containers.engine.occupancy().clone()
    }

    /// Data of the model, where it has any.
    pub(super) fn model_data(&self) -> Option<Result<ModelData, EngineError>> {
        let (_, url) = source(&self.model);
        let path = url?.strip_prefix("file://")?;
        Some(ModelData::at(Path::new(path)))
    }

    /// Environment of the model's container.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let own = match &self.model {
            ModelSource::Created {
                container:
                    Container::Image { environment, .. } | Container::Package { environment, .. },
                ..
            } => environment.as_slice(),
            ModelSource::Existing(_) => &[],
        };
        engine::environment(&self.region, own)
    }

    /// The sizes that the machine can hold, and those that it cannot.
    pub(crate) fn fit(&self, sizes: &[MemoryMb]) -> Result<(Vec<MemoryMb>, LocalRun), Error> {
        let machine = self.containers.engine.machine();
        let mut run = LocalRun {
            engine: machine.engine.clone(),
            ..LocalRun::default()
        };
        let mut fitting = Vec::new();
        for size in sizes {
            let too_small = if self.reference.is_some() {
                machine.too_small_for_two_in_turn(*size)
            } else {
                machine.too_small_for(*size, 1)
            };
            match too_small {
                None => fitting.push(*size),
                Some(reason) => run.skipped.push(SkippedSize {
                    memory_mb: *size,
                    reason,
                }),
            }
        }
        run.skipped.sort_by_key(|it| it.memory_mb);
        run.skipped.dedup();
        match (fitting.is_empty(), run.skipped.first()) {
            (true, Some(first)) => Err(UsageError::NoSizeFits {
                reason: first.reason.clone(),
            }
            .into()),
            _ => Ok((fitting, run)),
        }
    }

    /// Stops the simulator, and removes all that this process has created.
    pub(super) async fn close(self, process: &Process) {
        self.simulator.shutdown().await;
        remove(&self.containers, process).await;
    }
}

/// Removes all that this process has created, and says what stays.
pub(crate) async fn remove(containers: &Containers, process: &Process) {
    let session = &containers.session;
    match containers.engine.remove_session(session).await {
        Ok(removed) => warn_of(&removed, process),
        Err(error) => process.warn(&format!(
            "containers may be left: {}",
            crate::text::with_hint(&error, error.hint())
        )),
    }
}

fn warn_of(removed: &Removed, process: &Process) {
    for (found, error) in &removed.left {
        let name = crate::text::one_line(&found.name);
        process.warn(&format!("the {} {name} stays: {error}", found.kind));
    }
}

/// Image and data of the model; `--local` has no other.
fn source(model: &ModelSource) -> (&str, Option<&str>) {
    match model {
        ModelSource::Created {
            container:
                Container::Image {
                    image_uri,
                    model_data_url,
                    ..
                },
            ..
        } => (image_uri, model_data_url.as_deref()),
        ModelSource::Created {
            container: Container::Package { arn, .. },
            ..
        } => (arn, None),
        ModelSource::Existing(name) => (name, None),
    }
}

fn with_data(model: &ModelSource, data: Option<String>) -> ModelSource {
    let mut model = model.clone();
    if let ModelSource::Created {
        container: Container::Image { model_data_url, .. },
        ..
    } = &mut model
    {
        *model_data_url = data;
    }
    model
}

/// Where the model's data is on this machine; an object of S3 is fetched, with the environment's
/// credentials, which no container gets.
async fn data(
    url: &str,
    measurement: &Measurement,
    process: &Process,
) -> Result<(PathBuf, Option<tempfile::TempDir>), Error> {
    let wrong = |reason: String| EngineError::ModelData { reason };
    if !url.starts_with("s3://") {
        let path = Path::new(url.strip_prefix("file://").unwrap_or(url));
        let absolute = std::path::absolute(path);
        let absolute = absolute.map_err(|error| wrong(format!("`{url}`: {error}")))?;
        let found = if absolute.is_dir() {
            files::list(&absolute).map(drop)
        } else {
            files::open(&absolute).map(drop)
        };
        found.map_err(|error| wrong(format!("cannot read `{}`: {error}", absolute.display())))?;
        return Ok((absolute, None));
    }
    let Some((bucket, key)) = url.strip_prefix("s3://").and_then(|it| it.split_once('/')) else {
        return Err(wrong(format!("`{url}` is not s3://BUCKET/KEY")).into());
    };
    process.note(&format!("fetching {}", crate::text::one_line(url)));
    let (region, owner) = (measurement.region.clone(), measurement.bucket_owner.clone());
    let objects = Objects::connect(region, process.aws(), owner).await?;
    let object = objects.get(bucket, key).await?;
    let object = object.ok_or_else(|| wrong(format!("there is no `{url}`")))?;
    let folder = tempfile::tempdir().and_then(|folder| {
        files::create(&folder.path().join("model.tar.gz"))?.write_all(&object.bytes)?;
        Ok(folder)
    });
    let folder = folder.map_err(|error| wrong(format!("`{url}` cannot be kept: {error}")))?;
    Ok((folder.path().join("model.tar.gz"), Some(folder)))
}
