//! The runs of a baseline, number by number beside the run that is judged.

use super::history::{Entry, Group, SizeEntry};
use super::limits::{CostLimit, LatencyLimit, Limits};
use super::metric::{
    Change, Metric, MetricJudgement, NotCompared, Status, Tail, Tolerance, Undecided, Value,
    WIDEST_BAND, judge_change, number,
};
use super::noise::{
    Comparison, MATURE_RUNS, RunNoise, compare_mean, compare_quantile, geometric_mean, ln,
};
use super::run_to_run::mean_of;
use super::{Creep, Notice};
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
            let quantile = Tail::supported_by(chosen.warm.count).unwrap_or(Tail::P99);
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

    fn latency(&self, size: &SizeSummary, limits: &Limits) -> MetricJudgement {
        let quantile = Tail::supported_by(size.warm.count);
        let judge = |quantile| self.judge_latency(size, quantile, limits);
        let ceiling = latency_ceiling(limits);
        // A ceiling is one of the quantile, whatever is compared.
        let highest = latency_of(size, quantile.unwrap_or(Tail::P99)).map(Value::Latency);
        let beyond = |ceiling| highest.is_some_and(|it| number(it) > number(ceiling));
        let judged = if ceiling.is_some_and(beyond) {
            quantile.and_then(judge)
        } else {
            quantile.and_then(|quantile| judged_in(quantile, judge))
        };
        let judged = match judged {
            Some(judged) => judged,
            None => MetricJudgement::not_compared(
                Metric::Latency(quantile.unwrap_or(Tail::P99)),
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
        judged.with_ceiling_on(highest, ceiling)
    }

    fn judge_latency(
        &self,
        size: &SizeSummary,
        quantile: Tail,
        limits: &Limits,
    ) -> Option<MetricJudgement> {
        let it = self.compare_latency(size, quantile)?;
        let change = Change {
            metric: Metric::Latency(quantile),
            memory_mb: Some(size.memory_mb),
            baseline: Value::Latency(LatencyMs(it.baseline)),
            now: Value::Latency(LatencyMs(it.now)),
            comparison: it.comparison,
            runs: it.runs,
        };
        Some(judge_change(&change, latency_tolerance(limits)))
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

    /// The baseline's geometric mean of a quantile or of the slowest calls, and the comparison.
    fn compare_latency(&self, size: &SizeSummary, tail: Tail) -> Option<Compared> {
        match tail.fraction() {
            Some(fraction) => self.compare_quantile(size, tail, fraction),
            None => self.compare_slowest(size),
        }
    }

    /// Baseline runs without the mean of their slowest calls are passed over.
    fn compare_slowest(&self, size: &SizeSummary) -> Option<Compared> {
        let now = size.warm.slowest?;
        let stored = self.stored(size.memory_mb);
        let baseline: Vec<(f64, f64)> = stored
            .iter()
            .filter_map(|group| {
                let slowest: Vec<_> = group.iter().filter_map(|entry| entry.slowest).collect();
                let lns: Vec<f64> = slowest.iter().map(|it| ln(it.mean_ms)).collect();
                let variances = slowest.iter().map(|it| it.standard_error.powi(2));
                Some((mean(&lns)?, variances.sum::<f64>().sqrt() / count(&lns)))
            })
            .collect();
        let lns: Vec<f64> = baseline.iter().map(|(ln, _)| *ln).collect();
        let noise = RunNoise {
            runs: lns.len(),
            ..self.noise
        };
        // How far identical code strays, the baseline's runs tell, too: a tail that has grown makes its own error larger.
        let errors: Vec<f64> = baseline.iter().map(|(_, error)| error.powi(2)).collect();
        let error = now.standard_error.get();
        let expected = mean(&errors)
            .filter(|_| errors.len() >= MATURE_RUNS)
            .map_or(error, |squared| {
                f64::midpoint(squared, error.powi(2)).sqrt()
            });
        let own = (ln(now.mean.get()), expected);
        Some(Compared {
            baseline: mean(&lns)?.exp(),
            now: now.mean.get(),
            comparison: compare_mean(own, &baseline, noise),
            runs: lns.len(),
        })
    }

    fn compare_quantile(&self, size: &SizeSummary, tail: Tail, p: f64) -> Option<Compared> {
        let stored = self.stored(size.memory_mb);
        let lns: Vec<f64> = stored
            .iter()
            .filter_map(|group| {
                let stored = group.iter().filter_map(|entry| stored_latency(entry, tail));
                mean(&stored.map(ln).collect::<Vec<_>>())
            })
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
        let comparison = compare_quantile(&size.warm_sorted, p, &lns, calls, noise)?;
        Some(Compared {
            baseline: mean(&lns)?.exp(),
            now: latency_of(size, tail)?.get(),
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
    pub(super) fn over_all_sizes(&self, limits: &Limits) -> Vec<MetricJudgement> {
        let sizes = &self.analysis.sizes;
        let fewest = sizes.iter().map(|size| size.warm.count).min().unwrap_or(0);
        let judge = |quantile| self.latencies_together(quantile, limits);
        let latency = Tail::supported_by(fewest).and_then(|quantile| judged_in(quantile, judge));
        let parts: Vec<Comparison> = sizes
            .iter()
            .filter_map(|size| Some(self.compare_cost(size)?.comparison))
            .collect();
        let cost = self.overall(Metric::CostAllSizes, &parts, cost_tolerance(limits));
        [latency, cost].into_iter().flatten().collect()
    }

    /// A quantile that one size alone cannot be judged by is not judged over all sizes either: where p99 jumps between
    /// body and tail from run to run, the jumps of several sizes add up faster than their errors. The mean of the
    /// slowest calls does not jump.
    fn latencies_together(&self, quantile: Tail, limits: &Limits) -> Option<MetricJudgement> {
        let sizes = self.analysis.sizes.iter();
        let parts: Vec<Comparison> = sizes
            .filter_map(|size| Some(self.compare_latency(size, quantile)?.comparison))
            .collect();
        let metric = Metric::LatencyAllSizes(quantile);
        let judged = self.overall(metric, &parts, latency_tolerance(limits))?;
        let jumps = quantile != Tail::Slowest;
        let too_wide = jumps && parts.iter().any(|it| it.own_band().get() > WIDEST_BAND);
        Some(MetricJudgement {
            status: if too_wide && judged.status != Status::Off {
                Status::Undecided(Undecided::BandTooWide)
            } else {
                judged.status
            },
            ..judged
        })
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
        let quantile = Tail::supported_by(size.warm.count);
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

    pub(super) fn latency_notices(&self, held: MemoryMb) -> Vec<Notice> {
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
        let now = size.cold_start_count();
        let limit = usize::try_from(many_floor(many)).unwrap_or(usize::MAX);
        let cold = (now > limit).then_some(Notice::MoreColdStarts {
            memory_mb: held,
            now,
            baseline_mean,
        });
        [lower_quantile(size), cold].into_iter().flatten().collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturating cast of a number that is not negative"
)]
fn many_floor(many: f64) -> u64 {
    many as u64
}

/// The judgement in `quantile`, or in what takes its place where its noise band is too wide: where the tail begins
/// between p98 and p99, identical code strays by more than half in p99. The choice rests on the width of the band and not
/// on the change; a failure stays a failure.
fn judged_in(
    quantile: Tail,
    judge: impl Fn(Tail) -> Option<MetricJudgement>,
) -> Option<MetricJudgement> {
    let too_wide = |it: &MetricJudgement| it.status == Status::Undecided(Undecided::BandTooWide);
    let first = judge(quantile)?;
    if !too_wide(&first) {
        return Some(first);
    }
    let stand_in = quantile.stand_in().and_then(judge);
    Some(stand_in.filter(|it| !too_wide(it)).unwrap_or(first))
}

/// Says that a lower quantile stands for p99, also where only a ceiling is judged.
pub(super) fn lower_quantile(size: &SizeSummary) -> Option<Notice> {
    let calls = size.warm.count;
    let quantile = Tail::supported_by(calls).filter(|quantile| *quantile != Tail::P99)?;
    Some(Notice::JudgedByLowerQuantile { quantile, calls })
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

pub(super) fn latency_ceiling(limits: &Limits) -> Option<Value> {
    limits.max_p99.map(|ceiling| Value::Latency(ceiling.0))
}

pub(super) fn cost_ceiling(limits: &Limits) -> Option<Value> {
    limits.max_cost.map(|ceiling| Value::Cost(ceiling.0))
}

pub(super) fn latency_of(size: &SizeSummary, tail: Tail) -> Option<LatencyMs> {
    match tail {
        Tail::P99 => Some(size.warm.p99),
        Tail::P95 => Some(size.warm.p95),
        Tail::P90 => Some(size.warm.p90),
        Tail::Slowest => size.warm.slowest.map(|it| it.mean),
    }
}

fn stored_latency(size: &SizeEntry, tail: Tail) -> Option<f64> {
    match tail {
        Tail::P99 => Some(size.p99_ms),
        Tail::P95 => Some(size.p95_ms),
        Tail::P90 => Some(size.p90_ms),
        Tail::Slowest => size.slowest.map(|it| it.mean_ms),
    }
}
