//! `result.json` on disk.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::{RunResult, SCHEMA};
use crate::files::write_atomically;

/// Why a `result.json` cannot be used.
#[derive(Debug, Error)]
pub enum ResultFileError {
    /// The file cannot be read or written.
    #[error("cannot access `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not a result, or was edited by hand.
    #[error("`{path}` is not a sagegate result: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it stops being one.
        source: serde_json::Error,
    },
    /// Written by a later sagegate.
    #[error("`{path}` has schema {found}, this sagegate reads up to {SCHEMA}")]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
    },
}

impl ResultFileError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Malformed { .. } => {
                Some("pass the `result.json` that `sagegate run` wrote".to_owned())
            }
            Self::NewerSchema { .. } => Some("update sagegate".to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

impl RunResult {
    /// Reads a result from JSON text; `path` is for messages.
    ///
    /// # Errors
    /// [`ResultFileError::NewerSchema`] or [`ResultFileError::Malformed`].
    pub fn from_json(text: &str, path: &Path) -> Result<Self, ResultFileError> {
        let malformed = |source| ResultFileError::Malformed {
            path: path.to_owned(),
            source,
        };
        let SchemaOnly { schema } = serde_json::from_str(text).map_err(malformed)?;
        if schema > SCHEMA {
            return Err(ResultFileError::NewerSchema {
                path: path.to_owned(),
                found: schema,
            });
        }
        serde_json::from_str(text).map_err(malformed)
    }

    /// Reads `result.json`.
    ///
    /// # Errors
    /// Any [`ResultFileError`].
    pub fn read(path: &Path) -> Result<Self, ResultFileError> {
        let text = std::fs::read_to_string(path).map_err(|source| ResultFileError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::from_json(&text, path)
    }

    /// Writes `result.json` atomically: a crash leaves the old file or the new one.
    ///
    /// # Errors
    /// [`ResultFileError::Io`].
    pub fn write(&self, path: &Path) -> Result<(), ResultFileError> {
        let io = |source| ResultFileError::Io {
            path: path.to_owned(),
            source,
        };
        let json = serde_json::to_vec(self).map_err(|source| io(source.into()))?;
        write_atomically(path, &json).map_err(io)
    }
}
