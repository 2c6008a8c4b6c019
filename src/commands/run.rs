//! `sagegate run`: measure, compare, report.

use crate::config::Run;
use crate::pipeline::Outcome;
use crate::pipeline::backend::Backend;
use crate::pipeline::dry_run::{Proposal, dry_run};
use crate::pipeline::publish::Publisher;
use crate::pipeline::run::run as measure_and_judge;
use crate::pipeline::subject::about;
use crate::pipeline::unmeasured::UnmeasuredRun;
use crate::process::Process;

/// Measures on AWS, at the address in `AWS_ENDPOINT_URL`, on a simulator, or on this machine.
pub(super) async fn run(run: &Run, process: &Process) -> Outcome {
    let attempt = run.attempt();
    let process = &about(attempt.pull_request, attempt.github_token.as_ref(), process).await;
    let publisher = Publisher::of_attempt(&attempt, process);
    if run.dry_run {
        let proposal = Proposal {
            measurement: &run.measurement,
            target: &run.target,
            gate: &run.gate,
            fail_fast: run.fail_fast,
        };
        return Box::pin(dry_run(proposal, &publisher, process)).await;
    }
    match Box::pin(gate(run, &publisher, process)).await {
        Ok(status) => Ok(status),
        Err(error) => {
            let unmeasured = UnmeasuredRun {
                attempt: &attempt,
                publisher: &publisher,
            };
            unmeasured.conclude(error, process).await
        }
    }
}

async fn gate(run: &Run, publisher: &Publisher, process: &Process) -> Outcome {
    let (inputs, backend) = Box::pin(Backend::with_inputs(
        &run.measurement,
        &run.target,
        &run.output,
        process,
    ))
    .await?;
    let outcome = measure_and_judge(run, inputs, &backend, publisher, process);
    let outcome = Box::pin(outcome).await;
    backend.close(process).await;
    outcome
}
