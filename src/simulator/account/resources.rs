//! Models, endpoint configs and tags.

use serde_json::{Value, json};

use super::hosted::{HostOrder, Placement};
use super::{Account, EndpointConfig, Model, Serverless, arn, tags_key};
use crate::simulator::validate::{
    ApiError, integer, member_of, name, optional_text, required_integer, tags, text,
};
use crate::units::MemoryMb;

impl Account {
    pub(super) fn create_model(
        &mut self,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        let name = name(input, "ModelName")?;
        let tags = tags(input)?;
        let arn = arn(region, "model", name);
        if self.models.contains_key(name) {
            return Err(existing("model", &arn));
        }
        let containers = ["PrimaryContainer", "Containers"];
        if containers.iter().all(|it| member_of(input, it).is_none()) {
            return Err(ApiError::validation(
                "Either PrimaryContainer or Containers must be specified.",
            ));
        }
        check_role(input, "ExecutionRoleArn")?;
        let model = Model {
            name: name.to_owned(),
            created_at: now,
            latency_factor: 1.0,
            input: input.clone(),
        };
        self.models.insert(name.to_owned(), model);
        self.tags.insert(tags_key(&arn), tags);
        Ok(json!({ "ModelArn": arn }))
    }

    pub(super) fn describe_model(&self, input: &Value, region: &str) -> Result<Value, ApiError> {
        let name = name(input, "ModelName")?;
        let model = self
            .models
            .get(name)
            .ok_or_else(|| missing("model", &arn(region, "model", name)))?;
        Ok(merged(
            &model.input,
            json!({
                "ModelName": model.name,
                "ModelArn": arn(region, "model", name),
                "CreationTime": model.created_at,
            }),
        ))
    }

    pub(super) fn delete_model(&mut self, input: &Value, region: &str) -> Result<Value, ApiError> {
        let name = name(input, "ModelName")?;
        match self.models.remove(name) {
            Some(_) => {
                self.tags.remove(&tags_key(&arn(region, "model", name)));
                if matches!(self.placement, Placement::Containers(_)) {
                    self.host_orders
                        .push(HostOrder::DeleteModel(name.to_owned()));
                }
                Ok(json!({}))
            }
            None => Err(missing("model", &arn(region, "model", name))),
        }
    }

    pub(super) fn create_endpoint_config(
        &mut self,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        let name = name(input, "EndpointConfigName")?;
        let tags = tags(input)?;
        let arn = arn(region, "endpoint-config", name);
        if self.endpoint_configs.contains_key(name) {
            return Err(existing("endpoint configuration", &arn));
        }
        let mut config = parse_config(input, region, &self.models)?;
        name.clone_into(&mut config.name);
        config.arn.clone_from(&arn);
        config.created_at = now;
        self.endpoint_configs.insert(name.to_owned(), config);
        self.tags.insert(tags_key(&arn), tags);
        Ok(json!({ "EndpointConfigArn": arn }))
    }

    pub(super) fn describe_endpoint_config(
        &self,
        input: &Value,
        region: &str,
    ) -> Result<Value, ApiError> {
        let name = name(input, "EndpointConfigName")?;
        let missing = || {
            missing(
                "endpoint configuration",
                &arn(region, "endpoint-config", name),
            )
        };
        let config = self.endpoint_configs.get(name).ok_or_else(missing)?;
        Ok(merged(
            &config.input,
            json!({
                "EndpointConfigName": config.name,
                "EndpointConfigArn": config.arn,
                "CreationTime": config.created_at,
            }),
        ))
    }

    pub(super) fn delete_endpoint_config(
        &mut self,
        input: &Value,
        region: &str,
    ) -> Result<Value, ApiError> {
        let name = name(input, "EndpointConfigName")?;
        match self.endpoint_configs.remove(name) {
            Some(config) => {
                self.tags.remove(&tags_key(&config.arn));
                Ok(json!({}))
            }
            None => Err(missing(
                "endpoint configuration",
                &arn(region, "endpoint-config", name),
            )),
        }
    }

    pub(super) fn add_tags(&mut self, input: &Value) -> Result<Value, ApiError> {
        let arn = text(input, "ResourceArn")?;
        if member_of(input, "Tags").is_none() {
            return Err(ApiError::null("Tags"));
        }
        let new = tags(input)?;
        let held = self
            .tags
            .get_mut(&tags_key(arn))
            .ok_or_else(|| missing("resource", arn))?;
        held.retain(|(key, _)| !new.iter().any(|(other, _)| other == key));
        held.extend(new);
        if held.len() > 50 {
            return Err(ApiError::limit(
                "The account-level service limit 'Tags per resource' is 50.",
            ));
        }
        Ok(json!({ "Tags": as_json(held) }))
    }

    pub(super) fn list_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = text(input, "ResourceArn")?;
        let tags = self.tags.get(&tags_key(arn));
        let tags = tags.ok_or_else(|| missing("resource", arn))?;
        Ok(json!({ "Tags": as_json(tags) }))
    }
}

fn as_json(tags: &[(String, String)]) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

/// The request's members with the answer's own on top, without the tags.
pub(super) fn merged(input: &Value, answer: Value) -> Value {
    let mut members = input.as_object().cloned().unwrap_or_default();
    members.remove("Tags");
    if let Value::Object(own) = answer {
        members.extend(own);
    }
    Value::Object(members)
}

fn parse_config(
    input: &Value,
    region: &str,
    models: &std::collections::BTreeMap<String, Model>,
) -> Result<EndpointConfig, ApiError> {
    let variants = member_of(input, "ProductionVariants")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let [variant] = variants else {
        return Err(ApiError::validation(
            "Serverless endpoints have exactly one production variant.",
        ));
    };
    let model = name(variant, "ModelName")?;
    let Some(found) = models.get(model) else {
        return Err(missing("model", &arn(region, "model", model)));
    };
    let Some(serverless) = member_of(variant, "ServerlessConfig") else {
        return Err(ApiError::validation(
            "The simulator creates serverless variants only: ServerlessConfig is missing.",
        ));
    };
    for member in ["InstanceType", "InitialInstanceCount"] {
        if member_of(variant, member).is_some() {
            return Err(ApiError::validation(format!(
                "A variant with ServerlessConfig must not have {member}."
            )));
        }
    }
    let serverless = serverless_of(serverless)?;
    check_serverless(&found.input)?;
    Ok(EndpointConfig {
        name: String::new(),
        arn: String::new(),
        created_at: 0.0,
        variant: name(variant, "VariantName")?.to_owned(),
        model: model.to_owned(),
        serverless,
        input: input.clone(),
    })
}

/// Refuses a model that has what Serverless Inference does not support.
fn check_serverless(model: &Value) -> Result<(), ApiError> {
    let is_set = |member| member_of(model, member).is_some_and(|it| *it != Value::Bool(false));
    let containers = member_of(model, "Containers").and_then(Value::as_array);
    let containers = containers.map_or(&[][..], Vec::as_slice);
    let mut all = containers
        .iter()
        .chain(member_of(model, "PrimaryContainer"));
    let unsupported = if is_set("VpcConfig") {
        "VpcConfig"
    } else if is_set("EnableNetworkIsolation") {
        "Network isolation"
    } else if containers.len() > 1 {
        "An inference pipeline"
    } else if all.any(|it| member_of(it, "Mode") == Some(&json!("MultiModel"))) {
        "Multi-model mode"
    } else {
        return Ok(());
    };
    Err(ApiError::validation(format!(
        "{unsupported} is not supported for serverless endpoints."
    )))
}

fn serverless_of(serverless: &Value) -> Result<Serverless, ApiError> {
    let memory = required_integer(serverless, "MemorySizeInMB", 1024, 6144)?;
    let memory_mb = u32::try_from(memory)
        .ok()
        .and_then(|memory| MemoryMb::try_from(memory).ok())
        .ok_or_else(|| {
            ApiError::validation(format!(
                "MemorySizeInMB {memory} is not one of 1024, 2048, 3072, 4096, 5120, 6144."
            ))
        })?;
    let max_concurrency = required_integer(serverless, "MaxConcurrency", 1, 200)?;
    let provisioned = integer(serverless, "ProvisionedConcurrency", 1, 200)?.unwrap_or(0);
    if provisioned > max_concurrency {
        return Err(ApiError::validation(
            "ProvisionedConcurrency must not be larger than MaxConcurrency.",
        ));
    }
    Ok(Serverless {
        memory_mb,
        max_concurrency: u32::try_from(max_concurrency).unwrap_or(200),
        provisioned: u32::try_from(provisioned).unwrap_or(0),
    })
}

/// `arn:aws:iam::<12 digits>:role/<name>`, in any partition. Optional, as in the API's model.
pub(super) fn check_role(input: &Value, member: &str) -> Result<(), ApiError> {
    let Some(role) = optional_text(input, member)? else {
        return Ok(());
    };
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    if let ["arn", partition, "iam", "", account, name] = parts.as_slice()
        && partition.starts_with("aws")
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && name
            .strip_prefix("role/")
            .is_some_and(|name| !name.is_empty())
    {
        return Ok(());
    }
    let pattern = r"Member must satisfy regular expression pattern: arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
    Err(ApiError::constraint(role, member, pattern))
}

pub(super) fn existing(kind: &str, arn: &str) -> ApiError {
    ApiError::validation(format!("Cannot create already existing {kind} \"{arn}\"."))
}

pub(super) fn missing(kind: &str, arn: &str) -> ApiError {
    ApiError::validation(format!("Could not find {kind} \"{arn}\"."))
}
