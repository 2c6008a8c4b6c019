//! A baseline in a file, written atomically under a lock on its folder.

use std::fs::File;
use std::path::Path;

use super::{BaselineError, UnusableBaseline};
use crate::files::{self, MIB, create_folders, write_atomically};
use crate::gate::{BaselineFile, BaselineFileError};

/// Largest baseline that is read: that of a thousand models has some ten megabytes.
const MAX_BYTES: u64 = 64 * MIB;

pub(super) fn load(path: &Path) -> Result<Option<BaselineFile>, BaselineError> {
    match files::read_text(path, MAX_BYTES) {
        Ok(text) => Ok(Some(BaselineFile::from_json(
            &text,
            &path.display().to_string(),
        )?)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(UnusableBaseline::Read {
            path: path.to_owned(),
            source: error.into(),
        }
        .into()),
    }
}

pub(super) fn update(
    path: &Path,
    mut change: impl FnMut(&mut BaselineFile) -> Result<(), BaselineFileError>,
) -> Result<(), BaselineError> {
    let failed = |source| UnusableBaseline::Write {
        path: path.to_owned(),
        source,
    };
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    create_folders(folder).map_err(failed)?;
    // The folder, not the file, is locked: the file is replaced by a rename, which would leave the
    // next writer holding a lock on a file that is no longer there. The lock ends with the handle.
    let folder_handle = File::open(folder).map_err(failed)?;
    folder_handle.lock().map_err(failed)?;
    let mut baseline = load(path)?.unwrap_or_default();
    change(&mut baseline)?;
    let json = baseline.to_json().map_err(|error| failed(error.into()))?;
    write_atomically(path, json.as_bytes()).map_err(failed)?;
    Ok(())
}
