//! `sagegate simulate`: the built-in AWS on a port.

use crate::config::Simulate;
use crate::exit::ExitStatus;
use crate::pipeline::Outcome;
use crate::pipeline::simulator::{scenario, start};
use crate::process::Process;

/// Serves until a signal comes.
pub(super) async fn simulate(simulate: &Simulate, process: &Process) -> Outcome {
    let handle = start(scenario("--profile", &simulate.profile)?, simulate.port).await?;
    process.print(&format!(
        "simulating AWS with profile {} until Ctrl-C; in another shell:\n\
         export AWS_ENDPOINT_URL={} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=simulated",
        crate::text::one_line(&simulate.profile),
        handle.url(),
        handle.access_key_id()
    ));
    process.cancel().cancelled().await;
    handle.shutdown().await;
    Ok(ExitStatus::Success)
}
