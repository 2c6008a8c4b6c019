//! PURE: the hidden first line of a comment: which gate and run it is of, and what it showed.
//! Written and read here only.
//!
//! `<!-- sagegate key=ci/churn@us-east-1/0f3c9a1d sha=8f31c2e run=1842-1 at=2026-11-22T10:12:09Z
//! -->` on one line, with fields behind these where a label can accept what the comment shows.
//! Comments outlive the program that wrote them: names and form stay.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest as _, Sha256};

use crate::analysis::Strategy;
use crate::gate::{Acceptance, EarlierComment, Shown};
use crate::result::RunResult;
use crate::text::hex;

const START: &str = "<!-- sagegate ";
const END: &str = " -->";
/// Longest line that is read, in bytes: longer than any that is written.
const MAX_LINE: usize = 32_768;
/// Most fields that are read.
const MAX_FIELDS: usize = 64;
/// Bytes of a value that are written.
const MAX_VALUE: usize = 1000;
/// The commit of a run that knows none.
const NO_COMMIT: &str = "unknown";

/// Between a model of a workflow and its leg: no encoded text holds it.
const LEG: char = '@';
/// Hexadecimal digits of what a leg measures.
const LEG_DIGITS: usize = 8;

/// Which gate a comment belongs to: each leg of a model in a workflow has its own. Kept verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Workflow and model.
    model: String,
    /// Of several legs, which; `None` for a run that ended before that was known, and for comments
    /// of versions that did not tell them apart.
    leg: Option<String>,
}

/// One of the runs that a workflow makes of a model: in a region, with samples and a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// AWS region.
    pub region: String,
    /// The samples as given: a file or folder, whose content a pull request may change.
    pub samples: String,
    /// How the size is chosen.
    pub strategy: String,
}

impl Leg {
    /// The leg that a run is.
    pub fn of(run: &RunResult, strategy: Strategy) -> Self {
        Self {
            region: run.region.clone(),
            samples: run.samples.source.clone(),
            strategy: strategy.to_string(),
        }
    }

    /// `us-east-1/0f3c9a1d`. The samples are hashed: a path is nobody's business.
    fn text(&self) -> String {
        let measured = format!("{}\n{}", self.samples, self.strategy);
        let hash = hex(&Sha256::digest(measured));
        let short: String = hash.chars().take(LEG_DIGITS).collect();
        format!("{}/{short}", encoded(&self.region))
    }
}

impl Key {
    /// The key of a model in a workflow; without one, outside CI.
    pub fn new(model: &str, workflow: Option<&str>) -> Self {
        let model = match workflow {
            Some(workflow) => encoded(&format!("{workflow}/{model}")),
            None => encoded(model),
        };
        Self { model, leg: None }
    }

    /// The key of one leg.
    #[must_use]
    pub fn of_leg(self, leg: &Leg) -> Self {
        Self {
            leg: Some(leg.text()),
            ..self
        }
    }

    /// Whether both are of one model in one workflow, and only the other names a leg of it.
    pub fn is_without_the_leg_of(&self, other: &Self) -> bool {
        self.model == other.model && self.leg.is_none() && other.leg.is_some()
    }

    fn parse(text: &str) -> Self {
        match text.split_once(LEG) {
            Some((model, leg)) => Self {
                model: model.to_owned(),
                leg: Some(leg.to_owned()),
            },
            None => Self {
                model: text.to_owned(),
                leg: None,
            },
        }
    }

    /// The model, if the key is one of this workflow.
    pub fn model_in(&self, workflow: &str) -> Option<String> {
        let model = self.model.strip_prefix(&encoded(&format!("{workflow}/")))?;
        let model = percent_decode_str(model).decode_utf8().ok()?;
        (!model.is_empty()).then(|| model.into_owned())
    }
}

/// The key as written.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.model)?;
        match &self.leg {
            Some(leg) => write!(f, "{LEG}{leg}"),
            None => Ok(()),
        }
    }
}

/// The fields of the line. Texts may be untrusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// Which gate.
    pub key: Key,
    /// The commit that the comment is about, where known.
    pub commit: Option<String>,
    /// The run that wrote the comment: in CI `1842-1`, its number and attempt.
    pub run: Option<String>,
    /// When that run ended.
    pub at: Option<Timestamp>,
    /// What a label accepts later.
    pub shown: Option<Shown>,
    /// What a label has accepted already.
    pub acceptance: Option<Acceptance>,
}

/// Writes the line, without a line end.
impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}key={}", self.key)?;
        let mut field = |name: &str, value: &str| write!(f, " {name}={}", encoded(value));
        field("sha", self.commit.as_deref().unwrap_or(NO_COMMIT))?;
        if let Some(run) = &self.run {
            field("run", run)?;
        }
        if let Some(at) = &self.at {
            field("at", &at.to_string())?;
        }
        if let Some(shown) = &self.shown {
            field("shown", &shown.to_string())?;
        }
        if let Some(acceptance) = &self.acceptance {
            field("accepted", &acceptance.shown.to_string())?;
            field("accepted-by", &acceptance.by)?;
            field("accepted-at", &acceptance.at.to_string())?;
            if let Some(commit) = &acceptance.commit {
                field("accepted-sha", commit)?;
            }
        }
        f.write_str(END)
    }
}

impl Marker {
    /// The marker on the first line of a comment; `None` without one, or when it has no key. A
    /// field that cannot be read is left out.
    pub fn parse(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let fields = line.strip_prefix(START)?.strip_suffix(END)?;
        if line.len() > MAX_LINE || fields.contains("--") {
            return None;
        }
        let fields = Fields(
            fields
                .split_ascii_whitespace()
                .take(MAX_FIELDS)
                .filter_map(|field| field.split_once('='))
                .collect(),
        );
        Some(Self {
            key: Key::parse(fields.0.get("key")?),
            commit: fields.text("sha").filter(|commit| commit != NO_COMMIT),
            run: fields.text("run"),
            at: fields.parsed("at"),
            shown: fields.parsed("shown"),
            acceptance: fields.acceptance(),
        })
    }

    /// Whether this one was written by a later run. Runs of CI are in the order of their numbers,
    /// regardless of clocks and waiting times; attempts of one run, and everything outside CI, by
    /// time.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let runs = match (self.run_number(), other.run_number()) {
            (Some(own), Some(others)) => own.cmp(&others),
            (Some(_) | None, _) => Ordering::Equal,
        };
        let times = match (self.at, other.at) {
            (Some(own), Some(others)) => own.cmp(&others),
            (Some(_) | None, _) => Ordering::Equal,
        };
        runs.then(times).is_gt()
    }

    /// The comment, as a label may accept it. `changed_at` is when it was last changed, by GitHub's
    /// clock.
    pub fn comment(self, changed_at: Option<Timestamp>) -> EarlierComment {
        EarlierComment {
            changed_at,
            commit: self.commit,
            shown: self.shown,
            acceptance: self.acceptance,
        }
    }

    /// Number and attempt of the CI run: `1842-1` or `1842/1`.
    fn run_number(&self) -> Option<(u64, u64)> {
        let (run, attempt) = self.run.as_ref()?.split_once(['-', '/'])?;
        Some((run.parse().ok()?, attempt.parse().ok()?))
    }
}

/// Values as they are written, by the name of their field.
struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl Fields<'_> {
    fn text(&self, name: &str) -> Option<String> {
        decoded(self.0.get(name)?)
    }

    fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    fn acceptance(&self) -> Option<Acceptance> {
        Some(Acceptance {
            shown: self.parsed("accepted")?,
            by: self.text("accepted-by")?,
            at: self.parsed("accepted-at")?,
            commit: self.text("accepted-sha"),
        })
    }
}

/// Characters not encoded in a value, except for adjacent dashes.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'_')
    .remove(b'/')
    .remove(b':')
    .remove(b'-');

/// A value that neither ends the comment nor looks like a second field: everything but letters,
/// digits and `._/:-` is written as `%` and hexadecimal bytes. Of a longer value the first thousand
/// bytes are taken.
fn encoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let encoded = percent_encode(bytes.get(..MAX_VALUE).unwrap_or(bytes), KEPT).to_string();
    // A comment may not contain `--`, and this value may stand beside its dashes.
    let encoded = match encoded.strip_prefix('-') {
        Some(rest) => format!("%2D{rest}"),
        None => encoded,
    };
    let encoded = encoded.replace("--", "-%2D");
    match encoded.strip_suffix('-') {
        Some(rest) => format!("{rest}%2D"),
        None => encoded,
    }
}

/// The value that is written like this; `None` when no value is.
fn decoded(text: &str) -> Option<String> {
    let value = percent_decode_str(text).decode_utf8().ok()?;
    (encoded(&value) == text).then(|| value.into_owned())
}

#[cfg(test)]
mod tests;
