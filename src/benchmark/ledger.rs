//! List of everything a run may create: on disk before the first create call, so that a
//! killed run can be cleaned up by `sagegate cleanup --ledger FILE`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::cleanup::Names;
use super::names::{is_of_run, is_run_id};
use super::plan::Plan;
use crate::files::{self, MIB, write_atomically};
use crate::text::{json_error, quoted};

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
    /// Whether the endpoints are containers of this machine: nothing of the run is on AWS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub containers: bool,
    /// What the file lists besides and no run of this id makes: nothing is done about it.
    #[serde(skip)]
    foreign: Vec<String>,
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
/// Largest ledger that is read: names of a run have some kilobytes.
const MAX_BYTES: u64 = 16 * MIB;

impl Ledger {
    /// What to delete.
    pub fn names(&self) -> Names<'_> {
        Names {
            endpoints: &self.endpoints,
            models: &self.models,
            ..Names::default()
        }
    }

    /// Names that were skipped when the ledger was read, as no run of its id makes them: hostile
    /// text.
    pub fn foreign(&self) -> &[String] {
        &self.foreign
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
            containers: false,
            foreign: Vec::new(),
        }
    }

    /// The ledger without a name that is somebody else's after all.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.endpoints.retain(|it| it != name);
        self.models.retain(|it| it != name);
        self
    }

    /// The ledger of a run whose endpoints are containers of this machine, if `containers`.
    #[must_use]
    pub fn in_containers(self, containers: bool) -> Self {
        Self { containers, ..self }
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

    /// Reads a ledger without the names that no run of its id makes, so that a forged file deletes
    /// nothing. They are in [`Self::foreign`].
    ///
    /// # Errors
    /// [`LedgerError`], also when no name is left.
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let text = files::read_text(path, MAX_BYTES).map_err(|error| LedgerError::Io {
            path: path.to_owned(),
            source: error.into(),
        })?;
        Self::parse(&text).map_err(|reason| LedgerError::Malformed {
            path: path.to_owned(),
            reason,
        })
    }

    /// Reads the text of a ledger as [`Self::read`] does.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut ledger: Self = serde_json::from_str(text).map_err(|error| json_error(&error))?;
        if ledger.schema != SCHEMA {
            return Err(format!("schema {} instead of {SCHEMA}", ledger.schema));
        }
        if !is_run_id(&ledger.run_id) {
            return Err(format!("`{}` is not a run id", quoted(&ledger.run_id)));
        }
        if !is_region(&ledger.region) {
            return Err(format!("`{}` is not a region", quoted(&ledger.region)));
        }
        let run_id = &ledger.run_id;
        for names in [&mut ledger.endpoints, &mut ledger.models, &mut ledger.jobs] {
            let foreign = names.extract_if(.., |name| !is_of_run(name, run_id));
            ledger.foreign.extend(foreign);
        }
        let names = [&ledger.endpoints, &ledger.models, &ledger.jobs];
        match ledger.foreign.first() {
            Some(name) if names.iter().all(|it| it.is_empty()) => Err(format!(
                "`{}` is not a name that sagegate gives in run {run_id}",
                quoted(name)
            )),
            Some(_) | None => Ok(ledger),
        }
    }
}

/// Whether text may be a region: it becomes part of the name of the host that requests are sent to.
pub fn is_region(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=32).contains(&text.len()) && text.chars().all(is_part)
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
            containers: false,
            foreign: Vec::new(),
        }
    }

    fn text(ledger: &Ledger) -> String {
        serde_json::to_string(ledger).unwrap()
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
    fn foreign_names_among_good_ones_are_skipped_and_named() {
        let foreign = ["production", "sagegate-other-1", "sagegate-r-\u{1b}[31m"];
        let mut forged = ledger(foreign[0]).with_job(foreign[1].to_owned());
        forged.endpoints.insert(0, foreign[2].to_owned());
        let read = Ledger::parse(&text(&forged)).unwrap();
        assert_eq!(read.endpoints, ["sagegate-r-m1024"]);
        assert!(read.models.is_empty() && read.jobs.is_empty());
        let mut skipped = read.foreign().to_vec();
        skipped.sort();
        assert_eq!(skipped, foreign);
    }

    #[test]
    fn a_ledger_of_foreign_names_alone_or_of_no_run_or_region_is_refused() {
        let foreign = Ledger {
            endpoints: Vec::new(),
            ..ledger("production")
        };
        let no_run = Ledger {
            run_id: "../*".to_owned(),
            ..ledger("sagegate-r-1")
        };
        let elsewhere = Ledger {
            region: "evil.example/".to_owned(),
            ..ledger("sagegate-r-1")
        };
        for (forged, reason) in [
            (foreign, "`production` is not a name that sagegate gives"),
            (no_run, "`../*` is not a run id"),
            (elsewhere, "`evil.example/` is not a region"),
        ] {
            let error = Ledger::parse(&text(&forged)).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
