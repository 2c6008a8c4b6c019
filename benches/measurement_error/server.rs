//! A simulator in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::pairing::Served;
use crate::shared::root;

/// Killed when dropped.
pub(crate) struct Simulator {
    process: Child,
    /// `127.0.0.1:PORT`.
    address: String,
}

impl Simulator {
    pub(crate) fn start() -> Self {
        let profile = root().join("benches/measurement_error/profile.toml");
        let mut process = Command::new(env!("CARGO_BIN_EXE_sagegate"))
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

    /// For a program that reads its environment as AWS's tools do.
    pub(crate) fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "simulated".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "simulated".to_owned()),
        ]
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every call with an id so far.
    pub(crate) fn invocations(&self) -> Vec<Served> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .write_all(b"GET /_simulator/invocations HTTP/1.0\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Fails only when it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
