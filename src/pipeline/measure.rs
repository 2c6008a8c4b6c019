//! Measures: plans, writes the ledger, carries the plan out, keeps the result on disk on the way.

use std::sync::Arc;

use super::backend::Backend;
use super::cleanup_handoff::CleanupHandoff;
use super::confirm::{SecondMeasurement, ledger};
use super::credentials::warn_of_short_session;
use super::estimate::{Estimate, more_calls};
use super::execute::{Execution, Pass, execute};
use super::inputs::Inputs;
use super::local::Local;
use super::output_files::OutputFiles;
use super::policy::MeasuringPolicy;
use crate::aws::Session;
use crate::benchmark::{self, Draft, Identity, Journal, ModelSource, Plan};
use crate::config::{Measurement, Output};
use crate::error::{Error, UsageError};
use crate::process::Process;
use crate::result::{LocalRun, RunResult};

/// A measurement, and where and how it is carried out.
pub(crate) struct Measuring<'a> {
    pub(crate) measurement: &'a Measurement,
    pub(crate) output: &'a Output,
    pub(crate) backend: &'a Backend,
    pub(crate) policy: Arc<MeasuringPolicy>,
    /// Which of several runs of one command it is: part of its names.
    pub(crate) run_number: Option<u32>,
}

/// Measures. Nothing is created before every input is known to be good.
pub(crate) async fn measure(
    it: Measuring<'_>,
    inputs: Inputs,
    process: &Process,
) -> Result<RunResult, Error> {
    let session = &it.backend.session;
    let Prepared {
        plan,
        resumed,
        facts,
    } = prepare(&it, inputs, process).await?;
    let files = OutputFiles::of(it.output.folder());
    let (journal, restored) = match resumed {
        Some((journal, restored)) => {
            benchmark::check_alike(&restored.result, &plan, session.region(), &files.journal())?;
            (journal, Some(restored))
        }
        None => (files.claim()?, None),
    };
    let estimate = Estimate::of(&plan, &it.policy, it.backend);
    announce(&plan, it.measurement, &estimate, process);
    let ledger =
        ledger(&plan, session.region(), &it.policy).in_containers(it.backend.local.is_some());
    files.write_ledger(&ledger)?;
    let path = files.ledger();
    let handoff = CleanupHandoff::register(&ledger, &path, it.backend, it.run_number, process);
    let disown = handoff.disown(ledger, path, process);
    let execution = Execution {
        session: session.clone(),
        policy: Arc::clone(&it.policy),
        helpers: None,
        occupancy: it.backend.local.as_ref().map(Local::occupancy),
        journal,
        restored,
        pass: Pass::First,
        disown: Arc::clone(&disown),
        // A calibration is measured as a whole.
        is_resumable: it.run_number.is_none(),
    };
    let result = execute(plan.clone(), execution, &files, process).await?;
    let second = SecondMeasurement {
        session,
        policy: &it.policy,
        disown,
        files: &files,
    };
    let mut result = second.confirm(&plan, result, process).await?;
    if let (Some(local), Some(facts)) = (&it.backend.local, facts) {
        result.local = Some(LocalRun {
            contract: Box::pin(local.check_contract(&result, &plan.samples)).await,
            ..facts
        });
        keep_again(&result, &files, process);
    }
    if result.cleanup.left.is_empty() {
        handoff.withdraw(process);
    }
    Ok(result)
}

/// A plan of which everything has been checked.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    resumed: Option<(Journal, Draft)>,
    /// Of the machine, where it is what measures.
    facts: Option<LocalRun>,
}

/// Checks everything and decides what will be done. Creates nothing.
pub(super) async fn prepare(
    it: &Measuring<'_>,
    inputs: Inputs,
    process: &Process,
) -> Result<Prepared, Error> {
    let session = &it.backend.session;
    it.backend.check_model(&it.measurement.model)?;
    if let Some(reference) = &it.measurement.reference {
        it.backend.check_model(&reference.source)?;
    }
    let (inputs, facts) = fitted(it, inputs, process)?;
    let (plan, resumed) = plan(it.measurement, inputs, session, it.run_number, process).await?;
    let plan = on_machine(it, plan);
    warn_of_short_session(session, &plan, process);
    Ok(Prepared {
        plan,
        resumed,
        facts,
    })
}

/// Without the sizes that this machine cannot hold, where it is what measures.
fn fitted(
    it: &Measuring<'_>,
    mut inputs: Inputs,
    process: &Process,
) -> Result<(Inputs, Option<LocalRun>), Error> {
    let Some(local) = &it.backend.local else {
        return Ok((inputs, None));
    };
    let (sizes, facts) = local.fit(&inputs.options.memory_sizes)?;
    inputs.options.memory_sizes = sizes;
    for skipped in &facts.skipped {
        process.note(&format!(
            "{} skipped: {}",
            skipped.memory_mb, skipped.reason
        ));
    }
    Ok((inputs, Some(facts)))
}

/// With the model's data where the simulator finds it.
fn on_machine(it: &Measuring<'_>, plan: Plan) -> Plan {
    match &it.backend.local {
        Some(local) => plan.of_models(local.model.clone(), local.reference.clone()),
        None => plan,
    }
}

/// Writes what is known besides of a run that is on disk already.
fn keep_again(result: &RunResult, files: &OutputFiles, process: &Process) {
    if let Err(error) = result.write(&files.result()) {
        process.warn(&format!("the result is not kept: {error}"));
    }
}

/// Says how long and how much, and what the user should know of the samples, before anything costs
/// money.
pub(crate) fn announce(
    plan: &Plan,
    measurement: &Measurement,
    estimate: &Estimate,
    process: &Process,
) {
    process.remark(&estimate.to_string());
    for note in plan.samples.notes() {
        process.remark(note);
    }
    if let Some(notice) = more_calls(measurement.options.invocations, plan) {
        process.notice(&notice);
    }
}

/// Decides everything about a run, and what it goes on with. Nothing is created; AWS is only asked
/// for the model.
pub(crate) async fn plan(
    measurement: &Measurement,
    inputs: Inputs,
    session: &Session,
    run_number: Option<u32>,
    process: &Process,
) -> Result<(Plan, Option<(Journal, Draft)>), Error> {
    let run_id = match (&inputs.resumed, run_number) {
        (Some((_, restored)), _) => restored.result.run_id.clone(),
        (None, Some(number)) => benchmark::numbered(&run_id(process), number),
        (None, None) => run_id(process),
    };
    check_model(&measurement.model, session).await?;
    if let Some(reference) = &measurement.reference {
        check_model(&reference.source, session).await?;
    }
    let of_interrupted = |(_, restored): &(Journal, Draft)| {
        let first = restored.result.stability.first()?;
        let unique = benchmark::unique_of(&first.endpoint_name, &run_id)?;
        Some(unique.to_owned())
    };
    let unique = inputs.resumed.as_ref().and_then(of_interrupted);
    let identity = Identity {
        unique: unique.unwrap_or_else(|| benchmark::unique(fastrand::u64(..))),
        run_id,
        name: measurement.name.clone(),
        model: measurement.model.clone(),
        reference: measurement.reference.clone(),
        commit: process.commit(),
        repository: process.variable("GITHUB_REPOSITORY").map(str::to_owned),
        tags: measurement.tags.clone(),
    };
    let plan = Plan::new(identity, inputs.options, inputs.samples);
    Ok((plan, inputs.resumed))
}

/// Number and attempt of the CI run, or something random.
pub(crate) fn run_id(process: &Process) -> String {
    benchmark::run_id(process.ci_run(), fastrand::u64(..))
}

/// Makes sure that the model exists and can be served, where one was named.
async fn check_model(model: &ModelSource, session: &Session) -> Result<(), Error> {
    let ModelSource::Existing(name) = model else {
        return Ok(());
    };
    match session.unsupported_of_model(name).await? {
        None => Err(UsageError::UnknownModel {
            name: name.clone(),
            region: session.region().to_owned(),
        }
        .into()),
        Some(unsupported) if unsupported.is_empty() => Ok(()),
        Some(unsupported) => Err(UsageError::UnsupportedModel {
            name: name.clone(),
            unsupported,
        }
        .into()),
    }
}
