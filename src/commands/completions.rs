//! `sagegate completions`: what makes a shell complete commands and flags.

use crate::config::{Completions, completion_script};
use crate::exit::ExitStatus;
use crate::process::Process;

/// Prints the script.
pub(super) fn completions(completions: &Completions, process: &Process) -> ExitStatus {
    process.print(&completion_script(completions.shell));
    ExitStatus::Success
}
