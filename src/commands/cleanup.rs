//! `sagegate cleanup`: stops and deletes what a killed run left behind.

use std::path::Path;

use crate::aws::{ResourceKind, Session};
use crate::benchmark::{Ledger, Names, Orphans, Selection, find_orphans, stop_jobs, sweep};
use crate::config::{Cleanup, Leftovers};
use crate::error::Error;
use crate::pipeline::Outcome;
use crate::pipeline::cleanup_handoff::STATE;
use crate::process::{Process, now};
use crate::result::Leftover;

/// Deletes what a ledger lists, or what the account holds of one run or of old ones. Absent
/// resources count as deleted.
pub(super) async fn cleanup(cleanup: &Cleanup, process: &Process) -> Outcome {
    let left = match &cleanup.leftovers {
        Leftovers::Account { selection, region } => {
            sweep_account(selection, region.clone(), cleanup, process).await?
        }
        Leftovers::Ledger(path) => sweep_ledger(path, cleanup, process).await?,
        Leftovers::Step { may_be_none } => sweep_step(*may_be_none, cleanup, process).await?,
    };
    if left.is_empty() {
        Ok(0)
    } else {
        Err(Error::NotDeleted { left })
    }
}

/// What the ledgers list that this step of a workflow has saved.
async fn sweep_step(
    may_be_none: bool,
    cleanup: &Cleanup,
    process: &Process,
) -> Result<Vec<Leftover>, Error> {
    let ledgers = process.state(STATE);
    if ledgers.is_empty() {
        if !may_be_none {
            return Err(Error::NoLedger);
        }
        process.print("nothing is left to delete");
    }
    let mut left = Vec::new();
    for path in ledgers {
        left.extend(sweep_ledger(Path::new(path), cleanup, process).await?);
    }
    Ok(left)
}

async fn sweep_ledger(
    path: &Path,
    cleanup: &Cleanup,
    process: &Process,
) -> Result<Vec<Leftover>, Error> {
    let ledger = Ledger::read(path)?;
    if cleanup.dry_run {
        let names = ledger.names();
        let endpoints = names.endpoints.iter().map(|it| format!("endpoint {it}"));
        let models = names.models.iter().map(|it| format!("model {it}"));
        for job in &ledger.jobs {
            process.print(&format!("would stop processing job {job}, if it runs"));
        }
        for resource in endpoints.chain(models) {
            process.print(&format!("would delete {resource}, if it is there"));
        }
        return Ok(Vec::new());
    }
    let session = Session::connect(Some(ledger.region.clone()), process.role()).await?;
    let what = format!("run {}", ledger.run_id);
    let mut left = stop(&session, &ledger.jobs, cleanup, process).await;
    left.extend(sweep_names(&session, ledger.names(), &what, cleanup, process).await);
    Ok(left)
}

/// Stops jobs before anything is deleted, as they may create more; returns those that may still
/// run.
async fn stop(
    session: &Session,
    jobs: &[String],
    cleanup: &Cleanup,
    process: &Process,
) -> Vec<Leftover> {
    if !jobs.is_empty() {
        process.note(&format!("stopping what may run: {}", jobs.join(", ")));
    }
    let outcome = stop_jobs(session, jobs, cleanup.timeout).await;
    for job in &outcome.stopped {
        process.print(&format!("stopped processing job {job}"));
    }
    outcome.left
}

/// By name and tag, from anywhere.
async fn sweep_account(
    selection: &Selection,
    region: Option<String>,
    cleanup: &Cleanup,
    process: &Process,
) -> Result<Vec<Leftover>, Error> {
    let session = Session::connect(region, process.role()).await?;
    let mut orphans = find_orphans(&session, selection, now()).await?;
    let what = match selection {
        Selection::Run(run_id) => format!("run {run_id} in {}", session.region()),
        Selection::OlderThan(_) => format!("older runs in {}", session.region()),
    };
    if cleanup.dry_run || orphans.iter().next().is_none() {
        list(&orphans, &what, process);
        return Ok(Vec::new());
    }
    let mut left = Vec::new();
    if !orphans.jobs().is_empty() {
        left = stop(&session, orphans.jobs(), cleanup, process).await;
        // What they have created, or deleted, meanwhile.
        orphans = find_orphans(&session, selection, now()).await?;
    }
    left.extend(sweep_names(&session, orphans.names(), &what, cleanup, process).await);
    Ok(left)
}

fn list(orphans: &Orphans, what: &str, process: &Process) {
    for orphan in orphans.iter() {
        process.print(&format!(
            "would {} {} {} of run {}, created {}",
            match orphan.resource.kind {
                ResourceKind::ProcessingJob => "stop",
                ResourceKind::Endpoint | ResourceKind::EndpointConfig | ResourceKind::Model => {
                    "delete"
                }
            },
            orphan.resource.kind,
            crate::text::one_line(&orphan.resource.name),
            crate::text::one_line(&orphan.run_id),
            orphan.resource.created_at.strftime("%Y-%m-%d %H:%M UTC")
        ));
    }
    if orphans.iter().next().is_none() {
        process.print(&format!("{what}: nothing is left to delete"));
    }
}

async fn sweep_names(
    session: &Session,
    names: Names<'_>,
    what: &str,
    cleanup: &Cleanup,
    process: &Process,
) -> Vec<Leftover> {
    let observer = process.observer();
    let swept = sweep(session, names, cleanup.timeout, observer.as_ref()).await;
    if swept.left.is_empty() {
        process.print(&format!(
            "{what}: deleted {} resources, none left",
            swept.deleted
        ));
    }
    swept.left
}
