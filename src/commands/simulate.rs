//! `sagegate simulate`: the built-in AWS on a port.

use crate::config::{Simulate, SimulatedModels};
use crate::engine::Engine;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::pipeline::Outcome;
use crate::pipeline::local::{remove, session, surroundings};
use crate::pipeline::simulator::{scenario, start, start_with_containers};
use crate::process::Process;
use crate::simulator::{Containers, Handle};

/// Serves until a signal comes.
pub(super) async fn simulate(simulate: &Simulate, process: &Process) -> Outcome {
    match &simulate.models {
        SimulatedModels::Profile(profile) => {
            let handle = start(scenario("--profile", profile)?, simulate.port).await?;
            serve(handle, &format!("with profile {profile}"), process).await;
        }
        SimulatedModels::Containers => {
            let containers = containers(process).await?;
            let handle = start_with_containers(containers.clone(), simulate.port).await?;
            let machine = containers.engine.machine().described();
            serve(handle, &format!("in containers of {machine}"), process).await;
            remove(&containers, process).await;
        }
    }
    Ok(ExitStatus::Success)
}

async fn serve(handle: Handle, how: &str, process: &Process) {
    process.print(&format!(
        "simulating AWS {} until Ctrl-C; in another shell:\n\
         export AWS_ENDPOINT_URL={} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=simulated",
        crate::text::one_line(how),
        handle.url(),
        handle.access_key_id()
    ));
    process.cancel().cancelled().await;
    handle.shutdown().await;
}

async fn containers(process: &Process) -> Result<Containers, Error> {
    let session = session();
    Ok(Containers {
        engine: Engine::connect(&surroundings(process)).await?,
        run: format!("simulate{session}"),
        session,
        cancel: process.cancel().clone(),
    })
}
