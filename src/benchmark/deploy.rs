//! Brings one endpoint into service.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::wait::{poll_delay, sleep_unless_cancelled};
use super::{Context, Event};
use crate::aws::{AwsError, AwsErrorKind, EndpointSpec, EndpointStatus};
use crate::result::EndpointOutcome;

/// `CreateEndpoint` reads with eventual consistency and may not see its endpoint config for a moment.
const CONSISTENCY_ATTEMPTS: u32 = 6;
const CONSISTENCY_PAUSE: Duration = Duration::from_secs(1);

/// Creates endpoint config and endpoint and waits until it is in service; the time that took.
///
/// # Errors
/// The outcome of a size that cannot be measured. Whatever was created stays for the sweep.
pub(super) async fn deploy(
    context: &Context,
    spec: &EndpointSpec,
) -> Result<Duration, EndpointOutcome> {
    context.emit(&Event::Deploying {
        memory_mb: spec.memory_mb,
    });
    create(context, spec).await?;
    let created = Instant::now();
    wait_in_service(context, spec, created).await?;
    let took = created.elapsed();
    context.emit(&Event::Deployed {
        memory_mb: spec.memory_mb,
        took,
    });
    Ok(took)
}

async fn create(context: &Context, spec: &EndpointSpec) -> Result<(), EndpointOutcome> {
    let _one_at_a_time = context.create_lock.lock().await;
    if context.environment.cancel.is_cancelled() {
        return Err(EndpointOutcome::Cancelled);
    }
    // Never cut short by a cancellation: a create in flight whose answer nobody reads could leak.
    context
        .environment
        .session
        .create_endpoint_config(spec)
        .await
        .map_err(failed)?;
    context.created.fetch_add(1, Ordering::SeqCst);
    create_endpoint(context, spec).await?;
    context.created.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

async fn create_endpoint(context: &Context, spec: &EndpointSpec) -> Result<(), EndpointOutcome> {
    let mut attempt = 1;
    loop {
        match context.environment.session.create_endpoint(spec).await {
            Ok(()) => return Ok(()),
            Err(error)
                if error.kind == AwsErrorKind::NotFound && attempt < CONSISTENCY_ATTEMPTS =>
            {
                attempt += 1;
                if !sleep_unless_cancelled(&context.environment.cancel, CONSISTENCY_PAUSE).await {
                    return Err(EndpointOutcome::Cancelled);
                }
            }
            Err(error) => return Err(failed(error)),
        }
    }
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
                return Err(EndpointOutcome::DeployFailed { reason });
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
            return Err(EndpointOutcome::DeployFailed { reason });
        }
        let pause = poll_delay(created.elapsed(), fastrand::f64());
        if !sleep_unless_cancelled(&context.environment.cancel, pause).await {
            return Err(EndpointOutcome::Cancelled);
        }
    }
}

fn deleted_meanwhile() -> EndpointOutcome {
    EndpointOutcome::DeployFailed {
        reason: "somebody else deleted the endpoint".to_owned(),
    }
}

fn failed(error: AwsError) -> EndpointOutcome {
    let reason = match error.hint() {
        Some(hint) if error.kind == AwsErrorKind::AccessDenied => format!("{error} ({hint})"),
        Some(_) | None => error.to_string(),
    };
    if error.kind == AwsErrorKind::Quota {
        EndpointOutcome::SkippedQuota {
            reason: error.message,
        }
    } else {
        EndpointOutcome::DeployFailed { reason }
    }
}
