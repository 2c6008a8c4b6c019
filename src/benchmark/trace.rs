//! PURE: a file of arrival times.

use thiserror::Error;

use super::load_plan::Arrivals;
use crate::text::quoted;

/// Arrivals of one trace, at most.
const MOST_ARRIVALS: usize = 1_000_000;
/// A trace is replayed in real time: longer ones are a mistake.
const LONGEST_S: f64 = 86_400.0;

/// Why a trace cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("--trace: `{source_name}`{}: {reason}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct TraceError {
    /// The file.
    source_name: String,
    /// From 1.
    line: Option<usize>,
    reason: String,
}

impl Arrivals {
    /// Reads seconds, one number a line, in any order; `#` begins a comment. The first arrival
    /// becomes zero, so that Unix times will do. `source` is for messages.
    ///
    /// # Errors
    /// [`TraceError`], naming the line.
    pub fn from_trace(text: &str, source: &str) -> Result<Self, TraceError> {
        let error = |line: Option<usize>, reason: String| TraceError {
            source_name: source.to_owned(),
            line,
            reason,
        };
        let mut times = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let number = line.split('#').next().unwrap_or_default().trim();
            if number.is_empty() {
                continue;
            }
            let time: Option<f64> = number.parse().ok();
            let Some(time) = time.filter(|time| time.is_finite()) else {
                let reason = format!(
                    "`{}` is not a time, use seconds, for example 12.5",
                    quoted(number)
                );
                return Err(error(Some(index + 1), reason));
            };
            times.push(time);
        }
        times.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
            return Err(error(
                None,
                "it lists no arrival, one number a line".to_owned(),
            ));
        };
        if times.len() > MOST_ARRIVALS {
            let reason = format!("{} arrivals are more than {MOST_ARRIVALS}", times.len());
            return Err(error(None, reason));
        }
        if last - first > LONGEST_S {
            let reason = format!(
                "it spans {:.0} s, and is replayed in real time: a day at most",
                last - first
            );
            return Err(error(None, reason));
        }
        Ok(Self::Trace {
            source: source.to_owned(),
            offsets_s: times.into_iter().map(|time| time - first).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offsets(text: &str) -> Result<Vec<f64>, String> {
        match Arrivals::from_trace(text, "t.txt") {
            Ok(Arrivals::Trace { offsets_s, .. }) => Ok(offsets_s),
            Ok(Arrivals::ConstantRate { .. }) => Err("not a trace".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn times_are_sorted_and_start_at_zero() {
        let text = "# seconds\n1700000002.5\n1700000001  # first\n\n1700000002\n";
        assert_eq!(offsets(text), Ok(vec![0.0, 1.0, 1.5]));
    }

    #[test]
    fn what_is_no_trace_is_named_with_its_line() {
        for (text, message) in [
            (
                "1\nsoon\n",
                "--trace: `t.txt` line 2: `soon` is not a time, use seconds, for example 12.5",
            ),
            (
                "1\nNaN\n",
                "--trace: `t.txt` line 2: `NaN` is not a time, use seconds, for example 12.5",
            ),
            (
                "# none\n",
                "--trace: `t.txt`: it lists no arrival, one number a line",
            ),
            (
                "0\n1e9\n",
                "--trace: `t.txt`: it spans 1000000000 s, and is replayed in real time: a day at most",
            ),
        ] {
            assert_eq!(offsets(text), Err(message.to_owned()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_is_ascending_offsets_or_an_error(text in "[0-9.e\\-\n #x]{0,60}") {
            if let Ok(offsets) = offsets(&text) {
                prop_assert!(offsets.first() == Some(&0.0));
                prop_assert!(offsets.windows(2).all(|pair| pair[0] <= pair[1]));
            }
        }
    }
}
