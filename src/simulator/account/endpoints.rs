//! The life of an endpoint: `Creating` → `InService` | `Failed` → `Deleting` → gone.

use serde_json::{Value, json};

use super::hosted::{HostOrder, Placement, deploy};
use super::resources::{existing, missing};
use super::workers::Workers;
use super::{Account, Deployment, Endpoint, Serverless, arn, tags_key};
use crate::simulator::latency::Draws;
use crate::simulator::validate::{ApiError, name, tags};

/// Where an endpoint is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum EndpointState {
    Creating,
    InService,
    Failed,
    Deleting,
}

impl EndpointState {
    /// AWS's `EndpointStatus`.
    pub(in crate::simulator) const fn name(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::InService => "InService",
            Self::Failed => "Failed",
            Self::Deleting => "Deleting",
        }
    }
}

impl Endpoint {
    pub(super) fn state(&self, now: f64) -> EndpointState {
        if self.deleting_since.is_some() {
            EndpointState::Deleting
        } else {
            match self.deployed(now) {
                None => EndpointState::Creating,
                Some((_, Some(_))) => EndpointState::Failed,
                Some((_, None)) => EndpointState::InService,
            }
        }
    }

    /// When its deployment was over, and why it has failed if it has; `None` while it goes on.
    pub(super) fn deployed(&self, now: f64) -> Option<(f64, Option<&str>)> {
        match &self.deployment {
            Deployment::Timed { ready_at, failure } => {
                (now >= *ready_at).then_some((*ready_at, failure.as_deref()))
            }
            Deployment::Hosted(end) => {
                let (at, end) = end.as_ref()?;
                Some((*at, end.as_ref().err().map(String::as_str)))
            }
        }
    }
}

impl Serverless {
    fn as_json(self) -> Value {
        let mut members = json!({
            "MemorySizeInMB": self.memory_mb.get(),
            "MaxConcurrency": self.max_concurrency,
        });
        if let (Some(members), true) = (members.as_object_mut(), self.provisioned > 0) {
            members.insert("ProvisionedConcurrency".to_owned(), json!(self.provisioned));
        }
        members
    }
}

impl Account {
    /// Drops endpoints whose deletion is over.
    pub(super) fn forget_deleted(&mut self, now: f64) {
        let takes = self.scenario.life_cycle.deleting_seconds;
        let is_gone = |endpoint: &Endpoint| {
            // Those in containers are gone when their host says so.
            let is_timed = matches!(endpoint.deployment, Deployment::Timed { .. });
            let since = endpoint.deleting_since.filter(|_| is_timed);
            since.is_some_and(|since| now >= since + takes)
        };
        let gone = self.endpoints.values().filter(|endpoint| is_gone(endpoint));
        let arns: Vec<String> = gone.map(|endpoint| endpoint.arn.clone()).collect();
        self.endpoints.retain(|_, endpoint| !is_gone(endpoint));
        for arn in arns {
            self.tags.remove(&tags_key(&arn));
        }
    }

    pub(super) fn create_endpoint(
        &mut self,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        let name = name(input, "EndpointName")?;
        let config_name = crate::simulator::validate::name(input, "EndpointConfigName")?;
        let tags = tags(input)?;
        let arn_of_endpoint = arn(region, "endpoint", name);
        if self.endpoints.contains_key(&name.to_lowercase()) {
            return Err(existing("endpoint", &arn_of_endpoint));
        }
        let config = self.endpoint_configs.get(config_name).cloned();
        let config = config.ok_or_else(|| {
            missing(
                "endpoint configuration",
                &arn(region, "endpoint-config", config_name),
            )
        })?;
        self.check_machine(&config)?;
        self.check_quotas(config.serverless)?;
        let model = self.models.get(&config.model);
        let model = model.ok_or_else(|| missing("model", &arn(region, "model", &config.model)))?;
        let order = match &self.placement {
            Placement::Drawn => None,
            Placement::Containers(_) => Some(deploy(name, &config, model, region, &tags)?),
        };
        let ordinal = self.created.entry(config.serverless.memory_mb).or_insert(0);
        let draws = Draws::new(
            self.scenario.seed,
            config.serverless.memory_mb,
            *ordinal,
            &self.scenario.latency,
        );
        let life_cycle = &self.scenario.life_cycle;
        let times = life_cycle.failing_times;
        let fails = (times == 0 || *ordinal < times)
            && life_cycle
                .failing_memory_mb
                .contains(&config.serverless.memory_mb.get());
        *ordinal += 1;
        let endpoint = Endpoint {
            name: name.to_owned(),
            arn: arn_of_endpoint.clone(),
            latency_factor: model.latency_factor,
            created_at: now,
            deployment: match &self.placement {
                Placement::Drawn => Deployment::Timed {
                    ready_at: now + life_cycle.creating_seconds,
                    failure: fails.then(|| life_cycle.failure_reason.clone()),
                },
                Placement::Containers(_) => Deployment::Hosted(None),
            },
            has_written: false,
            deleting_since: None,
            workers: Workers::new(config.serverless, draws, now),
            config,
        };
        self.endpoints.insert(name.to_lowercase(), endpoint);
        self.host_orders.extend(order);
        self.tags.insert(tags_key(&arn_of_endpoint), tags);
        Ok(json!({ "EndpointArn": arn_of_endpoint }))
    }

    pub(super) fn describe_endpoint(
        &self,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        let name = name(input, "EndpointName")?;
        let endpoint = self.endpoints.get(&name.to_lowercase());
        let endpoint =
            endpoint.ok_or_else(|| missing("endpoint", &arn(region, "endpoint", name)))?;
        let state = endpoint.state(now);
        let mut answer = json!({
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "EndpointConfigName": endpoint.config.name,
            "EndpointStatus": state.name(),
            "CreationTime": endpoint.created_at,
            "LastModifiedTime": endpoint
                .deleting_since
                .unwrap_or_else(|| endpoint.deployed(now).map_or(now, |(at, _)| at)),
        });
        let extra = match state {
            EndpointState::Failed => {
                let reason = endpoint.deployed(now).and_then(|(_, failure)| failure);
                ("FailureReason", json!(reason))
            }
            EndpointState::InService => (
                "ProductionVariants",
                json!([{
                    "VariantName": endpoint.config.variant,
                    "CurrentWeight": 1.0,
                    "DesiredWeight": 1.0,
                    "CurrentServerlessConfig": endpoint.config.serverless.as_json(),
                }]),
            ),
            EndpointState::Creating | EndpointState::Deleting => return Ok(answer),
        };
        if let Value::Object(members) = &mut answer {
            members.insert(extra.0.to_owned(), extra.1);
        }
        Ok(answer)
    }

    pub(super) fn delete_endpoint(
        &mut self,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        let name = name(input, "EndpointName")?;
        let endpoint = self.endpoints.get_mut(&name.to_lowercase());
        let endpoint =
            endpoint.ok_or_else(|| missing("endpoint", &arn(region, "endpoint", name)))?;
        match endpoint.state(now) {
            EndpointState::Creating => Err(ApiError::validation(format!(
                "Cannot update in-progress endpoint \"{}\".",
                endpoint.arn
            ))),
            EndpointState::InService | EndpointState::Failed => {
                endpoint.deleting_since = Some(now);
                if matches!(endpoint.deployment, Deployment::Hosted(_)) {
                    let order = HostOrder::DeleteEndpoint(endpoint.name.clone());
                    self.host_orders.push(order);
                }
                Ok(json!({}))
            }
            EndpointState::Deleting => Ok(json!({})),
        }
    }

    /// Names and states of all endpoints.
    pub(in crate::simulator) fn endpoint_states(
        &mut self,
        now: f64,
    ) -> Vec<(String, EndpointState)> {
        self.forget_deleted(now);
        self.endpoints
            .values()
            .map(|endpoint| (endpoint.name.clone(), endpoint.state(now)))
            .collect()
    }

    /// Names of all log groups.
    pub(in crate::simulator) fn log_group_names(&mut self, now: f64) -> Vec<String> {
        self.write_failures(now);
        self.logs.names()
    }

    /// Names of all endpoint configs.
    pub(in crate::simulator) fn endpoint_config_names(&self) -> Vec<String> {
        self.endpoint_configs.keys().cloned().collect()
    }

    /// Names of all models.
    pub(in crate::simulator) fn model_names(&self) -> Vec<String> {
        self.models.keys().cloned().collect()
    }
}
