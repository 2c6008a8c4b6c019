//! The content of a baseline store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{BranchName, Branches, Entry, Epoch, History, Origin};
use crate::hint::hinted;
use crate::text::{json_error, one_line};

/// Version of the baseline file. A reader refuses a higher one. The first had neither branches nor
/// strategies: its runs are of the default branch, and of any strategy.
const SCHEMA: u32 = 2;
/// Branches kept per model.
const KEPT_BRANCHES: usize = 50;

/// The content of a baseline store: runs per model.
///
/// What this version does not understand is written back as it was: unknown members of the file and
/// of each run, and all runs of a model of which one cannot be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BaselineFile {
    /// The store, for messages.
    name: String,
    /// The repository's default branch, where the run knew it that was recorded last.
    default_branch: Option<BranchName>,
    /// Runs of every branch, oldest first, by model.
    models: BTreeMap<String, Vec<Entry>>,
    /// Models with a run that cannot be read: nothing is known of them, and nothing is changed.
    unreadable: BTreeMap<String, Unreadable>,
    /// Runs by model with their JSON as it was read, which may have members that this version does
    /// not know.
    originals: BTreeMap<String, Vec<(Entry, String)>>,
    /// Members of the file that this version does not know, as JSON.
    others: BTreeMap<String, String>,
}

/// The runs of a model, as JSON.
#[derive(Debug, Clone, PartialEq)]
struct Unreadable {
    runs: String,
    reason: String,
}

/// The members of the file that are read.
#[derive(Deserialize)]
struct ReadFile {
    #[serde(default)]
    default_branch: Option<BranchName>,
    models: BTreeMap<String, Box<RawValue>>,
}

const MEMBERS: [&str; 3] = ["schema", "default_branch", "models"];

/// The file as it is written.
#[derive(Serialize)]
struct WrittenFile<'a> {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_branch: Option<&'a BranchName>,
    models: BTreeMap<&'a str, WrittenModel<'a>>,
    #[serde(flatten)]
    others: BTreeMap<&'a str, Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WrittenModel<'a> {
    Unchanged(Box<RawValue>),
    Runs(Vec<WrittenRun<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum WrittenRun<'a> {
    Unchanged(Box<RawValue>),
    New(&'a Entry),
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
        /// One model's part of it cannot be read. Others are not affected.
        #[error("baseline `{name}`: the runs of `{}` cannot be read: {reason}", one_line(model))]
        #[hint(
            "they are left unchanged, and other models are not affected: update sagegate, restore them, or delete them \
             to start a new baseline of this model"
        )]
        UnreadableModel {
            /// The store.
            name: String,
            /// The model, untrusted.
            model: String,
            /// Where it stops being one.
            reason: String,
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
        let read: ReadFile = serde_json::from_str(text).map_err(malformed)?;
        let all: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).map_err(malformed)?;
        let others = all.into_iter();
        let others = others.filter(|(name, _)| !MEMBERS.contains(&name.as_str()));
        let mut file = Self {
            name: name.to_owned(),
            default_branch: read.default_branch,
            others: others
                .map(|(name, value)| (name, value.get().to_owned()))
                .collect(),
            ..Self::default()
        };
        for (model, runs) in read.models {
            file.read_model(model, &runs);
        }
        Ok(file)
    }

    fn read_model(&mut self, model: String, runs: &RawValue) {
        match read_runs(runs) {
            Ok(read) => {
                let entries = read.iter().map(|(entry, _)| entry.clone()).collect();
                self.models.insert(model.clone(), entries);
                self.originals.insert(model, read);
            }
            Err(error) => {
                let unreadable = Unreadable {
                    runs: runs.get().to_owned(),
                    reason: one_line(&error.to_string()),
                };
                self.unreadable.insert(model, unreadable);
            }
        }
    }

    /// Indented, so that a diff shows what a run changed. Ends with a line break.
    ///
    /// # Errors
    /// Only what `serde_json` cannot write, which no baseline holds.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let raw = |text: &String| RawValue::from_string(text.clone());
        let mut models = BTreeMap::new();
        for (model, it) in &self.unreadable {
            models.insert(model.as_str(), WrittenModel::Unchanged(raw(&it.runs)?));
        }
        for (model, entries) in &self.models {
            let runs: serde_json::Result<Vec<WrittenRun<'_>>> =
                entries.iter().map(|it| self.written(model, it)).collect();
            models.insert(model.as_str(), WrittenModel::Runs(runs?));
        }
        let others = self.others.iter();
        let others = others.map(|(name, value)| Ok((name.as_str(), raw(value)?)));
        let file = WrittenFile {
            schema: SCHEMA,
            default_branch: self.default_branch.as_ref(),
            models,
            others: others.collect::<serde_json::Result<_>>()?,
        };
        Ok(serde_json::to_string_pretty(&file)? + "\n")
    }

    fn written<'a>(&self, model: &str, entry: &'a Entry) -> serde_json::Result<WrittenRun<'a>> {
        let mut originals = self.originals.get(model).into_iter().flatten();
        Ok(match originals.find(|(read, _)| read == entry) {
            Some((_, json)) => WrittenRun::Unchanged(RawValue::from_string(json.clone())?),
            None => WrittenRun::New(entry),
        })
    }

    /// Refuses a model whose runs cannot be read.
    fn check(&self, model: &str) -> Result<(), BaselineFileError> {
        match self.unreadable.get(model) {
            None => Ok(()),
            Some(it) => Err(BaselineFileError::UnreadableModel {
                name: self.name.clone(),
                model: model.to_owned(),
                reason: it.reason.clone(),
            }),
        }
    }

    /// The runs that a run of the model is compared with; possibly none.
    ///
    /// # Errors
    /// [`BaselineFileError::UnreadableModel`].
    pub fn history(&self, name: &str, branches: &Branches) -> Result<History, BaselineFileError> {
        self.check(name)?;
        let resolved = self.resolved(name, branches);
        let stand_in = self.of_branch(name, resolved.default.as_ref(), &resolved);
        Ok(History {
            stand_in: (resolved.base != resolved.default).then(|| Box::new(stand_in)),
            ..self.of_branch(name, resolved.base.as_ref(), &resolved)
        })
    }

    /// Adds a run of the model to its branch's, or starts a new epoch with it. A measurement that
    /// is already there is replaced, so that recording twice is harmless.
    ///
    /// # Errors
    /// [`BaselineFileError::UnreadableModel`]: nothing is changed then.
    pub fn record(
        &mut self,
        name: &str,
        branches: &Branches,
        entry: Entry,
        epoch: Epoch,
    ) -> Result<(), BaselineFileError> {
        self.check(name)?;
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
        Ok(())
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

/// The runs of a model, each with its JSON.
fn read_runs(runs: &RawValue) -> serde_json::Result<Vec<(Entry, String)>> {
    let runs: Vec<Box<RawValue>> = serde_json::from_str(runs.get())?;
    let read = |run: &RawValue| Ok((serde_json::from_str(run.get())?, run.get().to_owned()));
    runs.iter().map(|run| read(run)).collect()
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
        let recorded = file.record("churn", &Branches::default(), entry, Epoch::Same);
        recorded.unwrap();
        let json = file.to_json().unwrap();
        assert!(json.ends_with("}\n"));
        let read = BaselineFile::from_json(&json, "b").unwrap();
        assert_eq!(read.to_json().unwrap(), json);
        let history = |name| read.history(name, &Branches::default()).unwrap();
        assert_eq!(history("churn").entries().len(), 1);
        assert_eq!(history("other"), History::default());
    }

    #[test]
    fn what_is_not_understood_is_kept_as_it_was_and_is_the_models_own_problem() {
        let mut file = BaselineFile::default();
        let run = run_of(vec![endpoint(1024, &[10.0; 100])]);
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        let entry = Entry::new(&run, &analysis, MemoryMb::OFFERED[0]);
        let none = Branches::default();
        file.record("churn", &none, entry.clone(), Epoch::Same)
            .unwrap();
        let json = file.to_json().unwrap();
        // Members of a newer version: of the file, of a run, of a size.
        let newer = json
            .replacen(
                "\"schema\"",
                "\"notes\": [1, {\"a\": 2.50}],\n  \"schema\"",
                1,
            )
            .replacen(
                "\"run_id\"",
                "\"weather\": \"fine\",\n        \"run_id\"",
                1,
            )
            .replacen("\"p50_ms\"", "\"p42_ms\": 1.0,\n            \"p50_ms\"", 1);
        for damage in ["{}", "null", "[{\"run_id\": 7}]", "[{\"weather\": 8192}]"] {
            let models = format!("\"models\": {{\n    \"fraud\": {damage},");
            let text = newer.replacen("\"models\": {", &models, 1);
            let mut file = BaselineFile::from_json(&text, "b.json").unwrap();
            assert_eq!(file.history("churn", &none).unwrap().entries().len(), 1);
            let error = file.history("fraud", &none).unwrap_err();
            let words = "baseline `b.json`: the runs of `fraud` cannot be read: ";
            assert!(error.to_string().starts_with(words), "{error}");
            let same = file.record("fraud", &none, entry.clone(), Epoch::Same);
            assert_eq!(same.unwrap_err().to_string(), error.to_string());
            file.record("other", &none, entry.clone(), Epoch::Same)
                .unwrap();
            let written = file.to_json().unwrap();
            for kept in [
                "\"weather\": \"fine\"",
                "\"p42_ms\": 1.0",
                "\"notes\": [1, {\"a\": 2.50}]",
                &format!("\"fraud\": {damage},"),
            ] {
                assert!(written.contains(kept), "{kept}: {written}");
            }
            let again = BaselineFile::from_json(&written, "b.json").unwrap();
            assert_eq!(again.to_json().unwrap(), written);
        }
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
