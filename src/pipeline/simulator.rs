//! The in-process simulator of AWS.

use std::net::{Ipv4Addr, SocketAddr};

use crate::error::{Error, UsageError};
use crate::simulator::{self, Containers, Handle, Scenario};

/// Region of a simulator where none was chosen: its prices are built in.
pub(crate) const SIMULATED_REGION: &str = "us-east-1";

/// Starts a simulator on loopback whose models are containers; port 0 takes a free one.
pub(crate) async fn start_with_containers(
    containers: Containers,
    port: u16,
) -> Result<Handle, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let scenario = Scenario::of_containers()?;
    let started = simulator::start_with(scenario, Some(containers), address).await;
    Ok(started.map_err(|source| UsageError::Listen { port, source })?)
}

/// Starts a simulator on loopback; port 0 takes a free one.
pub(crate) async fn start(scenario: Scenario, port: u16) -> Result<Handle, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let started = simulator::start(scenario, address).await;
    Ok(started.map_err(|source| UsageError::Listen { port, source })?)
}

/// A built-in profile by name, or a file; `flag` names it.
pub(crate) fn scenario(flag: &'static str, profile: &str) -> Result<Scenario, Error> {
    if let Some(scenario) = Scenario::built_in(profile) {
        return Ok(scenario?);
    }
    match std::fs::read_to_string(profile) {
        Ok(text) => Ok(Scenario::from_toml(&text, profile)?),
        Err(_) => Err(unknown_profile(flag, profile)),
    }
}

/// A built-in profile by name.
pub(crate) fn built_in_scenario(name: &str) -> Result<Scenario, Error> {
    Ok(Scenario::built_in(name).ok_or_else(|| unknown_profile("--profile", name))??)
}

fn unknown_profile(flag: &'static str, name: &str) -> Error {
    UsageError::UnknownProfile {
        flag,
        name: name.to_owned(),
        built_in: Scenario::built_in_names().collect::<Vec<_>>().join(", "),
    }
    .into()
}
