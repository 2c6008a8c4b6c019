//! Attempts and time limits of the control plane, and what is worth another attempt beyond what the
//! SDK thinks.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

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
/// operations that use this may be repeated: names are those of the run, so a second create says
/// that the first has worked, and a second delete that nothing is there.
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
