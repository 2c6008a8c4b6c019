//! `sagegate run`: measure, compare, report.

use super::Outcome;
use super::conclude::{Conclusion, Judged, conclude};
use super::edges::{Edges, now};
use super::measure::{Inputs, Surroundings, measure};
use super::place::{Place, with_defaults};
use crate::analysis::{DatedPrices, analyse};
use crate::baseline::BaselineStore;
use crate::config::{Mode, RunArgs};
use crate::error::Error;
use crate::gate::{self, BaselineFile};
use crate::github::Context;
use crate::progress::Display;
use crate::result::RunResult;

/// Measures on AWS, or wherever `AWS_ENDPOINT_URL` points.
pub(super) async fn run(mut args: RunArgs, edges: &Edges, display: Display) -> Outcome {
    args.measurement = with_defaults(args.measurement, edges)?;
    let inputs = Inputs::read(&args.measurement)?;
    let place = Place::open(&args.measurement).await?;
    run_with(args, inputs, &place, edges, display).await
}

/// Measures with a session that is already there.
pub(super) async fn run_with(
    args: RunArgs,
    inputs: Inputs,
    place: &Place,
    edges: &Edges,
    display: Display,
) -> Outcome {
    let uri = args.baseline.uri(edges.in_actions());
    let store = uri.open(&edges.github(&args.baseline))?;
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
    };
    let (result, prices) = measure(&args.measurement, inputs, around).await?;
    judge(&args, &result, &prices, &store, baseline.as_ref(), edges).await
}

async fn judge(
    args: &RunArgs,
    result: &RunResult,
    prices: &DatedPrices,
    store: &BaselineStore,
    baseline: Option<&BaselineFile>,
    edges: &Edges,
) -> Outcome {
    let uri = args.baseline.uri(edges.in_actions());
    let output_dir = args.measurement.output_dir();
    let conclusion = Conclusion {
        run: result,
        result_file: &output_dir.join("result.json"),
        prices,
        strategy: args.measurement.recommend.strategy,
        expected_rate: args.measurement.recommend.expected_rate,
        limits: args.gate.limits(),
        baseline: Some(&uri),
        output_dir,
    };
    let Judged { judgement, entry } = conclude(&conclusion, baseline, edges)?;
    match (records(args.mode, edges), entry) {
        (true, Some(entry)) => {
            let starts_epoch = judgement.starts_epoch();
            let append = |file: &mut BaselineFile| {
                file.history_mut(&result.name)
                    .append(entry.clone(), starts_epoch);
            };
            // What was measured is measured: a store that cannot be written to is a warning with its way out.
            match store.update(append).await {
                Ok(()) => edges.note(&format!("recorded in {uri}")),
                Err(error) => edges.warn(&Error::from(error).one_line()),
            }
            Ok(0)
        }
        (true | false, _) => Ok(judgement.verdict.exit_code(args.policy())),
    }
}

/// Whether the run is added to the baseline.
fn records(mode: Option<Mode>, edges: &Edges) -> bool {
    let asks_for_it = || {
        let context = edges.context().filter(|_| edges.in_actions());
        context.as_ref().is_some_and(Context::is_on_default_branch)
    };
    match mode {
        Some(Mode::Record) => true,
        Some(Mode::Gate) => false,
        Some(Mode::Auto) | None => asks_for_it(),
    }
}
