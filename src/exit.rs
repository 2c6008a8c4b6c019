//! How the process ends.

use std::process::ExitCode;

/// What the exit code of the process says. Listed in `--help` and in `docs/commands.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: nothing has regressed, or a verdict that only warns.
    Success,
    /// 1: a regression, or a verdict that a flag made fail.
    Regression,
    /// 2: bad flags or bad input; nothing was created.
    Usage,
    /// 3: the model could not be measured, or a clean-up is not complete.
    CouldNotMeasure,
    /// 128 and the number of the signal that ended it, as shells report it.
    Interrupted(StopSignal),
}

/// A signal that asks the process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGHUP: the terminal is closed, or the connection to it is lost.
    HangUp,
    /// SIGINT: Ctrl-C, or a cancelled workflow.
    Interrupt,
    /// SIGQUIT: Ctrl-\.
    Quit,
    /// SIGTERM: somebody else's wish.
    Terminate,
}

impl ExitStatus {
    /// The number that the operating system gets.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Regression => 1,
            Self::Usage => 2,
            Self::CouldNotMeasure => 3,
            Self::Interrupted(StopSignal::HangUp) => 129,
            Self::Interrupted(StopSignal::Interrupt) => 130,
            Self::Interrupted(StopSignal::Quit) => 131,
            Self::Interrupted(StopSignal::Terminate) => 143,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::Signal;

    use super::*;

    #[test]
    fn a_signal_is_128_and_its_number() {
        for (stop, signal) in [
            (StopSignal::HangUp, Signal::HUP),
            (StopSignal::Interrupt, Signal::INT),
            (StopSignal::Quit, Signal::QUIT),
            (StopSignal::Terminate, Signal::TERM),
        ] {
            let code = ExitStatus::Interrupted(stop).code();
            assert_eq!(i32::from(code), 128 + signal.as_raw());
        }
    }
}
