//! Numbers of containers on a machine that other programs kept busy are not the model's.

use super::comparison::{MetricJudgement, Undecided};
use super::metric::Metric;
use super::standstill::rejudged;
use super::{Judgement, Notice};
use crate::analysis::Analysis;
use crate::result::RunResult;
use crate::units::Ratio;

/// Share of the processors' time that other programs may have. The engine and the kernel, which
/// serve the measurement, count among them.
const OTHERS_MAY_HAVE: f64 = 0.1;

/// What other programs had of the machine's processors, where that is too much to judge by.
fn too_much(run: &RunResult) -> Option<Ratio> {
    let share = run.runner.as_ref()?.other_programs?;
    // Both models of a pair had the same machine.
    let is_alone = run.reference.is_none();
    (is_alone && share > OTHERS_MAY_HAVE).then_some(Ratio(share))
}

/// The judgement in which nothing that was too slow or too expensive on a busy machine fails. A
/// size that did not work at all still does.
pub(super) fn undecided(judgement: Judgement, run: &RunResult, analysis: &Analysis) -> Judgement {
    let Some(share) = too_much(run) else {
        return judgement;
    };
    let baseline = judgement.baseline.as_ref().map(|it| it.recommended);
    let works = baseline.is_some_and(|size| analysis.size(size).is_some());
    let is_open = |it: &MetricJudgement| {
        it.fails()
            && match it.metric {
                Metric::RecommendedMemory => works,
                Metric::Latency(_)
                | Metric::CostPerMillion
                | Metric::LatencyAllSizes(_)
                | Metric::CostAllSizes => true,
            }
    };
    let notice = Notice::BusyMachine { share };
    if judgement.all_metrics().any(is_open) {
        rejudged(judgement, Undecided::BusyMachine, is_open, Some(notice))
    } else {
        let mut notices = judgement.notices;
        notices.push(notice);
        Judgement {
            notices,
            ..judgement
        }
    }
}
