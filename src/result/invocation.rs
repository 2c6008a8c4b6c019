//! One call of `InvokeEndpoint`, and the kinds of answers.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::clock::Clock;
use crate::units::to_microsecond;

/// One call of `InvokeEndpoint`. Serialised as a row `[sample, start_ms, latency_ms, first_byte_ms,
/// request_bytes, response_bytes, outcome]` to keep the file small; an object with the members that
/// may be absent follows where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct Invocation {
    /// Index of the sample that was sent.
    pub sample: u32,
    /// When it was sent, in milliseconds since the start of the run.
    pub start_ms: f64,
    /// From the first byte written to the last byte of the answer, in milliseconds.
    pub latency_ms: f64,
    /// From the first byte written to the first bytes of the answer, in milliseconds.
    pub first_byte_ms: f64,
    /// Bytes of the request body.
    pub request_bytes: u64,
    /// Bytes of the response body.
    pub response_bytes: u64,
    /// What came back.
    pub outcome: InvocationOutcome,
    /// Open loop only: when it should have been sent, in milliseconds since the start of the run.
    pub due_ms: Option<f64>,
    /// What is known of a failure besides its kind; `None` for a success, and in files of older
    /// versions. Behind a pointer, as a result may hold millions of calls, and few fail.
    pub failure: Option<Box<CallFailure>>,
    /// By which clock. Only a success is marked where it is the program's.
    pub clock: Clock,
}

/// What is known of a failed call besides its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFailure {
    /// What it is due to.
    pub cause: Cause,
    /// AWS's own words, where the outcome has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Whether the same call was sent again: a failure that passes is no answer of the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sent_again: bool,
}

impl Invocation {
    /// What went wrong, in AWS's words where it said any; `None` when the call succeeded.
    pub fn failure_words(&self) -> Option<String> {
        let said = self.failure.as_ref().and_then(|it| it.said.clone());
        said.or_else(|| self.outcome.failure())
    }

    /// What a failed call is due to; `None` when it succeeded.
    pub fn cause(&self) -> Option<Cause> {
        let by_kind = || match self.outcome.kind() {
            OutcomeKind::Success => None,
            OutcomeKind::OutOfMemory | OutcomeKind::ModelError => Some(Cause::Model),
            OutcomeKind::Throttled
            | OutcomeKind::NotReady
            | OutcomeKind::ServiceError
            | OutcomeKind::TransportError => Some(Cause::Service),
        };
        self.failure.as_ref().map(|it| it.cause).or_else(by_kind)
    }

    /// Whether the same call was sent again, so that this one is neither an answer nor an error of
    /// the model.
    pub fn is_sent_again(&self) -> bool {
        match &self.failure {
            Some(failure) => failure.sent_again,
            None => self.outcome.kind() == OutcomeKind::NotReady,
        }
    }

    /// How much later than due it was sent, in milliseconds; 0 in a closed loop.
    pub fn late_ms(&self) -> f64 {
        let late = self.due_ms.map_or(0.0, |due_ms| self.start_ms - due_ms);
        late.max(0.0)
    }

    /// When its latency begins to count: when it was due, or was sent, in milliseconds since the
    /// start of the run.
    pub fn begin_ms(&self) -> f64 {
        self.due_ms.unwrap_or(self.start_ms)
    }

    /// From when it was due to the complete body, in milliseconds: a call that waits behind slow
    /// ones is not forgotten. The latency itself in a closed loop.
    pub fn latency_from_due(&self) -> f64 {
        self.latency_ms + self.late_ms()
    }
}

/// The members of an [`Invocation`] in the order of the file.
#[derive(Serialize, Deserialize)]
struct Row(
    u32,
    f64,
    f64,
    f64,
    u64,
    u64,
    InvocationOutcome,
    #[serde(default, skip_serializing_if = "MayBeAbsent::is_empty")] MayBeAbsent,
);

/// What not every call has.
#[derive(Default, Serialize, Deserialize)]
struct MayBeAbsent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Box<CallFailure>>,
    #[serde(default, skip_serializing_if = "Clock::is_kernel")]
    clock: Clock,
}

impl MayBeAbsent {
    const fn is_empty(&self) -> bool {
        self.due_ms.is_none() && self.failure.is_none() && self.clock.is_kernel()
    }
}

impl From<Row> for Invocation {
    fn from(row: Row) -> Self {
        Self {
            sample: row.0,
            start_ms: row.1,
            latency_ms: row.2,
            first_byte_ms: row.3,
            request_bytes: row.4,
            response_bytes: row.5,
            outcome: row.6,
            due_ms: row.7.due_ms,
            failure: row.7.failure,
            clock: row.7.clock,
        }
    }
}

impl From<Invocation> for Row {
    fn from(it: Invocation) -> Self {
        Self(
            it.sample,
            to_microsecond(it.start_ms),
            to_microsecond(it.latency_ms),
            to_microsecond(it.first_byte_ms),
            it.request_bytes,
            it.response_bytes,
            it.outcome,
            MayBeAbsent {
                due_ms: it.due_ms.map(to_microsecond),
                failure: it.failure,
                clock: it.clock,
            },
        )
    }
}

/// What an invocation came back with. Only [`InvocationOutcome::Success`] has a latency that
/// counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvocationOutcome {
    /// A complete response with status 200.
    #[serde(rename = "ok")]
    Success,
    /// `ThrottlingException`: more calls than `MaxConcurrency`.
    Throttled,
    /// `ModelNotReadyException`: resources are still being provisioned.
    NotReady,
    /// `ModelError` that says the container ran out of memory.
    OutOfMemory,
    /// Any other `ModelError`: AWS's message.
    ModelError(Box<str>),
    /// Any other answer of the service: code and message.
    ServiceError(Box<str>),
    /// No complete answer: connection refused, reset, or timed out.
    TransportError(Box<str>),
}

impl InvocationOutcome {
    /// Whether the invocation succeeded.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Success)
    }

    /// Which kind it is.
    pub const fn kind(&self) -> OutcomeKind {
        match self {
            Self::Success => OutcomeKind::Success,
            Self::Throttled => OutcomeKind::Throttled,
            Self::NotReady => OutcomeKind::NotReady,
            Self::OutOfMemory => OutcomeKind::OutOfMemory,
            Self::ModelError(_) => OutcomeKind::ModelError,
            Self::ServiceError(_) => OutcomeKind::ServiceError,
            Self::TransportError(_) => OutcomeKind::TransportError,
        }
    }

    /// What went wrong, in words; `None` when it succeeded.
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Success => None,
            Self::Throttled => Some("ThrottlingException".to_owned()),
            Self::NotReady => Some("ModelNotReadyException".to_owned()),
            Self::OutOfMemory => Some("out of memory".to_owned()),
            Self::ModelError(message) => Some(ModelMessage::of(message).in_words()),
            Self::ServiceError(message) | Self::TransportError(message) => {
                Some(message.to_string())
            }
        }
    }
}

/// AWS's message about a container that answered with an error, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelMessage<'a> {
    /// HTTP status of the container.
    pub status: Option<u16>,
    /// What the container said; empty where AWS quotes nothing.
    pub said: &'a str,
    /// AWS's own words around it.
    frame: String,
}

/// Longest quotation of a container: pages of HTML would hide all that follows.
const LONGEST_QUOTE: usize = 200;

impl<'a> ModelMessage<'a> {
    /// Of `Received server error (500) from primary with message "…". See https://… for more
    /// information.`
    pub fn of(message: &'a str) -> Self {
        let whole = || Self {
            status: None,
            said: "",
            frame: message.to_owned(),
        };
        let Some((before, rest)) = message.split_once(" with message \"") else {
            return whole();
        };
        // The container's words may hold quotes, so AWS's own end is looked for.
        let Some((said, after)) = rest.rsplit_once("\". See ") else {
            return match rest.rsplit_once('"') {
                Some((said, after)) => Self::framed(before, said, after),
                None => whole(),
            };
        };
        Self::framed(before, said, &format!(". See {after}"))
    }

    fn framed(before: &str, said: &'a str, after: &str) -> Self {
        let status = before.split_once('(').and_then(|(_, rest)| {
            let (number, _) = rest.split_once(')')?;
            number.parse().ok()
        });
        Self {
            status,
            said: said.trim(),
            frame: format!("{before}{after}"),
        }
    }

    /// The container's own message, then AWS's frame.
    pub fn in_words(&self) -> String {
        self.with_advice(None)
    }

    /// The same with advice in between.
    pub fn with_advice(&self, advice: Option<&str>) -> String {
        let quote = match self.said.char_indices().nth(LONGEST_QUOTE) {
            Some((end, _)) => format!("{}…", self.said.get(..end).unwrap_or_default()),
            None => self.said.to_owned(),
        };
        let frame = format!("ModelError: {}", self.frame);
        let parts = [quote, advice.unwrap_or_default().to_owned(), frame];
        let parts: Vec<&str> = parts
            .iter()
            .map(String::as_str)
            .filter(|it| !it.is_empty())
            .collect();
        parts.join("; ")
    }
}

/// An [`InvocationOutcome`] without its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeKind {
    /// A complete response.
    Success,
    /// More calls than `MaxConcurrency`.
    Throttled,
    /// Resources were still being provisioned.
    NotReady,
    /// The container ran out of memory.
    OutOfMemory,
    /// Any other failure of the model.
    ModelError,
    /// Any other answer of the service.
    ServiceError,
    /// No complete answer.
    TransportError,
}

impl OutcomeKind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Throttled,
        Self::NotReady,
        Self::OutOfMemory,
        Self::ModelError,
        Self::ServiceError,
        Self::TransportError,
    ];

    /// Its name in `result.json` and in CSV files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "ok",
            Self::Throttled => "throttled",
            Self::NotReady => "not_ready",
            Self::OutOfMemory => "out_of_memory",
            Self::ModelError => "model_error",
            Self::ServiceError => "service_error",
            Self::TransportError => "transport_error",
        }
    }
}

#[cfg(test)]
impl Invocation {
    /// An answered call of the first sample: 10 bytes sent, 20 received.
    pub(crate) fn answered(start_ms: f64, latency_ms: f64) -> Self {
        Self {
            sample: 0,
            start_ms,
            latency_ms,
            first_byte_ms: latency_ms,
            request_bytes: 10,
            response_bytes: 20,
            outcome: InvocationOutcome::Success,
            due_ms: None,
            failure: None,
            clock: Clock::Kernel,
        }
    }

    /// A call that ended so.
    pub(crate) fn failed(outcome: InvocationOutcome, cause: Cause) -> Self {
        Self {
            outcome,
            failure: Some(Box::new(CallFailure {
                cause,
                said: None,
                sent_again: false,
            })),
            ..Self::answered(0.0, 1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(start_ms: f64, latency_ms: f64, due_ms: Option<f64>) -> Invocation {
        Invocation {
            sample: 1,
            request_bytes: 13,
            response_bytes: 48,
            due_ms,
            ..Invocation::answered(start_ms, latency_ms)
        }
    }

    #[test]
    fn a_row_is_short_and_grows_only_by_what_is_there() {
        let row = |call| serde_json::to_string(&call).unwrap();
        assert_eq!(
            row(call(12.000_49, 5.1, None)),
            r#"[1,12.0,5.1,5.1,13,48,"ok"]"#
        );
        assert_eq!(
            row(call(12.0, 5.1, Some(11.9))),
            r#"[1,12.0,5.1,5.1,13,48,"ok",{"due_ms":11.9}]"#
        );
        let by_program = Invocation {
            clock: Clock::Program,
            ..call(12.0, 5.1, None)
        };
        assert_eq!(
            row(by_program),
            r#"[1,12.0,5.1,5.1,13,48,"ok",{"clock":"program"}]"#
        );
    }

    #[test]
    fn a_member_that_a_later_program_adds_is_ignored() {
        let later = r#"[1,12.0,5.1,5.1,13,48,"ok",{"due_ms":11.9,"cause":"x"}]"#;
        let read: Invocation = serde_json::from_str(later).unwrap();
        assert_eq!(read, call(12.0, 5.1, Some(11.9)));
    }

    #[test]
    fn latency_counts_from_the_time_a_call_was_due_and_the_raw_one_stays() {
        let late = call(120.0, 50.0, Some(100.0));
        assert_eq!(late.latency_from_due().to_bits(), 70.0_f64.to_bits());
        assert_eq!(late.begin_ms().to_bits(), 100.0_f64.to_bits());
        for on_time in [call(120.0, 50.0, None), call(120.0, 50.0, Some(120.5))] {
            assert_eq!(on_time.latency_from_due().to_bits(), 50.0_f64.to_bits());
        }
    }

    #[test]
    fn the_container_s_own_message_comes_before_the_frame_of_aws() {
        let said = |message: &str| {
            InvocationOutcome::ModelError(message.into())
                .failure()
                .unwrap()
        };
        let console = "See https://us-east-1.console.aws.amazon.com/cloudwatch/x in account 123456789012 for more \
                       information.";
        let framed = format!(
            "Received server error (500) from primary with message \"{{\"error\": \"no column \\\"x\\\"\"}}\". {console}"
        );
        assert_eq!(
            said(&framed),
            format!(
                "{{\"error\": \"no column \\\"x\\\"\"}}; ModelError: Received server error (500) from primary. {console}"
            )
        );
        let message = ModelMessage::of(&framed);
        assert_eq!(message.status, Some(500));
        assert_eq!(
            said("Received client error (415) from primary with message \"Unsupported\""),
            "Unsupported; ModelError: Received client error (415) from primary"
        );
        let silent = "Received server error (0) from primary with message \"\". See x";
        assert_eq!(
            said(silent),
            "ModelError: Received server error (0) from primary. See x"
        );
        for other in ["boom", "with message \"", " with message \"open"] {
            assert_eq!(said(other), format!("ModelError: {other}"));
        }
        let page = format!(
            "Received server error (500) from x with message \"{}\". See y",
            "é".repeat(900)
        );
        assert!(said(&page).starts_with(&format!("{}…; ModelError", "é".repeat(LONGEST_QUOTE))));
    }

    #[test]
    fn every_outcome_is_named_in_the_file_by_its_kind() {
        let words = || Box::from("x");
        let outcomes = [
            InvocationOutcome::Success,
            InvocationOutcome::Throttled,
            InvocationOutcome::NotReady,
            InvocationOutcome::OutOfMemory,
            InvocationOutcome::ModelError(words()),
            InvocationOutcome::ServiceError(words()),
            InvocationOutcome::TransportError(words()),
        ];
        assert_eq!(outcomes.clone().map(|it| it.kind()), OutcomeKind::ALL);
        for outcome in outcomes {
            let json = serde_json::to_string(&outcome).unwrap();
            assert!(json.contains(&format!("\"{}\"", outcome.kind().name())));
            assert_eq!(outcome.failure().is_none(), outcome.is_success());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_row_is_read_back_as_it_was_written(
            start in 0.0..1e8_f64, latency in 0.0..1e6_f64, due in prop::option::of(0.0..1e8_f64)
        ) {
            let text = serde_json::to_string(&call(start, latency, due)).unwrap();
            let read: Invocation = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
            prop_assert!((read.latency_ms - latency).abs() < 0.001);
            prop_assert_eq!(read.due_ms.is_some(), due.is_some());
        }
    }
}
