//! A regression that a label accepts: exactly the values that a comment showed, and nothing beyond
//! them.
//!
//! The comment keeps what it showed in its hidden first line. Whoever adds the label afterwards
//! accepts that; the next run keeps it there, so that a later commit is held to the same values.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::comparison::{Compared, MetricJudgement};
use super::metric::{Metric, Tail, number};
use super::noise::Between;
use super::window::latency_of;
use super::{Judgement, Notice, Verdict};
use crate::analysis::Analysis;

/// The label that accepts a regression.
pub const ACCEPT_LABEL: &str = "sagegate:accept";

/// What a family of metrics is accepted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Memory,
    Latency,
    Cost,
}

impl Family {
    const ALL: [Self; 3] = [Self::Memory, Self::Latency, Self::Cost];

    const fn of(metric: Metric) -> Self {
        match metric {
            Metric::RecommendedMemory => Self::Memory,
            Metric::Latency(_) | Metric::LatencyAllSizes(_) => Self::Latency,
            Metric::CostPerMillion | Metric::CostAllSizes => Self::Cost,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Latency => "latency",
            Self::Cost => "cost",
        }
    }
}

/// The numbers of a comment: every value that can fail, and which families of metrics failed.
///
/// As text: `failed:latency/memory:2048/p99:311.25/cost:6.1`, without anything that a hidden line
/// cannot hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown {
    failed: Vec<Family>,
    values: Vec<(String, f64)>,
}

impl Shown {
    /// What the comment of a judgement shows. The other measures of the tail are kept, too: which
    /// one is judged depends on the noise of the run.
    pub fn of(judgement: &Judgement, analysis: &Analysis) -> Self {
        let fails = |family: &Family| {
            let mut failing = judgement.failing();
            failing.any(|it| Family::of(it.metric) == *family)
        };
        let mut values: Vec<(String, f64)> = judgement
            .all_metrics()
            .filter_map(|it| Some((place(it), number(it.now()?))))
            .collect();
        let changes = judgement.metrics.iter().filter_map(|it| {
            let change = beside_reference(it)?.increase.get();
            Some((change_place(it), change))
        });
        values.extend(changes);
        let judged_size = judgement.metrics.latency.memory_mb;
        if let Some(size) = judged_size.and_then(|memory_mb| analysis.size(memory_mb)) {
            for tail in [Tail::P99, Tail::P95, Tail::P90, Tail::Slowest] {
                let place = tail_place(tail).to_owned();
                if let Some(latency) = latency_of(size, tail)
                    && values.iter().all(|(other, _)| *other != place)
                {
                    values.push((place, latency.get()));
                }
            }
        }
        Self {
            failed: Family::ALL.into_iter().filter(fails).collect(),
            values,
        }
    }

    /// Whether anything failed: what did not fail cannot be accepted.
    pub fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    fn value(&self, place: &str) -> Option<f64> {
        let found = self.values.iter().find(|(other, _)| other == place);
        found.map(|(_, value)| *value)
    }

    /// Whether a failing metric is within what was shown, give or take the noise of identical code.
    /// Beside a reference that is the change: the next job may have a faster machine or a slower
    /// one.
    fn covers(&self, judged: &MetricJudgement) -> bool {
        let beside = beside_reference(judged);
        let change = beside.and_then(|it| Some((it, self.value(&change_place(judged))?)));
        let within = match change {
            Some((it, shown)) => {
                let most = (1.0 + shown) * (1.0 + it.band.increase.get());
                let keeps_ceiling = judged.exceeded_ceiling().is_none();
                1.0 + it.increase.get() <= most && (keeps_ceiling || self.covers_value(judged))
            }
            None => self.covers_value(judged),
        };
        within && self.failed.contains(&Family::of(judged.metric))
    }

    fn covers_value(&self, judged: &MetricJudgement) -> bool {
        let (Some(shown), Some(now)) = (self.value(&place(judged)), judged.now()) else {
            return false;
        };
        let noise = 1.0 + judged.compared().map_or(0.0, |it| it.band.increase.get());
        match judged.metric {
            Metric::RecommendedMemory => number(now) <= shown,
            Metric::Latency(_) | Metric::CostPerMillion => number(now) <= shown * noise,
            // These are changes: +32 % is a factor of 1.32.
            Metric::LatencyAllSizes(_) | Metric::CostAllSizes => {
                1.0 + number(now) <= (1.0 + shown) * noise
            }
        }
    }
}

/// The comparison, where it is with a reference that was measured in turn.
fn beside_reference(judged: &MetricJudgement) -> Option<&Compared> {
    let is_of_pairs = |it: &&Compared| matches!(it.between, Between::Pairs(_));
    judged.compared().filter(is_of_pairs)
}

/// Where the change of a metric is kept.
fn change_place(judged: &MetricJudgement) -> String {
    format!("{}-change", place(judged))
}

/// Where the value of a metric is kept.
fn place(judged: &MetricJudgement) -> String {
    match judged.metric {
        Metric::RecommendedMemory => "memory",
        Metric::Latency(tail) => tail_place(tail),
        Metric::CostPerMillion => "cost",
        Metric::LatencyAllSizes(_) => "all-latency",
        Metric::CostAllSizes => "all-cost",
    }
    .to_owned()
}

const fn tail_place(tail: Tail) -> &'static str {
    match tail {
        // p99 of so few calls is the slowest one.
        Tail::P99 | Tail::Maximum => "p99",
        Tail::P95 => "p95",
        Tail::P90 => "p90",
        Tail::Slowest => "slowest",
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed.iter().map(|it| format!("failed:{}", it.name()));
        // Eight digits: a comment that says the same is the same to the byte.
        let values = self
            .values
            .iter()
            .map(|(place, value)| format!("{place}:{value:.8}"));
        f.write_str(&failed.chain(values).collect::<Vec<_>>().join("/"))
    }
}

/// A text that [`Shown`] did not write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not what a comment shows")]
pub struct UnknownShown(String);

impl FromStr for Shown {
    type Err = UnknownShown;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut shown = Self::default();
        for part in text.split('/') {
            let unknown = || UnknownShown(crate::text::one_line(part));
            let (place, value) = part.split_once(':').ok_or_else(unknown)?;
            if place == "failed" {
                let family = Family::ALL.into_iter().find(|it| it.name() == value);
                shown.failed.push(family.ok_or_else(unknown)?);
            } else {
                let number: f64 = value.parse().map_err(|_error| unknown())?;
                let number = Some(number).filter(|it| it.is_finite());
                shown
                    .values
                    .push((place.to_owned(), number.ok_or_else(unknown)?));
            }
        }
        Ok(shown)
    }
}

/// An acceptance and its author.
#[derive(Debug, Clone, PartialEq)]
pub struct Acceptance {
    /// Who added the label, untrusted.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The commit whose values were shown, where known.
    pub commit: Option<String>,
    /// What was accepted.
    pub shown: Shown,
}

/// Whose label counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MayAccept {
    /// What a person must hold in the repository; `None` for all who may label.
    pub permission: Option<Permission>,
    /// Whether programs may accept, too.
    pub bots: bool,
}

/// A permission in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// To write.
    Write,
    /// To maintain, which contains to write.
    Maintain,
    /// To administer, which contains to maintain.
    Admin,
}

impl Permission {
    /// As GitHub names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }
}

/// A text that names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a permission, use write, maintain or admin")]
pub struct UnknownPermission(String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Write, Self::Maintain, Self::Admin];
        let found = all.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

/// Why a label accepts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAccepted {
    /// There was no comment of this gate when the label was added.
    NothingShown,
    /// The comment showed no failure when the label was added.
    NothingFailed,
    /// The comment was changed after the label was added, or in the same second: what it showed may
    /// be lost.
    ChangedSince,
    /// A program added the label.
    ByBot,
    /// Who added the label does not hold the permission.
    NotPermitted(Permission),
    /// The values of this run are beyond those that were accepted.
    Exceeded,
    /// The run was stopped early: how bad it is is not known.
    StoppedEarly,
}

/// The label on the pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Who added it, untrusted.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The comment on the pull request, with the hidden values of its first line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EarlierComment {
    /// When it was last changed, by GitHub's clock; `None` where unknown.
    pub changed_at: Option<Timestamp>,
    /// The commit that it is about.
    pub commit: Option<String>,
    /// What it shows.
    pub shown: Option<Shown>,
    /// An acceptance that it keeps.
    pub acceptance: Option<Acceptance>,
}

impl Label {
    /// What the label accepts.
    ///
    /// # Errors
    /// [`NotAccepted`].
    pub fn accepts(&self, comment: Option<&EarlierComment>) -> Result<Acceptance, NotAccepted> {
        let comment = comment.ok_or(NotAccepted::NothingShown)?;
        // The same label as before: later comments change nothing about it.
        if let Some(kept) = comment
            .acceptance
            .as_ref()
            .filter(|kept| kept.at == self.at)
        {
            return Ok(kept.clone());
        }
        let changed_at = comment.changed_at.ok_or(NotAccepted::ChangedSince)?;
        // GitHub's times are whole seconds.
        if changed_at >= self.at {
            return Err(NotAccepted::ChangedSince);
        }
        let shown = comment.shown.clone().ok_or(NotAccepted::NothingShown)?;
        if !shown.has_failed() {
            return Err(NotAccepted::NothingFailed);
        }
        Ok(Acceptance {
            by: self.by.clone(),
            at: self.at,
            commit: comment.commit.clone(),
            shown,
        })
    }
}

impl Judgement {
    /// The judgement under a label: a failure becomes [`Verdict::Accepted`] when every failing
    /// metric is within what was accepted. Any other verdict stays; the acceptance is kept for the
    /// next run.
    #[must_use]
    pub fn under(mut self, label: Result<Acceptance, NotAccepted>) -> Self {
        let fails = self.verdict == Verdict::Fail;
        match label {
            Ok(acceptance) => {
                if fails && self.is_stopped_early() {
                    let reason = NotAccepted::StoppedEarly;
                    self.notices.push(Notice::NotAccepted { reason });
                } else if fails && self.failing().all(|it| acceptance.shown.covers(it)) {
                    self.verdict = Verdict::Accepted;
                } else if fails {
                    let reason = NotAccepted::Exceeded;
                    self.notices.push(Notice::NotAccepted { reason });
                }
                self.acceptance = Some(acceptance);
            }
            Err(reason) if fails => self.notices.push(Notice::NotAccepted { reason }),
            Err(_) => {}
        }
        self
    }
}

#[cfg(test)]
mod tests;
