//! `sagegate run`: measure, compare, report.

use std::path::Path;

use super::Outcome;
use super::accept::is_labelled;
use super::conclude::{Conclusion, Judged, conclude, tell};
use super::edges::Edges;
use super::measure::{Inputs, Surroundings, measure};
use super::place::{Place, with_defaults};
use super::policy::{LoadSize, Terms};
use super::publish::Publishing;
use super::unmeasured::Attempt;
use crate::analysis::DatedPrices;
use crate::baseline::{BaselineStore, BaselineUri};
use crate::config::{Mode, RecommendArgs, RunArgs};
use crate::error::Error;
use crate::gate::{ACCEPT_LABEL, BaselineFile, Limits, Policy};
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
    check_fail_fast(args)?;
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
    let (file, model) = (baseline.as_ref(), &args.measurement.model);
    let name = model.name.as_deref().or(model.model_name.as_deref());
    let terms = Terms {
        strategy: args.measurement.recommend.strategy,
        load_size: LoadSize::Recommended,
        history: file
            .zip(name)
            .and_then(|(file, name)| file.history(name))
            .cloned(),
        limits: args.gate.limits(),
        fails_fast: may_fail_fast(args, file, publishing, edges).await,
    };
    let around = Surroundings {
        place,
        edges,
        display,
        load_by_default: false,
        run_number: None,
        terms,
        helpers: None,
    };
    let (result, prices) = measure(&args.measurement, inputs, around).await?;
    let gate = Gate::of(args, &uri, &store, publishing);
    gate.judge(&result, &prices, baseline.as_ref(), edges).await
}

/// What a result is held to, and where that is told.
pub(super) struct Gate<'a> {
    pub(super) mode: Option<Mode>,
    pub(super) limits: Limits,
    pub(super) policy: Policy,
    pub(super) recommend: &'a RecommendArgs,
    pub(super) uri: &'a BaselineUri,
    pub(super) store: &'a BaselineStore,
    pub(super) output_dir: &'a Path,
    pub(super) publishing: &'a Publishing,
}

impl<'a> Gate<'a> {
    /// That of a run.
    pub(super) fn of(
        args: &'a RunArgs,
        uri: &'a BaselineUri,
        store: &'a BaselineStore,
        publishing: &'a Publishing,
    ) -> Self {
        Self {
            mode: args.mode,
            limits: args.gate.limits(),
            policy: args.policy(),
            recommend: &args.measurement.recommend,
            uri,
            store,
            output_dir: args.measurement.output_dir(),
            publishing,
        }
    }

    /// Compares, reports, tells GitHub, and records where the mode asks for it.
    pub(super) async fn judge(
        &self,
        result: &RunResult,
        prices: &DatedPrices,
        baseline: Option<&BaselineFile>,
        edges: &Edges,
    ) -> Outcome {
        let conclusion = Conclusion {
            run: result,
            result_file: &self.output_dir.join("result.json"),
            prices,
            strategy: self.recommend.strategy,
            expected_rate: self.recommend.expected_rate,
            limits: self.limits,
            policy: self.policy,
            is_gate: !records(self.mode, edges),
            baseline: Some(self.uri),
            output_dir: self.output_dir,
            needs_files: false,
            publishing: self.publishing,
        };
        let judged = conclude(&conclusion, baseline, edges).await?;
        let exit_code = tell(&conclusion, &judged, edges).await;
        if !conclusion.is_gate {
            record(&judged, &result.name, self.uri, self.store, edges).await;
        }
        Ok(exit_code)
    }
}

/// Whether a run whose failure is certain stops early; refuses `--fail-fast` where nothing is certain before the end.
pub(super) fn check_fail_fast(args: &RunArgs) -> Result<(), Error> {
    if args.fail_fast && args.measurement.measure.latency_source == LatencySource::Server {
        return Err(Error::NothingIsCertain);
    }
    Ok(())
}

/// Whether `--fail-fast` has an effect: there is a baseline, the run is not recorded, and no label wants all of it.
pub(super) async fn may_fail_fast(
    args: &RunArgs,
    baseline: Option<&BaselineFile>,
    publishing: &Publishing,
    edges: &Edges,
) -> bool {
    if baseline.is_none() || !args.fail_fast || records(args.mode, edges) {
        return false;
    }
    if is_labelled(publishing).await {
        edges.note(&format!(
            "the label {ACCEPT_LABEL} is on the pull request: measuring to the end in spite of --fail-fast"
        ));
        return false;
    }
    true
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
