//! Write-once list of everything a run may create: on disk before the first create call, so that a
//! killed run can be cleaned up by `sagegate cleanup --ledger FILE`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::cleanup::Names;
use super::plan::Plan;
use crate::files::write_atomically;

/// Names of everything a run may create. "Absent" counts as deleted, so deleting what a ledger
/// lists is safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Format of the file.
    schema: u32,
    /// The run.
    pub run_id: String,
    /// Region of every resource.
    pub region: String,
    /// Names of endpoints; their endpoint configs have the same names.
    pub endpoints: Vec<String>,
    /// Names of models that are created for the run.
    #[serde(default)]
    pub models: Vec<String>,
    /// Names of processing jobs that create the rest: they are stopped before anything is deleted.
    #[serde(default)]
    pub jobs: Vec<String>,
}

/// Why a ledger cannot be read.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The file cannot be read.
    #[error("cannot read ledger `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not a ledger.
    #[error("`{path}` is not a sagegate ledger: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

const SCHEMA: u32 = 1;

impl Ledger {
    /// What to delete.
    pub fn names(&self) -> Names<'_> {
        Names {
            endpoints: &self.endpoints,
            models: &self.models,
        }
    }

    /// The ledger of `plan` in `region`.
    pub fn of(plan: &Plan, region: &str) -> Self {
        Self {
            schema: SCHEMA,
            run_id: plan.identity.run_id.clone(),
            region: region.to_owned(),
            endpoints: plan.endpoint_names(),
            models: plan.model_names(),
            jobs: Vec::new(),
        }
    }

    /// The ledger with the names of a second measurement added.
    #[must_use]
    pub fn with(mut self, plan: &Plan) -> Self {
        self.endpoints.extend(plan.endpoint_names());
        self
    }

    /// The ledger of a run that a processing job does.
    #[must_use]
    pub fn with_job(self, name: String) -> Self {
        Self {
            jobs: vec![name],
            ..self
        }
    }

    /// Writes the ledger atomically.
    ///
    /// # Errors
    /// Any I/O error: then nothing may be created.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        write_atomically(path, &serde_json::to_vec_pretty(self)?)
    }

    /// Reads a ledger and refuses names that no run of sagegate makes, so that a forged file
    /// deletes nothing.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let text = std::fs::read_to_string(path).map_err(|source| LedgerError::Io {
            path: path.to_owned(),
            source,
        })?;
        let malformed = |reason| LedgerError::Malformed {
            path: path.to_owned(),
            reason,
        };
        let ledger: Self =
            serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if ledger.schema != SCHEMA {
            return Err(malformed(format!(
                "schema {} instead of {SCHEMA}",
                ledger.schema
            )));
        }
        let names = ledger.endpoints.iter().chain(&ledger.models);
        match names
            .chain(&ledger.jobs)
            .find(|name| !name.starts_with(super::names::PREFIX))
        {
            Some(name) => Err(malformed(format!(
                "`{name}` is not a name that sagegate gives"
            ))),
            None => Ok(ledger),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(model: &str) -> Ledger {
        Ledger {
            schema: SCHEMA,
            run_id: "r".to_owned(),
            region: "us-east-1".to_owned(),
            endpoints: vec!["sagegate-r-m1024".to_owned()],
            models: vec![model.to_owned()],
            jobs: Vec::new(),
        }
    }

    #[test]
    fn a_ledger_round_trips() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/ledger.json");
        let written = ledger("sagegate-r-m1024");
        written.write(&path).unwrap();
        assert_eq!(Ledger::read(&path).unwrap(), written);
    }

    #[test]
    fn a_foreign_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.json");
        let job = ledger("sagegate-r").with_job("production".to_owned());
        for forged in [ledger("production"), job] {
            forged.write(&path).unwrap();
            let error = Ledger::read(&path).unwrap_err();
            assert!(
                error.to_string().contains("`production` is not a name"),
                "{error}"
            );
        }
    }
}
