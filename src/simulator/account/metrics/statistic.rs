//! The statistics that a query may ask for.

use crate::simulator::validate::ApiError;

/// A statistic of a period.
#[derive(Debug, Clone, Copy)]
pub(super) enum Statistic {
    SampleCount,
    Sum,
    Average,
    Minimum,
    Maximum,
    /// Percent, 0 to 100, by nearest rank.
    Percentile(f64),
}

impl Statistic {
    /// By CloudWatch's name, for example `p99.9`.
    pub(super) fn parse(name: &str) -> Result<Self, ApiError> {
        let percentile = || {
            let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
            (0.0..=100.0)
                .contains(&percent)
                .then_some(Self::Percentile(percent))
        };
        match name {
            "SampleCount" => Ok(Self::SampleCount),
            "Sum" => Ok(Self::Sum),
            "Average" => Ok(Self::Average),
            "Minimum" => Ok(Self::Minimum),
            "Maximum" => Ok(Self::Maximum),
            _ => percentile().ok_or_else(|| {
                invalid(&format!(
                    "The value {name} for parameter Stat is not supported."
                ))
            }),
        }
    }
}

/// The error of a member with a value that it must not have.
pub(super) fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", message)
}
