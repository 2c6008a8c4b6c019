//! Where a command creates its endpoints: AWS, or an in-process simulator.

use super::simulator::{scenario, start};
use crate::aws::Session;
use crate::benchmark::ModelSource;
use crate::config::Target;
use crate::error::{Error, UsageError};
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
    simulated: Option<Simulated>,
}

/// A simulator that was started for one command.
struct Simulated {
    /// As it was given.
    profile: String,
    /// Models that exist in it.
    models: Vec<String>,
    _handle: Handle,
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
                let scenario = scenario("--simulate", profile)?;
                let models = scenario.model_names().map(str::to_owned).collect();
                let handle = start(scenario, 0).await?;
                let region = region.unwrap_or(SIMULATED_REGION);
                let session = Self::on_simulator(&handle, region).await?;
                Ok(Self {
                    simulated: Some(Simulated {
                        profile: profile.clone(),
                        models,
                        _handle: handle,
                    }),
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
            simulated: None,
        })
    }

    /// A simulator that runs already.
    pub(crate) async fn on_simulator(simulator: &Handle, region: &str) -> Result<Self, Error> {
        let (url, key) = (simulator.url(), simulator.access_key_id());
        Ok(Self {
            session: Session::simulated(&url, key, region).await?,
            lifetime: Lifetime::Command,
            simulated: None,
        })
    }

    /// Refuses a model that the profile of the simulator does not have.
    pub(crate) fn check_model(&self, model: &ModelSource) -> Result<(), Error> {
        match (&self.simulated, model) {
            (Some(simulated), ModelSource::Existing(name)) if !simulated.models.contains(name) => {
                Err(UsageError::NotInProfile {
                    profile: simulated.profile.clone(),
                    name: name.clone(),
                    models: simulated.models.clone(),
                }
                .into())
            }
            _ => Ok(()),
        }
    }
}
