//! The process: environment, clock, standard streams, signals. The only module that asks for them.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::log::LogWriter;
use crate::aws::{AssumedRole, TokenSource};
use crate::baseline::Access;
use crate::config::{BaselineArgs, GivenToken};
use crate::github::{
    self, Annotation, Context, END_GROUP, IdentityTokenError, IdentityTokens, Level, RunnerFiles,
    annotations, group, neutralise,
};
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
    role: Option<AssumedRole>,
}

impl Edges {
    /// Takes the environment and listens for signals: the first cancels, the second ends the process at once.
    ///
    /// # Errors
    /// When the operating system refuses to deliver signals.
    pub fn of_process(environment: BTreeMap<String, String>) -> io::Result<Self> {
        let edges = Self {
            environment: Arc::new(environment),
            cancel: CancellationToken::new(),
            signal_code: Arc::new(AtomicU8::new(INTERRUPTED)),
            prints: true,
            role: None,
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

    /// Whether GitHub's runner reads what is printed.
    pub(super) fn in_actions(&self) -> bool {
        in_actions(&self.environment)
    }

    /// What the runner says about the run; `None` where no repository is named.
    pub(super) fn context(&self) -> Option<Context> {
        let event = self
            .variable("GITHUB_EVENT_PATH")
            .map(std::fs::read_to_string);
        // An event that cannot be read is an empty one.
        let event = event.and_then(Result::ok).unwrap_or_default();
        Context::read(&self.environment, &event)
    }

    /// The files by which a step tells the runner things.
    pub(super) fn runner_files(&self) -> RunnerFiles {
        RunnerFiles::from_environment(&self.environment)
    }

    /// What an earlier stage of this step has saved under names that begin with `prefix`; empty values are none.
    pub(super) fn state(&self, prefix: &str) -> Vec<&str> {
        let saved = |name: &str| {
            name.strip_prefix("STATE_")
                .is_some_and(|it| it.starts_with(prefix))
        };
        let values = self.environment.iter().filter(|(name, _)| saved(name));
        values
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// What decides how progress is shown.
    pub fn surroundings(&self, quiet: bool) -> Surroundings {
        Surroundings {
            is_terminal: io::stderr().is_terminal(),
            is_ci: self.variable("CI").is_some() || self.in_actions(),
            quiet,
        }
    }

    /// Prints the final text of a command on stdout; colours are taken out where they cannot be shown. In Actions no
    /// line of it is a workflow command.
    pub fn print(&self, text: &str) {
        if !self.prints {
            return;
        }
        let text = text.trim_end();
        // A closed pipe is the reader's choice, not an error.
        let _ = if self.in_actions() {
            let plain = anstream::adapter::strip_str(text).to_string();
            write!(io::stdout(), "{}", neutralise(&plain))
        } else {
            writeln!(anstream::stdout(), "{text}")
        };
    }

    /// Prints JSON on stdout for another program, also in Actions: no line of JSON begins like a workflow command, and
    /// `##[` is written in another way that means the same.
    pub(super) fn print_json(&self, json: &str) {
        if self.prints {
            let _ = writeln!(
                io::stdout(),
                "{}",
                json.trim_end().replace("##[", "##\\u005b")
            );
        }
    }

    /// Where progress and logs go: standard error.
    pub(super) fn log(&self) -> Box<dyn io::Write + Send> {
        Box::new(LogWriter::new(self.in_actions()))
    }

    /// Prints a note on stderr.
    pub fn note(&self, text: &str) {
        let _ = writeln!(self.log(), "{}", one_line(text));
    }

    /// The same process, which acts on AWS as the role where one is named. Works inside a Tokio runtime only.
    ///
    /// # Errors
    /// When what the runner says about identity tokens is damaged.
    pub(super) fn acting_as(&self, role_arn: Option<String>) -> Result<Self, IdentityTokenError> {
        let Some(arn) = role_arn else {
            return Ok(self.clone());
        };
        let tokens = IdentityTokens::from_environment(&self.environment)?;
        let session_name = match self.variable("GITHUB_RUN_ID") {
            Some(run) if run.len() <= 20 && run.bytes().all(|it| it.is_ascii_digit()) => {
                format!("sagegate-{run}")
            }
            Some(_) | None => "sagegate".to_owned(),
        };
        Ok(Self {
            role: Some(AssumedRole {
                arn,
                session_name,
                tokens: tokens.map(token_source),
            }),
            ..self.clone()
        })
    }

    /// The role that the process acts as on AWS, if it was told one.
    pub(super) const fn role(&self) -> Option<&AssumedRole> {
        self.role.as_ref()
    }

    /// What baseline stores need: GitHub as a workflow has it, and the role.
    pub(super) fn access(&self, args: &BaselineArgs) -> Access {
        let given = args.github_token.as_ref().and_then(GivenToken::token);
        Access {
            github: github::Access::from_environment(&self.environment, given),
            role: self.role.clone(),
        }
    }

    /// Prints a warning on stderr; in Actions as an annotation.
    pub fn warn(&self, text: &str) {
        if self.in_actions() {
            self.annotate(&[annotation(Level::Warning, text)]);
        } else {
            self.note(&format!("warning: {text}"));
        }
    }

    /// Prints something that is no problem and good to know; in Actions as an annotation.
    pub(super) fn notice(&self, text: &str) {
        if self.in_actions() {
            self.annotate(&[annotation(Level::Notice, text)]);
        } else {
            self.note(text);
        }
    }

    /// Prints an error on stderr; in Actions as an annotation.
    pub fn complain(&self, text: &str) {
        if self.in_actions() {
            self.annotate(&[annotation(Level::Error, text)]);
            return;
        }
        let style = anstyle::Style::new()
            .bold()
            .fg_color(Some(anstyle::AnsiColor::Red.into()));
        let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {text}");
    }

    /// Shows annotations. Only in Actions.
    pub(super) fn annotate(&self, list: &[Annotation]) {
        if self.in_actions() {
            let _ = write!(io::stderr(), "{}", annotations(list));
        }
    }

    /// Begins a part of the log that Actions folds; it lasts until the guard is dropped.
    pub(super) fn group(&self, title: &str) -> Group {
        let is_open = self.in_actions();
        if is_open {
            let _ = writeln!(io::stderr(), "{}", group(title));
        }
        Group { is_open }
    }
}

/// A folded part of the log.
#[must_use]
pub(super) struct Group {
    is_open: bool,
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.is_open {
            let _ = writeln!(io::stderr(), "{END_GROUP}");
        }
    }
}

/// Asks GitHub for a token whenever AWS wants one.
fn token_source(tokens: IdentityTokens) -> TokenSource {
    let tokens = Arc::new(tokens);
    Arc::new(move || {
        let tokens = Arc::clone(&tokens);
        Box::pin(async move { tokens.fetch().await.map_err(Into::into) })
    })
}

fn annotation(level: Level, message: &str) -> Annotation {
    Annotation {
        level,
        title: None,
        message: message.to_owned(),
    }
}

/// Whether GitHub's runner has started the process.
pub fn in_actions(environment: &BTreeMap<String, String>) -> bool {
    environment
        .get("GITHUB_ACTIONS")
        .is_some_and(|it| it == "true")
}

/// The wall clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The environment variables that are text.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn environment() -> BTreeMap<String, String> {
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
