//! `sagegate demo`: the main job on the built-in simulator. Every number it shows was measured in
//! this run.

use std::path::Path;

use crate::config::{Demo, Mode, Run};
use crate::error::{Error, UsageError};
use crate::pipeline::Outcome;
use crate::pipeline::backend::{Backend, SIMULATED_REGION};
use crate::pipeline::inputs::{BUILT_IN_SAMPLES, Inputs};
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::publish::Publisher;
use crate::pipeline::run::run;
use crate::pipeline::simulator::{built_in_scenario, start};
use crate::process::Process;
use crate::simulator::{Handle, Scenario};

/// Measures main into a fresh baseline, then gates a candidate: the same model, or one 1.7 times
/// slower.
pub(super) async fn demo(demo: &Demo, process: &Process) -> Outcome {
    let scenario = built_in_scenario(&demo.profile)?;
    let (profile, folder) = (demo.profile.as_str(), demo.output_dir.as_path());
    let samples = OutputFiles::of(folder).write_samples(BUILT_IN_SAMPLES)?;
    let baseline = folder.join("baseline.json");
    delete_old(&baseline)?;
    let simulator = (start(scenario.clone(), 0).await?, scenario);
    let candidate = if demo.regressed {
        format!("{profile}-regressed")
    } else {
        profile.to_owned()
    };
    let main = folder.join("main");
    let run = Run::of_demo(profile, &samples, &baseline);
    process.note(&format!(
        "1/2 measuring {profile} for the baseline, on a simulated AWS"
    ));
    let recorded = run.clone().with(profile, Mode::Record, &main);
    run_on(&simulator, &recorded, &process.silent()).await?;
    process.note(&format!("2/2 gating the candidate {candidate}"));
    let gated = run.with(&candidate, Mode::Gate, &folder.join("candidate"));
    run_on(&simulator, &gated, process).await
}

async fn run_on(
    (simulator, scenario): &(Handle, Scenario),
    it: &Run,
    process: &Process,
) -> Outcome {
    let inputs = Inputs::read(&it.measurement, &it.output)?;
    let backend = Backend::on_simulator(simulator, scenario.clone(), SIMULATED_REGION).await?;
    Box::pin(run(it, inputs, &backend, &Publisher::nowhere(), process)).await
}

/// Deletes the baseline of an earlier demo.
fn delete_old(baseline: &Path) -> Result<(), Error> {
    if !baseline.exists() {
        return Ok(());
    }
    std::fs::remove_file(baseline).map_err(|source| UsageError::Output {
        path: baseline.to_owned(),
        source,
    })?;
    Ok(())
}
