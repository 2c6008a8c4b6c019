//! Where a command creates its endpoints: AWS, or an in-process simulator.

use super::inputs::Inputs;
use super::local::Local;
pub(crate) use super::simulator::SIMULATED_REGION;
use super::simulator::{scenario, start};
use crate::aws::Session;
use crate::benchmark::ModelSource;
use crate::config::{Measurement, Output, Target};
use crate::error::{Error, UsageError};
use crate::github::Context;
use crate::process::Process;
use crate::simulator::{Handle, Scenario};

/// Clients, and the simulator that answers them.
pub(crate) struct Backend {
    pub(crate) session: Session,
    /// How long what is created there lives.
    pub(crate) lifetime: Lifetime,
    /// A simulator that stops when this is dropped.
    simulated: Option<Simulated>,
    /// What the simulator simulates.
    scenario: Option<Scenario>,
    /// The engine of this machine, where containers are measured.
    pub(crate) local: Option<Local>,
}

/// A simulator that was started for one command.
struct Simulated {
    /// As it was given.
    profile: String,
    _handle: Handle,
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
                let scenario = scenario("--simulate", profile)?;
                let handle = start(scenario.clone(), 0).await?;
                let region = region.unwrap_or(SIMULATED_REGION);
                let session = Self::on_simulator(&handle, scenario, region).await?;
                Ok(Self {
                    simulated: Some(Simulated {
                        profile: profile.clone(),
                        _handle: handle,
                    }),
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
            simulated: None,
            scenario: None,
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
            None => Self::open(target, measurement, process).await?,
        };
        Ok((inputs, backend))
    }

    /// AWS, in this region or the environment's.
    pub(crate) async fn on_aws(region: Option<&str>, process: &Process) -> Result<Self, Error> {
        let region = region.map(str::to_owned);
        Ok(Self {
            session: Session::connect(region, process.aws()).await?,
            lifetime: Lifetime::Account,
            simulated: None,
            scenario: None,
            local: None,
        })
    }

    /// A simulator that runs already.
    pub(crate) async fn on_simulator(
        simulator: &Handle,
        scenario: Scenario,
        region: &str,
    ) -> Result<Self, Error> {
        let (url, key) = (simulator.url(), simulator.access_key_id());
        Ok(Self {
            session: Session::simulated(&url, key, region).await?,
            lifetime: Lifetime::Command,
            simulated: None,
            scenario: Some(scenario),
            local: None,
        })
    }

    /// Refuses a model that the profile of the simulator does not have.
    pub(crate) fn check_model(&self, model: &ModelSource) -> Result<(), Error> {
        let (Some(simulated), Some(scenario)) = (&self.simulated, &self.scenario) else {
            return Ok(());
        };
        match model {
            ModelSource::Existing(name) if !scenario.model_names().any(|it| it == name) => {
                Err(UsageError::NotInProfile {
                    profile: simulated.profile.clone(),
                    name: name.clone(),
                    models: scenario.model_names().map(str::to_owned).collect(),
                }
                .into())
            }
            ModelSource::Existing(_) | ModelSource::Created { .. } => Ok(()),
        }
    }

    /// What the simulator simulates, where it is one.
    pub(crate) const fn scenario(&self) -> Option<&Scenario> {
        self.scenario.as_ref()
    }
}
