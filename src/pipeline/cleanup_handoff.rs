//! Hands the ledger of a step to its clean-up.

use std::path::Path;

use super::backend::{Backend, Lifetime};
use crate::process::Process;

/// Name under which a step saves the path of its ledger for its clean-up; those of further runs
/// have a suffix.
pub(crate) const STATE: &str = "ledger";

/// A ledger that the runner keeps for the clean-up of this step, which deletes what a killed run
/// left behind.
pub(crate) struct CleanupHandoff(Option<String>);

impl CleanupHandoff {
    /// Saves where the ledger is; comes before the first create call. A simulator needs no
    /// clean-up: it ends with the command. `run_number` is that of one of several runs.
    pub(crate) fn register(
        ledger: &Path,
        backend: &Backend,
        run_number: Option<u32>,
        process: &Process,
    ) -> Self {
        if backend.lifetime == Lifetime::Command || !process.in_actions() {
            return Self(None);
        }
        let name = match run_number {
            Some(number) => format!("{STATE}_{number}"),
            None => STATE.to_owned(),
        };
        // The clean-up may be started in another folder.
        let path = std::path::absolute(ledger).unwrap_or_else(|_| ledger.to_owned());
        save_state(&name, &path.display().to_string(), process);
        Self(Some(name))
    }

    /// Withdraws the ledger: nothing remains, and the clean-up may have no credentials any more.
    pub(crate) fn withdraw(self, process: &Process) {
        if let Some(name) = self.0 {
            save_state(&name, "", process);
        }
    }
}

fn save_state(name: &str, value: &str, process: &Process) {
    let saved = process
        .runner_files()
        .save_state(&[(name, value)], &mut fastrand::Rng::new());
    if let Err(error) = saved {
        process.warn(&format!(
            "this step cannot clean up after a crash: {}",
            error.with_hint()
        ));
    }
}
