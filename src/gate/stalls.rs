//! A latency that fails by nothing but the time in which this machine stalled is not the model's.

use super::standstill::{Beside, Which, rejudged};
use super::{Judgement, Notice, Undecided};
use crate::result::RunResult;

/// The judgement in which a failing latency decides nothing where it passes once the stalls are
/// taken off the calls; `rest` judges the run without them. What `CloudWatch` has seen grow as well
/// is the model's, and a reference that was measured in turn had the same machine.
pub(super) fn undecided(
    judgement: Judgement,
    run: &RunResult,
    beside: Option<&Beside<'_>>,
    rest: impl FnOnce(&RunResult) -> Judgement,
) -> Judgement {
    let metric = &judgement.metrics.latency;
    let fails_over_all = judgement.overall.latency.is_some_and(|it| it.fails());
    let has_grown = |size| beside.is_some_and(|it| it.server_has_grown(size));
    let is_open = metric.fails() && !metric.memory_mb.is_some_and(has_grown);
    let is_open_over_all = fails_over_all && !beside.is_some_and(Beside::server_has_grown_anywhere);
    if judgement.origin.reference().is_some() || !(is_open || is_open_over_all) {
        return judgement;
    }
    let Some((without, stalled)) = run.without_stalls() else {
        return judgement;
    };
    let rest = rest(&without);
    let is_metric = is_open && !rest.metrics.latency.fails();
    let is_over_all = is_open_over_all && !rest.overall.latency.is_some_and(|it| it.fails());
    if !is_metric && !is_over_all {
        return judgement;
    }
    let notice = Notice::RunnerStalled {
        stalled,
        calls: run.calls_of_sizes(),
    };
    let why = Undecided::RunnerStalled;
    let which = Which {
        at_size: is_metric,
        over_all: is_over_all,
    };
    rejudged(judgement, why, |it| which.covers(it), Some(notice))
}
