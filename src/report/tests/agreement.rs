//! Headline, table, exit code and verdict come from one enum: over ten thousand results they never
//! contradict.

use std::collections::BTreeMap;

use super::*;
use crate::analysis::tests::{prices, run_of};
use crate::analysis::{Strategy, analyse};
use crate::gate::tests::measured;
use crate::gate::{
    CostLimit, Entry, Epoch, Escalation, History, LatencyCeiling, LatencyLimit, Limits,
    MemoryLimit, Policy, Status, judge,
};
use crate::result::{Cause, EndpointOutcome, Reference};
use crate::units::{LatencyMs, Ratio};

const RESULTS: usize = 10_000;

/// A run of one to three sizes, some of them broken, `scale` times as slow as the others.
fn run(random: &mut fastrand::Rng, scale: f64) -> RunResult {
    let calls = random.choice([60, 100, 180, 900]).unwrap();
    let sizes = [(1024, 200.0), (2048, 110.0), (3072, 100.0)];
    let mut run = run_of(
        sizes
            .iter()
            .take(random.usize(1..=3))
            .map(|(memory, ms)| measured(*memory, ms * scale * (1.0 + 0.02 * random.f64()), calls))
            .collect(),
    );
    for endpoint in &mut run.stability {
        if random.f64() < 0.1 {
            endpoint.outcome = EndpointOutcome::SkippedQuota {
                reason: "quota".to_owned(),
            };
        }
    }
    if random.f64() < 0.1 {
        run.region = "eu-west-1".to_owned();
    }
    run
}

/// As `--fail-fast` leaves a run, certain or not.
fn stop_early(run: &mut RunResult) {
    for endpoint in &mut run.stability {
        let planned = u32::try_from(endpoint.invocations.len()).unwrap();
        endpoint
            .invocations
            .truncate(endpoint.invocations.len() / 2);
        endpoint.outcome = EndpointOutcome::FailedFast {
            reason: "certain".to_owned(),
            planned,
        };
    }
}

/// Main's model, measured in turn, where it could be.
fn reference(random: &mut fastrand::Rng, main: &RunResult) -> Reference {
    let mut stability = main.stability.clone();
    for endpoint in &mut stability {
        if random.f64() < 0.2 {
            endpoint.outcome = EndpointOutcome::DeployFailed {
                reason: "broken".to_owned(),
                cause: random.choice(Cause::ALL).unwrap(),
            };
        }
    }
    Reference {
        model: "main".to_owned(),
        model_name: "main".to_owned(),
        rounds: 1,
        stability,
        concurrency: Vec::new(),
    }
}

fn analysed(run: RunResult) -> (RunResult, Analysis) {
    let analysis = analyse(&run, &prices(), Strategy::Balanced);
    (run, analysis)
}

/// Up to five runs of main that measured what `like` did.
fn history(random: &mut fastrand::Rng, like: &RunResult) -> History {
    let mut history = History::default();
    for day in 0..random.i64(0..=5) {
        let mut run = like.clone();
        run.run_id = format!("main-{day}");
        run.finished_at -= jiff::SignedDuration::from_hours(24 * (day + 1));
        let scale = 1.0 + 0.02 * random.f64();
        for call in run.stability.iter_mut().flat_map(|it| &mut it.invocations) {
            call.latency_ms *= scale;
        }
        let (run, analysis) = analysed(run);
        if let Some(best) = analysis.best {
            history.append(Entry::new(&run, &analysis, best), Epoch::Same);
        }
    }
    history
}

fn limits(random: &mut fastrand::Rng) -> Limits {
    Limits {
        max_memory_increase: random
            .choice([
                MemoryLimit::Megabytes(0),
                MemoryLimit::Megabytes(1024),
                MemoryLimit::Off,
            ])
            .unwrap(),
        max_p99_increase: random
            .choice([
                LatencyLimit::Relative(Ratio(0.1)),
                LatencyLimit::Absolute(LatencyMs(20.0)),
                LatencyLimit::Off,
            ])
            .unwrap(),
        max_p99: random
            .bool()
            .then(|| LatencyCeiling(LatencyMs(random.f64() * 300.0))),
        max_cost_increase: random
            .choice([CostLimit::Relative(Ratio(0.05)), CostLimit::Off])
            .unwrap(),
        max_cost: None,
    }
}

#[test]
fn headline_table_and_exit_code_agree_in_ten_thousand_results() {
    let mut random = fastrand::Rng::with_seed(4);
    let mains: Vec<RunResult> = (0..40).map(|_| run(&mut random, 1.0)).collect();
    let pairs: Vec<(History, (RunResult, Analysis))> = (0..400)
        .map(|index| {
            let main = &mains[index % mains.len()];
            let mut change = main.clone();
            let factor = random.choice([1.0, 1.02, 1.07, 1.2, 1.8, 0.7]).unwrap();
            for endpoint in &mut change.stability {
                for call in &mut endpoint.invocations {
                    call.latency_ms *= factor;
                }
                if random.f64() < 0.1 {
                    endpoint.outcome = EndpointOutcome::DeployFailed {
                        reason: "broken".to_owned(),
                        cause: random.choice(Cause::ALL).unwrap(),
                    };
                }
            }
            if random.f64() < 0.3 {
                change.reference = Some(reference(&mut random, main));
            }
            if random.f64() < 0.1 {
                stop_early(&mut change);
            }
            (history(&mut random, main), analysed(change))
        })
        .collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..RESULTS {
        let (history, (run, analysis)) = &pairs[random.usize(..pairs.len())];
        let limits = limits(&mut random);
        let judgement = judge(run, analysis, Some(history), &limits, run.finished_at);
        check(run, analysis, &judgement);
        *seen.entry(format!("{:?}", judgement.verdict)).or_default() += 1;
    }
    for verdict in [
        "Pass",
        "Fail",
        "NoBaseline",
        "Inconclusive",
        "CouldNotMeasure",
    ] {
        assert!(
            seen.get(verdict).is_some_and(|count| *count > 50),
            "{verdict}: {seen:?}"
        );
    }
}

fn check(run: &RunResult, analysis: &Analysis, judgement: &Judgement) {
    let verdict = judgement.verdict;
    assert!(run.reference.is_none() || verdict != Verdict::NoBaseline);
    let report = compose(run, analysis, judgement, &Links::default());
    let headline = headline(&report);
    assert!(
        headline.starts_with(verdict.symbol()),
        "{verdict:?}: {headline}"
    );
    assert_eq!(
        headline.contains(" passed"),
        verdict == Verdict::Pass,
        "{headline}"
    );
    assert_eq!(
        headline.contains(" failed: ") || headline.contains(" failed against "),
        verdict == Verdict::Fail,
        "{headline}"
    );
    let fails = judgement.failing().next().is_some();
    assert_eq!(verdict == Verdict::Fail, fails);
    if verdict == Verdict::Pass {
        assert!(
            !analysis.sizes.is_empty() && judgement.baseline.is_some(),
            "{headline}"
        );
    }
    for escalation in [Escalation::Warn, Escalation::Fail] {
        let policy = Policy {
            on_no_baseline: escalation,
            on_inconclusive: escalation,
            on_no_credentials: escalation,
        };
        let expected = match verdict {
            Verdict::Pass | Verdict::Accepted => 0,
            Verdict::Fail => 1,
            Verdict::NoBaseline | Verdict::Inconclusive | Verdict::NotRun => {
                u8::from(escalation == Escalation::Fail)
            }
            Verdict::CouldNotMeasure => 3,
        };
        assert_eq!(verdict.exit_status(policy).code(), expected);
    }
    check_table(&report, judgement);
}

/// The last cell of a row says what the metric's status is, and no pass stands above another
/// symbol.
fn check_table(report: &Report, judgement: &Judgement) {
    let Some(table) = &report.metrics else {
        assert_eq!(judgement.verdict, Verdict::CouldNotMeasure);
        return;
    };
    assert_eq!(table.rows().len(), 3);
    for (row, judged) in table.rows().iter().zip(&judgement.metrics) {
        let cell = plain(row.cells.last().unwrap());
        assert_eq!(cell.starts_with('❌'), judged.fails(), "{cell}");
        if judgement.verdict == Verdict::Pass {
            assert!(
                cell.starts_with('✅') || judged.status == Status::Off,
                "{cell}"
            );
        }
    }
}
