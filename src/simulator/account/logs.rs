//! CloudWatch Logs: what containers write, kept until somebody deletes it.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::ACCOUNT_ID;
use crate::simulator::validate::{ApiError, choice, integer, optional_text, text};

/// Events of a stream that are kept: the last ones.
const MAX_EVENTS: usize = 1000;
const MAX_PAGE: i64 = 50;
const MAX_EVENT_PAGE: i64 = 10_000;

/// Log groups by name. They outlive their endpoints.
#[derive(Debug, Default)]
pub(super) struct LogStore(BTreeMap<String, Group>);

#[derive(Debug)]
struct Group {
    created_at: f64,
    streams: BTreeMap<String, Stream>,
}

#[derive(Debug)]
struct Stream {
    created_at: f64,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Event {
    at: f64,
    message: String,
}

/// Who writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) endpoint: &'a str,
    pub(super) variant: &'a str,
    pub(super) worker: usize,
}

impl LogStore {
    /// Appends lines. Group and stream are created with the first one, as AWS does.
    pub(super) fn write(&mut self, writer: Writer<'_>, lines: &[String], now: f64) {
        if lines.is_empty() {
            return;
        }
        let group = format!("/aws/sagemaker/Endpoints/{}", writer.endpoint);
        let group = self.0.entry(group).or_insert_with(|| Group {
            created_at: now,
            streams: BTreeMap::new(),
        });
        let stream = format!("{}/{:032x}", writer.variant, writer.worker + 1);
        let stream = group.streams.entry(stream).or_insert_with(|| Stream {
            created_at: now,
            events: VecDeque::new(),
        });
        for line in lines {
            stream.events.push_back(Event {
                at: now,
                message: line.clone(),
            });
        }
        let extra = stream.events.len().saturating_sub(MAX_EVENTS);
        stream.events.drain(..extra);
    }

    /// Names of the log groups.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub(super) fn describe_log_groups(
        &self,
        input: &Value,
        region: &str,
    ) -> Result<Value, ApiError> {
        let prefix = parameter(optional_text(input, "logGroupNamePrefix"))?.unwrap_or_default();
        let groups = self.0.iter().filter(|(name, _)| name.starts_with(prefix));
        let groups = groups.map(|(name, group)| {
            let arn = format!("arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{name}");
            json!({
                "logGroupName": name,
                "creationTime": milliseconds(group.created_at),
                "metricFilterCount": 0,
                "arn": format!("{arn}:*"),
                "logGroupArn": arn,
                "storedBytes": 0,
                "logGroupClass": "STANDARD",
            })
        });
        page(input, "logGroups", groups.collect())
    }

    pub(super) fn describe_log_streams(
        &self,
        input: &Value,
        region: &str,
    ) -> Result<Value, ApiError> {
        let (name, group) = self.group(input)?;
        let prefix = parameter(optional_text(input, "logStreamNamePrefix"))?;
        let order = parameter(choice(
            input,
            "orderBy",
            &["LogStreamName", "LastEventTime"],
        ))?;
        let by_time = order == Some("LastEventTime");
        if by_time && prefix.is_some() {
            return Err(invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        let prefix = prefix.unwrap_or_default();
        let streams = group.streams.iter();
        let mut streams: Vec<(&String, &Stream)> = streams
            .filter(|(stream, _)| stream.starts_with(prefix))
            .collect();
        if by_time {
            streams.sort_by(|(_, a), (_, b)| a.last_at().total_cmp(&b.last_at()));
        }
        if input.get("descending").and_then(Value::as_bool) == Some(true) {
            streams.reverse();
        }
        let arn = format!("arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{name}:log-stream:");
        let streams = streams.into_iter().map(|(stream, it)| {
            let first = it.events.front().map_or(it.created_at, |event| event.at);
            json!({
                "logStreamName": stream,
                "creationTime": milliseconds(it.created_at),
                "firstEventTimestamp": milliseconds(first),
                "lastEventTimestamp": milliseconds(it.last_at()),
                "lastIngestionTime": milliseconds(it.last_at()),
                "arn": format!("{arn}{stream}"),
                "storedBytes": 0,
            })
        });
        page(input, "logStreams", streams.collect())
    }

    /// Without a token, the first page from the head or the last one.
    pub(super) fn get_log_events(&self, input: &Value) -> Result<Value, ApiError> {
        let (_, group) = self.group(input)?;
        let stream = group.streams.get(parameter(text(input, "logStreamName"))?);
        let stream = stream.ok_or_else(|| missing("The specified log stream does not exist."))?;
        let limit = parameter(integer(input, "limit", 1, MAX_EVENT_PAGE))?;
        let limit = usize::try_from(limit.unwrap_or(MAX_EVENT_PAGE)).unwrap_or(usize::MAX);
        let count = stream.events.len();
        let from_head = input.get("startFromHead").and_then(Value::as_bool) == Some(true);
        let token = parameter(optional_text(input, "nextToken"))?;
        let (from, to) = match token.map(position).transpose()? {
            Some(Position::Forward(at)) => (at, at.saturating_add(limit)),
            Some(Position::Backward(at)) => (at.saturating_sub(limit), at),
            None if from_head => (0, limit),
            None => (count.saturating_sub(limit), count),
        };
        let (from, to) = (from.min(count), to.min(count));
        let events = stream.events.iter().skip(from).take(to - from);
        let events = events.map(|event| {
            json!({
                "timestamp": milliseconds(event.at),
                "message": event.message,
                "ingestionTime": milliseconds(event.at),
            })
        });
        Ok(json!({
            "events": events.collect::<Vec<_>>(),
            "nextForwardToken": format!("f/{to:056}/s"),
            "nextBackwardToken": format!("b/{from:056}/s"),
        }))
    }

    pub(super) fn delete_log_group(&mut self, input: &Value) -> Result<Value, ApiError> {
        let (name, _) = self.group(input)?;
        let name = name.to_owned();
        self.0.remove(&name);
        Ok(json!({}))
    }

    /// The group that a request names.
    fn group<'a>(&'a self, input: &'a Value) -> Result<(&'a str, &'a Group), ApiError> {
        let name = parameter(text(input, "logGroupName"))?;
        let may_be = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
        if !(1..=512).contains(&name.len()) || !name.chars().all(may_be) {
            let pattern = "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+";
            return parameter(Err(ApiError::constraint(name, "logGroupName", pattern)));
        }
        let group = self.0.get(name);
        let group = group.ok_or_else(|| missing("The specified log group does not exist."))?;
        Ok((name, group))
    }
}

impl Stream {
    fn last_at(&self) -> f64 {
        self.events.back().map_or(self.created_at, |event| event.at)
    }
}

/// Where a token stands.
enum Position {
    Forward(usize),
    Backward(usize),
}

fn position(token: &str) -> Result<Position, ApiError> {
    let parsed = token.split_once('/').and_then(|(way, rest)| {
        let at = rest.strip_suffix("/s")?.parse().ok()?;
        match way {
            "f" => Some(Position::Forward(at)),
            "b" => Some(Position::Backward(at)),
            _ => None,
        }
    });
    parsed.ok_or_else(|| invalid("The specified nextToken is invalid."))
}

/// At most `limit` of the rows, from the token on.
fn page(input: &Value, member: &str, rows: Vec<Value>) -> Result<Value, ApiError> {
    let limit = parameter(integer(input, "limit", 1, MAX_PAGE))?.unwrap_or(MAX_PAGE);
    let from = match parameter(optional_text(input, "nextToken"))?.map(str::parse) {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_not_a_number)) => return Err(invalid("The specified nextToken is invalid.")),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let count = rows.len();
    let shown: Vec<Value> = rows.into_iter().skip(from).take(limit).collect();
    let next = from.saturating_add(shown.len());
    let mut answer = json!({ member: shown });
    if let (true, Value::Object(members)) = (next < count, &mut answer) {
        members.insert("nextToken".to_owned(), json!(next.to_string()));
    }
    Ok(answer)
}

/// A parameter that breaks a rule has a code of its own here.
fn parameter<T>(checked: Result<T, ApiError>) -> Result<T, ApiError> {
    checked.map_err(|error| ApiError {
        code: "InvalidParameterException",
        ..error
    })
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

fn missing(message: &str) -> ApiError {
    ApiError::new(400, "ResourceNotFoundException", message)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a time of this century in milliseconds"
)]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/aws/sagemaker/Endpoints/e";

    fn written() -> LogStore {
        let mut store = LogStore::default();
        for (worker, now) in [(0, 1.0), (1, 2.0), (0, 3.0)] {
            let writer = Writer {
                endpoint: "e",
                variant: "V",
                worker,
            };
            let lines = [format!("{worker} at {now}"), "more".to_owned()];
            store.write(writer, &lines, now);
        }
        store
    }

    fn streams(store: &LogStore, more: &Value) -> Value {
        let mut input = json!({ "logGroupName": GROUP });
        let members = input.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        store.describe_log_streams(&input, "r").unwrap()
    }

    #[test]
    fn a_group_begins_with_its_first_line_and_goes_when_it_is_deleted() {
        let mut store = written();
        let groups = store.describe_log_groups(&json!({}), "r").unwrap();
        assert_eq!(groups["logGroups"][0]["logGroupName"], GROUP);
        assert_eq!(groups["logGroups"][0]["creationTime"], 1000);
        let other = json!({ "logGroupNamePrefix": "/aws/lambda" });
        let others = store.describe_log_groups(&other, "r").unwrap();
        assert_eq!(others["logGroups"], json!([]));
        let named = json!({ "logGroupName": GROUP });
        store.delete_log_group(&named).unwrap();
        assert_eq!(store.names(), Vec::<String>::new());
        let again = store.delete_log_group(&named).unwrap_err();
        assert_eq!(again.code, "ResourceNotFoundException");
    }

    #[test]
    fn streams_come_by_time_or_by_name_and_page_by_page() {
        let store = written();
        let latest = streams(
            &store,
            &json!({ "orderBy": "LastEventTime", "descending": true, "limit": 1 }),
        );
        let name = latest["logStreams"][0]["logStreamName"].as_str().unwrap();
        assert!(name.starts_with("V/") && name.ends_with('1'), "{name}");
        assert_eq!(latest["logStreams"][0]["lastEventTimestamp"], 3000);
        let rest = streams(
            &store,
            &json!({
                "orderBy": "LastEventTime", "descending": true, "nextToken": latest["nextToken"],
            }),
        );
        let rest = rest["logStreams"].as_array().unwrap();
        assert_eq!(rest.len(), 1);
        assert!(rest[0]["logStreamName"].as_str().unwrap().ends_with('2'));
        let both = json!({
            "logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "V",
        });
        let refused = store.describe_log_streams(&both, "r").unwrap_err();
        assert_eq!(refused.code, "InvalidParameterException");
    }

    #[test]
    fn the_end_of_a_stream_comes_first_and_tokens_lead_both_ways() {
        let store = written();
        let all = streams(&store, &json!({}));
        let get = |more: Value| {
            let mut input = json!({
                "logGroupName": GROUP, "logStreamName": all["logStreams"][0]["logStreamName"],
            });
            let members = input.as_object_mut().unwrap();
            members.extend(more.as_object().unwrap().clone());
            store.get_log_events(&input)
        };
        let messages = |answer: &Value| -> Vec<String> {
            let events = answer["events"].as_array().unwrap().iter();
            events
                .map(|it| it["message"].as_str().unwrap().to_owned())
                .collect()
        };
        let last = get(json!({ "limit": 3 })).unwrap();
        assert_eq!(messages(&last), ["more", "0 at 3", "more"]);
        assert_eq!(last["events"][1]["timestamp"], 3000);
        let before = get(json!({ "limit": 3, "nextToken": last["nextBackwardToken"] })).unwrap();
        assert_eq!(messages(&before), ["0 at 1"]);
        let end = get(json!({ "nextToken": last["nextForwardToken"] })).unwrap();
        assert_eq!(messages(&end), Vec::<String>::new());
        assert_eq!(end["nextForwardToken"], last["nextForwardToken"]);
        let head = get(json!({ "limit": 1, "startFromHead": true })).unwrap();
        assert_eq!(messages(&head), ["0 at 1"]);
        for bad in [json!({ "limit": 0 }), json!({ "nextToken": "x" })] {
            assert_eq!(get(bad).unwrap_err().code, "InvalidParameterException");
        }
        let absent = json!({ "logStreamName": "none" });
        assert_eq!(get(absent).unwrap_err().code, "ResourceNotFoundException");
    }

    #[test]
    fn a_stream_keeps_its_last_events() {
        let mut store = LogStore::default();
        let writer = Writer {
            endpoint: "e",
            variant: "V",
            worker: 0,
        };
        for number in 0..2500 {
            store.write(writer, &[number.to_string()], 1.0);
        }
        let stream = store.0[GROUP].streams.values().next().unwrap();
        assert_eq!(stream.events.len(), 1000);
        assert_eq!(stream.events[0].message, "1500");
    }
}
