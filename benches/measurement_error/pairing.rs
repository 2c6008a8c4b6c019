//! Pairs what a client reports with what the server took.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// A call as its client reports it.
#[derive(Deserialize)]
pub(crate) struct Call {
    /// `InferenceId`; calls may share one if they follow each other.
    pub(crate) id: String,
    /// On any clock.
    pub(crate) start_ms: f64,
    pub(crate) latency_ms: f64,
}

/// What a client reports of one endpoint.
pub(crate) struct Measured {
    pub(crate) endpoint: String,
    pub(crate) calls: Vec<Call>,
}

/// A call as the simulator remembers it.
#[derive(Deserialize)]
pub(crate) struct Served {
    pub(crate) endpoint: String,
    pub(crate) inference_id: String,
    pub(crate) status: u16,
    pub(crate) arrived_us: u64,
    pub(crate) took_us: u64,
}

/// Nearest-rank percentiles, milliseconds.
pub(crate) struct Errors {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} | {:.3}", self.p50, self.p99)
    }
}

/// The errors of all calls. Calls of one id are paired in the order sent; the server has more of
/// them where the client set warm-up calls aside, which come first.
pub(crate) fn errors(measured: &Measured, served: &[Served]) -> Errors {
    let mut ours: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &measured.calls {
        ours.entry(&call.id).or_default().push(call);
    }
    let mut theirs: BTreeMap<&str, Vec<&Served>> = BTreeMap::new();
    for call in served.iter().filter(|it| it.endpoint == measured.endpoint) {
        assert_eq!(call.status, 200, "the simulator refused a call");
        theirs.entry(&call.inference_id).or_default().push(call);
    }
    let mut errors = Vec::new();
    for (id, mut calls) in ours {
        let mut answers = theirs.remove(id).unwrap_or_default();
        calls.sort_by(|a, b| a.start_ms.total_cmp(&b.start_ms));
        answers.sort_by_key(|it| it.arrived_us);
        assert!(
            answers.len() >= calls.len(),
            "the server saw fewer calls of {id} than were reported"
        );
        let surplus = answers.len() - calls.len();
        for (call, answer) in calls.iter().zip(&answers[surplus..]) {
            errors.push(call.latency_ms - answer.took_us as f64 / 1000.0);
        }
    }
    errors.sort_by(f64::total_cmp);
    // The answer reaches a client only after it was handed over; the clocks are the same.
    assert!(errors[0] > -0.01, "wrongly paired: {} ms", errors[0]);
    Errors {
        p50: nearest_rank(&errors, 50),
        p99: nearest_rank(&errors, 99),
    }
}

fn nearest_rank(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}
