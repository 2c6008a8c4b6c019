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

/// Judged when compute costs `compute` and data `data` times what it did when main was recorded.
fn at_other_prices(compute: f64, data: f64, limits: &Limits) -> Judgement {
    let run = model(1.0);
    let mut other = prices();
    other.published = "2026-12-01".to_owned();
    other.prices.serverless_usd_per_gb_second *= compute;
    for price in [
        &mut other.prices.data_in_usd_per_gb,
        &mut other.prices.data_out_usd_per_gb,
    ] {
        *price = price.map(|usd| usd * data);
    }
    let analysis = analyse(&run, &other, Strategy::Balanced);
    let history = history(5, model);
    judge(&run, &analysis, Some(&history), limits, run.finished_at)
}

/// Dates of both lists, and how often dearer the new one is.
fn change_of_prices(it: &Judgement) -> Option<(&str, &str, f64)> {
    it.notices.iter().find_map(|notice| {
        let Notice::PricesChanged {
            main,
            now,
            cost_at_main,
            cost_now,
            ..
        } = notice
        else {
            return None;
        };
        Some((
            main.as_str(),
            now.as_str(),
            cost_now.get() / cost_at_main.get(),
        ))
    })
}

#[test]
fn cost_is_shown_at_mains_prices_and_a_note_has_the_new_level() {
    let same = at_other_prices(1.0, 1.0, &Limits::default());
    let it = at_other_prices(3.0, 1.0, &Limits::default());
    assert_eq!(it.metrics.cost.now(), same.metrics.cost.now());
    assert_eq!(change_of_prices(&same), None);
    let (main, now, times) = change_of_prices(&it).unwrap();
    assert_eq!((main, now), ("2026-09-22", "2026-12-01"));
    assert!((2.9..3.001).contains(&times), "{times}");
}

#[test]
fn a_ceiling_is_about_the_prices_of_today() {
    let same = at_other_prices(1.0, 1.0, &Limits::default());
    let Some(Value::Cost(level)) = same.metrics.cost.now() else {
        panic!("{:?}", same.metrics.cost)
    };
    for (compute, verdict) in [(1.0, Verdict::Pass), (3.0, Verdict::Fail)] {
        let limits = Limits {
            max_cost: Some(CostCeiling(Usd(level.get() * 1.5))),
            ..Limits::default()
        };
        assert_eq!(at_other_prices(compute, 1.0, &limits).verdict, verdict);
    }
}

#[test]
fn a_size_that_only_the_new_prices_recommend_is_no_regression() {
    // When only data costs anything, a faster size is the best.
    let it = at_other_prices(1e-6, 1e6, &Limits::default());
    assert!(it.recommended.unwrap().get() > 2048, "{:?}", it.recommended);
    assert_eq!(it.metrics.memory.status, Status::Pass);
    assert_eq!(it.verdict, Verdict::Pass, "{:#?}", it.metrics);
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
