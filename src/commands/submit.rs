//! `sagegate submit`: the run of `sagegate run`, on a machine of SageMaker's.

use crate::aws::Objects;
use crate::config::{AfterStart, Output, Submit, Target};
use crate::exit::ExitStatus;
use crate::job::input::JobInput;
use crate::job::submission::Submission;
use crate::pipeline::Outcome;
use crate::pipeline::backend::Backend;
use crate::pipeline::confirm::ledger;
use crate::pipeline::credentials::warn_of_short_session;
use crate::pipeline::dry_run::{Proposal, dry_run};
use crate::pipeline::estimate::Estimate;
use crate::pipeline::fail_fast::on_certain_failure;
use crate::pipeline::gate::Gate;
use crate::pipeline::measure::{announce, plan};
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::policy::{ExpectedGate, MeasuringPolicy};
use crate::pipeline::publish::Publisher;
use crate::pipeline::subject::about;
use crate::pipeline::unmeasured::UnmeasuredRun;
use crate::process::Process;

/// Submits; by default it then waits and judges as `run` does.
pub(super) async fn submit(submit: &Submit, process: &Process) -> Outcome {
    let attempt = submit.attempt();
    let process = &about(attempt.pull_request, attempt.github_token.as_ref(), process).await;
    let publisher = Publisher::of_attempt(&attempt, process);
    if submit.dry_run {
        let proposal = Proposal {
            measurement: &submit.measurement,
            target: &Target::Aws,
            gate: &submit.gate,
            fail_fast: submit.fail_fast,
        };
        return Box::pin(dry_run(proposal, &publisher, process)).await;
    }
    match Box::pin(submit_and_judge(submit, &publisher, process)).await {
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

async fn submit_and_judge(submit: &Submit, publisher: &Publisher, process: &Process) -> Outcome {
    let (measurement, job) = (&submit.measurement, &submit.job);
    let output = Output::New(submit.output_dir.clone());
    let (inputs, backend) = Box::pin(Backend::with_inputs(
        measurement,
        &Target::Aws,
        &output,
        process,
    ))
    .await?;
    let gate = Gate::open(&submit.gate, publisher, process).await?;
    let files = OutputFiles::of(&submit.output_dir);
    let region = backend.session.region();
    let prices = inputs.prices.of_region(region, &files, process).await?;
    let (plan, _) = plan(measurement, inputs, &backend.session, None, process).await?;
    let policy = MeasuringPolicy {
        prices: prices.clone(),
        strategy: measurement.recommend.strategy,
        gate: Some(ExpectedGate {
            limits: submit.gate.judging.limits,
            history: gate.history(&measurement.name)?,
            on_certain_failure: on_certain_failure(submit.fail_fast, &gate, process).await,
            on_failure: gate.on_failure(process),
        }),
    };
    let folder = job.s3_output.join(&plan.job_name());
    let owner = submit.gate.baseline.bucket_owner.clone();
    let input = JobInput::of(&plan, &policy, &folder.join("exchange"), owner.clone());
    let submission = Submission {
        ledger: ledger(&plan, backend.session.region(), &policy).with_job(plan.job_name()),
        name: plan.job_name(),
        folder,
        backend: &backend,
        objects: Objects::connect(measurement.region.clone(), process.aws(), owner).await?,
        files,
        submit,
        process,
    };
    submission.prepare_folder()?;
    let estimate = Estimate::of(&plan, &policy, &backend);
    announce(&plan, measurement, &estimate, process);
    if job.then == AfterStart::Leave {
        submission.start(&input, &plan).await?;
        submission.say_how_to_collect();
        return Ok(ExitStatus::Success);
    }
    warn_of_short_session(&backend.session, &plan, process);
    let result = submission.wait_for(&input, &plan).await?;
    let files = &submission.files;
    gate.judge(&result, &prices, &measurement.recommend, files, process)
        .await
}
