"""A model in containers through boto3: created, asked, deleted. Reads AWS_* as any boto3 program.

    local_with_boto3.py IMAGE MODEL.tar.gz TOY
"""

import concurrent.futures
import json
import sys
import time

import boto3
from botocore.exceptions import ClientError

image, archive, toy = sys.argv[1:]
sagemaker = boto3.client("sagemaker")
runtime = boto3.client("sagemaker-runtime")
cloudwatch = boto3.client("cloudwatch")
logs = boto3.client("logs")
s3 = boto3.client("s3")
role = "arn:aws:iam::000000000000:role/simulated"


def deploy(name, model, memory=1024, concurrency=1):
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "ServerlessConfig": {"MemorySizeInMB": memory, "MaxConcurrency": concurrency},
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    for _ in range(600):
        described = sagemaker.describe_endpoint(EndpointName=name)
        if described["EndpointStatus"] != "Creating":
            return described
        time.sleep(0.1)
    raise AssertionError("still creating")


# From a file of this machine, and from the simulated S3.
s3.create_bucket(Bucket="models")
s3.upload_file(archive, "models", "churn/model.tar.gz")
for name, url in [("file", f"file://{archive}"), ("s3", "s3://models/churn/model.tar.gz")]:
    sagemaker.create_model(
        ModelName=name, PrimaryContainer={"Image": image, "ModelDataUrl": url}, ExecutionRoleArn=role
    )
    assert deploy(name, name)["EndpointStatus"] == "InService"
    answer = runtime.invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Accept="application/json", Body="0.1,-1.2,0.3,0.7,2.0\n1,0,0,0,1\n"
    )
    classes = json.loads(answer["Body"].read())
    assert len(classes) == 2 and set(classes) <= {0, 1}, classes
    assert answer["ContentType"] == "application/json" and answer["InvokedProductionVariant"] == "AllTraffic"
    try:
        runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body="no,numbers")
        raise AssertionError("not refused")
    except runtime.exceptions.ModelError as error:
        assert error.response["OriginalStatusCode"] == 400, error.response
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)

# What a container writes is in its log, and why it does not start in the endpoint's reason.
sagemaker.create_model(
    ModelName="crash", PrimaryContainer={"Image": toy, "Environment": {"TOY": "crash"}}, ExecutionRoleArn=role
)
failed = deploy("crash", "crash")
assert failed["EndpointStatus"] == "Failed" and "RuntimeError" in failed["FailureReason"], failed
group = "/aws/sagemaker/Endpoints/crash"
stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
assert any("RuntimeError" in event["message"] for event in events), events

# Nothing of the simulator's own environment is inside, which has credentials.
sagemaker.create_model(
    ModelName="env", PrimaryContainer={"Image": toy, "Environment": {"TOY": "env"}}, ExecutionRoleArn=role
)
assert deploy("env", "env")["EndpointStatus"] == "InService"
inside = json.loads(runtime.invoke_endpoint(EndpointName="env", Body="1")["Body"].read())
assert inside["TOY"] == "env" and inside["AWS_REGION"] == "us-east-1", inside
assert not any("visible-to-nobody" in value for value in inside.values()), inside
assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(inside), inside

# Larger than any machine.
try:
    deploy("large", "crash", 6144, 200)
    raise AssertionError("not refused")
except ClientError as error:
    assert error.response["Error"]["Code"] == "ResourceLimitExceeded" and "this machine has" in str(error), error

# Two workers, and a call beyond them.
sagemaker.create_model(
    ModelName="slow", PrimaryContainer={"Image": toy, "Environment": {"TOY": "slow", "SECONDS": "3"}}, ExecutionRoleArn=role
)
assert deploy("slow", "slow")["EndpointStatus"] == "InService"
once = boto3.session.Config(retries={"total_max_attempts": 1})
impatient = boto3.client("sagemaker-runtime", config=once)
with concurrent.futures.ThreadPoolExecutor() as pool:
    first = pool.submit(impatient.invoke_endpoint, EndpointName="slow", ContentType="text/csv", Body="1")
    time.sleep(0.5)
    try:
        impatient.invoke_endpoint(EndpointName="slow", ContentType="text/csv", Body="1")
        raise AssertionError("not throttled")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ThrottlingException", error
    assert first.result()["ResponseMetadata"]["HTTPStatusCode"] == 200
print("boto3 and containers: all well")
