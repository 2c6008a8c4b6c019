//! Requests that are timed at the wire: by when their first bytes are written, and by the kernel's
//! stamps of the bytes that come back. A program that waits for its turn on a busy machine reads
//! them late; the stamps are not late.
//!
//! HTTP/1.1 alone: a connection then carries one exchange at a time, and its marks belong to one
//! call.

mod connect;
mod connector;
mod exchange;
mod stream;
#[cfg(test)]
mod tests;

pub use exchange::{WireClock, WireTimes};

pub(super) use connector::WireConnector;
