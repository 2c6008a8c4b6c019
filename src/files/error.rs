//! Why a file is not opened.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a file is not opened: the part of a message after its name.
#[derive(Debug, Error)]
pub enum FileError {
    /// The operating system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A folder, a pipe, a device, a socket.
    #[error("it is {0} and not a file")]
    NotAFile(&'static str),
    /// A file of the kernel or a device: what it says is not the user's.
    #[error("files of the system are not read")]
    OfTheSystem,
    /// What git keeps, the token of a checkout included.
    #[error("files of git itself are not read")]
    OfGit,
    /// A path that names another place.
    #[error("it is outside of `{0}`")]
    Outside(PathBuf),
    /// A symlink to another place.
    #[error("a symlink leads out of `{0}`")]
    LeadsOut(PathBuf),
    /// More than anybody needs.
    #[error("it has {bytes} bytes, at most {most} are read")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// Bytes that are no text.
    #[error("it is not UTF-8")]
    NotText {
        /// Where the first of them is, in bytes.
        valid_up_to: usize,
        /// What was read.
        bytes: Vec<u8>,
    },
}

impl FileError {
    /// Whether nothing is there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => error,
            FileError::NotAFile(_) => Self::new(io::ErrorKind::InvalidInput, error),
            FileError::OfTheSystem
            | FileError::OfGit
            | FileError::Outside(_)
            | FileError::LeadsOut(_) => Self::new(io::ErrorKind::PermissionDenied, error),
            FileError::TooLarge { .. } => Self::new(io::ErrorKind::FileTooLarge, error),
            FileError::NotText { .. } => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
