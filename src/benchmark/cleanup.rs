//! Deletes endpoints and endpoint configs, and polls until AWS reports them gone.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::event::{Event, Observer};
use super::wait::until_next_poll;
use crate::aws::{AwsError, AwsErrorKind, EndpointStatus, Session};
use crate::result::{CleanupSummary, Leftover, ResourceKind};
use crate::units::saturating_u32;

/// The outcome for one name: endpoint and endpoint config.
#[derive(Debug, Default)]
struct Swept {
    deleted: u32,
    left: Vec<Leftover>,
}

fn left(kind: ResourceKind, name: &str, reason: String) -> Leftover {
    Leftover {
        kind,
        name: name.to_owned(),
        reason,
    }
}

/// What to delete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Names<'a> {
    /// Endpoints; their endpoint configs have the same names.
    pub endpoints: &'a [String],
    /// Endpoints whose endpoint configs stay.
    pub endpoints_alone: &'a [String],
    /// Models that were created for the run.
    pub models: &'a [String],
}

impl Names<'_> {
    /// Endpoints, endpoint configs and models.
    pub(super) fn resources(&self) -> u32 {
        saturating_u32(self.endpoints.len() * 2 + self.endpoints_alone.len() + self.models.len())
    }
}

/// Deletes everything in `names`, waits at most `timeout` until the endpoints are gone, and reports
/// to `observer`. Absent ones count as done, so sweeping twice is safe. [`CleanupSummary::created`]
/// is left at 0.
pub async fn sweep(
    session: &Session,
    names: Names<'_>,
    timeout: Duration,
    observer: &dyn Observer,
) -> CleanupSummary {
    observer.on_event(&Event::CleaningUp {
        resources: names.resources(),
    });
    let summary = sweep_quietly(session, names, timeout).await;
    observer.on_event(&Event::CleanedUp {
        deleted: summary.deleted,
        left: summary.left.clone(),
    });
    summary
}

/// Deletes the endpoint and the endpoint config of every name, side by side, and waits at most
/// `timeout` until the endpoints are gone; models after that. Absent ones count as done, so
/// sweeping twice is safe. An endpoint that is still being created cannot be deleted by AWS: it is
/// waited for. [`CleanupSummary::created`] is left at 0.
pub(super) async fn sweep_quietly(
    session: &Session,
    names: Names<'_>,
    timeout: Duration,
) -> CleanupSummary {
    let mut tasks = JoinSet::new();
    let mut names_of_tasks = HashMap::new();
    let with_config = names.endpoints.iter().map(|name| (name, true));
    let alone = names.endpoints_alone.iter().map(|name| (name, false));
    for (name, and_config) in with_config.chain(alone) {
        let (session, owned) = (session.clone(), name.clone());
        let sweep = async move { sweep_one(&session, &owned, and_config, timeout).await };
        names_of_tasks.insert(tasks.spawn(sweep).id(), name);
    }
    let mut summary = CleanupSummary::default();
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(swept) => {
                summary.deleted += swept.deleted;
                summary.left.extend(swept.left);
            }
            Err(error) => {
                let name = names_of_tasks.get(&error.id()).copied();
                let name = name.map_or("", String::as_str);
                summary
                    .left
                    .push(left(ResourceKind::Endpoint, name, error.to_string()));
            }
        }
    }
    for name in names.models {
        match session.delete_model(name).await {
            Ok(existed) => summary.deleted += u32::from(existed),
            Err(error) => summary
                .left
                .push(left(ResourceKind::Model, name, error.to_string())),
        }
    }
    summary.left.sort();
    summary
}

async fn sweep_one(session: &Session, name: &str, and_config: bool, timeout: Duration) -> Swept {
    let mut swept = Swept::default();
    let started = Instant::now();
    let begun = start_deleting(session, name, started, timeout).await;
    // An endpoint config may go as soon as its endpoint is being deleted, which is what fits into
    // the seconds that a cancelled CI job has.
    if and_config {
        delete_config(session, name, &mut swept).await;
    }
    match begun {
        Ok(false) => {}
        Ok(true) => match wait_gone(session, name, started, timeout).await {
            Ok(()) => swept.deleted += 1,
            Err(reason) => swept.left.push(left(ResourceKind::Endpoint, name, reason)),
        },
        Err(reason) => swept.left.push(left(ResourceKind::Endpoint, name, reason)),
    }
    swept
}

/// Gets the endpoint into deletion; returns whether there was one. If its status is unknown,
/// deletes it anyway: a role may lack the one permission and have the other.
async fn start_deleting(
    session: &Session,
    name: &str,
    started: Instant,
    timeout: Duration,
) -> Result<bool, String> {
    let describe = |error: AwsError| error.to_string();
    loop {
        match session.endpoint_status(name).await {
            Ok(None) => return Ok(false),
            Ok(Some(EndpointStatus::Deleting)) => return Ok(true),
            Ok(Some(EndpointStatus::InService | EndpointStatus::Failed { .. })) => {
                return session.delete_endpoint(name).await.map_err(describe);
            }
            Err(_) => match session.delete_endpoint(name).await {
                Ok(existed) => return Ok(existed),
                // Refused while it is being created.
                Err(error) if error.kind == AwsErrorKind::Service => {}
                Err(error) => return Err(error.to_string()),
            },
            Ok(Some(EndpointStatus::Changing)) => {}
        }
        if started.elapsed() >= timeout {
            return Err(format!(
                "still being created after {} s, AWS cannot delete it yet",
                timeout.as_secs()
            ));
        }
        until_next_poll(started.elapsed()).await;
    }
}

async fn delete_config(session: &Session, name: &str, swept: &mut Swept) {
    match session.delete_endpoint_config(name).await {
        Ok(existed) => swept.deleted += u32::from(existed),
        Err(error) => swept
            .left
            .push(left(ResourceKind::EndpointConfig, name, error.to_string())),
    }
}

async fn wait_gone(
    session: &Session,
    name: &str,
    started: Instant,
    timeout: Duration,
) -> Result<(), String> {
    loop {
        match session.endpoint_status(name).await.map_err(|error| {
            format!("deletion was begun, whether it is complete is not known: {error}")
        })? {
            None => return Ok(()),
            Some(EndpointStatus::Deleting) => {}
            // A delete that AWS accepted and then ignored: ask again.
            Some(
                EndpointStatus::InService
                | EndpointStatus::Failed { .. }
                | EndpointStatus::Changing,
            ) => {
                session
                    .delete_endpoint(name)
                    .await
                    .map_err(|error| error.to_string())?;
            }
        }
        if started.elapsed() >= timeout {
            return Err(format!("still being deleted after {} s", timeout.as_secs()));
        }
        until_next_poll(started.elapsed()).await;
    }
}
