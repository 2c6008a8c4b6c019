//! The marks of one exchange, and how a call comes to its own.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::stamps::Moment;
use crate::sync::lock;

/// A request and its answer on one connection.
#[derive(Debug, Default)]
pub(super) struct Exchange(Mutex<Marks>);

#[derive(Debug, Default, Clone, Copy)]
struct Marks {
    /// Before the first byte was written.
    began: Option<Moment>,
    written_bytes: u64,
    arrived: Option<Arrived>,
}

#[derive(Debug, Clone, Copy)]
struct Arrived {
    first: Arrival,
    last: Arrival,
}

/// Bytes that were read.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// When the last of them arrived by the kernel's clock, since 1970.
    stamp: Option<Duration>,
    read: Moment,
}

/// The moments of a call at the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireTimes {
    /// Before the first byte was written.
    pub sent: Instant,
    /// Until the first bytes of the answer arrived.
    pub first_byte: Duration,
    /// Until the last bytes of the answer arrived.
    pub last_byte: Duration,
}

impl Exchange {
    fn marks(&self) -> Marks {
        *lock(&self.0)
    }

    fn times(&self, request_bytes: u64) -> Option<WireTimes> {
        let marks = self.marks();
        // Less was written since the last read: the server answered before it had the request, and
        // what followed counts as another exchange.
        if marks.written_bytes < request_bytes {
            return None;
        }
        let (began, arrived) = (marks.began?, marks.arrived?);
        let until = |arrival: &Arrival| began.until(arrival.stamp?, &arrival.read);
        let (first_byte, last_byte) = (until(&arrived.first)?, until(&arrived.last)?);
        (first_byte <= last_byte).then_some(WireTimes {
            sent: began.instant(),
            first_byte,
            last_byte,
        })
    }
}

/// The exchange that a connection is in.
#[derive(Debug, Default)]
pub(super) struct Current(Mutex<Arc<Exchange>>);

impl Current {
    /// Something is about to be written. The first write after a read opens another exchange; the
    /// call that has the last one keeps it.
    pub(super) fn writes(&self) {
        let mut current = lock(&self.0);
        if current.marks().arrived.is_some() {
            *current = Arc::default();
        }
        lock(&current.0).began.get_or_insert_with(Moment::now);
    }

    pub(super) fn has_written(&self, bytes: usize) {
        lock(&lock(&self.0).0).written_bytes += bytes as u64;
    }

    pub(super) fn has_read(&self, stamp: Option<Duration>) {
        let arrival = Arrival {
            stamp,
            read: Moment::now(),
        };
        let current = lock(&self.0);
        let mut marks = lock(&current.0);
        let first = marks.arrived.map_or(arrival, |arrived| arrived.first);
        marks.arrived = Some(Arrived {
            first,
            last: arrival,
        });
    }

    fn exchange(&self) -> Arc<Exchange> {
        Arc::clone(&lock(&self.0))
    }
}

/// What a connection gives to each answer. A clone holds the exchange that the connection is in:
/// hyper clones it into an answer while the connection still belongs to that call, before another
/// one may write. Later the connection could be in the next call's exchange.
#[derive(Debug)]
pub(super) struct OfConnection {
    current: Arc<Current>,
    exchange: Arc<Exchange>,
}

impl OfConnection {
    pub(super) fn new(current: &Arc<Current>) -> Self {
        Self {
            current: Arc::clone(current),
            exchange: current.exchange(),
        }
    }
}

impl Clone for OfConnection {
    fn clone(&self) -> Self {
        Self::new(&self.current)
    }
}

/// Travels with a request, and knows its moments at the wire once its answer has begun.
#[derive(Debug, Clone, Default)]
pub struct WireClock(Arc<OnceLock<Own>>);

/// The exchange of one call.
#[derive(Debug)]
struct Own {
    exchange: Arc<Exchange>,
    request_bytes: u64,
}

impl WireClock {
    /// The moments of the call; `None` where the kernel gave no stamp, where its clock was set in
    /// between, and where no answer came.
    pub fn times(&self) -> Option<WireTimes> {
        let own = self.0.get()?;
        own.exchange.times(own.request_bytes)
    }

    /// The answer to a request with a body of `request_bytes` came on `connection`.
    pub(super) fn answered_on(&self, connection: &OfConnection, request_bytes: u64) {
        let exchange = Arc::clone(&connection.exchange);
        // A clock travels with one request, which has one answer.
        let _ = self.0.set(Own {
            exchange,
            request_bytes,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall() -> Duration {
        Moment::now().wall
    }

    fn exchange_on(current: &Arc<Current>) -> WireClock {
        current.writes();
        current.has_written(100);
        current.has_read(Some(wall()));
        let clock = WireClock::default();
        clock.answered_on(&OfConnection::new(current).clone(), 100);
        clock
    }

    #[test]
    fn the_marks_of_a_call_stay_its_own_when_the_connection_goes_on() {
        let current = Arc::new(Current::default());
        let first = exchange_on(&current);
        let times = first.times().unwrap();
        // The rest of its body, then the next call before the first has asked for its times.
        current.has_read(Some(wall()));
        let whole = first.times().unwrap();
        assert!(whole.last_byte > times.last_byte && whole.first_byte == times.first_byte);
        // More than the two readings of the clocks may lie apart.
        std::thread::sleep(Duration::from_millis(1));
        let second = exchange_on(&current);
        assert_eq!(first.times(), Some(whole));
        let second = second.times().unwrap();
        assert!(second.sent > whole.sent + whole.last_byte);
    }

    #[test]
    fn a_clone_holds_the_exchange_of_its_time() {
        let current = Arc::new(Current::default());
        let of_connection = OfConnection::new(&current);
        let first = of_connection.clone();
        exchange_on(&current);
        exchange_on(&current);
        let later = of_connection.clone();
        assert!(Arc::ptr_eq(&first.exchange, &of_connection.exchange));
        assert!(!Arc::ptr_eq(&first.exchange, &later.exchange));
    }

    #[test]
    fn a_request_that_comes_in_several_writes_began_with_the_first() {
        let current = Arc::new(Current::default());
        current.writes();
        let began = lock(&current.exchange().0).began.unwrap();
        current.has_written(10);
        current.writes();
        current.has_written(10);
        current.has_read(Some(wall()));
        let clock = WireClock::default();
        clock.answered_on(&OfConnection::new(&current), 20);
        assert_eq!(clock.times().unwrap().sent, began.instant());
    }

    #[test]
    fn without_a_stamp_an_answer_or_the_whole_request_there_are_no_times() {
        assert_eq!(WireClock::default().times(), None);
        let current = Arc::new(Current::default());
        current.writes();
        current.has_written(10);
        current.has_read(Some(wall()));
        let early = WireClock::default();
        early.answered_on(&OfConnection::new(&current), 20);
        assert_eq!(early.times(), None);
        current.has_read(None);
        let unstamped = WireClock::default();
        unstamped.answered_on(&OfConnection::new(&current), 10);
        assert_eq!(unstamped.times(), None);
    }
}
