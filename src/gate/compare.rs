//! Puts a run beside its baseline: which runs, which size, which numbers.

use super::baseline::{Baseline, cost_ceiling, latency_ceiling, latency_of, lower_quantile};
use super::history::{Entry, Group, History};
use super::key::Key;
use super::limits::{Limits, MemoryLimit};
use super::metric::{Bound, Metric, MetricJudgement, NotCompared, Rule, Status, Tail, Value};
use super::noise::RunNoise;
use super::run_to_run::{per_endpoint_variance, run_noise, run_noise_of_all};
use super::{BaselineSummary, Judgement, Notice};
use crate::analysis::{Analysis, keep_or_change};
use crate::units::{MemoryMb, Ratio};

/// Judges absolute ceilings at the best size, and nothing else.
pub(super) fn without(analysis: &Analysis, limits: &Limits, reason: NotCompared) -> Judgement {
    let size = analysis.best.and_then(|best| analysis.size(best));
    let memory_mb = size.map(|size| size.memory_mb);
    let quantile = size
        .and_then(|size| Tail::supported_by(size.warm().count))
        .unwrap_or(Tail::P99);
    let latency = size
        .and_then(|size| latency_of(size, quantile))
        .map(Value::Latency);
    let cost = size.map(|size| Value::Cost(size.cost.per_million()));
    let bare = |metric, now| MetricJudgement::not_compared(metric, memory_mb, now, reason);
    Judgement {
        verdict: super::Verdict::Inconclusive,
        recommended: memory_mb,
        metrics: vec![
            bare(Metric::RecommendedMemory, memory_mb.map(Value::Memory)),
            bare(Metric::Latency(quantile), latency).with_ceiling(latency_ceiling(limits)),
            bare(Metric::CostPerMillion, cost).with_ceiling(cost_ceiling(limits)),
        ],
        overall: Vec::new(),
        baseline: None,
        unlike: Vec::new(),
        acceptance: None,
        notices: size.and_then(lower_quantile).into_iter().collect(),
    }
}

/// Fewer runs tell too little about the run-to-run noise of the mean over all sizes: that of one size, which is larger
/// and rests on all of them, stands in.
const RUNS_TO_KNOW_THE_MEAN: usize = 5;

/// Compares with the runs of the same key; `None` when there are none.
pub(super) fn with(
    analysis: &Analysis,
    history: &History,
    key: &Key,
    limits: &Limits,
) -> Option<Judgement> {
    let groups = history.comparable(key);
    let newest = *groups.last()?.last()?;
    let epochs = history.by_epoch(key);
    let noise = run_noise(
        &epochs,
        analysis.sizes.iter().map(|it| it.memory_mb),
        groups.len(),
    );
    let held = newest.recommended_memory_mb;
    let chosen = keep_or_change(
        &analysis.sizes,
        analysis.strategy,
        held,
        per_endpoint_variance(&epochs, analysis),
    )?;
    let baseline = Baseline {
        groups: &groups,
        noise,
        noise_of_all: if groups.len() < RUNS_TO_KNOW_THE_MEAN {
            noise
        } else {
            run_noise_of_all(&epochs, analysis, groups.len())
        },
        analysis,
    };
    let mut metrics = vec![memory(held, chosen.memory_mb, limits.max_memory_increase)];
    metrics.extend(baseline.at_size(held, chosen, limits));
    let mut notices = size_notices(newest, analysis, held, chosen.memory_mb);
    notices.extend(baseline.latency_notices(held));
    notices.extend(
        metrics
            .iter()
            .find_map(|judged| tail_too_noisy(analysis, judged)),
    );
    notices.extend(metrics.iter().filter_map(much_better));
    Some(Judgement {
        verdict: super::Verdict::Inconclusive,
        recommended: Some(chosen.memory_mb),
        metrics,
        overall: baseline.over_all_sizes(limits),
        baseline: Some(BaselineSummary {
            creep: history
                .oldest_of_epoch(key)
                .filter(|oldest| oldest.run_id != newest.run_id)
                .and_then(|oldest| baseline.creep(held, oldest)),
            ..summary(held, &groups, noise)
        }),
        unlike: Vec::new(),
        acceptance: None,
        notices,
    })
}

/// What was compared with, without what has changed since.
pub(super) fn summary(held: MemoryMb, groups: &[Group<'_>], noise: RunNoise) -> BaselineSummary {
    BaselineSummary {
        recommended: held,
        runs: groups.len(),
        run_deviation: Ratio(noise.variance.sqrt()),
        commits: groups
            .iter()
            .rev()
            .flatten()
            .map(|entry| (entry.commit.clone(), entry.at))
            .collect(),
        creep: None,
    }
}

fn memory(held: MemoryMb, chosen: MemoryMb, limit: MemoryLimit) -> MetricJudgement {
    let increase = Ratio(f64::from(chosen.get()) / f64::from(held.get()) - 1.0);
    let (limit, status) = match limit {
        MemoryLimit::Off => (None, Status::Off),
        MemoryLimit::Megabytes(step) => {
            let allowed = held.get().saturating_add(step).min(6144);
            let value = MemoryMb::try_from(allowed).unwrap_or(held);
            let status = match chosen.cmp(&held) {
                _ if chosen.get() > allowed => Status::Fail,
                std::cmp::Ordering::Less => Status::Improved,
                std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => Status::Pass,
            };
            (
                Some(Bound {
                    value: Value::Memory(value),
                    rule: Rule::MemoryIncrease(step),
                }),
                status,
            )
        }
    };
    MetricJudgement {
        metric: Metric::RecommendedMemory,
        memory_mb: None,
        baseline: Some(Value::Memory(held)),
        now: Some(Value::Memory(chosen)),
        increase: Some(increase),
        band: None,
        band_of_decrease: None,
        limit,
        status,
    }
}

/// A decrease worth recording at once: more than noise, and more than this.
const MUCH_BETTER: f64 = -0.10;

fn much_better(judged: &MetricJudgement) -> Option<Notice> {
    let change = judged.increase?;
    let is_number = matches!(judged.metric, Metric::Latency(_) | Metric::CostPerMillion);
    let much = judged.status == Status::Improved && change.get() < MUCH_BETTER;
    (is_number && much).then_some(Notice::MuchBetter {
        metric: judged.metric,
        change,
    })
}

/// Says that something else was judged than the quantile that the number of calls supports.
fn tail_too_noisy(analysis: &Analysis, judged: &MetricJudgement) -> Option<Notice> {
    let Metric::Latency(judged_in) = judged.metric else {
        return None;
    };
    let size = analysis.size(judged.memory_mb?)?;
    let unjudged = Tail::supported_by(size.warm().count)?;
    (judged_in != unjudged).then_some(Notice::TailTooNoisy {
        unjudged,
        judged: judged_in,
    })
}

fn size_notices(
    newest: &Entry,
    analysis: &Analysis,
    held: MemoryMb,
    chosen: MemoryMb,
) -> Vec<Notice> {
    let broken = analysis
        .left_out
        .iter()
        .filter(|left| newest.size(left.memory_mb).is_some());
    let broken = broken.map(|left| Notice::SizeNoLongerWorks {
        memory_mb: left.memory_mb,
        reason: left.reason.clone(),
    });
    let decreased = (chosen < held).then_some(Notice::MemoryDecreased {
        from: held,
        to: chosen,
    });
    broken.chain(decreased).collect()
}
