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
    /// Whether the role may not delete log groups, which a note says.
    denied: AtomicBool,
}

/// Why log groups are not deleted.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    is_denied: bool,
    reason: String,
}

impl From<AwsError> for Kept {
    fn from(error: AwsError) -> Self {
        Self {
            is_denied: error.kind == AwsErrorKind::AccessDenied,
            reason: describe(&error, "logs:DeleteLogGroup"),
        }
    }
}

/// The error, or where a permission is missing the action to allow.
fn describe(error: &AwsError, action: &str) -> String {
    if error.kind == AwsErrorKind::AccessDenied {
        format!("this role lacks `{action}`")
    } else {
        error.to_string()
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
    let log = if has_failed(outcome) {
        read(context, spec).await
    } else {
        ContainerLog::default()
    };
    // One that is still there would write on, into a new group.
    let is_gone = context.gone().contains(&spec.name);
    if is_gone && !context.logs.denied.load(Ordering::SeqCst) {
        let endpoints = std::slice::from_ref(&spec.name);
        match delete(&context.environment.session, endpoints).await {
            Err(kept) if kept.is_denied => say_denied(context, &kept),
            // Tried again at the end.
            Err(_) | Ok(()) => {}
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
        Some(Ok(Err(error))) => {
            let actions = "logs:DescribeLogStreams` and `logs:GetLogEvents";
            Err(describe(&error, actions))
        }
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

fn say_denied(context: &Context, kept: &Kept) {
    if !context.logs.denied.swap(true, Ordering::SeqCst) {
        say(kept, context.environment.observer.as_ref());
    }
}

fn say(kept: &Kept, observer: &dyn Observer) {
    let note = format!("log groups of endpoints are not deleted: {}", kept.reason);
    observer.on_event(&Event::Noted { note });
}

/// Deletes what containers have written since: of every endpoint of the run.
pub(super) async fn delete_all(context: &Context) {
    if context.logs.denied.load(Ordering::SeqCst) {
        return;
    }
    let (session, observer) = (&context.environment.session, &context.environment.observer);
    delete_log_groups(session, &context.plan.endpoint_names(), observer.as_ref()).await;
}

/// Deletes the log groups of endpoints that are gone, within seconds; a note to `observer` says why
/// some stay. Absent ones count as deleted.
pub async fn delete_log_groups(session: &Session, endpoints: &[String], observer: &dyn Observer) {
    if let Err(kept) = delete(session, endpoints).await {
        say(&kept, observer);
    }
}

/// Deletes log groups, side by side. Absent ones count as deleted.
async fn delete(session: &Session, endpoints: &[String]) -> Result<(), Kept> {
    let deletions = endpoints.iter().map(|name| session.delete_log_group(name));
    let Ok(deleted) = tokio::time::timeout(PATIENCE, join_all(deletions)).await else {
        return Err(Kept {
            is_denied: false,
            reason: no_answer(),
        });
    };
    let deleted: Result<Vec<bool>, AwsError> = deleted.into_iter().collect();
    deleted.map(drop).map_err(Kept::from)
}
