//! Which region to take instead of one without serverless endpoints.

/// AWS's other regions, each with the nearest one that offered serverless endpoints when the
/// built-in table was made.
const NEAREST: [(&str, &str); 17] = [
    ("ap-east-2", "ap-east-1"),
    ("ap-south-2", "ap-south-1"),
    ("ap-southeast-3", "ap-southeast-1"),
    ("ap-southeast-4", "ap-southeast-2"),
    ("ap-southeast-5", "ap-southeast-1"),
    ("ap-southeast-6", "ap-southeast-2"),
    ("ap-southeast-7", "ap-southeast-1"),
    ("ca-west-1", "us-west-2"),
    ("cn-north-1", "ap-northeast-2"),
    ("cn-northwest-1", "ap-northeast-2"),
    ("eu-central-2", "eu-south-1"),
    ("eu-south-2", "eu-west-3"),
    ("il-central-1", "me-south-1"),
    ("me-central-1", "me-south-1"),
    ("mx-central-1", "us-east-2"),
    ("us-gov-east-1", "us-east-2"),
    ("us-gov-west-1", "us-west-2"),
];

/// The regions that offered serverless endpoints when the built-in table was made.
const WITH_SERVERLESS: [&str; 21] = [
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
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
];

/// The region with serverless endpoints that is nearest to one without: on the map for AWS's
/// regions, by its letters for a name that may be a typing error.
pub(super) fn nearest_region(region: &str) -> &'static str {
    let listed = NEAREST.iter().find(|(without, _)| *without == region);
    let letters = |with: &&str| strsim::damerau_levenshtein(with, region);
    let likest = || WITH_SERVERLESS.into_iter().min_by_key(letters);
    let nearest = listed.map(|(_, nearest)| *nearest).or_else(likest);
    nearest.unwrap_or("us-east-1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::PriceTable;

    #[test]
    fn the_regions_are_those_of_the_table_and_each_other_one_has_a_nearest() {
        let table = PriceTable::bundled().unwrap();
        let priced: Vec<&str> = table.regions().map(|it| it.region.as_str()).collect();
        assert_eq!(priced, WITH_SERVERLESS);
        for (without, nearest) in NEAREST {
            assert!(table.region(without).is_err(), "{without} is priced");
            assert!(table.region(nearest).is_ok(), "{nearest} is not priced");
            assert_eq!(nearest_region(without), nearest);
        }
    }

    #[test]
    fn a_typing_error_is_compared_letter_by_letter() {
        for (typed, meant) in [
            ("eu-centrall-1", "eu-central-1"),
            ("us-esat-1", "us-east-1"),
            ("ap-southeast-9", "ap-southeast-1"),
        ] {
            assert_eq!(nearest_region(typed), meant);
        }
    }
}
