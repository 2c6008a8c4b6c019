//! The Docker engine of this machine, by its socket: the only user of `bollard`.
//!
//! Podman's socket speaks the same API. Everything that is created carries labels, by which it
//! is found again and removed, also by another process.

mod archive;
mod connection;
mod container;
mod error;
mod image;
mod labels;
mod leftovers;
mod limits;
mod log;
mod occupancy;
mod reach;
mod server;
mod socket;
mod spec;
mod ticks;
mod usage;
mod volume;

use bollard::Docker;

pub use self::connection::{Call, Reply};
pub use self::container::{ContainerState, exit_words};
pub use self::error::EngineError;
pub use self::image::{Image, MAX_IMAGE_BYTES};
pub use self::labels::Labels;
pub use self::leftovers::{Found, LeftoverKind, Removed};
pub use self::limits::{CpuShare, Machine, cpu_model_of_this_machine};
pub use self::log::{LogSink, TakeLines};
pub use self::occupancy::{Occupancy, Occupied};
use self::reach::Reach;
pub use self::server::{CallFailure, NotStarted, Server, StartFailure, Started};
pub use self::socket::Surroundings;
pub use self::spec::{Conditions, ServerSpec, environment};
pub use self::ticks::Ticks;
pub use self::usage::Usage;
pub use self::volume::{ModelData, Volume};

/// A Docker engine that has answered.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    machine: Machine,
    reach: Reach,
    occupancy: Occupancy,
}

impl Engine {
    /// Finds the engine's socket, asks it what it is, and how its containers are reached from here.
    ///
    /// # Errors
    /// [`EngineError`] when there is no socket, none that may be used, or no answer.
    pub async fn connect(surroundings: &Surroundings) -> Result<Self, EngineError> {
        let socket = socket::find(surroundings)?;
        let docker = socket::open(&socket).await?;
        let machine = Machine::of(&docker).await?;
        let reach = Reach::find(&docker, surroundings).await?;
        Ok(Self {
            docker,
            machine,
            reach,
            occupancy: Occupancy::default(),
        })
    }

    /// What it runs on.
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What other programs have of this machine while its containers are looked at.
    pub const fn occupancy(&self) -> &Occupancy {
        &self.occupancy
    }
}
