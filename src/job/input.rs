//! The input of a job: one JSON file and the samples. Arguments of a container are too short
//! for either.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::analysis::Strategy;
use crate::aws::{AccountId, ModelSpec, Objects, S3Folder, Written};
use crate::benchmark::{Identity, Ledger, Options, Plan};
use crate::error::{Error, JobError, UsageError};
use crate::files::{self, MIB};
use crate::gate::{History, Limits};
use crate::pipeline::output_files::LEDGER;
use crate::pipeline::policy::{ExpectedGate, MeasuringPolicy, OnCertainFailure, OnFailure};
use crate::prices::DatedPrices;
use crate::samples::SampleSet;
use crate::text::json_error;

/// Folder of the inputs in the container, and of what comes back.
pub(crate) const INPUT: &str = "/opt/ml/processing/input";
pub(crate) const OUTPUT: &str = "/opt/ml/processing/output";
/// Argument of the container: the hidden command.
pub(crate) const COMMAND: &str = "inside-job";

const CONFIG: &str = "job.json";
const SAMPLES: &str = "samples.jsonl";
const SCHEMA: u32 = 2;
/// Largest input that is read: bodies in Base64 are a third longer than in their file.
const MAX_BYTES: u64 = 1024 * MIB;

/// A run that `submit` has planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobInput {
    /// Format of the file.
    schema: u32,
    /// Version that wrote it.
    sagegate_version: String,
    /// Identity of the run, and the model.
    identity: Identity,
    /// How it is measured.
    options: Options,
    /// What the samples were made of.
    samples_source: PathBuf,
    /// How the size is chosen.
    pub(crate) strategy: Strategy,
    /// Prices of the region.
    pub(crate) prices: DatedPrices,
    /// What is allowed.
    pub(crate) limits: Limits,
    /// Whether a certain failure ends it.
    pub(crate) fail_fast: bool,
    /// Whether a failure of latency or cost alone is measured a second time.
    #[serde(default)]
    confirm: bool,
    /// Earlier runs of the model; possibly none.
    pub(crate) history: History,
    /// Folder of S3 through which instances coordinate.
    exchange: String,
    /// The account that its bucket must belong to; `None` for that of the job's role.
    #[serde(default)]
    pub(crate) bucket_owner: Option<AccountId>,
}

/// The identity as S3 may keep it: a model with variables is created before.
fn identity(plan: &Plan) -> Identity {
    let mut identity = plan.identity.clone();
    if plan.model.as_ref().is_some_and(has_variables) {
        identity.model = identity.model.created();
    }
    let reference = plan.reference.as_ref().and_then(|it| it.model.as_ref());
    if let Some(reference) = identity
        .reference
        .as_mut()
        .filter(|_| reference.is_some_and(has_variables))
    {
        reference.source = reference.source.clone().created();
    }
    identity
}

fn has_variables(model: &ModelSpec) -> bool {
    model.container.has_environment()
}

/// The models to create before the job, as their variables may be secret.
pub(crate) fn models_with_variables(plan: &Plan) -> impl Iterator<Item = &ModelSpec> {
    plan.models().filter(|it| has_variables(it))
}

impl JobInput {
    /// The plan without its samples, and what judges it.
    pub(crate) fn of(
        plan: &Plan,
        policy: &MeasuringPolicy,
        exchange: &S3Folder,
        bucket_owner: Option<AccountId>,
    ) -> Self {
        let gate = policy.gate.as_ref();
        Self {
            schema: SCHEMA,
            sagegate_version: env!("CARGO_PKG_VERSION").to_owned(),
            identity: identity(plan),
            options: plan.options.clone(),
            samples_source: PathBuf::from(plan.samples.info().source),
            strategy: policy.strategy,
            prices: policy.prices.clone(),
            limits: gate.map(|it| it.limits).unwrap_or_default(),
            fail_fast: gate.is_some_and(|it| it.on_certain_failure == OnCertainFailure::Stop),
            confirm: gate.is_some_and(|it| it.on_failure == OnFailure::MeasureAgain),
            history: gate.map(|it| it.history.clone()).unwrap_or_default(),
            exchange: exchange.to_string(),
            bucket_owner,
        }
    }

    /// What judges the run.
    pub(crate) fn policy(&self) -> MeasuringPolicy {
        MeasuringPolicy {
            prices: self.prices.clone(),
            strategy: self.strategy,
            gate: Some(ExpectedGate {
                limits: self.limits,
                history: self.history.clone(),
                on_certain_failure: if self.fail_fast {
                    OnCertainFailure::Stop
                } else {
                    OnCertainFailure::GoOn
                },
                on_failure: if self.confirm {
                    OnFailure::MeasureAgain
                } else {
                    OnFailure::Publish
                },
            }),
        }
    }

    /// Where the instances of the job coordinate.
    pub(crate) fn exchange(&self) -> Result<S3Folder, Error> {
        let folder = self.exchange.parse::<S3Folder>();
        folder.map_err(|error| {
            UsageError::JobInput {
                path: CONFIG.into(),
                reason: error.to_string(),
            }
            .into()
        })
    }

    /// Sends it with samples and ledger to S3. The object that decides comes last, and only if
    /// nothing else did the same before.
    pub(crate) async fn send(
        &self,
        plan: &Plan,
        ledger: &Ledger,
        objects: &Objects,
        folder: &S3Folder,
    ) -> Result<(), Error> {
        let unwritable = |name: &str, error: serde_json::Error| JobError::Unwritable {
            name: name.to_owned(),
            reason: error.to_string(),
        };
        let ledger = serde_json::to_vec_pretty(ledger);
        let config = serde_json::to_vec_pretty(self);
        let files = [
            (SAMPLES, plan.samples.json_lines().into_bytes()),
            (LEDGER, ledger.map_err(|error| unwritable(LEDGER, error))?),
            (CONFIG, config.map_err(|error| unwritable(CONFIG, error))?),
        ];
        for (name, bytes) in files {
            let address = folder.join(name).to_string();
            let key = folder.key(name);
            match objects.put(&folder.bucket, &key, bytes, None).await {
                Ok(Written::Yes) => {}
                Ok(Written::Conflict) => return Err(UsageError::SubmittedBefore { address }.into()),
                Err(source) => return Err(JobError::Object { address, source }.into()),
            }
        }
        Ok(())
    }

    /// Reads it inside the job, with its plan.
    pub(crate) fn read(folder: &Path) -> Result<(Self, Plan), Error> {
        let path = folder.join(CONFIG);
        let input = |path: &Path, reason: String| UsageError::JobInput {
            path: path.to_owned(),
            reason,
        };
        let text = files::read_text(&path, MAX_BYTES);
        let text = text.map_err(|error| input(&path, error.to_string()))?;
        let this = Self::parse(&text).map_err(|reason| input(&path, reason))?;
        let samples = folder.join(SAMPLES);
        let text = files::read_text(&samples, MAX_BYTES);
        let text = text.map_err(|error| input(&samples, error.to_string()))?;
        let samples = SampleSet::from_json_lines(&text, &this.samples_source)?;
        let plan = Plan::new(this.identity.clone(), this.options.clone(), samples);
        Ok((this, plan))
    }

    fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
            sagegate_version: String,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| json_error(&error))?;
        if head.schema != SCHEMA {
            return Err(format!(
                "sagegate {} wrote schema {}, this is sagegate {} with schema {SCHEMA}",
                head.sagegate_version,
                head.schema,
                env!("CARGO_PKG_VERSION")
            ));
        }
        serde_json::from_str(text).map_err(|error| json_error(&error))
    }
}
