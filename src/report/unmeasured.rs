//! The report when there is no result: nothing was created, or AWS failed before anything was
//! measured.

use jiff::Timestamp;

use super::document::text;
use super::notes::labelled;
use super::sanitise::shortened;
use super::{Links, Report, footer, headline, marker};
use crate::gate::Verdict;
use crate::marker::{Key, Leg};

const MAX_REASON: usize = 600;
/// What fits the headline beside its fixed words and a short name.
const MAX_HEADLINE_REASON: usize = 70;

/// Why there is nothing to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmeasured<'a> {
    /// Whether nothing was tried: then the verdict is "not run", else "could not measure".
    pub verdict: UnmeasuredVerdict,
    /// Display name of the model.
    pub name: &'a str,
    /// Which of the model's runs in the workflow it is, where that is known.
    pub leg: Option<&'a Leg>,
    /// The commit, where known.
    pub commit: Option<&'a str>,
    /// Run id.
    pub run_id: &'a str,
    /// Version of sagegate.
    pub version: &'a str,
    /// When it was given up.
    pub at: Timestamp,
    /// Why, as a lowercase fragment; may hold untrusted words.
    pub reason: &'a str,
    /// A suggested fix; may hold untrusted words.
    pub hint: Option<&'a str>,
}

/// The verdicts without a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnmeasuredVerdict {
    /// No AWS credentials: nothing was created.
    NotRun,
    /// AWS, network or tool error.
    CouldNotMeasure,
    /// A result that was measured elsewhere cannot be used.
    CouldNotJudge,
}

/// Writes the report of a run without a result.
pub fn compose_unmeasured(it: &Unmeasured<'_>, links: &Links) -> Report {
    let (verdict, words) = match it.verdict {
        UnmeasuredVerdict::NotRun => (Verdict::NotRun, " not run: "),
        UnmeasuredVerdict::CouldNotMeasure => {
            (Verdict::CouldNotMeasure, " could not be measured: ")
        }
        UnmeasuredVerdict::CouldNotJudge => (Verdict::CouldNotMeasure, " could not be judged: "),
    };
    let short = shortened(it.reason, MAX_HEADLINE_REASON);
    let whole = shortened(it.reason, MAX_REASON);
    let paragraph = |label: &str, words: &str| labelled(label, vec![text(words)]);
    let why = (short != whole).then(|| paragraph("Why:", &whole));
    let key = Key::new(it.name, links.workflow.as_deref());
    let key = it.leg.into_iter().fold(key, Key::of_leg);
    let hint = it
        .hint
        .map(|hint| paragraph("What to do:", &shortened(hint, MAX_REASON)));
    Report {
        verdict,
        marker: marker(key, it.commit, it.run_id, it.at, links),
        headline: headline::assembled(verdict, it.name, vec![text(words), text(short)]),
        baseline: None,
        notes: Vec::new(),
        metrics: None,
        why: why.into_iter().collect(),
        commands: Vec::new(),
        beyond: Vec::new(),
        remedy: hint,
        sizes: None,
        sections: Vec::new(),
        container_log: None,
        footer: footer(it.commit, it.run_id, it.version, links),
        is_judged: true,
    }
}
