//! `sagegate benchmark`: measure and report, without a baseline.

use std::sync::Arc;

use crate::config::Benchmark;
use crate::gate::{History, Limits, MayAccept};
use crate::pipeline::Outcome;
use crate::pipeline::backend::Backend;
use crate::pipeline::conclude::{Case, Ending, OnUnwritable, Purpose, conclude};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::measure::{Measuring, measure};
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::policy::MeasuringPolicy;
use crate::pipeline::publish::Publisher;
use crate::pipeline::unmeasured::UnmeasuredRun;
use crate::process::Process;

/// Measures on AWS, at the address in `AWS_ENDPOINT_URL`, on a simulator, or on this machine.
pub(super) async fn benchmark(benchmark: &Benchmark, process: &Process) -> Outcome {
    let publisher = Publisher::without_comment(process);
    match Box::pin(measure_and_report(benchmark, &publisher, process)).await {
        Ok(status) => Ok(status),
        Err(error) => {
            let unmeasured = UnmeasuredRun {
                attempt: &benchmark.attempt(),
                publisher: &publisher,
            };
            unmeasured.conclude(error, process).await
        }
    }
}

async fn measure_and_report(
    benchmark: &Benchmark,
    publisher: &Publisher,
    process: &Process,
) -> Outcome {
    let (measurement, output) = (&benchmark.measurement, &benchmark.output);
    let (inputs, backend) = Box::pin(Backend::with_inputs(
        measurement,
        &benchmark.target,
        output,
        process,
    ))
    .await?;
    let outcome = on_backend(benchmark, inputs, &backend, publisher, process);
    let outcome = Box::pin(outcome).await;
    backend.close(process).await;
    outcome
}

async fn on_backend(
    benchmark: &Benchmark,
    inputs: Inputs,
    backend: &Backend,
    publisher: &Publisher,
    process: &Process,
) -> Outcome {
    let (measurement, output) = (&benchmark.measurement, &benchmark.output);
    let files = OutputFiles::of(output.folder());
    let region = backend.session.region();
    let prices = inputs.prices.of_region(region, &files, process).await?;
    let policy = MeasuringPolicy {
        prices: prices.clone(),
        strategy: measurement.recommend.strategy,
        gate: None,
    };
    let measuring = Measuring {
        measurement,
        output,
        backend,
        policy: Arc::new(policy),
        run_number: None,
    };
    let result = measure(measuring, inputs, process).await?;
    let case = Case {
        run: &result,
        prices: &prices,
        recommend: &measurement.recommend,
        limits: Limits::default(),
    };
    let ending = Ending {
        purpose: Purpose::Show,
        baseline: None,
        result_file: &files.result(),
        files: &files,
        on_unwritable: OnUnwritable::Warn,
        publisher,
        may_accept: MayAccept::default(),
        others: None,
    };
    let conclusion = conclude(&case, &History::default(), &ending, process).await?;
    Ok(conclusion.publish(&ending, process).await)
}
