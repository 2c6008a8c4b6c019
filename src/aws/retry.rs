//! What is worth another attempt, beyond what the SDK thinks.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// A success whose answer cannot be read: something between AWS and us has spoilt it. The operations that use this may be
/// repeated: names are those of the run, so a second create says that the first has worked, and a second delete that
/// nothing is there.
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
