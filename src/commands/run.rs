//! `sagegate run`: measure, compare, report.

use std::sync::Arc;

use super::Outcome;
use super::accept::is_labelled;
use super::conclude::{Conclusion, Judged, conclude, tell};
use super::edges::{Edges, now};
use super::measure::{CertainFailure, Inputs, Surroundings, measure};
use super::place::{Place, with_defaults};
use super::publish::Publishing;
use super::unmeasured::Attempt;
use crate::analysis::{DatedPrices, analyse};
use crate::baseline::{BaselineStore, BaselineUri};
use crate::config::{Mode, RunArgs};
use crate::error::Error;
use crate::gate::{self, ACCEPT_LABEL, BaselineFile};
use crate::github::Context;
use crate::progress::Display;
use crate::result::{LatencySource, RunResult};

/// Measures on AWS, or wherever `AWS_ENDPOINT_URL` points.
pub(super) async fn run(mut args: RunArgs, edges: &Edges, display: Display) -> Outcome {
    args.measurement = with_defaults(args.measurement, edges)?;
    let publishing = Publishing::of_event(args.comment.comment, &args.baseline, edges);
    match measure_and_judge(&args, &publishing, edges, display).await {
        Ok(exit_code) => Ok(exit_code),
        Err(error) => {
            let attempt = Attempt {
                args: &args.measurement,
                policy: args.policy(),
                publishing: &publishing,
            };
            attempt.ended(error, edges).await
        }
    }
}

async fn measure_and_judge(
    args: &RunArgs,
    publishing: &Publishing,
    edges: &Edges,
    display: Display,
) -> Outcome {
    if args.fail_fast && args.measurement.measure.latency_source == LatencySource::Server {
        return Err(Error::NothingIsCertain);
    }
    let inputs = Inputs::read(&args.measurement)?;
    let place = Place::open(&args.measurement, edges).await?;
    run_with(args, inputs, &place, publishing, edges, display).await
}

/// Measures with a session that is already there.
pub(super) async fn run_with(
    args: &RunArgs,
    inputs: Inputs,
    place: &Place,
    publishing: &Publishing,
    edges: &Edges,
    display: Display,
) -> Outcome {
    let uri = args.baseline.uri(edges.in_actions());
    let store = uri.open(&edges.access(&args.baseline))?;
    let baseline = store.load().await?;
    let strategy = args.measurement.recommend.strategy;
    let limits = args.gate.limits();
    let recommend = |result: &RunResult, prices: &DatedPrices| {
        let analysis = analyse(result, prices, strategy);
        let history = baseline
            .as_ref()
            .and_then(|file| file.history(&result.name));
        gate::judge(result, &analysis, history, &limits, now()).recommended
    };
    let around = Surroundings {
        place,
        edges,
        display,
        load_by_default: false,
        run_number: None,
        recommend: &recommend,
        is_certain_failure: certain_failure(args, baseline.as_ref(), publishing, edges).await,
    };
    let (result, prices) = measure(&args.measurement, inputs, around).await?;
    let conclusion = Conclusion {
        run: &result,
        result_file: &args.measurement.output_dir().join("result.json"),
        prices: &prices,
        strategy,
        expected_rate: args.measurement.recommend.expected_rate,
        limits,
        policy: args.policy(),
        is_gate: !records(args.mode, edges),
        baseline: Some(&uri),
        output_dir: args.measurement.output_dir(),
        needs_files: false,
        publishing,
    };
    let judged = conclude(&conclusion, baseline.as_ref(), edges).await?;
    let exit_code = tell(&conclusion, &judged, edges).await;
    if !conclusion.is_gate {
        record(&judged, &result.name, &uri, &store, edges).await;
    }
    Ok(exit_code)
}

/// How a failure that nothing can change any more is known, when the run may be stopped then.
async fn certain_failure(
    args: &RunArgs,
    baseline: Option<&BaselineFile>,
    publishing: &Publishing,
    edges: &Edges,
) -> Option<CertainFailure> {
    let file = baseline.filter(|_| args.fail_fast && !records(args.mode, edges))?;
    if is_labelled(publishing).await {
        edges.note(&format!(
            "the label {ACCEPT_LABEL} is on the pull request: measuring to the end in spite of --fail-fast"
        ));
        return None;
    }
    let (file, limits, strategy) = (
        file.clone(),
        args.gate.limits(),
        args.measurement.recommend.strategy,
    );
    Some(Arc::new(move |run: &RunResult, prices: &DatedPrices| {
        file.history(&run.name).is_some_and(|history| {
            gate::is_certain_failure(run, &analyse(run, prices, strategy), history, &limits)
        })
    }))
}

/// Adds the run to the baseline. What was measured is measured: a store that cannot be written to is a warning with its
/// way out.
async fn record(
    judged: &Judged,
    name: &str,
    uri: &BaselineUri,
    store: &BaselineStore,
    edges: &Edges,
) {
    let Some(entry) = &judged.entry else {
        return;
    };
    let starts_epoch = judged.judgement.starts_epoch();
    let append = |file: &mut BaselineFile| {
        file.history_mut(name).append(entry.clone(), starts_epoch);
    };
    match store.update(append).await {
        Ok(()) => edges.note(&format!("recorded in {uri}")),
        Err(error) => edges.warn(&Error::from(error).one_line()),
    }
}

/// Whether the run is added to the baseline.
fn records(mode: Option<Mode>, edges: &Edges) -> bool {
    let event_asks_for_it = || {
        let context = edges.context().filter(|_| edges.in_actions());
        context.as_ref().is_some_and(Context::is_on_default_branch)
    };
    match mode {
        Some(Mode::Record) => true,
        Some(Mode::Gate) => false,
        Some(Mode::Auto) | None => event_asks_for_it(),
    }
}
