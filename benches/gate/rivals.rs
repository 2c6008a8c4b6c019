//! Simpler rules, on the same runs: each compares with the last run of main at the baseline's size.

use std::ops::AddAssign;

use sagegate::analysis::Analysis;
use sagegate::result::RunResult;
use sagegate::units::MemoryMb;

/// How often each rule raised an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rivals {
    /// p99 more than 10 % or cost more than 5 % above.
    pub(crate) ratio: u64,
    /// p99 or cost more than twice as high.
    pub(crate) double: u64,
    /// Mann-Whitney's test on all calls, two-sided, p < 0.05.
    pub(crate) mann_whitney: u64,
}

impl AddAssign for Rivals {
    fn add_assign(&mut self, other: Self) {
        self.ratio += other.ratio;
        self.double += other.double;
        self.mann_whitney += other.mann_whitney;
    }
}

pub(crate) fn judge_by_rivals(
    (main_run, main): (&RunResult, &Analysis),
    (change_run, change): (&RunResult, &Analysis),
    baseline_size: MemoryMb,
) -> Rivals {
    let (old, new) = (
        main.size(baseline_size).unwrap(),
        change.size(baseline_size).unwrap(),
    );
    let p99 = new.warm().p99.get() / old.warm().p99.get();
    let cost = new.cost.per_million().get() / old.cost.per_million().get();
    let p = mann_whitney(
        &latencies(main_run, baseline_size),
        &latencies(change_run, baseline_size),
    );
    Rivals {
        ratio: u64::from(p99 > 1.10 || cost > 1.05),
        double: u64::from(p99 > 2.0 || cost > 2.0),
        mann_whitney: u64::from(p < 0.05),
    }
}

fn latencies(run: &RunResult, memory_mb: MemoryMb) -> Vec<f64> {
    let mut endpoints = run.stability.iter();
    let endpoint = endpoints.find(|it| it.memory_mb == memory_mb).unwrap();
    endpoint
        .invocations
        .iter()
        .map(|call| call.latency_ms)
        .collect()
}

/// Two-sided p by the normal approximation. Latencies are real numbers: ties do not happen.
fn mann_whitney(old: &[f64], new: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = old.iter().map(|latency| (*latency, true)).collect();
    all.extend(new.iter().map(|latency| (*latency, false)));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let ranks: f64 = (1_u32..)
        .zip(&all)
        .filter(|(_, (_, is_old))| *is_old)
        .map(|(rank, _)| f64::from(rank))
        .sum();
    let (old, new) = (old.len() as f64, new.len() as f64);
    let wins = ranks - old * (old + 1.0) / 2.0;
    let deviation = (old * new * (old + new + 1.0) / 12.0).sqrt();
    2.0 * upper_tail(((wins - old * new / 2.0) / deviation).abs())
}

/// Upper tail of the standard normal distribution, to 1e-7.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let sum = series.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
}
