//! Client and server side by side.

use super::*;
use crate::gate::{Change, Standstill, Undecided};
use crate::result::{Machine, Runner, Stall, WakeDelay};

/// The model of which the client sees `client` times the latency, and `CloudWatch` `server` times.
fn seen(client: f64, server: f64) -> RunResult {
    let mut run = model(client);
    for (endpoint, of_server) in run.stability.iter_mut().zip(model(server).stability) {
        endpoint.metrics = of_server.metrics;
    }
    run
}

fn still(it: &Judgement) -> Option<&Standstill> {
    it.notices.iter().find_map(|notice| {
        if let Notice::ServerStoodStill(still) = notice {
            Some(still)
        } else {
            None
        }
    })
}

#[test]
fn a_latency_that_only_the_client_has_seen_grow_is_inconclusive_with_both_numbers() {
    for grown in [1.3, 1.7, 2.2] {
        let it = against_five(&seen(grown, 1.0));
        assert_eq!(it.verdict, Verdict::Inconclusive, "{grown}");
        let undecided = Status::Undecided(Undecided::ServerStoodStill);
        assert_eq!(it.metrics.latency.status, undecided);
        let still = still(&it).unwrap();
        assert_eq!(still.memory_mb.get(), 2048);
        let ratio = |it: Change| it.now.get() / it.before.get();
        assert!((ratio(still.client) - grown).abs() < 0.02, "{still:?}");
        assert!((ratio(still.model) - 1.0).abs() < 0.01, "{still:?}");
        assert!((ratio(still.overhead) - 1.0).abs() < 0.01, "{still:?}");
    }
}

#[test]
fn a_slower_model_fails_on_a_slow_machine_too() {
    for (client, server) in [(1.7, 1.7), (2.4, 1.7), (3.0, 1.2)] {
        let it = against_five(&seen(client, server));
        assert_eq!(it.verdict, Verdict::Fail, "{client} {server}");
        assert_eq!(still(&it), None);
    }
}

#[test]
fn longer_answers_and_what_cloudwatch_did_not_count_excuse_nothing() {
    let mut longer = seen(1.7, 1.0);
    for endpoint in &mut longer.stability {
        for call in &mut endpoint.invocations {
            call.response_bytes *= 2;
        }
    }
    let mut uncounted = seen(1.7, 1.0);
    for endpoint in &mut uncounted.stability {
        endpoint.metrics = None;
    }
    for run in [longer, uncounted] {
        let it = against_five(&run);
        assert_eq!(it.verdict, Verdict::Fail);
        assert_eq!(still(&it), None);
    }
}

#[test]
fn a_baseline_of_an_older_version_has_no_server_to_compare_with() {
    let mut history = serde_json::to_value(history(5, model)).unwrap();
    for entry in history["entries"].as_array_mut().unwrap() {
        for size in entry["sizes"].as_array_mut().unwrap() {
            size.as_object_mut().unwrap().remove("server").unwrap();
        }
    }
    let history: History = serde_json::from_value(history).unwrap();
    let it = judged(&seen(1.7, 1.0), Some(&history), &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail);
}

#[test]
fn a_ceiling_is_one_of_what_the_client_sees() {
    let limits = Limits {
        max_p99: Some("100ms".parse().unwrap()),
        ..Limits::default()
    };
    let it = judged(&model(1.0), Some(&history(5, model)), &limits);
    assert_eq!(it.verdict, Verdict::Fail);
    assert_eq!(still(&it), None);
}

/// The model of which one call of sixty takes three times as long, without metrics; the machine
/// stalled at the start of those.
fn stalled(mut run: RunResult, stall_ms: f64) -> RunResult {
    let mut stalls = Vec::new();
    for endpoint in &mut run.stability {
        endpoint.metrics = None;
        for call in endpoint.invocations.iter_mut().step_by(60) {
            call.latency_ms *= 3.0;
            stalls.push(Stall {
                from_ms: call.start_ms,
                length_ms: stall_ms,
            });
        }
    }
    stalls.sort_by(|a, b| a.from_ms.total_cmp(&b.from_ms));
    stalls.dedup_by_key(|it| it.from_ms.to_bits());
    run.runner = Some(Runner {
        machine: Machine {
            cpu_model: "EPYC".to_owned(),
            cpus: 2,
        },
        wake_delay_ms: WakeDelay::default(),
        steal: None,
        cpu_pressure: None,
        other_programs: None,
        stalls,
    });
    run
}

#[test]
fn a_latency_that_fails_by_stalled_calls_alone_is_inconclusive() {
    let it = against_five(&stalled(model(1.0), 250.0));
    assert_eq!(it.verdict, Verdict::Inconclusive);
    let undecided = Status::Undecided(Undecided::RunnerStalled);
    assert_eq!(it.metrics.latency.status, undecided);
    let counted = it.notices.iter().find_map(|notice| {
        if let Notice::RunnerStalled { stalled, calls } = notice {
            Some((*stalled, *calls))
        } else {
            None
        }
    });
    let (stalled_calls, calls) = counted.unwrap();
    assert!(stalled_calls >= 51 && calls == 3000, "{stalled_calls}");
}

#[test]
fn a_slower_model_and_stalls_that_explain_too_little_fail() {
    let slower = stalled(model(1.7), 5.0);
    let short = stalled(model(1.0), 0.5);
    // Five milliseconds make no call three times as long.
    let little = stalled(model(1.0), 5.0);
    for run in [slower, short, little] {
        assert_eq!(against_five(&run).verdict, Verdict::Fail);
    }
}

#[test]
fn what_cloudwatch_has_seen_grow_as_well_fails_on_a_stalled_machine() {
    let mut run = stalled(model(1.0), 5.0);
    for (endpoint, slow) in run.stability.iter_mut().zip(model(1.7).stability) {
        endpoint.metrics = slow.metrics;
    }
    assert_eq!(against_five(&run).verdict, Verdict::Fail);
}
