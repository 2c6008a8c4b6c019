//! Which memory size to use, and why not the others.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::SizeSummary;
use crate::units::{LatencyMs, MemoryMb, Ratio};

/// A size must beat the baseline's by this much before the recommendation moves.
const MINIMUM_ADVANTAGE: f64 = 1.10;
/// Prior of the run-to-run standard deviation of one endpoint's latency.
const ENDPOINT_DEVIATION: f64 = 0.03;
/// Weight of the prior, in runs.
const PRIOR_WEIGHT: f64 = 3.0;
const SIGMAS: f64 = 3.0;

/// How the size is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Strategy {
    /// Lowest average latency x cost x discount; the discount falls from 1 at 1024 MB to 0.5 at
    /// 6144 MB. The rule of the toolkit.
    #[default]
    Balanced,
    /// Cheapest; ties go to the faster.
    Cost,
    /// Fastest; ties go to the cheaper.
    Speed,
    /// Cheapest with a p99 at or below the bound; the one with the lowest p99 when none is.
    CheapestUnder(LatencyMs),
}

/// A text that names no strategy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a strategy, use balanced, cost, speed or cheapest-under:250ms")]
pub struct UnknownStrategy(String);

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownStrategy(text.to_owned());
        match text {
            "balanced" => Ok(Self::Balanced),
            "cost" => Ok(Self::Cost),
            "speed" => Ok(Self::Speed),
            _ => {
                let bound = text
                    .strip_prefix("cheapest-under:")
                    .and_then(|rest| rest.strip_suffix("ms"));
                let bound: f64 = bound
                    .and_then(|number| number.parse().ok())
                    .ok_or_else(unknown)?;
                if bound.is_finite() && bound > 0.0 {
                    Ok(Self::CheapestUnder(LatencyMs(bound)))
                } else {
                    Err(unknown())
                }
            }
        }
    }
}

/// Prints what [`Strategy::from_str`] reads.
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Balanced => f.write_str("balanced"),
            Self::Cost => f.write_str("cost"),
            Self::Speed => f.write_str("speed"),
            Self::CheapestUnder(bound) => write!(f, "cheapest-under:{}ms", bound.get()),
        }
    }
}

/// How a size compares with the recommended one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Change of cost from the recommended size to this one.
    pub cost: Ratio,
    /// Change of average latency from the recommended size to this one.
    pub latency: Ratio,
    /// Change of the strategy's score from the recommended size to this one: positive is worse.
    pub score: Ratio,
    /// Whether the scores are within 10 %.
    pub near_tie: bool,
}

impl Strategy {
    /// The number that the strategy minimises.
    pub fn score(self, size: &SizeSummary) -> f64 {
        let latency = size.cost.average_latency.get();
        let cost = size.cost.per_million().get();
        match self {
            Self::Balanced => latency * cost * discount(size.memory_mb),
            Self::Cost => cost,
            Self::Speed => latency,
            Self::CheapestUnder(bound) if size.warm().p99 <= bound => cost,
            // Behind every size within the bound, and among themselves by p99.
            Self::CheapestUnder(_) => BEHIND_ALL + size.warm().p99.get(),
        }
    }

    /// How strongly a change of latency shows in the score: twice where latency and cost are
    /// multiplied.
    const fn leverage(self) -> f64 {
        match self {
            Self::Balanced => 2.0,
            Self::Cost | Self::Speed | Self::CheapestUnder(_) => 1.0,
        }
    }
}

const BEHIND_ALL: f64 = 1e12;

/// 1 at 1024 MB, falling evenly to 0.5 at 6144 MB.
fn discount(memory_mb: MemoryMb) -> f64 {
    1.0 - 0.1 * f64::from(memory_mb.index())
}

/// The best size by the strategy alone; ties go to lower cost, then lower latency, then less
/// memory.
pub fn best(sizes: &[SizeSummary], strategy: Strategy) -> Option<&SizeSummary> {
    let tie = |a: &SizeSummary, b: &SizeSummary| -> Ordering {
        let cost = a
            .cost
            .per_million()
            .get()
            .total_cmp(&b.cost.per_million().get());
        let latency = a
            .cost
            .average_latency
            .get()
            .total_cmp(&b.cost.average_latency.get());
        cost.then(latency).then(a.memory_mb.cmp(&b.memory_mb))
    };
    sizes.iter().min_by(|a, b| {
        strategy
            .score(a)
            .total_cmp(&strategy.score(b))
            .then_with(|| tie(a, b))
    })
}

/// The size to recommend when the baseline recommends `incumbent`: the incumbent stays unless
/// another size is better by more than 10 % and by more than three standard errors of the
/// comparison. A plain minimum would flip between identical runs. An incumbent that no longer works
/// is replaced.
///
/// `endpoint_variance` is the run-to-run variance of ln latency of one endpoint
/// ([`endpoint_variance`]).
pub fn keep_or_change(
    sizes: &[SizeSummary],
    strategy: Strategy,
    incumbent: MemoryMb,
    endpoint_variance: f64,
) -> Option<&SizeSummary> {
    let best = best(sizes, strategy)?;
    let Some(incumbent_size) = sizes.iter().find(|size| size.memory_mb == incumbent) else {
        return Some(best);
    };
    let advantage = (strategy.score(incumbent_size) / strategy.score(best)).ln();
    let error = |size: &SizeSummary| size.warm().mean_standard_error.get().powi(2);
    let spread = (error(incumbent_size) + error(best) + 2.0 * endpoint_variance).sqrt();
    let needed = MINIMUM_ADVANTAGE
        .ln()
        .max(SIGMAS * strategy.leverage() * spread);
    Some(if advantage > needed {
        best
    } else {
        incumbent_size
    })
}

/// Run-to-run variance of one endpoint's ln latency from its observed variance over `degrees + 1`
/// runs, shrunk to (3 %)^2 with the weight of three runs.
pub fn endpoint_variance(observed: f64, degrees: f64) -> f64 {
    (PRIOR_WEIGHT * ENDPOINT_DEVIATION.powi(2) + degrees * observed) / (PRIOR_WEIGHT + degrees)
}

/// How `size` compares with the recommended one.
pub fn standing(size: &SizeSummary, recommended: &SizeSummary, strategy: Strategy) -> Standing {
    let change = |of: f64, from: f64| Ratio(if from > 0.0 { of / from - 1.0 } else { 0.0 });
    let score = change(strategy.score(size), strategy.score(recommended));
    Standing {
        cost: change(
            size.cost.per_million().get(),
            recommended.cost.per_million().get(),
        ),
        latency: change(
            size.cost.average_latency.get(),
            recommended.cost.average_latency.get(),
        ),
        score,
        near_tie: size.memory_mb != recommended.memory_mb
            && score.get().abs() < MINIMUM_ADVANTAGE - 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::size;

    fn memory(size: Option<&SizeSummary>) -> u32 {
        size.unwrap().memory_mb.get()
    }

    #[test]
    fn each_strategy_chooses_by_its_own_number() {
        // 1024 MB: 200 ms, 2048 MB: 110 ms, 3072 MB: 100 ms.
        let sizes = [size(1024, 200.0), size(2048, 110.0), size(3072, 100.0)];
        assert_eq!(memory(best(&sizes, Strategy::Balanced)), 2048);
        assert_eq!(memory(best(&sizes, Strategy::Cost)), 1024);
        assert_eq!(memory(best(&sizes, Strategy::Speed)), 3072);
        assert_eq!(
            memory(best(&sizes, Strategy::CheapestUnder(LatencyMs(150.0)))),
            2048
        );
        assert_eq!(
            memory(best(&sizes, Strategy::CheapestUnder(LatencyMs(50.0)))),
            3072
        );
        assert!(best(&[], Strategy::Balanced).is_none());
    }

    #[test]
    fn the_baselines_size_stays_unless_another_is_clearly_better() {
        let incumbent = MemoryMb::OFFERED[0];
        let close = [size(1024, 100.0), size(2048, 72.0)];
        assert_eq!(
            memory(best(&close, Strategy::Balanced)),
            2048,
            "the plain rule would change"
        );
        assert_eq!(
            memory(keep_or_change(
                &close,
                Strategy::Balanced,
                incumbent,
                0.0009
            )),
            1024
        );
        let clear = [size(1024, 100.0), size(2048, 50.0)];
        assert_eq!(
            memory(keep_or_change(
                &clear,
                Strategy::Balanced,
                incumbent,
                0.0009
            )),
            2048
        );
    }

    #[test]
    fn a_size_that_no_longer_works_is_replaced() {
        let sizes = [size(2048, 100.0)];
        let chosen = keep_or_change(&sizes, Strategy::Balanced, MemoryMb::OFFERED[0], 0.0009);
        assert_eq!(memory(chosen), 2048);
    }

    #[test]
    fn strategies_are_read_as_they_are_printed() {
        for text in ["balanced", "cost", "speed", "cheapest-under:250ms"] {
            assert_eq!(text.parse::<Strategy>().unwrap().to_string(), text);
        }
        for text in [
            "fast",
            "cheapest-under:250",
            "cheapest-under:-1ms",
            "cheapest-under:NaNms",
        ] {
            assert!(
                text.parse::<Strategy>()
                    .unwrap_err()
                    .to_string()
                    .contains(text)
            );
        }
    }

    #[test]
    fn the_prior_weighs_three_runs() {
        assert!((endpoint_variance(0.0, 0.0) - 0.0009).abs() < 1e-12);
        assert!((endpoint_variance(0.0, 3.0) - 0.00045).abs() < 1e-12);
    }
}
