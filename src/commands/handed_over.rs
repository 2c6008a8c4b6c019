//! What a step of a workflow leaves to its own clean-up.

use std::path::Path;

use super::edges::Edges;
use super::place::Place;

/// What the runner keeps for the clean-up of this step: it deletes what a killed run left behind.
pub(super) struct HandedOver(Option<String>);

impl HandedOver {
    /// Comes before the first create call. A simulator needs no clean-up: it ends with the command.
    pub(super) fn to_the_clean_up(
        ledger: &Path,
        place: &Place,
        edges: &Edges,
        name: String,
    ) -> Self {
        if place.is_simulated || !edges.in_actions() {
            return Self(None);
        }
        // The clean-up may be started in another folder.
        let path = std::path::absolute(ledger).unwrap_or_else(|_| ledger.to_owned());
        save_state(&name, &path.display().to_string(), edges);
        Self(Some(name))
    }

    /// Nothing is left: the clean-up, which may have no credentials any more, has nothing to do.
    pub(super) fn take_back(self, edges: &Edges) {
        if let Some(name) = self.0 {
            save_state(&name, "", edges);
        }
    }
}

fn save_state(name: &str, value: &str, edges: &Edges) {
    let saved = edges
        .runner_files()
        .save_state(&[(name, value)], &mut fastrand::Rng::new());
    if let Err(error) = saved {
        edges.warn(&format!(
            "this step cannot clean up after a crash: {}",
            error.with_hint()
        ));
    }
}
