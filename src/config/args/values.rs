//! Values of flags: how they are parsed, and their error messages.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use crate::benchmark::is_run_id;
use crate::github::{Token, TokenError};
use crate::samples::check_content_type;
use crate::units::{MemoryMb, Ratio, UnknownMemorySize};

/// A token as it was given. Any text is taken, so that no message of the parser repeats it.
#[derive(Debug, Clone)]
pub struct GivenToken(Result<Token, TokenError>);

impl FromStr for GivenToken {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.parse()))
    }
}

impl GivenToken {
    /// The token, or why it is not one; `None` when the text was empty.
    pub fn token(&self) -> Option<Result<Token, TokenError>> {
        (!matches!(self.0, Err(TokenError::Empty))).then(|| self.0.clone())
    }
}

/// A variable of a container as it was given. Any text is taken, so that no message of the parser
/// repeats it.
#[derive(Clone)]
pub struct GivenVariable(Option<(String, String)>);

/// Prints no value.
impl fmt::Debug for GivenVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenVariable(***)")
    }
}

impl FromStr for GivenVariable {
    type Err = Infallible;

    /// `KEY=VALUE`, with a key as AWS takes it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_key = |key: &str| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && key.chars().all(is_part)
        };
        let pair = text.split_once('=').filter(|(key, _)| is_key(key));
        Ok(Self(
            pair.map(|(key, value)| (key.to_owned(), value.to_owned())),
        ))
    }
}

impl GivenVariable {
    /// Name and value; `None` for what is no variable.
    pub fn pair(&self) -> Option<&(String, String)> {
        self.0.as_ref()
    }
}

/// `20m`, `90s`, `1h 30m`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let explain = || format!("`{text}` is not a time, use for example 90s, 20m or 1h");
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|time| Duration::try_from(time).ok())
        .ok_or_else(explain)
}

/// A duration that AWS allows a processing job: a second to nine days.
pub(super) fn parse_job_timeout(text: &str) -> Result<Duration, String> {
    let timeout = parse_duration(text)?;
    if (Duration::from_secs(1)..=Duration::from_hours(9 * 24)).contains(&timeout) {
        Ok(timeout)
    } else {
        Err(format!("`{text}` must be between 1s and 216h"))
    }
}

/// `team=risk`.
pub(super) fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err(format!("`{text}` is not a pair, use KEY=VALUE")),
    }
}

/// `1842-1`: the run id of a ledger, of a comment's last line, or of the tag `sagegate:run`.
pub(super) fn parse_run_id(text: &str) -> Result<String, String> {
    if is_run_id(text) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is not a run id: at most 40 lower-case letters, digits and hyphens, for example 1842-1"
        ))
    }
}

/// `text/csv`: what can be a header of HTTP.
pub(super) fn parse_content_type(text: &str) -> Result<String, String> {
    match check_content_type(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(reason) => Err(format!("it {reason}")),
    }
}

/// `1024`, with a guess for other numbers.
pub(super) fn parse_memory(text: &str) -> Result<MemoryMb, String> {
    text.parse()
        .map_err(|error: UnknownMemorySize| match error.hint() {
            Some(hint) => format!("{error}, {hint}"),
            None => error.to_string(),
        })
}

fn number_in(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// `1.75`.
pub(super) fn parse_multiplier(text: &str) -> Result<f64, String> {
    let explain = || {
        format!("`{text}` is not a multiplier, use a number that is more than 0 and at most 100")
    };
    let number: f64 = number_in(text).ok_or_else(explain)?;
    if number > 0.0 && number <= 100.0 {
        Ok(number)
    } else {
        Err(explain())
    }
}

/// `0.1%`: without its sign, 0.1 could be a tenth of all calls or of a percent.
pub(super) fn parse_share(text: &str) -> Result<Ratio, String> {
    let explain =
        || format!("`{text}` is not a share of calls, use for example 0.1% (at most 100%)");
    let number = text.trim().strip_suffix('%').ok_or_else(explain)?;
    let percent: f64 = number_in(number).ok_or_else(explain)?;
    if (0.0..=100.0).contains(&percent) {
        Ok(Ratio(percent / 100.0))
    } else {
        Err(explain())
    }
}

/// `20/s` or `90/m`: arrivals per second.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    let explain =
        || format!("`{text}` is not a rate, use for example 20/s or 90/m (at most 10000/s)");
    let (number, unit) = text.trim().split_once('/').ok_or_else(explain)?;
    let number: f64 = number_in(number).ok_or_else(explain)?;
    let per_second = match unit.trim() {
        "s" => number,
        "m" => number / 60.0,
        _ => return Err(explain()),
    };
    if per_second > 0.0 && per_second <= 10_000.0 {
        Ok(per_second)
    } else {
        Err(explain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("20m", 1200), ("1h 30m", 5400)] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert!(parse_duration("-5s").is_err());
    }

    #[test]
    fn rates_shares_and_multipliers_need_a_sensible_number() {
        assert_eq!(parse_rate("20/s"), Ok(20.0));
        assert_eq!(parse_rate("90 / m"), Ok(1.5));
        for text in ["20", "0/s", "-1/s", "NaN/s", "1e9/s", "5/h"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
        assert_eq!(parse_share("0.1%"), Ok(Ratio(0.001)));
        for text in ["0.1", "101%", "-1%", "NaN%", "%"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
        assert_eq!(parse_multiplier("1.75"), Ok(1.75));
        for text in ["0", "-1", "x", "inf", "NaN"] {
            assert!(parse_multiplier(text).is_err(), "{text}");
        }
    }
}
