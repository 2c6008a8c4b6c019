//! Requests of whole runs, and of attackers, before the policies of `docs/iam`.
//!
//! Which resources and condition keys a request has: Service Authorization Reference, "Actions,
//! resources, and condition keys for Amazon SageMaker", and for the other services alike.

use std::time::Duration;

use serde_json::{Value, json};

use super::policy::{Request, Role};
use super::recorder::{Recorder, Sent};
use crate::submit::submit_args;
use crate::support::{QUICK, Simulator, Workspace, replaced, run_args};

/// The simulator's account, and what stands for the models and the bucket of a user.
const ACCOUNT: &str = "000000000000";
const BUCKET: &str = "models";
const REPLACED: [(&str, &str); 4] = [
    ("123456789012", ACCOUNT),
    ("BUCKET", BUCKET),
    ("model/churn-*", "model/m*"),
    ("role/churn-container", "role/simulated"),
];
const BASELINE: &str = "--baseline=s3://models/sagegate-baseline/churn.json";

fn role(files: &[&str]) -> Role {
    Role::of(files, &REPLACED)
}

fn gate() -> Role {
    role(&["policy.json", "policy-baseline.json"])
}

fn record() -> Role {
    role(&["policy.json", "policy-record.json"])
}

fn submitter() -> Role {
    role(&["policy.json", "policy-baseline.json", "policy-submit.json"])
}

fn job() -> Role {
    role(&["policy.json", "policy-job.json"])
}

fn cleanup() -> Role {
    role(&["policy-cleanup.json"])
}

fn arn(kind: &str, name: &Value) -> String {
    format!(
        "arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/{}",
        name.as_str().unwrap()
    )
}

/// What IAM is asked about a request: all of it must be allowed.
fn asked(sent: &Sent) -> Vec<Request> {
    let input = &sent.input;
    let action = match sent.operation.as_str() {
        "GetMetricData" => "cloudwatch:GetMetricData".to_owned(),
        "GetServiceQuota" => "servicequotas:GetServiceQuota".to_owned(),
        "DeleteLogGroup" | "DescribeLogStreams" | "GetLogEvents" => {
            format!("logs:{}", sent.operation)
        }
        "GetObject" | "PutObject" => format!("s3:{}", sent.operation),
        // Needs no permission.
        "GetCallerIdentity" => return Vec::new(),
        other => format!("sagemaker:{other}"),
    };
    let of = |kind: &str, member: &str| Request::new(&action, &arn(kind, &input[member]));
    let mut asked = match sent.operation.as_str() {
        "CreateEndpointConfig" => vec![endpoint_config(
            of("endpoint-config", "EndpointConfigName"),
            input,
        )],
        "CreateEndpoint" => vec![
            of("endpoint", "EndpointName"),
            of("endpoint-config", "EndpointConfigName"),
        ],
        "CreateModel" => vec![of("model", "ModelName"), passed(&input["ExecutionRoleArn"])],
        "CreateProcessingJob" => {
            let cluster = &input["ProcessingResources"]["ClusterConfig"];
            let mut job = of("processing-job", "ProcessingJobName");
            if let Some(instance_type) = cluster["InstanceType"].as_str() {
                job = job.with("sagemaker:InstanceTypes", instance_type);
            }
            if let Some(longest) = input["StoppingCondition"]["MaxRuntimeInSeconds"].as_u64() {
                job = job.with("sagemaker:MaxRuntimeInSeconds", &longest);
            }
            vec![job, passed(&input["RoleArn"])]
        }
        "DescribeEndpoint" | "DeleteEndpoint" | "InvokeEndpoint" => {
            vec![of("endpoint", "EndpointName")]
        }
        "DeleteEndpointConfig" => vec![of("endpoint-config", "EndpointConfigName")],
        "DescribeModel" | "DeleteModel" => vec![of("model", "ModelName")],
        "DescribeProcessingJob" | "StopProcessingJob" => {
            vec![of("processing-job", "ProcessingJobName")]
        }
        "ListTags" => vec![Request::new(
            &action,
            input["ResourceArn"].as_str().unwrap(),
        )],
        "ListEndpoints"
        | "ListEndpointConfigs"
        | "ListModels"
        | "ListProcessingJobs"
        | "GetMetricData"
        | "GetServiceQuota" => vec![Request::new(&action, "*")],
        "DeleteLogGroup" | "DescribeLogStreams" | "GetLogEvents" => {
            let group = input["logGroupName"].as_str().unwrap();
            let group = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}");
            vec![Request::new(&action, &group)]
        }
        "GetObject" | "PutObject" => {
            let word = |member: &str| input[member].as_str().unwrap();
            let object = format!("arn:aws:s3:::{}/{}", word("Bucket"), word("Key"));
            vec![Request::new(&action, &object)]
        }
        other => panic!("what is {other} asked about?"),
    };
    if input["Tags"].as_array().is_some_and(|it| !it.is_empty()) {
        let resource = asked[0].resource.clone();
        asked.push(Request::new("sagemaker:AddTags", &resource));
    }
    asked
}

fn endpoint_config(mut request: Request, input: &Value) -> Request {
    for variant in input["ProductionVariants"].as_array().unwrap() {
        request = request.with("sagemaker:ModelArn", &arn("model", &variant["ModelName"]));
        if let Some(instance_type) = variant["InstanceType"].as_str() {
            request = request.with("sagemaker:InstanceTypes", instance_type);
        }
        let serverless = &variant["ServerlessConfig"];
        for (member, key) in [
            ("MemorySizeInMB", "sagemaker:ServerlessMemorySize"),
            ("MaxConcurrency", "sagemaker:ServerlessMaxConcurrency"),
        ] {
            if let Some(number) = serverless[member].as_u64() {
                request = request.with(key, &number);
            }
        }
    }
    request
}

fn passed(role: &Value) -> Request {
    let request = Request::new("iam:PassRole", role.as_str().unwrap());
    request.with("iam:PassedToService", "sagemaker.amazonaws.com")
}

fn is_allowed(role: &Role, sent: &Sent) -> bool {
    asked(sent).iter().all(|it| role.allows(it))
}

#[track_caller]
fn assert_allowed(role: &Role, sent: &[Sent]) {
    assert!(!sent.is_empty());
    for it in sent {
        assert!(is_allowed(role, it), "not allowed: {it:?}");
    }
}

/// Every request to S3 says whose the bucket must be.
#[track_caller]
fn assert_owner_is_expected(sent: &[Sent]) {
    let to_s3 = sent.iter().filter(|it| it.input.get("Bucket").is_some());
    let owners: Vec<&Value> = to_s3.map(|it| &it.input["ExpectedBucketOwner"]).collect();
    assert!(
        !owners.is_empty() && owners.iter().all(|it| *it == ACCOUNT),
        "{owners:?}"
    );
}

/// What was sent of one operation, the first.
fn first<'a>(sent: &'a [Sent], operation: &str) -> &'a Sent {
    let found = sent.iter().find(|it| it.operation == operation);
    found.unwrap_or_else(|| panic!("no {operation}"))
}

/// With the bucket, and a log to read: the small size fails.
fn simulator() -> Simulator {
    let program = assert_cmd::cargo::cargo_bin!("sagegate")
        .display()
        .to_string();
    let profile = format!(
        "buckets = [\"{BUCKET}\"]\n{QUICK}\n[jobs]\nprogram = \"{program}\"\nstopping_seconds = 0.0\n"
    );
    let memory = "[model]\nsetup_ms = 50\nout_of_memory_below_mb = 2000";
    Simulator::start(&replaced(&profile, memory))
}

fn flags<'a>(mode: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut flags = run_args("m", more);
    let at = flags.iter().position(|it| *it == "--baseline").unwrap();
    flags.drain(at..at + 2);
    flags.extend([BASELINE, mode]);
    flags
}

#[test]
fn what_a_gate_and_a_record_send_is_allowed_to_the_role_of_each() {
    let simulator = simulator();
    let recorder = Recorder::before(&simulator);
    let workspace = recorder.workspace(&simulator);
    let load = [
        "--expected-clients=2",
        "--max-concurrency=2",
        "--concurrency-invocations=20",
        "--tag=team=x",
    ];
    workspace.sagegate(&flags("--mode=record", &load)).expect(0);
    let sent = recorder.take();
    assert_allowed(&record(), &sent);
    assert_owner_is_expected(&sent);
    let written = first(&sent, "PutObject");
    assert!(!is_allowed(&gate(), written), "pull requests do not write");
    workspace
        .sagegate(&flags(
            "--mode=gate",
            &["--max-p99-increase=off", "--max-cost-increase=off"],
        ))
        .expect(0);
    let gated = recorder.take();
    assert_allowed(&gate(), &gated);
    assert_owner_is_expected(&gated);
    assert!(gated.iter().all(|it| it.operation != "PutObject"));
    // The container of a job does the same, but neither reads nor writes the baseline.
    let (of_s3, others): (Vec<Sent>, Vec<Sent>) = gated
        .into_iter()
        .partition(|it| it.input.get("Bucket").is_some());
    assert_allowed(&job(), &others);
    assert!(of_s3.iter().all(|it| !is_allowed(&job(), it)));
}

#[test]
fn a_model_for_the_run_is_allowed_with_its_policy_and_no_role_but_its_own() {
    let simulator = Simulator::quick();
    let recorder = Recorder::before(&simulator);
    let workspace = recorder.workspace(&simulator);
    let role_arn = format!("arn:aws:iam::{ACCOUNT}:role/simulated");
    let mut flags = vec!["run", "--image-uri=i", "--execution-role-arn", &role_arn];
    flags.extend([
        "--name=n",
        "--samples=samples.jsonl",
        "--invocations=20",
        "--memory-sizes=2048",
    ]);
    workspace.sagegate(&flags).expect(0);
    let sent = recorder.take();
    let with_models = role(&[
        "policy.json",
        "policy-baseline.json",
        "policy-create-model.json",
    ]);
    assert_allowed(&with_models, &sent);
    let created = first(&sent, "CreateModel");
    assert!(!is_allowed(&gate(), created));
    assert!(!is_allowed(&gate(), first(&sent, "CreateEndpointConfig")));
    let mut of_production = created.clone();
    of_production.input["ExecutionRoleArn"] =
        json!(format!("arn:aws:iam::{ACCOUNT}:role/production"));
    assert!(!is_allowed(&with_models, &of_production));
}

#[test]
fn a_submit_is_allowed_to_its_role_and_the_job_writes_only_beside_the_baseline() {
    let simulator = simulator();
    let recorder = Recorder::before(&simulator);
    let workspace = recorder.workspace(&simulator);
    let (sent, collected) = submitted(&recorder, &workspace);
    assert_allowed(&submitter(), &sent);
    assert_allowed(&submitter(), &collected);
    assert_owner_is_expected(&sent);
    assert_owner_is_expected(&collected);
    let input = first(&sent, "PutObject");
    assert!(
        is_allowed(&job(), input),
        "the instances exchange objects there, too"
    );
    let mut baseline = input.clone();
    baseline.input["Key"] = json!("sagegate-baseline/churn.json");
    for role in [job(), submitter(), gate()] {
        assert!(!is_allowed(&role, &baseline));
    }
    assert!(is_allowed(&record(), &baseline));
    // Even a policy that allows the whole bucket does not help.
    let careless = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    for files in [&["policy-baseline.json"][..], &["policy-job.json"]] {
        assert!(
            !role(files)
                .and(careless.clone())
                .allows(&asked(&baseline)[0])
        );
    }
}

/// A job that was submitted without waiting, and its collection.
fn submitted(recorder: &Recorder, workspace: &Workspace) -> (Vec<Sent>, Vec<Sent>) {
    let mut flags = submit_args("m", &["--no-wait", "--invocations", "20"]);
    for (flag, value) in [
        ("--s3-output", "s3://models/sagegate-jobs"),
        (
            "--job-role-arn",
            "arn:aws:iam::000000000000:role/sagegate-job",
        ),
    ] {
        let at = flags.iter().position(|it| *it == flag).unwrap();
        flags[at + 1] = value;
    }
    let at = flags.iter().position(|it| *it == "--baseline").unwrap();
    flags.drain(at..at + 2);
    flags.push(BASELINE);
    let outcome = workspace.sagegate(&flags).expect(0);
    let sent = recorder.take();
    let job = crate::submit::job_name(&outcome);
    let collect = ["collect", "--job", &job, "--mode=gate", BASELINE];
    workspace.sagegate(&collect).expect(0);
    (sent, recorder.take())
}

#[test]
fn a_clean_up_is_allowed_to_its_role() {
    let simulator = simulator();
    let recorder = Recorder::before(&simulator);
    let workspace = recorder.workspace(&simulator);
    let mut run = workspace.spawn(&run_args("m", &["--invocations", "100000"]));
    while simulator.count("InvokeEndpoint") == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let mut by_the_run = recorder.take();
    std::thread::sleep(Duration::from_millis(2100));
    workspace
        .sagegate(&["cleanup", "--older-than=1s"])
        .expect(0);
    let swept = recorder.take();
    assert_allowed(&cleanup(), &swept);
    simulator.assert_nothing_is_left();
    // It creates and calls nothing.
    by_the_run.retain(|it| it.operation.starts_with("Create") || it.operation == "InvokeEndpoint");
    assert!(by_the_run.len() > 4);
    assert!(by_the_run.iter().all(|it| !is_allowed(&cleanup(), it)));
    // The names in a ledger are enough for the role that made them.
    let by_name = swept.iter().filter(|it| it.operation.starts_with("Delete"));
    let by_name: Vec<Sent> = by_name.cloned().collect();
    assert_allowed(&gate(), &by_name);
}

/// What changes in a request that is allowed.
type Change<'a> = (&'a str, &'a str, Value);

#[test]
fn attacks_are_refused() {
    let simulator = simulator();
    let recorder = Recorder::before(&simulator);
    let workspace = recorder.workspace(&simulator);
    workspace
        .sagegate(&flags(
            "--mode=gate",
            &["--max-p99-increase=off", "--max-cost-increase=off"],
        ))
        .expect(0);
    let mut sent = recorder.take();
    sent.extend(submitted(&recorder, &workspace).0);
    let variant = "/ProductionVariants/0";
    let instance = json!({ "VariantName": "v", "ModelName": "m", "InstanceType": "ml.p5.48xlarge", "InitialInstanceCount": 1 });
    let cluster = "/ProcessingResources/ClusterConfig";
    let foreign_role = json!("arn:aws:iam::000000000000:role/admin");
    let changes: [Change<'_>; 18] = [
        // A foreign model, a large or an expensive endpoint.
        (
            "CreateEndpointConfig",
            "/ProductionVariants/0/ModelName",
            json!("fraud-production"),
        ),
        (
            "CreateEndpointConfig",
            "/ProductionVariants/0/ServerlessConfig/MaxConcurrency",
            json!(200),
        ),
        (
            "CreateEndpointConfig",
            "/ProductionVariants/0/ServerlessConfig/MemorySizeInMB",
            json!(8192),
        ),
        ("CreateEndpointConfig", variant, instance),
        (
            "CreateEndpointConfig",
            "/EndpointConfigName",
            json!("production"),
        ),
        // Another's endpoint: called, described, deleted, deployed again.
        ("CreateEndpoint", "/EndpointName", json!("production")),
        ("CreateEndpoint", "/EndpointConfigName", json!("production")),
        ("InvokeEndpoint", "/EndpointName", json!("production")),
        ("DeleteEndpoint", "/EndpointName", json!("production")),
        (
            "DeleteEndpointConfig",
            "/EndpointConfigName",
            json!("production"),
        ),
        ("DescribeModel", "/ModelName", json!("fraud-production")),
        (
            "DeleteLogGroup",
            "/logGroupName",
            json!("/aws/sagemaker/Endpoints/production"),
        ),
        // Jobs: large, long, with a role that may more, under a foreign name.
        (
            "CreateProcessingJob",
            &format!("{cluster}/InstanceType"),
            json!("ml.p5.48xlarge"),
        ),
        (
            "CreateProcessingJob",
            &format!("{cluster}/InstanceType"),
            Value::Null,
        ),
        (
            "CreateProcessingJob",
            "/StoppingCondition/MaxRuntimeInSeconds",
            json!(432_000),
        ),
        ("CreateProcessingJob", "/RoleArn", foreign_role),
        (
            "CreateProcessingJob",
            "/ProcessingJobName",
            json!("training"),
        ),
        // The baseline, and what lies beside it.
        ("PutObject", "/Key", json!("sagegate-baseline/churn.json")),
    ];
    let role = submitter();
    for (operation, place, value) in changes {
        let allowed = first(&sent, operation);
        assert!(is_allowed(&role, allowed), "{allowed:?}");
        let mut attack = allowed.clone();
        *attack.input.pointer_mut(place).unwrap() = value.clone();
        assert!(!is_allowed(&role, &attack), "{operation} {place} {value}");
    }
    for key in [
        "",
        "production.json",
        "sagegate-jobs-of-others/x",
        "sagegate-baseline",
    ] {
        for operation in ["GetObject", "PutObject"] {
            let input = json!({ "Bucket": BUCKET, "Key": key });
            let operation = operation.to_owned();
            assert!(!is_allowed(&role, &Sent { operation, input }), "{key}");
        }
    }
}
