//! Containers of a machine that other programs kept busy.

use super::side_by_side::beside;
use super::*;
use crate::gate::Undecided;
use crate::result::{Machine, Runner, Service, WakeDelay};

fn machine() -> Machine {
    Machine {
        cpu_model: "EPYC".to_owned(),
        cpus: 2,
    }
}

/// Measured in containers while other programs had this share of the processors.
fn beside_others(mut run: RunResult, share: f64) -> RunResult {
    run.service = Service::Local(machine());
    run.runner = Some(Runner {
        machine: machine(),
        wake_delay_ms: WakeDelay::default(),
        steal: None,
        cpu_pressure: None,
        other_programs: Some(share),
        stalls: Vec::new(),
    });
    run
}

fn against_quiet(run: &RunResult, limits: &Limits) -> Judgement {
    let five = history(5, |scale| beside_others(model(scale), 0.02));
    judged(run, Some(&five), limits)
}

fn is_noticed(it: &Judgement) -> bool {
    let is_busy = |notice: &Notice| matches!(notice, Notice::BusyMachine { .. });
    it.notices.iter().any(is_busy)
}

#[test]
fn what_is_slower_and_dearer_on_a_busy_machine_alone_is_inconclusive() {
    let limits = Limits::default();
    for (share, verdict) in [
        (0.0, Verdict::Fail),
        (0.09, Verdict::Fail),
        (0.11, Verdict::Inconclusive),
        (0.9, Verdict::Inconclusive),
    ] {
        let it = against_quiet(&beside_others(model(1.7), share), &limits);
        assert_eq!(it.verdict, verdict, "{share}");
        assert_eq!(is_noticed(&it), verdict == Verdict::Inconclusive);
    }
    let it = against_quiet(&beside_others(model(1.7), 0.5), &limits);
    let undecided = Status::Undecided(Undecided::BusyMachine);
    assert_eq!(it.metrics.latency.status, undecided);
    assert_eq!(it.metrics.cost.status, undecided);
}

#[test]
fn a_ceiling_is_open_on_a_busy_machine_too() {
    let limits = Limits {
        max_p99: Some("100ms".parse().unwrap()),
        ..Limits::default()
    };
    let it = against_quiet(&beside_others(model(1.0), 0.02), &limits);
    assert_eq!(it.verdict, Verdict::Fail);
    let it = against_quiet(&beside_others(model(1.0), 0.5), &limits);
    assert_eq!(it.verdict, Verdict::Inconclusive);
}

#[test]
fn what_passes_on_a_busy_machine_passes_with_a_notice() {
    let it = against_quiet(&beside_others(model(1.0), 0.5), &Limits::default());
    assert_eq!(it.verdict, Verdict::Pass);
    assert!(is_noticed(&it));
}

#[test]
fn a_larger_recommendation_by_latencies_alone_is_inconclusive() {
    // 2048 MB is so slow that 3072 MB is better.
    let sizes = [(1024, 200.0), (2048, 400.0), (3072, 100.0)];
    let endpoints = sizes.map(|(memory, ms)| measured(memory, ms, 1000));
    let run = run_of(endpoints.into());
    let it = against_quiet(&beside_others(run.clone(), 0.02), &Limits::default());
    assert!(it.metrics.memory.fails(), "{:?}", it.metrics.memory);
    let it = against_quiet(&beside_others(run, 0.5), &Limits::default());
    assert_eq!(it.verdict, Verdict::Inconclusive);
    let undecided = Status::Undecided(Undecided::BusyMachine);
    assert_eq!(it.metrics.memory.status, undecided);
}

#[test]
fn a_size_that_no_longer_works_fails_however_busy_the_machine_is() {
    let run = without_size(beside_others(model(1.0), 0.5), MemoryMb::OFFERED[1]);
    let it = against_quiet(&run, &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail);
    assert!(it.metrics.memory.fails());
}

#[test]
fn two_models_in_turn_had_the_same_machine() {
    let run = beside_others(beside(&[1.5], &[1.0]), 0.9);
    let it = judged(&run, None, &Limits::default());
    assert_eq!(it.verdict, Verdict::Fail);
    assert!(!is_noticed(&it));
}
