//! What a job needs to know: one JSON file and the samples. Arguments of a container are too short for either.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::analysis::{DatedPrices, Strategy};
use crate::aws::{Objects, S3Folder, Written};
use crate::benchmark::{Identity, Ledger, Options, Plan};
use crate::error::{Error, JobError};
use crate::gate::{History, Limits};
use crate::samples::SampleSet;

/// Folder of the inputs in the container, and of what comes back.
pub(super) const INPUT: &str = "/opt/ml/processing/input";
pub(super) const OUTPUT: &str = "/opt/ml/processing/output";
/// What the container is asked to do: the hidden command.
pub(super) const COMMAND: &str = "inside-job";

const CONFIG: &str = "job.json";
const SAMPLES: &str = "samples.jsonl";
/// What a job may create, for whoever cleans up after it.
pub(super) const LEDGER: &str = "ledger.json";
const SCHEMA: u32 = 1;

/// A run that was decided elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct JobInput {
    /// Format of the file.
    schema: u32,
    /// Version that wrote it.
    sagegate_version: String,
    /// Who runs what.
    identity: Identity,
    /// How it is measured.
    options: Options,
    /// What the samples were made of.
    samples_source: PathBuf,
    /// How the size is chosen.
    pub(super) strategy: Strategy,
    /// Prices of the region.
    pub(super) prices: DatedPrices,
    /// What is allowed.
    pub(super) limits: Limits,
    /// Whether a failure that is certain ends it.
    pub(super) fail_fast: bool,
    /// Earlier runs of the model, where there are any.
    pub(super) history: Option<History>,
    /// Folder of S3 where instances agree.
    exchange: String,
}

/// What the gate adds to a plan.
pub(super) struct Judging<'a> {
    pub(super) strategy: Strategy,
    pub(super) prices: &'a DatedPrices,
    pub(super) limits: Limits,
    pub(super) fail_fast: bool,
    pub(super) history: Option<&'a History>,
    pub(super) exchange: S3Folder,
}

impl JobInput {
    /// The plan, which nothing but its samples is missing from, and what judges it.
    pub(super) fn of(plan: &Plan, judging: &Judging<'_>) -> Self {
        Self {
            schema: SCHEMA,
            sagegate_version: env!("CARGO_PKG_VERSION").to_owned(),
            identity: plan.identity.clone(),
            options: plan.options.clone(),
            samples_source: PathBuf::from(plan.samples.info().source),
            strategy: judging.strategy,
            prices: judging.prices.clone(),
            limits: judging.limits,
            fail_fast: judging.fail_fast,
            history: judging.history.cloned(),
            exchange: judging.exchange.to_string(),
        }
    }

    /// Where the instances of the job agree.
    pub(super) fn exchange(&self) -> Result<S3Folder, Error> {
        let folder = self.exchange.parse::<S3Folder>();
        folder.map_err(|error| {
            JobError::Input {
                path: CONFIG.into(),
                reason: error.to_string(),
            }
            .into()
        })
    }

    /// Sends it with samples and ledger to S3. What decides comes last, and only if nobody did the same before.
    pub(super) async fn send(
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
                Ok(Written::Conflict) => return Err(JobError::SubmittedBefore { address }.into()),
                Err(source) => return Err(JobError::Object { address, source }.into()),
            }
        }
        Ok(())
    }

    /// Reads it inside the job, with its plan.
    pub(super) fn read(folder: &Path) -> Result<(Self, Plan), Error> {
        let path = folder.join(CONFIG);
        let input = |path: &Path, reason: String| JobError::Input {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| input(&path, error.to_string()))?;
        let this = Self::parse(&text).map_err(|reason| input(&path, reason))?;
        let samples = folder.join(SAMPLES);
        let text = std::fs::read_to_string(&samples);
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
        let head: Head = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if head.schema != SCHEMA {
            return Err(format!(
                "sagegate {} wrote schema {}, this is sagegate {} with schema {SCHEMA}",
                head.sagegate_version,
                head.schema,
                env!("CARGO_PKG_VERSION")
            ));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}
