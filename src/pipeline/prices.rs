//! The prices of a region: those that the flags name, the result's, the built-in ones, or AWS's.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::output_files::OutputFiles;
use crate::aws::PriceList;
use crate::config::PricesFrom;
use crate::error::{Error, UsageError};
use crate::files::{self, MIB, write_atomically};
use crate::prices::{DatedPrices, PriceError, PriceSource, PriceTable};
use crate::process::{Process, now};
use crate::result::RunResult;

/// A mirror of AWS's price list.
const MIRROR: &str = "SAGEGATE_PRICE_LIST_URL";
/// Largest price file that is read.
const MAX_PRICES: u64 = 16 * MIB;
/// How long a downloaded list is used again.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// What is known without asking anybody.
pub(crate) struct Prices {
    from: PricesFrom,
    bundled: PriceTable,
    /// Those of a file.
    given: PriceTable,
}

impl Prices {
    /// Reads the file of `--prices`, where there is one.
    pub(crate) fn read(from: &PricesFrom) -> Result<Self, Error> {
        let given = match from {
            PricesFrom::File(path) => {
                let json =
                    files::read_text(path, MAX_PRICES).map_err(|error| UsageError::Unreadable {
                        flag: "--prices",
                        path: path.clone(),
                        source: error.into(),
                    })?;
                PriceTable::default().overridden_by(&json, &path.display().to_string())?
            }
            PricesFrom::BuiltIn | PricesFrom::Latest => PriceTable::default(),
        };
        Ok(Self {
            from: from.clone(),
            bundled: PriceTable::bundled()?,
            given,
        })
    }

    /// Of the region of a run that is about to be measured. A region that is not built in is looked
    /// up in AWS's price list, which is kept in the output folder.
    pub(crate) async fn of_region(
        &self,
        region: &str,
        files: &OutputFiles,
        process: &Process,
    ) -> Result<DatedPrices, Error> {
        let known = || self.known(region).cloned();
        if self.from != PricesFrom::Latest
            && let Some(prices) = known().or_else(|| kept(&files.prices(), region, process))
        {
            return Ok(prices);
        }
        let json = download(region, process).await?;
        let prices = priced(&json, region)?;
        let path = files.prices();
        write_atomically(&path, json.as_bytes()).map_err(|source| UsageError::Output {
            path: path.clone(),
            source,
        })?;
        process.note(&format!(
            "prices of {region}: AWS's list of {}, kept in {}",
            prices.published,
            path.display()
        ));
        Ok(prices)
    }

    /// Of a saved result: by default what it was priced with.
    pub(crate) async fn of_result(
        &self,
        run: &RunResult,
        process: &Process,
    ) -> Result<DatedPrices, Error> {
        if self.from == PricesFrom::Latest {
            return priced(&download(&run.region, process).await?, &run.region);
        }
        let own = run.prices.as_ref().filter(|own| {
            let is_usable = own.region == run.region && own.prices.check().is_ok();
            is_usable && self.given.region(&run.region).is_err()
        });
        let prices = own.or_else(|| self.known(&run.region));
        let unknown = || PriceError::UnknownRegion {
            region: run.region.clone(),
        };
        Ok(prices.cloned().ok_or_else(unknown)?)
    }

    fn known(&self, region: &str) -> Option<&DatedPrices> {
        let given = self.given.region(region);
        given.or_else(|_| self.bundled.region(region)).ok()
    }
}

/// A price file with the newest prices of a region.
pub(crate) async fn download(region: &str, process: &Process) -> Result<String, Error> {
    let list = PriceList::at(process.variable(MIRROR), process.network())?;
    tracing::debug!(region, "downloading AWS's price list");
    Ok(list.price_file(region).await?)
}

fn priced(json: &str, region: &str) -> Result<DatedPrices, Error> {
    let table = PriceTable::default().with(json, "AWS's price list", PriceSource::Aws)?;
    Ok(table.region(region)?.clone())
}

/// What was downloaded lately. A file that cannot be used counts as none, and so does one in a
/// workflow: a checkout may have brought it.
fn kept(path: &Path, region: &str, process: &Process) -> Option<DatedPrices> {
    if process.in_actions() {
        return None;
    }
    let written = std::fs::metadata(path).and_then(|it| it.modified()).ok()?;
    let age = now().duration_since(Timestamp::try_from(written).ok()?);
    let json = files::read_text(path, MAX_PRICES).ok()?;
    (age < FRESH).then(|| priced(&json, region).ok())?
}
