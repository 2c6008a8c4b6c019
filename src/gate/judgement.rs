//! A verdict, and everything that led to it.

use jiff::Timestamp;

use super::acceptance::Acceptance;
use super::allow::Allowance;
use super::aside::Aside;
use super::comparison::{MetricJudgement, NotCompared, Status};
use super::gated::{Gated, Overall};
use super::history::{Epoch, Origin};
use super::key::KeyDifference;
use super::metric::Tail;
use super::notice::Notice;
use super::outlook::Outlook;
use super::side_by_side::StoredRuns;
use super::verdict::Verdict;
use crate::units::{MemoryMb, Ratio};

/// The verdict and everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The recommended size: the baseline's unless another is clearly better. `None` when nothing
    /// was measured.
    pub recommended: Option<MemoryMb>,
    /// The three gated metrics.
    pub metrics: Gated<MetricJudgement>,
    /// The geometric means over all sizes of latency and cost.
    pub overall: Overall,
    /// What it was compared with.
    pub baseline: Option<BaselineSummary>,
    /// Whose runs the baseline is made of, or would be.
    pub origin: Origin,
    /// What the stored runs say, where a reference decides.
    pub stored: Option<StoredRuns>,
    /// What would allow what fails.
    pub allowances: Vec<Allowance>,
    /// Settings in which baseline and run differ: then nothing was compared.
    pub unlike: Vec<KeyDifference>,
    /// A comparison that decides nothing, where the runs are not alike.
    pub aside: Option<Aside>,
    /// What a label has accepted on this pull request, whether it was needed or not.
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
    /// From when another run would count.
    pub next_counts_from: Option<Timestamp>,
    /// What can be proven today, and with the runs to come; empty where nothing could be compared.
    pub outlooks: Vec<Outlook>,
    /// Standard deviation from run to run, relative.
    pub run_deviation: Ratio,
    /// Commit and time of each run, newest first.
    pub commits: Vec<(Option<String>, Timestamp)>,
    /// What has changed since the oldest run of the epoch: many small steps, none of which fails.
    /// Shown, never judged.
    pub creep: Option<Creep>,
}

impl BaselineSummary {
    /// When the newest run was.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.commits.first().map(|(_, at)| *at)
    }
}

/// The change since the oldest run of the epoch, at the baseline's size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Creep {
    /// When that run was.
    pub since: Timestamp,
    /// Change of the judged quantile of latency, if there is one.
    pub latency: Option<(Tail, Ratio)>,
    /// Change of the cost at one price list, where both rest on the same measurement.
    pub cost: Option<Ratio>,
}

/// What a verdict rests on; the fields are those of [`Judgement`].
pub(super) struct Evidence {
    pub(super) recommended: Option<MemoryMb>,
    pub(super) metrics: Gated<MetricJudgement>,
    pub(super) overall: Overall,
    pub(super) baseline: Option<BaselineSummary>,
    pub(super) unlike: Vec<KeyDifference>,
    pub(super) notices: Vec<Notice>,
}

impl Evidence {
    /// No data is never green: a metric that decides nothing keeps the verdict from being a pass.
    fn verdict(&self) -> Verdict {
        let statuses = || {
            let all = self.metrics.iter().chain(self.overall.iter());
            all.map(|judged| judged.status)
        };
        let not_compared = |reason| {
            let status = Status::NotCompared(reason);
            self.metrics.iter().any(|judged| judged.status == status)
        };
        let has_numbers =
            || not_compared(NotCompared::StoppedEarly) || self.metrics.iter().any(is_not_the_model);
        if statuses().any(|status| status == Status::Fail) {
            Verdict::Fail
        } else if self.recommended.is_none() && !has_numbers() {
            Verdict::CouldNotMeasure
        } else if not_compared(NotCompared::NoBaseline) {
            Verdict::NoBaseline
        } else if statuses().any(|it| matches!(it, Status::Undecided(_) | Status::NotCompared(_))) {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }
}

fn is_not_the_model(judged: &MetricJudgement) -> bool {
    matches!(
        judged.status,
        Status::NotCompared(NotCompared::NotTheModel(_))
    )
}

impl Judgement {
    /// The one place where a verdict is made.
    pub(super) fn new(evidence: Evidence, origin: Origin) -> Self {
        let verdict = evidence.verdict();
        let Evidence {
            recommended,
            metrics,
            overall,
            baseline,
            unlike,
            notices,
        } = evidence;
        Self {
            verdict,
            recommended,
            metrics,
            overall,
            baseline,
            origin,
            stored: None,
            allowances: Vec::new(),
            unlike,
            aside: None,
            acceptance: None,
            notices,
        }
    }

    /// Whether the run was stopped because its failure was certain: latencies are lower bounds
    /// then.
    pub fn is_stopped_early(&self) -> bool {
        let early = Status::NotCompared(NotCompared::StoppedEarly);
        self.metrics.iter().any(|it| it.status == early)
    }

    /// The epoch of main's next entry: a new one when latency or cost at the baseline's size moved,
    /// in either direction, by more than noise.
    pub fn epoch(&self) -> Epoch {
        if self.metrics.iter().any(MetricJudgement::is_outside_noise) {
            Epoch::New
        } else {
            Epoch::Same
        }
    }

    /// Every judged metric.
    pub fn all_metrics(&self) -> impl Iterator<Item = &MetricJudgement> {
        self.metrics.iter().chain(self.overall.iter())
    }

    /// The metrics beyond their limit.
    pub fn failing(&self) -> impl Iterator<Item = &MetricJudgement> {
        self.all_metrics().filter(|judged| judged.fails())
    }
}
