//! PURE: the state machine of a simulated account over an explicit clock: (state, request, now) → answer.
//!
//! Times are seconds since the Unix epoch.

mod endpoints;
mod invocations;
mod listing;
mod metrics;
mod resources;

use std::collections::BTreeMap;

use serde_json::Value;

pub(super) use self::endpoints::EndpointState;
pub(super) use self::invocations::{Answer, Request, Started};
use self::metrics::MetricStore;
use super::scenario::Scenario;
use super::validate::ApiError;
use crate::units::MemoryMb;

/// Every ARN has this account, which AWS never gives out.
const ACCOUNT_ID: &str = "000000000000";

/// A simulated account.
#[derive(Debug)]
pub(super) struct Account {
    scenario: Scenario,
    models: BTreeMap<String, Model>,
    endpoint_configs: BTreeMap<String, EndpointConfig>,
    /// By lower-case name: names are unique regardless of case.
    endpoints: BTreeMap<String, Endpoint>,
    tags: BTreeMap<String, Vec<(String, String)>>,
    /// How many endpoints of each size have been created: seeds their draws.
    created: BTreeMap<MemoryMb, u32>,
    metrics: MetricStore,
}

#[derive(Debug, Clone)]
struct Model {
    name: String,
    arn: String,
    created_at: f64,
    latency_factor: f64,
    input: Value,
}

#[derive(Debug, Clone)]
struct EndpointConfig {
    name: String,
    arn: String,
    created_at: f64,
    variant: String,
    model: String,
    memory_mb: MemoryMb,
    max_concurrency: u32,
    input: Value,
}

#[derive(Debug)]
struct Endpoint {
    name: String,
    arn: String,
    config: EndpointConfig,
    latency_factor: f64,
    created_at: f64,
    ready_at: f64,
    failure: Option<String>,
    deleting_since: Option<f64>,
    workers: invocations::Workers,
}

impl Account {
    /// An account that has the scenario's models.
    pub(super) fn new(scenario: Scenario, now: f64) -> Self {
        let models = scenario.models.iter().map(|profile| {
            let model = Model {
                name: profile.name.clone(),
                arn: arn("us-east-1", "model", &profile.name),
                created_at: now,
                latency_factor: profile.latency_factor,
                input: Value::Null,
            };
            (profile.name.clone(), model)
        });
        Self {
            models: models.collect(),
            endpoint_configs: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            tags: BTreeMap::new(),
            created: BTreeMap::new(),
            metrics: MetricStore::default(),
            scenario,
        }
    }

    /// Answers a call of the SageMaker control plane.
    pub(super) fn sagemaker(
        &mut self,
        operation: &str,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        self.forget_deleted(now);
        match operation {
            "CreateModel" => self.create_model(input, region, now),
            "DescribeModel" => self.describe_model(input, region),
            "DeleteModel" => self.delete_model(input, region),
            "ListModels" => self.list_models(input),
            "CreateEndpointConfig" => self.create_endpoint_config(input, region, now),
            "DescribeEndpointConfig" => self.describe_endpoint_config(input, region),
            "DeleteEndpointConfig" => self.delete_endpoint_config(input, region),
            "ListEndpointConfigs" => self.list_endpoint_configs(input),
            "CreateEndpoint" => self.create_endpoint(input, region, now),
            "DescribeEndpoint" => self.describe_endpoint(input, region, now),
            "DeleteEndpoint" => self.delete_endpoint(input, region, now),
            "ListEndpoints" => self.list_endpoints(input, now),
            "AddTags" => self.add_tags(input),
            "ListTags" => self.list_tags(input),
            _ => Err(unknown_operation(operation)),
        }
    }

    /// Answers a call of CloudWatch.
    pub(super) fn cloudwatch(
        &self,
        operation: &str,
        input: &Value,
        now: f64,
    ) -> Result<Value, ApiError> {
        let visible_until = now - self.scenario.life_cycle.metric_delay_seconds;
        match operation {
            "GetMetricData" => self.metrics.get_metric_data(input, visible_until),
            "GetMetricStatistics" => self.metrics.get_metric_statistics(input, visible_until),
            _ => Err(unknown_operation(operation)),
        }
    }
}

fn unknown_operation(operation: &str) -> ApiError {
    ApiError::new(
        404,
        "UnknownOperationException",
        format!("the simulator does not know {operation}"),
    )
}

fn arn(region: &str, kind: &str, name: &str) -> String {
    format!(
        "arn:aws:sagemaker:{region}:{ACCOUNT_ID}:{kind}/{}",
        name.to_lowercase()
    )
}

#[cfg(test)]
mod tests;
