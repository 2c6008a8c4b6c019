//! Where a command creates its endpoints: AWS, or an in-process simulator.

use super::local::Local;
pub(crate) use super::simulator::SIMULATED_REGION;
use super::simulator::{scenario, start};
use crate::aws::Session;
use crate::config::{Measurement, Target};
use crate::error::Error;
use crate::process::Process;
use crate::simulator::Handle;

/// Clients, and the simulator that answers them.
pub(crate) struct Backend {
    pub(crate) session: Session,
    /// How long what is created there lives.
    pub(crate) lifetime: Lifetime,
    /// A simulator that stops when this is dropped.
    _simulator: Option<Handle>,
    /// The engine of this machine, where containers are measured.
    pub(crate) local: Option<Local>,
}

/// How long resources live that are not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until the user deletes them.
    Account,
    /// No longer than the command.
    Command,
    /// On this machine, until the command or a clean-up removes them.
    Machine,
}

impl Backend {
    /// AWS (or the address in `AWS_ENDPOINT_URL`), or a new simulator.
    pub(crate) async fn open(
        target: &Target,
        measurement: &Measurement,
        process: &Process,
    ) -> Result<Self, Error> {
        let region = measurement.region.as_deref();
        match target {
            Target::Aws => Self::on_aws(region, process).await,
            Target::Local => Self::on_machine(measurement, process).await,
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

    /// Containers of this machine's engine.
    async fn on_machine(measurement: &Measurement, process: &Process) -> Result<Self, Error> {
        let local = Local::open(measurement, process).await?;
        let (url, key) = (local.simulator.url(), local.simulator.access_key_id());
        let session = Session::simulated(&url, key, &local.region).await?;
        let machine = local.containers.engine.machine().described();
        Ok(Self {
            session: session.on_machine(machine),
            lifetime: Lifetime::Machine,
            _simulator: None,
            local: Some(local),
        })
    }

    /// Ends what was started here. A backend that is dropped instead leaves containers to the
    /// clean-up.
    pub(crate) async fn close(self, process: &Process) {
        if let Some(local) = self.local {
            local.close(process).await;
        }
    }

    /// AWS, in this region or the environment's.
    pub(crate) async fn on_aws(region: Option<&str>, process: &Process) -> Result<Self, Error> {
        let region = region.map(str::to_owned);
        Ok(Self {
            session: Session::connect(region, process.role()).await?,
            lifetime: Lifetime::Account,
            _simulator: None,
            local: None,
        })
    }

    /// A simulator that runs already.
    pub(crate) async fn on_simulator(simulator: &Handle, region: &str) -> Result<Self, Error> {
        let (url, key) = (simulator.url(), simulator.access_key_id());
        Ok(Self {
            session: Session::simulated(&url, key, region).await?,
            lifetime: Lifetime::Command,
            _simulator: None,
            local: None,
        })
    }
}
