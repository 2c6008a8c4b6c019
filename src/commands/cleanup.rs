//! `sagegate cleanup`: stops and deletes what a killed run left behind.

use std::path::{Path, PathBuf};

use super::Outcome;
use super::edges::{Edges, now};
use crate::aws::{ResourceKind, Session};
use crate::benchmark::{Ledger, Names, Orphans, Selection, find_orphans, stop_jobs, sweep};
use crate::config::CleanupArgs;
use crate::error::Error;
use crate::progress::{self, Display};
use crate::result::Leftover;

/// Name under which a step saves the path of its ledger for its clean-up; those of further runs have a suffix.
pub(super) const STATE: &str = "ledger";

/// Deletes what a ledger lists, or what the account holds of one run or of old ones. Absent resources count as deleted.
pub(super) async fn cleanup(args: &CleanupArgs, edges: &Edges, display: Display) -> Outcome {
    let run = args.run.clone().map(Selection::Run);
    let selection = run.or(args.older_than.map(Selection::OlderThan));
    let left = match selection {
        Some(selection) => sweep_found(&selection, args, edges, display).await?,
        None => sweep_ledgers(args, edges, display).await?,
    };
    if left.is_empty() {
        Ok(0)
    } else {
        Err(Error::NotDeleted { left })
    }
}

async fn sweep_ledgers(
    args: &CleanupArgs,
    edges: &Edges,
    display: Display,
) -> Result<Vec<Leftover>, Error> {
    let ledgers: Vec<PathBuf> = match &args.ledger {
        Some(path) => vec![path.clone()],
        None => edges.state(STATE).into_iter().map(PathBuf::from).collect(),
    };
    if ledgers.is_empty() {
        if !args.from_state {
            return Err(Error::NoLedger);
        }
        edges.print("nothing is left to delete");
    }
    let mut left = Vec::new();
    for path in ledgers {
        left.extend(sweep_ledger(&path, args, edges, display).await?);
    }
    Ok(left)
}

async fn sweep_ledger(
    path: &Path,
    args: &CleanupArgs,
    edges: &Edges,
    display: Display,
) -> Result<Vec<Leftover>, Error> {
    let ledger = Ledger::read(path)?;
    if args.dry_run {
        let names = ledger.names();
        let endpoints = names.endpoints.iter().map(|it| format!("endpoint {it}"));
        let models = names.models.iter().map(|it| format!("model {it}"));
        for job in &ledger.jobs {
            edges.print(&format!("would stop processing job {job}, if it runs"));
        }
        for resource in endpoints.chain(models) {
            edges.print(&format!("would delete {resource}, if it is there"));
        }
        return Ok(Vec::new());
    }
    let session = Session::connect(Some(ledger.region.clone()), edges.role()).await?;
    let what = format!("run {}", ledger.run_id);
    let mut left = stop(&session, &ledger.jobs, args, edges).await;
    left.extend(sweep_names(&session, ledger.names(), &what, args, edges, display).await);
    Ok(left)
}

/// Stops jobs before anything is deleted, as they may create more; what may still run.
async fn stop(
    session: &Session,
    jobs: &[String],
    args: &CleanupArgs,
    edges: &Edges,
) -> Vec<Leftover> {
    if !jobs.is_empty() {
        edges.note(&format!("stopping what may run: {}", jobs.join(", ")));
    }
    let outcome = stop_jobs(session, jobs, args.timeout).await;
    for job in &outcome.stopped {
        edges.print(&format!("stopped processing job {job}"));
    }
    outcome.left
}

/// By name and tag, from anywhere.
async fn sweep_found(
    selection: &Selection,
    args: &CleanupArgs,
    edges: &Edges,
    display: Display,
) -> Result<Vec<Leftover>, Error> {
    let session = Session::connect(args.region.clone(), edges.role()).await?;
    let mut orphans = find_orphans(&session, selection, now()).await?;
    let what = match selection {
        Selection::Run(run_id) => format!("run {run_id} in {}", session.region()),
        Selection::OlderThan(_) => format!("older runs in {}", session.region()),
    };
    if args.dry_run || orphans.iter().next().is_none() {
        list(&orphans, &what, edges);
        return Ok(Vec::new());
    }
    let mut left = Vec::new();
    if !orphans.jobs().is_empty() {
        left = stop(&session, orphans.jobs(), args, edges).await;
        // What they have created, or deleted, meanwhile.
        orphans = find_orphans(&session, selection, now()).await?;
    }
    left.extend(sweep_names(&session, orphans.names(), &what, args, edges, display).await);
    Ok(left)
}

fn list(orphans: &Orphans, what: &str, edges: &Edges) {
    for orphan in orphans.iter() {
        edges.print(&format!(
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
        edges.print(&format!("{what}: nothing is left to delete"));
    }
}

async fn sweep_names(
    session: &Session,
    names: Names<'_>,
    what: &str,
    args: &CleanupArgs,
    edges: &Edges,
    display: Display,
) -> Vec<Leftover> {
    let observer = progress::observer(display, edges.log());
    let swept = sweep(session, names, args.timeout, observer.as_ref()).await;
    if swept.left.is_empty() {
        edges.print(&format!(
            "{what}: deleted {} resources, none left",
            swept.deleted
        ));
    }
    swept.left
}
