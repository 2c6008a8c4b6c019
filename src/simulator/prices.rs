//! AWS's public price list as the simulator has it: an index, and one offer file per region.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Where the index is, and what comes before a region's file.
const FOLDER: &str = "/offers/v1.0/aws/AmazonSageMaker/";
/// Regions in the index, the last one younger than any program's table.
const REGIONS: [&str; 23] = [
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "xx-new-1",
];
/// US dollars per hour of real-time hosting.
const INSTANCES: [(&str, f64); 4] = [
    ("ml.t2.medium", 0.056),
    ("ml.c5.large", 0.102),
    ("ml.c5.xlarge", 0.204),
    ("ml.m5.large", 0.115),
];

/// What AWS charges, and how its files are spoilt.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PriceList {
    pub(super) published: String,
    pub(super) serverless_usd_per_gb_second: f64,
    /// Regions whose file lists no serverless endpoints.
    pub(super) without_serverless: Vec<String>,
    /// Blanks at the end of a region's file.
    pub(super) padding_mb: u32,
    /// Only so many bytes of a region's file are sent.
    pub(super) first_bytes: Option<usize>,
}

impl Default for PriceList {
    fn default() -> Self {
        Self {
            published: "2026-10-20T20:12:15Z".to_owned(),
            serverless_usd_per_gb_second: 0.00002,
            without_serverless: vec!["ca-west-1".to_owned()],
            padding_mb: 0,
            first_bytes: None,
        }
    }
}

/// A file of the price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PriceListFile {
    Index,
    /// Of a region.
    Offer(&'static str),
}

impl PriceListFile {
    /// By its path.
    pub(super) fn at(path: &str) -> Option<Self> {
        let file = path.strip_prefix(FOLDER)?;
        if file == "current/region_index.json" {
            return Some(Self::Index);
        }
        let region = file.strip_prefix("20261020201215/")?;
        let region = region.strip_suffix("/index.json")?;
        let known = REGIONS.iter().find(|known| **known == region)?;
        Some(Self::Offer(known))
    }
}

impl PriceList {
    /// The text of a file, without what is appended to it.
    pub(super) fn text(&self, file: PriceListFile) -> String {
        match file {
            PriceListFile::Index => self.index().to_string(),
            PriceListFile::Offer(region) => {
                let mut text = self.offer(region);
                if let Some(bytes) = self.first_bytes {
                    text.truncate(bytes);
                }
                text
            }
        }
    }

    fn index(&self) -> Value {
        let entry = |region: &str| {
            let url = format!("{FOLDER}20261020201215/{region}/index.json");
            (
                region.to_owned(),
                json!({ "regionCode": region, "currentVersionUrl": url }),
            )
        };
        let regions: Map<String, Value> = REGIONS.into_iter().map(entry).collect();
        json!({
            "formatVersion": "v1.0",
            "publicationDate": self.published,
            "regions": regions,
        })
    }

    /// Products come before terms, as AWS writes them.
    fn offer(&self, region: &str) -> String {
        let (mut products, mut terms) = (Map::new(), Map::new());
        for (number, (attributes, unit, usd)) in (0_u32..).zip(self.products(region)) {
            let sku = format!("SIMULATED{number:04}");
            products.insert(
                sku.clone(),
                json!({ "sku": sku, "productFamily": "ML", "attributes": attributes }),
            );
            let dimension = json!({
                "unit": unit,
                "beginRange": "0",
                "endRange": "Inf",
                "pricePerUnit": { "USD": format!("{usd:.10}") },
            });
            let term = json!({ "sku": sku, "priceDimensions": { "a": dimension } });
            terms.insert(sku.clone(), json!({ sku: term }));
        }
        let published = Value::from(self.published.as_str());
        let (products, terms) = (Value::from(products), Value::from(terms));
        format!(
            r#"{{"formatVersion":"v1.0","offerCode":"AmazonSageMaker","publicationDate":{published},"products":{products},"terms":{{"OnDemand":{terms}}}}}"#
        )
    }

    /// Attributes, unit and price of what is sold in a region.
    fn products(&self, region: &str) -> Vec<(Value, &'static str, f64)> {
        let on_demand = self.serverless_usd_per_gb_second;
        let mut products = vec![
            (
                json!({ "regionCode": region, "group": "Training:IN" }),
                "GB",
                0.5,
            ),
            (
                json!({ "regionCode": region, "group": "Hosting:IN", "usagetype": "SIM-Hst:Data-Bytes-In" }),
                "GB",
                0.016,
            ),
            (
                json!({ "regionCode": region, "group": "Hosting:OUT", "usagetype": "SIM-Hst:Data-Bytes-Out" }),
                "GB",
                0.016,
            ),
        ];
        products.extend(INSTANCES.map(|(name, usd)| {
            let attributes = json!({
                "regionCode": region,
                "component": "Hosting",
                "operation": "RunInstance",
                "instanceName": name,
                "usagetype": format!("SIM-Host:{name}"),
            });
            (attributes, "Hrs", usd)
        }));
        if self.without_serverless.iter().any(|it| it == region) {
            return products;
        }
        for gigabytes in 1..=6_u32 {
            for (group, usagetype, usd) in [
                ("ServerlessInf", "ServerlessInf:Mem", on_demand),
                (
                    "ServerlessProvisionedConcurrency-Usage",
                    "ProvisionedConcurrency:Usage",
                    on_demand / 4.0,
                ),
                (
                    "ServerlessProvisionedConcurrency-Duration",
                    "ProvisionedConcurrency:Mem",
                    on_demand * 0.5825,
                ),
            ] {
                let attributes = json!({
                    "regionCode": region,
                    "group": group,
                    "operation": "Serverless",
                    "usagetype": format!("SIM-{usagetype}-{gigabytes}GB"),
                });
                products.push((attributes, "seconds", usd * f64::from(gigabytes)));
            }
        }
        products
    }
}
