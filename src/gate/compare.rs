//! Puts a run beside its baseline: which runs, which size, which numbers.

use jiff::Timestamp;

use super::comparison::{Bound, Comparison, MetricJudgement, NotCompared, Rule, Status};
use super::gated::{Gated, Overall};
use super::history::{Entry, Group, History, next_counts_from};
use super::key::Key;
use super::limits::{Limits, MemoryLimit};
use super::metric::{Metric, Tail, Value};
use super::noise::{Between, Noise};
use super::outlook::{Sight, of_rounds};
use super::pairs::Pairs;
use super::run_to_run::{per_endpoint_variance, run_noise, run_noise_of_all};
use super::window::{Window, cost_ceiling, latency_of, lower_quantile, under_ceiling};
use super::{BaselineSummary, Evidence, Notice};
use crate::analysis::{Analysis, SizeSummary, keep_or_change};
use crate::prices::DatedPrices;
use crate::result::Cause;
use crate::units::{MemoryMb, Ratio};

/// Judges absolute ceilings at the best size, and nothing else.
pub(super) fn without(analysis: &Analysis, limits: &Limits, reason: NotCompared) -> Evidence {
    let size = analysis.best.and_then(|best| analysis.size(best));
    let memory_mb = size.map(|size| size.memory_mb);
    let tail = size.map_or(Tail::P99, |size| Tail::shown_of(size.warm().count));
    let latency = size
        .and_then(|size| latency_of(size, tail))
        .map(Value::Latency);
    let cost = size.map(|size| Value::Cost(size.cost.per_million()));
    let bare = |metric, now| MetricJudgement::not_compared(metric, memory_mb, now, reason);
    // Another size may keep the ceiling, were it not for what is not the model's doing.
    let at_ceiling = |judged: MetricJudgement| match analysis.any_unjudged() {
        Some(cause) if judged.fails() => judged.not_the_model(cause),
        Some(_) | None => judged,
    };
    let bare_latency = bare(Metric::Latency(tail), latency);
    let latency = match size {
        Some(size) => under_ceiling(bare_latency, size, limits),
        None => bare_latency,
    };
    let cost = bare(Metric::CostPerMillion, cost).with_ceiling(cost_ceiling(limits));
    Evidence {
        recommended: memory_mb,
        metrics: Gated {
            memory: bare(Metric::RecommendedMemory, memory_mb.map(Value::Memory)),
            latency: at_ceiling(latency),
            cost: at_ceiling(cost),
        },
        overall: Overall::default(),
        baseline: None,
        unlike: Vec::new(),
        notices: size.and_then(lower_quantile).into_iter().collect(),
    }
}

/// Fewer runs say too little about the run-to-run noise of the mean over all sizes: that of one
/// size, which is larger and rests on all of them, stands in.
const RUNS_TO_KNOW_THE_MEAN: usize = 5;

/// What a run is compared with.
#[derive(Clone, Copy)]
pub(super) struct Against<'a> {
    pub(super) history: &'a History,
    /// The run's.
    pub(super) key: &'a Key,
    /// The pairs of endpoints, where the history is a reference that was measured in turn.
    pub(super) pairs: Option<&'a Pairs>,
}

/// Compares with the runs of the same key; `None` when there are none.
pub(super) fn with(
    analysis: &Analysis,
    against: Against<'_>,
    limits: &Limits,
    measured_at: Timestamp,
) -> Option<Evidence> {
    let Against {
        history,
        key,
        pairs,
    } = against;
    let groups = history.comparable(key);
    let newest = *groups.last()?.last()?;
    // A change of prices is no change of the model: both are compared at one list.
    let today = analysis;
    let repriced = prices_of_main(newest, today).map(|main| today.priced_with(main));
    let analysis = repriced.as_ref().unwrap_or(today);
    let epochs = history.by_epoch(key);
    let (noise, noise_of_all) = match pairs {
        Some(pairs) => (pairs.noise, pairs.noise_of_all),
        None => noise_of_runs(&epochs, analysis, groups.len()),
    };
    let baseline_size = newest.recommended_memory_mb;
    if let Some(cause) = analysis.unjudged(baseline_size) {
        let baseline = summary(baseline_size, &groups, noise);
        return Some(without_the_size(analysis, newest, baseline, cause));
    }
    let variance = per_endpoint_variance(&epochs, analysis);
    let recommend = |sizes| keep_or_change(sizes, analysis.strategy, baseline_size, variance);
    let (judged, recommended) = (recommend(&analysis.sizes)?, recommend(&today.sizes)?);
    let window = Window {
        groups: &groups,
        noise,
        noise_of_all,
        pairs,
        analysis,
        today,
    };
    let at_size = window.at_size(baseline_size, recommended, limits);
    let metrics = Gated {
        memory: memory_unless_unjudged(
            analysis,
            baseline_size,
            memory(baseline_size, judged.memory_mb, limits.max_memory_increase),
        ),
        latency: at_size.latency,
        cost: at_size.cost,
    };
    let compared = metrics.latency.compared();
    let judged_tail = compared.and(metrics.latency.metric.tail());
    let outlooks = match pairs {
        Some(pairs) => of_rounds(&window, limits, pairs.rounds, (baseline_size, judged_tail)),
        None => Sight {
            history,
            key,
            groups: &groups,
            analysis,
            limits,
            now: measured_at,
        }
        .outlooks(baseline_size, judged_tail),
    };
    let mut notices = size_notices(newest, analysis, baseline_size, judged.memory_mb);
    notices.extend(
        repriced
            .is_some()
            .then(|| prices_changed(analysis, today, recommended)),
    );
    notices.extend(window.latency_notices(baseline_size));
    notices.extend(tail_too_noisy(analysis, &metrics.latency));
    // A reference follows main by itself.
    notices.extend(
        metrics
            .iter()
            .filter_map(much_better)
            .filter(|_| pairs.is_none()),
    );
    Some(Evidence {
        recommended: Some(recommended.memory_mb),
        metrics,
        overall: window.over_all_sizes(limits),
        baseline: Some(BaselineSummary {
            outlooks,
            creep: history
                .oldest_of_epoch(key)
                .filter(|oldest| oldest.run_id != newest.run_id)
                .and_then(|oldest| window.creep(baseline_size, oldest)),
            ..summary(baseline_size, &groups, noise)
        }),
        unlike: Vec::new(),
        notices,
    })
}

/// Run-to-run noise of one size, and of the mean over all.
fn noise_of_runs(epochs: &[Vec<Group<'_>>], analysis: &Analysis, runs: usize) -> (Noise, Noise) {
    let sizes = analysis.sizes.iter().map(|it| it.memory_mb);
    let noise = run_noise(epochs, sizes, runs);
    let noise_of_all = if runs < RUNS_TO_KNOW_THE_MEAN {
        noise
    } else {
        run_noise_of_all(epochs, analysis, runs)
    };
    (noise, noise_of_all)
}

/// The list that main's newest run was priced with, where calls cost something else by it.
fn prices_of_main<'a>(newest: &'a Entry, today: &Analysis) -> Option<&'a DatedPrices> {
    let main = newest.prices.as_ref()?;
    let is_usable = main.prices.check().is_ok();
    (is_usable && !main.prices.price_calls_alike(&today.prices.prices)).then_some(main)
}

fn prices_changed(at_main: &Analysis, today: &Analysis, recommended: &SizeSummary) -> Notice {
    let memory_mb = recommended.memory_mb;
    let per_million = |analysis: &Analysis| Some(analysis.size(memory_mb)?.cost.per_million());
    Notice::PricesChanged {
        main: at_main.prices.published.clone(),
        now: today.prices.published.clone(),
        memory_mb,
        cost_at_main: per_million(at_main).unwrap_or_default(),
        cost_now: recommended.cost.per_million(),
    }
}

/// Nothing is compared where the size that main uses could not be judged and that is not the
/// model's doing: no other size says what became of it.
fn without_the_size(
    analysis: &Analysis,
    newest: &Entry,
    baseline: BaselineSummary,
    cause: Cause,
) -> Evidence {
    let memory_mb = Some(baseline.recommended);
    let reason = NotCompared::NotTheModel(cause);
    let bare = |metric| MetricJudgement::not_compared(metric, memory_mb, None, reason);
    Evidence {
        recommended: None,
        metrics: Gated {
            memory: MetricJudgement {
                memory_mb: None,
                ..bare(Metric::RecommendedMemory)
            },
            latency: bare(Metric::Latency(Tail::P99)),
            cost: bare(Metric::CostPerMillion),
        },
        overall: Overall::default(),
        notices: size_notices(newest, analysis, baseline.recommended, baseline.recommended),
        baseline: Some(baseline),
        unlike: Vec::new(),
    }
}

/// A size that is missing for another cause than the model's might be the one to recommend: then
/// "needs more memory" is not certain, unless the size that main uses has failed itself.
fn memory_unless_unjudged(
    analysis: &Analysis,
    baseline_size: MemoryMb,
    memory: MetricJudgement,
) -> MetricJudgement {
    let still_works = analysis.size(baseline_size).is_some();
    match analysis.any_unjudged() {
        Some(cause) if still_works && memory.fails() => memory.not_the_model(cause),
        // Less is enough only where the size that main uses was measured, too.
        Some(_) | None if !still_works && memory.status == Status::Improved => MetricJudgement {
            status: Status::NotCompared(NotCompared::SizeNotMeasured),
            ..memory
        },
        Some(_) | None => memory,
    }
}

/// What was compared with, without what has changed since.
pub(super) fn summary(
    baseline_size: MemoryMb,
    groups: &[Group<'_>],
    noise: Noise,
) -> BaselineSummary {
    BaselineSummary {
        recommended: baseline_size,
        runs: groups.len(),
        next_counts_from: match noise.between {
            Between::Runs(_) => groups.last().and_then(next_counts_from),
            Between::Pairs(_) => None,
        },
        outlooks: Vec::new(),
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

fn memory(baseline: MemoryMb, now: MemoryMb, limit: MemoryLimit) -> MetricJudgement {
    let (limit, status) = match limit {
        MemoryLimit::Off => (None, Status::Off),
        MemoryLimit::Megabytes(step) => {
            let allowed = baseline.get().saturating_add(step).min(6144);
            let value = MemoryMb::try_from(allowed).unwrap_or(baseline);
            let status = match now.cmp(&baseline) {
                _ if now.get() > allowed => Status::Fail,
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
        comparison: Comparison::Sizes {
            baseline,
            now,
            limit,
        },
        ceiling: None,
        status,
    }
}

/// A decrease worth recording at once: more than noise, and more than this.
const MUCH_BETTER: f64 = -0.10;

fn much_better(judged: &MetricJudgement) -> Option<Notice> {
    let change = judged.compared()?.increase;
    let much = judged.status == Status::Improved && change.get() < MUCH_BETTER;
    much.then_some(Notice::MuchBetter {
        metric: judged.metric,
        change,
    })
}

/// Says that something else was judged than the quantile that the number of calls supports.
fn tail_too_noisy(analysis: &Analysis, latency: &MetricJudgement) -> Option<Notice> {
    let judged = latency.metric.tail()?;
    let size = analysis.size(latency.memory_mb?)?;
    let unjudged = Tail::supported_by(size.warm().count)?;
    (judged != unjudged).then_some(Notice::TailTooNoisy { unjudged, judged })
}

fn size_notices(
    newest: &Entry,
    analysis: &Analysis,
    baseline_size: MemoryMb,
    recommended: MemoryMb,
) -> Vec<Notice> {
    let broken = analysis
        .left_out
        .iter()
        .filter(|left| newest.size(left.memory_mb).is_some());
    let broken = broken.map(|left| match left.foreign_cause() {
        Some(cause) => Notice::SizeNotJudged {
            memory_mb: left.memory_mb,
            cause,
            reason: left.reason.clone(),
        },
        None => Notice::SizeNoLongerWorks {
            memory_mb: left.memory_mb,
            reason: left.reason.clone(),
        },
    });
    // Less is enough only where the size that main uses was measured, too.
    let is_measured = analysis.size(baseline_size).is_some();
    let decreased =
        (is_measured && recommended < baseline_size).then_some(Notice::MemoryDecreased {
            from: baseline_size,
            to: recommended,
        });
    broken.chain(decreased).collect()
}

/// Evidence where there is nothing to compare with, and why not.
pub(super) fn without_comparison(
    analysis: &Analysis,
    history: Option<&History>,
    key: &Key,
    limits: &Limits,
) -> Evidence {
    let reason = match history {
        _ if analysis.sizes.is_empty() => NotCompared::NothingMeasured,
        None => NotCompared::NoBaseline,
        Some(_) => NotCompared::UnlikeSettings,
    };
    let nearest = history.and_then(|history| history.most_alike(key));
    let nearest = nearest.filter(|_| reason == NotCompared::UnlikeSettings);
    Evidence {
        unlike: nearest
            .map(|nearest| nearest.key.differences(key))
            .unwrap_or_default(),
        ..without(analysis, limits, reason)
    }
}
