//! Serves models for real: each worker of an endpoint is a container.
//!
//! A container is started when a call finds none free, and stopped after idling. Everything that is
//! created carries the labels of [`Containers`], and nothing outlives [`ModelHost::end`].

mod call;
mod data;
mod pool;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use self::call::answer;
use self::pool::Pool;
use super::Service;
use crate::engine::{
    Conditions, Engine, Image, Labels, LogSink, NotStarted, Server, ServerSpec, StartFailure,
    Volume, environment,
};
use crate::simulator::account::{Deploy, HostOrder, HostedCall};

/// How long a container of a serverless endpoint may take to be ready:
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html>.
const READY_WITHIN: Duration = Duration::from_mins(3);
/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(30);
/// How long a deleted endpoint waits for its containers; what takes longer ends behind its back.
const DELETING: Duration = Duration::from_secs(2);
/// How often memory and idling are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Lines of a container in a `FailureReason`.
const REASON_LINES: usize = 3;

/// Containers that answer for models.
#[derive(Debug, Clone)]
pub struct Containers {
    /// What runs them.
    pub engine: Engine,
    /// Run id of what no tag gives one.
    pub run: String,
    /// Label of everything that this process creates.
    pub session: String,
    /// Ends what is being started.
    pub cancel: CancellationToken,
}

/// Serves the endpoints of an account.
#[derive(Debug)]
pub(super) struct ModelHost {
    containers: Containers,
    idle: Duration,
    tasks: TaskTracker,
    /// Stops what takes its time to end.
    over: CancellationToken,
    pools: Mutex<BTreeMap<String, Arc<Pool>>>,
    /// By the model's name; held while one is filled.
    volumes: tokio::sync::Mutex<BTreeMap<String, Volume>>,
    /// Containers so far, for their names.
    started: AtomicU64,
    /// Containers that are not ready yet.
    starting: AtomicU64,
}

impl ModelHost {
    pub(super) fn new(containers: Containers, idle: Duration) -> Self {
        Self {
            over: containers.cancel.child_token(),
            containers,
            idle,
            tasks: TaskTracker::new(),
            pools: Mutex::default(),
            volumes: tokio::sync::Mutex::default(),
            started: AtomicU64::new(0),
            starting: AtomicU64::new(0),
        }
    }

    fn engine(&self) -> &Engine {
        &self.containers.engine
    }

    fn pools(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Pool>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn labels(&self, run: Option<&str>, owner: &str) -> Labels {
        Labels {
            run: run.unwrap_or(&self.containers.run).to_owned(),
            session: self.containers.session.clone(),
            owner: owner.to_owned(),
        }
    }

    /// A name that no other container or volume has.
    fn name(&self, of: &str) -> String {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let session: String = self.containers.session.chars().take(8).collect();
        format!("{of}-{session}-{number}")
    }

    /// Stops everything and waits until nothing is being started any more. What then is left of
    /// this process carries its label.
    pub(super) async fn end(&self) {
        self.over.cancel();
        let pools: Vec<Arc<Pool>> = self.pools().values().cloned().collect();
        for pool in pools {
            pool.close();
        }
        self.tasks.close();
        self.tasks.wait().await;
        let pools = std::mem::take(&mut *self.pools());
        for pool in pools.into_values() {
            for server in pool.close() {
                self.stop(&server, Duration::ZERO).await;
            }
        }
    }

    /// Stops a container; an end of the whole cuts the grace short.
    async fn stop(&self, server: &Server, grace: Duration) {
        let stopping = server.stop(grace);
        let stopped = match self.over.run_until_cancelled(stopping).await {
            Some(stopped) => stopped,
            None => server.stop(Duration::ZERO).await,
        };
        if let Err(error) = stopped {
            tracing::warn!(%error, "a container stays");
        }
    }
}

/// Tells the host what has been created and deleted since the last call.
pub(super) fn start_ordered(service: &Arc<Service>) {
    let Some(host) = &service.model_host else {
        return;
    };
    for order in service.account().take_host_orders() {
        let (service, tasks) = (Arc::clone(service), &host.tasks);
        match order {
            HostOrder::Deploy(deploy) => {
                tasks.spawn(async move { Box::pin(deploy_endpoint(&service, &deploy)).await });
            }
            HostOrder::DeleteEndpoint(name) => {
                tasks.spawn(async move { delete_endpoint(&service, &name).await });
            }
            HostOrder::DeleteModel(name) => {
                tasks.spawn(async move { delete_model(&service, &name).await });
            }
        }
    }
}

/// Looks at memory and idling until the host ends.
pub(super) fn watch(service: &Arc<Service>) {
    let Some(host) = &service.model_host else {
        return;
    };
    let (weak, over) = (Arc::downgrade(service), host.over.clone());
    host.tasks.spawn(async move {
        while over
            .run_until_cancelled(tokio::time::sleep(TICK))
            .await
            .is_some()
        {
            let Some(service) = weak.upgrade() else {
                return;
            };
            if let Some(host) = &service.model_host {
                look_at_all(&service, host).await;
            }
        }
    });
}

async fn look_at_all(service: &Arc<Service>, host: &ModelHost) {
    let is_starting = || host.starting.load(Ordering::Relaxed) > 0;
    let started = is_starting();
    let pools: Vec<Arc<Pool>> = host.pools().values().cloned().collect();
    let mut used = Some(BTreeMap::new());
    for pool in pools {
        for (id, cpu) in record_usage(service, &pool).await {
            used = used.zip(cpu).map(|(mut used, cpu)| {
                used.insert(id, cpu);
                used
            });
        }
        stop_idle(service, host, &pool);
    }
    let occupancy = host.engine().occupancy();
    match used {
        Some(used) if !started && !is_starting() => occupancy.look(used),
        // What starts is in no pool yet.
        Some(_) | None => occupancy.pause(),
    }
}

fn stop_idle(service: &Arc<Service>, host: &ModelHost, pool: &Pool) {
    for server in pool.take_idle(host.idle) {
        let service = Arc::clone(service);
        host.tasks.spawn(async move {
            if let Some(host) = &service.model_host {
                host.stop(&server, GRACE).await;
            }
        });
    }
}

/// Takes note of what the containers of an endpoint use now. Returns the processor time of each by
/// its id, where the engine counts it.
async fn record_usage(service: &Service, pool: &Pool) -> Vec<(String, Option<Duration>)> {
    let mut each = Vec::new();
    for server in pool.servers() {
        if let Some(usage) = server.usage().await {
            let percent = server.memory_percent(usage.memory_bytes);
            let now = service.now();
            service.account().record_memory(&pool.call, percent, now);
            each.push((server.id().to_owned(), usage.cpu));
        }
    }
    each
}

/// From the image to the first worker that is ready.
async fn deploy_endpoint(service: &Arc<Service>, deploy: &Deploy) {
    let Some(host) = &service.model_host else {
        return;
    };
    let end = match bring_up(service, host, deploy).await {
        Ok(()) => Ok(()),
        Err(failure) => Err(reason(&failure, &deploy.variant)),
    };
    let now = service.now();
    service.account().is_deployed(&deploy.endpoint, end, now);
}

async fn bring_up(
    service: &Arc<Service>,
    host: &ModelHost,
    deploy: &Deploy,
) -> Result<(), StartFailure> {
    let without_log = |error| StartFailure {
        reason: NotStarted::Engine(error),
        log: Vec::new(),
    };
    let image = host.engine().image(&deploy.image, || {}).await;
    let image = image.map_err(without_log)?;
    let model = model_volume(service, host, deploy, &image).await;
    let model = model.map_err(without_log)?;
    let pool = Arc::new(Pool::new(deploy, template(host, deploy, image, model)));
    let first = start_worker(service, host, &pool, 0).await?;
    let setup_ms = first.setup.as_secs_f64() * 1000.0;
    let now = service.now();
    service.account().record_setup(&pool.call, setup_ms, now);
    pool.add(Arc::new(first.server));
    host.pools().insert(deploy.endpoint.clone(), pool);
    Ok(())
}

/// What each container of an endpoint is like, but for its name.
fn template(host: &ModelHost, deploy: &Deploy, image: Image, model: Option<Volume>) -> ServerSpec {
    ServerSpec {
        name: String::new(),
        image,
        environment: environment(&deploy.region, &deploy.environment),
        model,
        memory_mb: deploy.memory_mb,
        labels: host.labels(deploy.run.as_deref(), &deploy.endpoint),
        conditions: Conditions::default(),
        patience: READY_WITHIN,
    }
}

/// The volume with the model's data, filled by the first endpoint that needs it.
async fn model_volume(
    service: &Service,
    host: &ModelHost,
    deploy: &Deploy,
    image: &Image,
) -> Result<Option<Volume>, crate::engine::EngineError> {
    let Some(url) = &deploy.model_data_url else {
        return Ok(None);
    };
    let mut volumes = host.volumes.lock().await;
    if let Some(volume) = volumes.get(&deploy.model) {
        return Ok(Some(volume.clone()));
    }
    let data = data::at(service, url)?;
    let name = host.name(&deploy.model);
    let labels = host.labels(deploy.run.as_deref(), &deploy.model);
    let volume = host
        .engine()
        .create_volume(&name, image, data, &labels)
        .await?;
    volumes.insert(deploy.model.clone(), volume.clone());
    Ok(Some(volume))
}

/// Starts a container of an endpoint. Comes to an end also when nobody waits for it.
async fn start_worker(
    service: &Arc<Service>,
    host: &ModelHost,
    pool: &Pool,
    worker: usize,
) -> Result<crate::engine::Started, StartFailure> {
    let spec = ServerSpec {
        name: host.name(&pool.call.endpoint),
        ..pool.template.clone()
    };
    let sink = LogSink(Arc::new({
        let (service, call) = (Arc::downgrade(service), pool.call.clone());
        move |lines: &[String]| {
            if let Some(service) = service.upgrade() {
                let now = service.now();
                service.account().write_log(&call, worker, lines, now);
            }
        }
    }));
    host.starting.fetch_add(1, Ordering::Relaxed);
    let started = Server::start(host.engine(), &spec, Some(sink), &host.over).await;
    host.starting.fetch_sub(1, Ordering::Relaxed);
    started
}

async fn delete_endpoint(service: &Arc<Service>, name: &str) {
    let Some(host) = &service.model_host else {
        return;
    };
    let pool = host.pools().remove(name);
    if let Some(pool) = pool {
        record_usage(service, &pool).await;
        let stopping = pool.close().into_iter().map(|server| {
            let service = Arc::clone(service);
            host.tasks.spawn(async move {
                if let Some(host) = &service.model_host {
                    host.stop(&server, GRACE).await;
                }
            })
        });
        let all = futures_util::future::join_all(stopping.collect::<Vec<_>>());
        // Late ones end behind the endpoint's back.
        let _ = tokio::time::timeout(DELETING, all).await;
    }
    service.account().is_gone(name);
}

/// Removes the volume once no container uses it any more.
async fn delete_model(service: &Service, name: &str) {
    let Some(host) = &service.model_host else {
        return;
    };
    let Some(volume) = host.volumes.lock().await.remove(name) else {
        return;
    };
    while volume.clone().remove(host.engine()).await.is_err() {
        let pause = tokio::time::sleep(TICK);
        if host.over.run_until_cancelled(pause).await.is_none() {
            // What the whole leaves is removed by label.
            return;
        }
    }
}

/// `FailureReason`: what happened, SageMaker's words for it, and what the container wrote last.
fn reason(failure: &StartFailure, variant: &str) -> String {
    let why = match &failure.reason {
        NotStarted::Engine(error) if error.is_models() => {
            return format!("CannotStartContainerError: {error}");
        }
        NotStarted::Engine(error) => return error.to_string(),
        why @ (NotStarted::Ended { .. }
        | NotStarted::OutOfMemory { .. }
        | NotStarted::NotReady { .. }
        | NotStarted::Gone
        | NotStarted::Cancelled) => why.to_string(),
    };
    let lines = failure.log.iter().map(|line| line.trim());
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let last = lines.len().saturating_sub(REASON_LINES);
    let last = lines.get(last..).unwrap_or_default().join(" | ");
    let wrote = if last.is_empty() {
        "it wrote nothing".to_owned()
    } else {
        format!("it wrote: {last}")
    };
    format!("{why}; {variant} did not pass the ping health check; {wrote}")
}

/// What a call is recorded under.
fn call_of(deploy: &Deploy) -> HostedCall {
    HostedCall {
        endpoint: deploy.endpoint.clone(),
        variant: deploy.variant.clone(),
    }
}
