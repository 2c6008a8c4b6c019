//! Images: those that are here, and those that can be pulled.

use bollard::query_parameters::CreateImageOptions;
use futures_util::TryStreamExt as _;

use super::Engine;
use super::error::{EngineError, status, words};
use super::limits::canonical;

/// Largest image that serverless endpoints take:
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html>.
pub const MAX_IMAGE_BYTES: u64 = 10 * (1 << 30);

/// An image that is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// As it was given.
    pub name: String,
    /// Content-addressed, so that a tag that moves meanwhile changes nothing.
    pub(super) id: String,
    /// Size on disk, bytes.
    pub bytes: u64,
}

impl Engine {
    /// The image of this name, which is pulled where it is not there. `pulling` is called before.
    ///
    /// # Errors
    /// [`EngineError`] when there is none, or it is for another machine.
    pub async fn image(&self, name: &str, pulling: impl Fn()) -> Result<Image, EngineError> {
        if let Some(image) = self.image_here(name).await? {
            return Ok(image);
        }
        pulling();
        self.pull(name).await?;
        let image = self.image_here(name).await?;
        image.ok_or_else(|| EngineError::NoImage {
            image: name.to_owned(),
            reason: "it was pulled, and is not there".to_owned(),
        })
    }

    async fn image_here(&self, name: &str) -> Result<Option<Image>, EngineError> {
        let found = match self.docker.inspect_image(name).await {
            Ok(found) => found,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            // Not the name of an image.
            Err(error) if status(&error) == Some(400) => {
                return Err(EngineError::NoImage {
                    image: name.to_owned(),
                    reason: words(&error),
                });
            }
            Err(error) => return Err(EngineError::failed("inspect the image", &error)),
        };
        let architecture = found.architecture.unwrap_or_default();
        let machine = &self.machine.architecture;
        if !architecture.is_empty() && canonical(&architecture) != machine {
            return Err(EngineError::OtherArchitecture {
                image: name.to_owned(),
                architecture,
                machine: machine.clone(),
            });
        }
        Ok(Some(Image {
            name: name.to_owned(),
            id: found.id.unwrap_or_else(|| name.to_owned()),
            bytes: found
                .size
                .and_then(|it| u64::try_from(it).ok())
                .unwrap_or(0),
        }))
    }

    async fn pull(&self, name: &str) -> Result<(), EngineError> {
        let options = CreateImageOptions {
            from_image: Some(with_tag(name)),
            ..CreateImageOptions::default()
        };
        let progress = self.docker.create_image(Some(options), None, None);
        let pulled = progress.try_for_each(|_| async { Ok(()) }).await;
        pulled.map_err(|error| EngineError::NoImage {
            image: name.to_owned(),
            reason: words(&error),
        })
    }
}

/// A name with `:latest` where it has neither tag nor digest: the engine would pull every tag.
fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_tag_is_the_latest() {
        for (name, tagged) in [
            ("churn", "churn:latest"),
            ("churn:pr", "churn:pr"),
            ("localhost:5000/churn", "localhost:5000/churn:latest"),
            ("a/b@sha256:0123", "a/b@sha256:0123"),
        ] {
            assert_eq!(with_tag(name), tagged);
        }
    }
}
