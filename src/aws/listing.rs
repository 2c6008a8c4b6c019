//! Lists the resources of an account by name.

use aws_sdk_sagemaker::types::ProcessingJobStatus;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::error::{AwsError, AwsErrorKind};
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

/// What the lists of an account show.
#[derive(Debug, Default)]
pub struct Listing {
    /// Endpoints, endpoint configs, models and processing jobs that have not ended, in that order.
    pub found: Vec<Listed>,
    /// Kinds whose list could not be read, or not to its end: there may be more of them.
    pub failed: Vec<(ResourceKind, AwsError)>,
}

/// What a resource says about one of its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagged {
    /// The tag has this value.
    With(String),
    /// The resource has no such tag.
    Without,
    /// There is no such resource.
    Gone,
}

impl Session {
    /// Everything whose name contains `part`. Each list stands for itself: what one of them shows
    /// is there whether or not the others can be read.
    pub async fn named(&self, part: &str) -> Listing {
        let mut listing = Listing::default();
        let found = &mut listing.found;
        let listed = [
            (
                ResourceKind::Endpoint,
                self.endpoints_named(part, found).await,
            ),
            (
                ResourceKind::EndpointConfig,
                self.endpoint_configs_named(part, found).await,
            ),
            (ResourceKind::Model, self.models_named(part, found).await),
            (
                ResourceKind::ProcessingJob,
                self.jobs_named(part, found).await,
            ),
        ];
        let failed = listed.into_iter();
        let failed = failed.filter_map(|(kind, listed)| Some((kind, listed.err()?)));
        listing.failed = failed.collect();
        listing
    }

    async fn endpoints_named(&self, part: &str, found: &mut Vec<Listed>) -> Result<(), AwsError> {
        let list = self.sagemaker.list_endpoints().name_contains(part);
        let mut pages = list.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListEndpoints", &error))?;
            let (name, arn, created_at) = (it.endpoint_name, it.endpoint_arn, it.creation_time);
            found.extend(Listed::new(ResourceKind::Endpoint, name, arn, created_at));
        }
        Ok(())
    }

    async fn endpoint_configs_named(
        &self,
        part: &str,
        found: &mut Vec<Listed>,
    ) -> Result<(), AwsError> {
        let list = self.sagemaker.list_endpoint_configs().name_contains(part);
        let mut pages = list.into_paginator().items().send();
        let kind = ResourceKind::EndpointConfig;
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListEndpointConfigs", &error))?;
            let (name, arn) = (it.endpoint_config_name, it.endpoint_config_arn);
            found.extend(Listed::new(kind, name, arn, it.creation_time));
        }
        Ok(())
    }

    async fn models_named(&self, part: &str, found: &mut Vec<Listed>) -> Result<(), AwsError> {
        let list = self.sagemaker.list_models().name_contains(part);
        let mut pages = list.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListModels", &error))?;
            let (name, arn, created_at) = (it.model_name, it.model_arn, it.creation_time);
            found.extend(Listed::new(ResourceKind::Model, name, arn, created_at));
        }
        Ok(())
    }

    /// Jobs that have not ended.
    async fn jobs_named(&self, part: &str, found: &mut Vec<Listed>) -> Result<(), AwsError> {
        let running = ProcessingJobStatus::InProgress;
        let running = self.jobs_in_status(part, running, found).await;
        let stopping = ProcessingJobStatus::Stopping;
        let stopping = self.jobs_in_status(part, stopping, found).await;
        running.and(stopping)
    }

    async fn jobs_in_status(
        &self,
        part: &str,
        status: ProcessingJobStatus,
        found: &mut Vec<Listed>,
    ) -> Result<(), AwsError> {
        let list = self.sagemaker.list_processing_jobs().name_contains(part);
        let mut pages = list.status_equals(status).into_paginator().items().send();
        let kind = ResourceKind::ProcessingJob;
        while let Some(item) = pages.next().await {
            let it = item.map_err(|error| AwsError::new("ListProcessingJobs", &error))?;
            let (name, arn) = (it.processing_job_name, it.processing_job_arn);
            found.extend(Listed::new(kind, name, arn, it.creation_time));
        }
        Ok(())
    }

    /// The value of one tag of a resource.
    ///
    /// # Errors
    /// [`AwsError`] of `ListTags`.
    pub async fn tag(&self, arn: &str, key: &str) -> Result<Tagged, AwsError> {
        let list = self.sagemaker.list_tags().resource_arn(arn);
        let mut pages = list.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let tag = match item.map_err(|error| AwsError::new("ListTags", &error)) {
                Ok(tag) => tag,
                Err(error) if error.kind == AwsErrorKind::NotFound => return Ok(Tagged::Gone),
                Err(error) => return Err(error),
            };
            if tag.key.as_deref() == Some(key) {
                return Ok(tag.value.map_or(Tagged::Without, Tagged::With));
            }
        }
        Ok(Tagged::Without)
    }
}
