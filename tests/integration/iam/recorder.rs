//! What a program sends to AWS, word for word: a proxy before the simulator.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Simulator, Workspace};

/// A request to AWS.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    /// For example `CreateEndpoint`.
    pub(super) operation: String,
    /// Its members; of S3 `Bucket`, `Key` and `ExpectedBucketOwner`, of an invocation the endpoint.
    pub(super) input: Value,
}

/// Forwards to a simulator, and remembers.
pub(super) struct Recorder {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
    _runtime: Runtime,
}

#[derive(Clone)]
struct Forward {
    to: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Recorder {
    pub(super) fn before(simulator: &Simulator) -> Self {
        let runtime = Runtime::new().unwrap();
        let listen = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(listen).unwrap();
        let address = listener.local_addr().unwrap();
        let forward = Forward {
            to: simulator.url().trim_start_matches("http://").to_owned(),
            sent: Arc::default(),
        };
        let sent = Arc::clone(&forward.sent);
        let router = Router::new().fallback(answer).with_state(forward);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            sent,
            _runtime: runtime,
        }
    }

    /// A workspace whose commands are recorded.
    pub(super) fn workspace(&self, simulator: &Simulator) -> Workspace {
        let url = format!("http://{}", self.address);
        Workspace::new(simulator).with("AWS_ENDPOINT_URL", &url)
    }

    /// What was sent since the last call of this.
    pub(super) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

async fn answer(
    State(forward): State<Forward>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let sent = understood(&method, &uri, &headers, &body);
    forward.sent.lock().unwrap().push(sent);
    let passed_on = move || pass_on(&forward.to, &method, &uri, &headers, &body);
    tokio::task::spawn_blocking(passed_on).await.unwrap()
}

fn pass_on(
    to: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Body> {
    let mut stream = TcpStream::connect(to).unwrap();
    let mut head = format!("{method} {uri} HTTP/1.1\r\n");
    for (name, value) in headers {
        let skipped = [
            "connection",
            "content-length",
            "transfer-encoding",
            "expect",
        ];
        if !skipped.contains(&name.as_str()) {
            write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
        }
    }
    let length = body.len();
    write!(
        head,
        "connection: close\r\ncontent-length: {length}\r\n\r\n"
    )
    .unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut received = Vec::new();
    // A connection that breaks has said what it has said.
    let _ = stream.read_to_end(&mut received);
    let end = received
        .windows(4)
        .position(|it| it == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut response = Response::builder().status(status.parse::<u16>().unwrap());
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        if !["connection", "content-length", "transfer-encoding"].contains(&name) {
            response = response.header(name, value);
        }
    }
    response
        .body(Body::from(received[end + 4..].to_vec()))
        .unwrap()
}

fn understood(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Sent {
    let header = |name: &str| headers.get(name).map(|it| it.to_str().unwrap());
    let path: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
    let sent = |operation: &str, input: Value| Sent {
        operation: operation.to_owned(),
        input,
    };
    if let Some(target) = header("x-amz-target") {
        let (_, operation) = target.split_once('.').unwrap();
        return sent(operation, serde_json::from_slice(body).unwrap());
    }
    match path.as_slice() {
        ["service", _, "operation", operation] => sent(operation, Value::Null),
        ["endpoints", endpoint, "invocations"] => {
            sent("InvokeEndpoint", json!({ "EndpointName": endpoint }))
        }
        [""] => {
            let form: BTreeMap<String, String> = form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            sent(&form["Action"], json!(form))
        }
        [bucket, key @ ..] => {
            let operation = match *method {
                Method::GET => "GetObject",
                Method::PUT => "PutObject",
                _ => panic!("{method} {uri}"),
            };
            let owner = header("x-amz-expected-bucket-owner");
            let input =
                json!({ "Bucket": bucket, "Key": key.join("/"), "ExpectedBucketOwner": owner });
            sent(operation, input)
        }
        [] => panic!("{method} {uri}"),
    }
}
