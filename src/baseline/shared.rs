//! Several writers of one baseline that cannot lock it: read, change, write if it is still what was
//! read, else again.

use std::cell::RefCell;
use std::time::Duration;

use super::BaselineError;
use crate::gate::{BaselineFile, BaselineFileError};
use crate::github::{Failure, Retry, Waits};

/// Writers that may get in before this one, and the pauses in which they do.
const TURNS: Retry = Retry {
    attempts: 60,
    waits: Waits::Random,
    longest_wait: Duration::from_millis(800),
};

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

    /// Writes over `version`, or where there is nothing yet; `false` when another writer was first.
    async fn write(&self, text: String, version: Option<&str>) -> Result<bool, BaselineError>;
}

pub(super) async fn load(place: &impl Place) -> Result<Option<BaselineFile>, BaselineError> {
    let found = place.read().await?;
    let found = found.map(|found| BaselineFile::from_json(&found.text, &place.name()));
    Ok(found.transpose()?)
}

pub(super) async fn update(
    place: &impl Place,
    change: impl FnMut(&mut BaselineFile),
) -> Result<(), BaselineError> {
    // One attempt at a time, but the compiler cannot know.
    let change = RefCell::new(change);
    let turn = || async {
        match update_once(place, &change).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::passing(BaselineError::Contended {
                store: place.name(),
                attempts: TURNS.attempts,
            })),
            Err(error) => Err(Failure::lasting(error)),
        }
    };
    TURNS.run(turn).await
}

/// Reads, changes and writes; `false` when another process wrote in between.
async fn update_once(
    place: &impl Place,
    change: &RefCell<impl FnMut(&mut BaselineFile)>,
) -> Result<bool, BaselineError> {
    let name = place.name();
    let found = place.read().await?;
    let mut baseline = match &found {
        Some(found) => BaselineFile::from_json(&found.text, &name)?,
        None => BaselineFile::default(),
    };
    change.borrow_mut()(&mut baseline);
    let json = baseline
        .to_json()
        .map_err(|source| BaselineFileError::Malformed { name, source })?;
    let version = found.as_ref().map(|found| found.version.as_str());
    place.write(json, version).await
}
