//! What SageMaker charges, by region: a dated table in the program and a file that overrides it.

use std::collections::BTreeMap;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

/// Where AWS publishes its price lists by region.
const OFFER_INDEX: &str = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/region_index.json";
const BUNDLED: &str = include_str!("prices.json");
/// Version of the price file's format.
pub(super) const SCHEMA: u32 = 1;

/// Prices of one region, in US dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(serialize_with = "plain")]
    pub data_in_usd_per_gb: f64,
    /// Data out of the endpoint, per GB of 2^30 bytes.
    #[serde(serialize_with = "plain")]
    pub data_out_usd_per_gb: f64,
    /// Real-time hosting per instance type and hour.
    pub instances_usd_per_hour: BTreeMap<String, f64>,
}

/// A region's prices with their origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatedPrices {
    /// The region.
    pub region: String,
    /// Date of the price list, for example `2026-09-01`.
    pub published: String,
    /// The prices.
    pub prices: RegionPrices,
}

/// A price in plain decimals, `0.000005`, where JSON would have `5e-6`.
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

/// The file that `--prices` takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    /// [`SCHEMA`].
    pub(super) schema: u32,
    /// Date of the price list.
    pub(super) published: String,
    /// Prices by region.
    pub(super) regions: BTreeMap<String, RegionPrices>,
}

/// Prices of every known region.
#[derive(Debug, Clone, Default)]
pub struct PriceTable(BTreeMap<String, DatedPrices>);

/// Why prices cannot be used.
#[derive(Debug, Error)]
pub enum PriceError {
    /// The file is not a price table.
    #[error("prices `{name}`: {reason}")]
    Malformed {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The file is not AWS's offer file of SageMaker, or not as AWS used to write it.
    #[error("offer file `{name}`: {reason}")]
    Offer {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no price for the region, and another region's would be wrong.
    #[error("no SageMaker Serverless prices are known for region `{region}`, only for {known}")]
    UnknownRegion {
        /// The region.
        region: String,
        /// Known regions.
        known: String,
    },
}

impl PriceError {
    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        let example = r#"{"schema":1,"published":"2026-09-01","regions":{"eu-west-1":{"serverless_usd_per_gb_second":…,"data_in_usd_per_gb":…,"data_out_usd_per_gb":…,"instances_usd_per_hour":{"ml.t2.medium":…,"ml.c5.large":…,"ml.c5.xlarge":…}}}}"#;
        let by_hand = format!("give prices with --prices FILE, a JSON file like {example}");
        Some(match self {
            Self::Malformed { .. } | Self::UnknownRegion { .. } => by_hand,
            Self::Offer { .. } => format!(
                "download the region's file that {OFFER_INDEX} points to; if that is what you did, AWS has changed it: {by_hand}"
            ),
        })
    }
}

impl PriceTable {
    /// The table in the program: us-east-1, checked against AWS's price list.
    ///
    /// # Errors
    /// [`PriceError::Malformed`], which a test rules out.
    pub fn bundled() -> Result<Self, PriceError> {
        Self::default().overridden_by(BUNDLED, "built-in table")
    }

    /// This table with the regions of a JSON file added or replaced; `name` is for messages.
    ///
    /// # Errors
    /// [`PriceError::Malformed`].
    pub fn overridden_by(mut self, json: &str, name: &str) -> Result<Self, PriceError> {
        let malformed = |reason: String| PriceError::Malformed {
            name: name.to_owned(),
            reason,
        };
        let file: PriceFile =
            serde_json::from_str(json).map_err(|error| malformed(error.to_string()))?;
        if file.schema != SCHEMA {
            return Err(malformed(format!(
                "schema {} instead of {SCHEMA}",
                file.schema
            )));
        }
        for (region, prices) in file.regions {
            prices
                .check()
                .map_err(|reason| malformed(format!("{region}: {reason}")))?;
            let published = file.published.clone();
            self.0.insert(
                region.clone(),
                DatedPrices {
                    region,
                    published,
                    prices,
                },
            );
        }
        Ok(self)
    }

    /// Prices of `region`.
    ///
    /// # Errors
    /// [`PriceError::UnknownRegion`]: never another region's prices.
    pub fn region(&self, region: &str) -> Result<&DatedPrices, PriceError> {
        self.0.get(region).ok_or_else(|| PriceError::UnknownRegion {
            region: region.to_owned(),
            known: self.0.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}

impl RegionPrices {
    fn check(&self) -> Result<(), String> {
        let named = [
            (
                "serverless_usd_per_gb_second",
                self.serverless_usd_per_gb_second,
            ),
            ("data_in_usd_per_gb", self.data_in_usd_per_gb),
            ("data_out_usd_per_gb", self.data_out_usd_per_gb),
        ];
        let provisioned = [
            (
                "provisioned_usage_usd_per_gb_second",
                self.provisioned_usage_usd_per_gb_second,
            ),
            (
                "provisioned_duration_usd_per_gb_second",
                self.provisioned_duration_usd_per_gb_second,
            ),
        ];
        let provisioned = provisioned
            .into_iter()
            .filter_map(|(name, price)| Some((name, price?)));
        let instances = self
            .instances_usd_per_hour
            .iter()
            .map(|(name, price)| (name.as_str(), *price));
        match named
            .into_iter()
            .chain(provisioned)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_has_us_east_1_as_aws_lists_it() {
        let table = PriceTable::bundled().unwrap();
        let dated = table.region("us-east-1").unwrap();
        assert!((dated.prices.serverless_usd_per_gb_second - 0.00002).abs() < 1e-15);
        assert_eq!(
            dated.prices.provisioned_usage_usd_per_gb_second,
            Some(0.000_005)
        );
        assert_eq!(
            dated.prices.provisioned_duration_usd_per_gb_second,
            Some(0.000_011_666_4)
        );
        assert!((dated.prices.instances_usd_per_hour["ml.t2.medium"] - 0.056).abs() < 1e-15);
    }

    #[test]
    fn another_region_is_an_error_that_says_how_to_give_prices() {
        let table = PriceTable::bundled().unwrap();
        let error = table.region("mars-1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no SageMaker Serverless prices are known for region `mars-1`, only for us-east-1"
        );
        assert!(error.hint().unwrap().contains("--prices FILE"));
    }

    #[test]
    fn a_file_adds_a_region_and_keeps_the_others() {
        let json = BUNDLED
            .replace("us-east-1", "eu-west-1")
            .replace("0.00002", "0.00003");
        let table = PriceTable::bundled()
            .unwrap()
            .overridden_by(&json, "p.json")
            .unwrap();
        let price = |region| {
            table
                .region(region)
                .unwrap()
                .prices
                .serverless_usd_per_gb_second
        };
        assert!(price("eu-west-1") > price("us-east-1"));
    }

    #[test]
    fn provisioned_prices_may_be_left_out() {
        let json = r#"{"schema":1,"published":"2026-09-01","regions":{"eu-west-1":{"serverless_usd_per_gb_second":0.00002,"data_in_usd_per_gb":0.016,"data_out_usd_per_gb":0.016,"instances_usd_per_hour":{}}}}"#;
        let table = PriceTable::default().overridden_by(json, "p.json").unwrap();
        let prices = &table.region("eu-west-1").unwrap().prices;
        assert_eq!(prices.provisioned_usage_usd_per_gb_second, None);
        let written = serde_json::to_string(prices).unwrap();
        assert_eq!(
            written,
            r#"{"serverless_usd_per_gb_second":0.00002,"data_in_usd_per_gb":0.016,"data_out_usd_per_gb":0.016,"instances_usd_per_hour":{}}"#
        );
    }

    #[test]
    fn a_negative_price_a_wrong_schema_and_an_unknown_key_are_named() {
        for (from, to, word) in [
            ("0.016", "-1", "data_in_usd_per_gb is -1"),
            (
                "0.000005",
                "-0.5",
                "provisioned_usage_usd_per_gb_second is -0.5",
            ),
            ("\"schema\": 1", "\"schema\": 2", "schema 2"),
            ("\"published\"", "\"date\"", "date"),
            ("0.00002", "0", "not a price"),
        ] {
            let error = PriceTable::default()
                .overridden_by(&BUNDLED.replacen(from, to, 1), "p.json")
                .unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
