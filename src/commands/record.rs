//! `sagegate record`: adds a saved result to a baseline, without AWS.

use crate::analysis::analyse;
use crate::config::Record;
use crate::error::UsageError;
use crate::exit::ExitStatus;
use crate::pipeline::Outcome;
use crate::pipeline::prices::Prices;
use crate::pipeline::saved_result::{append, read_whole};
use crate::process::Process;

/// Adds a saved result to a baseline.
pub(super) async fn record(record: &Record, process: &Process) -> Outcome {
    let run = read_whole(&record.result)?;
    let prices = Prices::read(&record.recommend.prices)?;
    let prices = prices.of_result(&run, process).await?;
    let analysis = analyse(&run, &prices, record.recommend.strategy);
    let uri = record.baseline.uri(process.in_actions());
    let access = process.access(&record.baseline);
    let store = uri.open(&access)?;
    let branches = process.branches(record.baseline.branch.as_ref());
    let mut recorded = false;
    let update = store.update(|file| {
        recorded = append(file, &run.name, &branches, &run, &analysis)?;
        Ok(())
    });
    update.await?;
    if !recorded {
        return Err(UsageError::NothingMeasured {
            path: record.result.clone(),
        }
        .into());
    }
    let name = crate::text::one_line(&run.name);
    process.print(&format!("recorded {name} in {uri}"));
    Ok(ExitStatus::Success)
}
