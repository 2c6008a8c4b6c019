//! `sagegate benchmark`: measure and report, without a baseline.

use super::Outcome;
use super::conclude::{Conclusion, conclude, tell};
use super::edges::Edges;
use super::measure::{Inputs, Surroundings, measure};
use super::place::{Place, with_defaults};
use super::policy::{LoadSize, Terms};
use super::publish::Publishing;
use super::unmeasured::Attempt;
use crate::config::{BenchmarkArgs, MeasurementArgs};
use crate::gate::{Limits, Policy};
use crate::progress::Display;

/// Measures on AWS, or wherever `AWS_ENDPOINT_URL` points.
pub(super) async fn benchmark(args: &BenchmarkArgs, edges: &Edges, display: Display) -> Outcome {
    let args = with_defaults(args.measurement.clone(), edges)?;
    let publishing = Publishing::without_comment(edges);
    match measure_and_report(&args, &publishing, edges, display).await {
        Ok(exit_code) => Ok(exit_code),
        Err(error) => {
            let attempt = Attempt {
                args: &args,
                policy: Policy::default(),
                publishing: &publishing,
            };
            attempt.ended(error, edges).await
        }
    }
}

async fn measure_and_report(
    args: &MeasurementArgs,
    publishing: &Publishing,
    edges: &Edges,
    display: Display,
) -> Outcome {
    let inputs = Inputs::read(args)?;
    let place = Place::open(args, edges).await?;
    let strategy = args.recommend.strategy;
    let around = Surroundings {
        place: &place,
        edges,
        display,
        load_by_default: true,
        run_number: None,
        terms: Terms::without_gate(strategy, LoadSize::Best),
        helpers: None,
    };
    let (result, prices) = measure(args, inputs, around).await?;
    let conclusion = Conclusion {
        run: &result,
        prices: &prices,
        strategy,
        expected_rate: args.recommend.expected_rate,
        limits: Limits::default(),
        policy: Policy::default(),
        is_gate: false,
        baseline: None,
        result_file: &args.output_dir().join("result.json"),
        output_dir: args.output_dir(),
        needs_files: false,
        publishing,
    };
    let judged = conclude(&conclusion, None, edges).await?;
    Ok(tell(&conclusion, &judged, edges).await)
}
