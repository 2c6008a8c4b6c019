//! Where a command creates its endpoints: AWS, or an in-process simulator.

use super::inputs::Inputs;
use super::simulator::{scenario, start};
use crate::aws::Session;
use crate::config::{Measurement, Output, Target};
use crate::error::Error;
use crate::github::Context;
use crate::process::Process;
use crate::simulator::Handle;

/// Region of a simulator where none was chosen: its prices are built in.
pub(crate) const SIMULATED_REGION: &str = "us-east-1";

/// Clients, and the simulator that answers them.
pub(crate) struct Backend {
    pub(crate) session: Session,
    /// How long what is created there lives.
    pub(crate) lifetime: Lifetime,
    /// A simulator that stops when this is dropped.
    _simulator: Option<Handle>,
}

/// How long resources live that are not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until the user deletes them.
    Account,
    /// No longer than the command.
    Command,
}

impl Backend {
    /// AWS (or the address in `AWS_ENDPOINT_URL`), or a new simulator.
    pub(crate) async fn open(
        target: &Target,
        region: Option<&str>,
        process: &Process,
    ) -> Result<Self, Error> {
        match target {
            Target::Aws => Self::on_aws(region, process).await,
            Target::Simulator { profile } => {
                process.note(&format!(
                    "measuring on a simulated AWS with profile {profile}"
                ));
                let simulator = start(scenario(profile)?, 0).await?;
                let region = region.unwrap_or(SIMULATED_REGION);
                let session = Self::on_simulator(&simulator, region).await?;
                Ok(Self {
                    _simulator: Some(simulator),
                    ..session
                })
            }
        }
    }

    /// The same before any input is read, where credentials may be missing for a good reason: what
    /// is made with them is missing, too, and "not run" is all there is to say. `None` elsewhere.
    pub(crate) async fn open_first(
        target: &Target,
        region: Option<&str>,
        process: &Process,
    ) -> Result<Option<Self>, Error> {
        let context = process.context().filter(|_| process.in_actions());
        let may_lack = context.is_some_and(Context::may_lack_credentials);
        if may_lack && *target == Target::Aws {
            return Ok(Some(Self::on_aws(region, process).await?));
        }
        Ok(None)
    }

    /// The inputs of a measurement, and where its endpoints are created.
    pub(crate) async fn with_inputs(
        measurement: &Measurement,
        target: &Target,
        output: &Output,
        process: &Process,
    ) -> Result<(Inputs, Self), Error> {
        let region = measurement.region.as_deref();
        let opened = Self::open_first(target, region, process).await?;
        let inputs = Inputs::read(measurement, output)?;
        let backend = match opened {
            Some(backend) => backend,
            None => Self::open(target, region, process).await?,
        };
        Ok((inputs, backend))
    }

    /// AWS, in this region or the environment's.
    pub(crate) async fn on_aws(region: Option<&str>, process: &Process) -> Result<Self, Error> {
        let region = region.map(str::to_owned);
        Ok(Self {
            session: Session::connect(region, process.aws()).await?,
            lifetime: Lifetime::Account,
            _simulator: None,
        })
    }

    /// A simulator that runs already.
    pub(crate) async fn on_simulator(simulator: &Handle, region: &str) -> Result<Self, Error> {
        let (url, key) = (simulator.url(), simulator.access_key_id());
        Ok(Self {
            session: Session::simulated(&url, key, region).await?,
            lifetime: Lifetime::Command,
            _simulator: None,
        })
    }
}
