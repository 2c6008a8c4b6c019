//! Optimistic concurrency for stores without locks: read, change, write if the version is still the
//! one that was read, else try again.

use std::cell::RefCell;
use std::time::Duration;

use super::{BaselineError, BaselineServiceError};
use crate::gate::{BaselineFile, BaselineFileError};
use crate::github::{Failure, Retry, Waits};
use crate::redact::redacted;

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

/// A store that overwrites only the version that was read.
pub(super) trait VersionedStore {
    /// Its name, for messages.
    fn name(&self) -> String;

    /// The text; `None` when there is none yet.
    async fn read(&self) -> Result<Option<Versioned>, BaselineError>;

    /// Overwrites `version`, or creates the baseline; returns `false` if another writer was first.
    async fn write(&self, text: String, version: Option<&str>) -> Result<bool, BaselineError>;
}

pub(super) async fn load(
    store: &impl VersionedStore,
) -> Result<Option<BaselineFile>, BaselineError> {
    let found = store.read().await?;
    let found = found.map(|found| BaselineFile::from_json(&found.text, &store.name()));
    Ok(found.transpose()?)
}

pub(super) async fn update(
    store: &impl VersionedStore,
    change: impl FnMut(&mut BaselineFile) -> Result<(), BaselineFileError>,
) -> Result<(), BaselineError> {
    // One attempt at a time, but the compiler cannot know.
    let change = RefCell::new(change);
    let turn = || async {
        match update_once(store, &change).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let contended = BaselineServiceError::Contended {
                    store: store.name(),
                    attempts: TURNS.attempts,
                };
                Err(Failure::passing(contended.into()))
            }
            Err(error) => Err(Failure::lasting(error)),
        }
    };
    TURNS.run(turn).await
}

/// Reads, changes and writes; returns `false` if another process wrote in between.
async fn update_once(
    store: &impl VersionedStore,
    change: &RefCell<impl FnMut(&mut BaselineFile) -> Result<(), BaselineFileError>>,
) -> Result<bool, BaselineError> {
    let name = store.name();
    let found = store.read().await?;
    let mut baseline = match &found {
        Some(found) => BaselineFile::from_json(&found.text, &name)?,
        None => BaselineFile::default(),
    };
    change.borrow_mut()(&mut baseline)?;
    let json = baseline
        .to_json()
        .map_err(|source| BaselineFileError::Malformed { name, source })?;
    let version = found.as_ref().map(|found| found.version.as_str());
    store.write(redacted(&json).into_owned(), version).await
}
