//! What `run` and `benchmark` have in common: check everything, then measure.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cleanup::STATE;
use super::conclude::commit;
use super::credentials::warn_of_short_session;
use super::edges::{Edges, now};
use super::handed_over::HandedOver;
use super::place::Place;
use super::policy::Terms;
use crate::analysis::{DatedPrices, PriceTable};
use crate::aws::{Container, Session};
use crate::benchmark::{
    self, Arrivals, Draft, Environment, Identity, Journal, Ledger, LoadOptions, ModelSource,
    Options, Plan,
};
use crate::config::{LoadArgs, MeasureArgs, MeasurementArgs, ModelArgs, RecommendArgs};
use crate::error::Error;
use crate::files::write_atomically;
use crate::progress::{self, Display};
use crate::report::HTML_REPORT;
use crate::result::RunResult;
use crate::samples::SampleSet;

/// Inputs that were read and found good.
pub(super) struct Inputs {
    samples: SampleSet,
    arrivals: Option<Arrivals>,
    /// An interrupted run to go on with.
    resumed: Option<(Journal, Draft)>,
    prices: PriceTable,
}

/// A run before it happens.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) prices: DatedPrices,
    resumed: Option<(Journal, Draft)>,
}

/// What a measurement takes from its surroundings.
pub(super) struct Surroundings<'a> {
    pub(super) place: &'a Place,
    pub(super) edges: &'a Edges,
    pub(super) display: Display,
    /// Whether there is a concurrency benchmark when no flag says so.
    pub(super) load_by_default: bool,
    /// Which of several runs of one command it is: part of its names.
    pub(super) run_number: Option<u32>,
    /// How long it measures, and at which size.
    pub(super) terms: Terms,
    /// Other machines that take part.
    pub(super) helpers: Option<Arc<dyn benchmark::Helpers>>,
}

impl Surroundings<'_> {
    const fn session(&self) -> &Session {
        &self.place.session
    }
}

impl Inputs {
    /// Reads the files that the flags name. Nothing is sent anywhere.
    pub(super) fn read(args: &MeasurementArgs) -> Result<Self, Error> {
        let samples = args.model.samples.as_deref().ok_or(Error::NoSamples)?;
        check_counts(&args.measure)?;
        let content_type = args.model.content_type.as_deref();
        let resumed = args.resume.as_deref().map(|folder| {
            let files = OutputFiles(folder.to_owned());
            Journal::resume(&files.journal())
        });
        Ok(Self {
            samples: SampleSet::load(samples, content_type)?,
            arrivals: arrivals(&args.load)?,
            resumed: resumed.transpose()?,
            prices: price_table(&args.recommend)?,
        })
    }
}

/// Decides everything about a run. Nothing is created; AWS is only asked for the model.
pub(super) async fn prepare(
    args: &MeasurementArgs,
    inputs: Inputs,
    session: &Session,
    edges: &Edges,
    run_number: Option<u32>,
    load_by_default: bool,
) -> Result<Prepared, Error> {
    let prices = inputs.prices.region(session.region())?.clone();
    let mut identity = identity(&args.model, edges)?;
    if let Some(number) = run_number {
        identity.run_id = benchmark::numbered(&identity.run_id, number);
    }
    if let Some((_, restored)) = &inputs.resumed {
        identity.run_id.clone_from(&restored.result.run_id);
    }
    check_model(&identity, session).await?;
    let options = options(args, inputs.arrivals, load_by_default);
    Ok(Prepared {
        plan: Plan::new(identity, options, inputs.samples),
        prices,
        resumed: inputs.resumed,
    })
}

/// Measures. Nothing is created before every input is known to be good.
pub(super) async fn measure(
    args: &MeasurementArgs,
    inputs: Inputs,
    around: Surroundings<'_>,
) -> Result<(RunResult, DatedPrices), Error> {
    let (session, edges) = (around.session(), around.edges);
    let (run_number, load_by_default) = (around.run_number, around.load_by_default);
    let prepared = prepare(args, inputs, session, edges, run_number, load_by_default);
    let Prepared {
        plan,
        prices,
        resumed,
    } = prepared.await?;
    warn_of_short_session(session, &plan, edges);
    let files = OutputFiles::of(args.output_dir());
    let (journal, restored) = match resumed {
        Some((journal, restored)) => {
            let region = around.session().region();
            benchmark::check_alike(&restored.result, &plan, region, &files.journal())?;
            (journal, Some(restored))
        }
        None => (files.claim()?, None),
    };
    files.write_ledger(&Ledger::of(&plan, around.session().region()))?;
    let name = match around.run_number {
        Some(number) => format!("{STATE}_{number}"),
        None => STATE.to_owned(),
    };
    let handed_over = HandedOver::to_the_clean_up(&files.ledger(), around.place, edges, name);
    let result = drive(plan, &around, &files, journal, restored, &prices).await?;
    if result.cleanup.left.is_empty() {
        handed_over.take_back(around.edges);
    }
    Ok((result, prices))
}

/// Whether the model is there, where one was named.
async fn check_model(identity: &Identity, session: &Session) -> Result<(), Error> {
    let ModelSource::Existing(name) = &identity.model else {
        return Ok(());
    };
    if session.model_exists(name).await? {
        Ok(())
    } else {
        Err(Error::UnknownModel {
            name: name.clone(),
            region: session.region().to_owned(),
        })
    }
}

/// Carries a plan out, keeps its result on disk on the way.
pub(super) async fn drive(
    plan: Plan,
    around: &Surroundings<'_>,
    files: &OutputFiles,
    journal: Journal,
    restored: Option<Draft>,
    prices: &DatedPrices,
) -> Result<RunResult, Error> {
    let edges = around.edges;
    let environment = Environment {
        session: around.session().clone(),
        observer: progress::observer(around.display, edges.log()),
        cancel: edges.cancel.clone(),
        policy: around.terms.clone().at(prices),
        helpers: around.helpers.clone(),
        now,
    };
    let save = |result: &RunResult| {
        if let Err(error) = result.write(&files.result()) {
            tracing::warn!(%error, "the result so far is not on disk");
        }
    };
    let group = edges.group("Measuring");
    let result = Box::pin(benchmark::run(plan, environment, journal, restored, &save)).await;
    drop(group);
    // What was measured is judged and told, on disk or not.
    let written = result.write(&files.result());
    if let Err(error) = &written {
        let hint = "the verdict follows all the same; make room to keep the files";
        edges.warn(&format!("the result is not kept: {error}; {hint}"));
    }
    if edges.cancel.is_cancelled() {
        return Err(Error::Interrupted {
            kept: Some(files.result()),
            exit_code: edges.signal_code(),
        });
    }
    // The result holds every record now.
    if written.is_ok()
        && let Err(error) = std::fs::remove_file(files.journal())
    {
        tracing::warn!(%error, "the journal stays");
    }
    Ok(result)
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

fn arrivals(args: &LoadArgs) -> Result<Option<Arrivals>, Error> {
    if let Some(per_second) = args.rate {
        return Ok(Some(Arrivals::ConstantRate { per_second }));
    }
    let Some(path) = &args.trace else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path).map_err(|source| Error::TraceFile {
        path: path.clone(),
        source,
    })?;
    Ok(Some(Arrivals::from_trace(
        &text,
        &path.display().to_string(),
    )?))
}

/// Number and attempt of the CI run, or something random.
pub(super) fn ci_run_id(edges: &Edges) -> String {
    let ci_run = edges
        .variable("GITHUB_RUN_ID")
        .zip(edges.variable("GITHUB_RUN_ATTEMPT"));
    benchmark::run_id(ci_run, fastrand::u64(..))
}

/// Takes away the files of an earlier run, which would otherwise pass for this one's.
pub(super) fn clear_output(folder: &Path) -> Result<(), Error> {
    OutputFiles(folder.to_owned()).clear()
}

fn identity(args: &ModelArgs, edges: &Edges) -> Result<Identity, Error> {
    let model = model_source(args)?;
    let name = args.name.clone().or_else(|| args.model_name.clone());
    Ok(Identity {
        run_id: ci_run_id(edges),
        name: name.ok_or(Error::NoModel)?,
        model,
        commit: commit(edges),
        repository: edges.variable("GITHUB_REPOSITORY").map(str::to_owned),
        tags: args.tags.clone(),
    })
}

fn model_source(args: &ModelArgs) -> Result<ModelSource, Error> {
    let environment = args.container_env.clone();
    let container = match (&args.model_name, &args.image_uri, &args.model_package_arn) {
        (Some(name), _, _) => return Ok(ModelSource::Existing(name.clone())),
        (None, Some(image_uri), _) => Container::Image {
            image_uri: image_uri.clone(),
            model_data_url: args.model_data_url.clone(),
            environment,
        },
        (None, None, Some(arn)) => Container::Package {
            arn: arn.clone(),
            environment,
        },
        (None, None, None) => return Err(Error::NoModel),
    };
    let execution_role_arn = args.execution_role_arn.clone().ok_or(Error::NoModel)?;
    Ok(ModelSource::Created {
        container,
        execution_role_arn,
    })
}

fn options(args: &MeasurementArgs, arrivals: Option<Arrivals>, load_by_default: bool) -> Options {
    let (measure, load) = (&args.measure, &args.load);
    Options {
        memory_sizes: measure.memory_sizes.clone(),
        invocations: measure.invocations,
        max_invocations: measure.max_invocations.unwrap_or(measure.invocations),
        warmup: measure.warmup,
        error_threshold: measure.error_threshold,
        cold_start_delay: measure.cold_start_delay,
        latency_source: measure.latency_source,
        load: load.is_wanted(load_by_default).then(|| LoadOptions {
            max_concurrency: load.max_concurrency.clone(),
            invocations: load.concurrency_invocations,
            client_multipliers: load.client_multipliers.clone(),
            expected_clients: load.expected_clients,
            max_throttle_rate: load.max_throttle_rate,
            think_time: load.think_time,
            open_loop: arrivals,
        }),
        deploy_timeout: measure.deploy_timeout,
        metrics_timeout: measure.metrics_timeout,
        cleanup_timeout: measure.cleanup_timeout.max(Duration::from_secs(1)),
    }
}

/// A maximum below the plan is a mistake in one of the two.
fn check_counts(args: &MeasureArgs) -> Result<(), Error> {
    match args.max_invocations {
        Some(most) if most < args.invocations => Err(Error::FewerThanPlanned {
            most,
            planned: args.invocations,
        }),
        Some(_) | None => Ok(()),
    }
}

/// The files of the output folder that are written while measuring.
pub(super) struct OutputFiles(PathBuf);

impl OutputFiles {
    /// Those of a folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Makes sure that the folder can be written to, before anything costs money, and takes away the files of an
    /// earlier run, which would otherwise pass for this one's after a crash.
    pub(super) fn claim(&self) -> Result<Journal, Error> {
        self.clear()?;
        let path = self.journal();
        Journal::create(&path).map_err(|source| Error::Output { path, source })
    }

    fn clear(&self) -> Result<(), Error> {
        for name in ["result.json", "comment.md", HTML_REPORT] {
            let path = self.0.join(name);
            write_atomically(&path, b"").map_err(|source| Error::Output {
                path: path.clone(),
                source,
            })?;
            std::fs::remove_file(&path).map_err(|source| Error::Output { path, source })?;
        }
        Ok(())
    }

    /// `result.json`.
    pub(super) fn result(&self) -> PathBuf {
        self.0.join("result.json")
    }

    /// What is written after every call.
    pub(super) fn journal(&self) -> PathBuf {
        self.0.join("measurements.jsonl")
    }

    /// What the run may create.
    pub(super) fn ledger(&self) -> PathBuf {
        self.0.join("ledger.json")
    }

    /// Comes before the first create call.
    pub(super) fn write_ledger(&self, ledger: &Ledger) -> Result<(), Error> {
        let path = self.ledger();
        ledger
            .write(&path)
            .map_err(|source| Error::Output { path, source })
    }
}
