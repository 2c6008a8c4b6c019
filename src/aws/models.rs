//! Models of the `SageMaker` control plane: looked up by name, or created for one run.

use serde::{Deserialize, Serialize};

use aws_sdk_sagemaker::operation::describe_model::DescribeModelOutput;
use aws_sdk_sagemaker::types::{ContainerDefinition, ContainerMode, RepositoryAccessMode};

use super::endpoints::{existed, tags};
use super::error::{AwsError, AwsErrorKind};
use super::retry::{Attempts, Creation};
use super::session::Session;

/// A model to create for a run and to delete after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSpec {
    /// Name of the model: at most 63 letters, digits and inner hyphens.
    pub name: String,
    /// What the container is.
    pub container: Container,
    /// Role that the container runs with.
    pub execution_role_arn: String,
    /// Tags of the model.
    pub tags: Vec<(String, String)>,
    /// Whether it is there already: then it is only deleted.
    pub is_there: bool,
}

/// What a model is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Container {
    /// An image with model data.
    Image {
        /// Image in a registry that `SageMaker` can pull from.
        image_uri: String,
        /// S3 URI of the model archive, where the image does not hold the model itself.
        model_data_url: Option<String>,
        /// Environment variables of the container.
        environment: Vec<(String, String)>,
    },
    /// A version in the model registry.
    Package {
        /// ARN of the model package.
        arn: String,
        /// Environment variables of the container.
        environment: Vec<(String, String)>,
    },
}

/// What a model may have and Serverless Inference does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// `VpcConfig` with subnets or security groups.
    Vpc,
    /// `EnableNetworkIsolation`.
    NetworkIsolation,
    /// An inference pipeline: more than one container.
    Pipeline,
    /// A container that loads many models.
    MultiModel,
    /// An image in a registry outside of ECR.
    PrivateRegistry,
}

impl Unsupported {
    /// With its article, as the object of "has".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vpc => "a VPC configuration",
            Self::NetworkIsolation => "network isolation",
            Self::Pipeline => "a pipeline of several containers",
            Self::MultiModel => "multi-model mode",
            Self::PrivateRegistry => "a private Docker registry",
        }
    }

    fn of(model: &DescribeModelOutput) -> Vec<Self> {
        let pipeline = model.containers();
        let mut containers = pipeline.iter().chain(model.primary_container());
        // Empty where a client filled them in without content.
        let is_in_vpc = model
            .vpc_config()
            .is_some_and(|it| !it.subnets().is_empty() || !it.security_group_ids().is_empty());
        let has_mode = |mode| containers.clone().any(|it| it.mode() == Some(&mode));
        let is_multi_model = has_mode(ContainerMode::MultiModel);
        let is_private = containers.any(|it| {
            let image = it.image_config();
            image.and_then(|it| it.repository_access_mode()) == Some(&RepositoryAccessMode::Vpc)
        });
        let found = [
            (Self::Vpc, is_in_vpc),
            (
                Self::NetworkIsolation,
                model.enable_network_isolation() == Some(true),
            ),
            (Self::Pipeline, pipeline.len() > 1),
            (Self::MultiModel, is_multi_model),
            (Self::PrivateRegistry, is_private),
        ];
        found
            .into_iter()
            .filter_map(|(it, is_there)| is_there.then_some(it))
            .collect()
    }
}

impl Session {
    /// What the model of that name has and Serverless Inference does not support; `None` when the
    /// account has no such model.
    ///
    /// # Errors
    /// [`AwsError`] of `DescribeModel`, except "not found".
    pub async fn unsupported_of_model(
        &self,
        name: &str,
    ) -> Result<Option<Vec<Unsupported>>, AwsError> {
        let call = self.sagemaker.describe_model().model_name(name);
        match call.send().await {
            Ok(model) => Ok(Some(Unsupported::of(&model))),
            Err(error) => match AwsError::new("DescribeModel", &error) {
                error if error.kind == AwsErrorKind::NotFound => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Creates a model.
    ///
    /// # Errors
    /// [`AwsError`] of `CreateModel`.
    pub async fn create_model(&self, spec: &ModelSpec) -> Result<Creation, AwsError> {
        let call = self
            .sagemaker
            .create_model()
            .model_name(&spec.name)
            .primary_container(spec.container.definition())
            .execution_role_arn(&spec.execution_role_arn)
            .set_tags(Some(tags(&spec.tags)));
        let attempts = Attempts::default();
        let answer = call.customize().interceptor(attempts.clone()).send().await;
        attempts.creation(answer.map_err(|error| AwsError::new("CreateModel", &error)))
    }

    /// Deletes a model; returns whether it existed.
    ///
    /// # Errors
    /// [`AwsError`] of `DeleteModel`, except "not found".
    pub async fn delete_model(&self, name: &str) -> Result<bool, AwsError> {
        let answer = self.sagemaker.delete_model().model_name(name).send().await;
        existed(answer.map_err(|error| AwsError::new("DeleteModel", &error)))
    }
}

impl Container {
    /// Whether the container gets variables, which may be secret.
    pub fn has_environment(&self) -> bool {
        let (Self::Image { environment, .. } | Self::Package { environment, .. }) = self;
        !environment.is_empty()
    }

    /// The same container without its variables.
    #[must_use]
    pub fn without_environment(mut self) -> Self {
        let (Self::Image { environment, .. } | Self::Package { environment, .. }) = &mut self;
        environment.clear();
        self
    }

    fn definition(&self) -> ContainerDefinition {
        let builder = ContainerDefinition::builder();
        let (builder, environment) = match self {
            Self::Image {
                image_uri,
                model_data_url,
                environment,
            } => (
                builder
                    .image(image_uri)
                    .set_model_data_url(model_data_url.clone()),
                environment,
            ),
            Self::Package { arn, environment } => (builder.model_package_name(arn), environment),
        };
        environment
            .iter()
            .fold(builder, |builder, (name, value)| {
                builder.environment(name, value)
            })
            .build()
    }
}
