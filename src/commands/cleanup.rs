//! `sagegate cleanup`: deletes what a killed run left behind.

use std::path::{Path, PathBuf};

use super::Outcome;
use super::edges::Edges;
use crate::aws::Session;
use crate::benchmark::{Ledger, sweep};
use crate::config::CleanupArgs;
use crate::error::Error;
use crate::progress::{self, Display};

/// Name under which a step saves the path of its ledger for its clean-up; those of further runs have a suffix.
pub(super) const STATE: &str = "ledger";

/// Deletes everything that a ledger lists. Absent resources count as deleted.
pub(super) async fn cleanup(args: &CleanupArgs, edges: &Edges, display: Display) -> Outcome {
    let ledgers: Vec<PathBuf> = match &args.ledger {
        Some(path) => vec![path.clone()],
        None => edges.state(STATE).into_iter().map(PathBuf::from).collect(),
    };
    if ledgers.is_empty() {
        if !args.from_state {
            return Err(Error::NoLedger);
        }
        edges.print("nothing is left to delete");
    }
    let mut left = Vec::new();
    for path in ledgers {
        left.extend(sweep_ledger(&path, args, edges, display).await?);
    }
    if left.is_empty() {
        Ok(0)
    } else {
        Err(Error::NotDeleted { left })
    }
}

async fn sweep_ledger(
    path: &Path,
    args: &CleanupArgs,
    edges: &Edges,
    display: Display,
) -> Result<Vec<String>, Error> {
    let ledger = Ledger::read(path)?;
    let session = Session::connect(Some(ledger.region.clone())).await?;
    let observer = progress::observer(display, edges.log());
    let swept = sweep(&session, ledger.names(), args.timeout, observer.as_ref()).await;
    if swept.left.is_empty() {
        edges.print(&format!(
            "run {}: deleted {} resources, none left",
            ledger.run_id, swept.deleted
        ));
    }
    Ok(swept.left)
}
