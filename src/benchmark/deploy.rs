//! Brings one endpoint into service.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::MutexGuard;

use super::names;
use super::wait::{poll_delay, sleep_unless_cancelled};
use super::{Context, Event, role};
use crate::aws::{
    AwsError, AwsErrorKind, Creation, EndpointSpec, EndpointStatus, SharedQuota, cause_of_call,
    cause_of_deployment, is_role_refused, shared_quota,
};
use crate::result::{Cause, EndpointOutcome, ResourceKind};

/// `CreateEndpoint` reads with eventual consistency and may not see its endpoint config for a
/// moment.
const CONSISTENCY_ATTEMPTS: u32 = 6;
const CONSISTENCY_PAUSE: Duration = Duration::from_secs(1);

/// Why an endpoint was not created.
enum Refused {
    /// A quota that other endpoints share: it may fit later.
    Shared(SharedQuota, String),
    /// For good.
    Final(EndpointOutcome),
}

/// Pause before a deployment that AWS has failed is made again.
const PAUSE_BEFORE_AGAIN: Duration = Duration::from_secs(5);

/// The other endpoint of a pair.
pub(super) struct Partner<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Held until both are created.
    pub(super) creating: Arc<MutexGuard<'a, ()>>,
}

/// An endpoint in service.
pub(super) struct Deployed {
    /// From `CreateEndpoint` to `InService`.
    pub(super) took: Duration,
    /// AWS's words for a first deployment that failed.
    pub(super) again_after: Option<String>,
}

/// Brings an endpoint into service; a second time where AWS has failed the first, or could not
/// assume a role that may be new: that says nothing about the model.
///
/// # Errors
/// The outcome of an endpoint that cannot be measured. Whatever was created stays for the sweep.
pub(super) async fn deploy(
    context: &Context,
    spec: &EndpointSpec,
    partner: Option<Partner<'_>>,
) -> Result<Deployed, EndpointOutcome> {
    let began = Instant::now();
    let name = partner.as_ref().map(|it| it.name);
    let failed = match deploy_once(context, spec, name, partner.map(|it| it.creating)).await {
        Ok(took) => {
            return Ok(Deployed {
                took,
                again_after: None,
            });
        }
        Err(failed) => failed,
    };
    let EndpointOutcome::DeployFailed { reason, cause } = &failed else {
        return Err(failed);
    };
    if *cause != Cause::Service && !is_role_refused(reason) {
        return Err(failed);
    }
    if context.owners.is_foreign(&spec.name) {
        return Err(failed);
    }
    if began.elapsed() >= context.plan.options.deploy_timeout {
        return Err(failed);
    }
    context.emit(&Event::DeployingAgain {
        endpoint: context.label(spec),
        reason: reason.clone(),
    });
    context.retire(spec).await;
    // On a fresh endpoint, or not at all.
    let is_gone = context.gone().remove(&spec.name);
    if !is_gone || !sleep_unless_cancelled(&context.stop, PAUSE_BEFORE_AGAIN).await {
        return Err(failed);
    }
    let again = deploy_once(context, spec, name, None);
    let took = match name {
        None => again.await?,
        // The partner may hold what another pair waits for.
        Some(_) => tokio::time::timeout(context.plan.options.deploy_timeout, again)
            .await
            .unwrap_or(Err(failed.clone()))?,
    };
    Ok(Deployed {
        took,
        again_after: Some(reason.clone()),
    })
}

/// Waits for room under the concurrency quota, creates endpoint config and endpoint and waits until
/// it is in service; returns how long that took.
async fn deploy_once(
    context: &Context,
    spec: &EndpointSpec,
    partner: Option<&str>,
    creating: Option<Arc<MutexGuard<'_, ()>>>,
) -> Result<Duration, EndpointOutcome> {
    create_within_quota(context, spec, partner).await?;
    drop(creating);
    context.emit(&Event::Deploying {
        endpoint: context.label(spec),
    });
    let created = Instant::now();
    wait_in_service(context, spec, created).await?;
    let took = created.elapsed();
    context.emit(&Event::Deployed {
        endpoint: context.label(spec),
        took,
    });
    Ok(took)
}

/// Creates, and again when an endpoint of this run has made room.
async fn create_within_quota(
    context: &Context,
    spec: &EndpointSpec,
    partner: Option<&str>,
) -> Result<(), EndpointOutcome> {
    let cancel = &context.stop;
    let began = Instant::now();
    loop {
        let taken = cancel
            .run_until_cancelled(
                context
                    .budget
                    .take(&spec.name, spec.max_concurrency, partner),
            )
            .await
            .ok_or(EndpointOutcome::Cancelled)?;
        taken.map_err(|over| EndpointOutcome::SkippedQuota {
            reason: format!(
                "MaxConcurrency {} does not fit: the account's quota of total serverless concurrency leaves {}",
                spec.max_concurrency, over.limit
            ),
        })?;
        let refused = match create(context, spec).await {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        context.budget.put_back(&spec.name);
        match refused {
            Refused::Final(outcome) => return Err(outcome),
            Refused::Shared(quota, reason) => {
                if !context.budget.learn(quota) {
                    return Err(EndpointOutcome::SkippedQuota { reason });
                }
                let pause = poll_delay(began.elapsed(), fastrand::f64());
                if !sleep_unless_cancelled(cancel, pause).await {
                    return Err(EndpointOutcome::Cancelled);
                }
            }
        }
    }
}

async fn create(context: &Context, spec: &EndpointSpec) -> Result<(), Refused> {
    if context.resumed {
        wait_until_not_deleting(context, spec).await?;
    }
    let _one_at_a_time = context.create_lock.lock().await;
    if context.stop.is_cancelled() {
        return Err(Refused::Final(EndpointOutcome::Cancelled));
    }
    // Never cut short by a cancellation: a create in flight whose answer nobody reads could leak.
    let session = &context.environment.session;
    match session.create_endpoint_config(spec).await {
        Ok(Creation::Created) => {
            context.created.fetch_add(1, Ordering::SeqCst);
            context
                .owners
                .claim(ResourceKind::EndpointConfig, &spec.name);
        }
        // A wave before, or the run that is resumed, has created it.
        Ok(Creation::Taken) if is_own(context, ResourceKind::EndpointConfig, spec) => {}
        Ok(Creation::Taken) => {
            let outcome = context.leave_alone(ResourceKind::EndpointConfig, &spec.name);
            return Err(Refused::Final(outcome));
        }
        Err(error) => {
            if error.kind == AwsErrorKind::AccessDenied && !context.resumed {
                // Certainly not there: nothing is to be deleted.
                context.gone().insert(spec.name.clone());
            }
            context
                .owners
                .claim(ResourceKind::EndpointConfig, &spec.name);
            return Err(Refused::Final(refused(context, spec, error).await));
        }
    }
    create_endpoint(context, spec).await
}

/// Whether what exists already is of this process, or of the run that it resumes.
fn is_own(context: &Context, kind: ResourceKind, spec: &EndpointSpec) -> bool {
    context.resumed || context.owners.is_own(kind, &spec.name)
}

/// The endpoint of that name is somebody else's: the endpoint config, which is ours, has no use.
async fn leave_endpoint_alone(context: &Context, spec: &EndpointSpec) -> EndpointOutcome {
    let session = &context.environment.session;
    match session.delete_endpoint_config(&spec.name).await {
        Ok(existed) => {
            let deleted = u32::from(existed);
            context.deleted.fetch_add(deleted, Ordering::SeqCst);
        }
        Err(error) => {
            let note = format!("endpoint config {} may stay: {error}", spec.name);
            context.emit(&Event::Noted { note });
        }
    }
    context.leave_alone(ResourceKind::Endpoint, &spec.name)
}

/// The outcome of an endpoint that AWS did not create. Where a permission is missing, all that the
/// role lacks are named, so that they can be given at once.
async fn refused(context: &Context, spec: &EndpointSpec, error: AwsError) -> EndpointOutcome {
    if error.kind != AwsErrorKind::AccessDenied {
        return failed(error);
    }
    let others = context.missing_actions.get_or_init(|| async {
        let absent = EndpointSpec {
            name: names::absent(&context.plan.job_name()),
            ..spec.clone()
        };
        let session = &context.environment.session;
        let now = (context.environment.now)();
        Box::pin(session.missing_actions(&absent, now)).await
    });
    let mut actions = vec![error.action()];
    actions.extend(others.await.iter().cloned());
    let distinct: BTreeSet<String> = actions.into_iter().collect();
    let named: Vec<String> = distinct.iter().map(|it| format!("`{it}`")).collect();
    EndpointOutcome::DeployFailed {
        reason: format!(
            "not permitted, allow for this role: {} ({error})",
            named.join(", ")
        ),
        cause: Cause::Access,
    }
}

async fn create_endpoint(context: &Context, spec: &EndpointSpec) -> Result<(), Refused> {
    let mut attempt = 1;
    loop {
        match context.environment.session.create_endpoint(spec).await {
            Ok(Creation::Created) => {
                context.created.fetch_add(1, Ordering::SeqCst);
                context.owners.claim(ResourceKind::Endpoint, &spec.name);
                return Ok(());
            }
            Ok(Creation::Taken) if is_own(context, ResourceKind::Endpoint, spec) => return Ok(()),
            Ok(Creation::Taken) => {
                return Err(Refused::Final(leave_endpoint_alone(context, spec).await));
            }
            Err(error)
                if error.kind == AwsErrorKind::NotFound && attempt < CONSISTENCY_ATTEMPTS =>
            {
                attempt += 1;
                if !sleep_unless_cancelled(&context.stop, CONSISTENCY_PAUSE).await {
                    return Err(Refused::Final(EndpointOutcome::Cancelled));
                }
            }
            Err(error) => {
                let again = role::is_worth_another(context, &error.message).await;
                if again.map_err(Refused::Final)? {
                    continue;
                }
                let quota =
                    shared_quota(&error.message).filter(|_| error.kind == AwsErrorKind::Quota);
                return Err(match quota {
                    Some(quota) => Refused::Shared(quota, error.message),
                    None => Refused::Final(refused(context, spec, error).await),
                });
            }
        }
    }
}

/// The interrupted run may have begun to delete its endpoint, which then has to be gone before it
/// can be created.
async fn wait_until_not_deleting(context: &Context, spec: &EndpointSpec) -> Result<(), Refused> {
    let began = Instant::now();
    let session = &context.environment.session;
    while session.endpoint_status(&spec.name).await == Ok(Some(EndpointStatus::Deleting))
        && began.elapsed() < context.plan.options.cleanup_timeout
    {
        let pause = poll_delay(began.elapsed(), fastrand::f64());
        if !sleep_unless_cancelled(&context.stop, pause).await {
            return Err(Refused::Final(EndpointOutcome::Cancelled));
        }
    }
    Ok(())
}

async fn wait_in_service(
    context: &Context,
    spec: &EndpointSpec,
    created: Instant,
) -> Result<(), EndpointOutcome> {
    let timeout = context.plan.options.deploy_timeout;
    loop {
        match context
            .environment
            .session
            .endpoint_status(&spec.name)
            .await
            .map_err(failed)?
        {
            Some(EndpointStatus::InService) => return Ok(()),
            Some(EndpointStatus::Failed { reason }) => {
                let cause = cause_of_deployment(&reason);
                return Err(EndpointOutcome::DeployFailed { reason, cause });
            }
            Some(EndpointStatus::Deleting) => return Err(deleted_meanwhile()),
            // Absent right after CreateEndpoint: not yet visible.
            Some(EndpointStatus::Changing) | None => {}
        }
        if created.elapsed() >= timeout {
            let reason = format!(
                "not in service after {} s (--deploy-timeout)",
                timeout.as_secs()
            );
            return Err(EndpointOutcome::DeployFailed {
                reason,
                cause: Cause::Service,
            });
        }
        let pause = poll_delay(created.elapsed(), fastrand::f64());
        if !sleep_unless_cancelled(&context.stop, pause).await {
            return Err(EndpointOutcome::Cancelled);
        }
    }
}

fn deleted_meanwhile() -> EndpointOutcome {
    EndpointOutcome::DeployFailed {
        reason: "somebody else deleted the endpoint".to_owned(),
        cause: Cause::Service,
    }
}

/// The outcome of an endpoint whose creation AWS refused.
pub(super) fn failed(error: AwsError) -> EndpointOutcome {
    let reason = match error.hint() {
        Some(hint) if error.kind == AwsErrorKind::AccessDenied => format!("{error} ({hint})"),
        Some(_) | None => error.to_string(),
    };
    if error.kind == AwsErrorKind::Quota {
        EndpointOutcome::SkippedQuota {
            reason: error.message,
        }
    } else {
        EndpointOutcome::DeployFailed {
            reason,
            cause: cause_of_call(&error),
        }
    }
}
