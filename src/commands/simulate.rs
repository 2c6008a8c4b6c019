//! `sagegate simulate`: the built-in AWS on a port.

use std::net::{Ipv4Addr, SocketAddr};

use super::Outcome;
use super::edges::Edges;
use crate::config::SimulateArgs;
use crate::error::Error;
use crate::simulator::{self, Scenario};

/// Serves until a signal comes.
pub(super) async fn simulate(args: &SimulateArgs, edges: &Edges) -> Outcome {
    let scenario = scenario(&args.profile)?;
    let handle = start(scenario, args.port).await?;
    edges.print(&format!(
        "simulating AWS with profile {} until Ctrl-C; in another shell:\n\
         export AWS_ENDPOINT_URL={} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated",
        crate::text::one_line(&args.profile),
        handle.url()
    ));
    edges.cancel.cancelled().await;
    handle.shutdown().await;
    Ok(0)
}

/// Starts a simulator on loopback.
pub(super) async fn start(scenario: Scenario, port: u16) -> Result<simulator::Handle, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    simulator::start(scenario, address)
        .await
        .map_err(|source| Error::Listen { port, source })
}

/// A built-in profile by name, or a file.
pub(super) fn scenario(profile: &str) -> Result<Scenario, Error> {
    if let Some(scenario) = Scenario::built_in(profile) {
        return Ok(scenario?);
    }
    match std::fs::read_to_string(profile) {
        Ok(text) => Ok(Scenario::from_toml(&text, profile)?),
        Err(_) => Err(Error::UnknownProfile {
            name: profile.to_owned(),
            built_in: Scenario::built_in_names().collect::<Vec<_>>().join(", "),
        }),
    }
}
