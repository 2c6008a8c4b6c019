//! Files: the one place that opens what a flag or an input names, and files that are never half
//! written.
//!
//! A pull request decides what lies in the workspace, symlinks included. So only regular files are
//! opened, in a workflow only inside the workspace ([`confine`]), and nothing is written through a
//! symlink. What root makes there belongs to the owner of its folder.

mod error;
mod fence;
mod write;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use self::error::FileError;
pub use self::fence::Fence;
pub use self::write::{create, create_folders, write_atomically};

/// Bytes of a mebibyte, for limits.
pub const MIB: u64 = 1 << 20;

static FENCE: OnceLock<Fence> = OnceLock::new();

/// Keeps the process inside a fence, from now on. Only the first call counts.
pub fn confine(fence: Fence) {
    let _ = FENCE.set(fence);
}

/// The fence around the process.
pub fn fence() -> &'static Fence {
    static OPEN: Fence = Fence::anywhere();
    FENCE.get().unwrap_or(&OPEN)
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// Any [`FileError`].
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    fence().read(path, most)
}

/// The same for a file of text.
///
/// # Errors
/// Any [`FileError`].
pub fn read_text(path: &Path, most: u64) -> Result<String, FileError> {
    fence().read_text(path, most)
}

/// Opens a regular file that is too large to be read at once.
///
/// # Errors
/// Any [`FileError`].
pub fn open(path: &Path) -> Result<File, FileError> {
    fence().open(path)
}

/// Opens a regular file that is there, to add to its end.
///
/// # Errors
/// Any [`FileError`].
pub fn append(path: &Path) -> Result<File, FileError> {
    fence().append(path)
}

/// Everything in a folder, in the order of names.
///
/// # Errors
/// Any [`FileError`].
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    fence().list(folder)
}

/// The fence around what an input names: that of the process, else the folder of the input.
pub fn beside(input: &Path) -> Fence {
    fence().or_within(input.parent().unwrap_or(Path::new("")))
}

/// The fence around the files of a folder: that of the process, else the folder.
pub fn within(folder: &Path) -> Fence {
    fence().or_within(folder)
}

/// Whether a path is inside the workspace of a workflow.
pub fn is_in_workspace(path: &Path) -> bool {
    fence().holds(path)
}
