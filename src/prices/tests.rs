//! The built-in table, region by region and size by size.

use super::*;
use crate::analysis::{BreakEven, Cost, CostInputs};
use crate::units::{LatencyMs, MemoryMb};

/// Regions with serverless endpoints, and what a GB costs there for a second: a millionth of a
/// dollar each.
const REGIONS: [(&str, f64); 21] = [
    ("af-south-1", 26.5),
    ("ap-east-1", 27.5),
    ("ap-northeast-1", 20.0),
    ("ap-northeast-2", 20.0),
    ("ap-northeast-3", 20.0),
    ("ap-south-1", 20.0),
    ("ap-southeast-1", 20.0),
    ("ap-southeast-2", 20.0),
    ("ca-central-1", 20.0),
    ("eu-central-1", 20.0),
    ("eu-north-1", 20.0),
    ("eu-south-1", 23.4),
    ("eu-west-1", 20.0),
    ("eu-west-2", 20.0),
    ("eu-west-3", 20.0),
    ("me-south-1", 24.8),
    ("sa-east-1", 20.0),
    ("us-east-1", 20.0),
    ("us-east-2", 20.0),
    ("us-west-1", 20.0),
    ("us-west-2", 20.0),
];

#[test]
fn every_region_prices_every_size() {
    let table = PriceTable::bundled().unwrap();
    let regions: Vec<&str> = table.regions().map(|it| it.region.as_str()).collect();
    assert_eq!(regions, REGIONS.map(|(region, _)| region));
    for ((region, micro_usd), size) in REGIONS
        .into_iter()
        .flat_map(|it| MemoryMb::OFFERED.map(|size| (it, size)))
    {
        let dated = table.region(region).unwrap();
        assert_eq!(dated.published, "2026-09-22");
        let inputs = CostInputs {
            average_latency: LatencyMs(100.0),
            request_bytes: 1024.0,
            response_bytes: 1024.0,
        };
        let cost = Cost::of(size, inputs, &dated.prices);
        // A million calls are busy for 100 000 s, and move 1024^-2 GB each way.
        let compute = micro_usd * size.gigabytes() / 10.0;
        assert!(
            (cost.compute.get() - compute).abs() < 1e-9,
            "{region} {size}"
        );
        let data = 1e6 * 0.016 / 1_048_576.0;
        assert!((cost.data_in.get() - data).abs() < 1e-9, "{region} {size}");
        assert!((cost.data_out.get() - data).abs() < 1e-9, "{region} {size}");
        let instance = BreakEven::of(size, &cost, &dated.prices).unwrap();
        assert!(instance.invocations_per_month > 0.0, "{region} {size}");
    }
}

#[test]
fn what_is_not_known_is_absent() {
    for dated in PriceTable::bundled().unwrap().regions() {
        let (region, of) = (dated.region.as_str(), &dated.prices);
        let knows_data = ["us-east-1", "eu-west-1"].contains(&region);
        assert_eq!(of.data_in_usd_per_gb.is_some(), knows_data, "{region}");
        assert_eq!(of.data_out_usd_per_gb.is_some(), knows_data, "{region}");
        let provisioned = of.provisioned_usage_usd_per_gb_second.is_some();
        assert_eq!(provisioned, region == "us-east-1");
        assert_eq!(
            of.provisioned_duration_usd_per_gb_second.is_some(),
            provisioned
        );
    }
}
