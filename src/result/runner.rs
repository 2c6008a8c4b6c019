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
    /// Share of the processors' time that other programs had, which are neither this one nor the
    /// containers that it measured; where it measured containers and the system counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_programs: Option<f64>,
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
    /// How much of a call this machine may have stalled, milliseconds: the part of it that lies in
    /// stalls of more than 2 ms or 5 % of its latency. 0 where there is none.
    pub fn stalled_ms(&self, call: &Invocation) -> f64 {
        let end_ms = call.start_ms + call.latency_ms;
        let long_ms = LONG_MS.min(LONG_SHARE * call.latency_ms);
        // One thread is late at one time only: they lie one after the other.
        let is_over = |it: &Stall| it.from_ms + it.length_ms <= call.start_ms;
        let first = self.stalls.partition_point(is_over);
        let overlap = |it: &Stall| {
            let until = end_ms.min(it.from_ms + it.length_ms);
            (until - call.start_ms.max(it.from_ms)).max(0.0)
        };
        let later = self.stalls.iter().skip(first);
        let later = later.take_while(|it| it.from_ms < end_ms);
        later.filter(|it| it.length_ms > long_ms).map(overlap).sum()
    }
}

impl RunResult {
    /// The run with the stalls of this machine taken off its calls, and how many calls those are;
    /// `None` where it did not stall. Its second measurement stays as it is: its calls have another
    /// zero of time.
    pub fn without_stalls(&self) -> Option<(Self, usize)> {
        let runner = self.runner.as_ref()?;
        let mut run = self.clone();
        let mut calls = 0;
        let all = run.stability.iter_mut();
        for call in all.flat_map(|it| &mut it.invocations) {
            let stalled_ms = runner.stalled_ms(call);
            if stalled_ms > 0.0 {
                calls += 1;
                call.latency_ms = (call.latency_ms - stalled_ms).max(0.0);
                call.first_byte_ms = call.first_byte_ms.min(call.latency_ms);
            }
        }
        (calls > 0).then_some((run, calls))
    }

    /// Measured calls of the stability benchmark.
    pub fn calls_of_sizes(&self) -> usize {
        self.stability.iter().map(|it| it.invocations.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            other_programs: None,
            stalls: stalls.to_vec(),
        };
        for (start_ms, latency_ms, stalled_ms) in [
            (0.0, 10.0, 0.0),
            (0.0, 10.5, 0.5),
            (0.0, 50.0, 0.0),
            (0.0, 99.0, 0.0),
            (0.0, 101.0, 1.0),
            (90.0, 60.0, 3.0),
            (102.9, 60.0, 0.1),
            (103.0, 60.0, 0.0),
            (195.0, 9.0, 0.5),
            (195.0, 11.0, 0.0),
            (300.0, 5.0, 0.0),
        ] {
            let call = Invocation::answered(start_ms, latency_ms);
            let found_ms = runner.stalled_ms(&call);
            assert!((found_ms - stalled_ms).abs() < 1e-9, "{found_ms} {call:?}");
        }
    }
}
