//! Why prices cannot be used.

use super::known::nearest_region;
use crate::hint::hinted;
use crate::text::one_line;

/// Where AWS publishes its price lists by region.
pub(super) const OFFER_INDEX: &str = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/region_index.json";
/// A price file in short.
const EXAMPLE: &str = r#"{"schema":1,"published":"2026-09-22","regions":{"eu-west-1":{"serverless_usd_per_gb_second":…,"data_in_usd_per_gb":…,"data_out_usd_per_gb":…,"instances_usd_per_hour":{"ml.t2.medium":…,"ml.c5.large":…,"ml.c5.xlarge":…}}}}"#;

hinted! {
    /// Why prices cannot be used.
    pub enum PriceError {
        /// The file is not a price table.
        #[error("prices `{name}`: {reason}")]
        #[hint(Some(by_hand()))]
        Malformed {
            /// The file.
            name: String,
            /// What is wrong.
            reason: String,
        },
        /// The file is not AWS's offer file of SageMaker, or not as AWS used to write it.
        #[error("offer file `{name}`: {reason}")]
        #[hint(Some(format!(
            "`sagegate prices --region REGION` downloads the region's file that {OFFER_INDEX} points to; if this is that file, AWS has changed it: {}",
            by_hand()
        )))]
        Offer {
            /// The file.
            name: String,
            /// What is wrong.
            reason: String,
        },
        /// There is no price for the region, and another region's would be wrong.
        #[error(
            "no SageMaker Serverless prices are known for region `{}`",
            one_line(region)
        )]
        #[hint(Some(format!("ask AWS for them with --prices latest, or {}", by_hand())))]
        UnknownRegion {
            /// The region.
            region: String,
        },
        /// AWS's price list of the region has no serverless endpoints.
        #[error("AWS offers no serverless endpoints in region `{}`", one_line(region))]
        #[hint(Some(nearest(region)))]
        NoServerless {
            /// The region.
            region: String,
        },
        /// AWS's price list has no such region.
        #[error("AWS's price list has no region `{}`", one_line(region))]
        #[hint(Some(nearest(region)))]
        NoSuchRegion {
            /// The region.
            region: String,
        },
    }
}

fn by_hand() -> String {
    format!("give prices with --prices FILE, a JSON file like {EXAMPLE}")
}

fn nearest(region: &str) -> String {
    let nearest = nearest_region(region);
    format!("the nearest region that has them is {nearest}: pass --region {nearest}")
}
