//! Simulated processing jobs: their requests and status. The server runs them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::resources::{check_role, merged};
use super::{Account, arn, tags_key};
use crate::simulator::validate::{
    ApiError, choice, integer, member_of, name, optional_text, required_integer, tags, text,
};
use crate::units::saturating_u32;

/// Longest text of an argument or of a variable's value, and of `ImageUri`.
const LONGEST_TEXT: usize = 256;
const LONGEST_IMAGE: usize = 255;
/// Where the data of a job is inside its container.
const DATA: &str = "/opt/ml/processing/";
/// Longest `MaxRuntimeInSeconds` of the API; a day where none is given.
const LONGEST_RUN: i64 = 777_600;
const ONE_DAY: i64 = 86_400;

/// A processing job.
#[derive(Debug)]
pub(super) struct Job {
    arn: String,
    input: Value,
    created_at: f64,
    ended_at: Option<f64>,
    state: JobState,
    exit_message: Option<String>,
    failure: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JobState {
    InProgress,
    Stopping,
    Completed,
    Failed,
    Stopped,
}

impl JobState {
    /// `ProcessingJobStatus`.
    const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }
}

impl Job {
    /// When it was created, its status, and how a list shows it.
    pub(super) fn summary(&self, name: &str) -> (f64, &'static str, Value) {
        let status = self.state.name();
        let mut summary = json!({
            "ProcessingJobName": name,
            "ProcessingJobArn": self.arn,
            "CreationTime": self.created_at,
            "LastModifiedTime": self.ended_at.unwrap_or(self.created_at),
            "ProcessingJobStatus": status,
            "ProcessingEndTime": self.ended_at,
            "FailureReason": self.failure,
            "ExitMessage": self.exit_message,
        });
        if let Value::Object(members) = &mut summary {
            members.retain(|_, value| !value.is_null());
        }
        (self.created_at, status, summary)
    }
}

/// What the server has to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct JobOrder {
    /// `ProcessingJobName`.
    pub(in crate::simulator) name: String,
    /// `InstanceCount`.
    pub(in crate::simulator) instances: u32,
    /// `InstanceType`.
    pub(in crate::simulator) instance_type: String,
    /// `ContainerEntrypoint` without its program, then `ContainerArguments`.
    pub(in crate::simulator) arguments: Vec<String>,
    /// `Environment`.
    pub(in crate::simulator) environment: BTreeMap<String, String>,
    /// What is there before the job begins.
    pub(in crate::simulator) inputs: Vec<JobData>,
    /// What becomes of its files.
    pub(in crate::simulator) outputs: Vec<JobData>,
    /// `MaxRuntimeInSeconds`.
    pub(in crate::simulator) longest_run_s: u32,
}

/// Objects of S3 and the folder that they have in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct JobData {
    /// The bucket.
    pub(in crate::simulator) bucket: String,
    /// Prefix of the keys, without a slash at its end.
    pub(in crate::simulator) prefix: String,
    /// Folder in the container, below `/opt/ml`.
    pub(in crate::simulator) folder: String,
    /// Whether files go to S3 while the job runs. Without a meaning for an input.
    pub(in crate::simulator) is_continuous: bool,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct JobEnd {
    /// Why it failed; `None` when every container ended with exit code 0.
    pub(in crate::simulator) failure: Option<String>,
    /// What a container wrote to `/opt/ml/output/message`.
    pub(in crate::simulator) exit_message: Option<String>,
    /// Whether it ran for longer than it may.
    pub(in crate::simulator) ran_too_long: bool,
}

impl Account {
    pub(super) fn create_processing_job(
        &mut self,
        input: &Value,
        region: &str,
        now: f64,
    ) -> Result<Value, ApiError> {
        let name = name(input, "ProcessingJobName")?;
        let arn = arn(region, "processing-job", name);
        if self.jobs.contains_key(name) {
            return Err(ApiError::new(
                400,
                "ResourceInUse",
                format!(
                    "Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"
                ),
            ));
        }
        let (tags, order) = (tags(input)?, order(input, name)?);
        self.job_orders.push(order);
        let job = Job {
            arn: arn.clone(),
            input: input.clone(),
            created_at: now,
            ended_at: None,
            state: JobState::InProgress,
            exit_message: None,
            failure: None,
        };
        self.jobs.insert(name.to_owned(), job);
        self.tags.insert(tags_key(&arn), tags);
        Ok(json!({ "ProcessingJobArn": arn }))
    }

    pub(super) fn describe_processing_job(&self, input: &Value) -> Result<Value, ApiError> {
        let name = name(input, "ProcessingJobName")?;
        let job = self.jobs.get(name).ok_or_else(|| no_job(name))?;
        let own = json!({
            "ProcessingJobArn": job.arn,
            "ProcessingJobStatus": job.state.name(),
            "ExitMessage": job.exit_message,
            "FailureReason": job.failure,
            "CreationTime": job.created_at,
            "ProcessingStartTime": job.created_at,
            "ProcessingEndTime": job.ended_at,
        });
        let mut answer = merged(&job.input, own);
        if let Value::Object(members) = &mut answer {
            members.retain(|_, value| !value.is_null());
        }
        Ok(answer)
    }

    pub(super) fn stop_processing_job(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name = name(input, "ProcessingJobName")?;
        let job = self.jobs.get_mut(name).ok_or_else(|| no_job(name))?;
        match job.state {
            JobState::InProgress | JobState::Stopping => {
                job.state = JobState::Stopping;
                Ok(json!({}))
            }
            ended @ (JobState::Completed | JobState::Failed | JobState::Stopped) => {
                Err(ApiError::validation(format!(
                    "The request was rejected because the processing job is in status {}.",
                    ended.name()
                )))
            }
        }
    }

    /// The jobs that were created since this was last asked.
    pub(in crate::simulator) fn take_job_orders(&mut self) -> Vec<JobOrder> {
        std::mem::take(&mut self.job_orders)
    }

    /// Whether a job was asked to stop.
    pub(in crate::simulator) fn is_job_stopping(&self, name: &str) -> bool {
        let state = self.jobs.get(name).map(|job| job.state);
        state == Some(JobState::Stopping)
    }

    /// A job has ended.
    pub(in crate::simulator) fn end_job(&mut self, name: &str, end: JobEnd, now: f64) {
        let Some(job) = self.jobs.get_mut(name) else {
            return;
        };
        job.state = match (job.state, &end.failure) {
            (JobState::Stopping, _) => JobState::Stopped,
            _ if end.ran_too_long => JobState::Stopped,
            (_, Some(_)) => JobState::Failed,
            (_, None) => JobState::Completed,
        };
        job.failure = end.failure.filter(|_| job.state == JobState::Failed);
        job.exit_message = end.exit_message;
        job.ended_at = Some(now);
    }
}

fn no_job(name: &str) -> ApiError {
    ApiError::new(
        400,
        "ResourceNotFound",
        format!("Could not find requested job with name: {name}"),
    )
}

fn order(input: &Value, name: &str) -> Result<JobOrder, ApiError> {
    check_role(input, "RoleArn")?;
    text(input, "RoleArn")?;
    let resources = required(input, "ProcessingResources")?;
    let cluster = required(resources, "ClusterConfig")?;
    required_integer(cluster, "VolumeSizeInGB", 1, 16_384)?;
    let instances = required_integer(cluster, "InstanceCount", 1, 100)?;
    let container = required(input, "AppSpecification")?;
    bounded(text(container, "ImageUri")?, "ImageUri", LONGEST_IMAGE)?;
    let stopping = member_of(input, "StoppingCondition").unwrap_or(&Value::Null);
    let longest_run = integer(stopping, "MaxRuntimeInSeconds", 1, LONGEST_RUN)?.unwrap_or(ONE_DAY);
    let entrypoint = words(container, "ContainerEntrypoint")?;
    let arguments = words(container, "ContainerArguments")?;
    let outputs = member_of(input, "ProcessingOutputConfig").unwrap_or(&Value::Null);
    Ok(JobOrder {
        name: name.to_owned(),
        instances: u32::try_from(instances).unwrap_or(1),
        instance_type: text(cluster, "InstanceType")?.to_owned(),
        arguments: entrypoint.into_iter().skip(1).chain(arguments).collect(),
        environment: environment(input)?,
        inputs: list(input, "ProcessingInputs", 10, parse_input)?,
        outputs: list(outputs, "Outputs", 10, parse_output)?,
        longest_run_s: saturating_u32(longest_run),
    })
}

fn required<'a>(input: &'a Value, member: &str) -> Result<&'a Value, ApiError> {
    member_of(input, member).ok_or_else(|| ApiError::null(member))
}

fn bounded<'a>(text: &'a str, member: &str, most: usize) -> Result<&'a str, ApiError> {
    if text.chars().count() <= most {
        return Ok(text);
    }
    let constraint = format!("Member must have length less than or equal to {most}");
    Err(ApiError::constraint(text, member, &constraint))
}

/// Elements of a list that may be absent.
fn list<'a, T>(
    input: &'a Value,
    member: &str,
    most: usize,
    parse: impl Fn(&'a Value) -> Result<T, ApiError>,
) -> Result<Vec<T>, ApiError> {
    let elements = match member_of(input, member) {
        None => return Ok(Vec::new()),
        Some(Value::Array(elements)) => elements,
        Some(_) => {
            let message = format!("{member} must be a list");
            return Err(ApiError::new(400, "SerializationException", message));
        }
    };
    if elements.len() > most {
        let constraint = format!("Member must have length less than or equal to {most}");
        return Err(ApiError::constraint("list", member, &constraint));
    }
    elements.iter().map(parse).collect()
}

/// Words of an entrypoint or of arguments: 1 to 100 where there are any, of at most 256 characters.
fn words(container: &Value, member: &str) -> Result<Vec<String>, ApiError> {
    let words = list(container, member, 100, |word| {
        let word = word.as_str().unwrap_or_default();
        Ok(bounded(word, member, LONGEST_TEXT)?.to_owned())
    })?;
    if words.is_empty() && member_of(container, member).is_some() {
        let constraint = "Member must have length greater than or equal to 1";
        return Err(ApiError::constraint("[]", member, constraint));
    }
    Ok(words)
}

fn environment(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let Some(Value::Object(pairs)) = member_of(input, "Environment") else {
        return Ok(BTreeMap::new());
    };
    if pairs.len() > 100 {
        let constraint = "Member must have length less than or equal to 100";
        return Err(ApiError::constraint("map", "Environment", constraint));
    }
    let is_name = |key: &str| {
        !key.starts_with(|c: char| c.is_ascii_digit())
            && !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let pair = |(key, value): (&String, &Value)| {
        if !is_name(key) {
            let pattern = "Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*";
            return Err(ApiError::constraint(key, "Environment", pattern));
        }
        let value = value.as_str().unwrap_or_default();
        let value = bounded(value, "Environment", LONGEST_TEXT)?;
        Ok((key.clone(), value.to_owned()))
    };
    pairs.iter().map(pair).collect()
}

fn parse_input(input: &Value) -> Result<JobData, ApiError> {
    text(input, "InputName")?;
    let objects = required(input, "S3Input")?;
    let data_type = choice(objects, "S3DataType", &["ManifestFile", "S3Prefix"])?;
    if data_type != Some("S3Prefix") {
        return Err(ApiError::validation(
            "The simulator reads inputs of S3DataType S3Prefix only.",
        ));
    }
    choice(objects, "S3InputMode", &["File"])?;
    data(objects, false)
}

fn parse_output(output: &Value) -> Result<JobData, ApiError> {
    text(output, "OutputName")?;
    let objects = required(output, "S3Output")?;
    text(objects, "S3UploadMode")?;
    let mode = choice(objects, "S3UploadMode", &["Continuous", "EndOfJob"])?;
    data(objects, mode == Some("Continuous"))
}

fn data(objects: &Value, is_continuous: bool) -> Result<JobData, ApiError> {
    let uri = text(objects, "S3Uri")?;
    let address = uri.strip_prefix("s3://").filter(|it| !it.is_empty());
    let Some(address) = address else {
        let pattern = "Member must satisfy regular expression pattern: (https|s3)://([^/]+)/?(.*)";
        return Err(ApiError::constraint(uri, "S3Uri", pattern));
    };
    let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
    let folder = optional_text(objects, "LocalPath")?.unwrap_or_default();
    let is_inside = folder.starts_with(DATA) && !folder.split('/').any(|part| part == "..");
    if !is_inside {
        return Err(ApiError::validation(format!(
            "LocalPath {folder} must be a folder below {DATA}"
        )));
    }
    Ok(JobData {
        bucket: bucket.to_owned(),
        prefix: prefix.trim_end_matches('/').to_owned(),
        folder: folder.trim_end_matches('/').to_owned(),
        is_continuous,
    })
}

#[cfg(test)]
mod tests;
