//! Puts a run beside its baseline: which runs, which size, which numbers.

use super::history::{Entry, Group, History, Key, SizeEntry};
use super::limits::{CostLimit, LatencyLimit, Limits, MemoryLimit};
use super::metric::{
    Bound, Change, Metric, MetricJudgement, NotCompared, Quantile, Rule, Status, Tolerance, Value,
    judge_change,
};
use super::noise::{
    Comparison, RunNoise, compare_mean, compare_quantile, excess_variance, geometric_mean, ln,
};
use super::{BaselineSummary, Judgement, Notice};
use crate::analysis::{
    Analysis, Cost, CostBasis, CostInputs, SizeSummary, count, endpoint_variance, keep_or_change,
    mean, variance,
};
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// Judges absolute ceilings at the best size, and nothing else.
pub(super) fn without(analysis: &Analysis, limits: &Limits, reason: NotCompared) -> Judgement {
    let size = analysis.best.and_then(|best| analysis.size(best));
    let memory_mb = size.map(|size| size.memory_mb);
    let quantile = size
        .and_then(|size| Quantile::supported_by(size.warm.count))
        .unwrap_or(Quantile::P99);
    let latency = size.map(|size| Value::Latency(latency_of(size, quantile)));
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
        notices: size.and_then(lower_quantile).into_iter().collect(),
    }
}

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
    let noise = run_noise(&epochs, analysis, groups.len());
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
        analysis,
    };
    let mut metrics = vec![memory(held, chosen.memory_mb, limits.max_memory_increase)];
    metrics.extend(baseline.at_size(held, chosen, limits));
    let mut notices = size_notices(newest, analysis, held, chosen.memory_mb);
    notices.extend(baseline.latency_notices(held));
    Some(Judgement {
        verdict: super::Verdict::Inconclusive,
        recommended: Some(chosen.memory_mb),
        metrics,
        overall: baseline.over_all_sizes(limits),
        baseline: Some(BaselineSummary {
            recommended: held,
            runs: groups.len(),
            run_deviation: Ratio(noise.variance.sqrt()),
            commits: groups
                .iter()
                .rev()
                .flatten()
                .map(|entry| (entry.commit.clone(), entry.at))
                .collect(),
        }),
        unlike: Vec::new(),
        notices,
    })
}

fn latency_ceiling(limits: &Limits) -> Option<Value> {
    limits.max_p99.map(|ceiling| Value::Latency(ceiling.0))
}

fn cost_ceiling(limits: &Limits) -> Option<Value> {
    limits.max_cost.map(|ceiling| Value::Cost(ceiling.0))
}

const fn latency_of(size: &SizeSummary, quantile: Quantile) -> LatencyMs {
    match quantile {
        Quantile::P99 => size.warm.p99,
        Quantile::P95 => size.warm.p95,
        Quantile::P90 => size.warm.p90,
    }
}

const fn stored_latency(size: &SizeEntry, quantile: Quantile) -> f64 {
    match quantile {
        Quantile::P99 => size.p99_ms,
        Quantile::P95 => size.p95_ms,
        Quantile::P90 => size.p90_ms,
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
        limit,
        status,
    }
}

/// A number of this run beside the baseline's geometric mean of it.
struct Compared {
    baseline: f64,
    now: f64,
    comparison: Comparison,
    /// Runs of the baseline that have the number.
    runs: usize,
}

/// The runs of a baseline, next to the run that is judged.
struct Baseline<'a> {
    groups: &'a [Group<'a>],
    noise: RunNoise,
    analysis: &'a Analysis,
}

impl Baseline<'_> {
    /// Latency and cost at the baseline's size, so that "the size changed" and "the model got slower" stay apart.
    fn at_size(
        &self,
        held: MemoryMb,
        chosen: &SizeSummary,
        limits: &Limits,
    ) -> [MetricJudgement; 2] {
        let Some(size) = self.analysis.size(held) else {
            // The size no longer works: the numbers of the size that replaces it meet the ceilings.
            let bare = |metric, now| {
                let reason = NotCompared::SizeNotMeasured;
                MetricJudgement::not_compared(metric, Some(chosen.memory_mb), Some(now), reason)
            };
            let quantile = Quantile::supported_by(chosen.warm.count).unwrap_or(Quantile::P99);
            let latency = Value::Latency(latency_of(chosen, quantile));
            let cost = Value::Cost(chosen.cost.per_million());
            return [
                bare(Metric::Latency(quantile), latency)
                    .off_with(latency_tolerance(limits))
                    .with_ceiling(latency_ceiling(limits)),
                bare(Metric::CostPerMillion, cost)
                    .off_with(cost_tolerance(limits))
                    .with_ceiling(cost_ceiling(limits)),
            ];
        };
        [self.latency(size, limits), self.cost(size, limits)]
    }

    fn latency(&self, size: &SizeSummary, limits: &Limits) -> MetricJudgement {
        let quantile = Quantile::supported_by(size.warm.count);
        let compared =
            quantile.and_then(|quantile| Some((quantile, self.compare_latency(size, quantile)?)));
        let judged = match compared {
            Some((quantile, it)) => {
                let change = Change {
                    metric: Metric::Latency(quantile),
                    memory_mb: Some(size.memory_mb),
                    baseline: Value::Latency(LatencyMs(it.baseline)),
                    now: Value::Latency(LatencyMs(it.now)),
                    comparison: it.comparison,
                    runs: it.runs,
                };
                judge_change(&change, latency_tolerance(limits))
            }
            None => MetricJudgement::not_compared(
                Metric::Latency(quantile.unwrap_or(Quantile::P99)),
                Some(size.memory_mb),
                Some(Value::Latency(size.warm.p99)),
                if quantile.is_none() {
                    NotCompared::TooFewCalls
                } else {
                    NotCompared::SizeNotMeasured
                },
            )
            .off_with(latency_tolerance(limits)),
        };
        judged.with_ceiling(latency_ceiling(limits))
    }

    fn cost(&self, size: &SizeSummary, limits: &Limits) -> MetricJudgement {
        let judged = match self.compare_cost(size) {
            Some(it) => {
                let change = Change {
                    metric: Metric::CostPerMillion,
                    memory_mb: Some(size.memory_mb),
                    baseline: Value::Cost(Usd(it.baseline)),
                    now: Value::Cost(Usd(it.now)),
                    comparison: it.comparison,
                    runs: it.runs,
                };
                judge_change(&change, cost_tolerance(limits))
            }
            None => MetricJudgement::not_compared(
                Metric::CostPerMillion,
                Some(size.memory_mb),
                Some(Value::Cost(size.cost.per_million())),
                NotCompared::SizeNotMeasured,
            )
            .off_with(cost_tolerance(limits)),
        };
        judged.with_ceiling_on(
            Some(Value::Cost(size.cost.per_million())),
            cost_ceiling(limits),
        )
    }

    /// The size's numbers in each group that has them.
    fn stored(&self, memory_mb: MemoryMb) -> Vec<Vec<&SizeEntry>> {
        self.groups
            .iter()
            .map(|group| {
                group
                    .iter()
                    .filter_map(|entry| entry.size(memory_mb))
                    .collect::<Vec<_>>()
            })
            .filter(|group| !group.is_empty())
            .collect()
    }

    /// The baseline's geometric mean of a quantile, and the comparison.
    fn compare_latency(&self, size: &SizeSummary, quantile: Quantile) -> Option<Compared> {
        let stored = self.stored(size.memory_mb);
        let lns: Vec<f64> = stored
            .iter()
            .filter_map(|group| mean_of(group, |entry| ln(stored_latency(entry, quantile))))
            .collect();
        let calls: f64 = stored
            .iter()
            .flatten()
            .map(|entry| f64::from(entry.calls))
            .sum();
        // Runs that did not measure this size say nothing about it.
        let noise = RunNoise {
            runs: lns.len(),
            ..self.noise
        };
        let comparison =
            compare_quantile(&size.warm_sorted, quantile.fraction(), &lns, calls, noise)?;
        Some(Compared {
            baseline: mean(&lns)?.exp(),
            now: latency_of(size, quantile).get(),
            comparison,
            runs: lns.len(),
        })
    }

    /// The baseline's geometric mean of cost at today's prices, this run's cost, and the comparison. An estimate is
    /// compared with estimates only.
    fn compare_cost(&self, size: &SizeSummary) -> Option<Compared> {
        let (basis, stored) = self.stored_costs(size.memory_mb);
        let now = match basis {
            CostBasis::CloudWatch => size.cost.per_million(),
            CostBasis::ClientLatency => size.client_cost.per_million(),
        };
        let baseline: Vec<(f64, f64)> = stored
            .iter()
            .filter_map(|group| {
                let cost = mean_of(group, |entry| ln(self.stored_cost(entry, basis).get()))?;
                let error = group
                    .iter()
                    .map(|entry| entry.mean_standard_error.powi(2))
                    .sum::<f64>()
                    .sqrt();
                Some((cost, error / count(group)))
            })
            .collect();
        let lns: Vec<f64> = baseline.iter().map(|(ln, _)| *ln).collect();
        let error = size.warm.mean_standard_error.get();
        let noise = RunNoise {
            runs: lns.len(),
            ..self.noise
        };
        let comparison = compare_mean((ln(now.get()), error), &baseline, noise);
        Some(Compared {
            baseline: mean(&lns)?.exp(),
            now: now.get(),
            comparison,
            runs: lns.len(),
        })
    }

    /// What both sides' costs can rest on, and the entries that have it: an entry without CloudWatch's numbers is
    /// passed over as long as another one has them.
    fn stored_costs(&self, memory_mb: MemoryMb) -> (CostBasis, Vec<Vec<&SizeEntry>>) {
        let stored = self.stored(memory_mb);
        let billed: Vec<Vec<&SizeEntry>> = stored
            .iter()
            .map(|group| {
                group
                    .iter()
                    .copied()
                    .filter(|it| it.cloudwatch_latency_ms.is_some())
                    .collect::<Vec<_>>()
            })
            .filter(|group| !group.is_empty())
            .collect();
        match self.analysis.cost_basis {
            CostBasis::CloudWatch if !billed.is_empty() => (CostBasis::CloudWatch, billed),
            CostBasis::CloudWatch | CostBasis::ClientLatency => (CostBasis::ClientLatency, stored),
        }
    }

    fn stored_cost(&self, entry: &SizeEntry, basis: CostBasis) -> Usd {
        let billed = match basis {
            CostBasis::CloudWatch => entry.cloudwatch_latency_ms.unwrap_or(entry.mean_ms),
            CostBasis::ClientLatency => entry.mean_ms,
        };
        let inputs = CostInputs {
            average_latency: LatencyMs(billed),
            request_bytes: entry.request_bytes,
            response_bytes: entry.response_bytes,
        };
        Cost::of(entry.memory_mb, inputs, &self.analysis.prices.prices).per_million()
    }

    /// Geometric means over the sizes that both have: they catch a slow model that no single size proves.
    fn over_all_sizes(&self, limits: &Limits) -> Vec<MetricJudgement> {
        let sizes = &self.analysis.sizes;
        let fewest = sizes.iter().map(|size| size.warm.count).min().unwrap_or(0);
        let latency = Quantile::supported_by(fewest).and_then(|quantile| {
            let parts: Vec<Comparison> = sizes
                .iter()
                .filter_map(|size| Some(self.compare_latency(size, quantile)?.comparison))
                .collect();
            self.overall(
                Metric::LatencyAllSizes(quantile),
                &parts,
                latency_tolerance(limits),
            )
        });
        let parts: Vec<Comparison> = sizes
            .iter()
            .filter_map(|size| Some(self.compare_cost(size)?.comparison))
            .collect();
        let cost = self.overall(Metric::CostAllSizes, &parts, cost_tolerance(limits));
        [latency, cost].into_iter().flatten().collect()
    }

    fn overall(
        &self,
        metric: Metric,
        parts: &[Comparison],
        tolerance: Tolerance,
    ) -> Option<MetricJudgement> {
        let comparison = geometric_mean(parts, self.noise)?;
        let change = Change {
            metric,
            memory_mb: None,
            baseline: Value::Change(Ratio(0.0)),
            now: Value::Change(comparison.increase()),
            comparison,
            runs: self.groups.len(),
        };
        // An absolute tolerance belongs to one size: over all sizes it has no meaning.
        match tolerance {
            Tolerance::Relative(_) => Some(judge_change(&change, tolerance)),
            Tolerance::Off | Tolerance::Absolute(_) => None,
        }
    }

    fn latency_notices(&self, held: MemoryMb) -> Vec<Notice> {
        let Some(size) = self.analysis.size(held) else {
            return Vec::new();
        };
        let stored = self.stored(held);
        let colds: Vec<f64> = stored
            .iter()
            .flatten()
            .map(|entry| f64::from(entry.cold_starts))
            .collect();
        let baseline_mean = mean(&colds).unwrap_or_default();
        let many = baseline_mean + 3.0 * (baseline_mean + 1.0).sqrt();
        let now = size.cold_starts.len();
        let cold = (count(&size.cold_starts) > many).then_some(Notice::MoreColdStarts {
            memory_mb: held,
            now,
            baseline_mean,
        });
        [lower_quantile(size), cold].into_iter().flatten().collect()
    }
}

/// Says that a lower quantile stands for p99, also where only a ceiling is judged.
fn lower_quantile(size: &SizeSummary) -> Option<Notice> {
    let calls = size.warm.count;
    let quantile = Quantile::supported_by(calls).filter(|quantile| *quantile != Quantile::P99)?;
    Some(Notice::JudgedByLowerQuantile { quantile, calls })
}

fn mean_of(group: &[&SizeEntry], of: impl Fn(&SizeEntry) -> f64) -> Option<f64> {
    mean(&group.iter().map(|entry| of(entry)).collect::<Vec<_>>())
}

const fn latency_tolerance(limits: &Limits) -> Tolerance {
    match limits.max_p99_increase {
        LatencyLimit::Off => Tolerance::Off,
        LatencyLimit::Relative(ratio) => Tolerance::Relative(ratio),
        LatencyLimit::Absolute(latency) => Tolerance::Absolute(Value::Latency(latency)),
    }
}

const fn cost_tolerance(limits: &Limits) -> Tolerance {
    match limits.max_cost_increase {
        CostLimit::Off => Tolerance::Off,
        CostLimit::Relative(ratio) => Tolerance::Relative(ratio),
        CostLimit::Absolute(cost) => Tolerance::Absolute(Value::Cost(cost)),
    }
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

/// ln mean latency and its error per group of one epoch, at one size.
fn means_of_epoch(epoch: &[Group<'_>], memory_mb: MemoryMb) -> (Vec<f64>, Vec<f64>) {
    epoch
        .iter()
        .filter_map(|group| {
            let sizes: Vec<&SizeEntry> = group
                .iter()
                .filter_map(|entry| entry.size(memory_mb))
                .collect();
            let error = sizes
                .iter()
                .map(|size| size.mean_standard_error.powi(2))
                .sum::<f64>()
                .sqrt();
            Some((
                mean_of(&sizes, |size| ln(size.mean_ms))?,
                error / count(&sizes),
            ))
        })
        .unzip()
}

/// Observed excess variance of ln mean latency at one size, pooled over epochs, and its degrees of freedom.
fn observed_variance(epochs: &[Vec<Group<'_>>], memory_mb: MemoryMb) -> (f64, f64) {
    let mut weighted = 0.0;
    let mut degrees = 0.0;
    for epoch in epochs {
        let (means, errors) = means_of_epoch(epoch, memory_mb);
        let freedom = (count(&means) - 1.0).max(0.0);
        weighted += freedom * excess_variance(&means, &errors);
        degrees += freedom;
    }
    (
        if degrees > 0.0 {
            weighted / degrees
        } else {
            0.0
        },
        degrees,
    )
}

fn run_noise(epochs: &[Vec<Group<'_>>], analysis: &Analysis, runs: usize) -> RunNoise {
    let observed: Vec<(f64, f64)> = analysis
        .sizes
        .iter()
        .map(|size| observed_variance(epochs, size.memory_mb))
        .collect();
    let variances: Vec<f64> = observed.iter().map(|(variance, _)| *variance).collect();
    let degrees = observed
        .iter()
        .map(|(_, degrees)| *degrees)
        .fold(0.0, f64::max);
    RunNoise::shrunk(mean(&variances).unwrap_or_default(), degrees, runs)
}

/// Run-to-run variance that belongs to one endpoint, not to the whole run: the variance over sizes of each run's
/// deviation, shrunk to (3 %)^2.
fn per_endpoint_variance(epochs: &[Vec<Group<'_>>], analysis: &Analysis) -> f64 {
    let mut variances = Vec::new();
    let mut degrees = 0.0;
    for epoch in epochs {
        let per_size: Vec<Vec<f64>> = analysis
            .sizes
            .iter()
            .map(|size| deviations(&means_of_epoch(epoch, size.memory_mb).0))
            .filter(|deviations| deviations.len() == epoch.len() && epoch.len() > 1)
            .collect();
        if per_size.len() > 1 {
            let runs = (0..epoch.len()).map(|run| {
                let across: Vec<f64> = per_size
                    .iter()
                    .filter_map(|size| size.get(run).copied())
                    .collect();
                variance(&across)
            });
            variances.extend(runs);
            degrees += count(epoch) - 1.0;
        }
    }
    endpoint_variance(mean(&variances).unwrap_or_default(), degrees)
}

fn deviations(means: &[f64]) -> Vec<f64> {
    let center = mean(means).unwrap_or_default();
    means.iter().map(|it| it - center).collect()
}
