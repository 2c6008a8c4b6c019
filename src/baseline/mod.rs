//! Where the history of a model is kept between runs.

mod file;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use crate::gate::{BaselineFile, BaselineFileError};

/// A place for a baseline: `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineUri(PathBuf);

/// A text that names no baseline store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a baseline store, use file:PATH, for example file:.sagegate/baseline.json")]
pub struct BaselineUriError(String);

impl FromStr for BaselineUri {
    type Err = BaselineUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(Self(PathBuf::from(path))),
            Some(_) | None => Err(BaselineUriError(text.to_owned())),
        }
    }
}

impl fmt::Display for BaselineUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file:{}", self.0.display())
    }
}

/// Why a baseline cannot be read or kept.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("cannot read baseline `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write baseline `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The content cannot be used. The file is left as it is.
    #[error(transparent)]
    Content(#[from] BaselineFileError),
}

impl BaselineError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } | Self::Write { .. } => Some(
                "check the path and its permissions, or choose another place with --baseline"
                    .to_owned(),
            ),
            Self::Content(error) => error.hint(),
        }
    }
}

impl BaselineUri {
    /// A file.
    pub fn file(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Reads the baseline; `None` when there is none yet.
    ///
    /// # Errors
    /// [`BaselineError`]; the stored baseline is untouched.
    pub fn load(&self) -> Result<Option<BaselineFile>, BaselineError> {
        file::load(&self.0)
    }

    /// Reads the baseline, lets `change` alter it and writes it back. Two processes that do this at once both
    /// get their change in.
    ///
    /// # Errors
    /// [`BaselineError`]; the stored baseline is then untouched.
    pub fn update(&self, change: impl FnOnce(&mut BaselineFile)) -> Result<(), BaselineError> {
        file::update(&self.0, change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_uri_round_trips_and_anything_else_is_refused_by_name() {
        let uri: BaselineUri = "file:a/b.json".parse().unwrap();
        assert_eq!(uri.to_string(), "file:a/b.json");
        for text in ["b.json", "file:", "http://x"] {
            let error = text.parse::<BaselineUri>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
