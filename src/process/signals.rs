//! SIGINT, SIGTERM and SIGHUP: the first cancels, a later one may end the process at once.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{ExitStatus, StopSignal};
use crate::sync::lock;

/// How long the clean-up is left alone by all but a second Ctrl-C. GitHub sends SIGTERM 7.5 s after
/// SIGINT, and a terminal that closes may send SIGHUP twice: neither asks for a sudden end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a signal ends the process without its clean-up. `cancelled_for` is the time since the
/// first signal; `None` for the first itself.
fn ends_now(signal: StopSignal, cancelled_for: Option<Duration>) -> bool {
    cancelled_for.is_some_and(|time| match signal {
        StopSignal::Interrupt => true,
        StopSignal::Terminate | StopSignal::HangUp => time >= PATIENCE,
    })
}

/// What the signals have done so far.
#[derive(Debug, Clone)]
pub(super) struct Signals {
    /// Cancelled by the first signal.
    pub(super) cancel: CancellationToken,
    last: Arc<Mutex<StopSignal>>,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> io::Result<Self> {
        let signals = Self {
            cancel: CancellationToken::new(),
            last: Arc::new(Mutex::new(StopSignal::Interrupt)),
        };
        // Caught, it no longer ends the process: a write beyond a file size limit is an error.
        let _stays_caught = signal(SignalKind::from_raw(Number::XFSZ.as_raw()))?;
        let listener = Listener {
            interrupts: signal(SignalKind::interrupt())?,
            terminations: signal(SignalKind::terminate())?,
            hang_ups: if ignores(Number::HUP) {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
        };
        tokio::spawn(signals.clone().obey(listener));
        Ok(signals)
    }

    /// The last signal that came.
    pub(super) fn last(&self) -> StopSignal {
        *lock(&self.last)
    }

    async fn obey(self, mut listener: Listener) {
        let mut first: Option<Instant> = None;
        loop {
            let signal = listener.next().await;
            if ends_now(signal, first.map(|at| at.elapsed())) {
                end_now(ExitStatus::Interrupted(signal));
            }
            first.get_or_insert_with(Instant::now);
            *lock(&self.last) = signal;
            self.cancel.cancel();
        }
    }
}

/// The signals that are listened to.
struct Listener {
    interrupts: Signal,
    terminations: Signal,
    /// `None` under `nohup`, which asks to go on.
    hang_ups: Option<Signal>,
}

impl Listener {
    async fn next(&mut self) -> StopSignal {
        let hang_up = async {
            match &mut self.hang_ups {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupts.recv() => StopSignal::Interrupt,
            _ = self.terminations.recv() => StopSignal::Terminate,
            _ = hang_up => StopSignal::HangUp,
        }
    }
}

/// Whether the process was started with a signal ignored; `false` where the system does not say.
fn ignores(number: Number) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_ignored(&status, number)
}

/// Reads `SigIgn` of a `/proc/<pid>/status`: a mask whose lowest bit is signal 1.
fn is_ignored(status: &str, number: Number) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|it| u128::from_str_radix(it.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number.as_raw() - 1) & 1 == 1)
}

#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "the user does not want to wait for the clean-up"
)]
fn end_now(status: ExitStatus) -> ! {
    std::process::exit(status.code().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_interrupt_ends_at_once_and_any_other_signal_after_ten_seconds() {
        let signals = [
            StopSignal::Interrupt,
            StopSignal::Terminate,
            StopSignal::HangUp,
        ];
        let ends = |cancelled_for: Option<u64>| {
            let time = cancelled_for.map(Duration::from_millis);
            signals.map(|it| ends_now(it, time))
        };
        assert_eq!(ends(None), [false, false, false]);
        assert_eq!(ends(Some(0)), [true, false, false]);
        // GitHub's SIGTERM.
        assert_eq!(ends(Some(7_500)), [true, false, false]);
        assert_eq!(ends(Some(10_000)), [true, true, true]);
    }

    #[test]
    fn nohup_is_seen() {
        let status =
            |mask: &str| format!("Name:\tsagegate\nSigBlk:\t0\nSigIgn:\t{mask}\nCapInh:\t0\n");
        assert!(is_ignored(&status("0000000000001001"), Number::HUP));
        assert!(!is_ignored(&status("0000000000001000"), Number::HUP));
        assert!(!is_ignored(&status("what"), Number::HUP));
        assert!(!is_ignored("", Number::HUP));
    }
}
