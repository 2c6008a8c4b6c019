//! Endpoint configs and endpoints of the `SageMaker` control plane.

use aws_sdk_sagemaker::types::{
    EndpointStatus as SdkStatus, ProductionVariant, ProductionVariantServerlessConfig, Tag,
};

use super::error::{AwsError, AwsErrorKind};
use super::retry::{Attempts, Creation};
use super::session::Session;
use crate::units::MemoryMb;

/// Name of the only production variant of an endpoint config.
pub(super) const VARIANT: &str = "AllTraffic";

/// A serverless endpoint to create; its endpoint config has the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSpec {
    /// Name of endpoint and endpoint config: at most 63 letters, digits and inner hyphens.
    pub name: String,
    /// Name of the model behind it.
    pub model_name: String,
    /// Memory of each concurrent worker.
    pub memory_mb: MemoryMb,
    /// `MaxConcurrency`, 1 to 200.
    pub max_concurrency: u32,
    /// Tags of endpoint and endpoint config.
    pub tags: Vec<(String, String)>,
}

/// Life cycle of an endpoint, reduced to the states that the program handles differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointStatus {
    /// Answers invocations.
    InService,
    /// Will never be in service: AWS's `FailureReason`.
    Failed {
        /// Why.
        reason: String,
    },
    /// Deletion is under way.
    Deleting,
    /// Creating or otherwise changing: cannot be deleted yet.
    Changing,
}

impl Session {
    /// Creates the endpoint config of `spec`.
    ///
    /// # Errors
    /// [`AwsError`] of `CreateEndpointConfig`.
    pub async fn create_endpoint_config(&self, spec: &EndpointSpec) -> Result<Creation, AwsError> {
        let serverless = ProductionVariantServerlessConfig::builder()
            .memory_size_in_mb(i32::try_from(spec.memory_mb.get()).unwrap_or(i32::MAX))
            .max_concurrency(i32::try_from(spec.max_concurrency).unwrap_or(i32::MAX))
            .build();
        let variant = ProductionVariant::builder()
            .variant_name(VARIANT)
            .model_name(&spec.model_name)
            .serverless_config(serverless)
            .build();
        let call = self
            .sagemaker
            .create_endpoint_config()
            .endpoint_config_name(&spec.name)
            .production_variants(variant)
            .set_tags(Some(tags(&spec.tags)));
        let attempts = Attempts::default();
        let answer = call.customize().interceptor(attempts.clone()).send().await;
        attempts.creation(answer.map_err(|error| AwsError::new("CreateEndpointConfig", &error)))
    }

    /// Starts the creation of the endpoint of `spec` from the endpoint config of the same name.
    ///
    /// # Errors
    /// [`AwsError`] of `CreateEndpoint`: account quotas show here, not at the endpoint config.
    pub async fn create_endpoint(&self, spec: &EndpointSpec) -> Result<Creation, AwsError> {
        let call = self
            .sagemaker
            .create_endpoint()
            .endpoint_name(&spec.name)
            .endpoint_config_name(&spec.name)
            .set_tags(Some(tags(&spec.tags)));
        let attempts = Attempts::default();
        let answer = call.customize().interceptor(attempts.clone()).send().await;
        attempts.creation(answer.map_err(|error| AwsError::new("CreateEndpoint", &error)))
    }

    /// Where an endpoint is in its life, or `None` when no endpoint has that name.
    ///
    /// # Errors
    /// [`AwsError`] of `DescribeEndpoint`, except "not found".
    pub async fn endpoint_status(&self, name: &str) -> Result<Option<EndpointStatus>, AwsError> {
        let answer = self
            .sagemaker
            .describe_endpoint()
            .endpoint_name(name)
            .send()
            .await;
        let output = match answer.map_err(|error| AwsError::new("DescribeEndpoint", &error)) {
            Ok(output) => output,
            Err(error) if error.kind == AwsErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let reason = output
            .failure_reason
            .unwrap_or_else(|| "AWS gave no reason".to_owned());
        Ok(Some(status_of(output.endpoint_status.as_ref(), reason)))
    }

    /// Starts the deletion of an endpoint; returns whether it existed.
    ///
    /// # Errors
    /// [`AwsError`] of `DeleteEndpoint`, except "not found".
    pub async fn delete_endpoint(&self, name: &str) -> Result<bool, AwsError> {
        let answer = self
            .sagemaker
            .delete_endpoint()
            .endpoint_name(name)
            .send()
            .await;
        existed(answer.map_err(|error| AwsError::new("DeleteEndpoint", &error)))
    }

    /// Deletes an endpoint config; returns whether it existed.
    ///
    /// # Errors
    /// [`AwsError`] of `DeleteEndpointConfig`, except "not found".
    pub async fn delete_endpoint_config(&self, name: &str) -> Result<bool, AwsError> {
        let answer = self
            .sagemaker
            .delete_endpoint_config()
            .endpoint_config_name(name)
            .send()
            .await;
        existed(answer.map_err(|error| AwsError::new("DeleteEndpointConfig", &error)))
    }
}

/// Tags in the SDK's type.
pub(super) fn tags(tags: &[(String, String)]) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

fn status_of(status: Option<&SdkStatus>, reason: String) -> EndpointStatus {
    match status {
        Some(SdkStatus::InService) => EndpointStatus::InService,
        Some(SdkStatus::Deleting) => EndpointStatus::Deleting,
        Some(SdkStatus::Failed | SdkStatus::OutOfService | SdkStatus::UpdateRollbackFailed) => {
            EndpointStatus::Failed { reason }
        }
        // Creating, Updating, RollingBack, SystemUpdating and any state that AWS adds later.
        Some(_) | None => EndpointStatus::Changing,
    }
}

/// Whether a delete found something to delete.
pub(super) fn existed<T>(answer: Result<T, AwsError>) -> Result<bool, AwsError> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.kind == AwsErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
