//! Builds the price table from AWS's public price list: the offer file of `AmazonSageMaker`.
//!
//! AWS publishes one per region at
//! `https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/region_index.json`.
//! A product has attributes by which it is found, and a term by its SKU with the price. Products
//! are identified by their `group` and by the end of their `usagetype`, never by its start, which
//! is an old name of the region (`USE1-`, `EU-`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::Deserialize;

use super::prices::{PriceError, PriceFile, RegionPrices, SCHEMA};
use super::statistics::{interpolated, sorted};
use crate::units::MemoryMb;

const SERVICE: &str = "AmazonSageMaker";
/// How far a size's price may be from proportional to its memory.
const TOLERANCE: f64 = 0.001;
/// AWS lists provisioned concurrency rounded to seven decimals (2 GB: 0.0000233), which is up to
/// 0.4 % of the price.
const ROUNDING_USD: f64 = 0.000_000_05;

/// The part of an offer file that is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    #[serde(rename = "offerCode")]
    service: String,
    publication_date: jiff::Timestamp,
    products: HashMap<String, Product>,
    terms: Terms,
}

#[derive(Deserialize)]
struct Product {
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Attributes {
    region_code: String,
    group: String,
    usagetype: String,
    operation: String,
    component: String,
    instance_name: String,
}

#[derive(Deserialize)]
struct Terms {
    #[serde(rename = "OnDemand")]
    on_demand: HashMap<String, HashMap<String, Term>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    price_dimensions: HashMap<String, Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    #[serde(default)]
    begin_range: String,
    price_per_unit: PerUnit,
}

#[derive(Deserialize)]
struct PerUnit {
    #[serde(rename = "USD")]
    usd: Option<String>,
}

/// How a price is found.
#[derive(Debug, Clone, Copy)]
struct Selector {
    group: &'static str,
    /// What `usagetype` ends in, `{gb}` being a number of gigabytes.
    usagetype: &'static str,
    unit: &'static str,
    rounding_usd: f64,
}

const ON_DEMAND: Selector = Selector {
    group: "ServerlessInf",
    usagetype: "ServerlessInf:Mem-{gb}GB",
    unit: "seconds",
    rounding_usd: 0.0,
};
const PROVISIONED_USAGE: Selector = Selector {
    group: "ServerlessProvisionedConcurrency-Usage",
    usagetype: "ProvisionedConcurrency:Usage-{gb}GB",
    unit: "seconds",
    rounding_usd: ROUNDING_USD,
};
const PROVISIONED_DURATION: Selector = Selector {
    group: "ServerlessProvisionedConcurrency-Duration",
    usagetype: "ProvisionedConcurrency:Mem-{gb}GB",
    unit: "seconds",
    rounding_usd: ROUNDING_USD,
};
const DATA_IN: Selector = Selector {
    group: "Hosting:IN",
    usagetype: "Hst:Data-Bytes-In",
    unit: "GB",
    rounding_usd: 0.0,
};
const DATA_OUT: Selector = Selector {
    group: "Hosting:OUT",
    usagetype: "Hst:Data-Bytes-Out",
    unit: "GB",
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

/// Builds a price file for `--prices` from the text of an offer file: every region in it that has
/// serverless prices, dated by its publication. `name` is for messages.
///
/// # Errors
/// [`PriceError::Offer`] with the region and the selector that found nothing, or the size whose
/// price is not proportional to its memory.
pub fn price_file_from_offer(json: &str, name: &str) -> Result<String, PriceError> {
    let failed = |reason: String| PriceError::Offer {
        name: name.to_owned(),
        reason,
    };
    let offer: Offer = serde_json::from_str(json).map_err(|error| failed(error.to_string()))?;
    if offer.service != SERVICE {
        let code = crate::text::one_line(&offer.service);
        return Err(failed(format!("offer of {code} instead of {SERVICE}")));
    }
    let mut regions = BTreeMap::new();
    for region in offer.regions() {
        let prices = Region {
            offer: &offer,
            code: region,
        };
        let prices = prices
            .prices()
            .map_err(|reason| failed(format!("{region}: {reason}")))?;
        regions.insert(region.to_owned(), prices);
    }
    if regions.is_empty() {
        return Err(failed(format!("nothing found for {ON_DEMAND}")));
    }
    let file = PriceFile {
        schema: SCHEMA,
        published: offer.publication_date.strftime("%Y-%m-%d").to_string(),
        regions,
    };
    let json = serde_json::to_string_pretty(&file).map_err(|error| failed(error.to_string()))?;
    Ok(json + "\n")
}

impl Offer {
    /// Regions with serverless prices. The file of all regions names some without.
    fn regions(&self) -> BTreeSet<&str> {
        let attributes = self.products.values().map(|product| &product.attributes);
        attributes
            .filter(|it| it.group == ON_DEMAND.group && !it.region_code.is_empty())
            .map(|it| it.region_code.as_str())
            .collect()
    }

    /// What a SKU costs: its price above 0 in US dollars, of several the one that is charged first.
    /// A free tier is listed as a price of 0 in front.
    fn price(&self, sku: &str, unit: &str) -> Option<f64> {
        let terms = self.terms.on_demand.get(sku)?.values();
        let prices = terms
            .flat_map(|term| term.price_dimensions.values())
            .filter(|dimension| dimension.unit.eq_ignore_ascii_case(unit));
        let mut prices: Vec<(f64, f64)> = prices
            .filter_map(|dimension| {
                let usd: f64 = dimension.price_per_unit.usd.as_ref()?.parse().ok()?;
                let from = dimension.begin_range.parse().unwrap_or(0.0);
                (usd.is_finite() && usd > 0.0).then_some((from, usd))
            })
            .collect();
        prices.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        prices.first().map(|(_, usd)| *usd)
    }
}

/// One region of an offer.
#[derive(Clone, Copy)]
struct Region<'a> {
    offer: &'a Offer,
    code: &'a str,
}

impl<'a> Region<'a> {
    fn prices(self) -> Result<RegionPrices, String> {
        Ok(RegionPrices {
            serverless_usd_per_gb_second: self.per_gb_second(ON_DEMAND)?,
            provisioned_usage_usd_per_gb_second: Some(self.per_gb_second(PROVISIONED_USAGE)?),
            provisioned_duration_usd_per_gb_second: Some(self.per_gb_second(PROVISIONED_DURATION)?),
            data_in_usd_per_gb: self.data(DATA_IN)?,
            data_out_usd_per_gb: self.data(DATA_OUT)?,
            instances_usd_per_hour: self.instances()?,
        })
    }

    fn products(self) -> impl Iterator<Item = (&'a str, &'a Attributes)> {
        let products = self.offer.products.iter();
        products
            .map(|(sku, product)| (sku.as_str(), &product.attributes))
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
        let median = interpolated(&sorted(&rates), 0.5).unwrap_or_default();
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
            it.component == "Hosting"
                && it.operation == "RunInstance"
                && it
                    .usagetype
                    .ends_with(&format!("Host:{}", it.instance_name))
        };
        let mut instances = BTreeMap::new();
        for (sku, it) in self.products().filter(|(_, it)| is_hosted(it)) {
            if let Some(price) = self.offer.price(sku, "Hrs") {
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

/// To the ten decimals of AWS's list, so that a division leaves no noise.
fn rounded(usd: f64) -> f64 {
    const DECIMALS: f64 = 1e10;
    (usd * DECIMALS).round() / DECIMALS
}

#[cfg(test)]
mod tests;
