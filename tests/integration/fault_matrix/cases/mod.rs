//! Faults of AWS and of the machine, and their expected results.

mod measuring;

use crate::support::{Simulator, Workspace};

/// One fault and its expected results.
pub(super) struct Case {
    /// The fault.
    pub(super) fault: String,
    /// Sections of the quick profile that are replaced or added.
    pub(super) sections: Vec<String>,
    /// Added to the run.
    pub(super) flags: Vec<&'static str>,
    /// What is done to the workspace before.
    pub(super) surroundings: fn(Workspace) -> Workspace,
    /// What is done to the account while the run goes on.
    pub(super) meanwhile: fn(&Simulator),
    pub(super) exit_code: i32,
    /// In the headline.
    pub(super) verdict: &'static str,
    /// Somewhere in the output or in the comment.
    pub(super) said: &'static str,
    /// Causes in `result.json`, `-` for none.
    pub(super) cause: &'static str,
    /// Resources left, log groups of endpoints among them.
    pub(super) left: usize,
    /// Whether the run waits for minutes: it is started first.
    pub(super) takes_minutes: bool,
}

/// Measured: a first run, so there is no baseline.
const MEASURED: (i32, &str) = (0, "no baseline yet");
const NOT_MEASURED: (i32, &str) = (3, "could not be measured");

fn case(
    fault: &str,
    sections: &[&str],
    (exit_code, verdict): (i32, &'static str),
    said: &'static str,
) -> Case {
    Case {
        fault: fault.to_owned(),
        sections: sections.iter().map(|it| (*it).to_owned()).collect(),
        flags: vec!["--invocations", "60", "--metrics-timeout", "2s"],
        surroundings: |it| it,
        meanwhile: |_| {},
        exit_code,
        verdict,
        said,
        cause: "-",
        left: 0,
        takes_minutes: false,
    }
}

impl Case {
    fn with(mut self, flags: &[&'static str]) -> Self {
        for flag in flags.chunks(2) {
            if let Some(place) = self.flags.iter().position(|it| *it == flag[0]) {
                self.flags.drain(place..place + 2);
            }
        }
        self.flags.extend(flags);
        self
    }

    fn due_to(self, cause: &'static str) -> Self {
        Self { cause, ..self }
    }

    fn taking_minutes(self) -> Self {
        Self {
            takes_minutes: true,
            ..self
        }
    }

    fn leaving(self, left: usize) -> Self {
        Self { left, ..self }
    }

    fn meanwhile(self, meanwhile: fn(&Simulator)) -> Self {
        Self { meanwhile, ..self }
    }

    fn within(self, surroundings: fn(Workspace) -> Workspace) -> Self {
        Self {
            surroundings,
            ..self
        }
    }
}

pub(super) fn injected(operation: &str, kind: &str, when: &str) -> String {
    format!("[[operation_faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\n{when}\n")
}

pub(super) fn all() -> Vec<Case> {
    let mut cases = now_and_then();
    cases.extend(refused());
    cases.extend(deployment());
    cases.extend(measuring::invocations());
    cases.extend(measuring::metrics());
    cases.extend(measuring::logs());
    cases.extend(measuring::surroundings());
    cases
}

/// Every other call of an operation.
fn now_and_then() -> Vec<Case> {
    let operations = [
        "CreateEndpointConfig",
        "CreateEndpoint",
        "DescribeEndpoint",
        "DeleteEndpoint",
        "DeleteEndpointConfig",
        "GetMetricData",
        "DeleteLogGroup",
    ];
    let kinds = [
        ("throttle", "throttled"),
        ("internal_error", "HTTP 500"),
        ("dropped_connection", "connection broken, not done"),
        ("lost_answer", "connection broken, but done"),
        ("malformed_answer", "done, answer unreadable"),
        ("empty_answer", "done, answer empty"),
    ];
    let of_operation = |operation: &'static str| {
        kinds.map(|(kind, words)| {
            let fault = format!("{operation}: every other call {words}");
            case(
                &fault,
                &[&injected(operation, kind, "every = 2")],
                MEASURED,
                "deleted",
            )
        })
    };
    let mut cases: Vec<Case> = operations.into_iter().flat_map(of_operation).collect();
    let slow = injected("DescribeEndpoint", "slow_answer", "every = 3\nseconds = 31");
    cases.push(case(
        "DescribeEndpoint: every third answer after 31 s",
        &[&slow],
        MEASURED,
        "deleted",
    ));
    cases
}

/// All that the role lacks is named at once.
fn may_only_read() -> Case {
    let changes = [
        "CreateEndpointConfig",
        "CreateEndpoint",
        "InvokeEndpoint",
        "DeleteEndpoint",
        "DeleteEndpointConfig",
    ]
    .map(|operation| injected(operation, "access_denied", "from = 1"));
    case(
        "a role that may only read",
        &[&changes.concat()],
        NOT_MEASURED,
        "allow for this role: `sagemaker:CreateEndpoint`, `sagemaker:CreateEndpointConfig`, `sagemaker:DeleteEndpoint`, \
         `sagemaker:DeleteEndpointConfig`, `sagemaker:InvokeEndpoint` (",
    )
    .due_to("access")
}

/// Every call of an operation, or every call from some time on.
#[expect(clippy::too_many_lines, reason = "a table")]
fn refused() -> Vec<Case> {
    let always = |operation: &str, kind: &str| injected(operation, kind, "from = 1");
    let denied = |operation: &'static str, outcome, said| {
        let fault = format!("{operation}: not permitted");
        case(
            &fault,
            &[&always(operation, "access_denied")],
            outcome,
            said,
        )
    };
    let expired = |operation: &'static str, outcome, said| {
        let fault = format!("{operation}: credentials expired");
        case(
            &fault,
            &[&always(operation, "expired_token")],
            outcome,
            said,
        )
    };
    let half_way: String = [
        "InvokeEndpoint",
        "DescribeEndpoint",
        "DeleteEndpoint",
        "DeleteEndpointConfig",
        "GetMetricData",
    ]
    .map(|operation| {
        let from = if operation == "InvokeEndpoint" {
            "from = 60"
        } else if operation == "DescribeEndpoint" {
            "from = 12"
        } else {
            "from = 1"
        };
        injected(operation, "expired_token", from)
    })
    .concat();
    vec![
        may_only_read(),
        denied("DescribeModel", NOT_MEASURED, "sagemaker:DescribeModel"),
        denied(
            "CreateEndpointConfig",
            NOT_MEASURED,
            "allow for this role: `sagemaker:CreateEndpointConfig` (",
        )
        .due_to("access"),
        denied(
            "CreateEndpoint",
            NOT_MEASURED,
            "allow for this role: `sagemaker:CreateEndpoint` (",
        )
        .due_to("access"),
        denied(
            "DescribeEndpoint",
            NOT_MEASURED,
            "allow the IAM action `sagemaker:DescribeEndpoint`",
        )
        .due_to("access"),
        denied(
            "InvokeEndpoint",
            NOT_MEASURED,
            "not authorized to perform: sagemaker:InvokeEndpoint",
        )
        .due_to("access"),
        denied("DeleteEndpoint", MEASURED, "sagemaker:DeleteEndpoint").leaving(2),
        denied(
            "DeleteEndpointConfig",
            MEASURED,
            "sagemaker:DeleteEndpointConfig",
        )
        .leaving(2),
        denied(
            "GetMetricData",
            MEASURED,
            "allow the IAM action `cloudwatch:GetMetricData`",
        ),
        denied("GetServiceQuota", MEASURED, "deleted 4 resources"),
        expired("DescribeModel", NOT_MEASURED, "renew them and run again"),
        expired(
            "CreateEndpointConfig",
            NOT_MEASURED,
            "security token included in the request is expired",
        )
        .due_to("access"),
        expired(
            "CreateEndpoint",
            NOT_MEASURED,
            "security token included in the request is expired",
        )
        .due_to("access"),
        expired(
            "InvokeEndpoint",
            NOT_MEASURED,
            "security token included in the request is expired",
        )
        .due_to("access"),
        expired("GetMetricData", MEASURED, "renew them and run again"),
        case(
            "every operation: credentials expire half-way",
            &[&half_way],
            NOT_MEASURED,
            "NOT deleted: endpoint",
        )
        .due_to("access")
        .leaving(4),
    ]
}

fn life_cycle(rest: &str) -> String {
    format!("[life_cycle]\ndeleting_seconds = 0.1\nmetric_delay_seconds = 0.2\n{rest}\n")
}

fn deployment() -> Vec<Case> {
    let fails = life_cycle("creating_seconds = 0.3\nfailing_memory_mb = [1024]");
    let all_fail = life_cycle("creating_seconds = 0.3\nfailing_memory_mb = [1024, 2048]");
    let hangs = life_cycle("creating_seconds = 4.0");
    let hiccup = "creating_seconds = 0.3\nfailure_reason = \"Request to service failed. If failure persists after \
                  retry, contact customer support.\"\n";
    let once = life_cycle(&format!(
        "{hiccup}failing_memory_mb = [1024, 2048]\nfailing_times = 1"
    ));
    let always = life_cycle(&format!("{hiccup}failing_memory_mb = [1024]"));
    let third = "[quotas]\nendpoints = 2";
    let small = "[quotas]\nmemory_mb = 1024";
    let busy = "[quotas]\ntotal_concurrency = 1";
    vec![
        case(
            "deployment of one size fails",
            &[&fails],
            MEASURED,
            "did not pass the ping health check",
        )
        .due_to("model"),
        case(
            "deployment of every size fails",
            &[&all_fail],
            NOT_MEASURED,
            "did not pass the ping health check",
        )
        .due_to("model"),
        case(
            "deployment hangs",
            &[&hangs],
            NOT_MEASURED,
            "not in service after 1 s (--deploy-timeout)",
        )
        .due_to("service")
        .with(&["--deploy-timeout", "1s"]),
        case(
            "AWS fails the first deployment of each size",
            &[&once],
            MEASURED,
            "deploying once more",
        ),
        case(
            "AWS fails every deployment of one size",
            &[&always],
            MEASURED,
            "Request to service failed",
        )
        .due_to("service"),
        case(
            "a new role cannot be assumed at first",
            &[&injected("CreateEndpoint", "role_refused", "until = 3")],
            MEASURED,
            "which may be new: trying again",
        ),
        case(
            "the role can never be assumed",
            &[&injected("CreateEndpoint", "role_refused", "from = 1")],
            NOT_MEASURED,
            "all for the same reason: CreateEndpoint failed: ValidationException: Could not assume role",
        )
        .taking_minutes()
        .due_to("access"),
        case(
            "quota reached at the third endpoint",
            &[third],
            MEASURED,
            "skipped (quota)",
        )
        .due_to("quota")
        .with(&["--memory-sizes", "1024,2048,3072"]),
        case(
            "quota of the memory of an endpoint",
            &[small],
            MEASURED,
            "skipped (quota)",
        )
        .due_to("quota"),
        case(
            "quota of concurrency: room for one endpoint",
            &[busy],
            MEASURED,
            "deleted 4 resources",
        ),
    ]
}
