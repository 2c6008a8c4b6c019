//! `sagegate cleanup`: stops and deletes what a killed run left behind.
//!
//! What can be done is done. What could not be looked at or deleted is named in the end, and makes
//! the exit code 3.

use std::collections::BTreeSet;

use crate::aws::{ResourceKind, Session};
use crate::benchmark::{
    Ledger, Names, Orphans, Selection, delete_log_groups, find_orphans, stop_jobs, sweep,
};
use crate::config::{Cleanup, Leftovers};
use crate::engine::{Engine, Found};
use crate::error::{Error, MeasureError, Unfinished, UsageError};
use crate::exit::ExitStatus;
use crate::pipeline::Outcome;
use crate::pipeline::cleanup_handoff::{CleanupHandoff, SavedRun};
use crate::pipeline::local::surroundings;
use crate::process::{Process, now};
use crate::result::{CleanupSummary, Leftover};
use crate::text::one_line;

/// Deletes what a ledger lists, or what the account holds of one run or of old ones. Absent
/// resources count as deleted.
pub(super) async fn cleanup(cleanup: &Cleanup, process: &Process) -> Outcome {
    let sweeper = Sweeper { cleanup, process };
    let unfinished = match &cleanup.leftovers {
        Leftovers::Account { selection, region } => {
            sweeper.account(selection, region.clone()).await?
        }
        Leftovers::Machine { selection } => sweeper.machine(selection).await?,
        Leftovers::Ledger(path) => sweeper.ledger(&Ledger::read(path)?).await?,
        Leftovers::Step { may_be_none } => sweeper.step(*may_be_none).await?,
    };
    if unfinished.is_empty() {
        Ok(ExitStatus::Success)
    } else {
        let unfinished = Box::new(unfinished);
        Err(MeasureError::Unfinished { unfinished }.into())
    }
}

/// Deletes, and says what.
struct Sweeper<'a> {
    cleanup: &'a Cleanup,
    process: &'a Process,
}

impl Sweeper<'_> {
    /// What the runs of this step of a workflow have saved. One of them stops no other.
    async fn step(&self, may_be_none: bool) -> Result<Unfinished, Error> {
        let saved = CleanupHandoff::saved(self.process);
        if saved.is_empty() {
            if !may_be_none {
                return Err(UsageError::NoLedger.into());
            }
            self.process.print("nothing is left to delete");
        }
        let mut unfinished = Unfinished::default();
        for run in &saved {
            match self.saved_run(run).await {
                Ok(part) => unfinished.extend(part),
                Err(error) => unfinished.failed.push(error),
            }
        }
        Ok(unfinished)
    }

    /// By the names in the state, else by the ledger, else by name and tag.
    async fn saved_run(&self, run: &SavedRun) -> Result<Unfinished, Error> {
        if let Some(ledger) = &run.ledger {
            return self.ledger(ledger).await;
        }
        match (Ledger::read(&run.path), &run.run_id) {
            (Ok(ledger), _) => self.ledger(&ledger).await,
            (Err(error), None) => Err(error.into()),
            (Err(error), Some(run_id)) => {
                let instead =
                    format!("{error}: looking for what run {run_id} left by name and tag");
                self.process.note(&instead);
                let selection = Selection::Run(run_id.clone());
                self.account(&selection, run.region.clone()).await
            }
        }
    }

    async fn ledger(&self, ledger: &Ledger) -> Result<Unfinished, Error> {
        let mut unfinished = Unfinished {
            foreign: ledger.foreign().to_vec(),
            ..Unfinished::default()
        };
        if ledger.containers {
            let engine = Engine::connect(&surroundings(self.process)).await?;
            let owners = [ledger.endpoints.as_slice(), &ledger.models].concat();
            let found = engine.leftovers().await?.into_iter();
            let own = found.filter(|it| it.run == ledger.run_id && owners.contains(&it.owner));
            let what = format!("run {}", ledger.run_id);
            unfinished.extend(self.remove(&engine, own.collect(), &what).await);
            return Ok(unfinished);
        }
        if self.cleanup.dry_run {
            self.list_ledger(ledger);
            return Ok(unfinished);
        }
        let session = Session::connect(Some(ledger.region.clone()), self.process.aws()).await?;
        unfinished.left = self.stop(&session, &ledger.jobs).await;
        let left = self.sweep(&session, ledger.names(), &[]).await;
        unfinished.left.extend(left.left);
        self.conclude(&format!("run {}", ledger.run_id), left.deleted, &unfinished);
        Ok(unfinished)
    }

    fn list_ledger(&self, ledger: &Ledger) {
        let names = ledger.names();
        let endpoints = names.endpoints.iter().map(|it| format!("endpoint {it}"));
        let models = names.models.iter().map(|it| format!("model {it}"));
        for job in &ledger.jobs {
            self.process
                .print(&format!("would stop processing job {job}, if it runs"));
        }
        for resource in endpoints.chain(models) {
            self.process
                .print(&format!("would delete {resource}, if it is there"));
        }
    }

    /// By label, on this machine's engine.
    async fn machine(&self, selection: &Selection) -> Result<Unfinished, Error> {
        let engine = Engine::connect(&surroundings(self.process)).await?;
        let own = selected(engine.leftovers().await?, selection);
        let what = match selection {
            Selection::Run(run_id) => format!("run {run_id} on this machine"),
            Selection::OlderThan(_) => "older runs on this machine".to_owned(),
        };
        Ok(self.remove(&engine, own, &what).await)
    }

    /// Removes containers and volumes, or lists them.
    async fn remove(&self, engine: &Engine, found: Vec<Found>, what: &str) -> Unfinished {
        if self.cleanup.dry_run {
            for it in &found {
                let (kind, name, run) = (it.kind, one_line(&it.name), one_line(&it.run));
                self.process
                    .print(&format!("would remove {kind} {name} of run {run}"));
            }
        }
        if self.cleanup.dry_run || found.is_empty() {
            if found.is_empty() {
                self.process
                    .print(&format!("{what}: nothing is left to delete"));
            }
            return Unfinished::default();
        }
        let removed = engine.remove(found).await;
        let unfinished = Unfinished {
            containers: removed.left,
            ..Unfinished::default()
        };
        self.conclude(what, removed.count, &unfinished);
        unfinished
    }

    /// What a run has left on this machine, where there is an engine; a run is there or on AWS.
    async fn leftovers_here(&self, selection: &Selection) -> Option<(Engine, Vec<Found>)> {
        let engine = Engine::connect(&surroundings(self.process)).await.ok()?;
        let own = selected(engine.leftovers().await.ok()?, selection);
        (!own.is_empty()).then_some((engine, own))
    }

    /// By name and tag, from anywhere; a run of this machine by label.
    async fn account(
        &self,
        selection: &Selection,
        region: Option<String>,
    ) -> Result<Unfinished, Error> {
        if let Some((engine, own)) = self.leftovers_here(selection).await {
            let what = "this machine's Docker engine";
            let here = self.remove(&engine, own, what).await;
            if matches!(selection, Selection::Run(_)) {
                return Ok(here);
            }
            let mut unfinished = Box::pin(self.account_on_aws(selection, region)).await?;
            unfinished.extend(here);
            return Ok(unfinished);
        }
        self.account_on_aws(selection, region).await
    }

    async fn account_on_aws(
        &self,
        selection: &Selection,
        region: Option<String>,
    ) -> Result<Unfinished, Error> {
        let session = Session::connect(region, self.process.aws()).await?;
        let mut orphans = find_orphans(&session, selection, now()).await;
        let what = match selection {
            Selection::Run(run_id) => format!("run {run_id} in {}", session.region()),
            Selection::OlderThan(_) => format!("older runs in {}", session.region()),
        };
        if self.cleanup.dry_run || orphans.is_empty() {
            self.list_orphans(&orphans, &what);
            return Ok(unseen(orphans));
        }
        let mut left = Vec::new();
        // A job may delete its endpoints while it is stopped, and not get to their log groups.
        let with_logs = orphans.names().endpoints.to_vec();
        if !orphans.jobs().is_empty() {
            left = self.stop(&session, orphans.jobs()).await;
            // What they have created, or deleted, meanwhile.
            let again = find_orphans(&session, selection, now()).await;
            orphans = again.or_as_before(orphans);
        }
        let swept = self.sweep(&session, orphans.names(), &with_logs).await;
        left.extend(swept.left);
        let unfinished = Unfinished {
            left,
            ..unseen(orphans)
        };
        self.conclude(&what, swept.deleted, &unfinished);
        Ok(unfinished)
    }

    fn list_orphans(&self, orphans: &Orphans, what: &str) {
        for orphan in orphans.iter() {
            let verb = match orphan.resource.kind {
                ResourceKind::ProcessingJob => "stop",
                ResourceKind::Endpoint | ResourceKind::EndpointConfig | ResourceKind::Model => {
                    "delete"
                }
            };
            self.process.print(&format!(
                "would {verb} {} {} of run {}, created {}",
                orphan.resource.kind,
                one_line(&orphan.resource.name),
                one_line(&orphan.run_id),
                orphan.resource.created_at.strftime("%Y-%m-%d %H:%M UTC")
            ));
        }
        if orphans.is_empty() && orphans.is_complete() {
            self.process
                .print(&format!("{what}: nothing is left to delete"));
        }
    }

    /// Stops jobs before anything is deleted, as they may create more; what may still run.
    async fn stop(&self, session: &Session, jobs: &[String]) -> Vec<Leftover> {
        if !jobs.is_empty() {
            self.process
                .note(&format!("stopping what may run: {}", jobs.join(", ")));
        }
        let outcome = stop_jobs(session, jobs, self.cleanup.timeout).await;
        for job in &outcome.stopped {
            self.process.print(&format!("stopped processing job {job}"));
        }
        outcome.left
    }

    /// Deletes resources, and the log groups of the endpoints among them and of `gone_meanwhile`.
    async fn sweep(
        &self,
        session: &Session,
        names: Names<'_>,
        gone_meanwhile: &[String],
    ) -> CleanupSummary {
        let observer = self.process.observer();
        let all = [names.endpoints, names.endpoints_alone, gone_meanwhile].concat();
        let swept = sweep(session, names, self.cleanup.timeout, observer.as_ref()).await;
        let with_logs: BTreeSet<String> = all.into_iter().collect();
        let with_logs: Vec<String> = with_logs.into_iter().collect();
        delete_log_groups(session, &with_logs, observer.as_ref()).await;
        swept
    }

    fn conclude(&self, what: &str, deleted: u32, unfinished: &Unfinished) {
        let none_left = if unfinished.is_empty() {
            ", none left"
        } else {
            ""
        };
        self.process
            .print(&format!("{what}: deleted {deleted} resources{none_left}"));
    }
}

/// What is to be removed.
fn selected(found: Vec<Found>, selection: &Selection) -> Vec<Found> {
    let is_wanted = |it: &Found| match selection {
        Selection::Run(run_id) => it.run == *run_id,
        Selection::OlderThan(age) => it.is_older_than(*age, now()),
    };
    found.into_iter().filter(is_wanted).collect()
}

/// What could not be looked at.
fn unseen(orphans: Orphans) -> Unfinished {
    Unfinished {
        doubtful: orphans.doubtful,
        unseen: orphans.unseen,
        ..Unfinished::default()
    }
}
