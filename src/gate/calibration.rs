//! What the gate can see: how much runs of the same model vary, and the smallest regression it
//! would catch.

use jiff::SignedDuration;

use super::history::{Entry, Epoch, History};
use super::metric::Tail;
use super::noise::{Noise, SIGMAS, compare_mean, compare_quantile, ln};
use super::outlook::NINE_OF_TEN;
use super::run_to_run::run_noise;
use super::window::latency_of;
use crate::analysis::{Analysis, count, variance};
use crate::result::RunResult;
use crate::units::{MemoryMb, Ratio};

/// Runs of main that a baseline is assumed to have by then.
pub const ASSUMED_RUNS: usize = 5;

/// What `k` runs of the same model show.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Runs that were measured.
    pub runs: usize,
    /// The recommended size, at which latency and cost are judged.
    pub memory_mb: MemoryMb,
    /// The quantile of latency that the number of calls supports.
    pub quantile: Tail,
    /// That quantile.
    pub latency: Visibility,
    /// Cost per million.
    pub cost: Visibility,
}

/// How well the gate sees one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visibility {
    /// Standard deviation of the values of the runs, relative.
    pub spread: Ratio,
    /// Identical code stays within this increase (3 sigma), against a baseline of [`ASSUMED_RUNS`]
    /// runs.
    pub band: Ratio,
    /// An increase that fails nine times of ten under the tolerance.
    pub caught: Ratio,
    /// Smallest tolerance that noise does not override, in whole percent.
    pub suggested: Ratio,
}

/// What the gate tolerates, relative to the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// Of latency.
    pub latency: Ratio,
    /// Of cost.
    pub cost: Ratio,
}

/// Calibrates on runs of the same model. `None` for fewer than two runs, or when the recommended
/// size was not measured in each.
pub fn calibrate(runs: &[(RunResult, Analysis)], tolerances: Tolerances) -> Option<Calibration> {
    let (_, last) = runs.last().filter(|_| runs.len() > 1)?;
    let memory_mb = last.best?;
    let noise = noise(runs, memory_mb)?.of_runs(ASSUMED_RUNS);
    let size = last.size(memory_mb)?;
    let quantile = Tail::supported_by(size.warm().count)?;
    let sizes: Option<Vec<_>> = runs.iter().map(|(_, it)| it.size(memory_mb)).collect();
    let sizes = sizes?;
    let latencies: Vec<f64> = sizes
        .iter()
        .filter_map(|it| Some(ln(latency_of(it, quantile)?.get())))
        .collect();
    let costs: Vec<(f64, f64)> = sizes
        .iter()
        .map(|it| {
            (
                ln(it.cost.per_million().get()),
                it.warm().mean_standard_error.get(),
            )
        })
        .collect();
    let calls: f64 = sizes.iter().map(|it| count(it.warm_sorted())).sum();
    let by_latency = compare_quantile(
        size.warm_sorted(),
        quantile.fraction()?,
        &latencies,
        calls,
        noise,
    )?;
    let now = (
        ln(size.cost.per_million().get()),
        size.warm().mean_standard_error.get(),
    );
    let by_cost = compare_mean(now, &costs, noise);
    let ln_costs: Vec<f64> = costs.iter().map(|(cost, _)| *cost).collect();
    Some(Calibration {
        runs: runs.len(),
        memory_mb,
        quantile,
        latency: visibility(&latencies, by_latency.standard_error, tolerances.latency),
        cost: visibility(&ln_costs, by_cost.standard_error, tolerances.cost),
    })
}

/// Run-to-run noise as the gate will estimate it. The runs of a calibration follow each other
/// closely, and would count as one: here each counts as a day.
fn noise(runs: &[(RunResult, Analysis)], memory_mb: MemoryMb) -> Option<Noise> {
    let mut history = History::default();
    for (day, (run, analysis)) in (1_i64..).zip(runs) {
        let mut entry = Entry::new(run, analysis, memory_mb);
        entry.run_id = format!("calibration-{day}");
        entry.at += SignedDuration::from_hours(24 * day);
        history.append(entry, Epoch::Same);
    }
    let key = &history.newest()?.key;
    let (_, last) = runs.last()?;
    Some(run_noise(
        &history.by_epoch(key),
        last.sizes.iter().map(|it| it.memory_mb),
        runs.len(),
    ))
}

fn visibility(ln_values: &[f64], standard_error: f64, tolerance: Ratio) -> Visibility {
    let band = SIGMAS * standard_error;
    let fails_above = band.max(tolerance.get().ln_1p());
    Visibility {
        spread: Ratio(variance(ln_values).sqrt()),
        band: Ratio(band.exp_m1()),
        caught: Ratio((fails_above + NINE_OF_TEN * standard_error).exp_m1()),
        suggested: Ratio((band.exp_m1() * 100.0).ceil() / 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::prices;
    use crate::analysis::{Strategy, analyse};
    use crate::gate::tests::model;

    const TOLERANCES: Tolerances = Tolerances {
        latency: Ratio(0.10),
        cost: Ratio(0.05),
    };

    fn runs(scales: &[f64]) -> Vec<(RunResult, Analysis)> {
        let one = |scale: &f64| {
            let run = model(*scale);
            let analysis = analyse(&run, &prices(), Strategy::Balanced);
            (run, analysis)
        };
        scales.iter().map(one).collect()
    }

    #[test]
    fn noisier_runs_hide_more() {
        let quiet = calibrate(&runs(&[1.0, 1.001, 0.999, 1.0, 1.0]), TOLERANCES).unwrap();
        let noisy = calibrate(&runs(&[1.0, 1.15, 0.9, 1.1, 0.95]), TOLERANCES).unwrap();
        assert_eq!((quiet.runs, quiet.memory_mb.get()), (5, 2048));
        assert!(quiet.latency.spread.get() < 0.002 && noisy.latency.spread.get() > 0.05);
        assert!(noisy.latency.caught > quiet.latency.caught);
        assert!(noisy.cost.suggested > quiet.cost.suggested);
        for it in [quiet.latency, quiet.cost, noisy.latency, noisy.cost] {
            assert!(it.caught > it.band && it.suggested >= it.band);
        }
    }

    #[test]
    fn one_run_shows_nothing() {
        assert_eq!(calibrate(&runs(&[1.0]), TOLERANCES), None);
        assert_eq!(calibrate(&[], TOLERANCES), None);
    }
}
