//! The least that a client can do on this machine: a prepared request into an open socket, a clock
//! around it. No SDK, no signature, no asynchronous runtime.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use super::{Work, deploy, sdk_config};
use crate::pairing::{Call, Measured};
use crate::server::Simulator;

/// One thread of the clients.
struct Client {
    reader: BufReader<TcpStream>,
    path: String,
    body: Vec<u8>,
    zero: Instant,
}

pub(super) fn measure(simulator: &Simulator, work: &Work) -> Measured {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let endpoint = runtime.block_on(async {
        let config = sdk_config(simulator).await;
        deploy(&config, work.clients).await
    });
    let (next, zero) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let threads: Vec<_> = (0..work.clients)
        .map(|number| {
            let address = simulator.url();
            let stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
            stream.set_nodelay(true).unwrap();
            let client = Client {
                reader: BufReader::new(stream),
                path: format!("/endpoints/{endpoint}/invocations"),
                body: vec![b'x'; work.bytes],
                zero,
            };
            let (next, calls) = (Arc::clone(&next), work.calls);
            thread::spawn(move || client.run(number, &next, calls))
        })
        .collect();
    let calls = threads.into_iter().flat_map(|it| it.join().unwrap());
    Measured {
        calls: calls.collect(),
        endpoint,
    }
}

impl Client {
    /// One call that is set aside, then all that remain to send.
    fn run(mut self, number: u32, next: &AtomicU32, calls: u32) -> Vec<Call> {
        self.call(format!("warmup-{number}"));
        let mut timed = Vec::new();
        loop {
            let call = next.fetch_add(1, Ordering::Relaxed);
            if call >= calls {
                return timed;
            }
            timed.push(self.call(format!("call-{call}")));
        }
    }

    fn call(&mut self, id: String) -> Call {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nX-Amzn-SageMaker-Inference-Id: {id}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=simulated/20260101/us-east-1/sagemaker/aws4_request\r\n\
             Content-Length: {}\r\n\r\n",
            self.path,
            self.body.len()
        );
        let began = Instant::now();
        let stream = self.reader.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&self.body).unwrap();
        self.answer();
        let took = began.elapsed();
        Call {
            id,
            start_ms: (began - self.zero).as_secs_f64() * 1000.0,
            latency_ms: took.as_secs_f64() * 1000.0,
        }
    }

    /// Reads an answer to its end.
    fn answer(&mut self) {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
    }
}
