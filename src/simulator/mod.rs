//! A loopback AWS with the wire protocols of the real one, for users without an account and for tests.
//!
//! It shares no type with the modules that talk to AWS: a codec in common would let one bug cancel another. Every
//! ARN holds the account id 000000000000, so that it cannot be mistaken for AWS.

mod account;
mod latency;
mod scenario;
mod server;
mod validate;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::scenario::{Scenario, ScenarioError};
use self::server::Service;

/// A running simulator. It stops when this is dropped.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Starts a simulator on `address`, normally a loopback address; port 0 takes a free one.
///
/// # Errors
/// When the port cannot be bound.
pub async fn start(scenario: Scenario, address: SocketAddr) -> io::Result<Handle> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let router = server::router(Arc::new(Service::new(scenario)));
    // Without TCP_NODELAY a delayed acknowledgement shows as 40 ms of latency.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the simulator has stopped");
        }
    });
    Ok(Handle { address, task })
}

impl Handle {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}
