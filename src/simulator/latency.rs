//! PURE: how long a call takes, drawn from a seeded generator.

use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, LogNormal};
use rand_pcg::Pcg64Mcg;

use super::scenario::{Faults, LatencyProfile};
use crate::units::MemoryMb;

/// Draws latencies and faults for one endpoint. The same seed gives the same sequence.
#[derive(Debug, Clone)]
pub(super) struct Draws {
    generator: Pcg64Mcg,
    /// What this endpoint makes of every `ModelLatency`.
    drift: f64,
    /// Calls so far.
    calls: u32,
}

/// What happens to a call besides a normal answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Throttle,
    InternalError,
    ModelError,
    NotReady,
    DroppedConnection,
    TimedOut,
}

impl Draws {
    /// The `ordinal`-th endpoint of a size: endpoints differ, but by the order in which they are
    /// created, not by their names.
    pub(super) fn new(
        seed: u64,
        memory_mb: MemoryMb,
        ordinal: u32,
        profile: &LatencyProfile,
    ) -> Self {
        let own = u64::from(memory_mb.get()) << 32 | u64::from(ordinal);
        let mut draws = Self {
            generator: Pcg64Mcg::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ own),
            drift: 1.0,
            calls: 0,
        };
        if profile.endpoint_drift > 0.0 {
            draws.drift = draws.log_normal(profile.endpoint_drift);
        }
        if ordinal == 0 {
            draws.drift *= profile.first_factor;
        }
        draws
    }

    /// `ModelLatency` of one call in milliseconds: a log-normal body around the median, some calls
    /// `tail_factor` times as long, and a share for the payload.
    pub(super) fn model_latency_ms(
        &mut self,
        profile: &LatencyProfile,
        memory_mb: MemoryMb,
        factor: f64,
        request_bytes: usize,
    ) -> f64 {
        let later = if self.calls > profile.later_calls {
            profile.later_factor
        } else {
            1.0
        };
        let median = profile.median_ms(memory_mb) * factor * self.drift * later;
        let body = median * self.log_normal(profile.variation);
        let tail = if self.happens(profile.tail_probability) {
            profile.tail_factor
        } else {
            1.0
        };
        body * tail + profile.ms_per_kb * kilobytes(request_bytes)
    }

    /// `OverheadLatency` of a warm call in milliseconds, varying by a tenth.
    pub(super) fn overhead_ms(&mut self, profile: &LatencyProfile) -> f64 {
        profile.overhead_ms * self.log_normal(0.1)
    }

    /// The fault of the next call, if any.
    pub(super) fn fault(&mut self, faults: &Faults) -> Option<Fault> {
        self.calls = self.calls.saturating_add(1);
        if self.calls <= faults.cold_time_outs {
            return Some(Fault::TimedOut);
        }
        [
            (faults.throttle, Fault::Throttle),
            (faults.model_error, Fault::ModelError),
            (faults.not_ready, Fault::NotReady),
            (faults.dropped_connection, Fault::DroppedConnection),
            (faults.service_error, Fault::InternalError),
        ]
        .into_iter()
        .find(|(probability, _)| *probability > 0.0 && self.happens(*probability))
        .map(|(_, fault)| fault)
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.generator.random::<f64>() < probability
    }

    /// Median 1, standard deviation over mean `variation`.
    fn log_normal(&mut self, variation: f64) -> f64 {
        let sigma = (variation * variation).ln_1p().sqrt();
        LogNormal::new(0.0, sigma)
            .map_or(1.0, |distribution| distribution.sample(&mut self.generator))
    }
}

#[expect(clippy::cast_precision_loss, reason = "bodies are at most 4 MB")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::Scenario;

    #[test]
    fn an_endpoint_gets_slower_after_so_many_calls() {
        let profile = LatencyProfile {
            variation: 0.0,
            tail_probability: 0.0,
            later_factor: 1.5,
            later_calls: 2,
            ..Scenario::built_in("xgboost").unwrap().unwrap().latency
        };
        let size = MemoryMb::OFFERED[0];
        let mut draws = Draws::new(1, size, 0, &profile);
        let mut call = || {
            draws.fault(&Faults::default());
            draws.model_latency_ms(&profile, size, 1.0, 0)
        };
        let (first, second, third) = (call(), call(), call());
        assert!((first - second).abs() < 1e-9);
        assert!((third - first * 1.5).abs() < 1e-9, "{third}");
    }

    fn draw(calls: usize, seed: u64, factor: f64) -> Vec<f64> {
        let profile = Scenario::built_in("mobilenet-v2").unwrap().unwrap().latency;
        let mut draws = Draws::new(seed, MemoryMb::OFFERED[1], 0, &profile);
        (0..calls)
            .map(|_| draws.model_latency_ms(&profile, MemoryMb::OFFERED[1], factor, 0))
            .collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap())
    }

    #[test]
    fn latencies_have_the_profiles_median_and_tail() {
        let mut values = draw(20_000, 1, 1.0);
        values.sort_by(f64::total_cmp);
        assert!(
            (values[10_000] / 109.2 - 1.0).abs() < 0.005,
            "{}",
            values[10_000]
        );
        let slow = values.iter().filter(|value| **value > 109.2 * 1.35).count();
        assert!(
            (30..=90).contains(&slow),
            "{slow} of 20000 calls are in the tail"
        );
    }

    /// Cost per million calls by the published formula and us-east-1's prices, with the mean of
    /// many draws.
    fn mobilenet_cost(memory_mb: MemoryMb) -> f64 {
        let scenario = Scenario::built_in("mobilenet-v2").unwrap().unwrap();
        let mut draws = Draws::new(1, memory_mb, 0, &scenario.latency);
        let calls: Vec<(f64, f64)> = (0..20_000)
            .map(|_| {
                let model = draws.model_latency_ms(&scenario.latency, memory_mb, 1.0, 0);
                (model, draws.overhead_ms(&scenario.latency))
            })
            .collect();
        let (model, overhead): (Vec<f64>, Vec<f64>) = calls.into_iter().unzip();
        let seconds = (mean(&model) + mean(&overhead)) / 1000.0;
        let bytes = f64::from(u32::try_from(scenario.model.response_bytes).unwrap());
        1e6 * (0.000_02 * memory_mb.gigabytes() * seconds + 0.016 / 1e9 * bytes)
    }

    #[test]
    fn mobilenet_costs_what_was_published() {
        let [smallest, recommended, larger, .., largest] = MemoryMb::OFFERED.map(mobilenet_cost);
        let close = |cost: f64, published: f64| (cost / published - 1.0).abs() < 0.0075;
        assert!(
            close(recommended, 4.55) && close(larger, 5.95),
            "{recommended}, {larger}"
        );
        // Flat from 3072 MB on: twice the memory costs twice as much.
        assert!((largest / larger / 2.0 - 1.0).abs() < 0.02, "{largest}");
        assert!(smallest < recommended);
    }

    #[test]
    fn a_seed_gives_the_same_calls_again_and_another_gives_others() {
        assert_eq!(draw(50, 1, 1.0), draw(50, 1, 1.0));
        assert_ne!(draw(50, 1, 1.0), draw(50, 2, 1.0));
    }

    #[test]
    fn drift_sets_endpoints_apart_by_what_the_profile_says() {
        let mut profile = Scenario::built_in("xgboost").unwrap().unwrap().latency;
        profile.endpoint_drift = 0.05;
        let drifts: Vec<f64> = (0..2000)
            .map(|ordinal| {
                Draws::new(1, MemoryMb::OFFERED[1], ordinal, &profile)
                    .drift
                    .ln()
            })
            .collect();
        let spread = mean(&drifts.iter().map(|it| it * it).collect::<Vec<_>>()).sqrt();
        assert!((spread / 0.05 - 1.0).abs() < 0.1, "{spread}");
        assert!(mean(&drifts).abs() < 0.005);
    }

    #[test]
    fn a_factor_slows_every_call() {
        let ratio = mean(&draw(5000, 1, 1.7)) / mean(&draw(5000, 1, 1.0));
        assert!((ratio - 1.7).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn faults_come_at_their_rate_and_not_at_all_at_rate_zero() {
        let profile = Scenario::built_in("xgboost").unwrap().unwrap().latency;
        let mut draws = Draws::new(3, MemoryMb::OFFERED[0], 0, &profile);
        let some = Faults {
            throttle: 0.1,
            ..Faults::default()
        };
        let hits = (0..10_000)
            .filter(|_| draws.fault(&some) == Some(Fault::Throttle))
            .count();
        assert!((850..1150).contains(&hits), "{hits}");
        assert!((0..1000).all(|_| draws.fault(&Faults::default()).is_none()));
    }
}
