//! CloudWatch of a simulated account.

use super::*;

#[test]
fn metrics_appear_late_with_every_statistic_and_outlive_the_endpoint() {
    let mut world = World::new("[life_cycle]\nmetric_delay_seconds = 5.0").in_service(1024, 1);
    for _ in 0..10 {
        world.invoke_to_the_end();
    }
    assert!(
        world
            .metric("AWS/SageMaker", "ModelLatency", "SampleCount")
            .is_empty(),
        "not yet"
    );
    world
        .call("DeleteEndpoint", &json!({ "EndpointName": "e" }))
        .unwrap();
    world.now += 10.0;
    let mut latency = |statistic| world.metric("AWS/SageMaker", "ModelLatency", statistic)[0];
    assert!((latency("SampleCount") - 10.0).abs() < 1e-9);
    assert!(
        (latency("Average") - 4000.0).abs() < 1.0,
        "microseconds without variation"
    );
    assert!((latency("Sum") - 40_000.0).abs() < 10.0);
    assert!(latency("Minimum") <= latency("p50") && latency("p99") <= latency("Maximum"));
    assert!(world.metric("/aws/sagemaker/Endpoints", "MemoryUtilization", "Average")[0] > 40.0);
    assert!(
        world
            .metric("AWS/SageMaker", "MemoryUtilization", "Average")
            .is_empty(),
        "wrong namespace"
    );
}

#[test]
fn metric_statistics_answers_plain_and_extended_statistics_at_once() {
    let mut world = World::new("").in_service(1024, 1);
    world.invoke_to_the_end();
    world.now += 10.0;
    let mut input = json!({
        "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Period": 86_400,
        "StartTime": 999_990.0, "EndTime": world.now,
        "Statistics": ["Average"], "ExtendedStatistics": ["p50"],
        "Dimensions": [{ "Name": "EndpointName", "Value": "e" }, { "Name": "VariantName", "Value": "v" }],
    });
    let answer = world
        .account
        .call(Operation::GetMetricStatistics, &input, REGION, world.now)
        .unwrap();
    let point = &answer["Datapoints"][0];
    assert_eq!(point["Average"], point["ExtendedStatistics"]["p50"]);
    assert_eq!(point["Unit"], "Microseconds");
    input["Period"] = json!(61);
    assert_eq!(
        world
            .account
            .call(Operation::GetMetricStatistics, &input, REGION, world.now)
            .unwrap_err()
            .status,
        400
    );
}

/// A `GetMetricData` call over one hour with a query for each statistic.
fn metric_data(statistics: &[&str], period: u32, extra: &Value) -> Value {
    let query = |(number, statistic): (usize, &&str)| {
        json!({ "Id": format!("q{number}"), "MetricStat": {
            "Metric": { "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": [
                { "Name": "EndpointName", "Value": "e" }, { "Name": "VariantName", "Value": "v" }
            ] },
            "Period": period, "Stat": statistic,
        }})
    };
    let queries: Vec<Value> = statistics.iter().enumerate().map(query).collect();
    let mut input =
        json!({ "StartTime": 999_990.0, "EndTime": 1_003_600.0, "MetricDataQueries": queries });
    for (member, value) in extra.as_object().unwrap() {
        input[member] = value.clone();
    }
    input
}

#[test]
fn metric_data_comes_in_pages_that_add_up_to_the_whole() {
    let mut world = World::new("").in_service(1024, 1);
    for _ in 0..5 {
        world.invoke_to_the_end();
        world.now += 60.0;
    }
    let (mut pages, mut values, mut token) = (0, Vec::new(), Value::Null);
    loop {
        let extra =
            json!({ "MaxDatapoints": 3, "NextToken": token, "ScanBy": "TimestampAscending" });
        let input = metric_data(&["Average", "SampleCount"], 60, &extra);
        let page = world
            .account
            .call(Operation::GetMetricData, &input, REGION, world.now)
            .unwrap();
        for result in page["MetricDataResults"].as_array().unwrap() {
            values.extend(result["Values"].as_array().unwrap().clone());
        }
        pages += 1;
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let input = metric_data(
        &["Average", "SampleCount"],
        60,
        &json!({ "ScanBy": "TimestampAscending" }),
    );
    let whole = world
        .account
        .call(Operation::GetMetricData, &input, REGION, world.now)
        .unwrap();
    let whole: Vec<Value> = whole["MetricDataResults"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|result| result["Values"].as_array().unwrap().clone())
        .collect();
    assert_eq!((pages, values), (4, whole));
}

#[test]
fn queries_that_cloudwatch_would_refuse_are_refused_and_another_unit_has_no_data() {
    let mut world = World::new("").in_service(1024, 1);
    world.invoke_to_the_end();
    world.now += 10.0;
    let mut code = |input: &Value| {
        let answer = world
            .account
            .call(Operation::GetMetricData, input, REGION, world.now);
        answer.unwrap_err().code
    };
    let mut twice = metric_data(&["Sum", "Average"], 60, &json!({}));
    twice["MetricDataQueries"][1]["Id"] = json!("q0");
    assert_eq!(code(&twice), "InvalidParameterValue");
    assert_eq!(
        code(&metric_data(&["Median"], 60, &json!({}))),
        "InvalidParameterValue"
    );
    let token = json!({ "NextToken": "x" });
    assert_eq!(code(&metric_data(&["Sum"], 60, &token)), "InvalidNextToken");
    let mut unit = metric_data(&["Sum"], 60, &json!({}));
    unit["MetricDataQueries"][0]["MetricStat"]["Unit"] = json!("Seconds");
    let answer = world
        .account
        .call(Operation::GetMetricData, &unit, REGION, world.now)
        .unwrap();
    assert_eq!(answer["MetricDataResults"][0]["Values"], json!([]));
    let long = json!({
        "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Period": 60, "Statistics": ["Sum"],
        "StartTime": 0, "EndTime": world.now,
    });
    let answer = world
        .account
        .call(Operation::GetMetricStatistics, &long, REGION, world.now);
    assert_eq!(answer.unwrap_err().code, "InvalidParameterCombination");
}
