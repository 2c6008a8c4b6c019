//! CloudWatch Logs of endpoints: AWS keeps what a container writes in a log group that it creates
//! with the first line, and that outlives the endpoint.

use aws_sdk_cloudwatchlogs::types::{OrderBy, OutputLogEvent};
use futures_util::future::join_all;

use super::error::AwsError;
use super::session::Session;

/// Log streams that are looked into. There is one per worker; AWS updates the times that they are
/// sorted by late, so the last one listed is not always the last one written to.
const STREAMS: i32 = 4;

/// The log group of an endpoint.
fn group_of(endpoint: &str) -> String {
    format!("/aws/sagemaker/Endpoints/{endpoint}")
}

impl Session {
    /// What the container of an endpoint has written last: at most `limit` lines, the last one at
    /// the end. Empty where it has written nothing.
    ///
    /// # Errors
    /// [`AwsError`] of `DescribeLogStreams` or `GetLogEvents`.
    pub async fn last_log_lines(&self, endpoint: &str, limit: u8) -> Result<Vec<String>, AwsError> {
        let group = group_of(endpoint);
        let streams = self.log_streams(&group).await?;
        let read = streams
            .iter()
            .map(|stream| self.end_of_stream(&group, stream, limit));
        let mut events = Vec::new();
        for read in join_all(read).await {
            events.extend(read?);
        }
        // Stable: events of one moment stay in their order.
        events.sort_by_key(|event| event.timestamp);
        let messages = events.into_iter().filter_map(|event| event.message);
        let lines: Vec<String> = messages
            .flat_map(|message| message.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| !line.trim().is_empty())
            .collect();
        let first = lines.len().saturating_sub(limit.into());
        Ok(lines.into_iter().skip(first).collect())
    }

    /// Names of the streams that were written to last.
    async fn log_streams(&self, group: &str) -> Result<Vec<String>, AwsError> {
        let call = self
            .logs
            .describe_log_streams()
            .log_group_name(group)
            .order_by(OrderBy::LastEventTime)
            .descending(true)
            .limit(STREAMS);
        let answer = call.send().await;
        let answer = answer.map_err(|error| AwsError::new("DescribeLogStreams", &error));
        let streams = found(answer)?.and_then(|output| output.log_streams);
        let streams = streams.into_iter().flatten();
        Ok(streams
            .filter_map(|stream| stream.log_stream_name)
            .collect())
    }

    async fn end_of_stream(
        &self,
        group: &str,
        stream: &str,
        limit: u8,
    ) -> Result<Vec<OutputLogEvent>, AwsError> {
        let call = self
            .logs
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .start_from_head(false)
            .limit(limit.into());
        let answer = call.send().await;
        let answer = answer.map_err(|error| AwsError::new("GetLogEvents", &error));
        Ok(found(answer)?
            .and_then(|output| output.events)
            .unwrap_or_default())
    }

    /// Deletes the log group of an endpoint; whether there was one.
    ///
    /// # Errors
    /// [`AwsError`] of `DeleteLogGroup`, except "not found".
    pub async fn delete_log_group(&self, endpoint: &str) -> Result<bool, AwsError> {
        let call = self
            .logs
            .delete_log_group()
            .log_group_name(group_of(endpoint));
        let answer = call.send().await;
        let answer = answer.map_err(|error| AwsError::new("DeleteLogGroup", &error));
        Ok(found(answer)?.is_some())
    }
}

/// `None` where there is no such log group or stream.
fn found<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code.as_deref() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(error),
    }
}
