//! The dated table in the program, and the files that override it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::PriceError;
use super::region::{DatedPrices, PriceSource, RegionPrices};
use crate::text::{json_error, quoted};

const BUNDLED: &str = include_str!("bundled.json");
/// Version of the price file's format.
pub(super) const SCHEMA: u32 = 1;

/// The file that `--prices` takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    /// [`SCHEMA`].
    pub(super) schema: u32,
    /// Date of the price list.
    pub(super) published: String,
    /// Prices by region.
    pub(super) regions: BTreeMap<String, Listed>,
}

/// Prices that somebody may have typed: a member with a typing error must not pass for
/// an absent one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(super) struct Listed(pub(super) RegionPrices);

impl TryFrom<Map<String, Value>> for Listed {
    type Error = String;

    fn try_from(members: Map<String, Value>) -> Result<Self, String> {
        let is_known = |name: &&String| RegionPrices::MEMBERS.contains(&name.as_str());
        if let Some(unknown) = members.keys().find(|name| !is_known(name)) {
            return Err(format!("unknown field `{}`", quoted(unknown)));
        }
        let prices = serde_json::from_value(Value::Object(members));
        prices.map(Self).map_err(|error| json_error(&error))
    }
}

/// Prices of every known region.
#[derive(Debug, Clone, Default)]
pub struct PriceTable(BTreeMap<String, DatedPrices>);

impl PriceTable {
    /// The table in the program: the regions that offered serverless endpoints when it was made.
    ///
    /// # Errors
    /// [`PriceError::Malformed`], which a test rules out.
    pub fn bundled() -> Result<Self, PriceError> {
        Self::default().with(BUNDLED, "built-in table", PriceSource::Bundled)
    }

    /// This table with the regions of a JSON file added or replaced; `name` is for messages.
    ///
    /// # Errors
    /// [`PriceError::Malformed`].
    pub fn overridden_by(self, json: &str, name: &str) -> Result<Self, PriceError> {
        self.with(json, name, PriceSource::File)
    }

    /// This table with the regions of a JSON file from `source`; `name` is for messages.
    ///
    /// # Errors
    /// [`PriceError::Malformed`].
    pub fn with(mut self, json: &str, name: &str, source: PriceSource) -> Result<Self, PriceError> {
        let malformed = |reason: String| PriceError::Malformed {
            name: name.to_owned(),
            reason,
        };
        let file: PriceFile =
            serde_json::from_str(json).map_err(|error| malformed(json_error(&error)))?;
        if file.schema != SCHEMA {
            return Err(malformed(format!(
                "schema {} instead of {SCHEMA}",
                file.schema
            )));
        }
        for (region, Listed(prices)) in file.regions {
            prices
                .check()
                .map_err(|reason| malformed(format!("{region}: {reason}")))?;
            let published = file.published.clone();
            self.0.insert(
                region.clone(),
                DatedPrices {
                    region,
                    published,
                    source,
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
        })
    }

    /// The regions, in alphabetical order.
    pub fn regions(&self) -> impl Iterator<Item = &DatedPrices> {
        self.0.values()
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
            Some(0.000_011_65)
        );
        assert!((dated.prices.instances_usd_per_hour["ml.t2.medium"] - 0.056).abs() < 1e-15);
    }

    #[test]
    fn another_region_is_an_error_that_says_how_to_give_prices() {
        let table = PriceTable::bundled().unwrap();
        let error = table.region("mars-1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no SageMaker Serverless prices are known for region `mars-1`"
        );
        let hint = error.hint().unwrap();
        assert!(hint.contains("--prices latest") && hint.contains("--prices FILE"));
    }

    #[test]
    fn a_file_adds_a_region_and_keeps_the_others() {
        let json = r#"{"schema":1,"published":"2026-10-01","regions":{"eu-west-1":{"serverless_usd_per_gb_second":0.00003}}}"#;
        let table = PriceTable::bundled()
            .unwrap()
            .overridden_by(json, "p.json")
            .unwrap();
        let price = |region| {
            table
                .region(region)
                .unwrap()
                .prices
                .serverless_usd_per_gb_second
        };
        assert!(price("eu-west-1") > price("us-east-1"));
        let source = |region| table.region(region).unwrap().source;
        assert_eq!(source("eu-west-1"), PriceSource::File);
        assert_eq!(source("us-east-1"), PriceSource::Bundled);
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
            r#"{"serverless_usd_per_gb_second":0.00002,"data_in_usd_per_gb":0.016,"data_out_usd_per_gb":0.016}"#
        );
    }

    #[test]
    fn a_member_of_a_later_version_is_ignored_in_what_a_result_keeps() {
        let later = r#"{"serverless_usd_per_gb_second":0.00002,"later":1}"#;
        let prices: RegionPrices = serde_json::from_str(later).unwrap();
        assert_eq!(prices.check(), Ok(()));
    }

    #[test]
    fn a_negative_price_a_wrong_schema_and_an_unknown_key_are_named() {
        for (from, to, word) in [
            (
                "_usd_per_gb\": 0.016",
                "_usd_per_gb\": -1",
                "data_in_usd_per_gb is -1",
            ),
            (
                "0.000005,",
                "-0.5,",
                "provisioned_usage_usd_per_gb_second is -0.5",
            ),
            ("\"schema\": 1", "\"schema\": 2", "schema 2"),
            ("\"published\"", "\"date\"", "date"),
            (
                "data_out_usd",
                "dataout_usd",
                "unknown field `dataout_usd_per_gb`",
            ),
            ("0.00002,", "0,", "not a price"),
        ] {
            let error = PriceTable::default()
                .overridden_by(&BUNDLED.replacen(from, to, 1), "p.json")
                .unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
