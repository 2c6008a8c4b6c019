//! PURE: from numbers and history to a verdict.

mod acceptance;
mod baseline;
mod baseline_file;
mod calibration;
mod compare;
mod early;
mod extension;
mod history;
mod key;
mod limits;
mod metric;
mod noise;
mod run_to_run;
mod verdict;

use jiff::Timestamp;

pub use self::acceptance::{
    ACCEPT_LABEL, Acceptance, EarlierComment, Label, NotAccepted, Shown, UnknownShown,
};
pub use self::baseline_file::{BaselineFile, BaselineFileError};
pub use self::calibration::{ASSUMED_RUNS, Calibration, Visibility, calibrate};
pub use self::early::is_certain_failure;
#[cfg(test)]
pub(crate) use self::early::tests::stopped;
pub use self::extension::is_tail_too_noisy;
pub use self::history::{Entry, History, MAX_RUNS, SizeEntry, SlowestEntry};
pub use self::key::{Key, KeyDifference};
pub use self::limits::{
    CostCeiling, CostLimit, LatencyCeiling, LatencyLimit, LimitError, Limits, MemoryLimit,
};
pub use self::metric::{
    Bound, Metric, MetricJudgement, NotCompared, Rule, Status, Tail, Undecided, Value,
};
pub use self::noise::MATURE_RUNS;
pub use self::verdict::{Escalation, Policy, UnknownEscalation, Verdict};
use crate::analysis::{Analysis, CostBasis};
use crate::result::RunResult;
use crate::units::{MemoryMb, Ratio};

/// A baseline older than this many days is worth a notice.
const STALE_DAYS: i64 = 90;

/// The verdict and everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The recommended size: the baseline's unless another is clearly better. `None` when nothing was measured.
    pub recommended: Option<MemoryMb>,
    /// The three gated metrics: memory, tail latency, cost.
    pub metrics: Vec<MetricJudgement>,
    /// The geometric means over all sizes of latency and cost; empty without a comparison.
    pub overall: Vec<MetricJudgement>,
    /// What it was compared with.
    pub baseline: Option<BaselineSummary>,
    /// Settings in which baseline and run differ: then nothing was compared.
    pub unlike: Vec<KeyDifference>,
    /// What somebody has accepted on this pull request, whether it was needed or not.
    pub acceptance: Option<Acceptance>,
    /// What a reader should know besides.
    pub notices: Vec<Notice>,
}

/// The runs that were compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineSummary {
    /// The size that the newest run recommends.
    pub recommended: MemoryMb,
    /// Runs that count, groups as one.
    pub runs: usize,
    /// Standard deviation from run to run, relative.
    pub run_deviation: Ratio,
    /// Commit and time of each run, newest first.
    pub commits: Vec<(Option<String>, Timestamp)>,
    /// What has changed since the oldest run of the epoch: many small steps, none of which fails. Shown, never judged.
    pub creep: Option<Creep>,
}

/// The change since the oldest run of the epoch, at the baseline's size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Creep {
    /// When that run was.
    pub since: Timestamp,
    /// Change of the judged quantile of latency, if there is one.
    pub latency: Option<(Tail, Ratio)>,
    /// Change of the cost at today's prices, where both rest on the same measurement.
    pub cost: Option<Ratio>,
}

/// Something that a reader should know and that fails nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A smaller size is enough now.
    MemoryDecreased {
        /// The baseline's size.
        from: MemoryMb,
        /// The size now.
        to: MemoryMb,
    },
    /// The run was stopped because its failure was certain.
    StoppedEarly {
        /// The baseline's size, which decided.
        memory_mb: MemoryMb,
        /// Calls that were sent there.
        calls: usize,
        /// Calls that were planned there.
        planned: usize,
        /// Whether it fails by these limits, too: they may be others than those of the run.
        fails: bool,
    },
    /// Sizes that got more calls than planned, because identical code strayed too far in their tail.
    Extended {
        /// The calls of each.
        sizes: Vec<(MemoryMb, usize)>,
        /// The planned calls.
        planned: u32,
    },
    /// Too few calls for p99.
    JudgedByLowerQuantile {
        /// What was judged instead.
        quantile: Tail,
        /// Warm calls.
        calls: usize,
    },
    /// Identical code strays too far in the quantile that the number of calls supports.
    TailTooNoisy {
        /// That quantile.
        unjudged: Tail,
        /// What was judged instead.
        judged: Tail,
    },
    /// Better than the baseline by more than noise and by more than the tolerance: a later run may lose it all again
    /// and still pass.
    MuchBetter {
        /// What.
        metric: Metric,
        /// By how much, negative.
        change: Ratio,
    },
    /// More cold starts than the baseline explains.
    MoreColdStarts {
        /// At which size.
        memory_mb: MemoryMb,
        /// Cold starts now.
        now: usize,
        /// The baseline's mean.
        baseline_mean: f64,
    },
    /// A size of the baseline was not measured now.
    SizeNoLongerWorks {
        /// The size.
        memory_mb: MemoryMb,
        /// Why.
        reason: String,
    },
    /// The newest run of the baseline is old.
    StaleBaseline {
        /// Its age.
        days: i64,
    },
    /// A label that accepts nothing, or not this.
    NotAccepted {
        /// Why.
        reason: NotAccepted,
    },
    /// CloudWatch was incomplete: cost rests on client latency.
    CostIsEstimated,
    /// Something was not deleted.
    NotDeleted {
        /// Names and reasons.
        left: Vec<String>,
    },
}

/// Judges a run. Without a `history`, or with one of unlike settings, only absolute ceilings are judged.
pub fn judge(
    run: &RunResult,
    analysis: &Analysis,
    history: Option<&History>,
    limits: &Limits,
    now: Timestamp,
) -> Judgement {
    let key = Key::of(run, analysis.latency_source);
    let history = history.filter(|history| history.newest().is_some());
    let certain = history.and_then(|history| early::judge(run, analysis, history, &key, limits));
    let mut judgement = match history {
        _ if certain.is_some() => certain,
        _ if analysis.sizes.is_empty() => None,
        Some(history) => compare::with(analysis, history, &key, limits),
        None => None,
    }
    .unwrap_or_else(|| without_comparison(analysis, history, &key, limits));
    judgement
        .notices
        .extend(general_notices(run, analysis, &judgement, now));
    judgement.verdict = verdict(&judgement);
    judgement
}

fn without_comparison(
    analysis: &Analysis,
    history: Option<&History>,
    key: &Key,
    limits: &Limits,
) -> Judgement {
    let reason = match history {
        _ if analysis.sizes.is_empty() => NotCompared::NothingMeasured,
        None => NotCompared::NoBaseline,
        Some(_) => NotCompared::UnlikeSettings,
    };
    let newest = history.and_then(History::newest);
    let newest = newest.filter(|_| reason == NotCompared::UnlikeSettings);
    Judgement {
        unlike: newest
            .map(|newest| newest.key.differences(key))
            .unwrap_or_default(),
        ..compare::without(analysis, limits, reason)
    }
}

impl Judgement {
    /// Whether the run was stopped because its failure was certain: latencies are lower bounds then.
    pub fn is_stopped_early(&self) -> bool {
        let early = Status::NotCompared(NotCompared::StoppedEarly);
        self.metrics.iter().any(|it| it.status == early)
    }

    /// Whether latency or cost at the baseline's size moved, in either direction, by more than noise: main's next
    /// entry then starts a new epoch.
    pub fn starts_epoch(&self) -> bool {
        self.metrics
            .iter()
            .filter(|it| it.metric != Metric::RecommendedMemory)
            .any(MetricJudgement::is_outside_noise)
    }

    /// Every judged metric.
    pub fn all_metrics(&self) -> impl Iterator<Item = &MetricJudgement> {
        self.metrics.iter().chain(&self.overall)
    }
}

/// No data is never green: a metric that decides nothing keeps the verdict from being a pass.
fn verdict(judgement: &Judgement) -> Verdict {
    let any = |wanted: fn(&Status) -> bool| judgement.all_metrics().any(|it| wanted(&it.status));
    let not_compared = |reason: NotCompared| {
        judgement
            .metrics
            .iter()
            .any(|it| it.status == Status::NotCompared(reason))
    };
    if any(|status| *status == Status::Fail) {
        Verdict::Fail
    } else if judgement.recommended.is_none() && !judgement.is_stopped_early() {
        Verdict::CouldNotMeasure
    } else if not_compared(NotCompared::NoBaseline) {
        Verdict::NoBaseline
    } else if any(|status| matches!(status, Status::Undecided(_) | Status::NotCompared(_))) {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

fn general_notices(
    run: &RunResult,
    analysis: &Analysis,
    judgement: &Judgement,
    now: Timestamp,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    if analysis.cost_basis == CostBasis::ClientLatency && !analysis.sizes.is_empty() {
        notices.push(Notice::CostIsEstimated);
    }
    if let Some((_, at)) = judgement
        .baseline
        .as_ref()
        .and_then(|baseline| baseline.commits.first())
    {
        let days = now.duration_since(*at).as_hours() / 24;
        if days > STALE_DAYS {
            notices.push(Notice::StaleBaseline { days });
        }
    }
    notices.extend(extended(run, analysis));
    if !run.cleanup.left.is_empty() {
        notices.push(Notice::NotDeleted {
            left: run.cleanup.left.iter().map(ToString::to_string).collect(),
        });
    }
    notices
}

fn extended(run: &RunResult, analysis: &Analysis) -> Option<Notice> {
    let planned = run.settings.invocations;
    let more = |calls: usize| u32::try_from(calls).is_ok_and(|calls| calls > planned);
    let sizes = analysis
        .sizes
        .iter()
        .map(|it| (it.memory_mb, it.answered_calls()));
    let sizes: Vec<_> = sizes.filter(|(_, calls)| more(*calls)).collect();
    (!sizes.is_empty()).then_some(Notice::Extended { sizes, planned })
}

#[cfg(test)]
mod regressions;
#[cfg(test)]
pub(crate) mod tests;
