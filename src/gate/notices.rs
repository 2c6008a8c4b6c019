//! Notices that a run alone gives cause for.

use jiff::Timestamp;

use super::Notice;
use super::history::BranchName;
use crate::analysis::{Analysis, CostBasis};
use crate::result::{Cause, Invocation, RunResult};

/// A baseline older than this many days is worth a notice.
const STALE_DAYS: i64 = 90;

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
