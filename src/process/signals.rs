//! SIGINT, SIGQUIT, SIGTERM and SIGHUP: the first cancels, a second ends the process at once.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{ExitStatus, StopSignal};
use crate::sync::lock;

/// A signal that comes so soon after the first belongs to it: `timeout` sends SIGTERM to the
/// process and to its group, a terminal that closes may send SIGHUP twice, `systemd` SIGHUP after
/// SIGTERM.
const SAME_REQUEST: Duration = Duration::from_secs(1);

/// How long after SIGINT another signal than a key is GitHub's, which sends SIGTERM after 7.5 s and
/// kills after 10 s: until then the clean-up goes on.
const GITHUB_KILLS: Duration = Duration::from_secs(10);

/// Whether the process ends without the rest of its clean-up. `first` is the signal that began it,
/// and the time since then; `None` for the first itself.
fn ends_now(signal: StopSignal, first: Option<(StopSignal, Duration)>) -> bool {
    use StopSignal::{HangUp, Interrupt, Quit, Terminate};
    first.is_some_and(|(first, time)| match (first, signal) {
        (_, Interrupt | Quit) => true,
        (Interrupt, Terminate | HangUp) => time >= GITHUB_KILLS,
        (Quit | Terminate | HangUp, Terminate | HangUp) => time >= SAME_REQUEST,
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
            quits: signal(SignalKind::quit())?,
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
        let mut first: Option<(StopSignal, Instant)> = None;
        loop {
            let signal = listener.next().await;
            if ends_now(signal, first.map(|(first, at)| (first, at.elapsed()))) {
                end_now(ExitStatus::Interrupted(signal));
            }
            first.get_or_insert_with(|| (signal, Instant::now()));
            *lock(&self.last) = signal;
            self.cancel.cancel();
        }
    }
}

/// The signals that are listened to.
struct Listener {
    interrupts: Signal,
    quits: Signal,
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
            _ = self.quits.recv() => StopSignal::Quit,
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
    fn a_second_signal_ends_at_once_unless_it_belongs_to_the_first() {
        use StopSignal::{HangUp, Interrupt, Quit, Terminate};
        let all = [Interrupt, Quit, Terminate, HangUp];
        let ends = |first: Option<(StopSignal, u64)>| {
            let first = first.map(|(first, ms)| (first, Duration::from_millis(ms)));
            all.map(|it| ends_now(it, first))
        };
        assert_eq!(ends(None), [false; 4]);
        for first in all {
            assert_eq!(ends(Some((first, 0))), [true, true, false, false]);
            assert_eq!(ends(Some((first, 10_000))), [true; 4]);
        }
        for first in [Quit, Terminate, HangUp] {
            assert_eq!(ends(Some((first, 1000))), [true; 4]);
        }
        // GitHub's SIGTERM.
        assert_eq!(ends(Some((Interrupt, 7_500))), [true, true, false, false]);
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
