//! The simulator's log of its calls, and the environment that programs need to reach it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::pairing::Served;
use crate::server::Simulator;

/// For a program that reads its environment as AWS's tools do.
pub(crate) fn environment(simulator: &Simulator) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", simulator.url()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "simulated".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "simulated".to_owned()),
    ]
}

/// Every call with an id so far.
pub(crate) fn invocations(simulator: &Simulator) -> Vec<Served> {
    let url = simulator.url();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream
        .write_all(b"GET /_simulator/invocations HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}
