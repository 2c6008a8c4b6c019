//! Processing jobs of the simulator, by AWS's own client: a shell stands for the image.

use std::time::{Duration, Instant};

use sagegate::aws::{AwsErrorKind, ProcessingJob, ProcessingJobSpec, ProcessingJobStatus, Session};
use tokio::runtime::Runtime;

use crate::support::Simulator;

/// A simulator whose jobs are shell scripts, and a client.
struct World {
    simulator: Simulator,
    session: Session,
    runtime: Runtime,
}

impl World {
    fn new() -> Self {
        let profile = "buckets = [\"data\"]\n".to_owned()
            + crate::support::QUICK
            + "\n[jobs]\nprogram = \"/bin/sh\"\nstopping_seconds = 1.0\n";
        let simulator = Simulator::start(&profile);
        simulator.put_object("data", "in/words.txt", "hello");
        let runtime = Runtime::new().unwrap();
        let (url, key) = (simulator.url(), simulator.access_key_id());
        let session = runtime.block_on(Session::simulated(&url, key, "us-east-1"));
        Self {
            session: session.unwrap(),
            simulator,
            runtime,
        }
    }

    fn create(&self, spec: &ProcessingJobSpec) -> Result<(), AwsErrorKind> {
        let created = self
            .runtime
            .block_on(self.session.create_processing_job(spec));
        created.map_err(|error| error.kind)
    }

    fn job(&self) -> ProcessingJob {
        self.runtime
            .block_on(self.session.processing_job("j"))
            .unwrap()
    }

    #[track_caller]
    fn ended(&self) -> ProcessingJob {
        self.wait_until(|world| {
            let job = world.job();
            job.status.has_ended().then_some(job)
        })
    }

    #[track_caller]
    fn wait_until<T>(&self, look: impl Fn(&Self) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{:?}",
                self.job()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn spec(script: &str) -> ProcessingJobSpec {
    ProcessingJobSpec {
        name: "j".to_owned(),
        image_uri: "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagegate:1".to_owned(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        environment: vec![("WORD".to_owned(), "world".to_owned())],
        role_arn: "arn:aws:iam::123456789012:role/job".to_owned(),
        instance_type: "ml.m5.large".to_owned(),
        instance_count: 1,
        input: (
            "s3://data/in".to_owned(),
            "/opt/ml/processing/input".to_owned(),
        ),
        output: (
            "s3://data/out".to_owned(),
            "/opt/ml/processing/output".to_owned(),
        ),
        longest_run_s: 60,
        tags: vec![("team".to_owned(), "risk".to_owned())],
    }
}

#[test]
fn a_job_has_its_inputs_and_variables_and_its_files_go_to_s3() {
    let world = World::new();
    let script = "echo $(/bin/cat processing/input/words.txt) $WORD > processing/output/said.txt; echo bye > output/message";
    world.create(&spec(script)).unwrap();
    let job = world.ended();
    assert_eq!(job.status, ProcessingJobStatus::Completed);
    assert_eq!(job.exit_message.as_deref(), Some("bye\n"));
    assert_eq!(job.failure_reason, None);
    assert_eq!(job.input.as_deref(), Some("s3://data/in"));
    assert_eq!(job.output.as_deref(), Some("s3://data/out"));
    let said = world.simulator.object("data", "out/said.txt");
    assert_eq!(said.as_deref(), Some("hello world\n"));
    assert_eq!(
        world.create(&spec("true")),
        Err(AwsErrorKind::AlreadyExists)
    );
    let other = world.runtime.block_on(world.session.processing_job("k"));
    assert_eq!(other.unwrap_err().kind, AwsErrorKind::NotFound);
}

#[test]
fn a_job_that_fails_or_cannot_begin_says_why() {
    let world = World::new();
    world.create(&spec("exit 3")).unwrap();
    let job = world.ended();
    assert_eq!(job.status, ProcessingJobStatus::Failed);
    assert_eq!(
        job.failure_reason.as_deref(),
        Some("AlgorithmError: See job logs for more information, exit code: 3")
    );
    let world = World::new();
    let mut without_input = spec("true");
    without_input.input.0 = "s3://data/nothing".to_owned();
    world.create(&without_input).unwrap();
    let reason = world.ended().failure_reason.unwrap();
    assert!(
        reason.starts_with("ClientError: No S3 objects found"),
        "{reason}"
    );
}

#[test]
fn a_stopped_job_gets_sigterm_and_what_it_has_written_is_kept() {
    let world = World::new();
    let script = "trap 'echo more >> processing/output/said.txt; exit 143' TERM; echo first > processing/output/said.txt; \
                  while true; do /bin/sleep 0.1; done";
    world.create(&spec(script)).unwrap();
    let said = || world.simulator.object("data", "out/said.txt");
    world.wait_until(|_| said());
    world
        .runtime
        .block_on(world.session.stop_processing_job("j"))
        .unwrap();
    let job = world.ended();
    assert_eq!(
        (job.status, job.failure_reason),
        (ProcessingJobStatus::Stopped, None)
    );
    assert_eq!(said().as_deref(), Some("first\nmore\n"));
    let again = world
        .runtime
        .block_on(world.session.stop_processing_job("j"));
    assert_eq!(again, Ok(()), "what has ended is stopped");
}

#[test]
fn a_job_that_does_not_listen_is_killed_and_one_that_runs_too_long_is_stopped() {
    let world = World::new();
    let deaf = "trap '' TERM; while true; do /bin/sleep 0.1; done";
    let mut spec = spec(deaf);
    spec.longest_run_s = 1;
    let started = Instant::now();
    world.create(&spec).unwrap();
    assert_eq!(world.ended().status, ProcessingJobStatus::Stopped);
    assert!(
        started.elapsed() >= Duration::from_secs(2),
        "a second to run, a second to end"
    );
}
