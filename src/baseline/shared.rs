//! Several writers of one baseline that cannot lock it: read, change, write if it is still what was read, else again.

use std::time::Duration;

use super::BaselineError;
use crate::gate::{BaselineFile, BaselineFileError};

/// Writers that may get in before this one.
const ATTEMPTS: u32 = 60;
/// Longest pause before it is tried again; each is random, so that writers do not march in step.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// A text with a version.
pub(super) struct Versioned {
    pub(super) text: String,
    pub(super) version: String,
}

/// A place that writes only over the version that was read.
pub(super) trait Place {
    /// What people call it.
    fn name(&self) -> String;

    /// The text; `None` when there is none yet.
    async fn read(&self) -> Result<Option<Versioned>, BaselineError>;

    /// Writes over `version`, or where there is nothing yet; `false` when somebody else was first.
    async fn write(&self, text: String, version: Option<&str>) -> Result<bool, BaselineError>;
}

pub(super) async fn load(place: &impl Place) -> Result<Option<BaselineFile>, BaselineError> {
    let found = place.read().await?;
    let found = found.map(|found| BaselineFile::from_json(&found.text, &place.name()));
    Ok(found.transpose()?)
}

pub(super) async fn update(
    place: &impl Place,
    mut change: impl FnMut(&mut BaselineFile),
) -> Result<(), BaselineError> {
    let name = place.name();
    for _ in 0..ATTEMPTS {
        let found = place.read().await?;
        let mut baseline = match &found {
            Some(found) => BaselineFile::from_json(&found.text, &name)?,
            None => BaselineFile::default(),
        };
        change(&mut baseline);
        let json = baseline.to_json().map_err(|source| {
            let name = name.clone();
            BaselineFileError::Malformed { name, source }
        })?;
        let version = found.as_ref().map(|found| found.version.as_str());
        if place.write(json, version).await? {
            return Ok(());
        }
        tokio::time::sleep(LONGEST_PAUSE.mul_f64(fastrand::f64())).await;
    }
    Err(BaselineError::Contended {
        store: name,
        attempts: ATTEMPTS,
    })
}
