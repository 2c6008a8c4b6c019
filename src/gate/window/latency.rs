//! Latency of the runs of a baseline beside that of the run that is judged.

use super::Window;
use crate::analysis::{SizeSummary, count, mean};
use crate::gate::Notice;
use crate::gate::change::{Change, WIDEST_BAND, judge_change};
use crate::gate::comparison::{MetricJudgement, NotCompared, Status, Tolerance, Undecided};
use crate::gate::history::SizeEntry;
use crate::gate::limits::{LatencyLimit, Limits};
use crate::gate::metric::{Metric, Tail, Value, number};
use crate::gate::noise::{
    LogDifference, MATURE_RUNS, compare_mean, compare_quantile, compare_quantiles, ln,
    quantile_at_least,
};
use crate::units::{LatencyMs, MemoryMb};

/// The quantile that ceilings are about.
const P99: f64 = 0.99;

impl Window<'_> {
    pub(super) fn latency(&self, size: &SizeSummary, limits: &Limits) -> MetricJudgement {
        let calls = size.warm().count;
        let quantile = Tail::supported_by(calls);
        let judge = |quantile| self.judge_latency(size, quantile, limits);
        // A ceiling limits the quantile, regardless of what is compared.
        let highest = latency_of(size, Tail::shown_of(calls)).map(Value::Latency);
        let ceiling = limits.max_p99.map(|it| Value::Latency(it.0));
        let beyond = |ceiling| highest.is_some_and(|it| number(it) > number(ceiling));
        let judged = if ceiling.is_some_and(beyond) {
            quantile.and_then(judge)
        } else {
            quantile.and_then(|quantile| judged_in(quantile, judge))
        };
        let judged = match judged {
            Some(judged) => judged,
            None => MetricJudgement::not_compared(
                Metric::Latency(Tail::shown_of(calls)),
                Some(size.memory_mb),
                highest,
                if quantile.is_none() {
                    NotCompared::TooFewCalls
                } else {
                    NotCompared::SizeNotMeasured
                },
            )
            .off_with(latency_tolerance(limits)),
        };
        under_ceiling(judged, size, limits)
    }

    /// Latency at a size of which only a lower bound is known: it fails or says nothing.
    pub(in crate::gate) fn latency_at_least(
        &self,
        bound: &SizeSummary,
        limits: &Limits,
    ) -> MetricJudgement {
        let calls = bound.warm().count;
        let tail = Tail::shown_of(calls);
        let at_least = latency_of(bound, tail).map(Value::Latency);
        let open = NotCompared::StoppedEarly;
        let bare = || {
            let metric = Metric::Latency(tail);
            MetricJudgement::not_compared(metric, Some(bound.memory_mb), at_least, open)
        };
        let judge = |quantile| self.judge_latency(bound, quantile, limits);
        let judged = Tail::supported_by(calls).and_then(judge);
        let judged = under_ceiling(judged.unwrap_or_else(bare), bound, limits);
        if judged.fails() { judged } else { bare() }
    }

    fn judge_latency(
        &self,
        size: &SizeSummary,
        quantile: Tail,
        limits: &Limits,
    ) -> Option<MetricJudgement> {
        let change = self.compare_latency(size, quantile)?;
        Some(judge_change(&change, latency_tolerance(limits)))
    }

    /// A quantile or the mean of the slowest calls beside the baseline's.
    pub(in crate::gate) fn compare_latency(
        &self,
        size: &SizeSummary,
        tail: Tail,
    ) -> Option<Change> {
        match tail.fraction() {
            Some(fraction) => self.compare_quantile(size, tail, fraction),
            None => self.compare_slowest(size),
        }
    }

    /// Baseline runs without the mean of their slowest calls are passed over.
    fn compare_slowest(&self, size: &SizeSummary) -> Option<Change> {
        let now = size.warm().slowest?;
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
        let noise = self.noise.of_runs(lns.len());
        // The baseline's runs, too, show how much identical code varies: a tail that has grown
        // makes its own error larger.
        let errors: Vec<f64> = baseline.iter().map(|(_, error)| error.powi(2)).collect();
        let error = now.standard_error.get();
        let expected = mean(&errors)
            .filter(|_| errors.len() >= MATURE_RUNS)
            .map_or(error, |squared| {
                f64::midpoint(squared, error.powi(2)).sqrt()
            });
        let own = (ln(now.mean.get()), expected);
        Some(Change {
            metric: Metric::Latency(Tail::Slowest),
            memory_mb: Some(size.memory_mb),
            baseline: Value::Latency(LatencyMs(mean(&lns)?.exp())),
            now: Value::Latency(now.mean),
            difference: compare_mean(own, &baseline, noise),
            between: noise.between,
        })
    }

    fn compare_quantile(&self, size: &SizeSummary, tail: Tail, p: f64) -> Option<Change> {
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
        let noise = self.noise.of_runs(lns.len());
        Some(Change {
            metric: Metric::Latency(tail),
            memory_mb: Some(size.memory_mb),
            baseline: Value::Latency(LatencyMs(mean(&lns)?.exp())),
            now: Value::Latency(latency_of(size, tail)?),
            difference: match self.pairs.and_then(|it| it.latencies(size.memory_mb)) {
                Some(reference) => compare_quantiles(size.warm_sorted(), reference, p, noise)?,
                None => compare_quantile(size.warm_sorted(), p, &lns, calls, noise)?,
            },
            between: noise.between,
        })
    }

    /// A quantile that one size alone cannot be judged by is not judged over all sizes either:
    /// where p99 jumps between body and tail from run to run, the jumps of several sizes add up
    /// faster than their errors. The mean of the slowest calls does not jump.
    pub(super) fn latencies_together(
        &self,
        quantile: Tail,
        limits: &Limits,
    ) -> Option<MetricJudgement> {
        let sizes = self.analysis.sizes.iter();
        let parts: Vec<LogDifference> = sizes
            .filter_map(|size| Some(self.compare_latency(size, quantile)?.difference))
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

    pub(in crate::gate) fn latency_notices(&self, baseline_size: MemoryMb) -> Vec<Notice> {
        let Some(size) = self.analysis.size(baseline_size) else {
            return Vec::new();
        };
        let stored = self.stored(baseline_size);
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
            memory_mb: baseline_size,
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

/// The judgement in `quantile`, or in what takes its place where its noise band is too wide: where
/// the tail begins between p98 and p99, identical code varies by more than half in p99. The choice
/// rests on the width of the band and not on the change; a failure stays a failure.
pub(super) fn judged_in(
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

/// Says that something else stands for p99, also where only a ceiling is judged.
pub(in crate::gate) fn lower_quantile(size: &SizeSummary) -> Option<Notice> {
    let calls = size.warm().count;
    let quantile = Tail::shown_of(calls);
    (quantile != Tail::P99).then_some(Notice::JudgedByLowerQuantile { quantile, calls })
}

/// Adds the ceiling of p99. With fewer than 891 calls p99 is not known: what is above the ceiling
/// in the quantile that they support is above it in p99, too, and with 80 calls or fewer what p99
/// is at least. What may be above is no pass.
pub(in crate::gate) fn under_ceiling(
    judged: MetricJudgement,
    size: &SizeSummary,
    limits: &Limits,
) -> MetricJudgement {
    let Some(ceiling) = limits.max_p99 else {
        return judged;
    };
    let allowed = Value::Latency(ceiling.0);
    let calls = size.warm().count;
    let p99 = latency_of(size, Tail::P99);
    let known = match Tail::supported_by(calls) {
        Some(quantile) => latency_of(size, quantile),
        None => quantile_at_least(size.warm_sorted(), P99).map(LatencyMs),
    };
    let is_known =
        |it: LatencyMs| it > ceiling.0 || (calls > 80 && p99.is_some_and(|p99| p99 <= ceiling.0));
    match (known.filter(|it| is_known(*it)), p99) {
        (Some(known), p99) => {
            let mut judged = judged.with_ceiling_on(Some(Value::Latency(known)), Some(allowed));
            if let (Some(ceiling), Some(p99)) = (&mut judged.ceiling, p99) {
                ceiling.kept_from = Value::Latency(if p99 > known { p99 } else { known });
            }
            judged
        }
        (None, Some(p99)) => judged.with_open_ceiling(Value::Latency(p99), allowed),
        (None, None) => judged,
    }
}

pub(in crate::gate) const fn latency_tolerance(limits: &Limits) -> Tolerance {
    match limits.max_p99_increase {
        LatencyLimit::Off => Tolerance::Off,
        LatencyLimit::Relative(ratio) => Tolerance::Relative(ratio),
        LatencyLimit::Absolute(latency) => Tolerance::Absolute(Value::Latency(latency)),
    }
}

pub(in crate::gate) fn latency_of(size: &SizeSummary, tail: Tail) -> Option<LatencyMs> {
    match tail {
        // p99 of 80 calls or fewer is the slowest one.
        Tail::P99 | Tail::Maximum => Some(size.warm().p99),
        Tail::P95 => Some(size.warm().p95),
        Tail::P90 => Some(size.warm().p90),
        Tail::Slowest => size.warm().slowest.map(|it| it.mean),
    }
}

pub(super) fn stored_latency(size: &SizeEntry, tail: Tail) -> Option<f64> {
    match tail {
        Tail::P99 | Tail::Maximum => Some(size.p99_ms),
        Tail::P95 => Some(size.p95_ms),
        Tail::P90 => Some(size.p90_ms),
        Tail::Slowest => size.slowest.map(|it| it.mean_ms),
    }
}
