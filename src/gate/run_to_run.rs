//! How much the runs of a baseline differ from each other.

use super::history::{Group, SizeEntry};
use super::noise::{Noise, excess_variance, ln};
use crate::analysis::{Analysis, count, endpoint_variance, mean, variance};
use crate::units::MemoryMb;

/// Mean of a number over the entries of a group; `None` for an empty one.
pub(super) fn mean_of(group: &[&SizeEntry], of: impl Fn(&SizeEntry) -> f64) -> Option<f64> {
    mean(&group.iter().map(|entry| of(entry)).collect::<Vec<_>>())
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

/// Observed excess variance of ln mean latency at one size, pooled over epochs, and its degrees of
/// freedom.
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

/// Run-to-run noise of one size, from all `sizes`.
pub(super) fn run_noise(
    epochs: &[Vec<Group<'_>>],
    sizes: impl Iterator<Item = MemoryMb>,
    runs: usize,
) -> Noise {
    let (variance, degrees) = observed_variance_of(epochs, sizes);
    Noise::shrunk(variance, degrees, runs)
}

/// The same with so many more runs, if those vary as much as usual.
pub(super) fn expected_noise(
    epochs: &[Vec<Group<'_>>],
    sizes: impl Iterator<Item = MemoryMb>,
    runs: usize,
    more: usize,
) -> Noise {
    let (variance, degrees) = observed_variance_of(epochs, sizes);
    Noise::expected(variance, degrees, runs, more)
}

/// The mean of the observed variances of `sizes`, and its degrees of freedom.
fn observed_variance_of(
    epochs: &[Vec<Group<'_>>],
    sizes: impl Iterator<Item = MemoryMb>,
) -> (f64, f64) {
    let observed: Vec<(f64, f64)> = sizes
        .map(|memory_mb| observed_variance(epochs, memory_mb))
        .collect();
    let variances: Vec<f64> = observed.iter().map(|(variance, _)| *variance).collect();
    let degrees = observed
        .iter()
        .map(|(_, degrees)| *degrees)
        .fold(0.0, f64::max);
    (mean(&variances).unwrap_or_default(), degrees)
}

/// Run-to-run noise of the geometric mean over all sizes. What belongs to one endpoint averages out
/// in it, so it varies less than a single size; estimated from the same runs in the same way.
pub(super) fn run_noise_of_all(
    epochs: &[Vec<Group<'_>>],
    analysis: &Analysis,
    runs: usize,
) -> Noise {
    let (mut weighted, mut degrees) = (0.0, 0.0);
    for epoch in epochs {
        let per_size = analysis
            .sizes
            .iter()
            .map(|size| means_of_epoch(epoch, size.memory_mb))
            .filter(|(means, _)| means.len() == epoch.len());
        let (means, errors): (Vec<_>, Vec<_>) = per_size.unzip();
        if means.is_empty() {
            continue;
        }
        let at = |of: &[Vec<f64>], run: usize| -> Vec<f64> {
            of.iter()
                .filter_map(|size| size.get(run).copied())
                .collect()
        };
        let together: Vec<f64> = (0..epoch.len())
            .filter_map(|run| mean(&at(&means, run)))
            .collect();
        let error = |run| {
            let squares: f64 = at(&errors, run).iter().map(|it| it.powi(2)).sum();
            squares.sqrt() / count(&errors)
        };
        let freedom = (count(epoch) - 1.0).max(0.0);
        let errors: Vec<f64> = (0..epoch.len()).map(error).collect();
        weighted += freedom * excess_variance(&together, &errors);
        degrees += freedom;
    }
    let observed = if degrees > 0.0 {
        weighted / degrees
    } else {
        0.0
    };
    Noise::shrunk(observed, degrees, runs)
}

/// Run-to-run variance that belongs to one endpoint, not to the whole run: the variance over sizes
/// of each run's deviation, shrunk to (3 %)^2.
pub(super) fn per_endpoint_variance(epochs: &[Vec<Group<'_>>], analysis: &Analysis) -> f64 {
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
