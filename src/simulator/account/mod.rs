//! PURE: the state machine of a simulated account over an explicit clock: (state, request, now) →
//! answer.
//!
//! Times are seconds since the Unix epoch.

mod container;
mod endpoints;
mod faults;
mod hosted;
mod invocations;
mod jobs;
mod listing;
mod logs;
mod metrics;
mod objects;
mod quotas;
mod resources;
mod sessions;
mod workers;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use self::endpoints::EndpointState;
use self::faults::FaultRules;
pub(super) use self::hosted::{Deploy, HostOrder, HostedCall, HostedEnd, Placement};
pub(super) use self::invocations::{
    Accepted, Answer, Request, Started, model_error, throttled, timed_out,
};
use self::jobs::Job;
pub(super) use self::jobs::{JobData, JobEnd, JobOrder};
use self::logs::LogStore;
use self::metrics::MetricStore;
use self::objects::{Bucket, Buckets};
pub(super) use self::objects::{Condition, Object, ObjectAnswer, ObjectCall, ObjectOperation};
use self::sessions::{Sessions, caller_identity};
use self::workers::Workers;
use super::operations::Operation;
use super::scenario::Scenario;
use super::validate::ApiError;
use crate::units::MemoryMb;

/// Every ARN has this account, which AWS never gives out.
const ACCOUNT_ID: &str = "000000000000";

/// A simulated account.
#[derive(Debug)]
pub(super) struct Account {
    scenario: Scenario,
    placement: Placement,
    models: BTreeMap<String, Model>,
    endpoint_configs: BTreeMap<String, EndpointConfig>,
    /// By lower-case name: names are unique regardless of case.
    endpoints: BTreeMap<String, Endpoint>,
    /// By ARN without its region: the simulator is one account in whichever region asks.
    tags: BTreeMap<String, Vec<(String, String)>>,
    /// How many endpoints of each size have been created: seeds their draws.
    created: BTreeMap<MemoryMb, u32>,
    metrics: MetricStore,
    logs: LogStore,
    buckets: Buckets,
    sessions: Sessions,
    /// Processing jobs by name; they are never forgotten.
    jobs: BTreeMap<String, Job>,
    /// Jobs that are not started yet.
    job_orders: Vec<JobOrder>,
    /// What the host of the containers has not been told yet.
    host_orders: Vec<HostOrder>,
    fault_rules: FaultRules,
}

#[derive(Debug, Clone)]
struct Model {
    name: String,
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
    serverless: Serverless,
    input: Value,
}

/// `ServerlessConfig` of a variant.
#[derive(Debug, Clone, Copy)]
struct Serverless {
    memory_mb: MemoryMb,
    max_concurrency: u32,
    /// Workers that are always warm: `ProvisionedConcurrency`, 0 without.
    provisioned: u32,
}

#[derive(Debug)]
struct Endpoint {
    name: String,
    arn: String,
    config: EndpointConfig,
    latency_factor: f64,
    created_at: f64,
    deployment: Deployment,
    /// Whether the container of a failed deployment has written why.
    has_written: bool,
    deleting_since: Option<f64>,
    workers: Workers,
}

/// How an endpoint comes into service.
#[derive(Debug)]
enum Deployment {
    /// By the scenario.
    Timed {
        ready_at: f64,
        failure: Option<String>,
    },
    /// By a container: since when there is an end, and which; `None` before.
    Hosted(Option<(f64, Result<(), String>)>),
}

impl Account {
    /// The same account, whose endpoints are served by something else.
    pub(super) fn placed(self, placement: Placement) -> Self {
        Self { placement, ..self }
    }

    /// An account that has the scenario's models.
    pub(super) fn new(scenario: Scenario, now: f64) -> Self {
        let models = scenario.models.iter().map(|profile| {
            let model = Model {
                name: profile.name.clone(),
                created_at: now,
                latency_factor: profile.latency_factor,
                input: json!({ "PrimaryContainer": { "Image": "simulated" } }),
            };
            (profile.name.clone(), model)
        });
        let models: BTreeMap<String, Model> = models.collect();
        let tags = models
            .keys()
            .map(|name| (tags_key(&arn("", "model", name)), Vec::new()));
        Self {
            tags: tags.collect(),
            models,
            endpoint_configs: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            created: BTreeMap::new(),
            metrics: MetricStore::default(),
            logs: LogStore::default(),
            buckets: scenario
                .buckets
                .iter()
                .map(|name| (name.clone(), ACCOUNT_ID.to_owned()))
                .chain(scenario.foreign_buckets.clone())
                .map(|(name, owner)| (name, Bucket::of(owner)))
                .collect(),
            sessions: Sessions::default(),
            jobs: BTreeMap::new(),
            job_orders: Vec::new(),
            host_orders: Vec::new(),
            fault_rules: FaultRules::new(&scenario),
            placement: Placement::Drawn,
            scenario,
        }
    }

    /// Answers a call of the control plane, of CloudWatch and its logs, Service Quotas or
    /// STS. S3 and invocations have their own methods.
    pub(super) fn call(
        &mut self,
        operation: Operation,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        self.write_failures(now);
        self.forget_deleted(now);
        let visible_until = now - self.scenario.life_cycle.metric_delay_seconds;
        match operation {
            Operation::CreateModel => self.create_model(input, region, now),
            Operation::DescribeModel => self.describe_model(input, region),
            Operation::DeleteModel => self.delete_model(input, region),
            Operation::ListModels => self.list_models(input, region),
            Operation::CreateEndpointConfig => self.create_endpoint_config(input, region, now),
            Operation::DescribeEndpointConfig => self.describe_endpoint_config(input, region),
            Operation::DeleteEndpointConfig => self.delete_endpoint_config(input, region),
            Operation::ListEndpointConfigs => self.list_endpoint_configs(input),
            Operation::CreateEndpoint => self.create_endpoint(input, region, now),
            Operation::DescribeEndpoint => self.describe_endpoint(input, region, now),
            Operation::DeleteEndpoint => self.delete_endpoint(input, region, now),
            Operation::ListEndpoints => self.list_endpoints(input, now),
            Operation::CreateProcessingJob => self.create_processing_job(input, region, now),
            Operation::DescribeProcessingJob => self.describe_processing_job(input),
            Operation::ListProcessingJobs => self.list_processing_jobs(input),
            Operation::StopProcessingJob => self.stop_processing_job(input),
            Operation::AddTags => self.add_tags(input),
            Operation::ListTags => self.list_tags(input),
            Operation::GetMetricData => self.metrics.get_metric_data(input, visible_until),
            Operation::GetMetricStatistics => {
                self.metrics.get_metric_statistics(input, visible_until)
            }
            Operation::DescribeLogGroups => self.logs.describe_log_groups(input, region),
            Operation::DescribeLogStreams => self.logs.describe_log_streams(input, region),
            Operation::GetLogEvents => self.logs.get_log_events(input),
            Operation::DeleteLogGroup => self.logs.delete_log_group(input),
            Operation::GetServiceQuota => self.get_service_quota(input, region),
            Operation::AssumeRoleWithWebIdentity => self.assume_role_with_web_identity(input, now),
            Operation::GetCallerIdentity => Ok(caller_identity()),
            Operation::InvokeEndpoint
            | Operation::CreateBucket
            | Operation::DeleteObject
            | Operation::GetPriceListFile
            | Operation::GetPriceListIndex
            | Operation::GetObject
            | Operation::HeadBucket
            | Operation::HeadObject
            | Operation::ListObjectsV2
            | Operation::PutObject => Err(ApiError::unknown(operation.name())),
        }
    }
}

fn arn(region: &str, kind: &str, name: &str) -> String {
    format!(
        "arn:aws:sagemaker:{region}:{ACCOUNT_ID}:{kind}/{}",
        name.to_lowercase()
    )
}

/// What tags are kept under: an ARN without its region.
fn tags_key(arn: &str) -> String {
    arn.splitn(5, ':').skip(4).collect()
}

#[cfg(test)]
mod tests;
