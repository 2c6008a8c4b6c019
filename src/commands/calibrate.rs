//! `sagegate calibrate`: measures the same model several times, and shows how much runs vary and
//! what the gate would catch.

use std::sync::Arc;

use crate::analysis::{Analysis, analyse};
use crate::baseline::BaselineError;
use crate::config::{Calibrate, Output};
use crate::error::{Error, MeasureError};
use crate::exit::ExitStatus;
use crate::gate::{self, Calibration, CostLimit, Entry, Epoch, LatencyLimit, Limits, Tolerances};
use crate::pipeline::Outcome;
use crate::pipeline::backend::Backend;
use crate::pipeline::inputs::Inputs;
use crate::pipeline::measure::{Measuring, measure};
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::policy::MeasuringPolicy;
use crate::process::{Process, now};
use crate::result::RunResult;
use crate::units::Ratio;

/// Measures one run after the other.
pub(super) async fn calibrate(calibrate: &Calibrate, process: &Process) -> Outcome {
    let uri = calibrate.baseline.uri(process.in_actions());
    let access = process.access(&calibrate.baseline);
    let store = uri.open(&access)?;
    if calibrate.seed_baseline {
        // A damaged baseline is found before anything costs money.
        let baseline = store.load().await?.unwrap_or_default();
        let branches = process.branches(calibrate.baseline.branch.as_ref());
        let readable = baseline.history(&calibrate.measurement.name, &branches);
        readable.map_err(BaselineError::from)?;
    }
    let mut runs = Vec::new();
    for number in 1..=calibrate.runs {
        process.note(&format!("run {number} of {}", calibrate.runs));
        runs.push(Box::pin(one_run(calibrate, number, process)).await?);
    }
    let tolerances = tolerances(&Limits::default());
    let nothing = || MeasureError::NothingToCalibrate {
        path: calibrate.output_dir.clone(),
    };
    if runs.iter().any(|(run, _)| run.reference.is_some()) {
        let pairs = gate::calibrate_pairs(&runs, tolerances).ok_or_else(nothing)?;
        process.print(&crate::report::calibration_of_pairs(&pairs));
        return Ok(ExitStatus::Success);
    }
    let calibration = gate::calibrate(&runs, tolerances).ok_or_else(nothing)?;
    process.print(&crate::report::calibration(&calibration));
    if calibrate.seed_baseline {
        let branches = process.branches(calibrate.baseline.branch.as_ref());
        store
            .update(|file| append(file, &branches, &runs, &calibration))
            .await?;
        process.note(&format!("recorded in {uri}"));
        if let (Some(file), Some((run, analysis))) = (store.load().await?, runs.last()) {
            // What was learned is what the gate will say, by its own code.
            let history = file.history(&run.name, &branches);
            let history = history.map_err(BaselineError::from)?;
            let judgement = gate::judge(run, analysis, Some(&history), &Limits::default(), now());
            process.print(&crate::report::seeded(run, analysis, &judgement));
        }
    }
    Ok(ExitStatus::Success)
}

fn append(
    file: &mut gate::BaselineFile,
    branches: &gate::Branches,
    runs: &[(RunResult, Analysis)],
    calibration: &Calibration,
) -> Result<(), gate::BaselineFileError> {
    for (run, analysis) in runs {
        let entry = Entry::new(run, analysis, calibration.memory_mb);
        file.record(&run.name, branches, entry, Epoch::Same)?;
    }
    Ok(())
}

async fn one_run(
    calibrate: &Calibrate,
    number: u32,
    process: &Process,
) -> Result<(RunResult, Analysis), Error> {
    let measurement = &calibrate.measurement;
    let output = Output::New(calibrate.output_dir.join(format!("run-{number}")));
    let inputs = Inputs::read(measurement, &output)?;
    let backend = Backend::open(&calibrate.target, measurement, process).await?;
    let measured = on_backend(calibrate, number, (&output, inputs), &backend, process);
    let measured = Box::pin(measured).await;
    backend.close(process).await;
    measured
}

async fn on_backend(
    calibrate: &Calibrate,
    number: u32,
    (output, inputs): (&Output, Inputs),
    backend: &Backend,
    process: &Process,
) -> Result<(RunResult, Analysis), Error> {
    let measurement = &calibrate.measurement;
    let files = OutputFiles::of(output.folder());
    let region = backend.session.region();
    let prices = inputs.prices.of_region(region, &files, process).await?;
    let strategy = measurement.recommend.strategy;
    let policy = MeasuringPolicy {
        prices: prices.clone(),
        strategy,
        gate: None,
    };
    let measuring = Measuring {
        measurement,
        output,
        backend,
        policy: Arc::new(policy),
        run_number: Some(number),
    };
    let run = measure(measuring, inputs, process).await?;
    let analysis = analyse(&run, &prices, strategy);
    Ok((run, analysis))
}

/// The default tolerances of latency and cost, which are relative.
fn tolerances(limits: &Limits) -> Tolerances {
    let latency = match limits.max_p99_increase {
        LatencyLimit::Relative(ratio) => ratio,
        LatencyLimit::Absolute(_) | LatencyLimit::Off => Ratio(0.0),
    };
    let cost = match limits.max_cost_increase {
        CostLimit::Relative(ratio) => ratio,
        CostLimit::Absolute(_) | CostLimit::Off => Ratio(0.0),
    };
    Tolerances { latency, cost }
}
