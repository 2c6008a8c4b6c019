//! PURE: from numbers and history to a verdict.

mod acceptance;
mod allow;
mod aside;
mod busy;
mod calibration;
mod change;
mod compare;
mod comparison;
mod confirm;
mod early;
mod extension;
mod gated;
mod history;
mod judge;
mod key;
mod limits;
mod metric;
mod noise;
mod notices;
mod outlook;
mod pair_calibration;
mod pairs;
mod run_to_run;
mod server_side;
mod side_by_side;
mod stalls;
mod standstill;
mod verdict;
mod window;

use jiff::Timestamp;

pub use self::acceptance::{
    ACCEPT_LABEL, Acceptance, EarlierComment, Label, MayAccept, NotAccepted, Permission, Shown,
    UnknownShown,
};
pub use self::allow::Allowance;
pub use self::aside::{Aside, Unlike, aside};
pub use self::calibration::{ASSUMED_RUNS, Calibration, Tolerances, Visibility, calibrate};
pub use self::comparison::{
    Band, Bound, Ceiling, CeilingOutcome, Compared, Comparison, MetricJudgement, NotCompared, Rule,
    Status, Undecided,
};
pub use self::confirm::sizes_to_confirm;
pub use self::early::is_certain_failure;
pub use self::extension::is_tail_too_noisy;
pub use self::gated::{Gated, Overall};
pub use self::history::{
    BaselineFile, BaselineFileError, BranchName, Branches, Entry, Epoch, History, MAX_RUNS,
    MeasuredInTurn, NoBranchName, Origin, SizeEntry, SlowestEntry,
};
pub use self::judge::judge;
pub use self::key::{Key, KeyDifference, Setting};
pub use self::limits::{
    CostCeiling, CostLimit, LatencyCeiling, LatencyLimit, LimitError, Limits, MemoryLimit,
};
pub use self::metric::{Metric, Tail, Value};
pub use self::noise::MATURE_RUNS;
pub use self::outlook::{Measurements, Outlook, Provable};
pub use self::pair_calibration::{Catch, PairCalibration, PairVisibility, calibrate_pairs};
pub use self::server_side::{Percentile, ServerEntry};
pub use self::side_by_side::StoredRuns;
pub use self::standstill::{Change, Standstill};
pub use self::verdict::{Escalation, Policy, UnknownEscalation, Verdict};
use crate::result::Cause;
use crate::units::{MemoryMb, Ratio, Usd};

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
    fn newest(&self) -> Option<Timestamp> {
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
struct Evidence {
    recommended: Option<MemoryMb>,
    metrics: Gated<MetricJudgement>,
    overall: Overall,
    baseline: Option<BaselineSummary>,
    unlike: Vec<KeyDifference>,
    notices: Vec<Notice>,
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
    fn new(evidence: Evidence, origin: Origin) -> Self {
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
    /// Sizes that got more calls than planned, because identical code varied too much in their
    /// tail.
    Extended {
        /// The calls of each.
        sizes: Vec<(MemoryMb, usize)>,
        /// The planned calls.
        planned: u32,
    },
    /// Too few calls for p99.
    JudgedByLowerQuantile {
        /// What was judged instead, or only shown.
        quantile: Tail,
        /// Warm calls.
        calls: usize,
    },
    /// Identical code varies too much in the quantile that the number of calls supports.
    TailTooNoisy {
        /// That quantile.
        unjudged: Tail,
        /// What was judged instead.
        judged: Tail,
    },
    /// Better than the baseline by more than noise and by more than the tolerance: a later run may
    /// lose it all again and still pass.
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
    /// A size at which the reference, measured in turn, has no measurement.
    ReferenceNotMeasured {
        /// The size.
        memory_mb: MemoryMb,
        /// Why.
        reason: String,
    },
    /// A size of the baseline could not be judged now, and that is not the model's doing.
    SizeNotJudged {
        /// The size.
        memory_mb: MemoryMb,
        /// What it is due to.
        cause: Cause,
        /// AWS's words.
        reason: String,
    },
    /// Calls that AWS failed and that were sent again; they are in no latency.
    SentAgain {
        /// The calls of each size.
        sizes: Vec<(MemoryMb, usize)>,
    },
    /// Sizes whose first deployment AWS failed.
    DeployedAgain {
        /// The sizes, with AWS's words.
        sizes: Vec<(MemoryMb, String)>,
    },
    /// Warm-up calls that ran into the limit of 60 seconds per call.
    ColdTimeOuts {
        /// The calls of each size.
        sizes: Vec<(MemoryMb, usize)>,
    },
    /// What was beyond a limit was measured a second time.
    MeasuredTwice {
        /// Whether both measurements together are beyond it, too.
        fails: bool,
    },
    /// Latency grew for the client alone: the server's clock says that the model is as fast as
    /// before.
    ServerStoodStill(Standstill),
    /// Latency fails by the calls alone during which this machine stalled.
    RunnerStalled {
        /// Those calls.
        stalled: usize,
        /// All calls.
        calls: usize,
    },
    /// Other programs kept the machine busy on which containers were measured.
    BusyMachine {
        /// Share of its processors' time that they had.
        share: Ratio,
    },
    /// The branch has no runs that are alike: those of the default branch stand in.
    OtherBranch {
        /// The branch.
        wanted: BranchName,
        /// The default branch, where its name is known.
        used: Option<BranchName>,
    },
    /// The newest run of the baseline is old.
    StaleBaseline {
        /// Its age.
        days: i64,
    },
    /// A merge queue's run: what fails here may come from any of its pull requests.
    MergeGroup {
        /// The one that the group is named after.
        pull_request: u64,
        /// Those before it in the queue, which are not merged yet.
        others: Vec<u64>,
        /// The one whose label accepts the failure, where one does.
        accepted_for: Option<u64>,
    },
    /// A label that accepts nothing, or not this.
    NotAccepted {
        /// Why.
        reason: NotAccepted,
    },
    /// Calls cost something else than when main's newest run was recorded: cost is compared at the
    /// prices of then.
    PricesChanged {
        /// Date of main's price list.
        main: String,
        /// Date of this run's.
        now: String,
        /// The recommended size.
        memory_mb: MemoryMb,
        /// Cost per million invocations there at main's list.
        cost_at_main: Usd,
        /// The same at this run's.
        cost_now: Usd,
    },
    /// CloudWatch was incomplete: cost rests on client latency.
    CostIsEstimated,
    /// Something was not deleted.
    NotDeleted {
        /// Names and reasons.
        left: Vec<String>,
    },
}

#[cfg(test)]
pub(crate) mod tests;
