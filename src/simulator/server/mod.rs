//! HTTP: routes a request to its protocol, waits as long as the model takes, counts what was asked.

mod called;
mod host;
mod invocations;
mod jobs;
mod log;
mod models;
mod objects;
mod prices;
mod stamped;
mod wait;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::DATE;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::called::{Called, called};
use self::invocations::Invoke;
use self::jobs::JobHost;
use self::log::Log;
pub use self::log::LoggedRequest;
pub use self::models::Containers;
use self::models::ModelHost;
use self::stamped::Arrived;
pub(super) use self::stamped::{Connection, StampedListener};
use super::account::{Account, Placement};
use super::clock::{self, Clock};
use super::operations::{Api, Operation};
use super::prices::{PriceList, PriceListFile};
use super::scenario::Scenario;
use super::validate::ApiError;
use super::wire::rest_xml::ObjectRequest;
use super::wire::{Signature, aws_json, aws_query, header, rest_json, rpc_cbor, signature};
use super::{AccountView, EndpointView};

/// Room for bodies that the account itself refuses as too large.
const MAX_HTTP_BODY: usize = 8 * 1024 * 1024;

/// What a simulator is on this machine.
#[derive(Debug)]
pub(super) struct Host {
    /// Where it answers.
    pub(super) url: String,
    /// The access key of this start: who has it may run programs on this machine.
    pub(super) access_key_id: String,
    /// Jobs end with this.
    pub(super) over: CancellationToken,
}

/// A simulated account behind HTTP.
#[derive(Debug)]
pub(super) struct Service {
    account: Mutex<Account>,
    log: Mutex<Log>,
    requests: AtomicU64,
    signed_requests: AtomicU64,
    clock: Clock,
    started: Instant,
    started_at: f64,
    price_list: PriceList,
    /// What processing jobs are run with.
    job_host: JobHost,
    /// What serves models for real, where something does.
    model_host: Option<ModelHost>,
}

impl Service {
    /// An account that answers on `host` until that is over.
    pub(super) fn new(scenario: Scenario, containers: Option<Containers>, host: Host) -> Self {
        let started_at = unix_time();
        let placement = match &containers {
            None => Placement::Drawn,
            Some(containers) => Placement::Containers(containers.engine.machine().clone()),
        };
        let idle = Duration::from_secs_f64(scenario.model.idle_seconds);
        Self {
            model_host: containers.map(|it| ModelHost::new(it, idle)),
            job_host: JobHost::new(&scenario.jobs, host),
            clock: scenario.clock,
            price_list: scenario.price_list.clone(),
            account: Mutex::new(Account::new(scenario, started_at).placed(placement)),
            log: Mutex::default(),
            requests: AtomicU64::new(0),
            signed_requests: AtomicU64::new(0),
            started: Instant::now(),
            started_at,
        }
    }

    /// Seconds since the Unix epoch; never steps back, even if the wall clock does.
    fn now(&self) -> f64 {
        self.started_at + self.started.elapsed().as_secs_f64()
    }

    /// What AWS's clock shows: it follows the wall clock, as signatures do.
    fn clock(&self) -> f64 {
        let earlier = self.signed_requests.load(Ordering::Relaxed);
        self.clock.at(unix_time(), earlier)
    }

    /// Why the caller is refused, before the request is parsed.
    fn refused_caller(&self, signature: Signature<'_>, headers: &HeaderMap) -> Option<ApiError> {
        let refused = clock::refusal(signature.service, headers, self.clock());
        self.signed_requests.fetch_add(1, Ordering::Relaxed);
        let refused = refused.or_else(|| {
            self.account()
                .refused_session(signature.access_key_id, self.now())
        })?;
        self.log().count(refused.code);
        Some(refused)
    }

    /// Why the caller may not run a job or a container. Signatures are not checked, so that the key
    /// is a password.
    fn refused_job(&self, operation: &str, signature: Signature<'_>) -> Option<ApiError> {
        let is_container =
            self.model_host.is_some() && operation == Operation::CreateEndpoint.name();
        let runs = if operation == Operation::CreateProcessingJob.name() {
            "processing jobs"
        } else if is_container {
            "containers"
        } else {
            return None;
        };
        let is_refused = signature.access_key_id != self.job_host.access_key_id();
        let message = format!(
            "The simulator runs {runs} on this machine, and only for the AWS_ACCESS_KEY_ID that it printed when it \
             was started."
        );
        is_refused.then(|| ApiError::new(400, "AccessDeniedException", message))
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_id(&self) -> String {
        format!(
            "00000000-0000-4000-8000-{:012x}",
            self.requests.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// Answers a call, unless the scenario has a fault for it.
    fn call(
        &self,
        api: Api,
        operation: &str,
        input: Result<Value, ApiError>,
        region: &str,
    ) -> Called<Value> {
        let name = input.as_ref().ok().and_then(name_in);
        let known = Operation::parse(operation);
        let called = {
            let mut account = self.account();
            let now = self.now();
            let about = name.as_deref().unwrap_or_default();
            let injected = known.and_then(|it| account.injected(it, about));
            called(injected, || {
                let input = input?;
                let known = known.filter(|it| it.api() == api);
                let known = known.ok_or_else(|| ApiError::unknown(operation))?;
                account.call(known, &input, region, now)
            })
        };
        self.remember(operation, name, &called);
        called
    }

    fn remember<T>(&self, operation: &str, name: Option<String>, called: &Called<T>) {
        let answer = called.answer.as_ref();
        let error = answer.and_then(|it| it.as_ref().err());
        let mut log = self.log();
        log.count(operation);
        log.remember(LoggedRequest {
            at_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            operation: operation.to_owned(),
            name,
            status: answer.map(|_| error.map_or(200, |error| error.status)),
            error: error.map(|error| error.code),
        });
    }

    /// Ends what serves models.
    pub(super) async fn end_models(&self) {
        if let Some(host) = &self.model_host {
            host.end().await;
        }
    }

    /// What exists and what was asked.
    pub(super) fn view(&self) -> AccountView {
        let now = self.now();
        let mut account = self.account();
        let endpoints = account.endpoint_states(now).into_iter();
        let log = self.log();
        AccountView {
            models: account.model_names(),
            endpoint_configs: account.endpoint_config_names(),
            endpoints: endpoints
                .map(|(name, state)| EndpointView {
                    name,
                    status: state.name(),
                })
                .collect(),
            log_groups: account.log_group_names(now),
            requests: log.counts.clone(),
            log: log.requests.clone(),
        }
    }

    /// The control surface, which is not AWS's and needs no signature.
    fn control(&self, path: &str) -> Option<Value> {
        let view = self.view();
        match path {
            "/_simulator/state" => Some(json!({
                "models": view.models,
                "endpoint_configs": view.endpoint_configs,
                "endpoints": view.endpoints,
                "log_groups": view.log_groups,
                "requests": view.requests,
                "control_plane": view
                    .log
                    .iter()
                    .filter(|request| request.is_control_plane())
                    .collect::<Vec<_>>(),
            })),
            "/_simulator/requests" => Some(json!(view.log)),
            "/_simulator/invocations" => Some(self.log().invocations(self.started)),
            _ => None,
        }
    }
}

/// What a call is about.
fn name_in(input: &Value) -> Option<String> {
    let members = [
        "EndpointName",
        "EndpointConfigName",
        "ModelName",
        "ProcessingJobName",
        "ResourceArn",
        "logGroupName",
    ];
    let name = members.iter().find_map(|member| input.get(member))?;
    name.as_str().map(str::to_owned)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is a server with its own clock"
)]
fn unix_time() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

pub(super) fn router(service: Arc<Service>) -> Router {
    models::watch(&service);
    Router::new()
        .fallback(handle)
        .layer(DefaultBodyLimit::max(MAX_HTTP_BODY))
        .layer(from_fn_with_state(Arc::clone(&service), date))
        .layer(from_fn(host::refuse_others))
        .with_state(service)
}

/// Dates an answer by the clock that its request met: an offset that begins meanwhile shows in the
/// next one.
async fn date(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response<Body> {
    let date = clock::date(service.clock());
    let mut response = next.run(request).await;
    if let Some(date) = date {
        response.headers_mut().insert(DATE, date);
    }
    response
}

async fn handle(
    State(service): State<Arc<Service>>,
    arrived: Arrived,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if method == Method::GET
        && let Some(value) = service.control(uri.path())
    {
        return Response::new(Body::from(value.to_string()));
    }
    let request_id = service.request_id();
    if let Some(file) = PriceListFile::at(uri.path()) {
        return prices::respond(&service, file, &request_id).await;
    }
    let Some(signature) = signature(&headers) else {
        return unsigned(&service, &headers, &body, &request_id).await;
    };
    let refused = service.refused_caller(signature, &headers);
    if signature.service == "s3" {
        let request = ObjectRequest {
            method: &method,
            uri: &uri,
            headers: &headers,
            body: &body,
        };
        return match refused {
            Some(error) => objects::refuse(error, request, &request_id),
            None => objects::respond(&service, request, &request_id).await,
        };
    }
    if let Some(error) = refused {
        return match rest_json::endpoint_of(uri.path()) {
            Some(_) => rest_json::failure(&error, &request_id),
            None => refuse(error, &headers, &body, &request_id),
        };
    }
    if method != Method::POST {
        let error = ApiError::unknown(&format!("{method} {}", uri.path()));
        return aws_json::respond(Err(error), &headers, &request_id);
    }
    if let Some(endpoint) = rest_json::endpoint_of(uri.path()) {
        let call = Invoke {
            arrived,
            endpoint,
            inference_id: header(&headers, "x-amzn-sagemaker-inference-id"),
            headers: &headers,
            content_type: header(&headers, "content-type"),
            body,
            request_id: &request_id,
        };
        return call.answer(service).await;
    }
    if let Some(operation) = rpc_cbor::operation_of(uri.path()) {
        let input = rpc_cbor::parse(&body);
        let called = service.call(Api::CloudWatch, operation, input, signature.region);
        let respond = |answer| rpc_cbor::respond(answer, &request_id);
        return called.respond(respond).await;
    }
    if let Some((operation, input)) = aws_query::parse(&headers, &body) {
        let called = service.call(Api::SecurityTokens, &operation, Ok(input), "");
        let respond = |answer| aws_query::respond(&answer, &operation, &request_id);
        return called.respond(respond).await;
    }
    let called = json_call(&service, &headers, &uri, &body, signature);
    jobs::start_ordered(&service);
    models::start_ordered(&service);
    let respond = |answer| aws_json::respond(answer, &headers, &request_id);
    called.respond(respond).await
}

/// A call of an awsJson service, which the target header names.
fn json_call(
    service: &Service,
    headers: &HeaderMap,
    uri: &Uri,
    body: &[u8],
    signature: Signature<'_>,
) -> Called<Value> {
    let refused = |what: &str| Called {
        answer: Some(Err(ApiError::unknown(what))),
        spoilt: None,
    };
    let Some(target) = aws_json::target(headers) else {
        return refused(&format!("POST {}", uri.path()));
    };
    let api = match target.service {
        "SageMaker" => Api::SageMaker,
        "GraniteServiceVersion20100801" => Api::CloudWatch,
        "Logs_20140328" => Api::CloudWatchLogs,
        "ServiceQuotasV20190624" => Api::ServiceQuotas,
        other => return refused(&format!("service {other}")),
    };
    let input = match service.refused_job(target.operation, signature) {
        Some(error) => Err(error),
        None => aws_json::parse(body),
    };
    service.call(api, target.operation, input, signature.region)
}

/// Only a role can be assumed without a signature: the token speaks for the caller.
async fn unsigned(
    service: &Service,
    headers: &HeaderMap,
    body: &[u8],
    request_id: &str,
) -> Response<Body> {
    if let Some((operation, input)) = aws_query::parse(headers, body)
        && operation == Operation::AssumeRoleWithWebIdentity.name()
    {
        let called = service.call(Api::SecurityTokens, &operation, Ok(input), "");
        let respond = |answer| aws_query::respond(&answer, &operation, request_id);
        return called.respond(respond).await;
    }
    let message = "Missing Authentication Token";
    let error = ApiError::new(403, "MissingAuthenticationTokenException", message);
    refuse(error, headers, body, request_id)
}

/// An error in the protocol of the request.
fn refuse(error: ApiError, headers: &HeaderMap, body: &[u8], request_id: &str) -> Response<Body> {
    if header(headers, "smithy-protocol").is_some() {
        return rpc_cbor::respond(Err(error), request_id);
    }
    match aws_query::parse(headers, body) {
        Some((operation, _)) => aws_query::respond(&Err(error), &operation, request_id),
        None => aws_json::respond(Err(error), headers, request_id),
    }
}

#[cfg(test)]
mod tests;
