//! Workers of a simulated endpoint, and what they refuse.

use super::*;

#[test]
fn a_call_beyond_max_concurrency_is_throttled() {
    let mut world = World::new("").in_service(1024, 2);
    let first = world.invoke(1).unwrap();
    world.invoke(1).unwrap();
    let error = world.invoke(1).unwrap_err();
    assert_eq!((error.code, error.message), ("ThrottlingException", None));
    world.account.finish(&first, true, world.now);
    assert!(world.invoke(1).is_ok());
}

#[test]
fn a_worker_starts_cold_once_and_again_after_idling() {
    let mut world = World::new("[model]\nsetup_ms = 500\nidle_seconds = 60").in_service(1024, 1);
    let waits: Vec<bool> = [0.0, 1.0, 61.0, 1.0]
        .into_iter()
        .map(|pause| {
            world.now += pause;
            world.invoke_to_the_end().wait_ms > 400.0
        })
        .collect();
    assert_eq!(waits, [true, false, true, false]);
    world.now += 10.0;
    assert_eq!(
        world.metric("AWS/SageMaker", "ModelSetupTime", "SampleCount"),
        [2.0]
    );
    let model = world.metric("AWS/SageMaker", "ModelLatency", "Maximum")[0];
    let overhead = world.metric("AWS/SageMaker", "OverheadLatency", "Maximum")[0];
    assert!(
        model < 10_000.0 && overhead >= 500_000.0,
        "a cold start is overhead: {model}, {overhead}"
    );
}

#[test]
fn too_little_memory_a_large_body_and_an_unknown_endpoint_fail_as_on_aws() {
    let mut world = World::new("[model]\nout_of_memory_below_mb = 2048").in_service(1024, 1);
    let Answer::Error(error) = world.invoke(1).unwrap().answer else {
        panic!("not an error")
    };
    assert_eq!((error.status, error.code), (424, "ModelError"));
    assert!(error.message.unwrap().contains("insufficient memory"));
    let error = world.invoke(4 * 1024 * 1024 + 1).unwrap_err();
    assert_eq!(error.message.unwrap(), "Request r has oversize body.");
    let request = Request {
        endpoint: "E",
        content_type: None,
        body_bytes: 1,
        id: "r",
    };
    assert_eq!(
        world.account.invoke(request, world.now).unwrap_err().code,
        "ValidationError",
        "case must match"
    );
}

#[test]
fn faults_of_probability_one_always_happen() {
    for (key, code) in [
        ("throttle", "ThrottlingException"),
        ("not_ready", "ModelNotReadyException"),
    ] {
        let mut world = World::new(&format!("[faults]\n{key} = 1.0")).in_service(1024, 1);
        assert_eq!(world.invoke(1).unwrap_err().code, code);
    }
    let mut world = World::new("[faults]\ndropped_connection = 1.0").in_service(1024, 1);
    assert_eq!(world.invoke(1).unwrap().answer, Answer::DroppedConnection);
    let mut world = World::new("[faults]\nmodel_error = 1.0").in_service(1024, 1);
    assert!(
        matches!(world.invoke(1).unwrap().answer, Answer::Error(error) if error.code == "ModelError")
    );
}

#[test]
fn provisioned_workers_never_start_cold() {
    let mut world = World::new("[model]\nsetup_ms = 500\nidle_seconds = 60");
    let mut input = config("e", 1024, 2);
    input["ProductionVariants"][0]["ServerlessConfig"]["ProvisionedConcurrency"] = json!(1);
    world.call("CreateEndpointConfig", &input).unwrap();
    let endpoint = json!({ "EndpointName": "e", "EndpointConfigName": "e" });
    world.call("CreateEndpoint", &endpoint).unwrap();
    world.now += 1000.0;
    let described = world
        .call("DescribeEndpoint", &json!({ "EndpointName": "e" }))
        .unwrap();
    let serverless = &described["ProductionVariants"][0]["CurrentServerlessConfig"];
    assert_eq!(serverless["ProvisionedConcurrency"], 1);
    let waits = [(); 2].map(|()| world.invoke(1).unwrap().wait_ms > 400.0);
    assert_eq!(
        waits,
        [false, true],
        "the second call needs a second worker"
    );
}
