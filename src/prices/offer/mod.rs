//! Builds the price table from AWS's public price list: the offer file of `AmazonSageMaker`.
//!
//! AWS publishes one per region, and an index of them. A product has attributes by which it is
//! found, and a term by its SKU with the price. Products are identified by their `group` and by the
//! end of their `usagetype`, never by its start, which is an old name of the region (`USE1-`,
//! `EU-`).

mod read;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io::Read;

use serde::Deserialize;

use self::read::{Attributes, Offer, Unit};
use super::error::PriceError;
use super::region::RegionPrices;
use super::table::{Listed, PriceFile, PriceTable, SCHEMA};
use crate::text::one_line;
use crate::units::MemoryMb;

const SERVICE: &str = "AmazonSageMaker";
/// How far a size's price may be from proportional to its memory.
const TOLERANCE: f64 = 0.001;
/// AWS lists provisioned concurrency rounded to seven decimals (2 GB: 0.0000233), which is up to
/// 0.4 % of the price.
const ROUNDING_USD: f64 = 0.000_000_05;

/// How a price is found.
#[derive(Debug, Clone, Copy)]
struct Selector {
    group: &'static str,
    /// What `usagetype` ends in, `{gb}` being a number of gigabytes.
    usagetype: &'static str,
    unit: Unit,
    rounding_usd: f64,
}

const ON_DEMAND: Selector = Selector {
    group: "ServerlessInf",
    usagetype: "ServerlessInf:Mem-{gb}GB",
    unit: Unit::Seconds,
    rounding_usd: 0.0,
};
const PROVISIONED_USAGE: Selector = Selector {
    group: "ServerlessProvisionedConcurrency-Usage",
    usagetype: "ProvisionedConcurrency:Usage-{gb}GB",
    unit: Unit::Seconds,
    rounding_usd: ROUNDING_USD,
};
const PROVISIONED_DURATION: Selector = Selector {
    group: "ServerlessProvisionedConcurrency-Duration",
    usagetype: "ProvisionedConcurrency:Mem-{gb}GB",
    unit: Unit::Seconds,
    rounding_usd: ROUNDING_USD,
};
const DATA_IN: Selector = Selector {
    group: "Hosting:IN",
    usagetype: "Hst:Data-Bytes-In",
    unit: Unit::Gigabytes,
    rounding_usd: 0.0,
};
const DATA_OUT: Selector = Selector {
    group: "Hosting:OUT",
    usagetype: "Hst:Data-Bytes-Out",
    unit: Unit::Gigabytes,
    rounding_usd: 0.0,
};

/// Prints the attributes that AWS's price list is searched for.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            group,
            usagetype,
            unit,
            rounding_usd: _,
        } = self;
        let usagetype = usagetype.replace("{gb}", "<n>");
        write!(f, "group {group}, usagetype …{usagetype}, unit {unit}")
    }
}

impl Selector {
    fn of_size(self, size: MemoryMb) -> String {
        let gigabytes = size.gigabytes().to_string();
        self.to_string().replace("<n>", &gigabytes)
    }
}

/// Builds a price file for `--prices` from an offer file: every region in it that has serverless
/// prices, dated by its publication. `name` is for messages.
///
/// # Errors
/// [`PriceError::Offer`] with the region and the selector that found nothing, or the size whose
/// price is not proportional to its memory.
pub fn price_file_from_offer(offer: impl Read, name: &str) -> Result<String, PriceError> {
    let failed = |reason| PriceError::Offer {
        name: name.to_owned(),
        reason,
    };
    let file = price_file(offer).map_err(failed)?;
    if file.regions.is_empty() {
        return Err(failed(format!("nothing found for {ON_DEMAND}")));
    }
    text(&file).map_err(failed)
}

/// Builds a price file from the offer file of one region.
///
/// # Errors
/// As [`price_file_from_offer`]; [`PriceError::NoServerless`] where AWS does not list serverless
/// endpoints for a region that the built-in table does not have, either.
pub fn regional_price_file(
    offer: impl Read,
    name: &str,
    region: &str,
) -> Result<String, PriceError> {
    let failed = |reason| PriceError::Offer {
        name: name.to_owned(),
        reason,
    };
    let mut file = price_file(offer).map_err(failed)?;
    file.regions.retain(|code, _| code == region);
    if file.regions.is_empty() && PriceTable::bundled()?.region(region).is_err() {
        return Err(PriceError::NoServerless {
            region: region.to_owned(),
        });
    }
    if file.regions.is_empty() {
        return Err(failed(format!("{region}: nothing found for {ON_DEMAND}")));
    }
    text(&file).map_err(failed)
}

/// The path of a region's newest offer file, from AWS's index of them. `name` is for messages.
///
/// # Errors
/// [`PriceError::Offer`]; [`PriceError::NoSuchRegion`].
pub fn regional_offer(index: impl Read, name: &str, region: &str) -> Result<String, PriceError> {
    #[derive(Deserialize)]
    struct Index {
        regions: HashMap<String, Newest>,
    }
    #[derive(Deserialize)]
    struct Newest {
        #[serde(rename = "currentVersionUrl")]
        path: String,
    }
    let failed = |reason| PriceError::Offer {
        name: name.to_owned(),
        reason,
    };
    let index: Index = serde_json::from_reader(index).map_err(|error| failed(error.to_string()))?;
    let Some(Newest { path }) = index.regions.get(region) else {
        return Err(PriceError::NoSuchRegion {
            region: region.to_owned(),
        });
    };
    if path.starts_with("/offers/") {
        Ok(path.clone())
    } else {
        let path = one_line(path);
        Err(failed(format!(
            "{region}: `{path}` is no path of an offer file"
        )))
    }
}

/// Every region with serverless prices.
fn price_file(offer: impl Read) -> Result<PriceFile, String> {
    let offer: Offer = serde_json::from_reader(offer).map_err(|error| error.to_string())?;
    if offer.service != SERVICE {
        let code = one_line(&offer.service);
        return Err(format!("offer of {code} instead of {SERVICE}"));
    }
    let mut regions = BTreeMap::new();
    for code in with_serverless(&offer) {
        let region = Region {
            offer: &offer,
            code,
        };
        let prices = region.prices();
        let prices = prices.map_err(|reason| format!("{}: {reason}", one_line(code)))?;
        regions.insert(code.to_owned(), Listed(prices));
    }
    Ok(PriceFile {
        schema: SCHEMA,
        published: offer.published.strftime("%Y-%m-%d").to_string(),
        regions,
    })
}

fn text(file: &PriceFile) -> Result<String, String> {
    let json = serde_json::to_string_pretty(file).map_err(|error| error.to_string())?;
    Ok(json + "\n")
}

/// Regions with serverless prices. The file of all regions names some without.
fn with_serverless(offer: &Offer) -> BTreeSet<&str> {
    let attributes = offer.products.values();
    attributes
        .filter(|it| it.group == ON_DEMAND.group && !it.region_code.is_empty())
        .map(|it| it.region_code.as_str())
        .collect()
}

/// One region of an offer.
#[derive(Clone, Copy)]
struct Region<'a> {
    offer: &'a Offer,
    code: &'a str,
}

impl<'a> Region<'a> {
    fn prices(self) -> Result<RegionPrices, String> {
        let on_demand = self.per_gb_second(ON_DEMAND)?;
        let provisioned = [PROVISIONED_USAGE, PROVISIONED_DURATION];
        let [usage, duration] = if provisioned.iter().any(|it| self.lists(*it)) {
            let [usage, duration] = provisioned.map(|it| self.per_gb_second(it));
            [Some(usage?), Some(duration?)]
        } else {
            [None, None]
        };
        Ok(RegionPrices {
            serverless_usd_per_gb_second: on_demand,
            provisioned_usage_usd_per_gb_second: usage,
            provisioned_duration_usd_per_gb_second: duration,
            data_in_usd_per_gb: Some(self.data(DATA_IN)?),
            data_out_usd_per_gb: Some(self.data(DATA_OUT)?),
            instances_usd_per_hour: self.instances()?,
        })
    }

    fn lists(self, selector: Selector) -> bool {
        self.products().any(|(_, it)| it.group == selector.group)
    }

    fn products(self) -> impl Iterator<Item = (&'a str, &'a Attributes)> {
        let products = self.offer.products.iter();
        products
            .map(|(sku, attributes)| (sku.as_str(), attributes))
            .filter(move |(_, it)| it.region_code == self.code)
    }

    /// Price per GB and second, if those of the six sizes are proportional to their memory.
    fn per_gb_second(self, selector: Selector) -> Result<f64, String> {
        let prices: Result<Vec<(MemoryMb, f64)>, String> = MemoryMb::OFFERED
            .into_iter()
            .map(|size| Ok((size, self.of_size(selector, size)?)))
            .collect();
        let prices = prices?;
        let rates: Vec<f64> = prices
            .iter()
            .map(|(size, usd)| usd / size.gigabytes())
            .collect();
        // The median is the rate that a single odd price does not disturb, so the odd one is found
        // out.
        let median = median(rates);
        for (size, usd) in &prices {
            let proportional = median * size.gigabytes();
            let tolerance = (proportional * TOLERANCE).max(selector.rounding_usd);
            if (usd - proportional).abs() > tolerance {
                return Err(format!(
                    "{size} costs {usd} and not {proportional:.10} a second as its memory and the other sizes say ({})",
                    selector.of_size(*size)
                ));
            }
        }
        // The quotient of the sums is least disturbed by the rounding of the single prices.
        let gigabytes: f64 = prices.iter().map(|(size, _)| size.gigabytes()).sum();
        let usd: f64 = prices.iter().map(|(_, usd)| usd).sum();
        Ok(rounded(usd / gigabytes))
    }

    fn of_size(self, selector: Selector, size: MemoryMb) -> Result<f64, String> {
        let suffix = selector
            .usagetype
            .replace("{gb}", &size.gigabytes().to_string());
        self.only(selector, &suffix)
            .ok_or_else(|| format!("nothing found for {}", selector.of_size(size)))
    }

    fn data(self, selector: Selector) -> Result<f64, String> {
        self.only(selector, selector.usagetype)
            .ok_or_else(|| format!("nothing found for {selector}"))
    }

    /// The price of the one product that matches; the dearest, should AWS list several.
    fn only(self, selector: Selector, suffix: &str) -> Option<f64> {
        let matching = self
            .products()
            .filter(|(_, it)| it.group == selector.group && it.usagetype.ends_with(suffix));
        matching
            .filter_map(|(sku, _)| self.offer.price(sku, selector.unit))
            .max_by(f64::total_cmp)
    }

    /// Real-time hosting by instance type; the dearest price, should AWS list several for one.
    fn instances(self) -> Result<BTreeMap<String, f64>, String> {
        let is_hosted = |it: &Attributes| {
            let usagetype = format!("Host:{}", it.instance_name);
            it.is_hosted() && it.usagetype.ends_with(&usagetype)
        };
        let mut instances = BTreeMap::new();
        for (sku, it) in self.products().filter(|(_, it)| is_hosted(it)) {
            if let Some(price) = self.offer.price(sku, Unit::Hours) {
                let known = instances.entry(it.instance_name.clone()).or_insert(price);
                *known = price.max(*known);
            }
        }
        if instances.is_empty() {
            return Err(
                "nothing found for component Hosting, operation RunInstance, usagetype …Host:<instance name>, unit Hrs".to_owned(),
            );
        }
        Ok(instances)
    }
}

/// Of the six sizes' rates.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    let middle = rates.len() / 2;
    let upper = rates.get(middle).copied().unwrap_or_default();
    let lower = middle.checked_sub(1).and_then(|it| rates.get(it));
    f64::midpoint(lower.copied().unwrap_or(upper), upper)
}

/// To the ten decimals of AWS's list, so that a division leaves no noise.
fn rounded(usd: f64) -> f64 {
    const DECIMALS: f64 = 1e10;
    (usd * DECIMALS).round() / DECIMALS
}

#[cfg(test)]
mod tests;
