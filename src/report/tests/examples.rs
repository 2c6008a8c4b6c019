//! Runs whose reports are shown.

use super::*;
use crate::gate::{CostCeiling, EarlierComment, Label, LatencyCeiling};
use crate::result::{
    Condition, ContainerLog, ContractCheck, Finding, LocalRun, Machine, Runner, Service,
    SkippedSize, WakeDelay,
};

/// 2048 MB, the size that main uses, runs out of memory.
pub(super) fn broken(why: &str) -> RunResult {
    let mut run = model(1.0);
    run.stability[1].outcome = EndpointOutcome::StoppedEarly {
        reason: why.to_owned(),
        cause: Cause::Model,
    };
    run
}

pub(super) fn nothing_measured(why: &str) -> RunResult {
    let mut run = model(1.0);
    for endpoint in &mut run.stability {
        endpoint.outcome = EndpointOutcome::DeployFailed {
            reason: why.to_owned(),
            cause: Cause::Model,
        };
    }
    run
}

pub(super) fn not_run() -> Report {
    let it = Unmeasured {
        verdict: UnmeasuredVerdict::NotRun,
        name: "churn-xgb",
        leg: None,
        commit: Some("8f31c2e0aa55"),
        run_id: "1842-1",
        version: "0.1.0",
        at: "2026-11-22T10:12:09Z".parse().unwrap(),
        reason: "fork pull requests get no AWS credentials",
        hint: Some("run the check from a branch of this repository"),
    };
    compose_unmeasured(&it, &links())
}

/// The judgement of a run under a label that was added to a report of the same values.
pub(super) fn accepted(run: &RunResult, history: &History) -> Judgement {
    let judgement = judged(run, Some(history), &Limits::default());
    let analysis = analyse(run, &prices(), Strategy::Balanced);
    let label = Label {
        by: "octo-dev".to_owned(),
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
    };
    let comment = EarlierComment {
        changed_at: Some("2026-11-22T11:00:00Z".parse().unwrap()),
        commit: Some("8f31c2e0aa55".to_owned()),
        shown: Some(Shown::of(&judgement, &analysis)),
        acceptance: None,
    };
    let acceptance = label.accepts(Some(&comment));
    judgement.under(acceptance)
}

/// Measured in containers, one of which would not start on serverless endpoints.
pub(super) fn on_this_machine() -> RunResult {
    let mut run = model(1.0);
    run.service = Service::Local(Machine {
        cpu_model: "AMD EPYC 7763 64-Core".to_owned(),
        cpus: 2,
    });
    let check = |condition, finding, lines: &[&str]| ContractCheck {
        condition,
        finding,
        log: ContainerLog::new(lines.iter().map(|it| (*it).to_owned()).collect()),
    };
    let breaks = Finding::Breaks {
        reason: "OSError: [Errno 30] Read-only file system: '/logs'".to_owned(),
    };
    let traceback = [
        "Traceback (most recent call last):",
        "OSError: [Errno 30] Read-only file system: '/logs'",
    ];
    run.local = Some(LocalRun {
        engine: "engine 28.2.2".to_owned(),
        skipped: vec![SkippedSize {
            memory_mb: MemoryMb::OFFERED[5],
            reason: "it needs 3.47 CPUs, and this machine has 2 CPUs".to_owned(),
        }],
        contract: vec![
            check(Condition::ReadOnlyRoot, breaks, &traceback),
            check(Condition::OtherUser, Finding::Holds, &[]),
            check(Condition::NoSharedMemory, Finding::Holds, &[]),
            check(Condition::ImageSize, Finding::Holds, &[]),
        ],
    });
    run
}

/// The same, so many times as slow, while other programs had a share of the processors.
pub(super) fn while_others_run(scale: f64, share: f64) -> RunResult {
    let mut run = on_this_machine();
    run.stability = model(scale).stability;
    run.runner = Some(Runner {
        machine: Machine {
            cpu_model: "AMD EPYC 7763 64-Core".to_owned(),
            cpus: 2,
        },
        wake_delay_ms: WakeDelay {
            p50: 0.06,
            p99: 1.2,
            longest: 8.4,
        },
        steal: Some(0.0),
        cpu_pressure: Some(0.6),
        other_programs: Some(share),
        stalls: Vec::new(),
    });
    run
}

/// Every kind of report, by name.
pub(in crate::report) fn every_report() -> Vec<(&'static str, Report)> {
    let limits = Limits::default();
    let five = history(5, model);
    let mut elsewhere = model(1.0);
    elsewhere.region = "eu-west-1".to_owned();
    elsewhere.settings.warmup = 0;
    let slow = model(1.7);
    let accepted = accepted(&slow, &five);
    let stopped = stopped(model(1.7), 200);
    let loose = Limits {
        max_p99_increase: "90%".parse().unwrap(),
        ..limits
    };
    let mut estimated = model(1.0);
    estimated.service = Service::Custom("127.0.0.1".to_owned());
    estimated.stability[0].metrics = None;
    let ceilings = Limits {
        max_p99: Some(LatencyCeiling(LatencyMs(50.0))),
        max_cost: Some(CostCeiling(Usd(2.5))),
        ..limits
    };
    let few = |scale: f64| run_of(vec![measured(2048, 110.0 * scale, 50)]);
    vec![
        ("pass", passing_report()),
        ("fail", failing_report()),
        (
            "fail_memory",
            report(&broken("out of memory"), Some(&five), &limits),
        ),
        ("fail_ceiling", report(&model(1.0), None, &ceilings)),
        (
            "fail_stopped_early",
            composed_with(
                &stopped,
                &judged(&stopped, Some(&five), &limits),
                &labelled(),
            ),
        ),
        (
            "inconclusive_stopped_early",
            report(&stopped, Some(&five), &loose),
        ),
        ("improved", report(&model(0.6), Some(&five), &limits)),
        ("no_baseline", report(&model(1.0), None, &limits)),
        (
            "inconclusive_settings",
            report(&elsewhere, Some(&five), &limits),
        ),
        (
            "inconclusive_young",
            report(&model(1.25), Some(&history(1, model)), &limits),
        ),
        (
            "inconclusive_few_calls",
            report(&few(1.0), Some(&history(5, few)), &limits),
        ),
        (
            "fail_on_a_pull_request",
            composed_with(&slow, &judged(&slow, Some(&five), &limits), &labelled()),
        ),
        ("accepted", composed_with(&slow, &accepted, &labelled())),
        ("custom_endpoint", report(&estimated, None, &limits)),
        ("this_machine", report(&on_this_machine(), None, &limits)),
        (
            "inconclusive_machine",
            report(&on_this_machine(), Some(&five), &limits),
        ),
        (
            "inconclusive_busy_machine",
            report(
                &while_others_run(1.7, 0.48),
                Some(&history(5, |scale| while_others_run(scale, 0.03))),
                &limits,
            ),
        ),
        (
            "could_not_measure",
            report(
                &nothing_measured("ModelError: no module named 'xgboost'"),
                None,
                &limits,
            ),
        ),
        ("not_run", not_run()),
    ]
    .into_iter()
    .chain(side_by_side::reports())
    .collect()
}
