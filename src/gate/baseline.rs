//! The runs of a baseline, number by number beside the run that is judged.

mod latency;

use self::latency::{judged_in, latency_tolerance, stored_latency};
pub(super) use self::latency::{latency_ceiling, latency_of, lower_quantile};
use super::Creep;
use super::history::{Entry, Group, SizeEntry};
use super::limits::{CostLimit, Limits};
use super::metric::{
    Change, Metric, MetricJudgement, NotCompared, Tail, Tolerance, Value, judge_change,
};
use super::noise::{Comparison, RunNoise, compare_mean, geometric_mean, ln};
use super::run_to_run::mean_of;
use crate::analysis::{Analysis, Cost, CostBasis, CostInputs, SizeSummary, count, mean};
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// A number of this run beside the baseline's geometric mean of it.
struct Compared {
    baseline: f64,
    now: f64,
    comparison: Comparison,
    /// Runs of the baseline that have the number.
    runs: usize,
}

/// The runs of a baseline, next to the run that is judged.
pub(super) struct Baseline<'a> {
    pub(super) groups: &'a [Group<'a>],
    pub(super) noise: RunNoise,
    /// The noise of the geometric mean over all sizes.
    pub(super) noise_of_all: RunNoise,
    pub(super) analysis: &'a Analysis,
}

impl Baseline<'_> {
    /// Latency and cost at the baseline's size, so that "the size changed" and "the model got slower" stay apart.
    pub(super) fn at_size(
        &self,
        held: MemoryMb,
        chosen: &SizeSummary,
        limits: &Limits,
    ) -> [MetricJudgement; 2] {
        let Some(size) = self.analysis.size(held) else {
            // The size no longer works: the numbers of the size that replaces it meet the ceilings.
            let bare = |metric, now| {
                let reason = NotCompared::SizeNotMeasured;
                MetricJudgement::not_compared(metric, Some(chosen.memory_mb), now, reason)
            };
            let quantile = Tail::supported_by(chosen.warm().count).unwrap_or(Tail::P99);
            let latency = latency_of(chosen, quantile).map(Value::Latency);
            let cost = Some(Value::Cost(chosen.cost.per_million()));
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
        let error = size.warm().mean_standard_error.get();
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
    pub(super) fn over_all_sizes(&self, limits: &Limits) -> Vec<MetricJudgement> {
        let sizes = &self.analysis.sizes;
        let fewest = sizes
            .iter()
            .map(|size| size.warm().count)
            .min()
            .unwrap_or(0);
        let judge = |quantile| self.latencies_together(quantile, limits);
        let latency = Tail::supported_by(fewest).and_then(|quantile| judged_in(quantile, judge));
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
        let comparison = geometric_mean(parts, self.noise, self.noise_of_all)?;
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

    /// What has changed at a size since one run.
    pub(super) fn creep(&self, held: MemoryMb, oldest: &Entry) -> Option<Creep> {
        let (size, entry) = (self.analysis.size(held)?, oldest.size(held)?);
        let quantile = Tail::supported_by(size.warm().count);
        let change = |now: f64, then: f64| (then > 0.0).then(|| Ratio(now / then - 1.0));
        let latency = quantile.and_then(|quantile| {
            let (now, then) = (
                latency_of(size, quantile)?.get(),
                stored_latency(entry, quantile)?,
            );
            Some((quantile, change(now, then)?))
        });
        let (now, basis) = match (self.analysis.cost_basis, entry.cloudwatch_latency_ms) {
            (CostBasis::CloudWatch, Some(_)) => (size.cost, CostBasis::CloudWatch),
            (CostBasis::CloudWatch | CostBasis::ClientLatency, _) => {
                (size.client_cost, CostBasis::ClientLatency)
            }
        };
        let then = self.stored_cost(entry, basis);
        Some(Creep {
            since: oldest.at,
            latency,
            cost: change(now.per_million().get(), then.get()),
        })
    }
}

const fn cost_tolerance(limits: &Limits) -> Tolerance {
    match limits.max_cost_increase {
        CostLimit::Off => Tolerance::Off,
        CostLimit::Relative(ratio) => Tolerance::Relative(ratio),
        CostLimit::Absolute(cost) => Tolerance::Absolute(Value::Cost(cost)),
    }
}

pub(super) fn cost_ceiling(limits: &Limits) -> Option<Value> {
    limits.max_cost.map(|ceiling| Value::Cost(ceiling.0))
}
