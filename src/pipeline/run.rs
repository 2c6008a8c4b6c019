//! A gated run with everything at hand: measure, then judge.

use std::sync::Arc;

use super::Outcome;
use super::backend::Backend;
use super::fail_fast::on_certain_failure;
use super::gate::Gate;
use super::inputs::Inputs;
use super::measure::{Measuring, measure};
use super::output_files::OutputFiles;
use super::policy::{ExpectedGate, MeasuringPolicy};
use super::publish::Publisher;
use crate::config::Run;
use crate::process::Process;

/// Measures on `backend` and judges the result by the baseline.
pub(crate) async fn run(
    run: &Run,
    inputs: Inputs,
    backend: &Backend,
    publisher: &Publisher,
    process: &Process,
) -> Outcome {
    let gate = Gate::open(&run.gate, publisher, process).await?;
    let files = OutputFiles::of(run.output.folder());
    let region = backend.session.region();
    let prices = inputs.prices.of_region(region, &files, process).await?;
    let recommend = &run.measurement.recommend;
    let policy = MeasuringPolicy {
        prices: prices.clone(),
        strategy: recommend.strategy,
        gate: Some(ExpectedGate {
            limits: run.gate.judging.limits,
            history: gate.history(&run.measurement.name)?,
            on_certain_failure: on_certain_failure(run.fail_fast, &gate, process).await,
            on_failure: gate.on_failure(process),
        }),
    };
    let measuring = Measuring {
        measurement: &run.measurement,
        output: &run.output,
        backend,
        policy: Arc::new(policy),
        run_number: None,
    };
    let result = measure(measuring, inputs, process).await?;
    gate.judge(&result, &prices, recommend, &files, process)
        .await
}
