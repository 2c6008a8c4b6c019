//! `sagegate prices`: makes a price file from AWS's offer file.

use crate::analysis::price_file_from_offer;
use crate::config::Prices;
use crate::error::Error;
use crate::files::write_atomically;
use crate::pipeline::Outcome;
use crate::process::Process;

/// Makes a price file.
pub(super) fn prices(prices: &Prices, process: &Process) -> Outcome {
    let offer = std::fs::read_to_string(&prices.from).map_err(|source| Error::Unreadable {
        flag: "--from",
        path: prices.from.clone(),
        source,
    })?;
    let table = price_file_from_offer(&offer, &prices.from.display().to_string())?;
    let Some(path) = &prices.out else {
        process.print_json(&table);
        return Ok(0);
    };
    write_atomically(path, table.as_bytes()).map_err(|source| Error::Unwritable {
        flag: "--out",
        path: path.clone(),
        source,
    })?;
    process.print(&format!("prices in {}", path.display()));
    Ok(0)
}
