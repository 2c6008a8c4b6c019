//! `sagegate cleanup`: deletes what a killed run left behind.

use super::Outcome;
use super::edges::Edges;
use crate::aws::Session;
use crate::benchmark::{Ledger, sweep};
use crate::config::CleanupArgs;
use crate::error::Error;
use crate::progress::{self, Display};

/// Deletes everything that a ledger lists. Absent resources count as deleted.
pub(super) async fn cleanup(args: &CleanupArgs, edges: &Edges, display: Display) -> Outcome {
    let ledger = Ledger::read(&args.ledger)?;
    let session = Session::connect(Some(ledger.region.clone())).await?;
    let observer = progress::observer(display, Box::new(std::io::stderr()));
    let swept = sweep(&session, ledger.names(), args.timeout, observer.as_ref()).await;
    if !swept.left.is_empty() {
        return Err(Error::NotDeleted { left: swept.left });
    }
    edges.print(&format!(
        "run {}: deleted {} resources, none left",
        ledger.run_id, swept.deleted
    ));
    Ok(0)
}
