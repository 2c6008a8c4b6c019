//! Requests through the state machine, on a clock of our own.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::simulator::scenario::tests::scenario;

mod invocations;
mod metrics;

const REGION: &str = "us-east-1";

/// An account and a clock.
struct World {
    account: Account,
    now: f64,
}

impl World {
    fn new(extra: &str) -> Self {
        let now = 1_000_000.0;
        Self {
            account: Account::new(scenario(extra), now),
            now,
        }
    }

    fn call(&mut self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let operation = Operation::parse(operation).unwrap();
        self.account.call(operation, input, REGION, self.now)
    }

    /// Creates endpoint config and endpoint; in service two seconds later.
    fn deploy(&mut self, name: &str, memory: u32, max_concurrency: u32) -> Result<Value, ApiError> {
        self.call(
            "CreateEndpointConfig",
            &config(name, memory, max_concurrency),
        )?;
        self.call(
            "CreateEndpoint",
            &json!({ "EndpointName": name, "EndpointConfigName": name }),
        )
    }

    fn in_service(mut self, memory: u32, max_concurrency: u32) -> Self {
        self.deploy("e", memory, max_concurrency).unwrap();
        self.now += 2.5;
        self
    }

    fn status(&mut self, name: &str) -> String {
        match self.call("DescribeEndpoint", &json!({ "EndpointName": name })) {
            Ok(answer) => answer["EndpointStatus"].as_str().unwrap().to_owned(),
            Err(error) => error.message.unwrap(),
        }
    }

    fn invoke(&mut self, body_bytes: usize) -> Result<Started, ApiError> {
        let request = Request {
            content_type: None,
            endpoint: "e",
            body_bytes,
            id: "r",
        };
        match self.account.invoke(request, self.now)? {
            Accepted::Drawn(started) => Ok(started),
            Accepted::Hosted(call) => panic!("{call:?} is a container's"),
        }
    }

    /// A call that runs to its end.
    fn invoke_to_the_end(&mut self) -> Started {
        let started = self.invoke(10).unwrap();
        self.now += started.wait_ms / 1000.0;
        self.account.finish(&started, true, self.now);
        started
    }

    fn metric(&mut self, namespace: &str, name: &str, statistic: &str) -> Vec<f64> {
        let query = json!({
            "StartTime": 999_990.0,
            "EndTime": self.now + 3600.0,
            "MetricDataQueries": [{ "Id": "q", "MetricStat": {
                "Metric": { "Namespace": namespace, "MetricName": name, "Dimensions": [
                    { "Name": "EndpointName", "Value": "e" }, { "Name": "VariantName", "Value": "v" }
                ] },
                "Period": 86_400, "Stat": statistic,
            }}],
        });
        let answer = self
            .account
            .call(Operation::GetMetricData, &query, REGION, self.now)
            .unwrap();
        let values = answer["MetricDataResults"][0]["Values"].as_array().unwrap();
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    }
}

fn config(name: &str, memory: u32, max_concurrency: u32) -> Value {
    json!({ "EndpointConfigName": name, "ProductionVariants": [{
        "VariantName": "v", "ModelName": "m",
        "ServerlessConfig": { "MemorySizeInMB": memory, "MaxConcurrency": max_concurrency },
    }]})
}

#[test]
fn an_endpoint_lives_from_creating_to_gone() {
    let mut world = World::new("");
    world.deploy("e", 1024, 1).unwrap();
    assert_eq!(world.status("e"), "Creating");
    let refused = world
        .call("DeleteEndpoint", &json!({ "EndpointName": "e" }))
        .unwrap_err();
    assert!(
        refused
            .message
            .unwrap()
            .starts_with("Cannot update in-progress endpoint")
    );
    world.now += 2.1;
    assert_eq!(world.status("e"), "InService");
    world
        .call("DeleteEndpoint", &json!({ "EndpointName": "e" }))
        .unwrap();
    assert_eq!(world.status("e"), "Deleting");
    world.now += 1.0;
    assert_eq!(
        world.status("e"),
        "Could not find endpoint \"arn:aws:sagemaker:us-east-1:000000000000:endpoint/e\"."
    );
}

#[test]
fn a_size_that_fails_to_deploy_says_why_and_can_be_deleted() {
    let mut world =
        World::new("[life_cycle]\nfailing_memory_mb = [1024]\nfailure_reason = \"ping\"")
            .in_service(1024, 1);
    let answer = world
        .call("DescribeEndpoint", &json!({ "EndpointName": "e" }))
        .unwrap();
    assert_eq!(
        (
            answer["EndpointStatus"].as_str(),
            answer["FailureReason"].as_str()
        ),
        (Some("Failed"), Some("ping"))
    );
    assert!(world.invoke(1).is_err());
    assert!(
        world
            .call("DeleteEndpoint", &json!({ "EndpointName": "e" }))
            .is_ok()
    );
}

#[test]
fn quotas_answer_in_awss_words() {
    let mut world = World::new("[quotas]\nendpoints = 2\ntotal_concurrency = 10\nmemory_mb = 3072");
    let limit = |answer: Result<Value, ApiError>| {
        let error = answer.unwrap_err();
        assert_eq!((error.status, error.code), (400, "ResourceLimitExceeded"));
        error.message.unwrap()
    };
    assert!(limit(world.deploy("a", 4096, 1)).starts_with(
        "The account-level service limit 'Memory size in MB per serverless endpoint' is 3072 MBs, with current \
         utilization of 0 MBs and a request delta of 4096 MBs."
    ));
    world.deploy("b", 1024, 8).unwrap();
    let text = limit(world.deploy("c", 1024, 4));
    assert!(
        text.contains("is 10, with current utilization of 8 and a request delta of 4"),
        "{text}"
    );
    world.deploy("d", 1024, 1).unwrap();
    assert!(limit(world.deploy("e", 1024, 1)).contains("is 2, with current utilization of 2"));
}

#[test]
fn names_are_unique_regardless_of_case_and_what_is_missing_is_named() {
    let mut world = World::new("");
    world.deploy("Endpoint", 1024, 1).unwrap();
    let again = json!({ "EndpointName": "endpoint", "EndpointConfigName": "Endpoint" });
    let error = world.call("CreateEndpoint", &again).unwrap_err();
    assert!(
        error
            .message
            .unwrap()
            .starts_with("Cannot create already existing endpoint \"arn:")
    );
    let unknown = json!({ "EndpointName": "x", "EndpointConfigName": "none" });
    let error = world.call("CreateEndpoint", &unknown).unwrap_err();
    assert!(
        error
            .message
            .unwrap()
            .starts_with("Could not find endpoint configuration")
    );
    let mut bad = config("y", 1024, 1);
    bad["ProductionVariants"][0]["ModelName"] = json!("none");
    assert!(
        world
            .call("CreateEndpointConfig", &bad)
            .unwrap_err()
            .message
            .unwrap()
            .starts_with("Could not find model")
    );
}

#[test]
fn a_config_out_of_range_is_refused() {
    let mut world = World::new("");
    for (memory, concurrency) in [(512, 1), (1500, 1), (7168, 1), (1024, 0), (1024, 201)] {
        let error = world
            .call("CreateEndpointConfig", &config("c", memory, concurrency))
            .unwrap_err();
        assert_eq!(
            error.code, "ValidationException",
            "{memory} MB, {concurrency}"
        );
    }
    let mut provisioned = config("c", 1024, 2);
    provisioned["ProductionVariants"][0]["ServerlessConfig"]["ProvisionedConcurrency"] = json!(3);
    assert!(world.call("CreateEndpointConfig", &provisioned).is_err());
}

#[test]
fn models_configs_and_tags_come_back_as_they_were_given() {
    let mut world = World::new("");
    let model = json!({ "ModelName": "n", "PrimaryContainer": { "Image": "i" }, "Tags": [{ "Key": "k", "Value": "v" }] });
    let arn = world.call("CreateModel", &model).unwrap()["ModelArn"].clone();
    assert_eq!(
        world
            .call("DescribeModel", &json!({ "ModelName": "n" }))
            .unwrap()["PrimaryContainer"]["Image"],
        "i"
    );
    let tags = world
        .call("ListTags", &json!({ "ResourceArn": arn }))
        .unwrap();
    assert_eq!(tags["Tags"], json!([{ "Key": "k", "Value": "v" }]));
    let more = json!({ "ResourceArn": arn, "Tags": [{ "Key": "k", "Value": "w" }, { "Key": "l", "Value": "" }] });
    assert_eq!(
        world.call("AddTags", &more).unwrap()["Tags"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(
        world.call("CreateModel", &model).is_err(),
        "a second model of that name"
    );
    world
        .call("DeleteModel", &json!({ "ModelName": "n" }))
        .unwrap();
    assert!(
        world
            .call("ListTags", &json!({ "ResourceArn": arn }))
            .is_err()
    );
    world
        .call("CreateEndpointConfig", &config("c", 2048, 4))
        .unwrap();
    let answer = world
        .call(
            "DescribeEndpointConfig",
            &json!({ "EndpointConfigName": "c" }),
        )
        .unwrap();
    assert_eq!(
        answer["ProductionVariants"][0]["ServerlessConfig"]["MaxConcurrency"],
        4
    );
}

#[test]
fn lists_are_filtered_sorted_and_paged() {
    let mut world = World::new("");
    for name in ["sagegate-a", "sagegate-b", "other", "sagegate-c"] {
        world.deploy(name, 1024, 1).unwrap();
        world.now += 1.0;
    }
    let mut names = Vec::new();
    let mut token = Value::Null;
    loop {
        let input = json!({ "NameContains": "SAGEGATE", "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2, "NextToken": token });
        let page = world.call("ListEndpoints", &input).unwrap();
        names.extend(
            page["Endpoints"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["EndpointName"].clone()),
        );
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(names, ["sagegate-a", "sagegate-b", "sagegate-c"]);
    let creating = world
        .call("ListEndpoints", &json!({ "StatusEquals": "Creating" }))
        .unwrap();
    assert_eq!(
        creating["Endpoints"].as_array().unwrap().len(),
        1,
        "the others are in service by now"
    );
    assert!(
        world
            .call("ListEndpoints", &json!({ "MaxResults": 101 }))
            .is_err()
    );
}

#[test]
fn models_of_the_scenario_have_tags_and_an_arn_in_the_region_that_asks() {
    let mut world = World::new("");
    let input = json!({ "ModelName": "m" });
    let answer = world
        .account
        .call(Operation::DescribeModel, &input, "eu-west-1", world.now);
    let arn = answer.unwrap()["ModelArn"].clone();
    assert_eq!(arn, "arn:aws:sagemaker:eu-west-1:000000000000:model/m");
    let tag = json!({ "ResourceArn": arn, "Tags": [{ "Key": "k", "Value": "v" }] });
    world.call("AddTags", &tag).unwrap();
    let tags = world.call("ListTags", &json!({ "ResourceArn": arn }));
    assert_eq!(tags.unwrap()["Tags"][0]["Key"], "k");
    let error = world
        .call("AddTags", &json!({ "ResourceArn": arn }))
        .unwrap_err();
    assert!(error.message.unwrap().contains("'null' at 'Tags'"));
}

#[test]
fn requests_that_aws_would_refuse_are_refused() {
    let mut world = World::new("");
    let mut with = |member: &str, value: Value| {
        let mut bad = config("c", 1024, 1);
        bad["ProductionVariants"][0][member] = value;
        world.call("CreateEndpointConfig", &bad).unwrap_err().code
    };
    assert_eq!(with("ServerlessConfig", Value::Null), "ValidationException");
    assert_eq!(
        with("InstanceType", json!("ml.m5.large")),
        "ValidationException"
    );
    for (operation, input) in [
        (
            "CreateModel",
            json!({ "ModelName": "n", "PrimaryContainer": null }),
        ),
        (
            "CreateModel",
            json!({ "ModelName": "n", "PrimaryContainer": {}, "ExecutionRoleArn": "role" }),
        ),
        ("ListEndpoints", json!({ "StatusEquals": "Broken" })),
        ("ListEndpoints", json!({ "SortBy": "Age" })),
        ("ListEndpoints", json!({ "SortOrder": "Up" })),
        ("ListEndpoints", json!({ "NameContains": "a_b" })),
        ("ListEndpoints", json!({ "NextToken": "not ours" })),
    ] {
        let error = world.call(operation, &input).unwrap_err();
        assert_eq!(error.code, "ValidationException", "{operation} {input}");
    }
    let role = json!({ "ModelName": "n", "PrimaryContainer": {}, "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r" });
    assert!(world.call("CreateModel", &role).is_ok());
}

/// What a person or program may do to an account.
#[derive(Debug, Clone)]
enum Op {
    CreateConfig(u8),
    CreateEndpoint(u8),
    DeleteEndpoint(u8),
    DeleteConfig(u8),
    Invoke(u8),
    Wait(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0_u8..4).prop_map(Op::CreateConfig),
        (0_u8..4).prop_map(Op::CreateEndpoint),
        (0_u8..4).prop_map(Op::DeleteEndpoint),
        (0_u8..4).prop_map(Op::DeleteConfig),
        (0_u8..4).prop_map(Op::Invoke),
        (0_u8..4).prop_map(Op::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn quotas_hold_and_deleted_endpoints_go_after_any_calls(ops in prop::collection::vec(op(), 0..60)) {
        let mut world = World::new("[quotas]\nendpoints = 3\ntotal_concurrency = 5");
        for op in ops {
            let name = |n: u8| format!("e{n}");
            match op {
                Op::CreateConfig(n) => { let _ = world.call("CreateEndpointConfig", &config(&name(n), 1024, u32::from(n) + 1)); }
                Op::CreateEndpoint(n) => {
                    let states = world.account.endpoint_states(world.now);
                    let existed = states.iter().any(|(existing, _)| *existing == name(n));
                    let input = json!({ "EndpointName": name(n), "EndpointConfigName": name(n) });
                    let created = world.call("CreateEndpoint", &input).is_ok();
                    prop_assert!(!(existed && created));
                }
                Op::DeleteEndpoint(n) => {
                    let before = world.status(&name(n));
                    let deleted = world.call("DeleteEndpoint", &json!({ "EndpointName": name(n) })).is_ok();
                    prop_assert_eq!(deleted, ["InService", "Failed", "Deleting"].contains(&before.as_str()));
                }
                Op::DeleteConfig(n) => { let _ = world.call("DeleteEndpointConfig", &json!({ "EndpointConfigName": name(n) })); }
                Op::Invoke(n) => {
                    let state = world.status(&name(n));
                    let request = Request { endpoint: &name(n), content_type: None, body_bytes: 1, id: "r" };
                    if let Ok(Accepted::Drawn(started)) = world.account.invoke(request, world.now) {
                        prop_assert_eq!(state, "InService");
                        world.account.finish(&started, true, world.now);
                    }
                }
                Op::Wait(tenths) => world.now += f64::from(tenths) * 0.7,
            }
            let total: u32 = world.account.endpoints.values().map(|it| it.config.serverless.max_concurrency).sum();
            prop_assert!(world.account.endpoints.len() <= 3 && total <= 5);
        }
        for n in 0..4 {
            world.now += 10.0;
            let _ = world.call("DeleteEndpoint", &json!({ "EndpointName": format!("e{n}") }));
        }
        world.now += 10.0;
        prop_assert!(world.account.endpoint_states(world.now).is_empty());
        prop_assert!(world.account.tags.keys().all(|arn| !arn.contains(":endpoint/")));
    }
}
