//! Brings a `result.json` of schema 1 up to date. There, a call of an open loop had the wait for
//! its turn in its latencies, and its due time in a list beside the calls; leftovers were
//! sentences.

use serde_json::{Map, Value, json};

use super::{Leftover, ResourceKind, SCHEMA};
use crate::units::to_microsecond;

/// Position of `start_ms` in the row of a call.
const START: usize = 1;
/// Positions of `latency_ms` and `first_byte_ms`.
const LATENCIES: [usize; 2] = [2, 3];

/// The same result as [`SCHEMA`] writes it. What is not as expected stays: the reader names it.
pub(super) fn upgraded(mut result: Value) -> Value {
    let endpoints = result.get_mut("concurrency").and_then(Value::as_array_mut);
    let rounds = endpoints.into_iter().flatten().filter_map(|endpoint| {
        let rounds = endpoint.get_mut("rounds");
        rounds.and_then(Value::as_array_mut)
    });
    for round in rounds.flatten().filter_map(Value::as_object_mut) {
        give_due_times(round);
    }
    let left = result.pointer_mut("/cleanup/left");
    for left in left.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(words) = left.as_str() {
            *left = json!(leftover(words));
        }
    }
    if let Some(schema) = result.get_mut("schema") {
        *schema = SCHEMA.into();
    }
    result
}

/// Moves each due time from the list beside the calls into its call.
fn give_due_times(round: &mut Map<String, Value>) {
    let Some(due) = round.remove("scheduled_ms") else {
        return;
    };
    let calls = round.get_mut("invocations").and_then(Value::as_array_mut);
    let calls = calls.into_iter().flatten().filter_map(Value::as_array_mut);
    for (call, due) in calls.zip(due.as_array().into_iter().flatten()) {
        let Some(due_ms) = due.as_f64() else { continue };
        let start_ms = call.get(START).and_then(Value::as_f64);
        let late_ms = start_ms.map_or(0.0, |start_ms| (start_ms - due_ms).max(0.0));
        for position in LATENCIES {
            if let Some(latency) = call.get_mut(position)
                && let Some(ms) = latency.as_f64()
            {
                *latency = json!(to_microsecond((ms - late_ms).max(0.0)));
            }
        }
        call.push(json!({ "due_ms": to_microsecond(due_ms) }));
    }
}

/// From `endpoint NAME: REASON`. Words that begin with no kind were those of a task that died with
/// an endpoint whose name it took along.
fn leftover(words: &str) -> Leftover {
    let (head, reason) = words.split_once(": ").unwrap_or(("", words));
    let named = ResourceKind::ALL.into_iter().find_map(|kind| {
        let name = head.strip_prefix(&format!("{kind} "))?;
        Some((kind, name))
    });
    let (kind, name) = named.unwrap_or((ResourceKind::Endpoint, "unknown"));
    Leftover {
        kind,
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leftover_is_taken_apart_and_reads_as_before() {
        for words in [
            "endpoint sagegate-r-m1024: denied: no",
            "endpoint config sagegate-r-m1024: denied",
            "model sagegate-r: throttled",
            "processing job sagegate-r: still stopping after 5 s",
        ] {
            assert_eq!(leftover(words).to_string(), words);
        }
        let config = leftover("endpoint config x: denied");
        assert_eq!(config.kind, ResourceKind::EndpointConfig);
        assert_eq!(
            leftover("unknown: panic").to_string(),
            "endpoint unknown: panic"
        );
    }

    #[test]
    fn what_is_no_result_is_left_for_the_reader_to_name() {
        for odd in [
            json!(null),
            json!([1]),
            json!({"concurrency": 1, "cleanup": [2]}),
        ] {
            assert_eq!(upgraded(odd.clone()), odd);
        }
    }
}
