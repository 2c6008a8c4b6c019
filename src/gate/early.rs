//! A failure that nothing to come can change.

use super::baseline::Baseline;
use super::history::History;
use super::key::Key;
use super::limits::Limits;
use super::metric::{Metric, MetricJudgement, NotCompared, Status, Value};
use super::run_to_run::run_noise;
use super::{Judgement, Notice, Verdict, compare};
use crate::analysis::Analysis;
use crate::result::RunResult;

/// Judges a run that was stopped early at the baseline's size by the lowest latency that it could have had there. That
/// fails when the whole run would have: latencies to come can only raise both the quantile and the order statistic that
/// its noise band rests on. `None` for any other run.
pub(super) fn judge(
    run: &RunResult,
    analysis: &Analysis,
    history: &History,
    key: &Key,
    limits: &Limits,
) -> Option<Judgement> {
    let groups = history.comparable(key);
    let held = groups.last()?.last()?.recommended_memory_mb;
    let bound = analysis.bounds.iter().find(|it| it.memory_mb == held)?;
    // The sizes that the whole run would have had.
    let sizes = run.stability.iter().map(|it| it.memory_mb);
    let noise = run_noise(&history.by_epoch(key), sizes, groups.len());
    let baseline = Baseline {
        groups: &groups,
        noise,
        noise_of_all: noise,
        analysis,
    };
    let open = |metric, memory_mb, baseline| MetricJudgement {
        baseline,
        ..MetricJudgement::not_compared(metric, memory_mb, None, NotCompared::StoppedEarly)
    };
    let latency = baseline.latency_at_least(bound, limits);
    Some(Judgement {
        verdict: Verdict::Inconclusive,
        recommended: None,
        metrics: vec![
            open(Metric::RecommendedMemory, None, Some(Value::Memory(held))),
            latency,
            open(Metric::CostPerMillion, Some(held), None),
        ],
        overall: Vec::new(),
        baseline: Some(compare::summary(held, &groups, noise)),
        unlike: Vec::new(),
        acceptance: None,
        notices: vec![Notice::StoppedEarly {
            memory_mb: held,
            calls: bound.answered_calls(),
            planned: bound.warm().count + bound.cold_starts.len() + bound.failures(),
            fails: latency.status == Status::Fail,
        }],
    })
}

/// Whether a run that is stopped here fails for certain.
pub fn is_certain_failure(
    run: &RunResult,
    analysis: &Analysis,
    history: &History,
    limits: &Limits,
) -> bool {
    let key = Key::of(run, analysis.latency_source);
    judge(run, analysis, history, &key, limits)
        .is_some_and(|it| it.metrics.iter().any(|it| it.status == Status::Fail))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::tests::prices;
    use crate::analysis::{Strategy as SizeStrategy, analyse};
    use crate::gate::tests::{history, judged, model};
    use crate::gate::{LatencyCeiling, NotAccepted};
    use crate::result::EndpointOutcome;
    use crate::units::LatencyMs;

    /// The run stopped after `calls` at 2048 MB, the size that main uses.
    pub(crate) fn stopped(mut run: RunResult, calls: usize) -> RunResult {
        for endpoint in &mut run.stability {
            let is_judged = endpoint.memory_mb.get() == 2048;
            endpoint
                .invocations
                .truncate(if is_judged { calls } else { 10 });
            endpoint.metrics = None;
            endpoint.outcome = EndpointOutcome::FailedFast {
                reason: "stopped: the run was certain to fail".to_owned(),
                planned: 1000,
            };
        }
        run
    }

    fn is_certain(run: &RunResult, history: &History, limits: &Limits) -> bool {
        let analysis = analyse(run, &prices(), SizeStrategy::Balanced);
        is_certain_failure(run, &analysis, history, limits)
    }

    /// After how many calls a run of a model that is `scale` times as slow is certain to fail.
    fn certain_after(scale: f64, limits: &Limits) -> Option<usize> {
        let five = history(5, model);
        let mut prefixes = (25..1000).step_by(25);
        prefixes.find(|calls| is_certain(&stopped(model(scale), *calls), &five, limits))
    }

    #[test]
    fn the_slower_a_model_the_sooner_its_failure_is_certain() {
        let limits = Limits::default();
        assert_eq!(certain_after(1.0, &limits), None);
        assert_eq!(certain_after(1.08, &limits), None);
        assert_eq!(certain_after(1.12, &limits), Some(100));
        assert_eq!(certain_after(1.2, &limits), Some(50));
        assert_eq!(certain_after(1.3, &limits), Some(25));
    }

    #[test]
    fn a_ceiling_makes_it_certain_as_soon_as_one_percent_of_the_plan_is_above_it() {
        let limits = Limits {
            max_p99: Some(LatencyCeiling(LatencyMs(90.0))),
            ..Limits::default()
        };
        assert_eq!(certain_after(1.0, &limits), Some(25));
    }

    #[test]
    fn what_was_stopped_fails_by_its_latency_alone_and_accepts_nothing() {
        let (run, five) = (stopped(model(1.7), 200), history(5, model));
        let judgement = judged(&run, Some(&five), &Limits::default());
        let statuses: Vec<Status> = judgement.metrics.iter().map(|it| it.status).collect();
        let open = Status::NotCompared(NotCompared::StoppedEarly);
        assert_eq!(statuses, [open, Status::Fail, open]);
        assert_eq!(
            (judgement.verdict, judgement.recommended),
            (Verdict::Fail, None)
        );
        let refused = judgement.under(Err(NotAccepted::StoppedEarly));
        assert_eq!(refused.verdict, Verdict::Fail);
    }

    #[test]
    fn looser_limits_leave_it_open_and_never_pass_it() {
        let limits = Limits {
            max_p99_increase: "90%".parse().unwrap(),
            ..Limits::default()
        };
        let (run, five) = (stopped(model(1.7), 200), history(5, model));
        let judgement = judged(&run, Some(&five), &limits);
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        // Without a baseline nothing tells which size decides.
        let alone = judged(&run, None, &limits);
        assert_eq!(alone.verdict, Verdict::CouldNotMeasure);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn what_is_certain_comes_true_whatever_follows(
            scale in 0.9..2.5_f64,
            sent in 25..1000_usize,
            rest in prop::collection::vec(0.0..400.0_f64, 1000),
            runs in 1..6_u32
        ) {
            let (limits, baseline) = (Limits::default(), history(runs, model));
            let mut whole = model(scale);
            let certain = is_certain(&stopped(whole.clone(), sent), &baseline, &limits);
            for endpoint in &mut whole.stability {
                for (call, latency) in endpoint.invocations.iter_mut().zip(&rest).skip(sent) {
                    call.latency_ms = *latency;
                }
            }
            let judgement = judged(&whole, Some(&baseline), &limits);
            prop_assert!(!certain || judgement.verdict == Verdict::Fail);
        }
    }
}
