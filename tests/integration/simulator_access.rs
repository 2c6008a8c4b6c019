//! Who may use `sagegate simulate`: programs of this machine, and for jobs the reader of its
//! output.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Workspace;

/// `sagegate simulate` with a bucket, and what it printed. Its jobs are shell scripts.
struct Server {
    child: Child,
    printed: BTreeMap<String, String>,
    /// Holds the profile.
    _workspace: Workspace,
}

impl Server {
    fn start() -> Self {
        let workspace = Workspace::without_aws();
        let jobs = "[jobs]\nprogram = \"/bin/sh\"\nstopping_seconds = 1.0\n";
        let profile = format!("buckets = [\"data\"]\n{}\n{jobs}", crate::support::QUICK);
        workspace.write("profile.toml", &profile);
        let mut child = workspace.spawn(&["simulate", "--port=0", "--profile=profile.toml"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find_map(|it| it.unwrap().strip_prefix("export ").map(str::to_owned));
        let line = line.unwrap();
        let pairs = line
            .split_whitespace()
            .map(|it| it.split_once('=').unwrap());
        Self {
            child,
            printed: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            _workspace: workspace,
        }
    }

    fn key(&self) -> &str {
        &self.printed["AWS_ACCESS_KEY_ID"]
    }

    /// A signed request with these headers in front: status and body.
    fn send(&self, start: &str, headers: &str, key: &str, body: &str) -> (u16, String) {
        let address = self.printed["AWS_ENDPOINT_URL"].trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let service = if start.starts_with("POST") {
            "sagemaker"
        } else {
            "s3"
        };
        write!(
            stream,
            "{start} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential={key}/20261122/us-east-1/{service}/aws4_request, Signature=00\r\n\r\n{body}",
            body.len(),
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    fn sagemaker(&self, operation: &str, key: &str, input: &Value) -> (u16, String) {
        let headers = format!("Host: localhost\r\nX-Amz-Target: SageMaker.{operation}\r\n");
        self.send("POST /", &headers, key, &input.to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn job(environment: &Value) -> Value {
    let script = "echo \"loaded=$LD_PRELOAD audit=$LD_AUDIT conv=$GCONV_PATH word=$WORD\" > $SAGEGATE_ML_ROOT/output/message; \
                  echo \"$AWS_ENDPOINT_URL\" >> $SAGEGATE_ML_ROOT/output/message";
    json!({
        "ProcessingJobName": "j",
        "RoleArn": "arn:aws:iam::123456789012:role/job",
        "AppSpecification": { "ImageUri": "image", "ContainerArguments": ["-c", script] },
        "ProcessingResources": { "ClusterConfig": {
            "InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5
        } },
        "Environment": environment,
    })
}

#[test]
fn a_web_page_that_reaches_the_port_is_refused_whatever_it_asks() {
    let server = Server::start();
    let key = server.key();
    for headers in [
        "Host: evil.example\r\n",
        "Host: localhost.evil.example:4570\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: localhost\r\nOrigin: http://evil.example\r\n",
    ] {
        for start in [
            "PUT /data/e/evil.so",
            "POST /",
            "GET /_simulator/state",
            "POST /endpoints/e/invocations",
            "GET /offers/v1.0/aws/AmazonSageMaker/current/region_index.json",
        ] {
            let (status, body) = server.send(start, headers, key, "{}");
            assert_eq!(status, 403, "{start} {headers}: {body}");
            assert!(body.starts_with("the simulator "), "{body}");
        }
    }
    let address = server.printed["AWS_ENDPOINT_URL"].trim_start_matches("http://");
    for host in [address, "localhost", "[::1]:4570"] {
        let headers = format!("Host: {host}\r\n");
        assert_eq!(
            server.send("PUT /data/k", &headers, key, "1").0,
            200,
            "{host}"
        );
    }
}

#[test]
fn a_job_runs_only_for_the_key_of_this_start_and_loads_nothing_else() {
    let server = Server::start();
    let other = Server::start();
    assert_ne!(server.key(), other.key());
    assert!(server.key().len() > 32, "{}", server.key());
    let environment = json!({
        "LD_PRELOAD": "processing/input/evil.so", "LD_AUDIT": "evil.so", "GCONV_PATH": "/tmp",
        "AWS_ENDPOINT_URL": "http://evil.example", "SAGEGATE_ML_ROOT": "/tmp", "WORD": "kept",
    });
    let job = job(&environment);
    for key in ["nobody", "simulated", "ASIASIMULATED0000000", other.key()] {
        let (status, body) = server.sagemaker("CreateProcessingJob", key, &job);
        assert_eq!(status, 400, "{key}");
        assert!(body.contains("AccessDeniedException"), "{body}");
        assert!(!body.contains(server.key()), "{body}");
    }
    let name = json!({ "ProcessingJobName": "j" });
    assert_eq!(
        server.sagemaker("DescribeProcessingJob", "nobody", &name).0,
        400
    );
    let (status, body) = server.sagemaker("CreateProcessingJob", server.key(), &job);
    assert_eq!(status, 200, "{body}");
    let began = Instant::now();
    let message = loop {
        let (_, body) = server.sagemaker("DescribeProcessingJob", "nobody", &name);
        let described: Value = serde_json::from_str(&body).unwrap();
        if let Some(message) = described["ExitMessage"].as_str() {
            break message.to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{body}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let url = &server.printed["AWS_ENDPOINT_URL"];
    assert_eq!(message, format!("loaded= audit= conv= word=kept\n{url}\n"));
}
