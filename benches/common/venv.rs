//! The Python environment of the clients written in Python.

use std::process::Command;

use tempfile::TempDir;

use crate::shared::root;

/// A scratch Python environment with the toolkit and boto3.
pub(crate) struct Venv(TempDir);

impl Venv {
    pub(crate) fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = root().join("tests/clients/make_venv");
        let status = Command::new(script).arg(folder.path()).status().unwrap();
        assert!(
            status.success(),
            "tests/clients/make_venv: {status}; it needs python3 with venv, and PyPI"
        );
        Self(folder)
    }

    /// Python running one of `tests/clients`.
    pub(crate) fn python(&self, script: &str) -> Command {
        let mut command = Command::new(self.0.path().join("bin/python"));
        command.arg(root().join("tests/clients").join(script));
        command
    }
}
