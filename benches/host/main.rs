//! What the built-in simulator adds to a call of a container: `cargo bench --bench host`.
//!
//! Needs a Docker engine and the image `sagegate-toy:ci` of `.ci/local-images`. The SDK's calls of
//! an endpoint and bare calls of the same container's twin alternate, one at a time.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints, and its helpers may fail it"
)]

#[path = "../common/mod.rs"]
mod shared;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use sagegate::aws::{Container, EndpointSpec, EndpointStatus, ModelSpec, Session};
use sagegate::engine::{Engine, Surroundings};
use sagegate::samples::SampleSet;
use sagegate::simulator::{Containers, Handle, Scenario, start_with};
use sagegate::units::MemoryMb;
use tokio_util::sync::CancellationToken;

use crate::shared::{Machine, mark, publish, wanted};

const IMAGE: &str = "sagegate-toy:ci";
const DEFAULT_CALLS: u32 = 500;
const TARGET_MS: f64 = 0.5;

/// A container that nothing of sagegate has started, and a connection to it.
struct Bare {
    id: String,
    connection: Connection,
}

struct Connection {
    reader: BufReader<TcpStream>,
}

impl Bare {
    fn start() -> Self {
        let limits = ["--memory=2048m", "--cpu-period=20000", "--cpu-quota=23154"];
        let id = docker(
            &[
                &["run", "--detach", "--publish=127.0.0.1::8080"],
                &limits[..],
                &[IMAGE, "serve"],
            ]
            .concat(),
        );
        let address = docker(&["port", &id, "8080"]);
        let address: SocketAddr = address.lines().next().unwrap().parse().unwrap();
        for _ in 0..200 {
            if let Ok(stream) = TcpStream::connect(address) {
                stream.set_nodelay(true).unwrap();
                let mut connection = Connection {
                    reader: BufReader::new(stream),
                };
                if connection.call().is_some() {
                    return Self { id, connection };
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        unreachable_container(&id)
    }
}

impl Connection {
    /// A call's milliseconds; `None` when the container does not answer.
    fn call(&mut self) -> Option<f64> {
        let began = Instant::now();
        let request = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 5\r\n\r\n1,2,3";
        self.reader.get_mut().write_all(request.as_bytes()).ok()?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        self.reader.read_exact(&mut vec![0; length]).ok()?;
        Some(began.elapsed().as_secs_f64() * 1000.0)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        docker(&["rm", "--force", "--volumes", &self.id]);
    }
}

#[expect(clippy::panic, reason = "the bench cannot go on")]
fn unreachable_container(id: &str) -> ! {
    panic!("{id} does not answer: {}", docker(&["logs", id]))
}

fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn hosted(session: &Session) {
    let model = ModelSpec {
        name: "bench".to_owned(),
        container: Container::Image {
            image_uri: IMAGE.to_owned(),
            model_data_url: None,
            environment: Vec::new(),
        },
        execution_role_arn: "arn:aws:iam::000000000000:role/bench".to_owned(),
        tags: Vec::new(),
        is_there: false,
    };
    session.create_model(&model).await.unwrap();
    let endpoint = EndpointSpec {
        name: "bench".to_owned(),
        model_name: "bench".to_owned(),
        memory_mb: MemoryMb::OFFERED[1],
        max_concurrency: 1,
        tags: Vec::new(),
    };
    session.create_endpoint_config(&endpoint).await.unwrap();
    session.create_endpoint(&endpoint).await.unwrap();
    while session.endpoint_status("bench").await.unwrap() == Some(EndpointStatus::Changing) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn simulator(engine: Engine) -> Handle {
    let containers = Containers {
        engine,
        run: "bench".to_owned(),
        session: "bench".to_owned(),
        cancel: CancellationToken::new(),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    start_with(
        Scenario::of_containers().unwrap(),
        Some(containers),
        address,
    )
    .await
    .unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() -> ExitCode {
    let machine = Machine::look();
    let calls = wanted("--calls").unwrap_or(DEFAULT_CALLS);
    let engine = Engine::connect(&Surroundings::default()).await.unwrap();
    let handle = simulator(engine.clone()).await;
    let session = Session::simulated(&handle.url(), handle.access_key_id(), "us-east-1")
        .await
        .unwrap();
    hosted(&session).await;
    let mut bare = Bare::start();
    let text = "{\"Body\":\"1,2,3\",\"ContentType\":\"text/csv\"}\n";
    let samples = SampleSet::from_json_lines(text, Path::new("samples.jsonl")).unwrap();
    let (invoker, zero) = (session.invoker("bench"), Instant::now());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for call in 0..calls + 20 {
        let through = invoker.invoke(samples.round_robin(call), zero).await;
        let direct = bare.connection.call().unwrap();
        if call >= 20 {
            ours.push(through.latency_ms);
            theirs.push(direct);
        }
    }
    drop(bare);
    handle.shutdown().await;
    engine.remove_session("bench").await.unwrap();
    let (ours, theirs) = (median(ours), median(theirs));
    let added = ours - theirs;
    let text = format!(
        "| p50 of {calls} calls | bare | through SDK, simulator and host | added | target | |\n\
         | :-- | :-- | :-- | :-- | :-- | :-- |\n\
         | 1 client | {theirs:.3} ms | {ours:.3} ms | {added:.3} ms | <= {TARGET_MS} ms | {} |\n\n{}\n",
        mark(added <= TARGET_MS),
        machine.describe()
    );
    publish("host", &text);
    if added <= TARGET_MS {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
