//! Quantities with their unit in the type: memory, money, time, bytes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Memory of a serverless endpoint in megabytes: one of [`MemoryMb::OFFERED`].
///
/// Source: `ServerlessMemorySizeInMB` in the `SageMaker` API reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct MemoryMb(u32);

impl MemoryMb {
    /// Every size that `SageMaker` Serverless Inference offers, ascending.
    pub const OFFERED: [Self; 6] = [
        Self(1024),
        Self(2048),
        Self(3072),
        Self(4096),
        Self(5120),
        Self(6144),
    ];

    /// The number of megabytes.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number of gigabytes, 1 to 6: prices are linear in it.
    pub fn gigabytes(self) -> f64 {
        f64::from(self.0) / 1024.0
    }

    /// Position among the offered sizes, 0 for 1024 MB to 5 for 6144 MB.
    pub const fn index(self) -> u32 {
        self.0 / 1024 - 1
    }
}

/// A number that is not an offered memory size.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{value} is not a memory size that SageMaker Serverless offers (1024, 2048, 3072, 4096, 5120, 6144)"
)]
pub struct UnknownMemorySize {
    value: String,
    nearest: Option<u32>,
}

impl UnknownMemorySize {
    /// The offered size nearest to what was asked for.
    pub fn hint(&self) -> Option<String> {
        self.nearest
            .map(|nearest| format!("did you mean {nearest}?"))
    }
}

impl TryFrom<u32> for MemoryMb {
    type Error = UnknownMemorySize;

    fn try_from(value: u32) -> Result<Self, Self::Error> {
        if Self::OFFERED.contains(&Self(value)) {
            return Ok(Self(value));
        }
        let nearest = Self::OFFERED
            .iter()
            .map(|size| size.0)
            .min_by_key(|size| size.abs_diff(value));
        Err(UnknownMemorySize {
            value: value.to_string(),
            nearest,
        })
    }
}

impl From<MemoryMb> for u32 {
    fn from(size: MemoryMb) -> Self {
        size.0
    }
}

impl FromStr for MemoryMb {
    type Err = UnknownMemorySize;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().parse::<u32>() {
            Ok(value) => Self::try_from(value),
            Err(_) => Err(UnknownMemorySize {
                value: format!("`{}`", text.trim()),
                nearest: None,
            }),
        }
    }
}

/// Prints `2048 MB`.
impl fmt::Display for MemoryMb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MB", self.0)
    }
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            /// The bare number, in the unit of the type.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl std::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl std::ops::Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }
    };
}

quantity! {
    /// A duration in milliseconds.
    LatencyMs
}

quantity! {
    /// An amount of money in US dollars.
    Usd
}

/// A relative change: `0.1` is +10 %.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(pub f64);

impl Ratio {
    /// The bare fraction: `0.1` for 10 %.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The number of percent: `10.0` for `Ratio(0.1)`.
    pub fn percent(self) -> f64 {
        self.0 * 100.0
    }
}

/// `ms` to the microsecond: the one rounding of every time that is kept. More digits are noise that
/// would only make a file larger.
pub fn to_microsecond(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e3
}

/// A duration in milliseconds, to the microsecond.
pub fn milliseconds(duration: Duration) -> f64 {
    to_microsecond(duration.as_secs_f64() * 1e3)
}

/// A duration in seconds, to the microsecond.
pub fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}

/// A count as `u32`; the largest for one that does not fit.
pub fn saturating_u32(count: impl TryInto<u32>) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn milliseconds_keep_microseconds_and_survive_a_whole_day() {
        let close = |duration, expected: f64| (milliseconds(duration) - expected).abs() < 1e-9;
        assert!(close(Duration::from_nanos(1_234_567), 1.235));
        assert!(close(Duration::from_hours(24), 86_400_000.0));
        assert!((seconds(Duration::from_nanos(2_001_586_316)) - 2.001_586).abs() < 1e-9);
    }

    #[test]
    fn a_count_that_does_not_fit_is_the_largest() {
        assert_eq!(saturating_u32(7_usize), 7);
        assert_eq!(saturating_u32(u64::MAX), u32::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn what_is_rounded_stays_what_it_is(ms in 0.0..1e9_f64) {
            let once = to_microsecond(ms);
            prop_assert!((once - ms).abs() <= 0.000_501);
            prop_assert_eq!(to_microsecond(once).to_bits(), once.to_bits());
        }
    }

    #[test]
    fn an_offered_size_parses_and_prints_with_its_unit() {
        let size: MemoryMb = "2048".parse().unwrap();
        assert_eq!(
            (size.get(), size.index(), size.to_string().as_str()),
            (2048, 1, "2048 MB")
        );
        assert!((size.gigabytes() - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn another_number_is_refused_with_the_nearest_size() {
        let error = "2000".parse::<MemoryMb>().unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean 2048?"));
        assert!(error.to_string().starts_with("2000 is not a memory size"));
    }

    #[test]
    fn a_word_is_refused_without_a_guess() {
        let error = "big".parse::<MemoryMb>().unwrap_err();
        assert_eq!(error.hint(), None);
        assert!(error.to_string().starts_with("`big` is not"));
    }

    #[test]
    fn sizes_round_trip_through_json_as_numbers_and_bad_ones_are_refused() {
        let sizes: Vec<MemoryMb> = serde_json::from_str("[1024,6144]").unwrap();
        assert_eq!(serde_json::to_string(&sizes).unwrap(), "[1024,6144]");
        assert!(serde_json::from_str::<MemoryMb>("1500").is_err());
    }
}
