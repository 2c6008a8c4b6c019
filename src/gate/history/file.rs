//! The content of a baseline store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BranchName, Branches, Entry, Epoch, History, Origin};
use crate::hint::hinted;
use crate::text::json_error;

/// Version of the baseline file. A reader refuses a higher one. The first had neither branches nor
/// strategies: its runs are of the default branch, and of any strategy.
const SCHEMA: u32 = 2;
/// Branches kept per model.
const KEPT_BRANCHES: usize = 50;

/// The content of a baseline store: runs per model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    schema: u32,
    /// The repository's default branch, where the run knew it that was recorded last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_branch: Option<BranchName>,
    /// Runs of every branch, oldest first, by model.
    models: BTreeMap<String, Vec<Entry>>,
}

impl Default for BaselineFile {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            default_branch: None,
            models: BTreeMap::new(),
        }
    }
}

hinted! {
    /// Why the content of a baseline store cannot be used.
    pub enum BaselineFileError {
        /// Truncated, edited by hand, or another file.
        #[error("baseline `{name}` is damaged or not a baseline: {}", json_error(source))]
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
        let read: Self = serde_json::from_str(text).map_err(malformed)?;
        Ok(Self {
            schema: SCHEMA,
            ..read
        })
    }

    /// Indented, so that a diff shows what a run changed. Ends with a line break.
    ///
    /// # Errors
    /// Only what `serde_json` cannot write, which no baseline holds.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The runs that a run of the model is compared with; possibly none.
    pub fn history(&self, name: &str, branches: &Branches) -> History {
        let resolved = self.resolved(name, branches);
        let stand_in = self.of_branch(name, resolved.default.as_ref(), &resolved);
        History {
            stand_in: (resolved.base != resolved.default).then(|| Box::new(stand_in)),
            ..self.of_branch(name, resolved.base.as_ref(), &resolved)
        }
    }

    /// Adds a run of the model to its branch's, or starts a new epoch with it. A measurement that
    /// is already there is replaced, so that recording twice is harmless.
    pub fn record(&mut self, name: &str, branches: &Branches, entry: Entry, epoch: Epoch) {
        let resolved = self.resolved(name, branches);
        if branches.default.is_some() {
            self.default_branch.clone_from(&branches.default);
        }
        let mut own = self.of_branch(name, resolved.base.as_ref(), &resolved);
        own.append(entry, epoch);
        let all = self.models.entry(name.to_owned()).or_default();
        all.retain(|entry| resolved.branch_of(entry) != resolved.base.as_ref());
        all.extend(own.entries);
        all.sort_by_key(|entry| entry.at);
        forget_branches(all, &resolved);
    }

    /// The newest run of every model but one, with its name.
    pub fn newest_of_others(&self, name: &str) -> impl Iterator<Item = (&str, &Entry)> {
        let others = self.models.iter().filter(move |(other, _)| *other != name);
        others.filter_map(|(other, all)| Some((other.as_str(), all.last()?)))
    }

    /// The branches, as far as the file knows what the run does not.
    fn resolved(&self, name: &str, branches: &Branches) -> Branches {
        let default = branches.default.as_ref().or(self.default_branch.as_ref());
        let of_newest = || {
            let newest = self.models.get(name)?.last()?;
            newest.branch.as_ref()
        };
        let base = branches.base.as_ref().or(default).or_else(of_newest);
        Branches {
            base: base.cloned(),
            default: default.cloned(),
        }
    }

    fn of_branch(&self, name: &str, branch: Option<&BranchName>, all: &Branches) -> History {
        let entries = self.models.get(name).into_iter().flatten();
        History {
            origin: Origin::Branch(branch.cloned()),
            entries: entries
                .filter(|entry| all.branch_of(entry) == branch)
                .cloned()
                .collect(),
            stand_in: None,
        }
    }
}

impl Branches {
    /// The branch of an entry: an older version recorded the default one alone.
    fn branch_of<'a>(&'a self, entry: &'a Entry) -> Option<&'a BranchName> {
        entry.branch.as_ref().or(self.default.as_ref())
    }
}

/// Drops the branches that nobody has recorded for longest, so that those which are gone do not
/// stay for ever. The default one and the one just recorded are not among them.
fn forget_branches(all: &mut Vec<Entry>, branches: &Branches) {
    let kept = [branches.base.as_ref(), branches.default.as_ref()];
    let mut newest_first: Vec<Option<BranchName>> = Vec::new();
    for entry in all.iter().rev() {
        let branch = branches.branch_of(entry);
        if !kept.contains(&branch) && !newest_first.iter().any(|it| it.as_ref() == branch) {
            newest_first.push(branch.cloned());
        }
    }
    let gone = newest_first.split_off(newest_first.len().min(KEPT_BRANCHES));
    all.retain(|entry| {
        let branch = branches.branch_of(entry);
        !gone.iter().any(|it| it.as_ref() == branch)
    });
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
        file.record("churn", &Branches::default(), entry, Epoch::Same);
        let json = file.to_json().unwrap();
        assert!(json.ends_with("}\n"));
        assert_eq!(BaselineFile::from_json(&json, "b").unwrap(), file);
        let history = |name| file.history(name, &Branches::default());
        assert_eq!(history("churn").entries().len(), 1);
        assert_eq!(history("other"), History::default());
    }

    #[test]
    fn damaged_and_newer_files_are_distinguished() {
        let json = BaselineFile::default().to_json().unwrap();
        let newer = json.replace("\"schema\": 2", "\"schema\": 3, \"new\": 1");
        let error = BaselineFile::from_json(&newer, "b.json").unwrap_err();
        assert_eq!(
            error.to_string(),
            "baseline `b.json` has schema 3, this sagegate reads up to 2"
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
