//! One thin file per command: checked arguments in, exit code out. No command uses another.

mod benchmark;
mod calibrate;
mod cleanup;
mod collect;
mod compare;
mod completions;
mod demo;
mod post;
mod prices;
mod record;
mod report;
mod run;
mod samples;
mod simulate;
mod submit;

use crate::config::{Attempt, Cli, Command, Rejected, Typed};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::job::inside::inside;
use crate::pipeline::Outcome;
use crate::pipeline::backend::Backend;
use crate::pipeline::publish::Publisher;
use crate::pipeline::subject::about;
use crate::pipeline::unmeasured::UnmeasuredRun;
use crate::process::Process;

/// Runs the command and prints an error on one line.
pub async fn execute(cli: Cli, process: &Process) -> ExitStatus {
    let role = cli.command.role_to_assume().map(str::to_owned);
    let outcome = match process.acting_as(role) {
        Ok(process) => match Command::try_from(cli.command) {
            Ok(command) => Box::pin(dispatch(command, &process)).await,
            Err(rejected) => reject(*rejected, &process).await,
        },
        Err(error) => cannot_act(error.into(), cli.command, process).await,
    };
    match outcome {
        Ok(status) => status,
        Err(error) => {
            process.complain(&error.one_line());
            error.exit_status()
        }
    }
}

async fn dispatch(command: Command, process: &Process) -> Outcome {
    match command {
        Command::Run(command) => run::run(&command, process).await,
        Command::Benchmark(command) => Box::pin(benchmark::benchmark(&command, process)).await,
        Command::Submit(command) => submit::submit(&command, process).await,
        Command::Collect(command) => collect::collect(&command, process).await,
        Command::InsideJob => Box::pin(inside(process)).await,
        Command::Calibrate(command) => Box::pin(calibrate::calibrate(&command, process)).await,
        Command::Compare(command) => compare::compare(&command, process).await,
        Command::Record(command) => record::record(&command, process).await,
        Command::Post(command) => post::post(&command, process).await,
        Command::Report(command) => report::report(&command, process).await,
        Command::Samples(command) => samples::samples(&command, process),
        Command::Prices(command) => prices::prices(&command, process).await,
        Command::Cleanup(command) => cleanup::cleanup(&command, process).await,
        Command::Demo(command) => Box::pin(demo::demo(&command, process)).await,
        Command::Simulate(command) => simulate::simulate(&command, process).await,
        Command::Completions(command) => Ok(completions::completions(command, process)),
    }
}

/// A role that cannot be asked for: a gate publishes that.
async fn cannot_act(error: Error, command: Typed, process: &Process) -> Outcome {
    let attempt = match Command::try_from(command) {
        Ok(Command::Run(run)) => Some(run.attempt()),
        Ok(Command::Submit(submit)) => Some(submit.attempt()),
        Ok(_) => None,
        Err(rejected) => rejected.attempt,
    };
    announce(error, attempt.as_ref(), process).await
}

/// Flags that contradict each other: nothing is measured, and a gate publishes
/// that.
async fn reject(rejected: Rejected, process: &Process) -> Outcome {
    announce(rejected.error.into(), rejected.attempt.as_ref(), process).await
}

async fn announce(error: Error, attempt: Option<&Attempt>, process: &Process) -> Outcome {
    let Some(attempt) = attempt else {
        return Err(error);
    };
    let process = &about(attempt.pull_request, attempt.github_token.as_ref(), process).await;
    // A value may come from a step that gets no credentials, either.
    let region = attempt.region.as_deref();
    let opened = Backend::open_first(&attempt.target, region, process).await;
    let error = opened.err().unwrap_or(error);
    let publisher = Publisher::of_attempt(attempt, process);
    let unmeasured = UnmeasuredRun {
        attempt,
        publisher: &publisher,
    };
    unmeasured.conclude(error, process).await
}
