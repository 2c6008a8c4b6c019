//! The parts of the report that only a concurrency benchmark and an expected rate have.

use crate::analysis::concurrency::tests::{clients, round, with_load};
use crate::analysis::tests::prices;
use crate::analysis::{Analysis, Strategy, Wanted, analyse};
use crate::gate::Limits;
use crate::gate::tests::{judged, model};
use crate::report::{Links, chart_files, compose, csv_files, html, markdown};
use crate::result::{EndpointOutcome, Load, RunResult};

/// `MaxConcurrency` 2 throttles, 4 serves, 16 does not fit the account.
fn loaded() -> RunResult {
    let rate = || Load::ConstantRate { per_second: 10.0 };
    let mut run = with_load(
        model(1.0),
        vec![
            (
                2,
                vec![
                    round(clients(2), 200, 0),
                    round(clients(4), 200, 70),
                    round(rate(), 20, 20),
                ],
            ),
            (
                4,
                vec![
                    round(clients(4), 200, 0),
                    round(clients(8), 200, 50),
                    round(rate(), 200, 0),
                ],
            ),
            (16, Vec::new()),
        ],
    );
    run.concurrency[2].outcome = EndpointOutcome::SkippedQuota {
        reason: "The account-level service limit is <10>, @team".to_owned(),
    };
    run
}

fn analysed(run: &RunResult) -> Analysis {
    let wanted = Wanted {
        strategy: Strategy::Balanced,
        expected_rate_per_s: Some(5.0),
    };
    analyse(run, &prices(), wanted)
}

#[test]
fn the_sections_on_concurrency_and_provisioned_workers_read_as_designed() {
    let run = loaded();
    let judgement = judged(&run, None, &Limits::default());
    let comment = markdown(&compose(
        &run,
        &analysed(&run),
        &judgement,
        &Links::default(),
    ));
    let from = comment.find("<details><summary>Concurrency").unwrap();
    let to = comment.find("<details><summary>How this was").unwrap();
    insta::assert_snapshot!(comment.get(from..to).unwrap());
}

#[test]
fn every_chart_is_a_file_and_on_the_page_and_stays_small() {
    let run = loaded();
    let judgement = judged(&run, None, &Limits::default());
    let analysis = analysed(&run);
    let charts = chart_files(&run, &analysis, &judgement);
    let names: Vec<&str> = charts.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        names,
        [
            "stability_benchmark_summary_results/stability_benchmark_distribution.svg",
            "cost_analysis_summary_results/cost_vs_performance.svg",
            "concurrency_benchmark_summary_results/latency_under_load.svg",
            "concurrency_benchmark_summary_results/concurrency_benchmark_distribution_2.svg",
            "concurrency_benchmark_summary_results/concurrency_benchmark_distribution_4.svg",
            "cost_analysis_summary_results/break_even.svg",
        ]
    );
    let page = html(&compose(&run, &analysis, &judgement, &Links::default()));
    assert_eq!(page.matches("<svg").count(), charts.len());
    assert!(page.len() < 500_000 && charts.iter().all(|(_, svg)| page.contains(svg.trim())));
    assert!(
        !page.contains("@team") || page.contains("&lt;10&gt;"),
        "AWS's words are text"
    );
    assert_eq!(csv_files(&run, &analysis, analysis.best).len(), 10);
}
