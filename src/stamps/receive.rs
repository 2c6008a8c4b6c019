//! Bytes of a TCP connection with the kernel's stamp of their arrival. Linux alone has one.

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::TcpStream;

/// Most bytes of one read.
const MAX_BYTES: usize = 64 * 1024;

/// Reads from one connection.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    /// As long as the longest read so far.
    data: Vec<u8>,
    control: imp::Control,
}

impl Receiver {
    /// Asks the kernel for stamps on `tcp`. Where it has none, bytes come without.
    pub(super) fn of(tcp: &TcpStream) -> Self {
        imp::ask_for_stamps(tcp);
        Self::default()
    }

    /// Up to `room` bytes once there are any, and when the last of them arrived, since 1970. No
    /// bytes are the end.
    ///
    /// # Errors
    /// Of the connection.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        tcp: &TcpStream,
        room: usize,
    ) -> Poll<io::Result<(&[u8], Option<Duration>)>> {
        let room = room.min(MAX_BYTES);
        if self.data.len() < room {
            self.data.resize(room, 0);
        }
        let (bytes, stamp) = loop {
            ready!(tcp.poll_read_ready(cx))?;
            let data = self.data.get_mut(..room).unwrap_or_default();
            match imp::receive(tcp, data, &mut self.control) {
                Ok(received) => break received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        };
        let data = self.data.get(..bytes).unwrap_or_default();
        Poll::Ready(Ok((data, stamp)))
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::io::{self, IoSliceMut};
    use std::os::fd::AsRawFd as _;
    use std::time::Duration;

    use nix::sys::socket::{
        ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
    };
    use nix::sys::time::TimeSpec;
    use tokio::io::Interest;
    use tokio::net::TcpStream;

    /// Room for the stamp.
    #[derive(Debug)]
    pub(super) struct Control(Vec<u8>);

    impl Default for Control {
        fn default() -> Self {
            Self(nix::cmsg_space!(TimeSpec))
        }
    }

    pub(super) fn ask_for_stamps(tcp: &TcpStream) {
        if let Err(error) = setsockopt(tcp, sockopt::ReceiveTimestampns, &true) {
            tracing::debug!(%error, "no stamps of the kernel");
        }
    }

    pub(super) fn receive(
        tcp: &TcpStream,
        data: &mut [u8],
        control: &mut Control,
    ) -> io::Result<(usize, Option<Duration>)> {
        tcp.try_io(Interest::READABLE, || {
            let (room, control) = (&mut [IoSliceMut::new(data)], &mut control.0);
            let none = MsgFlags::empty();
            let message = recvmsg::<SockaddrStorage>(tcp.as_raw_fd(), room, Some(control), none)?;
            // There are no other control messages: were one cut off, a stamp would be missing.
            let stamp = message
                .cmsgs()
                .ok()
                .and_then(|mut it| it.find_map(|message| stamp(&message)));
            Ok((message.bytes, stamp))
        })
    }

    fn stamp(message: &ControlMessageOwned) -> Option<Duration> {
        if let ControlMessageOwned::ScmTimestampns(stamp) = message {
            Some(Duration::from(*stamp))
        } else {
            None
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::time::Duration;

    use tokio::net::TcpStream;

    #[derive(Debug, Default)]
    pub(super) struct Control;

    pub(super) fn ask_for_stamps(_: &TcpStream) {}

    pub(super) fn receive(
        tcp: &TcpStream,
        data: &mut [u8],
        _: &mut Control,
    ) -> io::Result<(usize, Option<Duration>)> {
        Ok((tcp.try_read(data)?, None))
    }
}
