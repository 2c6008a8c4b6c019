//! HTTP: routes a request to its protocol, waits as long as the model takes, counts what was asked.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};

use super::account::{Account, Answer, Request, Started};
use super::scenario::Scenario;
use super::validate::ApiError;
use super::wire::{aws_json, header, rest_json, rpc_cbor, signed_region};

/// The last part of a wait is left to the operating system's timer: Tokio's own rounds up to whole milliseconds.
const PRECISE_PART: Duration = Duration::from_millis(4);
/// Control-plane calls that are remembered one by one.
const MAX_LOGGED: usize = 10_000;
/// Room for bodies that the account itself refuses as too large.
const MAX_HTTP_BODY: usize = 8 * 1024 * 1024;

/// A simulated account behind HTTP.
#[derive(Debug)]
pub(super) struct Service {
    account: Mutex<Account>,
    log: Mutex<Log>,
    requests: AtomicU64,
    started: Instant,
    started_at: f64,
}

#[derive(Debug, Default)]
struct Log {
    counts: BTreeMap<String, u64>,
    control_plane: Vec<Value>,
}

impl Service {
    pub(super) fn new(scenario: Scenario) -> Self {
        let started_at = unix_time();
        Self {
            account: Mutex::new(Account::new(scenario, started_at)),
            log: Mutex::default(),
            requests: AtomicU64::new(0),
            started: Instant::now(),
            started_at,
        }
    }

    /// Seconds since the Unix epoch; never steps back, whatever the wall clock does.
    fn now(&self) -> f64 {
        self.started_at + self.started.elapsed().as_secs_f64()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_id(&self) -> String {
        format!(
            "00000000-0000-4000-8000-{:012x}",
            self.requests.fetch_add(1, Ordering::Relaxed)
        )
    }

    fn count(&self, operation: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        *log.counts.entry(operation.to_owned()).or_insert(0) += 1;
    }

    fn remember(&self, operation: &str, input: &Value, answer: &Result<Value, ApiError>) {
        let name = [
            "EndpointName",
            "EndpointConfigName",
            "ModelName",
            "ResourceArn",
        ]
        .iter()
        .find_map(|member| input.get(member).cloned());
        let code = answer.as_ref().err().map(|error| error.code);
        let entry =
            json!({ "operation": operation, "name": name, "error": code, "at": self.now() });
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.control_plane.len() < MAX_LOGGED {
            log.control_plane.push(entry);
        }
    }

    fn sagemaker(&self, operation: &str, body: &[u8], region: &str) -> Result<Value, ApiError> {
        let input = aws_json::parse(body)?;
        let answer = self
            .account()
            .sagemaker(operation, &input, region, self.now());
        self.remember(operation, &input, &answer);
        answer
    }

    /// What exists and what was asked, for tests and curious people.
    fn state(&self) -> Value {
        let now = self.now();
        let mut account = self.account();
        let endpoints: Vec<Value> = account
            .endpoint_states(now)
            .iter()
            .map(|(name, state)| json!({ "name": name, "status": state.name() }))
            .collect();
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        json!({
            "models": account.model_names(),
            "endpoint_configs": account.endpoint_config_names(),
            "endpoints": endpoints,
            "requests": log.counts,
            "control_plane": log.control_plane,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is a server with a clock of its own"
)]
fn unix_time() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

pub(super) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .fallback(handle)
        .layer(DefaultBodyLimit::max(MAX_HTTP_BODY))
        .with_state(service)
}

async fn handle(
    State(service): State<Arc<Service>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if method == Method::GET && uri.path() == "/_simulator/state" {
        return Response::new(Body::from(service.state().to_string()));
    }
    let request_id = service.request_id();
    let Some(region) = signed_region(&headers).map(str::to_owned) else {
        return unsigned(&headers, &request_id);
    };
    if let Some(endpoint) = rest_json::endpoint_of(uri.path()) {
        service.count("InvokeEndpoint");
        return invoke(service, endpoint, body.len(), &request_id).await;
    }
    if let Some(operation) = rpc_cbor::operation_of(uri.path()) {
        service.count(operation);
        let input = rpc_cbor::parse(&body);
        let answer = input.and_then(|input| {
            service
                .account()
                .cloudwatch(operation, &input, service.now())
        });
        return rpc_cbor::respond(answer, &request_id);
    }
    let answer = match aws_json::target(&headers) {
        Some(target) => {
            service.count(target.operation);
            match target.service {
                "SageMaker" => service.sagemaker(target.operation, &body, &region),
                "GraniteServiceVersion20100801" => aws_json::parse(&body).and_then(|input| {
                    service
                        .account()
                        .cloudwatch(target.operation, &input, service.now())
                }),
                other => Err(unknown(&format!("service {other}"))),
            }
        }
        None => Err(unknown(&format!("{method} {}", uri.path()))),
    };
    aws_json::respond(answer, &headers, &request_id)
}

fn unknown(what: &str) -> ApiError {
    ApiError::new(
        404,
        "UnknownOperationException",
        format!("the simulator does not know {what}"),
    )
}

fn unsigned(headers: &HeaderMap, request_id: &str) -> Response<Body> {
    let message = "Missing Authentication Token".to_owned();
    let error = ApiError::new(403, "MissingAuthenticationTokenException", message);
    match header(headers, "smithy-protocol") {
        Some(_) => rpc_cbor::respond(Err(error), request_id),
        None => aws_json::respond(Err(error), headers, request_id),
    }
}

/// Frees the worker also when the caller goes away in the middle.
struct Occupied {
    service: Arc<Service>,
    started: Started,
    completed: bool,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        let now = self.service.now();
        self.service
            .account()
            .finish(&self.started, self.completed, now);
    }
}

async fn invoke(
    service: Arc<Service>,
    endpoint: &str,
    body_bytes: usize,
    request_id: &str,
) -> Response<Body> {
    let began = Instant::now();
    let request = Request {
        endpoint,
        body_bytes,
        id: request_id,
    };
    let started = service.account().invoke(request, service.now());
    let started = match started {
        Ok(started) => started,
        Err(error) => return rest_json::failure(&error, request_id),
    };
    let mut occupied = Occupied {
        service: Arc::clone(&service),
        started,
        completed: false,
    };
    wait_until(began + Duration::from_secs_f64(occupied.started.wait_ms / 1000.0)).await;
    occupied.completed = true;
    match &occupied.started.answer {
        Answer::Success {
            response_bytes,
            variant,
        } => rest_json::success(*response_bytes, variant, request_id),
        Answer::Error(error) => rest_json::failure(error, request_id),
        Answer::DroppedConnection => dropped(),
    }
}

/// Waits to within some ten microseconds without keeping a core busy.
async fn wait_until(deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now());
    if let Some(coarse) = left.checked_sub(PRECISE_PART) {
        tokio::time::sleep(coarse).await;
    }
    let precise = move || std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    // Only a cancelled runtime makes this fail, and then nobody waits for the answer.
    let _ = tokio::task::spawn_blocking(precise).await;
}

/// A response that promises more than it sends: the connection breaks in the middle.
fn dropped() -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::builder()
        .status(200)
        .header("content-length", "1000")
        .body(Body::from_stream(broken))
        .unwrap_or_default()
}
