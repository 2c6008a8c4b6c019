//! The prices of one region, and where they come from.

use std::collections::BTreeMap;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// Price of a GB of data where the region's own is not known, US dollars: that of us-east-1 and
/// eu-west-1. Data is about a thousandth of most costs.
pub const ASSUMED_DATA_USD_PER_GB: f64 = 0.016;

/// Prices of one region, in US dollars. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionPrices {
    /// Serverless compute, per GB of memory and second; billed by the millisecond.
    #[serde(serialize_with = "plain")]
    pub serverless_usd_per_gb_second: f64,
    /// Keeping a provisioned worker warm, per GB of memory and second, busy or not.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "plain_if_any"
    )]
    pub provisioned_usage_usd_per_gb_second: Option<f64>,
    /// Compute of a provisioned worker while it is busy, per GB of memory and second.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "plain_if_any"
    )]
    pub provisioned_duration_usd_per_gb_second: Option<f64>,
    /// Data into the endpoint, per GB of 2^30 bytes.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "plain_if_any"
    )]
    pub data_in_usd_per_gb: Option<f64>,
    /// Data out of the endpoint, per GB of 2^30 bytes.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "plain_if_any"
    )]
    pub data_out_usd_per_gb: Option<f64>,
    /// Real-time hosting per instance type and hour.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances_usd_per_hour: BTreeMap<String, f64>,
}

/// A region's prices with their origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatedPrices {
    /// The region.
    pub region: String,
    /// Date of the price list, for example `2026-09-22`.
    pub published: String,
    /// Where they come from.
    #[serde(default)]
    pub source: PriceSource,
    /// The prices.
    pub prices: RegionPrices,
}

/// Where prices come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The table in the program.
    #[default]
    Bundled,
    /// A file that the user gave.
    File,
    /// AWS's price list, downloaded.
    Aws,
}

impl DatedPrices {
    /// What a call costs follows from these: without provisioned concurrency and instances.
    #[must_use]
    pub fn of_calls(&self) -> Self {
        Self {
            prices: RegionPrices {
                provisioned_usage_usd_per_gb_second: None,
                provisioned_duration_usd_per_gb_second: None,
                instances_usd_per_hour: BTreeMap::new(),
                ..self.prices.clone()
            },
            ..self.clone()
        }
    }
}

impl RegionPrices {
    /// Its members in JSON.
    pub(super) const MEMBERS: [&str; 6] = [
        "serverless_usd_per_gb_second",
        "provisioned_usage_usd_per_gb_second",
        "provisioned_duration_usd_per_gb_second",
        "data_in_usd_per_gb",
        "data_out_usd_per_gb",
        "instances_usd_per_hour",
    ];

    /// Whether the same calls cost the same by both.
    pub fn price_calls_alike(&self, other: &Self) -> bool {
        let of = |it: &Self| {
            let prices = [it.serverless_usd_per_gb_second, it.data_in(), it.data_out()];
            prices.map(f64::to_bits)
        };
        of(self) == of(other)
    }

    /// Price of a GB into the endpoint, if need be [`ASSUMED_DATA_USD_PER_GB`].
    pub fn data_in(&self) -> f64 {
        self.data_in_usd_per_gb.unwrap_or(ASSUMED_DATA_USD_PER_GB)
    }

    /// Price of a GB out of the endpoint, if need be [`ASSUMED_DATA_USD_PER_GB`].
    pub fn data_out(&self) -> f64 {
        self.data_out_usd_per_gb.unwrap_or(ASSUMED_DATA_USD_PER_GB)
    }

    /// The first of these instance types that the region sells, with its price per hour.
    pub fn first_sold(&self, types: &[&'static str]) -> Option<(&'static str, f64)> {
        types
            .iter()
            .find_map(|name| Some((*name, *self.instances_usd_per_hour.get(*name)?)))
    }

    /// Refuses what is no price, by its name.
    ///
    /// # Errors
    /// The member and its value, in words.
    pub fn check(&self) -> Result<(), String> {
        let known = [
            (
                "serverless_usd_per_gb_second",
                Some(self.serverless_usd_per_gb_second),
            ),
            (
                "provisioned_usage_usd_per_gb_second",
                self.provisioned_usage_usd_per_gb_second,
            ),
            (
                "provisioned_duration_usd_per_gb_second",
                self.provisioned_duration_usd_per_gb_second,
            ),
            ("data_in_usd_per_gb", self.data_in_usd_per_gb),
            ("data_out_usd_per_gb", self.data_out_usd_per_gb),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, price)| Some((name, price?)));
        let instances = self
            .instances_usd_per_hour
            .iter()
            .map(|(name, price)| (name.as_str(), *price));
        match known
            .chain(instances)
            .find(|(_, price)| !(price.is_finite() && *price >= 0.0))
        {
            Some((name, price)) => Err(format!("{name} is {price}, not a price")),
            None if self.serverless_usd_per_gb_second <= 0.0 => {
                Err("serverless_usd_per_gb_second is 0, not a price".to_owned())
            }
            None => Ok(()),
        }
    }
}

/// A price written as people write it, `0.000005`, where JSON would have `5e-6`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn plain<S: Serializer>(usd: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let digits = RawValue::from_string(usd.to_string()).map_err(S::Error::custom)?;
    digits.serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn plain_if_any<S: Serializer>(usd: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match usd {
        Some(usd) => plain(usd, serializer),
        None => serializer.serialize_none(),
    }
}
