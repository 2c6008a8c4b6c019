//! A failure that nothing to come can change.

use super::comparison::{Comparison, MetricJudgement, NotCompared, Status};
use super::gated::{Gated, Overall};
use super::history::History;
use super::key::Key;
use super::limits::Limits;
use super::metric::{Metric, Value};
use super::run_to_run::run_noise;
use super::window::Window;
use super::{Evidence, Notice, compare};
use crate::analysis::Analysis;
use crate::result::RunResult;

/// Judges a run that was stopped early at the baseline's size by the lowest latency that it could
/// have had there. That fails when the whole run would have: latencies to come can only raise both
/// the quantile and the order statistic that its noise band rests on. `None` for any other run.
pub(super) fn judge(
    run: &RunResult,
    analysis: &Analysis,
    history: &History,
    key: &Key,
    limits: &Limits,
) -> Option<Evidence> {
    let groups = history.comparable(key);
    let baseline_size = groups.last()?.last()?.recommended_memory_mb;
    let bound = analysis
        .bounds
        .iter()
        .find(|it| it.memory_mb == baseline_size)?;
    // The sizes that the whole run would have had.
    let sizes = run.stability.iter().map(|it| it.memory_mb);
    let noise = run_noise(&history.by_epoch(key), sizes, groups.len());
    let window = Window {
        groups: &groups,
        noise,
        noise_of_all: noise,
        pairs: None,
        analysis,
        today: analysis,
    };
    let open = |metric, memory_mb, baseline| MetricJudgement {
        metric,
        memory_mb,
        comparison: Comparison::NotCompared {
            baseline,
            now: None,
        },
        ceiling: None,
        status: Status::NotCompared(NotCompared::StoppedEarly),
    };
    let latency = window.latency_at_least(bound, limits);
    let main_uses = Some(Value::Memory(baseline_size));
    Some(Evidence {
        recommended: None,
        metrics: Gated {
            memory: open(Metric::RecommendedMemory, None, main_uses),
            latency,
            cost: open(Metric::CostPerMillion, Some(baseline_size), None),
        },
        overall: Overall::default(),
        baseline: Some(compare::summary(baseline_size, &groups, noise)),
        unlike: Vec::new(),
        notices: vec![Notice::StoppedEarly {
            memory_mb: baseline_size,
            calls: bound.answered_calls(),
            planned: bound.warm().count + bound.cold_starts.len() + bound.failures(),
            fails: latency.fails(),
        }],
    })
}

/// Whether a run that is stopped here fails for certain. Beside a reference nothing is: the stored
/// runs do not decide, and the reference is not measured to its end either.
pub fn is_certain_failure(
    run: &RunResult,
    analysis: &Analysis,
    history: &History,
    limits: &Limits,
) -> bool {
    let key = Key::of(run, analysis);
    let deciding = history.deciding(&key);
    let Some(history) = deciding.filter(|_| run.reference.is_none()) else {
        return false;
    };
    judge(run, analysis, history, &key, limits)
        .is_some_and(|it| it.metrics.iter().any(MetricJudgement::fails))
}
