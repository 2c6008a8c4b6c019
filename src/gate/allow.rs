//! The settings that would allow what fails.

use std::fmt;

use super::Judgement;
use super::comparison::{Comparison, MetricJudgement};
use super::limits::{CostCeiling, CostLimit, LatencyCeiling, LatencyLimit, Limits, MemoryLimit};
use super::metric::{Metric, Value, number};
use crate::units::{LatencyMs, Ratio, Usd};

/// Increases from here on are given in the unit of the metric: a limit of 100 % is refused.
const LARGEST_SHARE: f64 = 0.99;
/// A limit that is exact but for the last binary digit could be too small.
const A_HAIR_MORE: f64 = 1.0 + 1e-9;

/// A limit with a value that would allow what fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowance {
    /// `max-memory-increase`.
    Memory(MemoryLimit),
    /// `max-p99-increase`.
    LatencyIncrease(LatencyLimit),
    /// `max-p99`.
    Latency(LatencyCeiling),
    /// `max-cost-increase`.
    CostIncrease(CostLimit),
    /// `max-cost`.
    Cost(CostCeiling),
}

impl Allowance {
    /// Name of the flag without its dashes, and of the input.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory(_) => "max-memory-increase",
            Self::LatencyIncrease(_) => "max-p99-increase",
            Self::Latency(_) => "max-p99",
            Self::CostIncrease(_) => "max-cost-increase",
            Self::Cost(_) => "max-cost",
        }
    }

    /// The limits with this one instead.
    #[must_use]
    pub const fn applied_to(self, limits: Limits) -> Limits {
        match self {
            Self::Memory(max_memory_increase) => Limits {
                max_memory_increase,
                ..limits
            },
            Self::LatencyIncrease(max_p99_increase) => Limits {
                max_p99_increase,
                ..limits
            },
            Self::Latency(ceiling) => Limits {
                max_p99: Some(ceiling),
                ..limits
            },
            Self::CostIncrease(max_cost_increase) => Limits {
                max_cost_increase,
                ..limits
            },
            Self::Cost(ceiling) => Limits {
                max_cost: Some(ceiling),
                ..limits
            },
        }
    }
}

/// The value, as the flag takes it.
impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(limit) => limit.fmt(f),
            Self::LatencyIncrease(limit) => limit.fmt(f),
            Self::Latency(LatencyCeiling(latency)) => write!(f, "{}ms", latency.get()),
            Self::CostIncrease(limit) => limit.fmt(f),
            Self::Cost(CostCeiling(cost)) => write!(f, "${}", cost.get()),
        }
    }
}

/// What would allow all that fails; nothing for a run that was stopped early, as how bad it is was
/// not measured, and nothing beside a reference, which is the merged model from the next run on.
pub(super) fn allowances(judgement: &Judgement, limits: &Limits) -> Vec<Allowance> {
    if judgement.is_stopped_early() || judgement.origin.reference().is_some() {
        return Vec::new();
    }
    let of = |is_family: fn(Metric) -> bool| {
        let failing = judgement.failing();
        failing.filter(move |it| is_family(it.metric))
    };
    let is_latency = |it| matches!(it, Metric::Latency(_) | Metric::LatencyAllSizes(_));
    let is_cost = |it| matches!(it, Metric::CostPerMillion | Metric::CostAllSizes);
    let memory = judgement.failing().find_map(more_memory);
    let latency = largest(of(is_latency)).map(|it| {
        Allowance::LatencyIncrease(match (it.share(), limits.max_p99_increase) {
            (Some(share), LatencyLimit::Relative(_) | LatencyLimit::Off) => {
                LatencyLimit::Relative(share)
            }
            (_, _) => it.step().map_or(LatencyLimit::Off, |step| {
                LatencyLimit::Absolute(LatencyMs(step))
            }),
        })
    });
    let cost = largest(of(is_cost)).map(|it| {
        Allowance::CostIncrease(match (it.share(), limits.max_cost_increase) {
            (Some(share), CostLimit::Relative(_) | CostLimit::Off) => CostLimit::Relative(share),
            (_, _) => it
                .step()
                .map_or(CostLimit::Off, |step| CostLimit::Absolute(Usd(step))),
        })
    });
    let p99 =
        above_ceiling(of(is_latency)).map(|it| Allowance::Latency(LatencyCeiling(LatencyMs(it))));
    let dollars = above_ceiling(of(is_cost)).map(|it| Allowance::Cost(CostCeiling(Usd(it))));
    [memory, latency, p99, cost, dollars]
        .into_iter()
        .flatten()
        .collect()
}

fn more_memory(judged: &MetricJudgement) -> Option<Allowance> {
    match judged.comparison {
        Comparison::Sizes { baseline, now, .. } => {
            let step = now.get().saturating_sub(baseline.get());
            Some(Allowance::Memory(MemoryLimit::Megabytes(step)))
        }
        Comparison::Compared(_) | Comparison::Bounded { .. } | Comparison::NotCompared { .. } => {
            None
        }
    }
}

/// An increase, relative and in the unit of the metric; 0 over all sizes.
#[derive(Clone, Copy)]
struct Excess {
    increase: f64,
    difference: f64,
}

impl Excess {
    /// In whole percent; `None` where that is no limit.
    fn share(self) -> Option<Ratio> {
        let percent = (self.increase * 100.0 * A_HAIR_MORE).ceil();
        (percent <= LARGEST_SHARE * 100.0).then_some(Ratio(percent / 100.0))
    }

    /// In the unit of the metric; `None` for one over all sizes, which has none.
    fn step(self) -> Option<f64> {
        (self.difference > 0.0).then(|| rounded_up(self.difference))
    }
}

/// The largest increase that is beyond tolerance and noise.
fn largest<'a>(failing: impl Iterator<Item = &'a MetricJudgement>) -> Option<Excess> {
    failing
        .filter_map(|judged| {
            let compared = judged.compared()?;
            let difference = match (compared.baseline, compared.now) {
                (Value::Change(_), _) => 0.0,
                (baseline, _) => number(baseline) * compared.increase.get(),
            };
            Some(Excess {
                increase: judged.excessive_increase()?.get(),
                difference,
            })
        })
        .reduce(|a, b| Excess {
            increase: a.increase.max(b.increase),
            difference: a.difference.max(b.difference),
        })
}

fn above_ceiling<'a>(mut failing: impl Iterator<Item = &'a MetricJudgement>) -> Option<f64> {
    let ceiling = failing.find_map(MetricJudgement::exceeded_ceiling)?;
    Some(rounded_up(number(ceiling.kept_from)))
}

/// The next number with three significant digits.
fn rounded_up(number: f64) -> f64 {
    let exponent = number.abs().max(1e-6).log10().floor();
    let step = 10_f64.powf(exponent - 2.0);
    let up = (number / step * A_HAIR_MORE).ceil() * step;
    // Without digits such as those of 0.1 + 0.2.
    (up * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::super::tests::{history, judged, model, stopped};
    use super::super::{History, Verdict};
    use super::*;
    use crate::result::RunResult;

    fn words(run: &RunResult, history: Option<&History>, limits: &Limits) -> Vec<String> {
        let it = judged(run, history, limits);
        let words = it.allowances.iter();
        words.map(|it| format!("{}: {it}", it.name())).collect()
    }

    #[test]
    fn what_fails_is_allowed_by_the_values_that_are_named() {
        let five = history(5, model);
        let limits = Limits::default();
        insta::assert_snapshot!(words(&model(1.25), Some(&five), &limits).join(", "), @"max-p99-increase: 26%, max-cost-increase: 25%");
        // A relative limit of 100 % is refused.
        insta::assert_snapshot!(words(&model(2.5), Some(&five), &limits).join(", "), @"max-p99-increase: 182ms, max-cost-increase: $6.61");
        let ceilings = Limits {
            max_p99: Some("100ms".parse().unwrap()),
            max_cost: Some("$3".parse().unwrap()),
            ..limits
        };
        insta::assert_snapshot!(words(&model(1.0), None, &ceilings).join(", "), @"max-p99: 121ms, max-cost: $4.49");
        assert_eq!(
            words(&stopped(model(1.7), 200), Some(&five), &limits),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_run_passes_by_the_limits_that_would_allow_it() {
        let five = history(5, model);
        for limits in [
            Limits::default(),
            Limits {
                max_p99: Some("100ms".parse().unwrap()),
                max_cost: Some("$3".parse().unwrap()),
                max_p99_increase: "5ms".parse().unwrap(),
                max_cost_increase: "$0.10".parse().unwrap(),
                ..Limits::default()
            },
        ] {
            for factor in [1.0, 1.2, 1.37, 1.7, 1.99, 2.0, 2.4, 7.0] {
                let run = model(factor);
                let first = judged(&run, Some(&five), &limits);
                let allowed = first.allowances.iter().fold(limits, |limits, it| {
                    let text = format!("{}={it}", it.name());
                    assert!(!text.contains("e-"), "{text}");
                    it.applied_to(limits)
                });
                let second = judged(&run, Some(&five), &allowed);
                assert_eq!(
                    (first.verdict == Verdict::Fail, second.verdict),
                    (!first.allowances.is_empty(), Verdict::Pass),
                    "{factor}: {:?}",
                    first.allowances
                );
            }
        }
    }
}
