//! When a request left, when its answer began and when it was complete, seen from inside the SDK.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::network::WireClock;
use crate::result::Clock;
use crate::sync::lock;

/// Interceptor that marks the moments of one request. Credentials, serialisation and signing come
/// before the first mark, so they are not part of a latency.
#[derive(Debug, Clone, Default)]
pub(super) struct Timing {
    marks: Arc<Mutex<Marks>>,
    wire: WireClock,
}

#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    transmit: Option<Instant>,
    headers: Option<Instant>,
    complete: Option<Instant>,
}

/// The moments of one finished request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timed {
    /// Before the first byte was written; by the program's clock, just before transmit.
    pub(super) sent: Instant,
    /// Until the answer began; until the failure, if none came.
    pub(super) first_byte: Duration,
    /// Until the body was complete; until the failure, if it never was.
    pub(super) total: Duration,
    pub(super) clock: Clock,
}

/// What the program's clock and the moments at the wire, which lie within, may disagree by.
const ROUNDING: Duration = Duration::from_micros(50);

impl Timing {
    fn mark(&self, set: impl FnOnce(&mut Marks)) {
        set(&mut lock(&self.marks));
    }

    /// The moments of the request that began to be prepared at `called` and was over at `returned`.
    pub(super) fn finish(&self, called: Instant, returned: Instant) -> Timed {
        let marks = *lock(&self.marks);
        let by_program = marks.by_program(called, returned);
        // Only a complete answer has all moments at the wire.
        if marks.complete.is_none() {
            return by_program;
        }
        self.at_the_wire(&by_program).unwrap_or(by_program)
    }

    /// `None` where the kernel gave no stamps that are within what the program saw.
    fn at_the_wire(&self, by_program: &Timed) -> Option<Timed> {
        let wire = self.wire.times()?;
        let waited = wire.sent.checked_duration_since(by_program.sent)?;
        (waited + wire.last_byte <= by_program.total + ROUNDING).then_some(Timed {
            sent: wire.sent,
            first_byte: wire.first_byte,
            total: wire.last_byte,
            clock: Clock::Kernel,
        })
    }
}

impl Marks {
    fn by_program(&self, called: Instant, returned: Instant) -> Timed {
        let sent = self.transmit.unwrap_or(called);
        let complete = self.complete.unwrap_or(returned);
        Timed {
            sent,
            first_byte: self.headers.unwrap_or(complete).duration_since(sent),
            total: complete.duration_since(sent),
            clock: Clock::Program,
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Timing {
    fn name(&self) -> &'static str {
        "sagegate timing"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().add_extension(self.wire.clone());
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.mark(|marks| marks.transmit = Some(Instant::now()));
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.mark(|marks| marks.headers = Some(Instant::now()));
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        _: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.mark(|marks| marks.complete = Some(Instant::now()));
        Ok(())
    }
}

/// Interceptor that remembers the host that a client really talks to: endpoint overrides come from
/// several variables and profile sections, and only the request shows which one won.
#[derive(Debug, Clone, Default)]
pub(super) struct HostRecorder(Arc<Mutex<Option<String>>>);

impl HostRecorder {
    /// The host of the last request, without port, or `None` before the first.
    pub(super) fn host(&self) -> Option<String> {
        lock(&self.0).clone()
    }
}

#[dyn_dispatch_hint]
impl Intercept for HostRecorder {
    fn name(&self) -> &'static str {
        "sagegate host recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let host = host_of(context.request().uri());
        *lock(&self.0) = host;
        Ok(())
    }
}

/// Host of an absolute URI without user, port and path; an IPv6 address keeps its brackets.
fn host_of(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_and_port = authority.rsplit('@').next()?;
    let host = match host_and_port.split_once(']') {
        Some((address, _)) => format!("{address}]"),
        None => host_and_port.split(':').next()?.to_owned(),
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_without_port_user_and_path() {
        assert_eq!(
            host_of("http://127.0.0.1:4566/prefix/x").as_deref(),
            Some("127.0.0.1")
        );
        assert_eq!(
            host_of("https://u:p@api.example.com").as_deref(),
            Some("api.example.com")
        );
        assert_eq!(host_of("http://[::1]:80/").as_deref(), Some("[::1]"));
        assert_eq!(host_of("/relative"), None);
    }

    #[test]
    fn a_request_that_failed_before_transmit_is_timed_from_the_call() {
        let called = Instant::now();
        let returned = called + Duration::from_millis(7);
        let timed = Timing::default().finish(called, returned);
        assert_eq!(
            (timed.sent, timed.total),
            (called, Duration::from_millis(7))
        );
        assert_eq!(timed.first_byte, timed.total);
    }
}
