//! Connections that know when a request arrived, by the kernel's stamp, and when its answer was
//! written: what the server took by its own clock, without the client's and without the time until
//! this program had its turn.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::http::request::Parts;
use axum::serve::{IncomingStream, Listener};
use tokio::net::TcpListener;

use crate::stamps::{Marks, Moment, StampedStream};
use crate::sync::lock;

/// A listener whose connections are stamped.
#[derive(Debug)]
pub(in crate::simulator) struct StampedListener(pub(in crate::simulator) TcpListener);

impl Listener for StampedListener {
    type Io = StampedStream<Connection>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (StampedStream<Connection>, SocketAddr) {
        let (tcp, address) = Listener::accept(&mut self.0).await;
        // Without TCP_NODELAY a delayed acknowledgement shows as 40 ms of latency.
        let _ = tcp.set_nodelay(true);
        (StampedStream::new(tcp, Connection::default()), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// When the first bytes of an answer were written, once they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<OnceLock<Instant>>);

impl Sent {
    pub(super) fn at(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// Where a connection is. HTTP/1.1: a request and its answer, then the next.
#[derive(Debug, Clone, Default)]
pub(in crate::simulator) struct Connection(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// The last write, or the beginning: what arrives next arrives later.
    quiet_since: Moment,
    /// Of the first bytes since then.
    arrived: Option<Instant>,
    /// Of the answer that is written next.
    sent: Option<Sent>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            quiet_since: Moment::now(),
            arrived: None,
            sent: None,
        }
    }
}

impl Marks for Connection {
    fn has_read(&self, stamp: Option<Duration>) {
        let mut state = lock(&self.0);
        if state.arrived.is_some() {
            return;
        }
        let (quiet_since, read) = (state.quiet_since, Moment::now());
        let quiet = stamp.and_then(|stamp| quiet_since.until(stamp, &read));
        // Where the kernel stamps nothing, or its clock was set: by this program's clock.
        let arrived = quiet.map_or(read.instant(), |quiet| quiet_since.instant() + quiet);
        state.arrived = Some(arrived);
    }

    fn writes(&self) {
        let mut state = lock(&self.0);
        if let Some(Sent(sent)) = state.sent.take() {
            // It was taken out: nothing sets it again.
            let _ = sent.set(Instant::now());
        }
        state.arrived = None;
        state.quiet_since = Moment::now();
    }
}

/// When the first bytes of a request arrived. Extracted before the body, whose bytes may still be
/// on their way.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    at: Instant,
    connection: Connection,
}

impl Arrived {
    pub(super) const fn at(&self) -> Instant {
        self.at
    }

    /// The next that is written is the answer.
    pub(super) fn answered(&self) -> Sent {
        let sent = Sent::default();
        lock(&self.connection.0).sent = Some(sent.clone());
        sent
    }
}

impl<S: Sync> FromRequestParts<S> for Arrived {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let connection = parts.extensions.get::<ConnectInfo<Connection>>();
        let connection = connection.map_or_else(Connection::default, |it| it.0.clone());
        let arrived = lock(&connection.0).arrived;
        Ok(Self {
            at: arrived.unwrap_or_else(Instant::now),
            connection,
        })
    }
}

impl Connected<IncomingStream<'_, StampedListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, StampedListener>) -> Self {
        stream.io().marks().clone()
    }
}
