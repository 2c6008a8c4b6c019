//! The state of the machine that measured, while it did.

use serde::{Deserialize, Serialize};

use super::{Invocation, Machine, RunResult};

/// Stalls that are kept, the longest.
pub const MAX_STALLS: usize = 2000;

/// A stall longer than this may be in a latency, milliseconds.
const LONG_MS: f64 = 2.0;

/// So may one longer than this share of the latency.
const LONG_SHARE: f64 = 0.05;

/// What this program saw of the machine that it ran on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runner {
    /// Its processors.
    pub machine: Machine,
    /// How late a thread ran again that had slept for a millisecond.
    pub wake_delay_ms: WakeDelay,
    /// Share of the processors' time that the host took, where the system counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal: Option<f64>,
    /// Share of the time in which something waited for a processor, where the system counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_pressure: Option<f64>,
    /// When that thread was late, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stalls: Vec<Stall>,
}

/// Nearest ranks, milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct WakeDelay {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The longest.
    pub longest: f64,
}

/// A time in which this program did not run although it wanted to. Serialised as `[from_ms,
/// length_ms]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, f64)", into = "(f64, f64)")]
pub struct Stall {
    /// Since the start of the run, milliseconds.
    pub from_ms: f64,
    /// Milliseconds.
    pub length_ms: f64,
}

impl From<(f64, f64)> for Stall {
    fn from((from_ms, length_ms): (f64, f64)) -> Self {
        Self { from_ms, length_ms }
    }
}

impl From<Stall> for (f64, f64) {
    fn from(it: Stall) -> Self {
        (it.from_ms, it.length_ms)
    }
}

impl Runner {
    /// Whether the machine stalled during a call for long enough to matter: 2 ms, or 5 % of the
    /// latency.
    pub fn stalled(&self, call: &Invocation) -> bool {
        let end_ms = call.start_ms + call.latency_ms;
        let long_ms = LONG_MS.min(LONG_SHARE * call.latency_ms);
        // One thread is late at one time only: they lie one after the other.
        let is_over = |it: &Stall| it.from_ms + it.length_ms <= call.start_ms;
        let first = self.stalls.partition_point(is_over);
        let mut later = self.stalls.iter().skip(first);
        later
            .by_ref()
            .take_while(|it| it.from_ms < end_ms)
            .any(|it| it.length_ms > long_ms)
    }
}

impl RunResult {
    /// The run without the calls during which the machine stalled; `None` where it did not. Its
    /// second measurement stays as it is: its calls have another zero of time.
    pub fn without_stalled(&self) -> Option<Self> {
        let runner = self.runner.as_ref()?;
        let mut run = self.clone();
        let before = run.calls_of_sizes();
        for endpoint in &mut run.stability {
            endpoint.invocations.retain(|it| !runner.stalled(it));
        }
        (run.calls_of_sizes() < before).then_some(run)
    }

    /// Measured calls of the stability benchmark.
    pub fn calls_of_sizes(&self) -> usize {
        self.stability.iter().map(|it| it.invocations.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Clock, InvocationOutcome};

    fn call(start_ms: f64, latency_ms: f64) -> Invocation {
        Invocation {
            sample: 0,
            start_ms,
            latency_ms,
            first_byte_ms: latency_ms,
            request_bytes: 1,
            response_bytes: 1,
            outcome: InvocationOutcome::Success,
            due_ms: None,
            failure: None,
            clock: Clock::Kernel,
        }
    }

    #[test]
    fn a_call_is_stalled_by_what_is_long_beside_it_and_overlaps_it() {
        let stalls = [(10.0, 1.0), (100.0, 3.0), (200.0, 0.5)].map(Stall::from);
        let runner = Runner {
            machine: Machine {
                cpu_model: "EPYC".to_owned(),
                cpus: 2,
            },
            wake_delay_ms: WakeDelay::default(),
            steal: None,
            cpu_pressure: None,
            stalls: stalls.to_vec(),
        };
        for (start_ms, latency_ms, is_stalled) in [
            (0.0, 10.0, false),
            (0.0, 10.5, true),
            (0.0, 50.0, false),
            (0.0, 99.0, false),
            (0.0, 101.0, true),
            (102.9, 60.0, true),
            (103.0, 60.0, false),
            (195.0, 9.0, true),
            (195.0, 11.0, false),
            (300.0, 5.0, false),
        ] {
            let call = call(start_ms, latency_ms);
            assert_eq!(runner.stalled(&call), is_stalled, "{call:?}");
        }
    }
}
