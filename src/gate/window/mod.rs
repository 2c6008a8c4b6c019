//! The window of the history that a run is compared with, number by number beside the run.

mod latency;

use self::latency::{judged_in, stored_latency};
pub(super) use self::latency::{latency_of, latency_tolerance, lower_quantile, under_ceiling};
use super::Creep;
use super::change::{Change, judge_change};
use super::comparison::{MetricJudgement, NotCompared, Tolerance};
use super::gated::Overall;
use super::history::{Entry, Group, SizeEntry};
use super::limits::{CostLimit, Limits};
use super::metric::{Metric, Tail, Value};
use super::noise::{LogDifference, Noise, compare_mean, geometric_mean, ln};
use super::pairs::Pairs;
use super::run_to_run::mean_of;
use crate::analysis::{Analysis, Cost, CostBasis, CostInputs, SizeSummary, count, mean};
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// The runs that are compared with, next to the run that is judged.
pub(super) struct Window<'a> {
    /// Oldest first.
    pub(super) groups: &'a [Group<'a>],
    /// The noise of one size, from run to run or between pairs.
    pub(super) noise: Noise,
    /// The noise of the geometric mean over all sizes.
    pub(super) noise_of_all: Noise,
    /// Of a reference that was measured in turn with this run.
    pub(super) pairs: Option<&'a Pairs>,
    /// At the prices that cost is compared at: main's.
    pub(super) analysis: &'a Analysis,
    /// At the prices of the run, which is what ceilings are about.
    pub(super) today: &'a Analysis,
}

/// The two metrics that are judged at the baseline's size.
pub(super) struct LatencyAndCost {
    pub(super) latency: MetricJudgement,
    pub(super) cost: MetricJudgement,
}

impl Window<'_> {
    /// Latency and cost at the baseline's size, so that "the size changed" and "the model got
    /// slower" stay apart.
    pub(super) fn at_size(
        &self,
        baseline_size: MemoryMb,
        recommended: &SizeSummary,
        limits: &Limits,
    ) -> LatencyAndCost {
        let Some(size) = self.analysis.size(baseline_size) else {
            // The size no longer works: the numbers of the size that replaces it meet the ceilings.
            let bare = |metric, now| {
                let reason = NotCompared::SizeNotMeasured;
                MetricJudgement::not_compared(metric, Some(recommended.memory_mb), now, reason)
            };
            let tail = Tail::shown_of(recommended.warm().count);
            let latency = latency_of(recommended, tail).map(Value::Latency);
            let cost = Some(Value::Cost(recommended.cost.per_million()));
            let latency = bare(Metric::Latency(tail), latency).off_with(latency_tolerance(limits));
            return LatencyAndCost {
                latency: under_ceiling(latency, recommended, limits),
                cost: bare(Metric::CostPerMillion, cost)
                    .off_with(cost_tolerance(limits))
                    .with_ceiling(cost_ceiling(limits)),
            };
        };
        LatencyAndCost {
            latency: self.latency(size, limits),
            cost: self.cost(size, limits),
        }
    }

    fn cost(&self, size: &SizeSummary, limits: &Limits) -> MetricJudgement {
        let judged = match self.compare_cost(size) {
            Some(change) => judge_change(&change, cost_tolerance(limits)),
            None => MetricJudgement::not_compared(
                Metric::CostPerMillion,
                Some(size.memory_mb),
                Some(Value::Cost(size.cost.per_million())),
                NotCompared::SizeNotMeasured,
            )
            .off_with(cost_tolerance(limits)),
        };
        let today = self.today.size(size.memory_mb);
        let today = today.map(|size| Value::Cost(size.cost.per_million()));
        judged.with_ceiling_on(today, cost_ceiling(limits))
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

    /// The baseline's geometric mean of cost at main's prices, this run's cost, and the
    /// comparison. An estimate is compared with estimates only.
    pub(super) fn compare_cost(&self, size: &SizeSummary) -> Option<Change> {
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
        let noise = self.noise.of_runs(lns.len());
        let difference = compare_mean((ln(now.get()), error), &baseline, noise);
        Some(Change {
            metric: Metric::CostPerMillion,
            memory_mb: Some(size.memory_mb),
            baseline: Value::Cost(Usd(mean(&lns)?.exp())),
            now: Value::Cost(now),
            difference: match self.pairs.and_then(|it| it.error_of_mean(size.memory_mb)) {
                Some(paired) => difference.with_own_error(paired),
                None => difference,
            },
            between: noise.between,
        })
    }

    /// What both sides' costs can rest on, and the entries that have it: an entry without
    /// CloudWatch's numbers is passed over as long as another one has them.
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

    /// Geometric means over the sizes that both have: they catch a slow model that no single size
    /// proves.
    pub(super) fn over_all_sizes(&self, limits: &Limits) -> Overall {
        let sizes = &self.analysis.sizes;
        let fewest = sizes
            .iter()
            .map(|size| size.warm().count)
            .min()
            .unwrap_or(0);
        let judge = |quantile| self.latencies_together(quantile, limits);
        let latency = Tail::supported_by(fewest).and_then(|quantile| judged_in(quantile, judge));
        let parts: Vec<LogDifference> = sizes
            .iter()
            .filter_map(|size| Some(self.compare_cost(size)?.difference))
            .collect();
        let cost = self.overall(Metric::CostAllSizes, &parts, cost_tolerance(limits));
        Overall { latency, cost }
    }

    fn overall(
        &self,
        metric: Metric,
        parts: &[LogDifference],
        tolerance: Tolerance,
    ) -> Option<MetricJudgement> {
        let difference = geometric_mean(parts, self.noise, self.noise_of_all)?;
        let change = Change {
            metric,
            memory_mb: None,
            baseline: Value::Change(Ratio(0.0)),
            now: Value::Change(difference.increase()),
            difference,
            between: self.noise.between,
        };
        // An absolute tolerance belongs to one size: over all sizes it has no meaning.
        match tolerance {
            Tolerance::Relative(_) => Some(judge_change(&change, tolerance)),
            Tolerance::Off | Tolerance::Absolute(_) => None,
        }
    }

    /// What has changed at a size since one run.
    pub(super) fn creep(&self, baseline_size: MemoryMb, oldest: &Entry) -> Option<Creep> {
        let size = self.analysis.size(baseline_size)?;
        let entry = oldest.size(baseline_size)?;
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

pub(super) const fn cost_tolerance(limits: &Limits) -> Tolerance {
    match limits.max_cost_increase {
        CostLimit::Off => Tolerance::Off,
        CostLimit::Relative(ratio) => Tolerance::Relative(ratio),
        CostLimit::Absolute(cost) => Tolerance::Absolute(Value::Cost(cost)),
    }
}

pub(super) fn cost_ceiling(limits: &Limits) -> Option<Value> {
    limits.max_cost.map(|ceiling| Value::Cost(ceiling.0))
}
