//! The in-process simulator of AWS.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::error::{Error, UsageError};
use crate::files::{self, MIB};
use crate::simulator::{self, Handle, Scenario, ScenarioError};
use crate::text::{quoted, without_strings};

/// Largest profile that is read.
const MAX_PROFILE: u64 = MIB;

/// Starts a simulator on loopback; port 0 takes a free one.
pub(crate) async fn start(scenario: Scenario, port: u16) -> Result<Handle, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let started = simulator::start(scenario, address).await;
    Ok(started.map_err(|source| UsageError::Listen { port, source })?)
}

/// A built-in profile by name, or a file.
pub(crate) fn scenario(profile: &str) -> Result<Scenario, Error> {
    if let Some(scenario) = Scenario::built_in(profile) {
        return Ok(scenario?);
    }
    match files::read_text(Path::new(profile), MAX_PROFILE) {
        Ok(text) => Ok(Scenario::from_toml(&text, profile).map_err(unquoted)?),
        Err(error) if error.is_not_found() => Err(unknown_profile(profile)),
        Err(error) => Err(UsageError::Unreadable {
            flag: "--profile",
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
    Ok(Scenario::built_in(name).ok_or_else(|| unknown_profile(name))??)
}

fn unknown_profile(name: &str) -> Error {
    UsageError::UnknownProfile {
        name: name.to_owned(),
        built_in: Scenario::built_in_names().collect::<Vec<_>>().join(", "),
    }
    .into()
}
