//! `sagegate prices`: makes a price file from AWS's price list.

use std::io::BufReader;

use crate::config::{OfferFrom, Prices};
use crate::error::UsageError;
use crate::exit::ExitStatus;
use crate::files::{self, write_atomically};
use crate::pipeline::Outcome;
use crate::pipeline::prices::download;
use crate::prices::price_file_from_offer;
use crate::process::Process;

/// Makes a price file.
pub(super) async fn prices(prices: &Prices, process: &Process) -> Outcome {
    let json = match &prices.from {
        OfferFrom::Region(region) => download(region, process).await?,
        OfferFrom::File(path) => {
            let offer = files::open(path).map_err(|error| UsageError::Unreadable {
                flag: "--from",
                path: path.clone(),
                source: error.into(),
            })?;
            price_file_from_offer(BufReader::new(offer), &path.display().to_string())?
        }
    };
    let Some(path) = &prices.out else {
        process.print_json(&json);
        return Ok(ExitStatus::Success);
    };
    write_atomically(path, json.as_bytes()).map_err(|source| UsageError::Unwritable {
        flag: "--out",
        path: path.clone(),
        source,
    })?;
    process.print(&format!("prices in {}", path.display()));
    Ok(ExitStatus::Success)
}
