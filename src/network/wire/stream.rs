//! A TCP connection that knows the exchange it is in.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::exchange::{Current, OfConnection};
use crate::stamps::{Marks, StampedStream};

/// As hyper reads and writes it.
pub(super) type MarkedStream = TokioIo<StampedStream<Exchanges>>;

/// The exchanges of a connection, one after the other.
#[derive(Debug)]
pub(super) struct Exchanges {
    current: Arc<Current>,
    end: End,
}

/// What is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The server, perhaps through a tunnel.
    Server,
    /// A proxy that forwards requests, and so needs their whole address.
    ForwardingProxy,
}

pub(super) fn marked(tcp: TcpStream, end: End) -> MarkedStream {
    let current = Arc::default();
    TokioIo::new(StampedStream::new(tcp, Exchanges { current, end }))
}

impl Marks for Exchanges {
    fn writes(&self) {
        self.current.writes();
    }

    fn has_written(&self, bytes: usize) {
        self.current.has_written(bytes);
    }

    fn has_read(&self, stamp: Option<Duration>) {
        self.current.has_read(stamp);
    }
}

impl Connection for StampedStream<Exchanges> {
    fn connected(&self) -> Connected {
        let Exchanges { current, end } = self.marks();
        Connected::new()
            .proxy(*end == End::ForwardingProxy)
            .extra(OfConnection::new(current))
    }
}
