//! Invocations: cold starts, throttling, faults.

use super::container::{Moment, lines};
use super::hosted::{HostedCall, Placement};
use super::metrics::Metric;
use super::{Account, Endpoint, EndpointState};
use crate::simulator::injected::{FaultKind, InjectedFault, SpoiltAnswer};
use crate::simulator::latency::Fault;
use crate::simulator::operations::Operation;
use crate::simulator::scenario::Scenario;
use crate::simulator::validate::ApiError;

/// Largest request body: 4 MB.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
const SECOND_MS: f64 = 1000.0;

/// An invocation as it arrives.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulator) struct Request<'a> {
    pub(in crate::simulator) endpoint: &'a str,
    pub(in crate::simulator) content_type: Option<&'a str>,
    pub(in crate::simulator) body_bytes: usize,
    pub(in crate::simulator) id: &'a str,
}

/// An invocation that is taken.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) enum Accepted {
    /// Answered when the scenario says.
    Drawn(Started),
    /// Answered by a container.
    Hosted(HostedCall),
}

/// An invocation that occupies a worker until [`Account::finish`].
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Started {
    endpoint: String,
    worker: usize,
    model_latency_ms: f64,
    overhead_ms: f64,
    setup_ms: Option<f64>,
    /// How long until the answer.
    pub(in crate::simulator) wait_ms: f64,
    /// What it is.
    pub(in crate::simulator) answer: Answer,
}

/// What comes back once the wait is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) enum Answer {
    Success {
        response_bytes: usize,
        variant: String,
    },
    Error(ApiError),
    DroppedConnection,
}

impl Account {
    /// Accepts an invocation, or refuses it at once.
    pub(in crate::simulator) fn invoke(
        &mut self,
        request: Request<'_>,
        now: f64,
    ) -> Result<Accepted, ApiError> {
        self.forget_deleted(now);
        let Self {
            endpoints,
            scenario,
            metrics,
            logs,
            fault_rules,
            placement,
            ..
        } = self;
        let found = endpoints.get_mut(&request.endpoint.to_lowercase());
        let found = found
            .filter(|it| it.name == request.endpoint && it.state(now) == EndpointState::InService);
        let Some(endpoint) = found else {
            let denied = fault_rules.denies(Operation::InvokeEndpoint, request.endpoint);
            let refusal = denied.and_then(InjectedFault::refusal);
            return Err(refusal.unwrap_or_else(|| not_found(request.endpoint)));
        };
        if request.body_bytes > MAX_BODY_BYTES {
            let message = format!("Request {} has oversize body.", request.id);
            return Err(ApiError::new(400, "ValidationError", message));
        }
        let mut refused = |endpoint: &Endpoint, metric, error| {
            for metric in [Metric::Invocations, metric] {
                metrics.add_point(&endpoint.name, &endpoint.config.variant, metric, now, 1.0);
            }
            Err(error)
        };
        let injected = fault_rules.hit(Operation::InvokeEndpoint, request.endpoint);
        let denied = injected.filter(|it| it.kind.is_denial());
        if let Some(error) = denied.and_then(InjectedFault::refusal) {
            return refused(endpoint, Metric::Invocation4XXErrors, error);
        }
        let fault = injected
            .and_then(|it| of_a_call(it.kind))
            .or_else(|| endpoint.workers.draws.fault(&scenario.faults));
        match fault {
            Some(Fault::Throttle) => {
                return refused(endpoint, Metric::Invocation4XXErrors, throttled());
            }
            Some(Fault::InternalError) => {
                return refused(endpoint, Metric::Invocation5XXErrors, ApiError::internal());
            }
            Some(Fault::NotReady) => return Err(not_ready(&endpoint.config.variant)),
            Some(Fault::TimedOut) => {
                let error = timed_out(&endpoint.config.variant);
                return refused(endpoint, Metric::Invocation5XXErrors, error);
            }
            Some(Fault::ModelError | Fault::DroppedConnection) | None => {}
        }
        if matches!(placement, Placement::Containers(_)) {
            return Ok(Accepted::Hosted(HostedCall {
                endpoint: endpoint.name.clone(),
                variant: endpoint.config.variant.clone(),
            }));
        }
        match endpoint.workers.take(now, scenario.model.idle_seconds) {
            Some((worker, is_cold)) => {
                let (answer, failure) = endpoint.answer(request, fault, scenario);
                let start = is_cold.then_some(Moment::Started);
                let written = lines(start.into_iter().chain(failure), &scenario.model);
                logs.write(endpoint.writer(worker), &written, now);
                let mut started = endpoint.start(request, (worker, is_cold), answer, scenario);
                if let Some(SpoiltAnswer::Late(late)) = injected.and_then(InjectedFault::spoilt) {
                    started.wait_ms += late.as_secs_f64() * SECOND_MS;
                }
                Ok(Accepted::Drawn(started))
            }
            None => refused(endpoint, Metric::Invocation4XXErrors, throttled()),
        }
    }

    /// Frees the worker and records the metrics. `completed` is false when the caller went away.
    pub(in crate::simulator) fn finish(&mut self, started: &Started, completed: bool, now: f64) {
        let Some(endpoint) = self.endpoints.get_mut(&started.endpoint.to_lowercase()) else {
            return;
        };
        endpoint.workers.release(started.worker, now);
        if !completed {
            return;
        }
        let memory_mb = f64::from(endpoint.config.serverless.memory_mb.get());
        let used = self.scenario.model.used_memory_mb / memory_mb + 0.05;
        let (name, variant) = (endpoint.name.clone(), endpoint.config.variant.clone());
        let mut record =
            |metric, value: f64| self.metrics.add_point(&name, &variant, metric, now, value);
        let failed = f64::from(u8::from(matches!(started.answer, Answer::Error(_))));
        record(Metric::Invocations, 1.0);
        record(Metric::Invocation4XXErrors, 0.0);
        record(Metric::Invocation5XXErrors, failed);
        record(Metric::ModelLatency, started.model_latency_ms * SECOND_MS);
        let cold_ms = started.setup_ms.unwrap_or_default();
        record(
            Metric::OverheadLatency,
            (started.overhead_ms + cold_ms) * SECOND_MS,
        );
        record(Metric::MemoryUtilization, used.min(1.0) * 100.0);
        if let Some(setup_ms) = started.setup_ms {
            record(Metric::ModelSetupTime, setup_ms * SECOND_MS);
        }
    }
}

impl Endpoint {
    /// Draws what a call on a worker is like. A cold start adds its setup to the overhead.
    fn start(
        &mut self,
        request: Request<'_>,
        (worker, is_cold): (usize, bool),
        answer: Answer,
        scenario: &Scenario,
    ) -> Started {
        let draws = &mut self.workers.draws;
        let model_latency_ms = draws.model_latency_ms(
            &scenario.latency,
            self.config.serverless.memory_mb,
            self.latency_factor,
            request.body_bytes,
        );
        let overhead_ms = draws.overhead_ms(&scenario.latency);
        let setup_ms = is_cold
            .then_some(scenario.model.setup_ms)
            .filter(|setup| *setup > 0.0);
        Started {
            endpoint: self.name.clone(),
            worker,
            model_latency_ms,
            overhead_ms,
            setup_ms,
            wait_ms: setup_ms.unwrap_or_default() + model_latency_ms + overhead_ms,
            answer,
        }
    }

    /// What a call comes to, and what the container writes about that.
    fn answer(
        &self,
        request: Request<'_>,
        fault: Option<Fault>,
        scenario: &Scenario,
    ) -> (Answer, Option<Moment>) {
        let variant = &self.config.variant;
        let model = &scenario.model;
        let content_type = request.content_type.unwrap_or_default();
        let accepted = &model.content_types;
        if !accepted.is_empty() && !accepted.iter().any(|it| it == content_type) {
            let what = format!("Unsupported content type: {content_type}");
            let error = refused_by_model(variant, 415, &what);
            return (Answer::Error(error), None);
        }
        match fault {
            Some(Fault::DroppedConnection) => (Answer::DroppedConnection, None),
            Some(Fault::ModelError) => {
                let error = model_error(variant, "simulated failure of the model");
                (Answer::Error(error), Some(Moment::Failed))
            }
            _ if self.config.serverless.memory_mb.get() < model.out_of_memory_below_mb => {
                let what = "insufficient memory: the worker was killed";
                let error = model_error(variant, what);
                (Answer::Error(error), Some(Moment::RanOutOfMemory))
            }
            Some(Fault::Throttle | Fault::InternalError | Fault::NotReady | Fault::TimedOut)
            | None => {
                let success = Answer::Success {
                    response_bytes: model.response_bytes,
                    variant: variant.clone(),
                };
                (success, None)
            }
        }
    }
}

/// What a fault of an operation does to an invocation, whose answer is any bytes: the check of a
/// scenario refuses those that would spoil it.
const fn of_a_call(kind: FaultKind) -> Option<Fault> {
    match kind {
        FaultKind::Throttle => Some(Fault::Throttle),
        FaultKind::InternalError => Some(Fault::InternalError),
        FaultKind::DroppedConnection | FaultKind::LostAnswer => Some(Fault::DroppedConnection),
        FaultKind::AccessDenied
        | FaultKind::ExpiredToken
        | FaultKind::RoleRefused
        | FaultKind::MalformedAnswer
        | FaultKind::EmptyAnswer
        | FaultKind::SlowAnswer
        | FaultKind::Taken => None,
    }
}

/// AWS sends the code in a header and `null` as the message.
pub(in crate::simulator) fn throttled() -> ApiError {
    ApiError {
        status: 400,
        code: "ThrottlingException",
        message: None,
    }
}

fn not_found(endpoint: &str) -> ApiError {
    let message = format!(
        "Endpoint {endpoint} of account {} not found.",
        super::ACCOUNT_ID
    );
    ApiError::new(400, "ValidationError", message)
}

fn not_ready(variant: &str) -> ApiError {
    let message =
        format!("Variant {variant} is not ready: its resources are still being provisioned.");
    ApiError::new(429, "ModelNotReadyException", message)
}

/// What AWS says of a container that has not answered within 60 seconds; the simulator does not
/// wait for them.
pub(in crate::simulator) fn timed_out(variant: &str) -> ApiError {
    let message = format!(
        "Received server error (0) from {variant} with message \"Your invocation timed out while waiting for a \
         response from container {variant}. Review the latency metrics for each container in Amazon CloudWatch, \
         resolve the issue, and try again.\""
    );
    ApiError::new(424, "ModelError", message)
}

pub(in crate::simulator) fn model_error(variant: &str, what: &str) -> ApiError {
    let message = format!(
        "Received server error (500) from {variant} with message \"{what}\". See CloudWatch logs for more information."
    );
    ApiError::new(424, "ModelError", message)
}

/// What AWS says of a container that answers with a status of 400 to 499.
fn refused_by_model(variant: &str, status: u16, what: &str) -> ApiError {
    let message = format!(
        "Received client error ({status}) from {variant} with message \"{what}\". See CloudWatch logs for more \
         information."
    );
    ApiError::new(424, "ModelError", message)
}
