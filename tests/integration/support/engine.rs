//! A Docker engine as far as `--local` uses one, on a Unix socket. Its containers are threads of
//! this process that answer on a port of 127.0.0.1; the image's tag says what is wrong with them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Workspace;

/// An engine that is there until it is dropped.
pub(crate) struct Engine {
    folder: TempDir,
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    containers: BTreeMap<String, Container>,
    volumes: BTreeMap<String, Value>,
    /// What every container was created with, in order.
    created: Vec<Value>,
    uploads: Vec<usize>,
    /// Requests after which it does not answer any more.
    dies_after: Option<usize>,
    requests: usize,
    /// Whether its containers use no processor time; else they use all that there is, as the rest
    /// of the tests would count as other programs.
    is_idle: bool,
    first_look: Option<Instant>,
}

struct Container {
    name: String,
    body: Value,
    running: Arc<AtomicBool>,
    exit_code: i64,
    out_of_memory: bool,
    port: u16,
    log: &'static str,
}

struct Request {
    method: String,
    path: String,
    query: String,
    body: Vec<u8>,
}

impl Engine {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let engine = Self {
            folder,
            state: Arc::default(),
            over: Arc::default(),
        };
        let (state, over) = (Arc::clone(&engine.state), Arc::clone(&engine.over));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), state) = (stream, Arc::clone(&state)) else {
                    return;
                };
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut stream = stream;
                    if let Some(request) = read_request(&mut reader) {
                        answer(&state, &request, &mut stream);
                    }
                });
            }
        });
        engine
    }

    /// Does not answer any more after so many requests.
    pub(crate) fn dying_after(self, requests: usize) -> Self {
        self.state().dies_after = Some(requests);
        self
    }

    /// Its containers use no processor time.
    pub(crate) fn idle(self) -> Self {
        self.state().is_idle = true;
        self
    }

    pub(crate) fn host(&self) -> String {
        format!(
            "unix://{}",
            self.folder.path().join("docker.sock").display()
        )
    }

    /// A workspace with samples that finds this engine, and with credentials that no container may
    /// see.
    pub(crate) fn workspace(&self) -> Workspace {
        let workspace = Workspace::without_aws()
            .with("DOCKER_HOST", &self.host())
            .with("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .with("AWS_SECRET_ACCESS_KEY", "secret-that-nobody-may-see");
        workspace.write("samples.jsonl", SAMPLES);
        workspace
    }

    /// What the containers of models were created with; not the helpers that fill volumes.
    pub(crate) fn servers(&self) -> Vec<Value> {
        let created = self.state().created.clone().into_iter();
        created.filter(|it| it["Cmd"] == json!(["serve"])).collect()
    }

    /// Bytes of each archive that was extracted.
    pub(crate) fn uploads(&self) -> Vec<usize> {
        self.state().uploads.clone()
    }

    pub(crate) fn containers(&self) -> usize {
        self.state().containers.len()
    }

    #[track_caller]
    pub(crate) fn assert_nothing_is_left(&self) {
        let state = self.state();
        let names: Vec<&String> = state.containers.values().map(|it| &it.name).collect();
        assert_eq!(names, Vec::<&String>::new());
        assert_eq!(
            state.volumes.keys().collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = std::os::unix::net::UnixStream::connect(self.folder.path().join("docker.sock"));
        for container in self.state().containers.values() {
            container.running.store(false, Ordering::SeqCst);
        }
    }
}

pub(crate) const SAMPLES: &str =
    "{\"Body\":\"1,2\",\"ContentType\":\"text/csv\"}\n{\"Body\":\"3,4\"}\n";

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= header == "transfer-encoding: chunked";
    }
    let mut body = vec![0; length];
    if chunked {
        body = chunks(reader)?;
    } else {
        reader.read_exact(&mut body).ok()?;
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    // `/v1.41/containers/json`
    let path = path
        .strip_prefix("/v1.")
        .map_or(path, |rest| rest.find('/').map_or(rest, |at| &rest[at..]));
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        body,
    })
}

fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..size]);
        if size == 0 {
            return Some(body);
        }
    }
}

fn respond(stream: &mut impl Write, status: u16, body: &Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn answer(shared: &Arc<Mutex<State>>, request: &Request, stream: &mut impl Write) {
    let mut state = lock(shared);
    state.requests += 1;
    if state.dies_after.is_some_and(|after| state.requests > after) {
        return;
    }
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let (status, answer) = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["version"]) => (200, json!({ "Version": "0.0", "ApiVersion": "1.41" })),
        ("GET", ["info"]) => (
            200,
            json!({
                "OSType": "linux", "Architecture": "x86_64", "NCPU": 2, "MemTotal": 8_u64 << 30,
                "ServerVersion": "0.0",
            }),
        ),
        ("GET", ["images", .., "json"]) => image(&request.path),
        ("POST", ["images", "create"]) => (404, json!({ "message": "pull access denied" })),
        ("POST", ["containers", "create"]) => state.create(&request.query, body),
        ("GET", ["containers", "json"]) => (200, state.listed()),
        ("POST", ["containers", id, "start"]) => state.start(id),
        ("GET", ["containers", id, "json"]) => state.inspected(id),
        ("GET", ["containers", id, "logs"]) => {
            let log = state
                .containers
                .get(*id)
                .map(|it| (it.log, Arc::clone(&it.running)));
            drop(state);
            return follow(log, stream);
        }
        ("GET", ["containers", _, "stats"]) => (
            200,
            json!({
                "memory_stats": { "usage": 300 << 20, "stats": { "inactive_file": 44 << 20 } },
                "cpu_stats": { "cpu_usage": { "total_usage": state.cpu_ns() } },
            }),
        ),
        ("POST", ["containers", id, "kill"]) => {
            if let Some(container) = state.containers.get(*id) {
                container.running.store(false, Ordering::SeqCst);
            }
            (204, Value::Null)
        }
        ("PUT", ["containers", _, "archive"]) => {
            state.uploads.push(request.body.len());
            if request.body.starts_with(&[0x1f, 0x8b, 0]) {
                (400, json!({ "message": "unexpected EOF" }))
            } else {
                (200, Value::Null)
            }
        }
        ("DELETE", ["containers", id]) => match state.containers.remove(*id) {
            Some(container) => {
                container.running.store(false, Ordering::SeqCst);
                (204, Value::Null)
            }
            None => (404, json!({ "message": "no such container" })),
        },
        ("POST", ["volumes", "create"]) => {
            let name = body["Name"].as_str().unwrap_or_default().to_owned();
            let volume = json!({
                "Name": name, "Driver": "local", "Mountpoint": "/x", "Labels": body["Labels"],
                "Options": {}, "Scope": "local", "CreatedAt": "2026-01-01T00:00:00Z",
            });
            state.volumes.insert(name, volume.clone());
            (201, volume)
        }
        ("GET", ["volumes"]) => {
            let volumes: Vec<&Value> = state.volumes.values().collect();
            (200, json!({ "Volumes": volumes, "Warnings": [] }))
        }
        ("DELETE", ["volumes", name]) => match state.volumes.remove(*name) {
            Some(_) => (204, Value::Null),
            None => (404, json!({ "message": "no such volume" })),
        },
        _ => (
            501,
            json!({ "message": format!("{} {}", request.method, request.path) }),
        ),
    };
    drop(state);
    respond(stream, status, &answer);
}

fn image(path: &str) -> (u16, Value) {
    let missing = path.contains("missing");
    let architecture = if path.contains("arm") {
        "arm64"
    } else {
        "amd64"
    };
    let size = if path.contains("huge") {
        11_u64 << 30
    } else {
        50 << 20
    };
    if missing {
        return (404, json!({ "message": "No such image" }));
    }
    let name = path
        .trim_start_matches("/images/")
        .trim_end_matches("/json");
    (
        200,
        json!({ "Id": name, "Architecture": architecture, "Os": "linux", "Size": size }),
    )
}

/// The log in the engine's frames, until the container ends.
fn follow(log: Option<(&'static str, Arc<AtomicBool>)>, stream: &mut impl Write) {
    let Some((log, running)) = log else {
        return respond(stream, 404, &json!({ "message": "no such container" }));
    };
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: close\r\n\r\n"
    );
    let length = u32::try_from(log.len()).unwrap();
    let mut frame = vec![2, 0, 0, 0];
    frame.extend(length.to_be_bytes());
    frame.extend(log.as_bytes());
    let _ = stream.write_all(&frame);
    let _ = stream.flush();
    while running.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl State {
    /// Processor time of each container: that of 64 processors.
    fn cpu_ns(&mut self) -> u64 {
        let since = self.first_look.get_or_insert_with(Instant::now).elapsed();
        let processors = if self.is_idle { 0 } else { 64 };
        1 + processors * u64::try_from(since.as_nanos()).unwrap()
    }

    fn create(&mut self, query: &str, body: Value) -> (u16, Value) {
        let id = format!("{:064x}", self.created.len() + 1);
        let name = query.split('&').find_map(|it| it.strip_prefix("name="));
        self.created.push(body.clone());
        let container = Container {
            name: name.unwrap_or(&id).to_owned(),
            body,
            running: Arc::default(),
            exit_code: 0,
            out_of_memory: false,
            port: 0,
            log: "starting\n",
        };
        self.containers.insert(id.clone(), container);
        (201, json!({ "Id": id, "Warnings": [] }))
    }

    fn listed(&self) -> Value {
        let containers = self.containers.iter().map(|(id, it)| {
            json!({
                "Id": id, "Names": [format!("/{}", it.name)], "Labels": it.body["Labels"],
                "Created": 1_767_225_600,
            })
        });
        containers.collect()
    }

    fn start(&mut self, id: &str) -> (u16, Value) {
        let Some(container) = self.containers.get_mut(id) else {
            return (404, json!({ "message": "no such container" }));
        };
        let host = &container.body["HostConfig"];
        let image = container.body["Image"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let memory_mb = host["Memory"].as_i64().unwrap_or_default() >> 20;
        let read_only = host["ReadonlyRootfs"] == json!(true);
        let not_root = container.body["User"].is_string();
        let (exit_code, out_of_memory, log) = if image.contains("entry") {
            let message = "exec: \"serve\": executable file not found in $PATH";
            return (400, json!({ "message": message }));
        } else if image.contains("2048") && memory_mb < 2048 {
            (137, true, "loading\n")
        } else if image.contains("crash") {
            (
                1,
                false,
                "Traceback\nRuntimeError: \u{1b}[31m::error::other version\n",
            )
        } else if image.contains("logs") && read_only {
            (
                1,
                false,
                "OSError: [Errno 30] Read-only file system: '/logs'\n",
            )
        } else if image.contains("root") && not_root {
            (1, false, "PermissionError: not as this user\n")
        } else {
            container.port = serve(&image, Arc::clone(&container.running));
            return (204, Value::Null);
        };
        container.exit_code = exit_code;
        container.out_of_memory = out_of_memory;
        container.log = log;
        (204, Value::Null)
    }

    fn inspected(&self, id: &str) -> (u16, Value) {
        let Some(container) = self.containers.get(id) else {
            return (404, json!({ "message": "no such container" }));
        };
        let port = container.port.to_string();
        let state = json!({
            "Running": container.running.load(Ordering::SeqCst),
            "ExitCode": container.exit_code,
            "OOMKilled": container.out_of_memory,
        });
        let network = json!({
            "Ports": { "8080/tcp": [{ "HostIp": "127.0.0.1", "HostPort": port }] },
            "Networks": { "bridge": { "IPAddress": "127.0.0.1" } },
        });
        (
            200,
            json!({ "Id": id, "State": state, "NetworkSettings": network }),
        )
    }
}

/// A model server on a free port, which answers after a few milliseconds.
fn serve(image: &str, running: Arc<AtomicBool>) -> u16 {
    running.store(true, Ordering::SeqCst);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (fails, slow) = (image.contains("error"), image.contains("slow"));
    std::thread::spawn(move || {
        while running.load(Ordering::SeqCst) {
            let Ok((stream, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            };
            stream.set_nonblocking(false).unwrap();
            stream.set_nodelay(true).unwrap();
            let running = Arc::clone(&running);
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut stream = stream;
                while let Some(request) = read_request(&mut reader) {
                    if !running.load(Ordering::SeqCst) {
                        return;
                    }
                    let work = if slow { 60 } else { 8 };
                    let (status, body) = match request.path.as_str() {
                        "/ping" => (200, ""),
                        _ if fails => (500, "could not convert string to float"),
                        _ => {
                            std::thread::sleep(Duration::from_millis(work));
                            (200, "[0.5]")
                        }
                    };
                    let _ = write!(
                        stream,
                        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                }
            });
        }
    });
    port
}
