//! Where a command creates its endpoints: AWS, or an in-process simulator.

use super::simulator::{scenario, start};
use crate::aws::Session;
use crate::config::Target;
use crate::error::Error;
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

    /// AWS, in this region or the environment's.
    pub(crate) async fn on_aws(region: Option<&str>, process: &Process) -> Result<Self, Error> {
        let region = region.map(str::to_owned);
        Ok(Self {
            session: Session::connect(region, process.role()).await?,
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
