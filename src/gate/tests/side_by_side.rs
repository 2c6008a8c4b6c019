//! Runs that were measured in turn with a reference.

use super::*;
use crate::gate::noise::Between;
use crate::result::{Confirmation, Machine, Reference, Service};

const HOST: Service = Service::Local(Machine {
    cpu_model: String::new(),
    cpus: 2,
});

/// As many rounds of [`model`], each of which is so much slower than the usual.
fn rounds_of(scales: impl IntoIterator<Item = f64>) -> Vec<EndpointRun> {
    let numbered = (1..).zip(scales);
    let each = numbered.flat_map(|(round, scale)| {
        let endpoints = model(scale).stability.into_iter();
        endpoints.map(move |it| EndpointRun { round, ..it })
    });
    each.collect()
}

/// A model beside main's, each round of which is so much slower than the usual.
pub(crate) fn beside(now: &[f64], reference: &[f64]) -> RunResult {
    let mut run = model(1.0);
    run.stability = rounds_of(now.iter().copied());
    run.reference = Some(Reference {
        model: "churn-main".to_owned(),
        model_name: "churn-main".to_owned(),
        rounds: u32::try_from(reference.len()).unwrap(),
        stability: rounds_of(reference.iter().copied()),
        concurrency: Vec::new(),
    });
    run
}

fn alone(run: &RunResult) -> Judgement {
    judged(run, None, &Limits::default())
}

/// The reference's endpoint of a size in the first round.
fn of_reference(run: &mut RunResult, size: usize) -> &mut EndpointRun {
    &mut run.reference.as_mut().unwrap().stability[size]
}

fn failed(cause: Cause) -> EndpointOutcome {
    EndpointOutcome::DeployFailed {
        reason: "no capacity".to_owned(),
        cause,
    }
}

#[test]
fn the_first_pull_request_has_a_verdict_without_a_baseline() {
    for (factor, verdict) in [
        (1.0, Verdict::Pass),
        (1.03, Verdict::Pass),
        (1.3, Verdict::Fail),
        (0.7, Verdict::Pass),
    ] {
        let it = alone(&beside(&[factor], &[1.0]));
        assert_eq!(it.verdict, verdict, "{factor}: {:?}", statuses(&it));
        assert!(it.origin.reference().is_some());
    }
    let better = alone(&beside(&[0.7; 4], &[1.0; 4]));
    assert_eq!(better.metrics.latency.status, Status::Improved);
    let much = |it: &Notice| matches!(it, Notice::MuchBetter { .. });
    assert!(!better.notices.iter().any(much), "nothing is recorded");
}

#[test]
fn rounds_narrow_the_band() {
    let band = |rounds: usize| {
        let it = alone(&beside(&vec![1.0; rounds], &vec![1.0; rounds]));
        it.metrics.cost.compared().unwrap().band.increase.get()
    };
    assert!((0.11..0.14).contains(&band(1)), "{}", band(1));
    assert!((0.03..0.06).contains(&band(4)), "{}", band(4));
    let slower = |rounds: usize| alone(&beside(&vec![1.1; rounds], &vec![1.0; rounds])).verdict;
    assert_eq!((slower(1), slower(4)), (Verdict::Pass, Verdict::Fail));
}

#[test]
fn containers_of_one_machine_differ_by_less() {
    let mut run = beside(&[1.0], &[1.0]);
    run.service = HOST;
    let it = alone(&run).baseline.unwrap();
    assert!((it.run_deviation.get() - 0.02).abs() < 1e-12);
    // Also where runs are stored.
    let history = history_of(&[run.clone(), run.clone(), run.clone()].map(|mut it| {
        it.reference = None;
        it
    }));
    let it = judged(&run, Some(&history), &Limits::default());
    assert!((it.baseline.unwrap().run_deviation.get() - 0.02).abs() < 1e-12);
}

#[test]
fn stored_runs_say_how_much_endpoints_of_aws_differ() {
    let run = beside(&[1.0], &[1.0]);
    let deviation = |history: Option<&History>| {
        let it = judged(&run, history, &Limits::default());
        it.baseline.unwrap().run_deviation.get()
    };
    assert!((deviation(None) - 0.04).abs() < 1e-12);
    let five = history(5, model);
    assert!(deviation(Some(&five)) < 0.03, "{}", deviation(Some(&five)));
}

#[test]
fn a_machine_that_slows_both_in_mid_run_changes_nothing() {
    for (factor, verdict) in [(1.0, Verdict::Pass), (1.2, Verdict::Fail)] {
        let drift = [1.0, 1.0, 1.5, 1.5];
        let now = drift.map(|it| it * factor);
        let mut run = beside(&now, &drift);
        // And in the middle of each round.
        let reference = run.reference.as_mut().unwrap().stability.iter_mut();
        for endpoint in run.stability.iter_mut().chain(reference) {
            for call in endpoint.invocations.iter_mut().skip(500) {
                call.latency_ms *= 1.5;
            }
        }
        let it = alone(&run);
        assert_eq!(it.verdict, verdict, "{factor}: {:?}", statuses(&it));
        let cost = it.metrics.cost.compared().unwrap();
        assert!(cost.band.increase.get() < 0.06, "{:?}", cost.band);
    }
}

#[test]
fn the_reference_decides_and_the_stored_runs_are_shown() {
    let slow = history_of(&[1.0, 1.0, 1.0].map(|it| model(it * 0.5)));
    let it = judged(&beside(&[1.0], &[1.0]), Some(&slow), &Limits::default());
    assert_eq!(it.verdict, Verdict::Pass);
    let stored = it.stored.unwrap();
    assert_eq!(stored.runs, 3);
    assert!((stored.latency.unwrap().1.get() - 1.0).abs() < 0.01);
    assert!(it.baseline.unwrap().creep.is_some());
    // Even if a run like the stored ones would pass.
    let it = judged(
        &beside(&[1.0], &[0.5]),
        Some(&history(5, model)),
        &Limits::default(),
    );
    assert_eq!(it.verdict, Verdict::Fail);
    assert_eq!(it.allowances, []);
}

#[test]
fn ceilings_stay() {
    let limits = Limits {
        max_p99: Some("50ms".parse().unwrap()),
        ..Limits::default()
    };
    let it = judged(&beside(&[1.0], &[1.0]), None, &limits);
    assert_eq!(it.verdict, Verdict::Fail);
    assert!(it.metrics.latency.exceeded_ceiling().is_some());
}

#[test]
fn an_old_result_is_no_stale_baseline() {
    let run = beside(&[1.0], &[1.0]);
    let now = run.finished_at + SignedDuration::from_hours(24 * 400);
    let it = judge(&run, &analysed(&run), None, &Limits::default(), now);
    assert_eq!(it.notices, []);
}

#[test]
fn calls_of_all_rounds_are_no_extension() {
    let it = alone(&beside(&[1.0; 4], &[1.0; 4]));
    assert_eq!(it.notices, []);
    let calls = it.metrics.latency.memory_mb.unwrap();
    let analysis = analysed(&beside(&[1.0; 4], &[1.0; 4]));
    assert_eq!(analysis.size(calls).unwrap().calls, 4000);
}

#[test]
fn what_rounds_can_prove_is_said_of_rounds() {
    let outlooks = alone(&beside(&[1.0; 4], &[1.0; 4]))
        .baseline
        .unwrap()
        .outlooks;
    let rounds: Vec<Measurements> = outlooks.iter().map(|it| it.of).collect();
    assert_eq!(rounds, [Measurements::Rounds(4), Measurements::Rounds(8)]);
    let above = |at: usize| outlooks[at].cost.unwrap().above.get();
    assert!((above(0).ln_1p() / above(1).ln_1p() - 2.0_f64.sqrt()).abs() < 1e-9);
}

#[test]
fn a_reference_that_could_not_be_measured_fails_nothing() {
    // Not at all.
    let mut run = beside(&[1.0], &[1.0]);
    for size in 0..3 {
        of_reference(&mut run, size).outcome = failed(Cause::Service);
    }
    let it = alone(&run);
    assert_eq!(it.verdict, Verdict::Inconclusive);
    let missed = |it: &Judgement| -> Vec<u32> {
        let sizes = it.notices.iter().filter_map(|notice| {
            if let Notice::ReferenceNotMeasured { memory_mb, .. } = notice {
                Some(memory_mb.get())
            } else {
                None
            }
        });
        sizes.collect()
    };
    assert_eq!(missed(&it), [1024, 2048, 3072]);
    // Where it would have said which size is needed.
    let mut run = beside(&[1.0], &[1.0]);
    of_reference(&mut run, 1).outcome = failed(Cause::Service);
    let it = alone(&run);
    assert_eq!(it.verdict, Verdict::Inconclusive, "{:?}", statuses(&it));
    assert_eq!(missed(&it), [2048]);
    assert!(!it.metrics.iter().any(MetricJudgement::fails));
    // A quota that both met.
    let mut run = beside(&[1.0], &[1.0]);
    of_reference(&mut run, 2).outcome = failed(Cause::Quota);
    run.stability[2].outcome = failed(Cause::Quota);
    assert_eq!(alone(&run).verdict, Verdict::Pass);
}

#[test]
fn a_size_that_works_for_the_reference_alone_fails_as_ever() {
    let run = without_size(beside(&[1.0], &[1.0]), MemoryMb::OFFERED[1]);
    let it = alone(&run);
    assert_eq!(it.verdict, Verdict::Fail);
    assert!(it.metrics.memory.fails());
    let works = |it: &Notice| matches!(it, Notice::SizeNoLongerWorks { .. });
    assert!(it.notices.iter().any(works));
    // Not the model's doing.
    let mut run = beside(&[1.0], &[1.0]);
    run.stability[1].outcome = failed(Cause::Service);
    assert_eq!(alone(&run).verdict, Verdict::Inconclusive);
}

#[test]
fn a_size_that_works_for_neither_says_nothing() {
    let mut run = without_size(beside(&[1.0], &[1.0]), MemoryMb::OFFERED[0]);
    of_reference(&mut run, 0).outcome = failed(Cause::Model);
    let it = alone(&run);
    assert_eq!(it.verdict, Verdict::Pass, "{:?}", statuses(&it));
    assert_eq!(it.notices, []);
}

/// With a second measurement of one round.
fn confirmed(mut run: RunResult, now: f64, reference: f64) -> RunResult {
    run.confirmation = Some(Confirmation {
        started_at: run.started_at,
        finished_at: run.finished_at,
        stability: rounds_of([now]),
        reference: rounds_of([reference]),
    });
    run
}

#[test]
fn a_failure_is_confirmed_beside_a_reference_of_its_own() {
    let run = beside(&[1.3; 2], &[1.0; 2]);
    let sizes = sizes_to_confirm(&alone(&run), &run);
    assert_eq!(sizes.len(), 3, "each size once: {sizes:?}");
    // The machine is twice as slow by then.
    let it = alone(&confirmed(run.clone(), 2.6, 2.0));
    assert_eq!(it.verdict, Verdict::Fail);
    let latency = it.metrics.latency.compared().unwrap();
    assert!((latency.increase.get() - 0.3).abs() < 1e-9);
    assert_eq!(latency.between, Between::Pairs(3));
    let once = alone(&run);
    let band = |it: &Judgement| it.metrics.cost.compared().unwrap().band.increase;
    assert!(band(&it) < band(&once), "a round more says more");
    let it = alone(&confirmed(run, 2.0, 2.0));
    assert_eq!(it.verdict, Verdict::Pass, "{:?}", statuses(&it));
}

#[test]
fn nothing_is_certain_before_the_end() {
    let five = history(5, model);
    let mut run = stopped(beside(&[1.7], &[1.7]), 200);
    let certain =
        |run: &RunResult| is_certain_failure(run, &analysed(run), &five, &Limits::default());
    assert!(!certain(&run));
    run.reference = None;
    assert!(certain(&run));
}

#[test]
fn what_is_recorded_is_compared_with_the_stored_runs() {
    let five = history(5, model);
    let run = beside(&[1.7], &[1.7]);
    let alone = run.without_reference();
    let it = judged(&alone, Some(&five), &Limits::default());
    assert_eq!((it.verdict, it.epoch()), (Verdict::Fail, Epoch::New));
    let beside = judged(&run, Some(&five), &Limits::default());
    assert_eq!(beside.verdict, Verdict::Pass);
    let twice = confirmed(run, 1.7, 1.7);
    let twice = twice.without_reference();
    assert_eq!(twice.confirmation.as_ref().unwrap().reference, []);
}

#[test]
fn other_clocks_are_unlike() {
    let mut run = beside(&[1.0], &[1.0]);
    run.settings.latency_source = crate::result::LatencySource::Server;
    of_reference(&mut run, 0).metrics = None;
    let it = alone(&run);
    assert_eq!(it.verdict, Verdict::Inconclusive);
    assert_eq!(it.unlike[0].setting, Setting::LatencySource);
}
