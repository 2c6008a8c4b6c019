//! A TCP connection that marks what is written and read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;

use super::exchange::{Current, OfConnection};
use super::receive::Receiver;

/// A TCP connection that knows the exchange it is in.
#[derive(Debug)]
pub(super) struct MarkedStream {
    tcp: TcpStream,
    receiver: Receiver,
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

impl MarkedStream {
    pub(super) fn new(tcp: TcpStream, end: End) -> Self {
        Self {
            receiver: Receiver::of(&tcp),
            tcp,
            current: Arc::default(),
            end,
        }
    }

    /// Marks a write around it.
    fn write(
        &mut self,
        write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.current.writes();
        let written = ready!(write(Pin::new(&mut self.tcp)))?;
        self.current.has_written(written);
        Poll::Ready(Ok(written))
    }
}

impl Connection for MarkedStream {
    fn connected(&self) -> Connected {
        Connected::new()
            .proxy(self.end == End::ForwardingProxy)
            .extra(OfConnection::new(&self.current))
    }
}

impl Read for MarkedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let it = self.get_mut();
        loop {
            ready!(it.tcp.poll_read_ready(cx))?;
            match it.receiver.receive(&it.tcp, buffer.remaining()) {
                Ok((data, stamp)) => {
                    if !data.is_empty() {
                        it.current.has_read(stamp);
                    }
                    buffer.put_slice(data);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Write for MarkedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().write(|tcp| tcp.poll_write(cx, data))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .write(|tcp| tcp.poll_write_vectored(cx, data))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}
