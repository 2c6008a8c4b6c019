//! PURE: a failed call in words: which sample it was, what its container said, what AWS said.

use crate::result::{Cause, Invocation, InvocationOutcome, ModelMessage, OutcomeKind};
use crate::samples::SampleSet;

/// HTTP status of a container that does not take the content type.
const UNSUPPORTED_MEDIA_TYPE: u16 = 415;

/// What went wrong; `None` when the call succeeded. A sample is named where another one might have
/// been answered.
pub(super) fn words(samples: &SampleSet, call: &Invocation) -> Option<String> {
    let words = match &call.outcome {
        InvocationOutcome::ModelError(message) => {
            let message = ModelMessage::of(message);
            let advice = is_about_type(&message).then(|| advice(samples, call.sample));
            message.with_advice(advice.as_deref())
        }
        InvocationOutcome::Success
        | InvocationOutcome::Throttled
        | InvocationOutcome::NotReady
        | InvocationOutcome::OutOfMemory
        | InvocationOutcome::ServiceError(_)
        | InvocationOutcome::TransportError(_) => call.failure_words()?,
    };
    let is_of_sample =
        call.outcome.kind() == OutcomeKind::ModelError || call.cause() == Some(Cause::Input);
    Some(if is_of_sample {
        format!("{}: {words}", samples.described(call.sample))
    } else {
        words
    })
}

/// Containers that answer with another status say it in words.
fn is_about_type(message: &ModelMessage<'_>) -> bool {
    let said = message.said.to_lowercase();
    let is_client_error = message.status.is_some_and(|it| (400..500).contains(&it));
    message.status == Some(UNSUPPORTED_MEDIA_TYPE)
        || is_client_error
            && ["content type", "content-type", "media type"]
                .iter()
                .any(|words| said.contains(words))
}

fn advice(samples: &SampleSet, index: u32) -> String {
    let sent = match samples.content_type(index) {
        Some(content_type) => format!("sent was {content_type}"),
        None => "no content type was sent".to_owned(),
    };
    format!("{sent}, --content-type or the sample's ContentType names another")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> SampleSet {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        let text = "{\"Body\":\"a\"}\n\n{\"Body\":\"b\",\"ContentType\":\"audio/wav\"}\n";
        std::fs::write(&path, text).unwrap();
        SampleSet::load(&path, None).unwrap()
    }

    fn said(sample: u32, outcome: InvocationOutcome, cause: Cause) -> String {
        let call = Invocation {
            sample,
            ..Invocation::failed(outcome, cause)
        };
        words(&samples(), &call).unwrap()
    }

    #[test]
    fn a_failing_sample_is_named_by_number_and_line() {
        let error = |status: u16, said: &str| {
            let kind = if status < 500 { "client" } else { "server" };
            let message = format!(
                "Received {kind} error ({status}) from primary with message \"{said}\". See CloudWatch."
            );
            InvocationOutcome::ModelError(message.into())
        };
        let oversize = InvocationOutcome::ServiceError("oversize body".into());
        let texts = [
            said(1, error(500, "no such column"), Cause::Model),
            said(1, error(415, "Unsupported"), Cause::Model),
            said(
                0,
                error(400, "Content type None is not supported"),
                Cause::Model,
            ),
            said(0, error(400, "no such column"), Cause::Model),
            said(0, oversize, Cause::Input),
            said(0, InvocationOutcome::Throttled, Cause::Service),
            said(0, InvocationOutcome::OutOfMemory, Cause::Model),
        ];
        insta::assert_snapshot!(texts.join("\n"), @"
        sample 2 (line 3): no such column; ModelError: Received server error (500) from primary. See CloudWatch.
        sample 2 (line 3): Unsupported; sent was audio/wav, --content-type or the sample's ContentType names another; ModelError: Received client error (415) from primary. See CloudWatch.
        sample 1 (line 1): Content type None is not supported; no content type was sent, --content-type or the sample's ContentType names another; ModelError: Received client error (400) from primary. See CloudWatch.
        sample 1 (line 1): no such column; ModelError: Received client error (400) from primary. See CloudWatch.
        sample 1 (line 1): oversize body
        ThrottlingException
        out of memory
        ");
    }
}
