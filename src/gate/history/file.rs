//! The content of a baseline store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::History;
use crate::hint::hinted;

/// Version of the baseline file. A reader refuses a higher one.
const SCHEMA: u32 = 1;

/// The content of a baseline store: a history per model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    schema: u32,
    models: BTreeMap<String, History>,
}

impl Default for BaselineFile {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            models: BTreeMap::new(),
        }
    }
}

hinted! {
    /// Why the content of a baseline store cannot be used.
    pub enum BaselineFileError {
        /// Truncated, edited by hand, or another file.
        #[error("baseline `{name}` is damaged or not a baseline: {source}")]
        #[hint("it is left unchanged: restore it, or delete it to start a new baseline")]
        Malformed {
            /// The store.
            name: String,
            /// Where it stops being one.
            source: serde_json::Error,
        },
        /// Written by a later sagegate.
        #[error("baseline `{name}` has schema {found}, this sagegate reads up to {SCHEMA}")]
        #[hint("update sagegate, or choose another --baseline")]
        NewerSchema {
            /// The store.
            name: String,
            /// Its schema.
            found: u32,
        },
    }
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

impl BaselineFile {
    /// Reads a baseline; `name` is for messages.
    ///
    /// # Errors
    /// [`BaselineFileError`].
    pub fn from_json(text: &str, name: &str) -> Result<Self, BaselineFileError> {
        let malformed = |source| BaselineFileError::Malformed {
            name: name.to_owned(),
            source,
        };
        let SchemaOnly { schema } = serde_json::from_str(text).map_err(malformed)?;
        if schema > SCHEMA {
            return Err(BaselineFileError::NewerSchema {
                name: name.to_owned(),
                found: schema,
            });
        }
        serde_json::from_str(text).map_err(malformed)
    }

    /// Indented, so that a diff shows what a run changed. Ends with a line break.
    ///
    /// # Errors
    /// Only what `serde_json` cannot write, which no baseline holds.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The history of a model; `None` when there is none.
    pub fn history(&self, name: &str) -> Option<&History> {
        self.models
            .get(name)
            .filter(|history| history.newest().is_some())
    }

    /// The history of a model, to add to.
    pub fn history_mut(&mut self, name: &str) -> &mut History {
        self.models.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::{endpoint, prices, run_of};
    use crate::analysis::{Strategy, analyse};
    use crate::gate::{Entry, Epoch};
    use crate::units::MemoryMb;

    #[test]
    fn a_baseline_round_trips_and_ends_with_a_line_break() {
        let mut file = BaselineFile::default();
        let run = run_of(vec![endpoint(1024, &[10.0; 100])]);
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        let entry = Entry::new(&run, &analysis, MemoryMb::OFFERED[0]);
        file.history_mut("churn").append(entry, Epoch::Same);
        let json = file.to_json().unwrap();
        assert!(json.ends_with("}\n"));
        assert_eq!(BaselineFile::from_json(&json, "b").unwrap(), file);
        assert!(file.history("other").is_none());
    }

    #[test]
    fn damaged_and_newer_files_are_distinguished() {
        let json = BaselineFile::default().to_json().unwrap();
        let newer = json.replace("\"schema\": 1", "\"schema\": 2, \"new\": 1");
        let error = BaselineFile::from_json(&newer, "b.json").unwrap_err();
        assert_eq!(
            error.to_string(),
            "baseline `b.json` has schema 2, this sagegate reads up to 1"
        );
        let truncated = json.get(..json.len() / 2).unwrap();
        let error = BaselineFile::from_json(truncated, "b.json").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("baseline `b.json` is damaged"),
            "{error}"
        );
    }
}
