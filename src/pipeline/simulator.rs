//! The in-process simulator of AWS.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::error::{Error, UsageError};
use crate::files::{self, MIB};
use crate::simulator::{self, Containers, Handle, Scenario, ScenarioError};
use crate::text::{quoted, without_strings};

/// Region of a simulator where none was chosen: its prices are built in.
pub(crate) const SIMULATED_REGION: &str = "us-east-1";
/// Largest profile that is read.
const MAX_PROFILE: u64 = MIB;

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
    match files::read_text(Path::new(profile), MAX_PROFILE) {
        Ok(text) => Ok(Scenario::from_toml(&text, profile).map_err(unquoted)?),
        Err(error) if error.is_not_found() => Err(unknown_profile(flag, profile)),
        Err(error) => Err(UsageError::Unreadable {
            flag,
            path: profile.into(),
            source: error.into(),
        }
        .into()),
    }
}

/// The error without what a file holds that is no profile.
fn unquoted(error: ScenarioError) -> ScenarioError {
    match error {
        ScenarioError::Malformed { name, message } => ScenarioError::Malformed {
            name,
            message: without_strings(&message),
        },
        ScenarioError::OutOfRange {
            name,
            field,
            value,
            expected,
        } => ScenarioError::OutOfRange {
            name,
            field: quoted(&field),
            value: quoted(&value),
            expected,
        },
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
