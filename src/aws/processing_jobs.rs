//! Processing jobs of `SageMaker`: the program's own image on AWS's machines.

use std::collections::HashMap;

use aws_sdk_sagemaker::operation::describe_processing_job::DescribeProcessingJobOutput;
use aws_sdk_sagemaker::types::{
    AppSpecification, ProcessingClusterConfig, ProcessingInput, ProcessingInstanceType,
    ProcessingJobStatus as SdkStatus, ProcessingOutput, ProcessingOutputConfig,
    ProcessingResources, ProcessingS3DataType, ProcessingS3Input, ProcessingS3InputMode,
    ProcessingS3Output, ProcessingS3UploadMode, ProcessingStoppingCondition,
};

use super::endpoints::tags;
use super::error::AwsError;
use super::session::Session;

/// Disk of the instance: results are megabytes, the image is small.
const VOLUME_GB: i32 = 10;

/// A processing job to create: one folder comes from S3, one goes there while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessingJobSpec {
    /// At most 63 letters, digits and inner hyphens; unique in the account and region for ever.
    pub name: String,
    /// The image, in ECR of the region: at most 255 characters.
    pub image_uri: String,
    /// The container's arguments: at least one, of at most 256 characters each.
    pub arguments: Vec<String>,
    /// Variables of the container.
    pub environment: Vec<(String, String)>,
    /// What the job acts as.
    pub role_arn: String,
    /// For example `ml.m5.large`.
    pub instance_type: String,
    /// How many of them, 1 to 100: each runs the container with the whole input.
    pub instance_count: u32,
    /// `s3://…` prefix and the folder it is copied to before the job begins.
    pub input: (String, String),
    /// `s3://…` prefix and the folder whose files go there while the job runs.
    pub output: (String, String),
    /// Seconds after which AWS stops the job, 1 to 777 600.
    pub longest_run_s: u32,
    /// Tags of the job.
    pub tags: Vec<(String, String)>,
}

/// The status of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessingJob {
    /// Where it is in its life.
    pub status: ProcessingJobStatus,
    /// What the container wrote to `/opt/ml/output/message`: hostile text.
    pub exit_message: Option<String>,
    /// AWS's reason of a failure.
    pub failure_reason: Option<String>,
    /// `s3://…` prefix of its first input.
    pub input: Option<String>,
    /// `s3://…` prefix of its first output.
    pub output: Option<String>,
}

/// Life cycle of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessingJobStatus {
    /// Starting or running.
    InProgress,
    /// Stopping.
    Stopping,
    /// Every container ended with exit code 0.
    Completed,
    /// It could not start, or a container ended with another exit code.
    Failed,
    /// It was stopped, or ran for too long.
    Stopped,
    /// A status that this version does not know: counts as running.
    Other(String),
}

impl ProcessingJobStatus {
    /// Whether nothing of it runs any more.
    pub const fn has_ended(&self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Stopped => true,
            Self::InProgress | Self::Stopping | Self::Other(_) => false,
        }
    }
}

/// AWS's own word.
impl std::fmt::Display for ProcessingJobStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
            Self::Other(word) => word,
        })
    }
}

impl Session {
    /// Creates and thereby starts a job.
    ///
    /// # Errors
    /// [`AwsError`] of `CreateProcessingJob`; a name that is taken is
    /// [`super::AwsErrorKind::AlreadyExists`].
    pub async fn create_processing_job(&self, spec: &ProcessingJobSpec) -> Result<(), AwsError> {
        const OPERATION: &str = "CreateProcessingJob";
        let cluster = ProcessingClusterConfig::builder()
            .instance_count(i32::try_from(spec.instance_count).unwrap_or(i32::MAX))
            .instance_type(ProcessingInstanceType::from(spec.instance_type.as_str()))
            .volume_size_in_gb(VOLUME_GB)
            .build();
        let container = AppSpecification::builder()
            .image_uri(&spec.image_uri)
            .set_container_arguments(Some(spec.arguments.clone()))
            .build();
        let environment: HashMap<String, String> = spec.environment.iter().cloned().collect();
        let call = self
            .sagemaker
            .create_processing_job()
            .processing_job_name(&spec.name)
            .role_arn(&spec.role_arn)
            .app_specification(container)
            .processing_resources(
                ProcessingResources::builder()
                    .cluster_config(cluster)
                    .build(),
            )
            .stopping_condition(
                ProcessingStoppingCondition::builder()
                    .max_runtime_in_seconds(i32::try_from(spec.longest_run_s).unwrap_or(i32::MAX))
                    .build(),
            )
            .set_environment(Some(environment))
            .processing_inputs(input(&spec.input))
            .processing_output_config(output(&spec.output))
            .set_tags(Some(tags(&spec.tags)));
        call.send()
            .await
            .map_err(|error| AwsError::new(OPERATION, &error))?;
        Ok(())
    }

    /// The status of a job.
    ///
    /// # Errors
    /// [`AwsError`] of `DescribeProcessingJob`; [`super::AwsErrorKind::NotFound`] when there is
    /// none of that name.
    pub async fn processing_job(&self, name: &str) -> Result<ProcessingJob, AwsError> {
        let call = self
            .sagemaker
            .describe_processing_job()
            .processing_job_name(name);
        let job = call
            .send()
            .await
            .map_err(|error| AwsError::new("DescribeProcessingJob", &error))?;
        Ok(described(job))
    }

    /// Stops a job: its container gets SIGTERM, and SIGKILL after 120 seconds. A job that has ended
    /// is left unchanged.
    ///
    /// # Errors
    /// [`AwsError`] of `StopProcessingJob`.
    pub async fn stop_processing_job(&self, name: &str) -> Result<(), AwsError> {
        let call = self
            .sagemaker
            .stop_processing_job()
            .processing_job_name(name);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = AwsError::new("StopProcessingJob", &error);
                match self.processing_job(name).await {
                    Ok(job) if job.status.has_ended() => Ok(()),
                    Ok(_) | Err(_) => Err(error),
                }
            }
        }
    }
}

fn described(job: DescribeProcessingJobOutput) -> ProcessingJob {
    let status = match job.processing_job_status {
        Some(SdkStatus::InProgress) => ProcessingJobStatus::InProgress,
        Some(SdkStatus::Stopping) => ProcessingJobStatus::Stopping,
        Some(SdkStatus::Completed) => ProcessingJobStatus::Completed,
        Some(SdkStatus::Failed) => ProcessingJobStatus::Failed,
        Some(SdkStatus::Stopped) => ProcessingJobStatus::Stopped,
        Some(other) => ProcessingJobStatus::Other(other.as_str().to_owned()),
        None => ProcessingJobStatus::Other("without a status".to_owned()),
    };
    let input = job
        .processing_inputs
        .and_then(|inputs| inputs.into_iter().next())
        .and_then(|input| input.s3_input);
    let output = job
        .processing_output_config
        .and_then(|config| config.outputs?.into_iter().next())
        .and_then(|output| output.s3_output);
    ProcessingJob {
        status,
        exit_message: job.exit_message,
        failure_reason: job.failure_reason,
        input: input.and_then(|it| it.s3_uri),
        output: output.and_then(|it| it.s3_uri),
    }
}

fn input((uri, folder): &(String, String)) -> ProcessingInput {
    let objects = ProcessingS3Input::builder()
        .s3_uri(uri)
        .local_path(folder)
        .s3_data_type(ProcessingS3DataType::S3Prefix)
        .s3_input_mode(ProcessingS3InputMode::File)
        .build();
    ProcessingInput::builder()
        .input_name("input")
        .s3_input(objects)
        .build()
}

/// Files go to S3 while the job runs, so that a stopped one loses nothing.
fn output((uri, folder): &(String, String)) -> ProcessingOutputConfig {
    let objects = ProcessingS3Output::builder()
        .s3_uri(uri)
        .local_path(folder)
        .s3_upload_mode(ProcessingS3UploadMode::Continuous)
        .build();
    let output = ProcessingOutput::builder()
        .output_name("output")
        .s3_output(objects)
        .build();
    ProcessingOutputConfig::builder().outputs(output).build()
}
