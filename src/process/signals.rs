//! SIGINT and SIGTERM: the first cancels, a second SIGINT ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit codes of a process that a signal ended, as shells report them.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// What the signals have done so far.
#[derive(Debug, Clone)]
pub(super) struct Signals {
    /// Cancelled by the first SIGINT or SIGTERM.
    pub(super) cancel: CancellationToken,
    exit_code: Arc<AtomicU8>,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> io::Result<Self> {
        let signals = Self {
            cancel: CancellationToken::new(),
            exit_code: Arc::new(AtomicU8::new(INTERRUPTED)),
        };
        let interrupts = signal(SignalKind::interrupt())?;
        let terminations = signal(SignalKind::terminate())?;
        tokio::spawn(signals.clone().wait(interrupts, terminations));
        Ok(signals)
    }

    /// Exit code of the signal that cancelled.
    pub(super) fn exit_code(&self) -> u8 {
        self.exit_code.load(Ordering::SeqCst)
    }

    async fn wait(self, mut interrupts: Signal, mut terminations: Signal) {
        loop {
            let code = tokio::select! {
                _ = interrupts.recv() => INTERRUPTED,
                _ = terminations.recv() => TERMINATED,
            };
            // GitHub sends SIGINT and, 7.5 s later, SIGTERM: only a second SIGINT means "now".
            if self.cancel.is_cancelled() && code == INTERRUPTED {
                end_now(code);
            }
            self.exit_code.store(code, Ordering::SeqCst);
            self.cancel.cancel();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "the user pressed Ctrl-C twice"
)]
fn end_now(code: u8) -> ! {
    std::process::exit(code.into())
}
