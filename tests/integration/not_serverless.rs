//! A role that cannot be assumed yet, and models that Serverless Inference does not support.

use serde_json::{Value, json};

use crate::support::{QUICK, Simulator, Workspace, run_args};

const ROLE: &str = "arn:aws:iam::000000000000:role/model";

fn refusing(operation: &str, when: &str) -> Simulator {
    Simulator::start(&format!(
        "{QUICK}\n[[operation_faults]]\noperation = \"{operation}\"\nkind = \"role_refused\"\n{when}\n"
    ))
}

/// A container of its own, which the run creates a model for.
const CREATED: [&str; 14] = [
    "run",
    "--image-uri",
    "000000000000.dkr.ecr.us-east-1.amazonaws.com/churn:1",
    "--execution-role-arn",
    ROLE,
    "--name",
    "churn",
    "--samples",
    "samples.jsonl",
    "--memory-sizes",
    "1024,2048",
    "--invocations",
    "60",
    "--baseline=file:b.json",
];

#[test]
fn a_model_is_created_as_soon_as_its_new_role_can_be_assumed() {
    let simulator = refusing("CreateModel", "until = 1");
    let outcome = Workspace::new(&simulator).sagegate(&CREATED).expect(0);
    let said = outcome
        .stderr
        .matches("which may be new: trying again")
        .count();
    assert_eq!(said, 1, "{}", outcome.stderr);
    assert_eq!(simulator.count("CreateModel"), 2);
    simulator.assert_nothing_is_left();
}

#[test]
fn an_endpoint_is_created_as_soon_as_the_new_role_can_be_assumed() {
    let simulator = refusing("CreateEndpoint", "until = 2");
    let outcome = Workspace::new(&simulator).run(&[]).expect(0);
    let said = outcome
        .stderr
        .matches("which may be new: trying again")
        .count();
    assert_eq!(said, 1, "{}", outcome.stderr);
    assert_eq!(simulator.count("CreateEndpoint"), 4);
    assert!(
        outcome.stdout.contains("no baseline yet"),
        "{}",
        outcome.stdout
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn what_hits_every_size_alike_is_said_once() {
    let reason = "The account cannot be served: nobody knows why, and this sentence is longer than a column of a table.";
    let simulator = Simulator::quick_with(&format!(
        "[life_cycle]\ncreating_seconds = 0.3\ndeleting_seconds = 0.1\nfailing_memory_mb = [1024, 2048, 3072]\n\
         failure_reason = \"CannotStartContainerError. {reason}\""
    ));
    let workspace = Workspace::new(&simulator);
    let sizes = ["--memory-sizes", "1024,2048,3072"];
    let outcome = workspace.run(&sizes).expect(3);
    let in_progress = outcome.stderr.matches(reason).count();
    assert_eq!(in_progress, 1, "{}", outcome.stderr);
    assert_eq!(
        outcome.stderr.matches("left out, as ").count(),
        2,
        "{}",
        outcome.stderr
    );
    let comment = workspace.read("sagegate-results/comment.md");
    let comment = comment.replace('\u{a0}', " ");
    for words in [
        "no size could be measured, all for the same reason: ",
        "failed, as 1024 MB",
        "1024 MB, 2048 MB, 3072 MB failed: ",
    ] {
        assert_eq!(
            comment.matches(words).count(),
            1 + usize::from(words.contains(", as")),
            "{comment}"
        );
    }
    simulator.assert_nothing_is_left();
}

/// Creates a model as boto3 does.
fn create(simulator: &Simulator, name: &str, members: &Value) {
    let mut input = json!({
        "ModelName": name,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": { "Image": "churn:1", "Mode": "SingleModel" },
    });
    let given = members.as_object().unwrap().clone();
    if given.contains_key("Containers") {
        input.as_object_mut().unwrap().remove("PrimaryContainer");
    }
    input.as_object_mut().unwrap().extend(given);
    simulator.sagemaker("CreateModel", &input);
}

#[test]
fn a_model_that_serverless_does_not_support_is_refused_before_anything_is_created() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let vpc = json!({ "SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"] });
    let multi = json!({ "Image": "churn:1", "Mode": "MultiModel" });
    let private = json!({ "Image": "churn:1", "ImageConfig": { "RepositoryAccessMode": "Vpc" } });
    let cases = [
        ("in-vpc", json!({ "VpcConfig": vpc }), "a VPC configuration"),
        (
            "isolated",
            json!({ "EnableNetworkIsolation": true }),
            "network isolation",
        ),
        (
            "pipeline",
            json!({ "Containers": [{ "Image": "a" }, { "Image": "b" }] }),
            "a pipeline of several containers",
        ),
        (
            "many",
            json!({ "PrimaryContainer": multi }),
            "multi-model mode",
        ),
        (
            "private",
            json!({ "PrimaryContainer": private }),
            "a private Docker registry",
        ),
        (
            "both",
            json!({ "VpcConfig": vpc, "EnableNetworkIsolation": true }),
            "a VPC configuration and network isolation",
        ),
    ];
    for (name, members, has) in cases {
        create(&simulator, name, &members);
        let outcome = workspace.sagegate(&run_args(name, &[])).expect(2);
        let expected = format!(
            "error: --model-name: `{name}` has {has}, which Serverless Inference does not support; \
             create a model without it for serverless endpoints, and pass that one"
        );
        let errors = outcome
            .stderr
            .lines()
            .filter(|it| it.starts_with("error: "));
        assert_eq!(errors.collect::<Vec<_>>(), [expected]);
    }
    assert_eq!(simulator.count("CreateEndpointConfig"), 0);
}

#[test]
fn members_without_content_are_nothing_that_is_not_supported() {
    let simulator = Simulator::quick();
    let empty = json!({
        "EnableNetworkIsolation": false,
        "Containers": [{ "Image": "churn:1", "Mode": "SingleModel" }],
    });
    create(&simulator, "plain", &empty);
    let workspace = Workspace::new(&simulator);
    workspace.sagegate(&run_args("plain", &[])).expect(0);
    simulator.assert_nothing_is_left();
}
