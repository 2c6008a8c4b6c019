//! Faults of calls, of metrics and logs, and of what is around the program.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use serde_json::json;

use super::{Case, MEASURED, NOT_MEASURED, case, injected, life_cycle};
use crate::support::Simulator;

pub(super) fn invocations() -> Vec<Case> {
    let faults = |text: &str| format!("[faults]\n{text}");
    let memory = |below: &str| format!("[model]\nout_of_memory_below_mb = {below}");
    let gone = |simulator: &Simulator| {
        while simulator.count("InvokeEndpoint") < 40 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let endpoints = simulator.resources();
        let name = endpoints.iter().find(|it| it.ends_with("-m1024"));
        simulator.sagemaker("DeleteEndpoint", &json!({ "EndpointName": name.unwrap() }));
    };
    let few = injected("InvokeEndpoint", "internal_error", "every = 50");
    let slow = injected("InvokeEndpoint", "slow_answer", "every = 30\nseconds = 2");
    vec![
        case(
            "model out of memory at 1024 MB",
            &[&memory("2000")],
            MEASURED,
            "insufficient memory",
        )
        .due_to("model"),
        case(
            "model out of memory at every size",
            &[&memory("6145")],
            NOT_MEASURED,
            "insufficient memory",
        )
        .due_to("model"),
        case(
            "model error at every call",
            &[&faults("model_error = 1.0")],
            NOT_MEASURED,
            "3 errors, the last",
        )
        .due_to("model"),
        case(
            "an endpoint is deleted while it is measured",
            &[""],
            MEASURED,
            "3 errors, the last",
        )
        .due_to("service")
        .with(&["--invocations", "300"])
        .meanwhile(gone),
        case(
            "every fiftieth call HTTP 500",
            &[&few],
            MEASURED,
            "by AWS and sent again",
        )
        .due_to("service"),
        case(
            "the same, --error-threshold 1",
            &[&few],
            MEASURED,
            "by AWS and sent again",
        )
        .due_to("service")
        .with(&[
            "--error-threshold",
            "1",
            "--memory-sizes",
            "2048",
            "--invocations",
            "100",
        ]),
        case(
            "every call throttled",
            &[&faults("throttle = 1.0")],
            NOT_MEASURED,
            "ThrottlingException",
        )
        .taking_minutes()
        .due_to("service"),
        case(
            "every connection breaks",
            &[&faults("dropped_connection = 1.0")],
            NOT_MEASURED,
            "more than 5% of the calls failed by AWS",
        )
        .due_to("service"),
        case(
            "every thirtieth answer after 2 s",
            &[&slow],
            MEASURED,
            "deleted 4 resources",
        ),
    ]
}

pub(super) fn metrics() -> Vec<Case> {
    let late = life_cycle("creating_seconds = 0.3")
        .replace("metric_delay_seconds = 0.2", "metric_delay_seconds = 3600");
    let unreadable = injected("GetMetricData", "malformed_answer", "from = 1");
    let empty = injected("GetMetricData", "empty_answer", "from = 1");
    vec![
        case(
            "CloudWatch has nothing in time",
            &[&late],
            MEASURED,
            "cost is an estimate",
        ),
        case(
            "CloudWatch: every answer unreadable",
            &[&unreadable],
            MEASURED,
            "the answer cannot be read",
        ),
        case(
            "CloudWatch: every answer empty",
            &[&empty],
            MEASURED,
            "cost is an estimate",
        ),
    ]
}

/// CloudWatch Logs: nothing of it changes a verdict.
pub(super) fn logs() -> Vec<Case> {
    let small = "[model]\nout_of_memory_below_mb = 2000";
    let of_failed = |fault: &str, operation, kind, when, said| {
        let fault = format!("{fault}, one size out of memory");
        case(
            &fault,
            &[small, &injected(operation, kind, when)],
            MEASURED,
            said,
        )
        .due_to("model")
    };
    let denied = injected("DeleteLogGroup", "access_denied", "from = 1");
    let late = injected("DeleteLogGroup", "slow_answer", "from = 1\nseconds = 31");
    vec![
        case(
            "DeleteLogGroup: not permitted",
            &[&denied],
            MEASURED,
            "log groups of endpoints stay: this role lacks `logs:DeleteLogGroup`",
        )
        .leaving(2),
        case(
            "DeleteLogGroup: every answer after 31 s",
            &[&late],
            MEASURED,
            "log groups of endpoints may stay: no answer within 10 s",
        ),
        of_failed(
            "DescribeLogStreams: not permitted",
            "DescribeLogStreams",
            "access_denied",
            "from = 1",
            "this role lacks `logs:DescribeLogStreams` and `logs:GetLogEvents`",
        ),
        of_failed(
            "GetLogEvents: not permitted",
            "GetLogEvents",
            "access_denied",
            "from = 1",
            "this role lacks `logs:DescribeLogStreams` and `logs:GetLogEvents`",
        ),
        of_failed(
            "GetLogEvents: every answer unreadable",
            "GetLogEvents",
            "malformed_answer",
            "from = 1",
            "the container's log cannot be read: ",
        ),
        of_failed(
            "GetLogEvents: every answer after 31 s",
            "GetLogEvents",
            "slow_answer",
            "from = 1\nseconds = 31",
            "the container's log cannot be read: no answer within 10 s",
        ),
    ]
}

/// A server that closes each connection before it has read the request, which resets it.
fn resetting() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            // One byte of many is read: the unread rest makes the end a reset.
            let _ = stream.read(&mut [0]);
        }
    });
    url
}

pub(super) fn surroundings() -> Vec<Case> {
    vec![
        case(
            "AWS: connection refused",
            &[""],
            NOT_MEASURED,
            "AWS_ENDPOINT_URL",
        )
        .within(|it| it.with("AWS_ENDPOINT_URL", "http://127.0.0.1:9")),
        case(
            "AWS: every connection is reset",
            &[""],
            NOT_MEASURED,
            "AWS_ENDPOINT_URL",
        )
        .within(|it| {
            let url = resetting();
            it.with("AWS_ENDPOINT_URL", &url)
        }),
        case(
            "disk full while measuring",
            &[""],
            (0, ""),
            "the result is not kept: ",
        )
        .within(|it| it.with_file_limit(4)),
        case(
            "output folder cannot be written",
            &[""],
            (2, ""),
            "--output-dir: cannot write `file/below/result.json`",
        )
        .with(&["--output-dir", "file/below"])
        .within(|it| {
            it.write("file", "x");
            it
        }),
        case(
            "this machine's clock is three hours slow",
            &["[clock]\noffset_seconds = 10800.0"],
            MEASURED,
            "deleted 4 resources",
        ),
        case(
            "this machine's clock is three hours fast",
            &["[clock]\noffset_seconds = -10800.0"],
            MEASURED,
            "deleted 4 resources",
        ),
        case(
            "the clock jumps by three hours while calls are sent",
            &["[clock]\noffset_seconds = 10800.0\nafter_requests = 80"],
            MEASURED,
            "deleted 4 resources",
        ),
        case("baseline damaged", &[""], (2, ""), "is damaged").within(|it| {
            it.write("b.json", "{\"schema\":1,\"models\":{\"churn\":[{");
            it
        }),
    ]
}
