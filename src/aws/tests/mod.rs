//! Answers that no AWS sends, through the wire to every client: a typed error or a value that a
//! result can keep, never a panic or a wait without end. `PROPTEST_CASES=10000` makes a long run of
//! it.

mod spoilt;

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sagemaker::config::{Credentials, SharedCredentialsProvider};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use self::spoilt::Answer;
use super::{AwsError, MetricWindow, Objects, Session, objects};
use crate::result::{EndpointMetrics, MetricStatistics};
use crate::samples::Sample;

/// Longest that all operations may take with one answer, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// A server that has one answer to everything.
struct Server {
    url: String,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(Vec::new()));
        let shared = answer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = shared.lock().unwrap().clone();
                tokio::spawn(respond(stream, answer));
            }
        });
        Self { url, answer }
    }
}

/// Reads a whole request first: a connection that is closed with bytes unread is reset, and the
/// answer lost.
async fn respond(mut stream: TcpStream, answer: Vec<u8>) {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        match stream.read(&mut part).await {
            Ok(length @ 1..) => request.extend_from_slice(&part[..length]),
            Ok(0) | Err(_) => return,
        }
    }
    // The client may have seen enough of it.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let length: usize = length.map_or(0, |it| it.trim().parse().unwrap());
    request.len() >= head.len() + 4 + length
}

/// Clients of the server that ask once: waits between attempts are the SDK's, and would make hours
/// of it.
struct Clients {
    session: Session,
    objects: Objects,
}

async fn impatient(url: &str) -> Clients {
    let session = impatient_session(url).await;
    let credentials = Credentials::new("simulated", "simulated", None, None, "test");
    let sdk_config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build();
    let config = objects::client(&sdk_config).config().to_builder();
    let client =
        aws_sdk_s3::Client::from_conf(config.retry_config(RetryConfig::disabled()).build());
    Clients {
        session,
        objects: Objects {
            client,
            owner: objects::BucketOwner::new(&sdk_config, Some("000000000000".parse().unwrap())),
        },
    }
}

async fn impatient_session(url: &str) -> Session {
    let mut session = Session::simulated(url, "simulated", "us-east-1")
        .await
        .unwrap();
    let once = RetryConfig::disabled;
    let config = session.sagemaker.config().to_builder().retry_config(once());
    session.sagemaker = aws_sdk_sagemaker::Client::from_conf(config.build());
    let config = session.cloudwatch.config().to_builder();
    session.cloudwatch = aws_sdk_cloudwatch::Client::from_conf(config.retry_config(once()).build());
    session
}

/// Asks everything that reads more than a status, one after the other.
async fn ask(clients: &Clients, read: &Cell<u32>) -> Result<(), TestCaseError> {
    ask_cloudwatch(&clients.session, read).await?;
    ask_sagemaker(&clients.session, read).await?;
    if let Err(error) = clients.objects.get("bucket", "key").await {
        names_operation("GetObject", &error)?;
    }
    let put = clients.objects.put("bucket", "key", vec![1], Some("etag"));
    if let Err(error) = put.await {
        names_operation("PutObject", &error)?;
    }
    Ok(())
}

async fn ask_cloudwatch(session: &Session, read: &Cell<u32>) -> Result<(), TestCaseError> {
    let second = |second| jiff::Timestamp::from_second(second).unwrap();
    let window = MetricWindow::new(second(1_795_000_000), second(1_795_000_600));
    match session.endpoint_metrics(&["e", "f"], window).await {
        Ok(metrics) => {
            let has_some = metrics.iter().any(|it| it.model_latency_ms.is_some());
            read.set(read.get() + u32::from(has_some));
            metrics.iter().try_for_each(can_be_kept)?;
        }
        Err(error) => names_operation("GetMetricData", &error)?,
    }
    match session.model_latency_counts(&["e"], window).await {
        Ok(counts) => prop_assert_eq!(counts.len(), 1),
        Err(error) => names_operation("GetMetricData", &error)?,
    }
    Ok(())
}

async fn ask_sagemaker(session: &Session, read: &Cell<u32>) -> Result<(), TestCaseError> {
    if let Err(error) = session.endpoint_status("e").await {
        names_operation("DescribeEndpoint", &error)?;
    }
    if let Err(error) = session.delete_endpoint("e").await {
        names_operation("DeleteEndpoint", &error)?;
    }
    if let Err(error) = session.unsupported_of_model("m").await {
        names_operation("DescribeModel", &error)?;
    }
    let listing = session.named("sagegate-").await;
    read.set(read.get() + u32::from(!listing.found.is_empty()));
    for (_, error) in listing.failed {
        prop_assert!(error.operation.starts_with("List"), "{}", error);
    }
    if let Err(error) = session.tag("arn:aws:sagemaker:x", "sagegate").await {
        names_operation("ListTags", &error)?;
    }
    if let Err(error) = session.processing_job("j").await {
        names_operation("DescribeProcessingJob", &error)?;
    }
    let _ = session.concurrency_quota().await;
    let sample = Sample::default();
    let invoker = session.invoker("e");
    let call = invoker.invoke((0, &sample), Instant::now()).await;
    let json = serde_json::to_string(&call).unwrap();
    prop_assert_eq!(
        serde_json::from_str::<crate::result::Invocation>(&json).unwrap(),
        call
    );
    Ok(())
}

fn names_operation(operation: &str, error: &AwsError) -> Result<(), TestCaseError> {
    prop_assert_eq!(error.operation, operation);
    prop_assert!(!error.message.trim().is_empty(), "{:?}", error);
    prop_assert!(error.code.as_deref() != Some(""), "{:?}", error);
    Ok(())
}

/// A number that JSON cannot write makes a result that cannot be read.
fn can_be_kept(metrics: &EndpointMetrics) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(metrics).unwrap();
    let read: Result<EndpointMetrics, _> = serde_json::from_str(&json);
    prop_assert!(read.is_ok(), "{:?}: {}", read, json);
    let all = [
        metrics.model_latency_ms,
        metrics.overhead_latency_ms,
        metrics.model_setup_time_ms,
        metrics.memory_utilization_percent,
    ];
    for it in all.into_iter().flatten() {
        let MetricStatistics {
            sample_count,
            average,
            minimum,
            maximum,
            ..
        } = it;
        let needed = [sample_count, average, minimum, maximum];
        prop_assert!(needed.iter().all(|it| it.is_finite()), "{:?}", needed);
    }
    Ok(())
}

/// Runs every case against one server; a failure shows the smallest answer that has it. At least
/// one answer in `one_read_in` must be good enough to be read, where there is one: else nothing
/// behind the readers is tried.
fn check(answers: impl Strategy<Value = Answer>, one_read_in: Option<u32>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let clients = runtime.block_on(impatient(&server.url));
    // Each case is a dozen of requests.
    let cases = std::env::var_os("PROPTEST_CASES").map_or(48, |_| ProptestConfig::default().cases);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let read = Cell::new(0);
    let outcome = TestRunner::new(config).run(&answers, |answer| {
        *server.answer.lock().unwrap() = answer.bytes();
        let asked =
            runtime.block_on(async { tokio::time::timeout(LONGEST, ask(&clients, &read)).await });
        asked.unwrap_or_else(|late| Err(TestCaseError::fail(late.to_string())))
    });
    match outcome {
        Ok(()) => {
            let least = one_read_in.map_or(0, |one_in| cases / one_in);
            assert!(read.get() >= least, "{} of {cases} read", read.get());
        }
        Err(TestError::Fail(reason, answer)) => {
            panic!(
                "{reason}\n{:?}",
                String::from_utf8_lossy(&answer.bytes())
                    .chars()
                    .take(2000)
                    .collect::<String>()
            )
        }
        Err(error @ TestError::Abort(_)) => panic!("{error}"),
    }
}

#[test]
fn bytes_that_are_no_answer() {
    check(spoilt::any_answer(), None);
}

#[test]
fn spoilt_answers_of_cloudwatch() {
    check(spoilt::cbor_answer(), Some(20));
}

#[test]
fn spoilt_answers_of_sagemaker() {
    check(spoilt::json_answer(), Some(20));
}

#[test]
fn spoilt_answers_of_s3() {
    check(spoilt::xml_answer(), None);
}
