//! The List operations: filters, order, pages.

use serde_json::{Value, json};

use super::{Account, arn};
use crate::simulator::validate::{ApiError, choice, integer, optional_text, part_of_name};

const DEFAULT_PAGE: i64 = 10;
/// Every `ProcessingJobStatus` of the API.
const JOB_STATUSES: [&str; 5] = ["InProgress", "Completed", "Failed", "Stopping", "Stopped"];
/// Every `EndpointStatus` of the API; the simulator uses four of them.
const ENDPOINT_STATUSES: [&str; 9] = [
    "OutOfService",
    "Creating",
    "Updating",
    "SystemUpdating",
    "RollingBack",
    "InService",
    "Deleting",
    "Failed",
    "UpdateRollbackFailed",
];

/// One row of a listing, with what it can be filtered and sorted by.
struct Row {
    name: String,
    created_at: f64,
    status: Option<&'static str>,
    summary: Value,
}

impl Account {
    pub(super) fn list_models(&self, input: &Value, region: &str) -> Result<Value, ApiError> {
        let rows = self.models.values().map(|model| Row {
            name: model.name.clone(),
            created_at: model.created_at,
            status: None,
            summary: json!({
                "ModelName": model.name,
                "ModelArn": arn(region, "model", &model.name),
                "CreationTime": model.created_at,
            }),
        });
        list(input, "Models", &[], rows.collect())
    }

    pub(super) fn list_endpoint_configs(&self, input: &Value) -> Result<Value, ApiError> {
        let rows = self.endpoint_configs.values().map(|config| Row {
            name: config.name.clone(),
            created_at: config.created_at,
            status: None,
            summary: json!({
                "EndpointConfigName": config.name,
                "EndpointConfigArn": config.arn,
                "CreationTime": config.created_at,
            }),
        });
        list(input, "EndpointConfigs", &[], rows.collect())
    }

    pub(super) fn list_endpoints(&self, input: &Value, now: f64) -> Result<Value, ApiError> {
        let rows = self.endpoints.values().map(|endpoint| {
            let status = endpoint.state(now).name();
            Row {
                name: endpoint.name.clone(),
                created_at: endpoint.created_at,
                status: Some(status),
                summary: json!({
                    "EndpointName": endpoint.name,
                    "EndpointArn": endpoint.arn,
                    "CreationTime": endpoint.created_at,
                    "LastModifiedTime": endpoint.created_at,
                    "EndpointStatus": status,
                }),
            }
        });
        list(input, "Endpoints", &ENDPOINT_STATUSES, rows.collect())
    }

    pub(super) fn list_processing_jobs(&self, input: &Value) -> Result<Value, ApiError> {
        let rows = self.jobs.iter().map(|(name, job)| {
            let (created_at, status, summary) = job.summary(name);
            Row {
                name: name.clone(),
                created_at,
                status: Some(status),
                summary,
            }
        });
        let member = "ProcessingJobSummaries";
        list(input, member, &JOB_STATUSES, rows.collect())
    }
}

fn list(
    input: &Value,
    member: &str,
    statuses: &[&'static str],
    mut rows: Vec<Row>,
) -> Result<Value, ApiError> {
    let page = integer(input, "MaxResults", 1, 100)?.unwrap_or(DEFAULT_PAGE);
    let part = part_of_name(input, "NameContains")?.map(str::to_lowercase);
    let status = match statuses {
        [] => None,
        statuses => choice(input, "StatusEquals", statuses)?,
    };
    let time = |member: &str| input.get(member).and_then(Value::as_f64);
    rows.retain(|row| {
        part.as_ref()
            .is_none_or(|part| row.name.to_lowercase().contains(part))
            && status.is_none_or(|status| row.status == Some(status))
            && time("CreationTimeBefore").is_none_or(|before| row.created_at < before)
            && time("CreationTimeAfter").is_none_or(|after| row.created_at > after)
    });
    sort(input, &mut rows)?;
    let from = match optional_text(input, "NextToken")? {
        None => 0,
        Some(token) => match token.parse() {
            Ok(from) => from,
            Err(_) => return Err(ApiError::validation("Invalid pagination token given.")),
        },
    };
    let size = usize::try_from(page).unwrap_or(usize::MAX);
    let shown: Vec<Value> = rows
        .iter()
        .skip(from)
        .take(size)
        .map(|row| row.summary.clone())
        .collect();
    let next = from + shown.len();
    let mut answer = json!({ member: shown });
    if let (true, Value::Object(members)) = (next < rows.len(), &mut answer) {
        members.insert("NextToken".to_owned(), json!(next.to_string()));
    }
    Ok(answer)
}

/// By age unless asked otherwise, the newest first.
fn sort(input: &Value, rows: &mut [Row]) -> Result<(), ApiError> {
    let key = choice(input, "SortBy", &["Name", "CreationTime", "Status"])?;
    let order = choice(input, "SortOrder", &["Ascending", "Descending"])?;
    rows.sort_by(|a, b| match key {
        Some("Name") => a.name.cmp(&b.name),
        Some("Status") => a.status.cmp(&b.status).then_with(|| a.name.cmp(&b.name)),
        _ => a
            .created_at
            .total_cmp(&b.created_at)
            .then_with(|| a.name.cmp(&b.name)),
    });
    if order != Some("Ascending") {
        rows.reverse();
    }
    Ok(())
}
