"""Every operation of the simulator through boto3, whose parsers are not ours. Reads AWS_* as any boto3 program."""

import base64
import datetime
import hashlib
import io
import json
import time

import boto3
from botocore.exceptions import ClientError

sagemaker = boto3.client("sagemaker")
runtime = boto3.client("sagemaker-runtime")
cloudwatch = boto3.client("cloudwatch")
logs = boto3.client("logs")
s3 = boto3.client("s3")
sts = boto3.client("sts")
passed = 0


def check(what, condition):
    global passed
    assert condition, what
    passed += 1


def refused(code, words, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]
        check(f"{call.__name__}: {got}", got["Code"] == code and words in (got.get("Message") or ""))
    else:
        raise AssertionError(f"{call.__name__} was not refused")


def config(name, memory=2048, concurrency=1, model="xgboost"):
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "ServerlessConfig": {"MemorySizeInMB": memory, "MaxConcurrency": concurrency},
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}




# Models and tags.
role = "arn:aws:iam::000000000000:role/simulated"
model = sagemaker.create_model(
    ModelName="made", PrimaryContainer={"Image": "image"}, ExecutionRoleArn=role, Tags=[{"Key": "a", "Value": "1"}]
)
check("model arn", model["ModelArn"] == "arn:aws:sagemaker:us-east-1:000000000000:model/made")
check("model", sagemaker.describe_model(ModelName="made")["PrimaryContainer"]["Image"] == "image")
sagemaker.add_tags(ResourceArn=model["ModelArn"], Tags=[{"Key": "b", "Value": "2"}])
check("tags", len(sagemaker.list_tags(ResourceArn=model["ModelArn"])["Tags"]) == 2)
names = [it["ModelName"] for page in sagemaker.get_paginator("list_models").paginate() for it in page["Models"]]
check("models", sorted(names) == ["made", "xgboost", "xgboost-regressed"])
refused("ValidationException", "Cannot create already existing model", sagemaker.create_model, ModelName="made",
        PrimaryContainer={"Image": "image"}, ExecutionRoleArn=role)
sagemaker.delete_model(ModelName="made")
refused("ValidationException", "Could not find model", sagemaker.describe_model, ModelName="made")

# Endpoint configs.
sagemaker.create_endpoint_config(**config("one"))
variant = sagemaker.describe_endpoint_config(EndpointConfigName="one")["ProductionVariants"][0]
check("serverless config", variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 1})
check("created", isinstance(sagemaker.describe_endpoint_config(EndpointConfigName="one")["CreationTime"], datetime.datetime))
check("configs", len(sagemaker.list_endpoint_configs(NameContains="on")["EndpointConfigs"]) == 1)
refused("ValidationException", "1500", sagemaker.create_endpoint_config, **config("bad", memory=1500))
refused("ValidationException", "Could not find model", sagemaker.create_endpoint_config, **config("bad", model="none"))

# The life of an endpoint.
start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
sagemaker.create_endpoint(EndpointName="one", EndpointConfigName="one")
refused("ValidationException", "in-progress", sagemaker.delete_endpoint, EndpointName="one")
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="one", WaiterConfig={"Delay": 1})
described = sagemaker.describe_endpoint(EndpointName="one")
check("current", described["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 2048)
check("endpoints", sagemaker.list_endpoints(StatusEquals="InService")["Endpoints"][0]["EndpointName"] == "one")
refused("ValidationException", "already existing endpoint", sagemaker.create_endpoint, EndpointName="ONE",
        EndpointConfigName="one")

# Invocations.
for _ in range(20):
    answer = runtime.invoke_endpoint(EndpointName="one", Body=b"1,2,3", ContentType="text/csv")
    check("variant", answer["InvokedProductionVariant"] == "AllTraffic")
    check("body", len(answer["Body"].read()) == 48)
refused("ValidationError", "oversize body", runtime.invoke_endpoint, EndpointName="one", Body=b"x" * (4 << 20 | 1))
refused("ValidationError", "not found", runtime.invoke_endpoint, EndpointName="none", Body=b"x")

# Metrics, once they are visible.
time.sleep(2)
end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
dimensions = [{"Name": "EndpointName", "Value": "one"}, {"Name": "VariantName", "Value": "AllTraffic"}]
statistics = cloudwatch.get_metric_statistics(
    Namespace="AWS/SageMaker", MetricName="ModelLatency", Dimensions=dimensions, StartTime=start, EndTime=end, Period=86400,
    Statistics=["Average", "SampleCount", "Minimum", "Maximum"], ExtendedStatistics=["p50"],
)["Datapoints"]
check("one period", len(statistics) == 1 and statistics[0]["SampleCount"] == 20)
check("microseconds", 5000 < statistics[0]["ExtendedStatistics"]["p50"] < 12000)
check("unit", statistics[0]["Unit"] == "Microseconds" and isinstance(statistics[0]["Timestamp"], datetime.datetime))
query = {
    "Id": "q", "MetricStat": {
        "Metric": {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions},
        "Period": 86400, "Stat": "Average",
    },
}
data = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=end)["MetricDataResults"][0]
check("both ways", abs(data["Values"][0] - statistics[0]["Average"]) < 1e-6 and data["StatusCode"] == "Complete")
refused("InvalidParameterValue", "multiple of 60", cloudwatch.get_metric_statistics, Namespace="AWS/SageMaker",
        MetricName="ModelLatency", Dimensions=dimensions, StartTime=start, EndTime=end, Period=90, Statistics=["Sum"])

# What the container wrote when it started.
group = logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Endpoints/o")["logGroups"][0]
check("group", group["arn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/one:*")
streams = logs.get_paginator("describe_log_streams").paginate(
    logGroupName=group["logGroupName"], orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1})
streams = [it for page in streams for it in page["logStreams"]]
check("stream", len(streams) == 1 and streams[0]["logStreamName"].startswith("AllTraffic/"))
check("time", start.timestamp() * 1000 < streams[0]["lastEventTimestamp"] < end.timestamp() * 1000)
place = {"logGroupName": group["logGroupName"], "logStreamName": streams[0]["logStreamName"]}
last = logs.get_log_events(**place, limit=2)
check("end of the log", [it["message"].split("] ")[-1] for it in last["events"]] == [
    "Listening at: http://0.0.0.0:8080 (1)", "Booting worker with pid: 7"])
before = logs.get_log_events(**place, limit=2, nextToken=last["nextBackwardToken"])
check("before", ["Starting gunicorn" in it["message"] for it in before["events"]] == [True])
head = logs.get_log_events(**place, limit=1, startFromHead=True)
check("head", head["events"] == before["events"])
refused("ResourceNotFoundException", "log stream does not exist", logs.get_log_events, logGroupName=group["logGroupName"],
        logStreamName="none")
refused("InvalidParameterException", "LastEventTime", logs.describe_log_streams, logGroupName=group["logGroupName"],
        orderBy="LastEventTime", logStreamNamePrefix="A")

# Objects, and the conditions of S3 User Guide, "How to prevent object overwrites with conditional writes".
s3.create_bucket(Bucket="data")
refused("BucketAlreadyOwnedByYou", "you already own it", s3.create_bucket, Bucket="data")
check("bucket", s3.head_bucket(Bucket="data")["ResponseMetadata"]["HTTPStatusCode"] == 200)
refused("NoSuchKey", "does not exist", s3.get_object, Bucket="data", Key="a")
refused("NoSuchBucket", "does not exist", s3.get_object, Bucket="other", Key="a")
keys = [f"folder/{number} <&ü>" for number in range(5)]
tags = [s3.put_object(Bucket="data", Key=key, Body=key.encode(), IfNoneMatch="*")["ETag"] for key in keys]
check("entity tag", tags[0] == f'"{hashlib.md5(keys[0].encode()).hexdigest()}"')
refused("PreconditionFailed", "pre-conditions", s3.put_object, Bucket="data", Key=keys[0], Body=b"x", IfNoneMatch="*")
refused("PreconditionFailed", "pre-conditions", s3.put_object, Bucket="data", Key=keys[0], Body=b"x", IfMatch=tags[1])
refused("NoSuchKey", "does not exist", s3.put_object, Bucket="data", Key="new", Body=b"x", IfMatch=tags[1])
tag = s3.put_object(Bucket="data", Key=keys[0], Body=b"new" * 100_000, IfMatch=tags[0], ContentType="text/x")["ETag"]
head = s3.head_object(Bucket="data", Key=keys[0])
check("head", (head["ETag"], head["ContentLength"], head["ContentType"]) == (tag, 300_000, "text/x"))
check("date", abs(head["LastModified"] - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=1))
check("body", s3.get_object(Bucket="data", Key=keys[0])["Body"].read() == b"new" * 100_000)
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="data", Prefix="folder/", PaginationConfig={"PageSize": 2})
check("keys", [it["Key"] for page in pages for it in page["Contents"]] == keys)
for key in keys:
    s3.delete_object(Bucket="data", Key=key)
check("empty", s3.list_objects_v2(Bucket="data")["KeyCount"] == 0)
s3.upload_fileobj(io.BytesIO(b"stream"), "data", "streamed")
check("streamed", s3.get_object(Bucket="data", Key="streamed")["Body"].read() == b"stream")

# A processing job, which runs for real: the simulator's own program, inside a job.
s3.put_object(Bucket="data", Key="in/job.json", Body=b"{}")
job = {
    "ProcessingJobName": "job-1", "RoleArn": "arn:aws:iam::123456789012:role/job",
    "AppSpecification": {"ImageUri": "image", "ContainerArguments": ["inside-job"]},
    "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}},
    "Environment": {"AWS_REGION": "us-east-1"},
    "ProcessingInputs": [{"InputName": "input", "S3Input": {
        "S3Uri": "s3://data/in", "LocalPath": "/opt/ml/processing/input", "S3DataType": "S3Prefix", "S3InputMode": "File"}}],
}
stranger = boto3.client("sagemaker", aws_access_key_id="nobody", aws_secret_access_key="nothing")
refused("AccessDeniedException", "only for the AWS_ACCESS_KEY_ID", stranger.create_processing_job, **job)
arn = sagemaker.create_processing_job(**job)["ProcessingJobArn"]
check("arn", arn == "arn:aws:sagemaker:us-east-1:000000000000:processing-job/job-1")
refused("ResourceInUse", "already exists", sagemaker.create_processing_job, **job)
while (described := sagemaker.describe_processing_job(ProcessingJobName="job-1"))["ProcessingJobStatus"] == "InProgress":
    time.sleep(0.1)
check("failed", (described["ProcessingJobStatus"], described["FailureReason"]) == (
    "Failed", "AlgorithmError: See job logs for more information, exit code: 2"))
check("message", "is not the input of a sagegate job: missing field `schema`" in described["ExitMessage"])
refused("ValidationException", "in status Failed", sagemaker.stop_processing_job, ProcessingJobName="job-1")
listed = sagemaker.list_processing_jobs(NameContains="job-", StatusEquals="Failed")["ProcessingJobSummaries"]
check("listed job", [(it["ProcessingJobName"], it["ProcessingJobStatus"]) for it in listed] == [("job-1", "Failed")])
check("no such job", sagemaker.list_processing_jobs(StatusEquals="InProgress")["ProcessingJobSummaries"] == [])
refused("ResourceNotFound", "job-2", sagemaker.describe_processing_job, ProcessingJobName="job-2")

# A bucket of another account than the caller expects.
refused("AccessDenied", "Access Denied", s3.get_object, Bucket="data", Key="streamed", ExpectedBucketOwner="111122223333")
account = sts.get_caller_identity()["Account"]
check("own bucket", s3.get_object(Bucket="data", Key="streamed", ExpectedBucketOwner=account)["Body"].read() == b"stream")

# STS: a role by an identity token, and its session.
def token(**claims):
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


role = "arn:aws:iam::123456789012:role/gate"
by_token = sts.assume_role_with_web_identity
good = token(aud="sts.amazonaws.com", exp=time.time() + 300, sub="repo:acme/churn:pull_request")
answer = by_token(RoleArn=role, RoleSessionName="sagegate-1", WebIdentityToken=good)
check("role", answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/gate/sagegate-1"))
check("subject", answer["SubjectFromWebIdentityToken"] == "repo:acme/churn:pull_request")
left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
check("an hour", datetime.timedelta(minutes=58) < left <= datetime.timedelta(hours=1))
session = boto3.client(
    "sagemaker",
    aws_access_key_id=answer["Credentials"]["AccessKeyId"],
    aws_secret_access_key=answer["Credentials"]["SecretAccessKey"],
    aws_session_token=answer["Credentials"]["SessionToken"],
)
check("session", "Models" in session.list_models())
other = token(aud="elsewhere", exp=time.time() + 300)
refused("InvalidIdentityToken", "audience", by_token, RoleArn=role, RoleSessionName="it", WebIdentityToken=other)

# The end.
sagemaker.delete_endpoint(EndpointName="one")
sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="one", WaiterConfig={"Delay": 1})
sagemaker.delete_endpoint_config(EndpointConfigName="one")
refused("ValidationException", "Could not find endpoint", sagemaker.describe_endpoint, EndpointName="one")
group = "/aws/sagemaker/Endpoints/one"
check("log groups outlive endpoints", [it["logGroupName"] for it in logs.describe_log_groups()["logGroups"]] == [group])
logs.delete_log_group(logGroupName=group)
refused("ResourceNotFoundException", "log group does not exist", logs.delete_log_group, logGroupName=group)
refused("ResourceNotFoundException", "log group does not exist", logs.describe_log_streams, logGroupName=group)
check("no log groups", logs.describe_log_groups()["logGroups"] == [])
check("nothing left", not sagemaker.list_endpoints()["Endpoints"] + sagemaker.list_endpoint_configs()["EndpointConfigs"])
print(f"boto3: {passed} passed, 0 failed")
