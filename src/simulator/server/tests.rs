//! Bytes on the wire, from a client that knows no AWS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use ciborium::Value as Cbor;
use serde_json::{Value, json};

use crate::simulator::scenario::tests::scenario;
use crate::simulator::{Handle, start};

const SIGNATURE: &str = "Authorization: AWS4-HMAC-SHA256 Credential=AK/20261122/eu-west-1/sagemaker/aws4_request, Signature=0\r\n";
const QUICK: &str =
    "[life_cycle]\ncreating_seconds = 0\ndeleting_seconds = 0\nmetric_delay_seconds = 0";

/// An answer.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

async fn simulator(extra: &str) -> Handle {
    let address = "127.0.0.1:0".parse().unwrap();
    start(scenario(extra), address).await.unwrap()
}

/// Sends a request on a connection that stays open; `None` when the other side breaks it.
fn exchange(stream: &mut TcpStream, start: &str, headers: &str, body: &[u8]) -> Option<Reply> {
    let length = body.len();
    let head =
        format!("{start} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut received = Vec::new();
    let mut chunk = [0; 16_384];
    loop {
        let count = stream.read(&mut chunk).unwrap_or(0);
        if count == 0 {
            return None;
        }
        received.extend_from_slice(&chunk[..count]);
        let Some(end) = received.windows(4).position(|it| it == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
        let length = head.split_once("content-length: ").unwrap().1;
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        if received.len() >= end + 4 + length {
            return Some(Reply {
                status: head.split(' ').nth(1).unwrap().parse().unwrap(),
                body: received[end + 4..].to_vec(),
                head,
            });
        }
    }
}

fn send(handle: &Handle, start: &str, headers: &str, body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(handle.address()).unwrap();
    exchange(&mut stream, start, headers, body).unwrap()
}

fn sagemaker(handle: &Handle, operation: &str, body: &Value) -> Reply {
    let headers = format!(
        "{SIGNATURE}Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: SageMaker.{operation}\r\n"
    );
    send(handle, "POST /", &headers, body.to_string().as_bytes())
}

fn deploy(handle: &Handle) {
    let config = json!({ "EndpointConfigName": "e", "ProductionVariants": [{
        "VariantName": "v", "ModelName": "m",
        "ServerlessConfig": { "MemorySizeInMB": 2048, "MaxConcurrency": 1 },
    }]});
    assert_eq!(
        sagemaker(handle, "CreateEndpointConfig", &config).status,
        200
    );
    let endpoint = json!({ "EndpointName": "e", "EndpointConfigName": "e" });
    assert_eq!(sagemaker(handle, "CreateEndpoint", &endpoint).status, 200);
}

fn invoke(handle: &Handle, body: &[u8]) -> Reply {
    send(handle, "POST /endpoints/e/invocations", SIGNATURE, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_signature_is_refused_in_its_protocol() {
    let handle = simulator("").await;
    let json = send(
        &handle,
        "POST /",
        "X-Amz-Target: SageMaker.ListModels\r\n",
        b"{}",
    );
    assert_eq!(
        (json.status, json.json()["__type"].as_str()),
        (403, Some("MissingAuthenticationTokenException"))
    );
    let path = "POST /service/GraniteServiceVersion20100801/operation/GetMetricData";
    let cbor = send(&handle, path, "smithy-protocol: rpc-v2-cbor\r\n", b"");
    assert!(
        cbor.head.contains("smithy-protocol: rpc-v2-cbor") && cbor.status == 403,
        "{}",
        cbor.head
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn arns_carry_the_signed_region_and_an_account_that_is_not_aws() {
    let handle = simulator("").await;
    let answer = sagemaker(&handle, "DescribeModel", &json!({ "ModelName": "m" })).json();
    assert_eq!(
        answer["ModelArn"],
        "arn:aws:sagemaker:eu-west-1:000000000000:model/m"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_surface_shows_what_exists_and_what_was_asked_in_order() {
    let handle = simulator(QUICK).await;
    deploy(&handle);
    assert_eq!(invoke(&handle, b"1").status, 200);
    sagemaker(&handle, "DescribeModel", &json!({ "ModelName": "none" }));
    let state = send(&handle, "GET /_simulator/state", "", b"").json();
    assert_eq!(
        state["endpoints"],
        json!([{ "name": "e", "status": "InService" }])
    );
    assert_eq!(state["requests"]["InvokeEndpoint"], 1);
    let log = send(&handle, "GET /_simulator/requests", "", b"").json();
    let lines: Vec<String> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {} {}", it["operation"], it["name"], it["status"]).replace('"', ""))
        .collect();
    assert_eq!(
        lines,
        [
            "CreateEndpointConfig e 200",
            "CreateEndpoint e 200",
            "DescribeModel none 400"
        ]
    );
    let view = handle.account();
    assert_eq!(
        (view.log.len(), view.endpoint_configs),
        (3, vec!["e".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_calls_with_the_runtimes_headers() {
    let handle = simulator(&format!("{QUICK}\n[model]\nresponse_bytes = 48")).await;
    deploy(&handle);
    let mut stream = TcpStream::connect(handle.address()).unwrap();
    for _ in 0..3 {
        let path = "POST /endpoints/e/invocations";
        let reply = exchange(&mut stream, path, SIGNATURE, b"1,2").unwrap();
        assert_eq!((reply.status, reply.body.len()), (200, 48));
        assert!(
            reply.head.contains("x-amzn-invoked-production-variant: v")
                && reply.head.contains("x-amzn-requestid: "),
            "{}",
            reply.head
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runtime_errors_carry_their_code_in_a_header() {
    let handle = simulator(&format!("{QUICK}\n[faults]\nthrottle = 1.0")).await;
    deploy(&handle);
    let throttled = invoke(&handle, b"1");
    assert_eq!(
        (throttled.status, throttled.text().as_str()),
        (400, r#"{"message":null}"#)
    );
    assert!(
        throttled
            .head
            .contains("x-amzn-errortype: throttlingexception")
    );
    let oversize = invoke(&handle, &vec![b'x'; 4 * 1024 * 1024 + 1]);
    assert!(
        oversize.text().contains("has oversize body."),
        "{}",
        oversize.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_must_be_posted() {
    let handle = simulator(QUICK).await;
    deploy(&handle);
    let reply = send(&handle, "GET /endpoints/e/invocations", SIGNATURE, b"");
    assert_eq!(reply.status, 404);
    assert!(!handle.account().requests.contains_key("InvokeEndpoint"));
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudwatch_says_the_same_in_json_and_in_cbor() {
    let handle = simulator(QUICK).await;
    deploy(&handle);
    invoke(&handle, b"1");
    let query = json!({ "StartTime": 0, "EndTime": 4_000_000_000_u64, "MetricDataQueries": [{ "Id": "q", "MetricStat": {
        "Metric": { "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": [
            { "Name": "EndpointName", "Value": "e" }, { "Name": "VariantName", "Value": "v" }] },
        "Period": 3600, "Stat": "SampleCount" } }] });
    let target = "X-Amz-Target: GraniteServiceVersion20100801.GetMetricData\r\n";
    let headers = format!("{SIGNATURE}Content-Type: application/x-amz-json-1.0\r\n{target}");
    let reply = send(&handle, "POST /", &headers, query.to_string().as_bytes());
    assert!(reply.head.contains("application/x-amz-json-1.0"));
    let in_json = reply.json()["MetricDataResults"][0]["Values"].clone();
    assert_eq!(in_json, json!([1.0]));

    let mut body = Vec::new();
    ciborium::into_writer(&Cbor::serialized(&query).unwrap(), &mut body).unwrap();
    let path = "POST /service/GraniteServiceVersion20100801/operation/GetMetricData";
    let reply = send(&handle, path, SIGNATURE, &body);
    let cbor: Cbor = ciborium::from_reader(reply.body.as_slice()).unwrap();
    let member = |map: &Cbor, name: &str| -> Cbor {
        let entries = map.as_map().unwrap().iter();
        let mut found = entries.filter(|(key, _)| key.as_text() == Some(name));
        found.next().unwrap().1.clone()
    };
    let result = member(&cbor, "MetricDataResults").as_array().unwrap()[0].clone();
    let value = member(&result, "Values").as_array().unwrap()[0].clone();
    assert_eq!(value, Cbor::Float(1.0));
    let time = member(&result, "Timestamps").as_array().unwrap()[0].clone();
    assert!(matches!(time, Cbor::Tag(1, _)), "{time:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_nth_call_of_an_operation_fails_as_the_scenario_says() {
    let fault = |operation: &str, kind: &str, every: u8| {
        format!(
            "[[operation_faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\nevery = {every}\n"
        )
    };
    let handle = simulator(&format!(
        "{QUICK}\n{}{}{}",
        fault("ListModels", "throttle", 3),
        fault("ListEndpoints", "dropped_connection", 1),
        fault("InvokeEndpoint", "internal_error", 2),
    ))
    .await;
    let statuses: Vec<u16> = (0..6)
        .map(|_| sagemaker(&handle, "ListModels", &json!({})).status)
        .collect();
    assert_eq!(statuses, [200, 200, 400, 200, 200, 400]);
    deploy(&handle);
    let statuses: Vec<u16> = (0..4).map(|_| invoke(&handle, b"1").status).collect();
    assert_eq!(statuses, [200, 500, 200, 500]);
    let headers = format!("{SIGNATURE}X-Amz-Target: SageMaker.ListEndpoints\r\n");
    let mut stream = TcpStream::connect(handle.address()).unwrap();
    assert!(exchange(&mut stream, "POST /", &headers, b"{}").is_none());
    assert_eq!(handle.account().log.last().unwrap().status, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_shutdown_nothing_listens_any_more() {
    let handle = simulator("").await;
    let address = handle.address();
    let mut open = TcpStream::connect(address).unwrap();
    let path = "GET /_simulator/state";
    assert_eq!(exchange(&mut open, path, "", b"").unwrap().status, 200);
    handle.shutdown().await;
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(
        open.read(&mut [0; 1]).unwrap_or(0),
        0,
        "idle connections are closed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_with_an_id_is_remembered_with_what_it_took() {
    let handle = simulator(QUICK).await;
    deploy(&handle);
    let ask = |endpoint: &str, id: &str| {
        let headers = format!("{SIGNATURE}X-Amzn-SageMaker-Inference-Id: {id}\r\n");
        let path = format!("POST /endpoints/{endpoint}/invocations");
        send(&handle, &path, &headers, b"1")
    };
    invoke(&handle, b"1");
    ask("e", "a");
    ask("none", "b");
    ask("e", &"x".repeat(65));
    let log = send(&handle, "GET /_simulator/invocations", "", b"").json();
    let log = log.as_array().unwrap();
    let seen: Vec<Value> = log
        .iter()
        .map(|it| json!([it["endpoint"], it["inference_id"], it["status"]]))
        .collect();
    assert_eq!(seen, [json!(["e", "a", 200]), json!(["none", "b", 400])]);
    // The model takes 2 ms; a busy machine adds to that and never takes from it.
    let took = log[0]["took_us"].as_u64().unwrap();
    assert!((1000..1_000_000).contains(&took), "{took}");
    assert!(log[0]["arrived_us"].as_u64() <= log[1]["arrived_us"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_counts_from_its_first_byte_and_not_from_the_pause_before_it() {
    let pause = Duration::from_millis(20);
    let handle = simulator(QUICK).await;
    deploy(&handle);
    let mut stream = TcpStream::connect(handle.address()).unwrap();
    for id in ["a", "b"] {
        thread::sleep(pause);
        stream.write_all(b"POST /endpoints/").unwrap();
        thread::sleep(pause);
        let headers = format!("{SIGNATURE}X-Amzn-SageMaker-Inference-Id: {id}\r\n");
        let reply = exchange(&mut stream, "e/invocations", &headers, b"1").unwrap();
        assert_eq!(reply.status, 200);
    }
    let log = send(&handle, "GET /_simulator/invocations", "", b"").json();
    let micros = |call: usize, name: &str| log[call][name].as_u64().unwrap();
    let pause = u64::try_from(pause.as_micros()).unwrap();
    assert!(micros(0, "took_us") >= pause && micros(1, "took_us") >= pause);
    let sent = micros(0, "arrived_us") + micros(0, "took_us");
    assert!(micros(1, "arrived_us") >= sent + pause, "{log}");
}
