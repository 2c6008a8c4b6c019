//! What a container of a model is like.

use std::time::Duration;

use super::image::Image;
use super::labels::Labels;
use super::volume::Volume;
use crate::units::MemoryMb;

/// What is taken from a container that serverless endpoints do not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Only `/tmp` can be written to, and the working folder is `/`.
    pub read_only_root: bool,
    /// The user is not root.
    pub other_user: bool,
    /// There is no `/dev/shm`.
    pub no_shared_memory: bool,
}

/// What is started.
#[derive(Debug, Clone)]
pub struct ServerSpec {
    /// Name of the container.
    pub name: String,
    /// The image.
    pub image: Image,
    /// Environment variables; nothing of this process's environment is added.
    pub environment: Vec<(String, String)>,
    /// What becomes `/opt/ml/model`; `None` for what the image has there.
    pub model: Option<Volume>,
    /// Memory, and by it the share of the CPUs.
    pub memory_mb: MemoryMb,
    /// Whose it is.
    pub labels: Labels,
    /// What it has to do without.
    pub conditions: Conditions,
    /// Longest time from its start to the first answer to `/ping`.
    pub patience: Duration,
}

/// The environment of a container. Nothing of this process's own is in it: no credentials, and no
/// way to those of the machine.
pub fn environment(region: &str, own: &[(String, String)]) -> Vec<(String, String)> {
    let given = [
        ("AWS_REGION", region),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
    given.into_iter().chain(own.iter().cloned()).collect()
}
