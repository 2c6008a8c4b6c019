//! The command line as a user has it, a simulator to point it at, and a folder to work in.

pub(crate) mod engine;
pub(crate) mod github;
pub(crate) mod proxy;
pub(crate) mod runner;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sagegate::result::RunResult;
use sagegate::simulator::{self, Scenario};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// `m` answers in 6 to 12 ms; `m-steady` in 22 to 42 ms, so that a busy machine adds little to it;
/// `m-slow` is more than three times slower than that. Everything else is quick.
pub(crate) const QUICK: &str = r#"
seed = 1

[[models]]
name = "m"

[[models]]
name = "m-steady"
latency_factor = 3.5

[[models]]
name = "m-slow"
latency_factor = 12.0

[latency]
median_ms = { 1024 = 12.0, 2048 = 7.0, 3072 = 6.5, 4096 = 6.4, 5120 = 6.4, 6144 = 6.4 }
variation = 0.05
overhead_ms = 1.0

[model]
setup_ms = 50

[life_cycle]
creating_seconds = 0.3
deleting_seconds = 0.1
metric_delay_seconds = 0.2
"#;

/// A comment or page with ordinary spaces within its values.
pub(crate) fn spaced(words: &str) -> String {
    words.replace('\u{a0}', " ").replace('\u{2060}', "")
}

/// The result as a file, with latencies that no busy machine disturbs: 60 ms at 1024 MB and 35 ms
/// at the other sizes, times `factor`.
pub(crate) fn steadied(mut run: RunResult, factor: f64) -> String {
    for endpoint in &mut run.stability {
        let is_small = endpoint.memory_mb.get() == 1024;
        let ms = factor * if is_small { 60.0 } else { 35.0 };
        for (number, call) in (0_u32..).zip(&mut endpoint.invocations) {
            call.latency_ms = ms * (0.95 + f64::from(number * 7919 % 200) / 2000.0);
            call.first_byte_ms = call.latency_ms;
        }
        let metrics = endpoint.metrics.as_mut();
        if let Some(latency) = metrics.and_then(|it| it.model_latency_ms.as_mut()) {
            latency.average = ms;
            // The server's clock tells the same.
            latency.p50 = latency.p50.map(|_| ms);
            latency.p90 = latency.p90.map(|_| 1.04 * ms);
            latency.p95 = latency.p95.map(|_| 1.045 * ms);
            latency.p99 = latency.p99.map(|_| 1.05 * ms);
        }
    }
    serde_json::to_string(&run).unwrap()
}

/// A profile with a section replaced or added.
pub(crate) fn replaced(profile: &str, section: &str) -> String {
    let name = section.trim().lines().next().unwrap_or_default();
    match profile.split_once(name).filter(|_| !name.starts_with("[[")) {
        Some((before, rest)) => {
            let after = rest.find("\n[").map_or("", |start| &rest[start..]);
            format!("{before}{section}\n{after}")
        }
        None => format!("{profile}\n{section}"),
    }
}

/// A simulator on a free port, with its own runtime.
pub(crate) struct Simulator {
    handle: Option<simulator::Handle>,
    runtime: Runtime,
}

impl Simulator {
    /// Starts with a profile, in TOML.
    pub(crate) fn start(profile: &str) -> Self {
        let scenario = Scenario::from_toml(profile, "test profile").unwrap();
        let runtime = Runtime::new().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let handle = runtime
            .block_on(simulator::start(scenario, address))
            .unwrap();
        Self {
            handle: Some(handle),
            runtime,
        }
    }

    pub(crate) fn quick() -> Self {
        Self::start(QUICK)
    }

    /// The quick profile with a section replaced or added.
    pub(crate) fn quick_with(section: &str) -> Self {
        Self::start(&replaced(QUICK, section))
    }

    pub(crate) fn url(&self) -> String {
        self.handle.as_ref().unwrap().url()
    }

    /// The key of this start, with which jobs may be run.
    pub(crate) fn access_key_id(&self) -> &str {
        self.handle.as_ref().unwrap().access_key_id()
    }

    /// What exists and what was asked.
    pub(crate) fn state(&self) -> Value {
        self.view("state")
    }

    /// The invocations that had an id.
    pub(crate) fn invocations(&self) -> Vec<Value> {
        self.view("invocations").as_array().unwrap().clone()
    }

    fn view(&self, name: &str) -> Value {
        let address = self.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET /_simulator/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// What an object of S3 holds.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<String> {
        let (status, body) = self.s3("GET", bucket, key, "");
        (status == 200).then_some(body)
    }

    /// Writes an object of S3 unconditionally.
    pub(crate) fn put_object(&self, bucket: &str, key: &str, text: &str) {
        assert_eq!(self.s3("PUT", bucket, key, text).0, 200);
    }

    /// Deletes an object of S3.
    pub(crate) fn delete_object(&self, bucket: &str, key: &str) {
        assert_eq!(self.s3("DELETE", bucket, key, "").0, 204);
    }

    /// A call of SageMaker that nothing of the program takes part in.
    pub(crate) fn sagemaker(&self, operation: &str, input: &Value) -> Value {
        let target = format!(
            "X-Amz-Target: SageMaker.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n"
        );
        let (status, answer) = self.signed("POST", "/", "sagemaker", &target, &input.to_string());
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    fn s3(&self, method: &str, bucket: &str, key: &str, body: &str) -> (u16, String) {
        self.signed(method, &format!("/{bucket}/{key}"), "s3", "", body)
    }

    fn signed(
        &self,
        method: &str,
        path: &str,
        service: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String) {
        let address = self.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(address).unwrap();
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential={}/20261122/us-east-1/{service}/aws4_request",
            self.access_key_id()
        );
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {signature}\r\n{headers}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// How often an operation was called.
    pub(crate) fn count(&self, operation: &str) -> u64 {
        self.state()["requests"][operation].as_u64().unwrap_or(0)
    }

    /// Names of endpoints and endpoint configs that exist.
    pub(crate) fn resources(&self) -> Vec<String> {
        let state = self.state();
        let endpoints = state["endpoints"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].clone());
        let configs = state["endpoint_configs"]
            .as_array()
            .unwrap()
            .iter()
            .cloned();
        endpoints
            .chain(configs)
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    }

    /// Names of models that exist.
    pub(crate) fn models(&self) -> Vec<String> {
        let state = self.state();
        let models = state["models"].as_array().unwrap().iter();
        models
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    }

    /// Control-plane operations in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        let log = self.state()["control_plane"].clone();
        log.as_array()
            .unwrap()
            .iter()
            .map(|it| it["operation"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Names of log groups that exist.
    pub(crate) fn log_groups(&self) -> Vec<String> {
        let state = self.state();
        let groups = state["log_groups"].as_array().unwrap().iter();
        groups
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    }

    /// Neither endpoints nor endpoint configs nor the log groups of endpoints: for a role that may
    /// delete all of them.
    #[track_caller]
    pub(crate) fn assert_nothing_is_left(&self) {
        assert_eq!(self.resources(), Vec::<String>::new());
        assert_eq!(self.log_groups(), Vec::<String>::new());
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        self.handle = None;
    }
}

/// A folder, and the environment that commands run in.
pub(crate) struct Workspace {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    /// Said to the shell that starts the command.
    shell: Option<String>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workspace {
    /// A folder with two samples, and credentials for the simulator.
    pub(crate) fn new(simulator: &Simulator) -> Self {
        let workspace = Self::without_aws()
            .with("AWS_ENDPOINT_URL", &simulator.url())
            .with("AWS_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", simulator.access_key_id())
            .with("AWS_SECRET_ACCESS_KEY", "secret-that-nobody-may-see");
        workspace.write(
            "samples.jsonl",
            "{\"Body\":\"1,2\",\"ContentType\":\"text/csv\"}\n{\"Body\":\"3,4\"}\n",
        );
        workspace
    }

    /// A folder and no AWS settings at all.
    pub(crate) fn without_aws() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        let environment = BTreeMap::from([
            ("HOME".to_owned(), home),
            ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
        ]);
        Self {
            folder,
            environment,
            shell: None,
        }
    }

    /// Files end at this size, as on a full disk.
    pub(crate) fn with_file_limit(self, kilobytes: u32) -> Self {
        Self {
            shell: Some(format!("ulimit -f {kilobytes}")),
            ..self
        }
    }

    /// The limit of open files, as arguments of `ulimit`.
    pub(crate) fn with_open_files(self, limit: &str) -> Self {
        Self {
            shell: Some(format!("ulimit {limit}")),
            ..self
        }
    }

    /// A signal is ignored from the start, as `nohup` does it.
    pub(crate) fn ignoring(self, signal: &str) -> Self {
        Self {
            shell: Some(format!("trap '' {signal}")),
            ..self
        }
    }

    /// Programs share one core of the machine.
    pub(crate) fn on_core(self, core: &str) -> Self {
        Self {
            shell: Some(format!("taskset -c -p {core} $$ >/dev/null")),
            ..self
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The result of a run.
    #[track_caller]
    pub(crate) fn result(&self) -> RunResult {
        RunResult::read(Path::new(&self.path("sagegate-results/result.json"))).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let program = assert_cmd::cargo::cargo_bin!("sagegate");
        let mut command = match &self.shell {
            None => Command::new(program),
            Some(words) => {
                let script = format!("{words}; exec \"$0\" \"$@\"");
                let mut shell = Command::new("bash");
                shell.args(["-c", &script]).arg(program);
                shell
            }
        };
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn sagegate(&self, args: &[&str]) -> Outcome {
        self.command(args).output().unwrap().into()
    }

    /// The same under another name, as a link gives it.
    pub(crate) fn sagegate_named(&self, name: &str, args: &[&str]) -> Outcome {
        self.command(args).arg0(name).output().unwrap().into()
    }

    /// `sagegate run` of model `m` with two sizes and few calls, plus `extra`.
    pub(crate) fn run(&self, extra: &[&str]) -> Outcome {
        self.sagegate(&run_args("m", extra))
    }

    /// Starts a command without waiting.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }
}

/// Arguments of a short run.
pub(crate) fn run_args<'a>(model: &'a str, extra: &[&'a str]) -> Vec<&'a str> {
    let common = [
        ("--model-name", model),
        ("--name", "churn"),
        ("--samples", "samples.jsonl"),
        ("--memory-sizes", "1024,2048"),
        ("--invocations", "100"),
        ("--warmup", "5"),
        ("--baseline", "file:b.json"),
    ];
    let kept = common.into_iter().filter(|(flag, _)| !extra.contains(flag));
    let kept = kept.flat_map(|(flag, value)| [flag, value]);
    std::iter::once("run")
        .chain(kept)
        .chain(extra.iter().copied())
        .collect()
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// Panics with everything that was printed unless the exit code is as expected.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Waits for half a minute at most.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "no {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
