//! The files through which a step reports to the runner: outputs, state for the clean-up, job
//! summary.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::redact::published;
use crate::text::{one_line, with_hint};

/// Bytes of a step's summary: the runner drops a larger one as a whole.
///
/// Source: `FileCommandManager.cs` of the runner.
const MAX_SUMMARY: u64 = 1 << 20;

/// Files through which a step reports to the runner. Outside Actions there are none, and nothing
/// is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunnerFiles {
    output: Option<PathBuf>,
    state: Option<PathBuf>,
    summary: Option<PathBuf>,
}

/// Why a file of the runner could not be written.
#[derive(Debug, Error)]
pub enum RunnerFileError {
    /// A name that would not survive the file's format.
    #[error("`{0}` is not a name of an output, use letters, digits, `_` and `-`")]
    Name(String),
    /// The file cannot be written.
    #[error("{variable}: cannot write `{path}`: {source}")]
    Write {
        /// The variable that names the file.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl RunnerFileError {
    /// The error with its suggested fix.
    pub fn with_hint(&self) -> String {
        with_hint(self, self.hint())
    }

    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Name(_) => None,
            Self::Write { .. } => Some(
                "run the action's container as root, as GitHub requires, and mount the runner's files".to_owned(),
            ),
        }
    }
}

impl RunnerFiles {
    /// The files that `GITHUB_OUTPUT`, `GITHUB_STATE` and `GITHUB_STEP_SUMMARY` name; an empty
    /// variable counts as unset.
    pub fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let path = |name| {
            let value = environment.get(name).filter(|it| !it.is_empty());
            value.map(PathBuf::from)
        };
        Self {
            output: path("GITHUB_OUTPUT"),
            state: path("GITHUB_STATE"),
            summary: path("GITHUB_STEP_SUMMARY"),
        }
    }

    /// Sets outputs of the step. Values may be untrusted and may have several lines.
    ///
    /// # Errors
    /// [`RunnerFileError`]; then none is set.
    pub fn set_outputs(
        &self,
        values: &[(&str, &str)],
        random: &mut fastrand::Rng,
    ) -> Result<(), RunnerFileError> {
        let public: Vec<_> = values.iter().map(|(_, value)| published(value)).collect();
        let names = values.iter().map(|(name, _)| *name);
        let values: Vec<_> = names.zip(public.iter().map(|it| &**it)).collect();
        append("GITHUB_OUTPUT", self.output.as_deref(), &values, random)
    }

    /// Saves values that the clean-up of this step gets as `STATE_<name>`.
    ///
    /// # Errors
    /// [`RunnerFileError`]; then none is saved.
    pub fn save_state(
        &self,
        values: &[(&str, &str)],
        random: &mut fastrand::Rng,
    ) -> Result<(), RunnerFileError> {
        append("GITHUB_STATE", self.state.as_deref(), values, random)
    }

    /// Adds Markdown to the job summary. `write` is given the bytes that are left of the 1 MiB of a
    /// step; a text that is still longer loses its end.
    ///
    /// # Errors
    /// [`RunnerFileError::Write`].
    pub fn add_summary(&self, write: impl FnOnce(usize) -> String) -> Result<(), RunnerFileError> {
        let Some(path) = &self.summary else {
            return Ok(());
        };
        let add = || {
            let mut file = open(path)?;
            let left = MAX_SUMMARY.saturating_sub(file.metadata()?.len() + 1);
            let room = usize::try_from(left).unwrap_or(usize::MAX);
            let mut text = published(&write(room)).into_owned();
            text.truncate(text.floor_char_boundary(room));
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            file.write_all(text.as_bytes())
        };
        add().map_err(|source| RunnerFileError::Write {
            variable: "GITHUB_STEP_SUMMARY",
            path: path.clone(),
            source,
        })
    }
}

fn append(
    variable: &'static str,
    path: Option<&Path>,
    values: &[(&str, &str)],
    random: &mut fastrand::Rng,
) -> Result<(), RunnerFileError> {
    let mut text = String::new();
    for (name, value) in values {
        text.push_str(&entry(name, &published(value), random)?);
    }
    let Some(path) = path else {
        return Ok(());
    };
    let written = open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| RunnerFileError::Write {
        variable,
        path: path.to_owned(),
        source,
    })
}

/// Opens at the end: what is there already was written by this step too.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// `name<<delimiter`, the value, the delimiter. The delimiter is random and not in the value, so
/// that no value ends early and sets a second name.
fn entry(name: &str, value: &str, random: &mut fastrand::Rng) -> Result<String, RunnerFileError> {
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if !is_name {
        return Err(RunnerFileError::Name(one_line(name)));
    }
    let mut delimiter = delimiter(random);
    while value.contains(&delimiter) {
        delimiter = self::delimiter(random);
    }
    Ok(format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

fn delimiter(random: &mut fastrand::Rng) -> String {
    format!("end_{:032x}", random.u128(..))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_folder(folder: &Path) -> RunnerFiles {
        let environment = ["GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"].map(|name| {
            let path = folder.join(name);
            (name.to_owned(), path.display().to_string())
        });
        RunnerFiles::from_environment(&environment.into())
    }

    /// The file as the runner reads it.
    fn parsed(text: &str) -> Vec<(String, String)> {
        let mut lines = text.split('\n');
        let mut out = Vec::new();
        while let Some((name, end)) = lines.next().and_then(|line| line.split_once("<<")) {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            out.push((name.to_owned(), value.join("\n")));
        }
        out
    }

    #[test]
    fn outputs_and_state_are_added_to_their_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = in_folder(folder.path());
        let mut random = fastrand::Rng::with_seed(1);
        files
            .set_outputs(&[("verdict", "pass"), ("p99-ms", "")], &mut random)
            .unwrap();
        files
            .set_outputs(&[("comment-url", "a\nb")], &mut random)
            .unwrap();
        files
            .save_state(&[("ledger", "x.json")], &mut random)
            .unwrap();
        let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            parsed(&read("GITHUB_OUTPUT")),
            [
                pair("verdict", "pass"),
                pair("p99-ms", ""),
                pair("comment-url", "a\nb")
            ]
        );
        assert_eq!(parsed(&read("GITHUB_STATE")), [pair("ledger", "x.json")]);
    }

    #[test]
    fn a_delimiter_that_is_in_the_value_is_drawn_again() {
        let known = delimiter(&mut fastrand::Rng::with_seed(7));
        let value = format!("x\n{known}\nverdict<<E\npass\nE");
        let text = entry("a", &value, &mut fastrand::Rng::with_seed(7)).unwrap();
        assert_eq!(parsed(&text), [("a".to_owned(), value)]);
        assert!(!text.starts_with(&format!("a<<{known}")));
    }

    #[test]
    fn an_odd_name_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let files = in_folder(folder.path());
        for name in ["", "a=b", "a<<b", "a\nb"] {
            let values = [("verdict", "pass"), (name, "x")];
            let error = files.set_outputs(&values, &mut fastrand::Rng::with_seed(1));
            assert!(matches!(error, Err(RunnerFileError::Name(_))), "{name:?}");
        }
        assert!(!folder.path().join("GITHUB_OUTPUT").exists());
    }

    #[test]
    fn a_summary_is_added_below_the_last_and_never_passes_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let files = in_folder(folder.path());
        let path = folder.path().join("GITHUB_STEP_SUMMARY");
        let add = |text: &str| {
            let mut room = None;
            let added = files.add_summary(|left| {
                room = Some(left);
                text.to_owned()
            });
            added.unwrap();
            room.unwrap()
        };
        assert_eq!(add("### one"), (1 << 20) - 1);
        assert_eq!(add("### two\n"), (1 << 20) - 9);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "### one\n### two\n"
        );
        add(&"é line\n".repeat(200_000));
        add(&"more\n".repeat(100));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            (1_040_000..=1_048_576).contains(&text.len()),
            "{}",
            text.len()
        );
    }

    #[test]
    fn outside_actions_nothing_is_written_and_a_missing_folder_is_named() {
        let none = RunnerFiles::from_environment(&BTreeMap::new());
        none.add_summary(|_| "x".to_owned()).unwrap();
        none.set_outputs(&[("a", "b")], &mut fastrand::Rng::with_seed(1))
            .unwrap();
        let missing = in_folder(Path::new("/nonexistent/folder"));
        let error = missing.add_summary(|_| "x".to_owned()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("GITHUB_STEP_SUMMARY: cannot write `/nonexistent/folder/"),
            "{error}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn no_value_sets_a_second_name(value in "(end_|<<|\n|a=b|.){0,30}", seed in any::<u64>()) {
            let text = entry("a", &value, &mut fastrand::Rng::with_seed(seed)).unwrap();
            prop_assert_eq!(parsed(&text), [("a".to_owned(), value)]);
        }
    }
}
