//! Smithy RPC v2 CBOR, which the Rust SDK speaks to CloudWatch:
//! `POST /service/GraniteServiceVersion20100801/operation/{Operation}`.

use axum::body::Body;
use axum::http::Response;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value, json};

use crate::simulator::validate::ApiError;

/// CBOR tag of a time as seconds since the Unix epoch (RFC 8949, section 3.4.2).
const EPOCH_TIME: u64 = 1;
const MAX_DEPTH: usize = 32;

/// Operation of a path, or `None` for another path.
pub(in crate::simulator) fn operation_of(path: &str) -> Option<&str> {
    path.strip_prefix("/service/GraniteServiceVersion20100801/operation/")
}

/// The body as JSON: times become numbers of seconds.
pub(in crate::simulator) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let malformed = |reason: String| ApiError::new(400, "SerializationException", reason);
    if body.is_empty() {
        return Ok(json!({}));
    }
    let cbor: Cbor = ciborium::from_reader(body).map_err(|error| malformed(error.to_string()))?;
    to_json(&cbor, 0).ok_or_else(|| malformed("a value that CloudWatch does not take".to_owned()))
}

fn to_json(cbor: &Cbor, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    match cbor {
        Cbor::Null => Some(Value::Null),
        Cbor::Bool(it) => Some(json!(it)),
        Cbor::Integer(it) => i64::try_from(*it).ok().map(|it| json!(it)),
        Cbor::Float(it) => Number::from_f64(*it).map(Value::Number),
        Cbor::Text(it) => Some(json!(it)),
        Cbor::Tag(EPOCH_TIME, inner) => to_json(inner, depth + 1),
        Cbor::Array(items) => items.iter().map(|item| to_json(item, depth + 1)).collect(),
        Cbor::Map(entries) => {
            let members: Option<Map<String, Value>> = entries
                .iter()
                .map(|(key, value)| Some((key.as_text()?.to_owned(), to_json(value, depth + 1)?)))
                .collect();
            members.map(Value::Object)
        }
        // Bytes and other tags; the type may grow.
        Cbor::Bytes(_) | Cbor::Tag(..) | _ => None,
    }
}

/// JSON as CBOR; members that hold times are tagged as such.
fn from_json(value: &Value, is_time: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(it) => Cbor::Bool(*it),
        Value::Number(it) => number(it, is_time),
        Value::String(it) => Cbor::Text(it.clone()),
        Value::Array(items) => {
            Cbor::Array(items.iter().map(|item| from_json(item, is_time)).collect())
        }
        Value::Object(members) => Cbor::Map(
            members
                .iter()
                .map(|(name, value)| {
                    let is_time = matches!(name.as_str(), "Timestamp" | "Timestamps");
                    (Cbor::Text(name.clone()), from_json(value, is_time))
                })
                .collect(),
        ),
    }
}

fn number(number: &Number, is_time: bool) -> Cbor {
    let float = Cbor::Float(number.as_f64().unwrap_or_default());
    if is_time {
        return Cbor::Tag(EPOCH_TIME, Box::new(float));
    }
    number.as_i64().map_or(float, |it| Cbor::Integer(it.into()))
}

pub(in crate::simulator) fn respond(
    answer: Result<Value, ApiError>,
    request_id: &str,
) -> Response<Body> {
    let (status, value) = match answer {
        Ok(value) => (200, value),
        Err(error) => {
            let kind = format!("com.amazonaws.cloudwatch#{}", error.code);
            (
                error.status,
                json!({ "__type": kind, "message": error.message }),
            )
        }
    };
    let mut body = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = ciborium::into_writer(&from_json(&value, false), &mut body);
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/cbor")
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("x-amzn-requestid", request_id)
        .body(Body::from(body));
    response.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(cbor: &Cbor) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(cbor, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn times_come_in_tagged_or_bare_and_go_out_tagged() {
        let tagged = Cbor::Tag(1, Box::new(Cbor::Float(1.5)));
        let map = Cbor::Map(vec![(Cbor::Text("StartTime".to_owned()), tagged)]);
        assert_eq!(parse(&bytes(&map)).unwrap(), json!({ "StartTime": 1.5 }));
        let out = from_json(&json!({ "Timestamps": [60.0], "Values": [2.5] }), false);
        let Cbor::Map(members) = out else {
            panic!("not a map")
        };
        let is_tagged =
            |cbor: &Cbor| matches!(cbor, Cbor::Array(items) if matches!(items[0], Cbor::Tag(1, _)));
        assert_eq!(
            members
                .iter()
                .map(|(_, value)| is_tagged(value))
                .collect::<Vec<_>>(),
            [true, false]
        );
    }

    #[test]
    fn other_bytes_are_an_error() {
        assert!(parse(b"{\"json\": 1}").is_err());
        assert!(parse(&bytes(&Cbor::Bytes(vec![1]))).is_err());
        let deep = (0..100).fold(Cbor::Null, |inner, _| Cbor::Array(vec![inner]));
        assert!(parse(&bytes(&deep)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn json_round_trips_through_cbor_and_any_bytes_are_survived(
            words in prop::collection::btree_map("[a-z]{1,5}", any::<i32>(), 0..5),
            junk in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let value = json!({ "members": words });
            prop_assert_eq!(parse(&bytes(&from_json(&value, false))).unwrap(), value);
            let _ = parse(&junk);
        }
    }
}
