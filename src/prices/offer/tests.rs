//! The offer file of the tests is made by hand in the shape of AWS's: same members, selectors and
//! units, and prices as listed for us-east-1, with provisioned duration rounded to seven decimals.

use proptest::prelude::*;

use super::*;
use crate::prices::PriceTable;

const OFFER: &str = include_str!("../../../tests/fixtures/offer-us-east-1.json");

fn error_after(from: &str, to: &str) -> String {
    assert!(OFFER.contains(from), "the offer file has `{from}`");
    price_file_from_offer(OFFER.replace(from, to).as_bytes(), "offer.json")
        .unwrap_err()
        .to_string()
}

#[test]
fn the_price_file_has_every_price_with_its_date() {
    insta::assert_snapshot!(price_file_from_offer(OFFER.as_bytes(), "offer.json").unwrap(), @r#"
    {
      "schema": 1,
      "published": "2026-09-22",
      "regions": {
        "us-east-1": {
          "serverless_usd_per_gb_second": 0.00002,
          "provisioned_usage_usd_per_gb_second": 0.000005,
          "provisioned_duration_usd_per_gb_second": 0.0000116667,
          "data_in_usd_per_gb": 0.016,
          "data_out_usd_per_gb": 0.016,
          "instances_usd_per_hour": {
            "ml.c5.large": 0.102,
            "ml.c5.xlarge": 0.204,
            "ml.m5.large": 0.115,
            "ml.t2.medium": 0.056
          }
        }
      }
    }
    "#);
}

#[test]
fn the_price_file_is_read_back_and_agrees_with_the_built_in_table() {
    let file = price_file_from_offer(OFFER.as_bytes(), "offer.json").unwrap();
    let read = PriceTable::default()
        .overridden_by(&file, "p.json")
        .unwrap();
    let read = read.region("us-east-1").unwrap();
    let bundled = PriceTable::bundled().unwrap();
    let bundled = &bundled.region("us-east-1").unwrap().prices;
    assert_eq!(read.published, "2026-09-22");
    let (a, b) = (&read.prices, bundled);
    for (read, bundled) in [
        (
            a.serverless_usd_per_gb_second,
            b.serverless_usd_per_gb_second,
        ),
        (a.data_in(), b.data_in()),
        (a.data_out(), b.data_out()),
        (
            a.provisioned_usage_usd_per_gb_second.unwrap(),
            b.provisioned_usage_usd_per_gb_second.unwrap(),
        ),
    ] {
        assert!((read / bundled - 1.0).abs() < 0.0001, "{read} {bundled}");
    }
    // The built-in one is that of 2 GB, which AWS lists with three digits.
    let duration = a.provisioned_duration_usd_per_gb_second.unwrap()
        / b.provisioned_duration_usd_per_gb_second.unwrap();
    assert!((duration - 1.0).abs() < 0.0022, "{duration}");
    for (instance, usd) in &a.instances_usd_per_hour {
        assert!(
            (usd - b.instances_usd_per_hour[instance]).abs() < 1e-12,
            "{instance}"
        );
    }
}

#[test]
fn a_selector_that_finds_nothing_is_named() {
    let errors: Vec<String> = [
        ("ServerlessInf:Mem-3GB", "ServerlessInf:Mem-3GiB"),
        ("\"ServerlessInf\"", "\"ServerlessInference\""),
        ("ProvisionedConcurrency:Usage-6GB", "Usage-6GB"),
        ("ServerlessProvisionedConcurrency-Duration", "Duration"),
        ("Hosting:IN", "Hosting-IN"),
        ("Data-Bytes-Out", "Bytes-Out"),
        ("\"Hosting\"", "\"Host\""),
        ("\"unit\": \"Hrs\"", "\"unit\": \"Days\""),
        ("\"USD\": \"0.0160000000\"", "\"CNY\": \"0.0160000000\""),
    ]
    .iter()
    .map(|(from, to)| error_after(from, to))
    .collect();
    insta::assert_snapshot!(errors.join("\n"), @"
    offer file `offer.json`: us-east-1: nothing found for group ServerlessInf, usagetype …ServerlessInf:Mem-3GB, unit seconds
    offer file `offer.json`: nothing found for group ServerlessInf, usagetype …ServerlessInf:Mem-<n>GB, unit seconds
    offer file `offer.json`: us-east-1: nothing found for group ServerlessProvisionedConcurrency-Usage, usagetype …ProvisionedConcurrency:Usage-6GB, unit seconds
    offer file `offer.json`: us-east-1: nothing found for group ServerlessProvisionedConcurrency-Duration, usagetype …ProvisionedConcurrency:Mem-1GB, unit seconds
    offer file `offer.json`: us-east-1: nothing found for group Hosting:IN, usagetype …Hst:Data-Bytes-In, unit GB
    offer file `offer.json`: us-east-1: nothing found for group Hosting:OUT, usagetype …Hst:Data-Bytes-Out, unit GB
    offer file `offer.json`: us-east-1: nothing found for component Hosting, operation RunInstance, usagetype …Host:<instance name>, unit Hrs
    offer file `offer.json`: us-east-1: nothing found for component Hosting, operation RunInstance, usagetype …Host:<instance name>, unit Hrs
    offer file `offer.json`: us-east-1: nothing found for group Hosting:IN, usagetype …Hst:Data-Bytes-In, unit GB
    ");
}

#[test]
fn a_size_that_is_not_proportional_to_its_memory_is_named() {
    let price = |usd: &str| format!("\"USD\": \"{usd}\"");
    let error = error_after(&price("0.0001000000"), &price("0.0001010000"));
    assert_eq!(
        error,
        "offer file `offer.json`: us-east-1: 5120 MB costs 0.000101 and not 0.0001000000 a second as its memory and the other sizes say (group ServerlessInf, usagetype …ServerlessInf:Mem-5GB, unit seconds)"
    );
    // Within the rounding of AWS's list for provisioned concurrency, and beyond it.
    let shifted = |usd| OFFER.replace(&price("0.0000117000"), &price(usd));
    assert!(price_file_from_offer(shifted("0.0000116664").as_bytes(), "o").is_ok());
    let error = price_file_from_offer(shifted("0.0000118000").as_bytes(), "o").unwrap_err();
    assert!(
        error.to_string().contains("1024 MB costs 0.0000118"),
        "{error}"
    );
}

#[test]
fn of_several_prices_the_first_above_zero_counts() {
    let offer: Offer = serde_json::from_str(
        r#"{"offerCode":"AmazonSageMaker","publicationDate":"2026-09-22T20:12:15Z","products":{"A":{"attributes":{"group":"Hosting:IN"}},"C":{"attributes":{"group":"other"}}},"terms":{"OnDemand":{"C":{},"A":{"A.1":{"priceDimensions":{
        "c":{"unit":"seconds","beginRange":"1000000","endRange":"Inf","pricePerUnit":{"USD":"0.1"}},
        "b":{"unit":"seconds","beginRange":"150000","endRange":"1000000","pricePerUnit":{"USD":"0.2"}},
        "a":{"unit":"seconds","beginRange":"0","endRange":"150000","pricePerUnit":{"USD":"0.0"}},
        "d":{"unit":"Hrs","beginRange":"0","endRange":"Inf","pricePerUnit":{"USD":"5"}},
        "e":{"unit":"seconds","beginRange":"0","endRange":"Inf","pricePerUnit":{"USD":"NaN"}}
        }}}}}}"#,
    )
    .unwrap();
    assert_eq!(offer.price("A", Unit::Seconds), Some(0.2));
    assert_eq!(offer.price("A", Unit::Hours), Some(5.0));
    assert_eq!(offer.price("A", Unit::Gigabytes), None);
    assert_eq!(offer.price("B", Unit::Seconds), None);
    assert!(!offer.products.contains_key("C"), "only what is used stays");
}

#[test]
fn every_region_of_the_file_comes_out() {
    let mut offer: serde_json::Value = serde_json::from_str(OFFER).unwrap();
    let elsewhere = OFFER
        .replace("SAGEGATE", "OTHER")
        .replace("\"us-east-1\"", "\"eu-west-1\"");
    let elsewhere: serde_json::Value =
        serde_json::from_str(&elsewhere.replace("USE1-", "EU-")).unwrap();
    let merge = |into: &mut serde_json::Value, from: &serde_json::Value| {
        into.as_object_mut()
            .unwrap()
            .extend(from.as_object().unwrap().clone());
    };
    merge(&mut offer["products"], &elsewhere["products"]);
    merge(
        &mut offer["terms"]["OnDemand"],
        &elsewhere["terms"]["OnDemand"],
    );
    let file = price_file_from_offer(offer.to_string().as_bytes(), "offer.json").unwrap();
    let table = PriceTable::default()
        .overridden_by(&file, "p.json")
        .unwrap();
    assert_eq!(
        table.region("eu-west-1").unwrap().prices,
        table.region("us-east-1").unwrap().prices
    );
}

#[test]
fn another_file_is_refused_in_words() {
    for (json, words) in [
        ("{}", "offer file `o.json`: missing field `offerCode`"),
        ("{", "EOF while parsing"),
        ("[", "invalid type: sequence, expected an offer file"),
        (
            &OFFER.replace(
                "\"AmazonSageMaker\",\n \"version\"",
                "\"AmazonEC2\",\n \"version\"",
            ),
            "offer of AmazonEC2 instead of AmazonSageMaker",
        ),
        (
            &OFFER.replace("2026-09-22T20:12:15Z", "yesterday"),
            "line 6 column",
        ),
        (
            r#"{"terms":{"OnDemand":{}},"products":{}}"#,
            "`terms` come before `products`",
        ),
    ] {
        let error = price_file_from_offer(json.as_bytes(), "o.json").unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint().unwrap().contains("region_index.json"));
    }
}

#[test]
fn a_region_without_provisioned_concurrency_has_no_price_for_it() {
    let offer = OFFER.replace("ServerlessProvisionedConcurrency-", "Other-");
    let file = price_file_from_offer(offer.as_bytes(), "o.json").unwrap();
    assert!(!file.contains("provisioned"), "{file}");
    assert!(file.contains("data_in_usd_per_gb"));
}

#[test]
fn a_region_without_serverless_is_known_from_a_list_that_has_changed() {
    let elsewhere = OFFER.replace("\"us-east-1\"", "\"ca-west-1\"");
    let file = regional_price_file(elsewhere.as_bytes(), "o.json", "ca-west-1").unwrap();
    assert!(file.contains("\"ca-west-1\""));
    let without = elsewhere.replace("\"ServerlessInf\"", "\"Other\"");
    let error = regional_price_file(without.as_bytes(), "o.json", "ca-west-1").unwrap_err();
    assert_eq!(
        crate::text::with_hint(&error, error.hint()),
        "AWS offers no serverless endpoints in region `ca-west-1`; the nearest region that has them is us-west-2: \
         pass --region us-west-2"
    );
    let changed = OFFER.replace("\"ServerlessInf\"", "\"Other\"");
    let error = regional_price_file(changed.as_bytes(), "o.json", "us-east-1").unwrap_err();
    let words = "offer file `o.json`: us-east-1: nothing found for group ServerlessInf";
    assert!(error.to_string().starts_with(words), "{error}");
}

#[test]
fn the_index_names_the_newest_file_of_a_region() {
    let index = r#"{"formatVersion":"v1.0","regions":{
        "a":{"regionCode":"a","currentVersionUrl":"/offers/v1.0/aws/AmazonSageMaker/1/a/index.json"},
        "b":{"regionCode":"b","currentVersionUrl":"https://example.com/"}}}"#;
    let path = |region| regional_offer(index.as_bytes(), "i.json", region);
    assert_eq!(
        path("a").unwrap(),
        "/offers/v1.0/aws/AmazonSageMaker/1/a/index.json"
    );
    let error = path("b").unwrap_err().to_string();
    assert!(
        error.contains("`https://example.com/` is no path"),
        "{error}"
    );
    let error = path("mars-1").unwrap_err().to_string();
    assert_eq!(error, "AWS's price list has no region `mars-1`");
    assert!(regional_offer(&b"<html>"[..], "i.json", "a").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn junk_never_panics(junk in ".*", at in any::<proptest::sample::Index>()) {
        let _ = price_file_from_offer(junk.as_bytes(), "o.json");
        let _ = price_file_from_offer(OFFER.get(..at.index(OFFER.len())).unwrap_or("").as_bytes(), "o.json");
    }
}
