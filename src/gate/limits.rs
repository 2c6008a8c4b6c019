//! What the user allows: `10%`, `20ms`, `$0.20`, `1024`, `off`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::units::{LatencyMs, Ratio, Usd};

/// Allowed increase of the recommended memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryLimit {
    /// Not judged.
    Off,
    /// At most this many megabytes more.
    Megabytes(u32),
}

/// Allowed increase of a latency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum LatencyLimit {
    /// Not judged.
    Off,
    /// Relative to the baseline.
    Relative(Ratio),
    /// In milliseconds.
    Absolute(LatencyMs),
}

/// Allowed increase of a cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum CostLimit {
    /// Not judged.
    Off,
    /// Relative to the baseline.
    Relative(Ratio),
    /// In US dollars per million invocations.
    Absolute(Usd),
}

/// An absolute bound of a latency, for example `250ms`; needs no baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencyCeiling(pub LatencyMs);

/// An absolute bound of the cost per million, for example `$12`; needs no baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CostCeiling(pub Usd);

/// Everything that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// `--max-memory-increase`.
    pub max_memory_increase: MemoryLimit,
    /// `--max-p99-increase`.
    pub max_p99_increase: LatencyLimit,
    /// `--max-p99`.
    pub max_p99: Option<LatencyCeiling>,
    /// `--max-cost-increase`.
    pub max_cost_increase: CostLimit,
    /// `--max-cost`.
    pub max_cost: Option<CostCeiling>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_memory_increase: MemoryLimit::Megabytes(0),
            max_p99_increase: LatencyLimit::Relative(Ratio(0.10)),
            max_p99: None,
            max_cost_increase: CostLimit::Relative(Ratio(0.05)),
            max_cost: None,
        }
    }
}

/// The text is not a limit, with a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` {problem}")]
pub struct LimitError {
    text: String,
    problem: String,
}

impl LimitError {
    fn new(text: &str, problem: impl Into<String>) -> Self {
        Self {
            text: text.to_owned(),
            problem: problem.into(),
        }
    }
}

impl FromStr for MemoryLimit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let number = text.strip_suffix("MB").unwrap_or(text).trim();
        let megabytes: u32 = number
            .parse()
            .ok()
            .ok_or_else(|| LimitError::new(text, "is not a number of MB, use 0, 1024 or off"))?;
        if megabytes.is_multiple_of(1024) && megabytes <= 5120 {
            Ok(Self::Megabytes(megabytes))
        } else {
            Err(LimitError::new(
                text,
                "is not a step between memory sizes, use 0, 1024, … 5120 or off",
            ))
        }
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Megabytes(megabytes) => write!(f, "{megabytes}"),
        }
    }
}

impl FromStr for LatencyLimit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        if let Some(ms) = text.strip_suffix("ms") {
            return Ok(Self::Absolute(LatencyMs(number(text, ms)?)));
        }
        percent(text, "10%, 20ms or off").map(Self::Relative)
    }
}

impl fmt::Display for LatencyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Relative(ratio) => write!(f, "{}%", tidy(ratio.percent())),
            Self::Absolute(latency) => write!(f, "{}ms", latency.get()),
        }
    }
}

impl FromStr for CostLimit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        if let Some(dollars) = text.strip_prefix('$') {
            return Ok(Self::Absolute(Usd(number(text, dollars)?)));
        }
        percent(text, "5%, $0.20 or off").map(Self::Relative)
    }
}

impl fmt::Display for CostLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Relative(ratio) => write!(f, "{}%", tidy(ratio.percent())),
            Self::Absolute(cost) => write!(f, "${}", cost.get()),
        }
    }
}

impl FromStr for LatencyCeiling {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_suffix("ms") {
            Some(ms) => Ok(Self(LatencyMs(positive(text, ms)?))),
            None => Err(missing_unit(text, |bare| format!("{bare}ms"), "250ms")),
        }
    }
}

impl FromStr for CostCeiling {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A shell makes `2` of an unquoted `$12`, so the sign may be left out.
        let dollars = text.strip_prefix('$').unwrap_or(text);
        if dollars.trim().parse::<f64>().is_err() {
            return Err(LimitError::new(text, "is not a limit, use for example $12"));
        }
        Ok(Self(Usd(positive(text, dollars)?)))
    }
}

/// At most six decimals, without digits such as those of `0.1 + 0.2`.
fn tidy(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

fn number(text: &str, digits: &str) -> Result<f64, LimitError> {
    match digits.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        Ok(_) => Err(LimitError::new(text, "must be 0 or more")),
        Err(_) => Err(LimitError::new(text, "is not a number with a unit")),
    }
}

fn positive(text: &str, digits: &str) -> Result<f64, LimitError> {
    match number(text, digits)? {
        value if value > 0.0 => Ok(value),
        _ => Err(LimitError::new(text, "must be more than 0")),
    }
}

/// An increase in percent. Without a sign, or at 100 % and more, the user most likely meant
/// something else.
fn percent(text: &str, forms: &str) -> Result<Ratio, LimitError> {
    let Some(digits) = text.strip_suffix('%') else {
        return Err(match text.parse::<f64>() {
            Ok(bare) => LimitError::new(
                text,
                format!("has no unit, did you mean {}%?", increase_meant(bare)),
            ),
            Err(_) => LimitError::new(text, format!("is not a limit, use {forms}")),
        });
    };
    let value = number(text, digits)?;
    if value >= 100.0 {
        let meant = increase_meant(value);
        return Err(LimitError::new(
            text,
            format!("would allow more than twice the baseline, did you mean {meant}%?"),
        ));
    }
    Ok(Ratio(value / 100.0))
}

/// `110` was most likely meant as "110 % of the baseline", an increase of 10 %.
fn increase_meant(value: f64) -> f64 {
    match value {
        100.0..200.0 => tidy(value - 100.0),
        0.0..100.0 => value,
        _ => 10.0,
    }
}

fn missing_unit(text: &str, with_unit: impl Fn(&str) -> String, example: &str) -> LimitError {
    match text.parse::<f64>() {
        Ok(_) => LimitError::new(
            text,
            format!("has no unit, did you mean {}?", with_unit(text)),
        ),
        Err(_) => LimitError::new(text, format!("is not a limit, use for example {example}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem<T: FromStr<Err = LimitError> + fmt::Debug>(text: &str) -> String {
        text.parse::<T>().unwrap_err().to_string()
    }

    #[test]
    fn every_form_is_read_and_printed_again() {
        for text in ["10%", "7.5%", "20ms", "off", "0%"] {
            assert_eq!(text.parse::<LatencyLimit>().unwrap().to_string(), text);
        }
        for text in ["5%", "$0.2", "off"] {
            assert_eq!(text.parse::<CostLimit>().unwrap().to_string(), text);
        }
        for text in ["0", "1024", "off"] {
            assert_eq!(text.parse::<MemoryLimit>().unwrap().to_string(), text);
        }
        assert_eq!(
            "250ms".parse::<LatencyCeiling>().unwrap().0,
            LatencyMs(250.0)
        );
        for text in ["$12", "12", "12.0"] {
            assert_eq!(text.parse::<CostCeiling>().unwrap().0, Usd(12.0));
        }
    }

    #[test]
    fn a_likely_mistake_is_refused_with_what_was_meant() {
        assert_eq!(
            problem::<LatencyLimit>("110%"),
            "`110%` would allow more than twice the baseline, did you mean 10%?"
        );
        assert_eq!(
            problem::<LatencyLimit>("110"),
            "`110` has no unit, did you mean 10%?"
        );
        assert_eq!(
            problem::<CostLimit>("5"),
            "`5` has no unit, did you mean 5%?"
        );
        assert_eq!(
            problem::<LatencyCeiling>("250"),
            "`250` has no unit, did you mean 250ms?"
        );
        assert_eq!(
            problem::<CostCeiling>("12%"),
            "`12%` is not a limit, use for example $12"
        );
    }

    #[test]
    fn a_wrong_unit_and_a_negative_number_are_refused() {
        assert_eq!(
            problem::<LatencyLimit>("$3"),
            "`$3` is not a limit, use 10%, 20ms or off"
        );
        assert_eq!(
            problem::<CostLimit>("20ms"),
            "`20ms` is not a limit, use 5%, $0.20 or off"
        );
        assert_eq!(problem::<LatencyLimit>("-5%"), "`-5%` must be 0 or more");
        assert_eq!(problem::<CostCeiling>("$0"), "`$0` must be more than 0");
        assert_eq!(
            problem::<MemoryLimit>("500"),
            "`500` is not a step between memory sizes, use 0, 1024, … 5120 or off"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn any_text_is_a_limit_or_an_error_that_shows_it(text in ".{0,12}") {
            for error in [
                text.parse::<LatencyLimit>().err(),
                text.parse::<CostLimit>().err(),
                text.parse::<MemoryLimit>().err(),
            ].into_iter().flatten() {
                let shown = format!("`{text}`");
                prop_assert!(error.to_string().contains(&shown));
            }
        }
    }
}
