//! `sagegate calibrate`: measures the same model several times, and tells what the gate would see.

use super::Outcome;
use super::edges::Edges;
use super::measure::{Inputs, Surroundings, measure};
use super::place::{Place, with_defaults};
use super::policy::{LoadSize, Terms};
use crate::analysis::{Analysis, analyse};
use crate::config::CalibrateArgs;
use crate::error::Error;
use crate::gate::{self, CostLimit, Entry, LatencyLimit, Limits};
use crate::progress::Display;
use crate::result::RunResult;
use crate::units::Ratio;

/// Measures on AWS, or wherever `AWS_ENDPOINT_URL` points, one run after the other.
pub(super) async fn calibrate(args: &CalibrateArgs, edges: &Edges, display: Display) -> Outcome {
    if args.measurement.resume.is_some() {
        return Err(Error::CalibrationIsWhole);
    }
    let uri = args.baseline.uri(edges.in_actions());
    let store = uri.open(&edges.access(&args.baseline))?;
    if args.seed_baseline {
        // A damaged baseline is found before anything costs money.
        store.load().await?;
    }
    let mut runs = Vec::new();
    for number in 1..=args.runs {
        edges.note(&format!("run {number} of {}", args.runs));
        runs.push(one_run(args, number, edges, display).await?);
    }
    let tolerances = tolerances(&Limits::default());
    let Some(calibration) = gate::calibrate(&runs, tolerances) else {
        return Err(Error::NothingToCalibrate {
            path: args.measurement.output.output_dir.clone(),
        });
    };
    edges.print(&crate::report::calibration(&calibration));
    if args.seed_baseline {
        let append = |file: &mut gate::BaselineFile| {
            for (run, analysis) in &runs {
                let entry = Entry::new(run, analysis, calibration.memory_mb);
                file.history_mut(&run.name).append(entry, false);
            }
        };
        store.update(append).await?;
        edges.note(&format!(
            "recorded in {uri}; runs within six hours count as one"
        ));
    }
    Ok(0)
}

async fn one_run(
    args: &CalibrateArgs,
    number: u32,
    edges: &Edges,
    display: Display,
) -> Result<(RunResult, Analysis), Error> {
    let mut measurement = args.measurement.clone();
    let folder = &args.measurement.output.output_dir;
    measurement.output.output_dir = folder.join(format!("run-{number}"));
    let measurement = with_defaults(measurement, edges)?;
    let inputs = Inputs::read(&measurement)?;
    let place = Place::open(&measurement, edges).await?;
    let strategy = measurement.recommend.strategy;
    let around = Surroundings {
        place: &place,
        edges,
        display,
        load_by_default: false,
        run_number: Some(number),
        terms: Terms::without_gate(strategy, LoadSize::LeftOut),
        helpers: None,
    };
    let (run, prices) = measure(&measurement, inputs, around).await?;
    let analysis = analyse(&run, &prices, strategy);
    Ok((run, analysis))
}

/// The default tolerances of latency and cost, which are relative.
fn tolerances(limits: &Limits) -> [Ratio; 2] {
    let latency = match limits.max_p99_increase {
        LatencyLimit::Relative(ratio) => ratio,
        LatencyLimit::Absolute(_) | LatencyLimit::Off => Ratio(0.0),
    };
    let cost = match limits.max_cost_increase {
        CostLimit::Relative(ratio) => ratio,
        CostLimit::Absolute(_) | CostLimit::Off => Ratio(0.0),
    };
    [latency, cost]
}
