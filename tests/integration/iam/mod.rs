//! The IAM policies in `docs/iam` against what runs ask of AWS, and the example workflows against
//! `action.yml`.

mod judged;
mod policy;
mod recorder;
mod trust;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode as _, YamlOwned};
use serde_json::Value;

use crate::support::{Simulator, Workspace, run_args};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn json(file: &str) -> Value {
    serde_json::from_str(&read(&folder("docs/iam").join(file))).unwrap()
}

fn one_or_many(value: &Value) -> Vec<String> {
    let many = value.as_array().map(Vec::as_slice);
    let words = many.unwrap_or(std::slice::from_ref(value)).iter();
    words.map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// Actions that a policy allows.
fn allowed(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let allowing = statements.filter(|it| it["Effect"] == "Allow");
    allowing.flat_map(|it| one_or_many(&it["Action"])).collect()
}

/// The action that allows an operation.
fn action(operation: &str) -> String {
    let service = match operation {
        "GetMetricData" => "cloudwatch",
        "DeleteLogGroup" | "DescribeLogStreams" | "GetLogEvents" => "logs",
        "GetServiceQuota" => "servicequotas",
        "GetObject" | "PutObject" => "s3",
        _ => "sagemaker",
    };
    format!("{service}:{operation}")
}

/// Actions for everything that the simulator was asked for. Everybody may ask who he is.
fn used(simulator: &Simulator) -> BTreeSet<String> {
    let state = simulator.state();
    let operations = state["requests"].as_object().unwrap().keys();
    let operations = operations.filter(|it| *it != "GetCallerIdentity");
    operations.map(|it| action(it)).collect()
}

/// With tags in it, a call that creates something needs this as well.
const TAGS: &str = "sagemaker:AddTags";

#[test]
fn the_policy_allows_what_a_run_with_everything_does_and_nothing_else() {
    // A size that fails: its log is read.
    let simulator = Simulator::quick_with("[model]\nout_of_memory_below_mb = 2000");
    let workspace = Workspace::new(&simulator);
    let more = [
        "--expected-clients=2",
        "--max-concurrency=2",
        "--concurrency-invocations=20",
        "--rate=20/s",
        "--tag=team=x",
    ];
    workspace.sagegate(&run_args("m", &more)).expect(0);
    let mut expected = used(&simulator);
    assert!(expected.insert(TAGS.to_owned()));
    assert_eq!(allowed(&json("policy.json")), expected);
}

#[test]
fn the_policy_of_a_janitor_allows_what_finds_and_deletes_leftovers_and_nothing_else() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let mut model = Vec::from([
        "--image-uri",
        "i",
        "--execution-role-arn",
        "arn:aws:iam::000000000000:role/r",
    ]);
    model.extend([
        "--name",
        "n",
        "--samples",
        "samples.jsonl",
        "--invocations",
        "100000",
    ]);
    let mut run = workspace.spawn(&[&["run"], &model[..]].concat());
    while simulator.count("InvokeEndpoint") == 0 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let by_the_run = simulator.operations().len();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let cleanup = ["cleanup", "--older-than", "1s"];
    workspace.sagegate(&cleanup).expect(0);
    simulator.assert_nothing_is_left();
    let operations = simulator.operations();
    let mut expected: BTreeSet<String> = operations[by_the_run..]
        .iter()
        .map(|it| action(it))
        .collect();
    // For a job: `abandoned_job.rs`.
    let more = ["DescribeProcessingJob", "StopProcessingJob"];
    expected.extend(more.map(action));
    // The operations above are those of SageMaker.
    assert!(simulator.count("DeleteLogGroup") > 0);
    expected.insert(action("DeleteLogGroup"));
    assert_eq!(allowed(&json("policy-cleanup.json")), expected);
}

#[test]
fn a_model_for_the_run_needs_the_second_policy_and_a_role_to_pass() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let role = "arn:aws:iam::123456789012:role/churn-container";
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:1";
    let flags = [
        "run",
        "--image-uri",
        image,
        "--execution-role-arn",
        role,
        "--name=m",
        "--samples=samples.jsonl",
        "--memory-sizes=2048",
        "--invocations=20",
    ];
    workspace.sagegate(&flags).expect(0);
    let without = allowed(&json("policy.json"));
    let mut expected: BTreeSet<String> = &used(&simulator) - &without;
    assert_eq!(expected.len(), 2, "{expected:?}");
    // Of the model that is made, which the first policy does not name.
    let config = "sagemaker:CreateEndpointConfig";
    expected.extend([TAGS, "iam:PassRole", config].map(str::to_owned));
    let policy = json("policy-create-model.json");
    assert_eq!(allowed(&policy), expected);
}

#[test]
fn whoever_submits_a_job_needs_what_a_job_is_and_its_objects() {
    let simulator = crate::submit::simulator("");
    let workspace = Workspace::new(&simulator);
    let flags = crate::submit::submit_args("m", &[]);
    workspace.sagegate(&flags).expect(0);
    let mut expected = &used(&simulator) - &allowed(&json("policy.json"));
    assert_eq!(expected.len(), 4, "{expected:?}");
    // To stop it, and to see that an object is not there.
    let more = [
        TAGS,
        "iam:PassRole",
        "sagemaker:StopProcessingJob",
        "s3:ListBucket",
    ];
    expected.extend(more.map(str::to_owned));
    assert_eq!(allowed(&json("policy-submit.json")), expected);
    let of_the_job = allowed(&json("policy-job.json"));
    let objects = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"];
    assert!(objects.iter().all(|it| of_the_job.contains(*it)));
}

#[test]
fn everything_that_a_policy_lets_change_is_ours_by_name() {
    for file in [
        "policy.json",
        "policy-create-model.json",
        "policy-cleanup.json",
        "policy-submit.json",
        "policy-baseline.json",
        "policy-record.json",
    ] {
        let policy = json(file);
        let statements = policy["Statement"].as_array().unwrap().iter();
        for statement in statements.filter(|it| it["Effect"] == "Allow") {
            let changes = one_or_many(&statement["Action"]).iter().any(|it| {
                ["Create", "Delete", "Stop", "AddTags", "Invoke"]
                    .iter()
                    .any(|word| it.contains(word))
            });
            let resources = one_or_many(&statement["Resource"]);
            assert!(
                !changes || resources.iter().all(|it| it.ends_with("/sagegate-*")),
                "{file}: {statement}"
            );
        }
    }
}

fn yaml(path: &Path) -> YamlOwned {
    let mut documents = YamlOwned::load_from_str(&read(path)).unwrap();
    documents.remove(0)
}

fn keys(mapping: Option<&YamlOwned>) -> BTreeSet<String> {
    let keys = mapping.and_then(YamlOwned::as_mapping);
    let keys = keys.into_iter().flat_map(|it| it.keys());
    keys.map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_examples_use_inputs_that_exist_and_declare_their_permissions() {
    let inputs = keys(yaml(&folder("action.yml")).as_mapping_get("inputs"));
    for path in crate::guide::examples() {
        let workflow = yaml(&path);
        let get = |of: &YamlOwned, name: &str| of.as_mapping_get(name).unwrap().clone();
        assert!(keys(workflow.as_mapping_get("permissions")).is_empty());
        let job = get(&get(&workflow, "jobs"), "sagegate");
        // The janitor and the simulator need nothing of the repository.
        let needs_nothing = ["cleanup.yml", "dry-run.yml"]
            .iter()
            .any(|it| path.ends_with(it));
        let permissions = keys(job.as_mapping_get("permissions"));
        assert_eq!(permissions.contains("contents"), !needs_nothing);
        let steps = get(&job, "steps");
        let uses = |step: &YamlOwned| {
            let uses = step.as_mapping_get("uses").and_then(|it| it.as_str());
            uses.unwrap_or_default().to_owned()
        };
        let steps = steps.as_vec().unwrap();
        let is_ours = |step: &&YamlOwned| uses(step).starts_with("OWNER/sagegate@");
        let ours: Vec<&YamlOwned> = steps.iter().filter(is_ours).collect();
        assert!(!ours.is_empty(), "{}", path.display());
        for step in ours {
            let given = keys(step.as_mapping_get("with"));
            assert!(given.is_subset(&inputs), "{}", path.display());
        }
        // Without it the page with the charts is lost with the runner.
        let keeps = |step: &YamlOwned| {
            let always = step.as_mapping_get("if").and_then(|it| it.as_str());
            uses(step).starts_with("actions/upload-artifact@") && always == Some("always()")
        };
        let is_kept = steps.iter().any(keeps);
        assert_eq!(
            is_kept,
            !path.ends_with("cleanup.yml"),
            "{}",
            path.display()
        );
    }
}
