//! What is measured, and how: the flags of `run`, `benchmark`, `submit` and `calibrate`, checked.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{LoadArgs, MeasureArgs, MeasurementArgs, ModelArgs, RecommendArgs};
use super::error::ConfigError;
use super::model::{Target, name_of_image, source, target_of};
use super::reference::{Beside, check_created, reference};
use crate::analysis::Strategy;
use crate::aws::AccountId;
use crate::benchmark::{LoadOptions, ModelSource, Options, ReferenceModel};
use crate::result::MAX_LOADS;
use crate::text::quoted;

/// A measurement whose files have not been read yet.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Display name of the model.
    pub name: String,
    /// Where the model comes from.
    pub model: ModelSource,
    /// The model that it is measured in turn with.
    pub reference: Option<ReferenceModel>,
    /// What is sent to it.
    pub samples: SamplesSource,
    /// AWS region; `None` for the environment's or the profile's.
    pub region: Option<String>,
    /// Account that a bucket with model data must belong to; `None` for that of the credentials.
    pub bucket_owner: Option<AccountId>,
    /// Tags for everything that is created.
    pub tags: Vec<(String, String)>,
    /// Counts, sizes, loads and timeouts. An open loop is still to be read.
    pub options: Options,
    /// Arrivals of an open loop.
    pub arrivals: Option<ArrivalsSource>,
    /// What the recommendation depends on.
    pub recommend: Recommend,
}

/// Where samples come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SamplesSource {
    /// A file or a folder.
    At {
        /// The path.
        path: PathBuf,
        /// Content type of samples that name none.
        content_type: Option<String>,
        /// Most samples, from the first on.
        limit: Option<NonZeroUsize>,
    },
    /// Three rows of a table, for a simulated model.
    BuiltIn,
}

/// When the calls of an open loop are due.
#[derive(Debug, Clone, PartialEq)]
pub enum ArrivalsSource {
    /// Evenly spaced.
    ConstantRate {
        /// Arrivals per second.
        per_second: f64,
    },
    /// A file with one time per line.
    Trace(PathBuf),
}

/// Where files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A new run in this folder.
    New(PathBuf),
    /// An interrupted run, which goes on in its folder.
    Resumed(PathBuf),
}

/// What the recommendation depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommend {
    /// How the size is chosen.
    pub strategy: Strategy,
    /// Where prices come from.
    pub prices: PricesFrom,
    /// Expected traffic, in invocations per second.
    pub expected_rate_per_s: Option<f64>,
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PricesFrom {
    /// The program, and AWS for a region that it does not know.
    BuiltIn,
    /// AWS's price list as it is now.
    Latest,
    /// A file, and the program for a region that is not in it.
    File(PathBuf),
}

impl From<Option<PathBuf>> for PricesFrom {
    fn from(path: Option<PathBuf>) -> Self {
        match path {
            None => Self::BuiltIn,
            Some(path) if path == Path::new("latest") => Self::Latest,
            Some(path) => Self::File(path),
        }
    }
}

impl Output {
    /// The folder.
    pub fn folder(&self) -> &Path {
        match self {
            Self::New(folder) | Self::Resumed(folder) => folder,
        }
    }
}

impl From<RecommendArgs> for Recommend {
    fn from(args: RecommendArgs) -> Self {
        Self {
            strategy: args.strategy,
            prices: args.prices.into(),
            expected_rate_per_s: args.expected_rate,
        }
    }
}

/// What the flags of a measurement say about all of it.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) measurement: Measurement,
    pub(super) target: Target,
    pub(super) output: Output,
}

/// Whether there is a concurrency benchmark when no flag says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadDefault {
    On,
    Off,
}

impl Checked {
    pub(super) fn new(
        args: MeasurementArgs,
        load: LoadDefault,
        beside: Beside,
    ) -> Result<Self, ConfigError> {
        check_counts(&args.measure)?;
        check_tags(&args.model.tags)?;
        let output = output_of(&args);
        let target = target_of(&args);
        let arrivals = match (args.load.rate, &args.load.trace) {
            (Some(per_second), _) => Some(ArrivalsSource::ConstantRate { per_second }),
            (None, Some(path)) => Some(ArrivalsSource::Trace(path.clone())),
            (None, None) => None,
        };
        let options = options(args.measure, args.load, load);
        check_loads(&options)?;
        let (name, model, samples) = model(&args.model, &target)?;
        let reference = reference(&args.reference, &args.model, &model, &target, beside)?;
        check_created(&args.model, &model, reference.as_ref())?;
        if args.reference.against_load && options.load.is_none() {
            return Err(ConfigError::NoLoadBeside);
        }
        let measurement = Measurement {
            name,
            model,
            reference,
            samples,
            region: args.model.region,
            bucket_owner: None,
            tags: args.model.tags,
            options,
            arrivals,
            recommend: args.recommend.into(),
        };
        Ok(Self {
            measurement,
            target,
            output,
        })
    }
}

/// The name that the flags give a model, before anything else is known to be right.
pub(super) fn name_of(args: &ModelArgs) -> Option<String> {
    args.name.clone().or_else(|| args.model_name.clone())
}

/// Where files go: a resumed run goes on in its folder.
pub(super) fn output_of(args: &MeasurementArgs) -> Output {
    match &args.resume {
        Some(folder) => Output::Resumed(folder.clone()),
        None => Output::New(args.output.output_dir.clone()),
    }
}

/// A maximum below the plan is a mistake in one of the two.
fn check_counts(args: &MeasureArgs) -> Result<(), ConfigError> {
    match args.max_invocations {
        Some(most) if most < args.invocations => Err(ConfigError::FewerThanPlanned {
            most,
            planned: args.invocations,
        }),
        Some(_) | None => Ok(()),
    }
}

fn model(
    args: &ModelArgs,
    target: &Target,
) -> Result<(String, ModelSource, SamplesSource), ConfigError> {
    let simulated = match target {
        // A model of the simulator is called like its profile.
        Target::Simulator { profile } => Path::new(profile).file_stem(),
        Target::Aws | Target::Local => None,
    };
    let simulated = simulated.map(|name| name.to_string_lossy().into_owned());
    let simulated_source = simulated.clone().map(ModelSource::Existing);
    let source = source(args, target)?.or(simulated_source);
    let name = name_of(args).or_else(|| simulated.clone());
    let of_image = || args.image_uri.as_deref().map(name_of_image);
    let name = name.or_else(|| of_image().filter(|_| *target == Target::Local));
    let samples = match &args.samples {
        Some(path) => Some(SamplesSource::At {
            path: path.clone(),
            content_type: args.content_type.clone(),
            limit: args.limit,
        }),
        None => simulated.map(|_| SamplesSource::BuiltIn),
    };
    let mut missing = Vec::new();
    if source.is_none() {
        missing.push("--model-name <NAME>");
    }
    if name.is_none() && source.is_some() {
        missing.push("--name <ALIAS>");
    }
    if samples.is_none() {
        missing.push("--samples <FILE|DIR>");
    }
    match (name, source, samples) {
        (Some(name), Some(source), Some(samples)) => Ok((name, source, samples)),
        _ => Err(ConfigError::Incomplete { missing }),
    }
}

/// Each endpoint is put under its multiples, the expected clients and the open loop.
fn check_loads(options: &Options) -> Result<(), ConfigError> {
    let loads = options.load.as_ref().map_or(0, |load| {
        load.max_concurrency.len() * (load.client_multipliers.len() + 2)
    });
    if loads > MAX_LOADS {
        return Err(ConfigError::TooManyLoads { loads });
    }
    Ok(())
}

/// Most tags of a resource of AWS; some are sagegate's own.
const MOST_TAGS: usize = 40;

/// Refuses tags that AWS refuses, before anything is created.
///
/// Source: `SageMaker` API reference, `Tag`.
fn check_tags(tags: &[(String, String)]) -> Result<(), ConfigError> {
    for (index, (key, value)) in tags.iter().enumerate() {
        let is_there = tags.iter().take(index).any(|(other, _)| other == key);
        let is_reserved = |start: &str| {
            let begin = key.get(..start.len());
            begin.is_some_and(|it| it.eq_ignore_ascii_case(start))
        };
        let is_allowed =
            |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        let reason = if is_there {
            "the same key is given twice"
        } else if is_reserved("sagegate:") {
            "keys that begin with sagegate: are sagegate's own"
        } else if is_reserved("aws:") {
            "keys that begin with aws: are AWS's own"
        } else if key.chars().count() > 128 || value.chars().count() > 256 {
            "a key has at most 128 characters, a value 256"
        } else if !key.chars().chain(value.chars()).all(is_allowed) {
            "keys and values have letters, digits, spaces and _.:/=+-@"
        } else if index >= MOST_TAGS {
            "there are more than 40 tags"
        } else {
            continue;
        };
        return Err(ConfigError::Tag {
            key: quoted(key),
            reason,
        });
    }
    Ok(())
}

fn options(measure: MeasureArgs, load: LoadArgs, default: LoadDefault) -> Options {
    let wants_load = load.is_wanted(default == LoadDefault::On);
    Options {
        memory_sizes: measure.memory_sizes,
        invocations: measure.invocations,
        max_invocations: measure.max_invocations.unwrap_or(measure.invocations),
        warmup: measure.warmup,
        error_threshold: measure.error_threshold,
        cold_start_delay: measure.cold_start_delay,
        latency_source: measure.latency_source,
        load: wants_load.then_some(LoadOptions {
            max_concurrency: load.max_concurrency,
            invocations: load.concurrency_invocations,
            client_multipliers: load.client_multipliers,
            expected_clients: load.expected_clients,
            max_throttle_rate: load.max_throttle_rate,
            think_time: load.think_time,
            open_loop: None,
        }),
        deploy_timeout: measure.deploy_timeout,
        metrics_timeout: measure.metrics_timeout,
        cleanup_timeout: measure.cleanup_timeout.max(Duration::from_secs(1)),
    }
}
