//! `sagegate demo`: the main job on the built-in simulator. Every number it shows was measured in this run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use super::Outcome;
use super::edges::Edges;
use super::measure::Inputs;
use super::place::{Place, REGION, SAMPLES};
use super::publish::Publishing;
use super::run::run_with;
use super::simulate::start;
use crate::config::{Cli, Command, DemoArgs, RunArgs};
use crate::error::Error;
use crate::files::write_atomically;
use crate::progress::Display;
use crate::simulator::Scenario;

/// Measures main into a fresh baseline, then gates a candidate: the same model, or one 1.7 times slower.
pub(super) async fn demo(args: &DemoArgs, edges: &Edges, display: Display) -> Outcome {
    let scenario = Scenario::built_in(&args.profile).ok_or_else(|| Error::UnknownProfile {
        name: args.profile.clone(),
        built_in: Scenario::built_in_names().collect::<Vec<_>>().join(", "),
    })??;
    let folder = Folder::prepare(&args.output_dir)?;
    let simulator = start(scenario, 0).await?;
    let model = if args.regressed {
        format!("{}-regressed", args.profile)
    } else {
        args.profile.clone()
    };
    edges.note(&format!(
        "1/2 measuring {} for the baseline, on a simulated AWS",
        args.profile
    ));
    let main = folder.run_args(&args.profile, &args.profile, "record", "main")?;
    run_on(&simulator.url(), main, &edges.silent(), display).await?;
    edges.note(&format!("2/2 gating the candidate {model}"));
    let candidate = folder.run_args(&args.profile, &model, "gate", "candidate")?;
    let code = run_on(&simulator.url(), candidate, edges, display).await?;
    edges.print(&format!(
        "\ncomment.md, result.json and benchmarking_report are in {}",
        folder.at("candidate").display()
    ));
    Ok(code)
}

async fn run_on(url: &str, args: RunArgs, edges: &Edges, display: Display) -> Outcome {
    let inputs = Inputs::read(&args.measurement)?;
    let place = Place::on_simulator(url, REGION).await?;
    let publishing = Publishing::nowhere();
    run_with(&args, inputs, &place, &publishing, edges, display).await
}

/// The folder of the demo.
struct Folder(PathBuf);

impl Folder {
    /// Writes the samples and takes away the baseline of an earlier demo.
    fn prepare(path: &Path) -> Result<Self, Error> {
        let folder = Self(path.to_owned());
        let output = |path: PathBuf| move |source| Error::Output { path, source };
        let samples = folder.at("samples.jsonl");
        write_atomically(&samples, SAMPLES.as_bytes()).map_err(output(samples.clone()))?;
        let baseline = folder.at("baseline.json");
        if baseline.exists() {
            std::fs::remove_file(&baseline).map_err(output(baseline))?;
        }
        Ok(folder)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The arguments that a user would type, read by the same parser.
    fn run_args(
        &self,
        name: &str,
        model: &str,
        mode: &str,
        output: &str,
    ) -> Result<RunArgs, Error> {
        let mut baseline = OsString::from("file:");
        baseline.push(self.at("baseline.json"));
        let typed: Vec<OsString> = vec![
            "sagegate".into(),
            "run".into(),
            "--model-name".into(),
            model.into(),
            "--name".into(),
            name.into(),
            "--samples".into(),
            self.at("samples.jsonl").into(),
            "--mode".into(),
            mode.into(),
            "--baseline".into(),
            baseline,
            "--output-dir".into(),
            self.at(output).into(),
        ];
        match Cli::try_parse_from(typed).map(|cli| cli.command) {
            Ok(Command::Run(args)) => Ok(*args),
            Ok(_) => Err(Error::DemoArguments {
                message: "not a run".to_owned(),
            }),
            Err(error) => Err(Error::DemoArguments {
                message: error.to_string(),
            }),
        }
    }
}
