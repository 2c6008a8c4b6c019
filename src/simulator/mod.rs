//! A loopback AWS with the wire protocols of the real one, for users without an account and for
//! tests.
//!
//! It shares no type with the modules that talk to AWS: a codec in common would let one bug cancel
//! another. Every ARN holds the account id 000000000000, so that it cannot be mistaken for AWS.
//!
//! Files of AWS's public price list are served without a signature, under the paths that they have
//! at AWS.
//!
//! It serves programs of this machine only: requests to a name of it, and not from web pages.
//! Processing jobs run programs here, so that they are only for a caller with the access key of
//! this start, which is random.
//!
//! Besides AWS's operations it answers, as JSON, `GET /_simulator/state` (what exists, how often
//! each operation was called), `GET /_simulator/requests` (calls of the control plane and of
//! CloudWatch in order) and `GET /_simulator/invocations` (how long each invocation with an
//! `InferenceId` took, by the clock at the simulator's socket).

mod account;
mod clock;
mod injected;
mod latency;
mod operations;
mod prices;
mod scenario;
mod server;
mod validate;
mod wire;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::scenario::{Scenario, ScenarioError};
pub use self::server::Containers;
pub use self::server::LoggedRequest;
use self::server::{Connection, Host, Service, StampedListener};

/// How long [`Handle::shutdown`] waits for calls that are being answered.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(1);

/// A running simulator. It stops taking calls when this is dropped.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    access_key_id: String,
    service: Arc<Service>,
    /// The server stops when this is used or dropped.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// Jobs end when this is dropped.
    _jobs: DropGuard,
}

/// What a simulated account holds and what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Names of the models.
    pub models: Vec<String>,
    /// Names of the endpoint configs.
    pub endpoint_configs: Vec<String>,
    /// The endpoints that are not gone.
    pub endpoints: Vec<EndpointView>,
    /// Names of the log groups.
    pub log_groups: Vec<String>,
    /// How often each operation was called, by its name; and how often a caller was refused before
    /// that, by the error code.
    pub requests: BTreeMap<String, u64>,
    /// Calls of the control plane and of CloudWatch, in order; the first 10 000.
    pub log: Vec<LoggedRequest>,
}

/// An endpoint of a simulated account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointView {
    /// `EndpointName`.
    pub name: String,
    /// `EndpointStatus`: `Creating`, `InService`, `Failed` or `Deleting`.
    pub status: &'static str,
}

/// Starts a simulator on `address`, normally a loopback address; port 0 takes a free one.
///
/// # Errors
/// When the port cannot be bound, or the system has no random numbers.
pub async fn start(scenario: Scenario, address: SocketAddr) -> io::Result<Handle> {
    start_with(scenario, None, address).await
}

/// Starts a simulator whose models are containers of this machine, if any are given. Then
/// [`Handle::shutdown`] must be called, as containers outlive a handle that is dropped.
///
/// # Errors
/// When the port cannot be bound.
pub async fn start_with(
    scenario: Scenario,
    containers: Option<Containers>,
    address: SocketAddr,
) -> io::Result<Handle> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let over = CancellationToken::new();
    let access_key_id = random_access_key_id()?;
    let host = Host {
        url: format!("http://{address}"),
        access_key_id: access_key_id.clone(),
        over: over.clone(),
    };
    let service = Arc::new(Service::new(scenario, containers, host));
    let router =
        server::router(Arc::clone(&service)).into_make_service_with_connect_info::<Connection>();
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(StampedListener(listener), router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let task = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the simulator has stopped");
        }
    });
    Ok(Handle {
        address,
        access_key_id,
        service,
        stop,
        task,
        _jobs: over.drop_guard(),
    })
}

/// `SIMULATED` and 128 random bits. Signatures are not checked: who knows it is trusted.
fn random_access_key_id() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("SIMULATED{:032X}", u128::from_ne_bytes(random)))
}

impl Handle {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `AWS_ACCESS_KEY_ID` of a caller that may run processing jobs, as programs of this machine.
    /// All else is for any key.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What exists and what was asked, at this moment.
    pub fn account(&self) -> AccountView {
        self.service.view()
    }

    /// Stops, and waits up to a second for calls that are being answered, and until no container is
    /// being started any more.
    pub async fn shutdown(self) {
        // The receiver is gone only when the server has stopped already.
        let _ = self.stop.send(());
        let mut task = self.task;
        if tokio::time::timeout(SHUTDOWN_PATIENCE, &mut task)
            .await
            .is_err()
        {
            task.abort();
        }
        self.service.end_models().await;
    }
}
