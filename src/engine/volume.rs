//! A volume that holds a model's data: filled once, mounted read-only by each container.
//!
//! It is filled through a helper container that is created and never started. A bind mount would
//! need a path of the engine's machine, which ours are not where this process is in a container.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions, VolumeCreateRequest,
};
use bollard::query_parameters::{CreateContainerOptions, UploadToContainerOptions};
use futures_util::stream;
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::Engine;
use super::error::{EngineError, status, words};
use super::image::Image;
use super::labels::Labels;
use crate::files::Fence;

/// Where SageMaker extracts the model's archive to.
const MODEL_FOLDER: &str = "/opt/ml/model";
/// Bytes on their way to the engine at a time.
const CHUNK: usize = 256 << 10;

/// What becomes `/opt/ml/model`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelData {
    /// A folder, as it is.
    Folder(PathBuf),
    /// A tar archive, compressed or not.
    Archive(PathBuf),
    /// The bytes of a tar archive, compressed or not.
    Bytes(Vec<u8>),
}

/// A volume that holds a model's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub(super) name: String,
}

impl ModelData {
    /// A folder or an archive on this machine.
    ///
    /// # Errors
    /// [`EngineError::ModelData`] when there is neither.
    pub fn at(path: &Path) -> Result<Self, EngineError> {
        let wrong = |reason: String| EngineError::ModelData { reason };
        let metadata = std::fs::metadata(path);
        let metadata = metadata
            .map_err(|error| wrong(format!("cannot read `{}`: {error}", path.display())))?;
        if metadata.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let mut start = Vec::new();
        let read = open(path).and_then(|file| file.take(512).read_to_end(&mut start));
        read.map_err(|error| wrong(format!("cannot read `{}`: {error}", path.display())))?;
        if is_archive(&start) {
            return Ok(Self::Archive(path.to_owned()));
        }
        Err(wrong(format!(
            "`{}` is neither a folder nor a tar archive",
            path.display()
        )))
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Folder(path) => super::archive::write_folder(path, out),
            Self::Archive(path) => io::copy(&mut open(path)?, out).map(|_| ()),
            Self::Bytes(bytes) => out.write_all(bytes),
        }
    }
}

/// Where it may lie is for those to say who name it.
fn open(path: &Path) -> io::Result<File> {
    Ok(Fence::anywhere().open(path)?)
}

/// Whether a file begins like gzip, bzip2, xz or tar.
fn is_archive(start: &[u8]) -> bool {
    let compressed: [&[u8]; 3] = [&[0x1f, 0x8b], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z']];
    compressed.iter().any(|magic| start.starts_with(magic))
        || start.get(257..262).is_some_and(|it| it == b"ustar")
}

/// What is mounted into a container.
pub(super) fn mount(volume: &Volume, read_only: bool) -> Mount {
    Mount {
        target: Some(MODEL_FOLDER.to_owned()),
        source: Some(volume.name.clone()),
        typ: Some(MountType::VOLUME),
        read_only: Some(read_only),
        volume_options: Some(MountVolumeOptions {
            // What the image has there is hidden, as on SageMaker.
            no_copy: Some(true),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

impl Engine {
    /// Creates and fills a volume. What is half done when this fails carries the labels.
    ///
    /// # Errors
    /// [`EngineError::ModelData`] for an archive that cannot be read or extracted.
    pub async fn create_volume(
        &self,
        name: &str,
        image: &Image,
        data: ModelData,
        labels: &Labels,
    ) -> Result<Volume, EngineError> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels.as_map()),
            ..VolumeCreateRequest::default()
        };
        let created = self.docker.create_volume(request).await;
        created.map_err(|error| EngineError::failed("create a volume", &error))?;
        let volume = Volume {
            name: name.to_owned(),
        };
        let helper = self.create_helper(&volume, image, labels).await?;
        let filled = self.fill(&helper, data).await;
        self.remove_container(&helper).await?;
        filled.map(|()| volume)
    }

    async fn create_helper(
        &self,
        volume: &Volume,
        image: &Image,
        labels: &Labels,
    ) -> Result<String, EngineError> {
        let body = ContainerCreateBody {
            image: Some(image.id.clone()),
            cmd: Some(vec!["never-started".to_owned()]),
            labels: Some(labels.as_map()),
            host_config: Some(HostConfig {
                mounts: Some(vec![mount(volume, false)]),
                network_mode: Some("none".to_owned()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let created = self
            .docker
            .create_container(None::<CreateContainerOptions>, body)
            .await;
        let created = created.map_err(|error| EngineError::failed("create a container", &error))?;
        Ok(created.id)
    }

    async fn fill(&self, helper: &str, data: ModelData) -> Result<(), EngineError> {
        let (sender, receiver) = mpsc::channel(4);
        let writing = tokio::task::spawn_blocking(move || {
            let mut out = Chunks::new(sender);
            let written = data.write(&mut out).and_then(|()| out.flush());
            written.inspect_err(|error| out.fail(error))
        });
        let chunks = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|it| (it, receiver))
        });
        let body = bollard::body_try_stream(chunks);
        let options = UploadToContainerOptions {
            path: MODEL_FOLDER.to_owned(),
            ..UploadToContainerOptions::default()
        };
        let sent = self
            .docker
            .upload_to_container(helper, Some(options), body)
            .await;
        let model_data = |reason: String| Err(EngineError::ModelData { reason });
        match (writing.await, sent) {
            (Ok(Ok(())), Ok(())) => Ok(()),
            // The engine refused what it got, and stopped reading.
            (_, Err(error)) if status(&error).is_some() && !is_full(&error) => {
                model_data(format!("cannot be extracted: {}", words(&error)))
            }
            (_, Err(error)) if is_full(&error) => Err(EngineError::failed("fill a volume", &error)),
            (Ok(Err(error)), _) => model_data(format!("cannot be read: {error}")),
            (_, Err(error)) => Err(EngineError::failed("fill a volume", &error)),
            (Err(bug), Ok(())) => model_data(format!("cannot be read: {bug}")),
        }
    }
}

/// Hands over what is written in pieces, as fast as they are taken.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    kept: Vec<u8>,
}

impl Chunks {
    fn new(sender: mpsc::Sender<io::Result<Bytes>>) -> Self {
        Self {
            sender,
            kept: Vec::with_capacity(CHUNK),
        }
    }

    /// The archive ends here, and not as it should.
    fn fail(&self, error: &io::Error) {
        let error = io::Error::new(error.kind(), error.to_string());
        // Nobody reads any more: then that is the error.
        let _ = self.sender.blocking_send(Err(error));
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        if self.kept.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = Bytes::from(std::mem::take(&mut self.kept));
        let sent = self.sender.blocking_send(Ok(chunk));
        sent.map_err(|_closed| io::ErrorKind::BrokenPipe.into())
    }
}

fn is_full(error: &bollard::errors::Error) -> bool {
    words(error).contains("no space left")
}
