//! Endpoints whose workers are containers: what their host is told, and what it tells.

use serde_json::Value;

use super::logs::Writer;
use super::metrics::Metric;
use super::{Account, Deployment, Endpoint, EndpointConfig, Model};
use crate::engine::Machine;
use crate::simulator::validate::{ApiError, member_of, optional_text};
use crate::units::MemoryMb;

/// Longest `FailureReason` of the API, in characters.
const MAX_REASON: usize = 1024;
/// Tag with the run id.
const TAG_RUN: &str = "sagegate:run";

/// What answers invocations.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) enum Placement {
    /// Latencies drawn from the scenario.
    Drawn,
    /// Containers on this machine.
    Containers(Machine),
}

/// What the host of the containers has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) enum HostOrder {
    Deploy(Deploy),
    DeleteEndpoint(String),
    DeleteModel(String),
}

/// An endpoint that is to come into service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct Deploy {
    pub(in crate::simulator) endpoint: String,
    pub(in crate::simulator) variant: String,
    pub(in crate::simulator) model: String,
    pub(in crate::simulator) image: String,
    pub(in crate::simulator) model_data_url: Option<String>,
    pub(in crate::simulator) environment: Vec<(String, String)>,
    pub(in crate::simulator) memory_mb: MemoryMb,
    pub(in crate::simulator) max_concurrency: u32,
    pub(in crate::simulator) provisioned: u32,
    /// Region of the caller, which containers learn.
    pub(in crate::simulator) region: String,
    /// The run that the endpoint's tag names.
    pub(in crate::simulator) run: Option<String>,
}

/// An invocation that a container answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct HostedCall {
    pub(in crate::simulator) endpoint: String,
    pub(in crate::simulator) variant: String,
}

/// How an invocation of a container ended. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::simulator) struct HostedEnd {
    /// Whether the container answered with success.
    pub(in crate::simulator) succeeded: bool,
    /// In the container.
    pub(in crate::simulator) model_latency_ms: f64,
    /// Everywhere else, a cold start included.
    pub(in crate::simulator) overhead_ms: f64,
    /// From the start of a container to its readiness, where one was started.
    pub(in crate::simulator) setup_ms: Option<f64>,
}

/// What is ordered for an endpoint of `config`.
pub(super) fn deploy(
    name: &str,
    config: &EndpointConfig,
    model: &Model,
    region: &str,
    tags: &[(String, String)],
) -> Result<HostOrder, ApiError> {
    let containers = member_of(&model.input, "Containers").and_then(Value::as_array);
    let first = containers.and_then(|it| it.first());
    let container = member_of(&model.input, "PrimaryContainer").or(first);
    let container = container.unwrap_or(&Value::Null);
    let Some(image) = optional_text(container, "Image")? else {
        return Err(ApiError::validation(
            "The simulator runs images: the container has no Image.",
        ));
    };
    let environment = member_of(container, "Environment").and_then(Value::as_object);
    let variables = environment.into_iter().flatten();
    let run = tags.iter().find(|(key, _)| key == TAG_RUN);
    Ok(HostOrder::Deploy(Deploy {
        endpoint: name.to_owned(),
        variant: config.variant.clone(),
        model: config.model.clone(),
        image: image.to_owned(),
        model_data_url: optional_text(container, "ModelDataUrl")?.map(str::to_owned),
        environment: variables
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
        memory_mb: config.serverless.memory_mb,
        max_concurrency: config.serverless.max_concurrency,
        provisioned: config.serverless.provisioned,
        region: region.to_owned(),
        run: run.map(|(_, value)| value.clone()),
    }))
}

impl Account {
    /// Refuses an endpoint that is larger than the machine.
    pub(super) fn check_machine(&self, config: &EndpointConfig) -> Result<(), ApiError> {
        let Placement::Containers(machine) = &self.placement else {
            return Ok(());
        };
        let (memory_mb, workers) = (
            config.serverless.memory_mb,
            config.serverless.max_concurrency,
        );
        let Some(why) = machine.too_small_for(memory_mb, workers) else {
            return Ok(());
        };
        Err(ApiError::limit(format!("{workers} x {memory_mb}: {why}")))
    }

    /// What the host has not been told yet.
    pub(in crate::simulator) fn take_host_orders(&mut self) -> Vec<HostOrder> {
        std::mem::take(&mut self.host_orders)
    }

    /// The first worker of an endpoint is there, or will not be.
    pub(in crate::simulator) fn is_deployed(
        &mut self,
        endpoint: &str,
        end: Result<(), String>,
        now: f64,
    ) {
        let end = end.map_err(|reason| reason.chars().take(MAX_REASON).collect());
        if let Some(endpoint) = self.hosted(endpoint) {
            endpoint.deployment = Deployment::Hosted(Some((now, end)));
        }
    }

    /// The containers of a deleted endpoint are gone.
    pub(in crate::simulator) fn is_gone(&mut self, endpoint: &str) {
        if let Some(gone) = self.endpoints.remove(&endpoint.to_lowercase()) {
            self.tags.remove(&super::tags_key(&gone.arn));
        }
    }

    /// Records an invocation that a container has answered, or failed.
    pub(in crate::simulator) fn end_hosted(&mut self, call: &HostedCall, end: HostedEnd, now: f64) {
        let mut record = |metric, value: f64| {
            self.metrics
                .add_point(&call.endpoint, &call.variant, metric, now, value);
        };
        record(Metric::Invocations, 1.0);
        record(Metric::Invocation4XXErrors, 0.0);
        let failed = f64::from(u8::from(!end.succeeded));
        record(Metric::Invocation5XXErrors, failed);
        record(Metric::ModelLatency, end.model_latency_ms * 1000.0);
        record(Metric::OverheadLatency, end.overhead_ms * 1000.0);
        if let Some(setup_ms) = end.setup_ms {
            record(Metric::ModelSetupTime, setup_ms * 1000.0);
        }
    }

    /// Records an invocation that met no free worker.
    pub(in crate::simulator) fn throttle_hosted(&mut self, call: &HostedCall, now: f64) {
        for metric in [Metric::Invocations, Metric::Invocation4XXErrors] {
            self.metrics
                .add_point(&call.endpoint, &call.variant, metric, now, 1.0);
        }
    }

    /// Records how long the first worker of an endpoint took to be ready.
    pub(in crate::simulator) fn record_setup(
        &mut self,
        call: &HostedCall,
        setup_ms: f64,
        now: f64,
    ) {
        self.metrics.add_point(
            &call.endpoint,
            &call.variant,
            Metric::ModelSetupTime,
            now,
            setup_ms * 1000.0,
        );
    }

    /// Records the memory of a container, in percent of what it has.
    pub(in crate::simulator) fn record_memory(
        &mut self,
        call: &HostedCall,
        percent: f64,
        now: f64,
    ) {
        self.metrics.add_point(
            &call.endpoint,
            &call.variant,
            Metric::MemoryUtilization,
            now,
            percent,
        );
    }

    /// Writes what a container has written to its log stream.
    pub(in crate::simulator) fn write_log(
        &mut self,
        call: &HostedCall,
        worker: usize,
        lines: &[String],
        now: f64,
    ) {
        let writer = Writer {
            endpoint: &call.endpoint,
            variant: &call.variant,
            worker,
        };
        self.logs.write(writer, lines, now);
    }

    fn hosted(&mut self, endpoint: &str) -> Option<&mut Endpoint> {
        let endpoint = self.endpoints.get_mut(&endpoint.to_lowercase())?;
        let is_hosted = matches!(endpoint.deployment, Deployment::Hosted(_));
        is_hosted.then_some(endpoint)
    }
}
