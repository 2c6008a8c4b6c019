//! A job's life, and what the API refuses.

use super::*;
use crate::simulator::operations::Operation;
use crate::simulator::scenario::tests::scenario;

fn request() -> Value {
    json!({
        "ProcessingJobName": "j-1",
        "RoleArn": "arn:aws:iam::123456789012:role/job",
        "ProcessingResources": { "ClusterConfig": {
            "InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5
        } },
        "AppSpecification": { "ImageUri": "image", "ContainerArguments": ["a", "b"] },
        "Environment": { "AWS_REGION": "us-east-1" },
        "ProcessingInputs": [{ "InputName": "i", "S3Input": {
            "S3Uri": "s3://data/in/", "LocalPath": "/opt/ml/processing/input",
            "S3DataType": "S3Prefix", "S3InputMode": "File"
        } }],
        "ProcessingOutputConfig": { "Outputs": [{ "OutputName": "o", "S3Output": {
            "S3Uri": "s3://data/out", "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "Continuous"
        } }] },
        "StoppingCondition": { "MaxRuntimeInSeconds": 60 }
    })
}

fn account() -> Account {
    Account::new(scenario(""), 0.0)
}

fn call(account: &mut Account, operation: &str, input: &Value) -> Result<Value, ApiError> {
    let operation = Operation::parse(operation).unwrap();
    account.call(operation, input, "us-east-1", 5.0)
}

fn create(request: &Value) -> Result<Value, ApiError> {
    call(&mut account(), "CreateProcessingJob", request)
}

fn end(failure: Option<&str>) -> JobEnd {
    JobEnd {
        failure: failure.map(str::to_owned),
        exit_message: Some("bye".to_owned()),
        ran_too_long: false,
    }
}

#[test]
fn a_job_is_ordered_once_and_its_name_is_taken_for_ever() {
    let mut account = account();
    let answer = call(&mut account, "CreateProcessingJob", &request()).unwrap();
    assert_eq!(
        answer["ProcessingJobArn"],
        "arn:aws:sagemaker:us-east-1:000000000000:processing-job/j-1"
    );
    let orders = account.take_job_orders();
    let order = orders.first().unwrap();
    assert_eq!((order.instances, order.longest_run_s), (2, 60));
    assert_eq!(order.arguments, ["a", "b"]);
    assert_eq!(
        (&*order.inputs[0].bucket, &*order.inputs[0].prefix),
        ("data", "in")
    );
    assert!(order.outputs[0].is_continuous);
    assert_eq!(account.take_job_orders(), []);
    account.end_job("j-1", end(None), 9.0);
    let again = call(&mut account, "CreateProcessingJob", &request());
    assert_eq!(again.unwrap_err().code, "ResourceInUse");
}

#[test]
fn how_it_ended_is_described() {
    let name = json!({ "ProcessingJobName": "j-1" });
    for (failure, stopped, status) in [
        (None, false, "Completed"),
        (Some("AlgorithmError: exit code 3"), false, "Failed"),
        (Some("AlgorithmError: exit code 143"), true, "Stopped"),
    ] {
        let mut account = account();
        call(&mut account, "CreateProcessingJob", &request()).unwrap();
        if stopped {
            call(&mut account, "StopProcessingJob", &name).unwrap();
            assert!(account.is_job_stopping("j-1"));
        }
        account.end_job("j-1", end(failure), 9.0);
        let described = call(&mut account, "DescribeProcessingJob", &name).unwrap();
        assert_eq!(described["ProcessingJobStatus"], status);
        assert_eq!(described["ExitMessage"], "bye");
        assert_eq!(described["ProcessingEndTime"], 9.0);
        assert_eq!(described.get("FailureReason").is_some(), status == "Failed");
        assert!(call(&mut account, "StopProcessingJob", &name).is_err());
    }
    let missing = call(&mut account(), "DescribeProcessingJob", &name);
    assert_eq!(missing.unwrap_err().code, "ResourceNotFound");
}

#[test]
fn a_list_shows_jobs_by_name_and_status() {
    let mut account = account();
    for name in ["j-1", "j-2", "other"] {
        let mut request = request();
        request["ProcessingJobName"] = json!(name);
        call(&mut account, "CreateProcessingJob", &request).unwrap();
    }
    account.end_job("j-2", end(None), 9.0);
    let mut listed = |filter: Value| {
        let answer = call(&mut account, "ListProcessingJobs", &filter)?;
        let rows = answer["ProcessingJobSummaries"].as_array().unwrap().clone();
        let row = |row: &Value| {
            format!(
                "{} {}",
                row["ProcessingJobName"], row["ProcessingJobStatus"]
            )
        };
        Ok::<_, ApiError>(rows.iter().map(row).collect::<Vec<_>>())
    };
    assert_eq!(
        listed(json!({ "NameContains": "j-", "SortBy": "Name", "SortOrder": "Ascending" }))
            .unwrap(),
        ["\"j-1\" \"InProgress\"", "\"j-2\" \"Completed\""]
    );
    assert_eq!(
        listed(json!({ "StatusEquals": "Completed" })).unwrap(),
        ["\"j-2\" \"Completed\""]
    );
    assert!(listed(json!({ "StatusEquals": "InService" })).is_err());
}

#[test]
fn what_the_api_refuses_is_refused() {
    create(&request()).unwrap();
    for (pointer, bad) in [
        ("/RoleArn", json!("role/job")),
        ("/RoleArn", Value::Null),
        ("/ProcessingResources/ClusterConfig/InstanceCount", json!(0)),
        (
            "/ProcessingResources/ClusterConfig/VolumeSizeInGB",
            Value::Null,
        ),
        ("/AppSpecification/ImageUri", json!("x".repeat(256))),
        ("/AppSpecification/ContainerArguments", json!([])),
        (
            "/AppSpecification/ContainerArguments/0",
            json!("x".repeat(257)),
        ),
        ("/Environment", json!({ "1A": "x" })),
        ("/Environment/AWS_REGION", json!("x".repeat(257))),
        ("/ProcessingInputs/0/S3Input/S3Uri", json!("data/in")),
        (
            "/ProcessingInputs/0/S3Input/LocalPath",
            json!("/opt/ml/processing/../x"),
        ),
        ("/ProcessingInputs/0/S3Input/S3DataType", Value::Null),
        (
            "/ProcessingOutputConfig/Outputs/0/S3Output/S3UploadMode",
            Value::Null,
        ),
        (
            "/ProcessingOutputConfig/Outputs/0/S3Output/LocalPath",
            json!("/tmp"),
        ),
        ("/StoppingCondition/MaxRuntimeInSeconds", json!(777_601)),
    ] {
        let mut request = request();
        *request.pointer_mut(pointer).unwrap() = bad;
        assert!(create(&request).is_err(), "{pointer}");
    }
}
