//! A simulator in its own process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::shared::root;

/// Killed when dropped.
pub(crate) struct Simulator {
    process: Child,
    /// `127.0.0.1:PORT`.
    address: String,
}

impl Simulator {
    /// With a profile of `benches`.
    pub(crate) fn start(profile: &str) -> Self {
        Self::started(&mut Command::new(env!("CARGO_BIN_EXE_sagegate")), profile)
    }

    /// By a command that is the program, or starts it.
    pub(crate) fn started(command: &mut Command, profile: &str) -> Self {
        let profile = root().join("benches").join(profile);
        let mut process = command
            .args(["simulate", "--port", "0", "--profile"])
            .arg(profile)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("AWS_ENDPOINT_URL=http://")?;
            Some(rest.split(' ').next()?.to_owned())
        });
        Self {
            process,
            address: address.unwrap(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Fails only when it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
