//! A TCP connection that marks what is written and read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::receive::Receiver;

/// What a connection says of itself while it works.
pub(crate) trait Marks: Unpin {
    /// Something is about to be written.
    fn writes(&self);

    /// So many bytes of it were.
    fn has_written(&self, _bytes: usize) {}

    /// Bytes were read, the last of which arrived at `stamp`, since 1970; `None` where the kernel
    /// does not say.
    fn has_read(&self, stamp: Option<Duration>);
}

/// A TCP connection with its marks.
#[derive(Debug)]
pub(crate) struct StampedStream<M> {
    tcp: TcpStream,
    receiver: Receiver,
    marks: M,
}

impl<M: Marks> StampedStream<M> {
    pub(crate) fn new(tcp: TcpStream, marks: M) -> Self {
        Self {
            receiver: Receiver::of(&tcp),
            tcp,
            marks,
        }
    }

    pub(crate) const fn marks(&self) -> &M {
        &self.marks
    }

    /// Marks a write before and after.
    fn write(
        &mut self,
        write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.marks.writes();
        let written = ready!(write(Pin::new(&mut self.tcp)))?;
        self.marks.has_written(written);
        Poll::Ready(Ok(written))
    }
}

impl<M: Marks> AsyncRead for StampedStream<M> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let it = self.get_mut();
        let received = it.receiver.poll_receive(cx, &it.tcp, buffer.remaining());
        let (data, stamp) = ready!(received)?;
        if !data.is_empty() {
            it.marks.has_read(stamp);
        }
        buffer.put_slice(data);
        Poll::Ready(Ok(()))
    }
}

impl<M: Marks> AsyncWrite for StampedStream<M> {
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
