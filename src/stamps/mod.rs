//! When bytes arrived, by the kernel's stamp: `SO_TIMESTAMPNS`, see `socket(7)`. A program that
//! waits for its turn on a busy machine reads them late; the stamp is not late.
//!
//! Both ends of a connection use it: the client that measures, and the simulator's server.

mod clock;
mod receive;
mod stream;

pub(crate) use clock::Moment;
pub(crate) use stream::{Marks, StampedStream};
