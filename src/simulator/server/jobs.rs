//! Runs processing jobs for real: a program per instance, with the job's environment, arguments,
//! inputs and outputs.
//!
//! A container has `/opt/ml` to itself; a process of this machine does not. Each instance has a
//! folder to itself instead, which the variable [`ROOT`] names.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::{Host, Service};
use crate::simulator::account::{
    Condition, JobData, JobEnd, JobOrder, ObjectAnswer, ObjectCall, ObjectOperation,
};
use crate::simulator::scenario::Jobs;
use crate::simulator::validate::ApiError;

/// Variable with the folder that stands for `/opt/ml`.
const ROOT: &str = "SAGEGATE_ML_ROOT";
/// How often an instance is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How often changed files of a continuous output go to S3.
const UPLOAD_EVERY: Duration = Duration::from_secs(1);
/// SageMaker shows the first kilobyte of `/opt/ml/output/message`.
const MESSAGE_BYTES: usize = 1024;

/// What jobs are run with.
#[derive(Debug)]
pub(super) struct JobHost {
    program: Option<PathBuf>,
    host: Host,
    patience: Duration,
}

impl JobHost {
    pub(super) fn new(jobs: &Jobs, host: Host) -> Self {
        Self {
            program: jobs.program.clone(),
            host,
            patience: Duration::from_secs_f64(jobs.stopping_seconds),
        }
    }

    /// Who has it may run jobs.
    pub(super) fn access_key_id(&self) -> &str {
        &self.host.access_key_id
    }

    fn program(&self) -> io::Result<PathBuf> {
        match &self.program {
            Some(program) => Ok(program.clone()),
            None => std::env::current_exe(),
        }
    }
}

/// Runs the jobs that were created since the last call.
pub(super) fn start_ordered(service: &Arc<Service>) {
    let orders = service.account().take_job_orders();
    for order in orders {
        let service = Arc::clone(service);
        tokio::task::spawn_blocking(move || {
            let end = run(&service, &order).unwrap_or_else(|failure| JobEnd {
                failure: Some(failure),
                exit_message: None,
                ran_too_long: false,
            });
            let now = service.now();
            service.account().end_job(&order.name, end, now);
        });
    }
}

/// From the inputs to the last upload; an error is the job's `FailureReason`.
fn run(service: &Service, order: &JobOrder) -> Result<JobEnd, String> {
    let internal = |error: io::Error| format!("InternalServerError: {error}");
    let folder = tempfile::tempdir().map_err(internal)?;
    let mut instances = Vec::new();
    for rank in 1..=order.instances {
        instances.push(Instance::start(service, order, rank, &folder)?);
    }
    let mut stop = Stop::new(order);
    let mut uploaded_at = Instant::now();
    while any_is_running(&mut instances) {
        if service.job_host.host.over.is_cancelled() {
            return Err("InternalServerError: the simulator has ended".to_owned());
        }
        let has_failed = instances.iter().any(Instance::has_failed);
        if stop.is_due(has_failed || service.account().is_job_stopping(&order.name)) {
            stop.go_on(&instances, service.job_host.patience);
        }
        if uploaded_at.elapsed() >= UPLOAD_EVERY {
            upload(service, order, &mut instances, |it| it.is_continuous)?;
            uploaded_at = Instant::now();
        }
        std::thread::sleep(TICK);
    }
    upload(service, order, &mut instances, |_| true)?;
    // The others only followed the first that failed.
    instances.sort_by_key(|it| it.ended_at);
    let failure = instances.iter().find_map(Instance::failure);
    instances.sort_by(|a, b| a.root.cmp(&b.root));
    let exit_message = instances.iter().find_map(Instance::message);
    Ok(JobEnd {
        failure,
        exit_message,
        ran_too_long: stop.ran_too_long,
    })
}

/// Looks at every instance, so that one that has ended is noticed while others run.
fn any_is_running(instances: &mut [Instance]) -> bool {
    let running = instances
        .iter_mut()
        .filter_map(|it| it.is_running().then_some(()));
    running.count() > 0
}

/// When the instances have to end, and which signal they got.
struct Stop {
    last_moment: Instant,
    signalled_at: Option<Instant>,
    ran_too_long: bool,
}

impl Stop {
    fn new(order: &JobOrder) -> Self {
        Self {
            last_moment: Instant::now() + Duration::from_secs(order.longest_run_s.into()),
            signalled_at: None,
            ran_too_long: false,
        }
    }

    fn is_due(&mut self, is_wanted: bool) -> bool {
        let is_late = Instant::now() >= self.last_moment;
        self.ran_too_long |= is_late && self.signalled_at.is_none();
        is_wanted || is_late || self.signalled_at.is_some()
    }

    /// SIGTERM first; SIGKILL after `patience`.
    fn go_on(&mut self, instances: &[Instance], patience: Duration) {
        let signal = match self.signalled_at {
            None => {
                self.signalled_at = Some(Instant::now());
                Signal::TERM
            }
            Some(signalled_at) if signalled_at.elapsed() >= patience => Signal::KILL,
            Some(_) => return,
        };
        for instance in instances.iter().filter(|it| it.exit_code.is_none()) {
            // One that has ended in the meantime needs no signal.
            let _ = kill_process(Pid::from_child(&instance.child), signal);
        }
    }
}

/// A process that stands for a container. It does not outlive this.
struct Instance {
    child: Child,
    root: PathBuf,
    exit_code: Option<i32>,
    ended_at: Option<Instant>,
    /// What of its files is in S3 already.
    uploaded: BTreeMap<PathBuf, Vec<u8>>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A process that has already ended is not an error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Instance {
    fn start(
        service: &Service,
        order: &JobOrder,
        rank: u32,
        folder: &TempDir,
    ) -> Result<Self, String> {
        let internal = |error: io::Error| format!("InternalServerError: {error}");
        let root = folder.path().join(host(rank)).join("opt/ml");
        describe(&root, order, rank).map_err(internal)?;
        for data in &order.outputs {
            fs::create_dir_all(inside(&root, &data.folder)).map_err(internal)?;
        }
        for data in &order.inputs {
            download(service, data, &root)?;
        }
        let log = File::create(root.join("log")).map_err(internal)?;
        let mut command = Command::new(service.job_host.program().map_err(internal)?);
        command
            .args(&order.arguments)
            .env_clear()
            .envs(passed_on(&order.environment))
            .envs([
                ("AWS_ENDPOINT_URL", service.job_host.host.url.as_str()),
                ("AWS_ACCESS_KEY_ID", "simulated-job"),
                ("AWS_SECRET_ACCESS_KEY", "simulated-job"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ])
            .env(ROOT, &root)
            .env("HOME", &root)
            .current_dir(&root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let child = command
            .spawn()
            .map_err(|error| format!("ClientError: cannot start the program: {error}"))?;
        Ok(Self {
            child,
            root,
            exit_code: None,
            ended_at: None,
            uploaded: BTreeMap::new(),
        })
    }

    fn is_running(&mut self) -> bool {
        if self.exit_code.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            // A process that a signal killed has no exit code.
            self.exit_code = Some(status.code().unwrap_or(137));
            self.ended_at = Some(Instant::now());
        }
        self.exit_code.is_none()
    }

    fn has_failed(&self) -> bool {
        self.exit_code.is_some_and(|code| code != 0)
    }

    fn failure(&self) -> Option<String> {
        let code = self.exit_code.filter(|code| *code != 0)?;
        let log = fs::read(self.root.join("log")).unwrap_or_default();
        tracing::warn!(code, log = %String::from_utf8_lossy(&log), "a processing job has failed");
        Some(format!(
            "AlgorithmError: See job logs for more information, exit code: {code}"
        ))
    }

    /// The first kilobyte of what it says at its end.
    fn message(&self) -> Option<String> {
        let bytes = fs::read(self.root.join("output/message")).ok()?;
        let kept: Vec<u8> = bytes.into_iter().take(MESSAGE_BYTES).collect();
        let text = String::from_utf8_lossy(&kept).into_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// The variables of a job that its process gets: none that makes a program of this machine load or
/// run something else. In a container of its own they would be harmless.
fn passed_on(environment: &BTreeMap<String, String>) -> BTreeMap<&String, &String> {
    let (dangerous, passed): (BTreeMap<_, _>, BTreeMap<_, _>) =
        environment.iter().partition(|(name, _)| is_dangerous(name));
    for name in dangerous.into_keys() {
        tracing::warn!(name, "a processing job does not get this variable");
    }
    passed
}

/// Whether a variable is read by a dynamic loader, a C library, a memory allocator, a TLS library,
/// a shell or an interpreter before a program's own first line.
fn is_dangerous(name: &str) -> bool {
    const BEGINNINGS: [&str; 14] = [
        "BASH",
        "DYLD_",
        "GLIBC_",
        "JAVA_",
        "JDK_",
        "JEMALLOC_",
        "LD_",
        "LUA_",
        "MALLOC_",
        "NODE_",
        "OPENSSL_",
        "PERL",
        "PYTHON",
        "RUBY",
    ];
    const NAMES: [&str; 22] = [
        "CDPATH",
        "ENV",
        "GCONV_PATH",
        "GETCONF_DIR",
        "HOSTALIASES",
        "IFS",
        "LOCALDOMAIN",
        "LOCPATH",
        "MUSL_LOCPATH",
        "NIS_PATH",
        "NLSPATH",
        "PATH",
        "PROMPT_COMMAND",
        "RESOLV_HOST_CONF",
        "RES_OPTIONS",
        "SHELL",
        "SHELLOPTS",
        "SSLKEYLOGFILE",
        "TMPDIR",
        "TZDIR",
        "ZDOTDIR",
        "_RLD_LIST",
    ];
    let name = name.to_ascii_uppercase();
    BEGINNINGS.iter().any(|it| name.starts_with(it))
        || NAMES.contains(&name.as_str())
        || name.ends_with("_PRELOAD")
        || name.contains("LIBRARY_PATH")
}

/// `algo-1`, as SageMaker names the hosts of a job.
fn host(rank: u32) -> String {
    format!("algo-{rank}")
}

/// Where a path of the container is on this machine.
fn inside(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches("/opt/ml/"))
}

/// The files in which SageMaker describes the job to a container.
fn describe(root: &Path, order: &JobOrder, rank: u32) -> io::Result<()> {
    for folder in ["config", "output", "processing"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let hosts: Vec<String> = (1..=order.instances).map(host).collect();
    let resources = json!({
        "current_host": host(rank),
        "hosts": hosts,
        "current_instance_type": order.instance_type,
    });
    fs::write(
        root.join("config/resourceconfig.json"),
        resources.to_string(),
    )?;
    let job = json!({ "ProcessingJobName": order.name, "Environment": order.environment });
    fs::write(
        root.join("config/processingjobconfig.json"),
        job.to_string(),
    )
}

fn s3(service: &Service, bucket: &str, operation: ObjectOperation) -> Result<ObjectAnswer, String> {
    let bucket = bucket.to_owned();
    let now = service.now();
    let call = ObjectCall {
        bucket,
        expected_owner: None,
        operation,
    };
    let answer = service.account().s3(call, now);
    answer.map_err(|error: ApiError| {
        format!(
            "ClientError: {}: {}",
            error.code,
            error.message.unwrap_or_default()
        )
    })
}

/// Writes every object below the prefix into the folder.
fn download(service: &Service, data: &JobData, root: &Path) -> Result<(), String> {
    let folder = inside(root, &data.folder);
    let prefix = format!("{}/", data.prefix);
    let (mut after, mut found) = (String::new(), 0);
    loop {
        let operation = ObjectOperation::List {
            prefix: prefix.clone(),
            after,
            max_keys: 1000,
        };
        let ObjectAnswer::Listed { objects, next } = s3(service, &data.bucket, operation)? else {
            return Err("InternalServerError: no list".to_owned());
        };
        for (key, object) in objects {
            let name = key.strip_prefix(&prefix).unwrap_or(&key);
            write(&folder, name, &object.bytes)?;
            found += 1;
        }
        match next {
            Some(next) => after = next,
            None if found == 0 => {
                return Err(format!(
                    "ClientError: No S3 objects found under S3 URL \"s3://{}/{}\" given in input data source.",
                    data.bucket, data.prefix
                ));
            }
            None => return Ok(()),
        }
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    if name.split('/').any(|part| part == "..") {
        return Err(format!("ClientError: the key {name} leaves its folder"));
    }
    let path = folder.join(name.trim_start_matches('/'));
    let parent = path.parent().unwrap_or(folder);
    let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes));
    written.map_err(|error| format!("InternalServerError: {error}"))
}

/// Sends the files that have changed to S3.
fn upload(
    service: &Service,
    order: &JobOrder,
    instances: &mut [Instance],
    is_wanted: impl Fn(&JobData) -> bool,
) -> Result<(), String> {
    for data in order.outputs.iter().filter(|it| is_wanted(it)) {
        for instance in &mut *instances {
            let folder = inside(&instance.root, &data.folder);
            for path in files(&folder) {
                let Ok(bytes) = fs::read(&path) else {
                    continue;
                };
                if instance.uploaded.get(&path) == Some(&bytes) {
                    continue;
                }
                let name = path.strip_prefix(&folder).unwrap_or(&path);
                let operation = ObjectOperation::Put {
                    key: format!("{}/{}", data.prefix, name.display()),
                    bytes: Bytes::from(bytes.clone()),
                    content_type: "application/octet-stream".to_owned(),
                    condition: Condition::None,
                };
                s3(service, &data.bucket, operation)?;
                instance.uploaded.insert(path, bytes);
            }
        }
    }
    Ok(())
}

/// Files of a folder and of those below it, without symbolic links, as in SageMaker.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_load_other_code_are_not_passed_on() {
        for name in [
            "LD_PRELOAD",
            "LD_AUDIT",
            "ld_library_path",
            "DYLD_INSERT_LIBRARIES",
            "JEMALLOC_PRELOAD",
            "MALLOC_CONF",
            "GCONV_PATH",
            "GLIBC_TUNABLES",
            "PATH",
            "BASH_ENV",
            "PYTHONSTARTUP",
            "NODE_OPTIONS",
            "OPENSSL_CONF",
        ] {
            assert!(is_dangerous(name), "{name}");
        }
        let pairs = [("LD_PRELOAD", "x.so"), ("AWS_REGION", "r"), ("WORD", "w")];
        let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = BTreeMap::from(environment);
        let passed: Vec<&String> = passed_on(&environment).into_keys().collect();
        assert_eq!(passed, ["AWS_REGION", "WORD"]);
    }
}
