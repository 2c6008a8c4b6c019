//! Attempts and time limits of the control plane, and what is worth another attempt beyond what the
//! SDK thinks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::error::{AwsError, AwsErrorKind};

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts of a control-plane call including the first, so that throttled creates and deletes get
/// through.
const CONTROL_ATTEMPTS: u32 = 8;
const CONTROL_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn control_retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(CONTROL_ATTEMPTS)
}

pub(super) fn control_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(CONTROL_ATTEMPT_TIMEOUT)
        .build()
}

/// A success whose answer cannot be read: something between AWS and us has spoilt it. The
/// operations that use this may be repeated: a second create says that the first has worked
/// ([`Attempts`]), and a second delete that nothing is there.
#[derive(Debug)]
pub(super) struct UnreadableAnswer;

impl ClassifyRetry for UnreadableAnswer {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let has_failed = matches!(context.output_or_error(), Some(Err(_)));
        let succeeded = context
            .response()
            .is_some_and(|response| response.status().is_success());
        if has_failed && succeeded {
            RetryAction::transient_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "an answer that cannot be read"
    }
}

/// What a create call has done that AWS did not refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It has created the resource.
    Created,
    /// A resource of that name was there before, and is somebody else's.
    Taken,
}

/// Interceptor that remembers whether an attempt of a call may have been carried out although its
/// answer was lost: only then is what "exists already" this call's.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempts(Arc<AtomicBool>);

impl Attempts {
    /// What the call has done, whose answer this is.
    pub(super) fn creation<T>(&self, answer: Result<T, AwsError>) -> Result<Creation, AwsError> {
        match answer {
            Ok(_) => Ok(Creation::Created),
            Err(error) if error.kind != AwsErrorKind::AlreadyExists => Err(error),
            Err(_) if self.0.load(Ordering::SeqCst) => Ok(Creation::Created),
            Err(_) => Ok(Creation::Taken),
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "sagegate attempts"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let status = context.response().map(HttpResponse::status);
        // No answer, one that cannot be read, or one of a server that broke down on the way.
        let is_unclear = status.is_none_or(|it| it.is_success() || it.is_server_error());
        if is_unclear {
            self.0.store(true, Ordering::SeqCst);
        }
        Ok(())
    }
}
