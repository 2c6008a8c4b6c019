//! What the cost rests on, and what it is compared with.

use super::*;
use crate::gate::CostCeiling;
use crate::units::Usd;

#[test]
fn a_change_of_prices_is_not_a_change_of_the_model() {
    let run = model(1.0);
    let mut dear = prices();
    dear.prices.serverless_usd_per_gb_second *= 3.0;
    let analysis = analyse(&run, &dear, Strategy::Balanced);
    let history = history(5, model);
    let limits = Limits::default();
    let it = judge(&run, &analysis, Some(&history), &limits, run.finished_at);
    assert_eq!(it.verdict, Verdict::Pass, "{:#?}", it.metrics);
    assert_eq!(it.metrics.cost.status, Status::Pass);
    let compared = it.metrics.cost.compared().unwrap();
    assert!(compared.increase.get().abs() < 0.01, "{compared:?}");
}

#[test]
fn an_estimate_is_compared_with_estimates() {
    let mut run = model(1.0);
    run.stability[0].metrics = None;
    let it = against_five(&run);
    assert!(it.notices.contains(&Notice::CostIsEstimated));
    assert_eq!(it.metrics.cost.status, Status::Pass);
}

/// Five runs of main, the first `estimates` of them without CloudWatch's numbers.
fn with_estimates(estimates: usize) -> History {
    let mut runs = sampled_runs(5, 1000);
    for run in &mut runs[..estimates] {
        *run = without_cloudwatch(run.clone());
    }
    history_of(&runs)
}

#[test]
fn billed_cost_is_compared_as_long_as_one_run_of_main_has_it() {
    let now = sampled(5, 1000, 1.0);
    let analysis = analysed(&now);
    let size = |it: &Judgement| analysis.size(it.recommended.unwrap()).unwrap();
    let judged = |estimates| judged(&now, Some(&with_estimates(estimates)), &Limits::default());
    for (estimates, is_billed) in [(1, true), (4, true), (5, false)] {
        let it = judged(estimates);
        let cost = if is_billed {
            size(&it).cost
        } else {
            size(&it).client_cost
        };
        let shown = it.metrics.cost.now();
        assert_eq!(shown, Some(Value::Cost(cost.per_million())), "{estimates}");
        assert_eq!(it.verdict, Verdict::Pass, "{estimates}");
    }
}

#[test]
fn a_ceiling_judges_the_billed_cost_and_never_the_estimate() {
    let now = sampled(5, 1000, 1.0);
    let analysis = analysed(&now);
    let size = analysis.size(analysis.best.unwrap()).unwrap();
    assert!(size.client_cost.per_million().get() > size.cost.per_million().get() * 1.001);
    for estimates in [1, 5] {
        for (factor, status) in [(1.001, Status::Pass), (0.999, Status::Fail)] {
            let ceiling = Usd(size.cost.per_million().get() * factor);
            let limits = Limits {
                max_cost: Some(CostCeiling(ceiling)),
                ..Limits::default()
            };
            let it = judged(&now, Some(&with_estimates(estimates)), &limits);
            assert_eq!(
                it.metrics.cost.status, status,
                "ceiling at {factor} of the cost, {estimates} estimates"
            );
        }
    }
}
