//! The process: environment, clock, standard streams, signals. The only module that asks for them.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::baseline::GitHubAccess;
use crate::progress::Surroundings;
use crate::text::one_line;

/// Exit codes of a process that a signal ended, as shells report them.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// What a command needs from the process it runs in.
#[derive(Debug, Clone)]
pub struct Edges {
    environment: Arc<BTreeMap<String, String>>,
    /// Cancelled by the first SIGINT or SIGTERM.
    pub cancel: CancellationToken,
    signal_code: Arc<AtomicU8>,
    prints: bool,
}

impl Edges {
    /// Reads the environment and listens for signals: the first cancels, the second ends the process at once.
    ///
    /// # Errors
    /// When the operating system refuses to deliver signals.
    pub fn of_process() -> io::Result<Self> {
        let edges = Self {
            environment: Arc::new(environment()),
            cancel: CancellationToken::new(),
            signal_code: Arc::new(AtomicU8::new(INTERRUPTED)),
            prints: true,
        };
        let interrupts = signal(SignalKind::interrupt())?;
        let terminations = signal(SignalKind::terminate())?;
        tokio::spawn(edges.clone().listen(interrupts, terminations));
        Ok(edges)
    }

    async fn listen(self, mut interrupts: Signal, mut terminations: Signal) {
        loop {
            let code = tokio::select! {
                _ = interrupts.recv() => INTERRUPTED,
                _ = terminations.recv() => TERMINATED,
            };
            // GitHub sends SIGINT and, 7.5 s later, SIGTERM: only a second SIGINT means "now".
            if self.cancel.is_cancelled() && code == INTERRUPTED {
                end_now(code);
            }
            self.signal_code.store(code, Ordering::SeqCst);
            self.cancel.cancel();
        }
    }

    /// The same process, whose commands print no result.
    #[must_use]
    pub(super) fn silent(&self) -> Self {
        Self {
            prints: false,
            ..self.clone()
        }
    }

    /// Exit code of the signal that cancelled.
    pub fn signal_code(&self) -> u8 {
        self.signal_code.load(Ordering::SeqCst)
    }

    /// An environment variable; `None` when unset or empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// What decides how progress is shown.
    pub fn surroundings(&self, quiet: bool) -> Surroundings {
        Surroundings {
            is_terminal: io::stderr().is_terminal(),
            is_ci: self.variable("CI").is_some(),
            quiet,
        }
    }

    /// Prints the final text of a command on stdout; colours are taken out where they cannot be shown.
    pub fn print(&self, text: &str) {
        if self.prints {
            // A closed pipe is the reader's choice, not an error.
            let _ = writeln!(anstream::stdout(), "{}", text.trim_end());
        }
    }

    /// Prints a note on stderr.
    pub fn note(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{}", one_line(text));
    }

    /// GitHub's address, repository and token, as a workflow has them.
    pub fn github(&self) -> GitHubAccess {
        let variable = |name| self.variable(name).map(str::to_owned);
        GitHubAccess {
            api_url: variable("GITHUB_API_URL"),
            repository: variable("GITHUB_REPOSITORY"),
            token: variable("GITHUB_TOKEN"),
        }
    }

    /// Prints a warning on stderr.
    pub fn warn(&self, text: &str) {
        self.note(&format!("warning: {text}"));
    }

    /// Prints an error on stderr.
    pub fn complain(&self, text: &str) {
        let style = anstyle::Style::new()
            .bold()
            .fg_color(Some(anstyle::AnsiColor::Red.into()));
        let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {text}");
    }
}

/// The wall clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "the user pressed Ctrl-C twice"
)]
fn end_now(code: u8) -> ! {
    std::process::exit(code.into())
}
