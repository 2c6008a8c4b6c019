//! Answers of each protocol: valid ones with unexpected values, and damaged ones.

use ciborium::Value as Cbor;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const HOSTILE: &str = "\u{1b}[31m\n::error::x</td><script>@everyone<!-- sagegate \u{0}\u{202e}";

/// What a server sends, and closes the connection.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The first line and the headers; without it the body is all that is sent.
    pub(super) head: Option<(u16, &'static str)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// As it goes over the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let head = self.head.map(|(status, content_type)| {
            format!(
                "HTTP/1.1 {status} x\r\ncontent-type: {content_type}\r\nsmithy-protocol: rpc-v2-cbor\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                self.body.len()
            )
        });
        [head.unwrap_or_default().as_bytes(), &self.body].concat()
    }
}

/// A change of the bytes of a document.
#[derive(Debug, Clone)]
enum Damage {
    Byte(Index, u8),
    Truncated(Index),
    Doubled(Index, Index),
    /// Ten thousand openings of something.
    Nested(Index, &'static [u8]),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let at = any::<Index>;
    // Arrays, maps and tags of CBOR, of definite and indefinite length, JSON and XML.
    let openings: [&[u8]; 8] = [
        b"[", b"{\"a\":", b"<a>", b"\x81", b"\x9f", b"\xa1", b"\xbf", b"\xc1",
    ];
    let one = prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        2 => at().prop_map(Damage::Truncated),
        2 => (at(), at()).prop_map(|(from, to)| Damage::Doubled(from, to)),
        1 => (at(), select(openings.to_vec())).prop_map(|(at, what)| Damage::Nested(at, what)),
    ];
    prop::collection::vec(one, 0..3)
}

fn damaged(mut bytes: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    for damage in all {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match damage {
            Damage::Byte(at, byte) => bytes[at.index(length)] = *byte,
            Damage::Truncated(at) => bytes.truncate(at.index(length)),
            Damage::Doubled(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(part);
            }
            Damage::Nested(at, what) => {
                let at = at.index(length);
                bytes.splice(at..at, what.repeat(10_000));
            }
        }
    }
    bytes
}

fn status() -> impl Strategy<Value = u16> {
    select(vec![200, 200, 200, 200, 200, 204, 302, 400, 404, 429, 500])
}

pub(super) fn any_answer() -> impl Strategy<Value = Answer> {
    let kinds = select(vec![
        "application/cbor",
        "application/x-amz-json-1.1",
        "text/xml",
    ]);
    let head = prop::option::weighted(0.8, (status(), kinds));
    let body = prop::collection::vec(any::<u8>(), 0..300);
    (head, body).prop_map(|(head, body)| Answer { head, body })
}

/// Unexpected values in place of a number of CloudWatch.
fn odd_number() -> impl Strategy<Value = Cbor> {
    let floats = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        5e-324,
        -0.0,
    ];
    prop_oneof![
        8 => select(floats.to_vec()).prop_map(Cbor::Float),
        1 => any::<i64>().prop_map(|it| Cbor::Integer(it.into())),
        1 => Just(Cbor::Text(HOSTILE.to_owned())),
        1 => Just(Cbor::Null),
    ]
}

/// An answer to `GetMetricData` about the first endpoint, or an error, damaged or not.
pub(super) fn cbor_answer() -> impl Strategy<Value = Answer> {
    let text = |text: &str| Cbor::Text(text.to_owned());
    let values = prop::collection::vec(0.0..1e6, 80);
    // One value of a kind that is not read spoils the answer: few are odd.
    let odd = prop::collection::vec((any::<Index>(), odd_number()), 0..4);
    let values = (select(vec![1_usize, 1, 2]), values, odd).prop_map(|(periods, values, odd)| {
        let mut values: Vec<Cbor> = values.into_iter().map(Cbor::Float).collect();
        for (at, value) in odd {
            values[at.index(40 * periods)] = value;
        }
        let statistics = values.chunks(periods).take(40);
        statistics.map(<[Cbor]>::to_vec).collect::<Vec<_>>()
    });
    let token = prop_oneof![Just(None), Just(Some("again")), Just(Some(HOSTILE))];
    let error = prop_oneof![
        4 => Just(None),
        1 => Just(Some("com.amazonaws.cloudwatch#InternalServiceFault")),
        1 => Just(Some(HOSTILE)),
    ];
    (status(), values, token, error, damage()).prop_map(
        move |(status, values, token, error, damage)| {
            let results = values.into_iter().enumerate().map(|(index, values)| {
                Cbor::Map(vec![
                    (text("Id"), text(&format!("q{index}"))),
                    (text("Values"), Cbor::Array(values)),
                    (text("Label"), text(HOSTILE)),
                ])
            });
            let mut members = vec![(text("MetricDataResults"), Cbor::Array(results.collect()))];
            members.extend(token.map(|it| (text("NextToken"), text(it))));
            members.extend(error.map(|it| (text("__type"), text(it))));
            let mut body = Vec::new();
            ciborium::into_writer(&Cbor::Map(members), &mut body).unwrap();
            Answer {
                head: Some((status, "application/cbor")),
                body: damaged(body, &damage),
            }
        },
    )
}

/// An answer of SageMaker and of Service Quotas at once, with unexpected values, damaged
/// or not.
pub(super) fn json_answer() -> impl Strategy<Value = Answer> {
    let odd = [
        serde_json::json!(null),
        serde_json::json!(-1e308),
        serde_json::json!(u64::MAX),
        serde_json::json!(HOSTILE),
        serde_json::json!([[[]]]),
        serde_json::json!({ "a": {} }),
        serde_json::json!("x".repeat(1 << 16)),
        serde_json::json!([{ "EndpointName": "e", "EndpointArn": "a", "CreationTime": 1e300 }]),
    ];
    let members = [
        "EndpointStatus",
        "FailureReason",
        "Endpoints",
        "EndpointConfigs",
        "Models",
        "Tags",
        "NextToken",
        "Quota",
        "ProcessingJobStatus",
        "__type",
        "message",
        "CreationTime",
    ];
    let replaced = prop::collection::vec((select(members.to_vec()), select(odd.to_vec())), 0..3);
    (status(), replaced, damage()).prop_map(|(status, replaced, damage)| {
        let listed = |kind: &str| {
            let (name, arn) = (format!("{kind}Name"), format!("{kind}Arn"));
            serde_json::json!([{ name: "sagegate-1", arn: HOSTILE, "CreationTime": 1.0e9 }])
        };
        let mut answer = serde_json::json!({
            "EndpointName": "e", "EndpointStatus": "InService", "EndpointArn": "a", "CreationTime": 1.0e9,
            "LastModifiedTime": -1.0e18, "ModelName": "m", "ModelArn": "a", "Endpoints": listed("Endpoint"),
            "EndpointConfigs": listed("EndpointConfig"), "Models": listed("Model"),
            "Tags": [{ "Key": "sagegate", "Value": HOSTILE }], "ProcessingJobStatus": "Failed",
            "Quota": { "Value": 1e300 },
        });
        for (name, value) in replaced {
            answer[name] = value;
        }
        Answer {
            head: Some((status, "application/x-amz-json-1.1")),
            body: damaged(answer.to_string().into_bytes(), &damage),
        }
    })
}

/// What S3 says of an error, with other texts in it, damaged or not.
pub(super) fn xml_answer() -> impl Strategy<Value = Answer> {
    let codes = [
        "NoSuchKey",
        "PreconditionFailed",
        "SlowDown",
        "",
        "&lt;x&gt;",
        "&#0;",
        "&nosuch;",
        "<b>x</b>",
    ];
    let before = [
        "",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        // A billion laughs.
        "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>",
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-16\"?>",
    ];
    let parts = (status(), select(before.to_vec()), select(codes.to_vec()));
    let message = prop_oneof![Just(String::new()), "\\PC{0,20}(&b;)?"];
    (parts, message, damage()).prop_map(|((status, before, code), message, damage)| {
        let document = format!(
            "{before}<Error><Code>{code}</Code><Message>{message}</Message><Message>{code}</Message></Error>"
        );
        Answer {
            head: Some((status, "application/xml")),
            body: damaged(document.into_bytes(), &damage),
        }
    })
}
