//! A busy machine: programs that compete with the client for its core, the server on another.

use std::process::{Child, Command, Stdio};

use crate::server::Simulator;

const BUSY_LOOPS: u32 = 4;
const CORE_OF_CLIENTS: &str = "0";
const CORE_OF_SERVER: &str = "1";

/// Busy loops until it is dropped.
pub(crate) struct Busy(Vec<Child>);

impl Busy {
    /// Puts this process, and so whatever it starts, on one core together with busy loops; `None`
    /// where there is no `taskset` or no second core.
    pub(crate) fn start() -> Option<Self> {
        if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
            return None;
        }
        let own = std::process::id().to_string();
        let pinned = Command::new("taskset")
            .args(["-a", "-c", "-p", CORE_OF_CLIENTS, &own])
            .stdout(Stdio::null())
            .status();
        let busy_loop = |_| {
            let mut shell = Command::new("sh");
            shell.args(["-c", "while :; do :; done"]).spawn().unwrap()
        };
        pinned
            .ok()?
            .success()
            .then(|| Self((0..BUSY_LOOPS).map(busy_loop).collect()))
    }

    /// A simulator away from them.
    pub(crate) fn simulator(profile: &str) -> Simulator {
        let mut command = Command::new("taskset");
        command.args(["-c", CORE_OF_SERVER, env!("CARGO_BIN_EXE_sagegate")]);
        Simulator::started(&mut command, profile)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Fails only when it is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
