//! `sagegate run`: measure, compare, report.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Outcome;
use super::conclude::{Conclusion, Judged, conclude, could_not_measure};
use super::edges::{Edges, now};
use crate::analysis::{DatedPrices, PriceTable};
use crate::aws::Session;
use crate::benchmark::{self, Environment, Identity, Ledger, Options, Plan};
use crate::config::{MeasureArgs, Mode, ModelArgs, RecommendArgs, RunArgs};
use crate::error::Error;
use crate::files::write_atomically;
use crate::gate::BaselineFile;
use crate::progress::{self, Display};
use crate::result::RunResult;
use crate::samples::SampleSet;

/// Measures on AWS, or wherever `AWS_ENDPOINT_URL` points.
pub(super) async fn run(args: RunArgs, edges: &Edges, display: Display) -> Outcome {
    let samples = SampleSet::load(&args.model.samples, args.model.content_type.as_deref())?;
    let prices = price_table(&args.recommend)?;
    let session = Session::connect(args.model.region.clone()).await?;
    run_with(args, samples, &prices, session, edges, display).await
}

/// Measures with a session that is already there. Nothing is created before every input is known to be good.
pub(super) async fn run_with(
    args: RunArgs,
    samples: SampleSet,
    prices: &PriceTable,
    session: Session,
    edges: &Edges,
    display: Display,
) -> Outcome {
    let prices = prices.region(session.region())?.clone();
    let baseline = args.baseline.baseline.load()?;
    let exists = session.model_exists(&args.model.model_name).await;
    if exists == Ok(false) {
        let (name, region) = (args.model.model_name, session.region().to_owned());
        return Err(Error::UnknownModel { name, region });
    }
    let files = OutputFiles::claim(&args.output.output_dir)?;
    let identity = identity(&args.model, edges);
    if let Err(error) = exists {
        could_not_measure(&identity, &error, &args.output.output_dir, edges)?;
        return Err(error.into());
    }
    let plan = Plan::new(identity, options(&args.measure), samples);
    files.write_ledger(&Ledger::of(&plan, session.region()))?;
    let result = measure(plan, session, &files, edges, display).await?;
    judge(&args, &result, &prices, baseline.as_ref(), edges)
}

/// The built-in prices with those of `--prices` on top.
pub(super) fn price_table(args: &RecommendArgs) -> Result<PriceTable, Error> {
    let table = PriceTable::bundled()?;
    let Some(path) = &args.prices else {
        return Ok(table);
    };
    let json = std::fs::read_to_string(path).map_err(|source| Error::PriceFile {
        path: path.clone(),
        source,
    })?;
    Ok(table.overridden_by(&json, &path.display().to_string())?)
}

fn identity(args: &ModelArgs, edges: &Edges) -> Identity {
    let ci_run = edges
        .variable("GITHUB_RUN_ID")
        .zip(edges.variable("GITHUB_RUN_ATTEMPT"));
    Identity {
        run_id: benchmark::run_id(ci_run, fastrand::u64(..)),
        name: args.name.clone().unwrap_or_else(|| args.model_name.clone()),
        model_name: args.model_name.clone(),
        commit: edges.variable("GITHUB_SHA").map(str::to_owned),
        repository: edges.variable("GITHUB_REPOSITORY").map(str::to_owned),
        tags: args.tags.clone(),
    }
}

fn options(args: &MeasureArgs) -> Options {
    Options {
        memory_sizes: args.memory_sizes.clone(),
        invocations: args.invocations,
        warmup: args.warmup,
        error_threshold: args.error_threshold,
        cold_start_delay: args.cold_start_delay,
        deploy_timeout: args.deploy_timeout,
        metrics_timeout: args.metrics_timeout,
        cleanup_timeout: args.cleanup_timeout.max(Duration::from_secs(1)),
    }
}

async fn measure(
    plan: Plan,
    session: Session,
    files: &OutputFiles,
    edges: &Edges,
    display: Display,
) -> Result<RunResult, Error> {
    let environment = Environment {
        session,
        observer: progress::observer(display, Box::new(std::io::stderr())),
        cancel: edges.cancel.clone(),
        now,
    };
    let save = |result: &RunResult| {
        if let Err(error) = files.write_result(result) {
            tracing::warn!(%error, "the result so far is not on disk");
        }
    };
    let result = benchmark::run(plan, environment, &save).await;
    files.write_result(&result)?;
    if edges.cancel.is_cancelled() {
        return Err(Error::Interrupted {
            path: files.result(),
            exit_code: edges.signal_code(),
        });
    }
    Ok(result)
}

fn judge(
    args: &RunArgs,
    result: &RunResult,
    prices: &DatedPrices,
    baseline: Option<&BaselineFile>,
    edges: &Edges,
) -> Outcome {
    let conclusion = Conclusion {
        run: result,
        result_file: &args.output.output_dir.join("result.json"),
        prices,
        strategy: args.recommend.strategy,
        limits: args.gate.limits(),
        baseline: Some(&args.baseline.baseline),
        output_dir: &args.output.output_dir,
    };
    let Judged { judgement, entry } = conclude(&conclusion, baseline, edges)?;
    match (args.mode, entry) {
        (Mode::Record, Some(entry)) => {
            let starts_epoch = judgement.starts_epoch();
            let uri = &args.baseline.baseline;
            uri.update(|file| file.history_mut(&result.name).append(entry, starts_epoch))?;
            edges.note(&format!("recorded in {uri}"));
            Ok(0)
        }
        (Mode::Record | Mode::Gate, _) => Ok(judgement.verdict.exit_code(args.gate.policy())),
    }
}

/// The files of the output folder that are written while measuring.
struct OutputFiles(PathBuf);

impl OutputFiles {
    /// Makes sure that the folder can be written to, before anything costs money, and takes away the files of an
    /// earlier run, which would otherwise pass for this one's after a crash.
    fn claim(folder: &Path) -> Result<Self, Error> {
        let files = Self(folder.to_owned());
        for name in ["result.json", "comment.md", "report.html"] {
            let path = folder.join(name);
            write_atomically(&path, b"").map_err(|source| Error::Output {
                path: path.clone(),
                source,
            })?;
            std::fs::remove_file(&path).map_err(|source| Error::Output { path, source })?;
        }
        Ok(files)
    }

    fn result(&self) -> PathBuf {
        self.0.join("result.json")
    }

    fn write_ledger(&self, ledger: &Ledger) -> Result<(), Error> {
        let path = self.0.join("ledger.json");
        ledger
            .write(&path)
            .map_err(|source| Error::Output { path, source })
    }

    fn write_result(&self, result: &RunResult) -> Result<(), Error> {
        Ok(result.write(&self.result())?)
    }
}
