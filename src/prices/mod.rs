//! What SageMaker charges, by region: a dated table in the program, AWS's own price list, and files
//! that override both.

mod error;
mod known;
mod offer;
mod region;
mod table;

pub use self::error::PriceError;
pub use self::offer::{price_file_from_offer, regional_offer, regional_price_file};
pub use self::region::{ASSUMED_DATA_USD_PER_GB, DatedPrices, PriceSource, RegionPrices};
pub use self::table::PriceTable;

#[cfg(test)]
mod tests;
