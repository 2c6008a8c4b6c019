//! Lists the resources of an account by name.

use aws_sdk_sagemaker::types::ProcessingJobStatus;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::error::AwsError;
use super::session::Session;
pub use crate::result::ResourceKind;

/// A resource that a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Listed {
    fn new(
        kind: ResourceKind,
        name: Option<String>,
        arn: Option<String>,
        created_at: Option<DateTime>,
    ) -> Option<Self> {
        Some(Self {
            kind,
            name: name?,
            arn: arn?,
            created_at: Timestamp::from_second(created_at?.secs()).ok()?,
        })
    }
}

impl Session {
    /// Endpoints, endpoint configs, models and processing jobs that have not ended, whose names
    /// contain `part`, in that order.
    ///
    /// # Errors
    /// [`AwsError`] of `ListEndpoints`, `ListEndpointConfigs`, `ListModels` or
    /// `ListProcessingJobs`.
    pub async fn named(&self, part: &str) -> Result<Vec<Listed>, AwsError> {
        let mut found = self.endpoints_named(part).await?;
        found.extend(self.endpoint_configs_named(part).await?);
        found.extend(self.models_named(part).await?);
        for status in [
            ProcessingJobStatus::InProgress,
            ProcessingJobStatus::Stopping,
        ] {
            found.extend(self.jobs_named(part, status).await?);
        }
        Ok(found)
    }

    async fn endpoints_named(&self, part: &str) -> Result<Vec<Listed>, AwsError> {
        let list = self.sagemaker.list_endpoints().name_contains(part);
        let mut pages = list.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListEndpoints", &error))?;
            let (name, arn, created_at) = (it.endpoint_name, it.endpoint_arn, it.creation_time);
            found.extend(Listed::new(ResourceKind::Endpoint, name, arn, created_at));
        }
        Ok(found)
    }

    async fn endpoint_configs_named(&self, part: &str) -> Result<Vec<Listed>, AwsError> {
        let list = self.sagemaker.list_endpoint_configs().name_contains(part);
        let mut pages = list.into_paginator().items().send();
        let (mut found, kind) = (Vec::new(), ResourceKind::EndpointConfig);
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListEndpointConfigs", &error))?;
            let (name, arn) = (it.endpoint_config_name, it.endpoint_config_arn);
            found.extend(Listed::new(kind, name, arn, it.creation_time));
        }
        Ok(found)
    }

    async fn models_named(&self, part: &str) -> Result<Vec<Listed>, AwsError> {
        let list = self.sagemaker.list_models().name_contains(part);
        let mut pages = list.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListModels", &error))?;
            let (name, arn, created_at) = (it.model_name, it.model_arn, it.creation_time);
            found.extend(Listed::new(ResourceKind::Model, name, arn, created_at));
        }
        Ok(found)
    }

    async fn jobs_named(
        &self,
        part: &str,
        status: ProcessingJobStatus,
    ) -> Result<Vec<Listed>, AwsError> {
        let list = self.sagemaker.list_processing_jobs().name_contains(part);
        let mut pages = list.status_equals(status).into_paginator().items().send();
        let (mut found, kind) = (Vec::new(), ResourceKind::ProcessingJob);
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListProcessingJobs", &error))?;
            let (name, arn) = (it.processing_job_name, it.processing_job_arn);
            found.extend(Listed::new(kind, name, arn, it.creation_time));
        }
        Ok(found)
    }

    /// The value of one tag of a resource; `None` without the tag, or when the resource has gone
    /// meanwhile.
    ///
    /// # Errors
    /// [`AwsError`] of `ListTags`.
    pub async fn tag(&self, arn: &str, key: &str) -> Result<Option<String>, AwsError> {
        let list = self.sagemaker.list_tags().resource_arn(arn);
        let mut pages = list.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let tag = match item.map_err(|error| AwsError::new("ListTags", &error)) {
                Ok(tag) => tag,
                Err(error) if error.kind == super::AwsErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            if tag.key.as_deref() == Some(key) {
                return Ok(tag.value);
            }
        }
        Ok(None)
    }
}
