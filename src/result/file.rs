//! `result.json` on disk.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::schema_1::upgraded;
use super::{RunResult, SCHEMA};
use crate::files::{self, MIB, write_atomically};
use crate::hint::hinted;
use crate::text::json_error;

/// Largest result that is read: a million calls have some fifty megabytes.
const MAX_BYTES: u64 = 1024 * MIB;

hinted! {
    /// Why a `result.json` cannot be used.
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
        #[error("`{path}` is not a sagegate result: {}", json_error(source))]
        #[hint("pass the `result.json` that `sagegate run` wrote")]
        Malformed {
            /// The file.
            path: PathBuf,
            /// Where it stops being one.
            source: serde_json::Error,
        },
        /// More or larger things than any run has: a forged file.
        #[error("`{path}` holds what no run of sagegate writes: {reason}")]
        #[hint("pass the `result.json` that `sagegate run` wrote")]
        Implausible {
            /// The file.
            path: PathBuf,
            /// The first of them.
            reason: String,
        },
        /// Written by a later sagegate.
        #[error("`{path}` has schema {found}, this sagegate reads up to {SCHEMA}")]
        #[hint("update sagegate")]
        NewerSchema {
            /// The file.
            path: PathBuf,
            /// Its schema.
            found: u32,
        },
    }
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

impl RunResult {
    /// Reads a result of this schema or an older one from JSON text; `path` is for messages.
    ///
    /// # Errors
    /// [`ResultFileError::NewerSchema`], [`ResultFileError::Malformed`] or
    /// [`ResultFileError::Implausible`].
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
        let read = if schema < SCHEMA {
            serde_json::from_str(text)
                .map(upgraded)
                .and_then(serde_json::from_value)
        } else {
            serde_json::from_str(text)
        };
        let read: Self = read.map_err(malformed)?;
        read.checked()
            .map_err(|reason| ResultFileError::Implausible {
                path: path.to_owned(),
                reason,
            })
    }

    /// Reads `result.json`.
    ///
    /// # Errors
    /// Any [`ResultFileError`].
    pub fn read(path: &Path) -> Result<Self, ResultFileError> {
        let text = files::read_text(path, MAX_BYTES).map_err(|error| ResultFileError::Io {
            path: path.to_owned(),
            source: error.into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = include_str!("../../tests/fixtures/schema-1/result.json");

    fn read(text: &str) -> Result<RunResult, ResultFileError> {
        RunResult::from_json(text, Path::new("result.json"))
    }

    #[test]
    fn a_file_of_schema_1_is_read_with_its_due_times_and_raw_latencies() {
        let result = read(OLD).unwrap();
        assert_eq!(result.schema, SCHEMA);
        let rounds = &result.concurrency[0].rounds;
        let [closed, open] = rounds.as_slice() else {
            panic!("{rounds:?}")
        };
        assert!(closed.invocations.iter().all(|call| call.due_ms.is_none()));
        assert_eq!(open.invocations.len(), 12);
        for (call, index) in open.invocations.iter().zip(0_u32..) {
            let due_ms = 8911.424 + 50.0 * f64::from(index);
            assert!((call.due_ms.unwrap() - due_ms).abs() < 0.002, "{call:?}");
            assert!(call.latency_ms < call.latency_from_due());
        }
        // The last row: 10.422 ms from when it was due at 9461.424, sent at 9462.861.
        let last = open.invocations.last().unwrap();
        assert!((last.latency_ms - 8.985).abs() < 0.0015, "{last:?}");
        assert!((last.latency_from_due() - 10.422).abs() < 0.0015);
        assert!((last.first_byte_ms - 8.836).abs() < 0.0015);
    }

    #[test]
    fn what_is_read_from_an_old_file_is_written_in_the_new_schema_and_stays() {
        let upgraded = read(OLD).unwrap();
        let written = serde_json::to_string(&upgraded).unwrap();
        assert!(written.starts_with(&format!("{{\"schema\":{SCHEMA},")));
        assert!(!written.contains("scheduled_ms"));
        assert_eq!(read(&written).unwrap(), upgraded);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let newer = OLD.replacen("\"schema\":1", "\"schema\":3", 1);
        let error = read(&newer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`result.json` has schema 3, this sagegate reads up to 2"
        );
    }

    #[test]
    fn a_member_that_this_program_does_not_know_is_ignored() {
        let result = read(OLD).unwrap();
        let text = serde_json::to_string(&result).unwrap();
        let later = text.replacen('{', "{\"price_source\":\"bundled\",", 1);
        assert_eq!(read(&later).unwrap(), result);
    }
}
