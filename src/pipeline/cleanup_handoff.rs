//! What a step of a workflow leaves to its own clean-up.
//!
//! The ledger itself may be gone by then, as `actions/checkout` empties the workspace: so the
//! step's state holds its text, too, and the run where that is too long.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::backend::{Backend, Lifetime};
use crate::benchmark::{Ledger, is_region, is_run_id, run_id};
use crate::process::Process;
use crate::sync::lock;

/// Told of a name that is somebody else's.
pub(crate) type Disown = Arc<dyn Fn(&str) + Send + Sync>;

/// Name under which a step saves what its clean-up needs; those of further runs have a suffix.
const STATE: &str = "ledger";

/// Longest text of a ledger in a step's state, in bytes. The runner makes an environment variable
/// of it, and all of them share some two megabytes. A ledger of a hundred endpoints is shorter.
const MAX_LEDGER: usize = 8 << 10;

/// What is known about the run of a step that is over.
#[derive(Debug)]
pub(crate) struct SavedRun {
    /// What the run may have created, where the state holds it.
    pub(crate) ledger: Option<Ledger>,
    /// Where the ledger was.
    pub(crate) path: PathBuf,
    /// The run, where it is known.
    pub(crate) run_id: Option<String>,
    /// Its region, where it is known.
    pub(crate) region: Option<String>,
}

/// The format of a value in the state.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    path: PathBuf,
    run_id: String,
    region: String,
    /// Text of the ledger; `None` where it is too long.
    ledger: Option<String>,
}

/// A ledger that the runner keeps for the clean-up of this step, which deletes what a killed run
/// left behind.
#[derive(Debug, Clone)]
pub(crate) struct CleanupHandoff(Option<String>);

impl CleanupHandoff {
    /// Saves what the run may create; comes before the first create call. A simulator needs no
    /// clean-up, unless its endpoints are containers: it ends with the command. `run_number` is
    /// that of one of several runs.
    pub(crate) fn register(
        ledger: &Ledger,
        path: &Path,
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
        save_state(&name, &state(ledger, path), process);
        Self(Some(name))
    }

    /// A job that another step has submitted: that one cleans up.
    pub(crate) const fn of_another_step() -> Self {
        Self(None)
    }

    /// Saves a ledger with fewer names in place of the one before.
    fn replace(&self, ledger: &Ledger, path: &Path, process: &Process) {
        if let Some(name) = &self.0 {
            save_state(name, &state(ledger, path), process);
        }
    }

    /// What takes a name out of the ledger, on disk and in the step's state, that turns out to be
    /// somebody else's: no clean-up may delete it.
    pub(crate) fn disown(&self, ledger: Ledger, path: PathBuf, process: &Process) -> Disown {
        let (ledger, handoff, process) = (Mutex::new(ledger), self.clone(), process.clone());
        Arc::new(move |name| {
            let mut ledger = lock(&ledger);
            *ledger = ledger.clone().without(name);
            if let Err(error) = ledger.write(&path) {
                process.warn(&format!("the ledger still names `{name}`: {error}"));
            }
            handoff.replace(&ledger, &path, &process);
        })
    }

    /// Withdraws the ledger: nothing remains, and the clean-up may have no credentials any more.
    pub(crate) fn withdraw(self, process: &Process) {
        if let Some(name) = self.0 {
            save_state(&name, "", process);
        }
    }

    /// What the runs of this step have saved and not withdrawn.
    pub(crate) fn saved(process: &Process) -> Vec<SavedRun> {
        let own_run = process.ci_run().map(|it| run_id(Some(it), 0));
        let values = process.state(STATE).into_iter();
        let saved = values.map(|value| saved(value, own_run.as_deref()));
        saved.collect()
    }
}

fn state(ledger: &Ledger, path: &Path) -> String {
    // The clean-up may be started in another folder.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = serde_json::to_string(ledger).ok();
    let state = State {
        path: path.to_string_lossy().into_owned().into(),
        run_id: ledger.run_id.clone(),
        region: ledger.region.clone(),
        ledger: text.filter(|it| it.len() <= MAX_LEDGER),
    };
    serde_json::to_string(&state).unwrap_or_else(|_| path.display().to_string())
}

/// A value of the state. What is no JSON is the path of a ledger, of the run that the runner says.
fn saved(value: &str, own_run: Option<&str>) -> SavedRun {
    match serde_json::from_str::<State>(value) {
        Ok(state) => SavedRun {
            ledger: state.ledger.and_then(|text| Ledger::parse(&text).ok()),
            path: state.path,
            run_id: Some(state.run_id).filter(|it| is_run_id(it)),
            region: Some(state.region).filter(|it| is_region(it)),
        },
        Err(_) => SavedRun {
            ledger: None,
            path: value.into(),
            run_id: own_run.map(str::to_owned),
            region: None,
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(endpoints: usize) -> Ledger {
        let names: Vec<String> = (0..endpoints)
            .map(|it| format!("sagegate-1842-1-9ixi1200-c{it}"))
            .collect();
        let text = serde_json::json!({
            "schema": 1, "run_id": "1842-1", "region": "eu-west-1", "endpoints": names,
        });
        Ledger::parse(&text.to_string()).unwrap()
    }

    #[test]
    fn a_state_holds_the_names_and_of_a_very_long_ledger_the_run() {
        for (endpoints, is_whole) in [(100, true), (10_000, false)] {
            let ledger = ledger(endpoints);
            let value = state(&ledger, Path::new("/w/ledger.json"));
            assert!(value.len() < 2 * MAX_LEDGER, "{}", value.len());
            let saved = saved(&value, Some("1-1"));
            assert_eq!(saved.ledger, is_whole.then_some(ledger));
            assert_eq!(saved.path, Path::new("/w/ledger.json"));
            assert_eq!(saved.run_id.as_deref(), Some("1842-1"));
            assert_eq!(saved.region.as_deref(), Some("eu-west-1"));
        }
    }

    #[test]
    fn a_path_alone_is_of_the_run_of_the_workflow() {
        let saved = saved("/w/ledger.json", Some("1842-1"));
        assert_eq!(saved.ledger, None);
        assert_eq!(saved.path, Path::new("/w/ledger.json"));
        assert_eq!(
            (saved.run_id.as_deref(), saved.region),
            (Some("1842-1"), None)
        );
    }
}
