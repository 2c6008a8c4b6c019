//! PURE: which loads the endpoints of the concurrency benchmark are put under.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::names;
use crate::result::{Load, LoadSettings};
use crate::units::{Ratio, saturating_u32};

/// Options of the concurrency benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadOptions {
    /// `MaxConcurrency` of each endpoint.
    pub max_concurrency: Vec<u32>,
    /// Calls per load.
    pub invocations: u32,
    /// Clients per `MaxConcurrency`.
    pub client_multipliers: Vec<f64>,
    /// Clients that must be served: every endpoint is tried with exactly so many, too.
    pub expected_clients: Option<u32>,
    /// Largest share of throttled calls at which a load counts as served.
    pub max_throttle_rate: Ratio,
    /// Mean pause of a client between an answer and its next call.
    pub think_time: Duration,
    /// Arrivals that do not wait for answers, if wanted.
    pub open_loop: Option<Arrivals>,
}

/// When the calls of an open loop are due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Arrivals {
    /// Evenly spaced.
    ConstantRate {
        /// Arrivals per second.
        per_second: f64,
    },
    /// As recorded.
    Trace {
        /// The file.
        source: String,
        /// Seconds since the first arrival, ascending.
        offsets_s: Vec<f64>,
    },
}

/// An endpoint of the concurrency benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadEndpoint {
    /// Name of endpoint and endpoint config.
    pub name: String,
    /// `MaxConcurrency`, 1 to 200.
    pub max_concurrency: u32,
    /// The loads, in turn.
    pub loads: Vec<Load>,
}

impl Arrivals {
    /// The load of the result.
    pub fn load(&self) -> Load {
        match self {
            Self::ConstantRate { per_second } => Load::ConstantRate {
                per_second: *per_second,
            },
            Self::Trace { source, offsets_s } => Load::Trace {
                source: source.clone(),
                arrivals: saturating_u32(offsets_s.len()),
            },
        }
    }

    /// When each of `calls` is due, after the first; a trace has as many as it lists.
    pub fn offsets(&self, calls: u32) -> Vec<Duration> {
        match self {
            Self::ConstantRate { per_second } => (0..calls)
                .map(|call| Duration::from_secs_f64(f64::from(call) / per_second))
                .collect(),
            Self::Trace { offsets_s, .. } => offsets_s
                .iter()
                .map(|offset| Duration::from_secs_f64(*offset))
                .collect(),
        }
    }
}

impl LoadOptions {
    /// What the result keeps.
    pub fn settings(&self) -> LoadSettings {
        LoadSettings {
            max_concurrency: self.sorted(),
            invocations: self.invocations,
            client_multipliers: self.client_multipliers.clone(),
            expected_clients: self.expected_clients,
            max_throttle_rate: self.max_throttle_rate,
            think_time_s: self.think_time.as_secs_f64(),
            open_loop: self.open_loop.as_ref().map(Arrivals::load),
        }
    }

    fn sorted(&self) -> Vec<u32> {
        let mut sorted = self.max_concurrency.clone();
        sorted.sort_unstable();
        sorted.dedup();
        sorted
    }

    /// One endpoint per `MaxConcurrency`, ascending.
    pub(super) fn endpoints(&self, stem: &str) -> Vec<LoadEndpoint> {
        let endpoint = |max_concurrency| LoadEndpoint {
            name: names::load_endpoint(stem, max_concurrency),
            max_concurrency,
            loads: self.loads(max_concurrency),
        };
        self.sorted().into_iter().map(endpoint).collect()
    }

    /// `ceil(MaxConcurrency x multiplier)` clients for each multiplier and the expected clients,
    /// ascending and each once; the open loop last.
    fn loads(&self, max_concurrency: u32) -> Vec<Load> {
        let by_multiplier = self
            .client_multipliers
            .iter()
            .map(|multiplier| clients(max_concurrency, *multiplier));
        let mut clients: Vec<u32> = by_multiplier.chain(self.expected_clients).collect();
        clients.sort_unstable();
        clients.dedup();
        let closed = clients
            .into_iter()
            .map(|clients| Load::ClosedLoop { clients });
        closed
            .chain(self.open_loop.as_ref().map(Arrivals::load))
            .collect()
    }

    /// Calls of a load, without its warm-up.
    pub fn calls(&self, load: &Load) -> u32 {
        match load {
            Load::ClosedLoop { .. } | Load::ConstantRate { .. } => self.invocations,
            Load::Trace { arrivals, .. } => *arrivals,
        }
    }
}

impl LoadEndpoint {
    /// Clients of the warm-up before a load: as many as it has, or as the endpoint has workers.
    pub fn warmup_clients(&self, load: &Load) -> u32 {
        load.clients().unwrap_or(self.max_concurrency)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturating cast of a number that is not negative"
)]
fn clients(max_concurrency: u32, multiplier: f64) -> u32 {
    // In binary a product such as 8 x 1.75 may come out slightly above 14: ignore a millionth of a
    // client.
    let clients = (f64::from(max_concurrency) * multiplier - 1e-6).ceil();
    clients.max(1.0) as u32
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::benchmark) fn options() -> LoadOptions {
        LoadOptions {
            max_concurrency: vec![8, 2, 4],
            invocations: 1000,
            client_multipliers: vec![1.0, 1.5, 1.75, 2.0],
            expected_clients: None,
            max_throttle_rate: Ratio(0.001),
            think_time: Duration::ZERO,
            open_loop: None,
        }
    }

    fn loads(options: &LoadOptions) -> Vec<String> {
        let endpoints = options.endpoints("s");
        let words = endpoints.iter().map(|endpoint| {
            let loads: Vec<String> = endpoint.loads.iter().map(ToString::to_string).collect();
            format!("{}: {}", endpoint.name, loads.join(", "))
        });
        words.collect()
    }

    #[test]
    fn the_toolkits_defaults_give_its_eleven_rows() {
        assert_eq!(
            loads(&options()),
            [
                "s-c2: 2 clients, 3 clients, 4 clients",
                "s-c4: 4 clients, 6 clients, 7 clients, 8 clients",
                "s-c8: 8 clients, 12 clients, 14 clients, 16 clients",
            ]
        );
    }

    #[test]
    fn expected_clients_and_an_open_loop_are_tried_on_every_endpoint() {
        let options = LoadOptions {
            max_concurrency: vec![2, 4, 2],
            client_multipliers: vec![1.0],
            expected_clients: Some(3),
            open_loop: Some(Arrivals::ConstantRate { per_second: 20.0 }),
            ..options()
        };
        assert_eq!(
            loads(&options),
            [
                "s-c2: 2 clients, 3 clients, 20/s",
                "s-c4: 3 clients, 4 clients, 20/s"
            ]
        );
    }

    #[test]
    fn arrivals_are_spaced_evenly_or_as_the_trace_says() {
        let rate = Arrivals::ConstantRate { per_second: 20.0 };
        assert_eq!(rate.offsets(3), [0, 50, 100].map(Duration::from_millis));
        let trace = Arrivals::Trace {
            source: "t".to_owned(),
            offsets_s: vec![0.0, 0.5],
        };
        assert_eq!(trace.offsets(1000), [0, 500].map(Duration::from_millis));
        assert_eq!(options().calls(&trace.load()), 2);
    }

    #[test]
    fn a_fraction_of_a_client_is_a_client() {
        assert_eq!(
            [
                clients(2, 1.75),
                clients(8, 1.75),
                clients(1, 0.1),
                clients(3, 1.1)
            ],
            [4, 14, 1, 4]
        );
    }
}
