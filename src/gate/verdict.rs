//! The one enum that decides headline, table, annotations and exit code.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::exit::ExitStatus;

/// The outcome of a run.
///
/// | verdict | when | symbol | exit |
/// |---|---|---|---|
/// | pass | every gated metric is within its limit | ✅ | 0 |
/// | fail | at least one gated metric is beyond its limit | ❌ | 1 |
/// | accepted | it would fail, and exactly these values were accepted | 🟡 | 0 |
/// | no baseline | nothing stored yet | ⚪ | 0, or 1 with `--on-no-baseline fail` |
/// | inconclusive | unlike settings, few calls, noise | ⚪ | 0, or 1 with `--on-inconclusive fail` |
/// | not run | a fork's pull request: no access | ⛔ | 0, or 1 with `--on-no-credentials fail` |
/// | could not measure | every size failed, or AWS did | ⛔ | 3 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every gated metric is within its limit.
    Pass,
    /// At least one gated metric is beyond its limit.
    Fail,
    /// It would fail, and exactly these values were accepted for this pull request.
    Accepted,
    /// Nothing stored yet to compare with.
    NoBaseline,
    /// Unlike settings, too few calls, or too much noise.
    Inconclusive,
    /// No AWS credentials: nothing was created.
    NotRun,
    /// AWS, network or tool error, or every size failed.
    CouldNotMeasure,
}

/// What a verdict that judges nothing does to the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escalation {
    /// Exit code 0.
    #[default]
    Warn,
    /// Exit code 1.
    Fail,
}

/// A text that is neither `warn` nor `fail`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is neither warn nor fail")]
pub struct UnknownEscalation(String);

impl FromStr for Escalation {
    type Err = UnknownEscalation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "warn" => Ok(Self::Warn),
            "fail" => Ok(Self::Fail),
            _ => Err(UnknownEscalation(text.to_owned())),
        }
    }
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// The user's choice for each verdict that judges nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// `--on-no-baseline`.
    pub on_no_baseline: Escalation,
    /// `--on-inconclusive`.
    pub on_inconclusive: Escalation,
    /// `--on-no-credentials`.
    pub on_no_credentials: Escalation,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 7] = [
        Self::Pass,
        Self::Fail,
        Self::Accepted,
        Self::NoBaseline,
        Self::Inconclusive,
        Self::NotRun,
        Self::CouldNotMeasure,
    ];

    /// How the process ends.
    pub const fn exit_status(self, policy: Policy) -> ExitStatus {
        match self {
            Self::Pass | Self::Accepted => ExitStatus::Success,
            Self::Fail => ExitStatus::Regression,
            Self::NoBaseline => escalate(policy.on_no_baseline),
            Self::Inconclusive => escalate(policy.on_inconclusive),
            Self::NotRun => escalate(policy.on_no_credentials),
            Self::CouldNotMeasure => ExitStatus::CouldNotMeasure,
        }
    }

    /// Name in the outputs of the action.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Accepted => "accepted",
            Self::NoBaseline => "no-baseline",
            Self::Inconclusive => "inconclusive",
            Self::NotRun => "not-run",
            Self::CouldNotMeasure => "could-not-measure",
        }
    }

    /// Symbol of the headline.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Pass => "✅",
            Self::Fail => "❌",
            Self::Accepted => "🟡",
            Self::NoBaseline | Self::Inconclusive => "⚪",
            Self::NotRun | Self::CouldNotMeasure => "⛔",
        }
    }
}

const fn escalate(escalation: Escalation) -> ExitStatus {
    match escalation {
        Escalation::Warn => ExitStatus::Success,
        Escalation::Fail => ExitStatus::Regression,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_verdicts_holds() {
        let strict = Policy {
            on_no_baseline: Escalation::Fail,
            on_inconclusive: Escalation::Fail,
            on_no_credentials: Escalation::Fail,
        };
        let rows: Vec<(&str, u8, u8)> = Verdict::ALL
            .iter()
            .map(|it| {
                (
                    it.symbol(),
                    it.exit_status(Policy::default()).code(),
                    it.exit_status(strict).code(),
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("✅", 0, 0),
                ("❌", 1, 1),
                ("🟡", 0, 0),
                ("⚪", 0, 1),
                ("⚪", 0, 1),
                ("⛔", 0, 1),
                ("⛔", 3, 3)
            ]
        );
    }

    #[test]
    fn each_escalation_touches_its_own_verdict_only() {
        let strict = Policy {
            on_no_baseline: Escalation::Fail,
            ..Policy::default()
        };
        let code = |it: Verdict| it.exit_status(strict).code();
        assert_eq!(code(Verdict::NoBaseline), 1);
        assert_eq!(code(Verdict::Inconclusive), 0);
        assert_eq!(code(Verdict::NotRun), 0);
    }

    #[test]
    fn escalations_are_read_as_printed() {
        for text in ["warn", "fail"] {
            assert_eq!(text.parse::<Escalation>().unwrap().to_string(), text);
        }
        assert!("maybe".parse::<Escalation>().is_err());
    }
}
