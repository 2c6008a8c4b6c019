//! The log groups of endpoints: the last lines of one that failed are read, and all are deleted.
//!
//! Both are good to have and no more: they take seconds at most, and what goes wrong is a note.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use super::journal::Record;
use super::{Context, Event, Observer};
use crate::aws::{AwsError, AwsErrorKind, EndpointSpec, Session};
use crate::result::{ContainerLog, EndpointOutcome};

/// Longest wait for the lines of an endpoint, and for the deletion of log groups.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a run has found out about its log groups.
#[derive(Debug, Default)]
pub(super) struct LogGroups {
    /// Whether a note says that lines cannot be read.
    unread: AtomicBool,
    /// Whether deleting is given up, which a note says.
    given_up: AtomicBool,
}

/// Why log groups are not deleted.
enum Kept {
    /// The role may not delete them.
    Denied,
    /// No answer came in time.
    Late,
    /// Anything else: another time it may work.
    Failed(AwsError),
}

impl Kept {
    fn note(&self) -> String {
        match self {
            Self::Denied => {
                "log groups of endpoints stay: this role lacks `logs:DeleteLogGroup`".to_owned()
            }
            Self::Late => format!("log groups of endpoints may stay: {}", no_answer()),
            Self::Failed(error) => format!("log groups of endpoints may stay: {error}"),
        }
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

/// The container's last lines, of an endpoint that failed and is gone; then its log group is
/// deleted.
pub(super) async fn wind_up(
    context: &Context,
    spec: &EndpointSpec,
    outcome: &EndpointOutcome,
) -> ContainerLog {
    if context.owners.is_foreign(&spec.name) {
        return ContainerLog::default();
    }
    let log = if has_failed(outcome) {
        read(context, spec).await
    } else {
        ContainerLog::default()
    };
    // One that is still there would write on, into a new group.
    let is_gone = context.gone().contains(&spec.name);
    if is_gone && !context.logs.given_up.load(Ordering::SeqCst) {
        let endpoints = std::slice::from_ref(&spec.name);
        match delete(&context.environment.session, endpoints).await {
            Err(kept @ (Kept::Denied | Kept::Late)) => give_up(context, &kept),
            // Tried again at the end.
            Err(Kept::Failed(_)) | Ok(()) => {}
        }
    }
    log
}

/// Whether the container may have written why.
const fn has_failed(outcome: &EndpointOutcome) -> bool {
    matches!(
        outcome,
        EndpointOutcome::DeployFailed { .. } | EndpointOutcome::StoppedEarly { .. }
    )
}

async fn read(context: &Context, spec: &EndpointSpec) -> ContainerLog {
    let session = &context.environment.session;
    let lines = tokio::time::timeout(
        PATIENCE,
        session.last_log_lines(&spec.name, ContainerLog::MAX_LINES),
    );
    let read = match context.environment.cancel.run_until_cancelled(lines).await {
        None => return ContainerLog::default(),
        Some(Err(_)) => Err(no_answer()),
        Some(Ok(Err(error))) if error.kind == AwsErrorKind::AccessDenied => {
            Err("this role lacks `logs:DescribeLogStreams` and `logs:GetLogEvents`".to_owned())
        }
        Some(Ok(Err(error))) => Err(error.to_string()),
        Some(Ok(Ok(lines))) => Ok(ContainerLog::new(lines)),
    };
    match read {
        Ok(log) => {
            if !log.lines().is_empty() {
                let record = Record::ContainerLog(spec.name.clone(), log.clone());
                context.journal.append(&record);
                context.emit(&Event::ContainerLog {
                    endpoint: context.label(spec),
                    lines: log.lines().to_vec(),
                });
            }
            log
        }
        Err(reason) => {
            if !context.logs.unread.swap(true, Ordering::SeqCst) {
                let note = format!("the container's log cannot be read: {reason}");
                context.emit(&Event::Noted { note });
            }
            ContainerLog::default()
        }
    }
}

fn give_up(context: &Context, kept: &Kept) {
    if !context.logs.given_up.swap(true, Ordering::SeqCst) {
        let note = kept.note();
        context.emit(&Event::Noted { note });
    }
}

/// Deletes what containers have written since: of every endpoint of the run.
pub(super) async fn delete_all(context: &Context) {
    if context.logs.given_up.load(Ordering::SeqCst) {
        return;
    }
    let (session, observer) = (&context.environment.session, &context.environment.observer);
    let mut names = context.plan.endpoint_names();
    names.retain(|name| !context.owners.is_foreign(name));
    delete_log_groups(session, &names, observer.as_ref()).await;
}

/// Deletes the log groups of endpoints that are gone, within seconds; a note to `observer` says why
/// some stay. Absent ones count as deleted.
pub async fn delete_log_groups(session: &Session, endpoints: &[String], observer: &dyn Observer) {
    if let Err(kept) = delete(session, endpoints).await {
        let note = kept.note();
        observer.on_event(&Event::Noted { note });
    }
}

/// Deletes log groups, side by side. Absent ones count as deleted.
async fn delete(session: &Session, endpoints: &[String]) -> Result<(), Kept> {
    let deletions = endpoints.iter().map(|name| session.delete_log_group(name));
    let deleted = tokio::time::timeout(PATIENCE, join_all(deletions)).await;
    let deleted: Result<Vec<bool>, AwsError> = match deleted {
        Ok(deleted) => deleted.into_iter().collect(),
        Err(_elapsed) => return Err(Kept::Late),
    };
    match deleted {
        Ok(_) => Ok(()),
        Err(error) if error.kind == AwsErrorKind::AccessDenied => Err(Kept::Denied),
        Err(error) => Err(Kept::Failed(error)),
    }
}
