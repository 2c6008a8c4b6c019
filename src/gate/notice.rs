//! What a reader should know besides the verdict.

use jiff::Timestamp;

use super::acceptance::NotAccepted;
use super::history::BranchName;
use super::metric::{Metric, Tail};
use super::standstill::Standstill;
use crate::analysis::{Analysis, CostBasis};
use crate::result::{Cause, Invocation, RunResult};
use crate::units::{MemoryMb, Ratio, Usd};

/// A baseline older than this many days is worth a notice.
const STALE_DAYS: i64 = 90;

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

pub(super) fn other_branch(
    wanted: Option<&BranchName>,
    used: Option<&BranchName>,
) -> Option<Notice> {
    let wanted = wanted.filter(|_| wanted != used)?.clone();
    let used = used.cloned();
    Some(Notice::OtherBranch { wanted, used })
}

/// `newest` is the newest run of the baseline.
pub(super) fn stale(newest: Timestamp, now: Timestamp) -> Option<Notice> {
    let days = now.duration_since(newest).as_hours() / 24;
    (days > STALE_DAYS).then_some(Notice::StaleBaseline { days })
}

pub(super) fn general_notices(run: &RunResult, analysis: &Analysis) -> Vec<Notice> {
    let run = run.pooled();
    let run = run.as_ref();
    let mut notices = Vec::new();
    if analysis.cost_basis == CostBasis::ClientLatency && !analysis.sizes.is_empty() {
        notices.push(Notice::CostIsEstimated);
    }
    notices.extend(extended(run, analysis));
    notices.extend(failed_by_aws(run, analysis));
    if !run.cleanup.left.is_empty() {
        notices.push(Notice::NotDeleted {
            left: run.cleanup.left.iter().map(ToString::to_string).collect(),
        });
    }
    notices
}

/// What AWS failed and a second attempt mended.
fn failed_by_aws(run: &RunResult, analysis: &Analysis) -> Vec<Notice> {
    let sizes = analysis.sizes.iter();
    let sent_again = sizes.map(|size| (size.memory_mb, size.failed_by_aws()));
    let sent_again: Vec<_> = sent_again.filter(|(_, calls)| *calls > 0).collect();
    let deployed = run.stability.iter().filter_map(|endpoint| {
        let reason = endpoint.deployed_again_after.clone()?;
        Some((endpoint.memory_mb, reason))
    });
    let timed_out = run.stability.iter().map(|endpoint| {
        let calls = endpoint.warmup.iter();
        let cold = |call: &&Invocation| call.is_sent_again() && call.cause() == Some(Cause::Model);
        (endpoint.memory_mb, calls.filter(cold).count())
    });
    let timed_out: Vec<_> = timed_out.filter(|(_, calls)| *calls > 0).collect();
    let deployed: Vec<_> = deployed.collect();
    let notices = [
        (!sent_again.is_empty()).then_some(Notice::SentAgain { sizes: sent_again }),
        (!deployed.is_empty()).then_some(Notice::DeployedAgain { sizes: deployed }),
        (!timed_out.is_empty()).then_some(Notice::ColdTimeOuts { sizes: timed_out }),
    ];
    notices.into_iter().flatten().collect()
}

fn extended(run: &RunResult, analysis: &Analysis) -> Option<Notice> {
    let rounds = run.reference.as_ref().map_or(1, |it| it.rounds);
    let planned = run.settings.invocations.saturating_mul(rounds);
    let more = |calls: usize| u32::try_from(calls).is_ok_and(|calls| calls > planned);
    let sizes = analysis
        .sizes
        .iter()
        .map(|it| (it.memory_mb, it.answered_calls()));
    let sizes: Vec<_> = sizes.filter(|(_, calls)| more(*calls)).collect();
    (!sizes.is_empty()).then_some(Notice::Extended { sizes, planned })
}
