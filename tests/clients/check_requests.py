"""Every request of whole runs against AWS's own description of its services, as botocore ships it.

A proxy between sagegate and its simulator looks at each request: operation, method, path, and every member with its type and
limits. The keys in the environment are those that the simulator printed. Usage: check_requests.py SAGEGATE SIMULATOR-URL FOLDER
"""

import datetime
import http.client
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore.session
import cbor2
from botocore.validate import ParamValidator

sagegate, upstream, folder = Path(sys.argv[1]).resolve(), urlsplit(sys.argv[2]), Path(sys.argv[3])
session = botocore.session.get_session()
models = {name: session.get_service_model(name) for name in ("sagemaker", "cloudwatch", "logs", "service-quotas", "sagemaker-runtime", "s3", "sts")}
TARGETS = {"SageMaker": "sagemaker", "Logs_20140328": "logs", "GraniteServiceVersion20100801": "cloudwatch", "ServiceQuotasV20190624": "service-quotas"}
lock = threading.Lock()
seen, wrong = {}, []
# Whether the model answers every call with an error, so that the sizes fail and their logs are read.
fails = threading.Event()


def validate(service, operation, parameters):
    """What botocore would say of these parameters."""
    shape = models[service].operation_model(operation).input_shape
    unknown = set(parameters) - set(shape.members)
    problems = ParamValidator().validate(parameters, shape).generate_report() if shape else ""
    return " ".join([*(f"unknown member {name}" for name in sorted(unknown)), problems]).strip()


def rest(service, method, path, query, headers, body):
    """The operation of a REST request, with its parameters; its description names where each member goes."""
    names = ("InvokeEndpoint",) if service == "sagemaker-runtime" else (
        "GetObject", "PutObject", "ListObjectsV2", "HeadBucket", "CreateBucket", "DeleteObject", "HeadObject")
    for name in names:
        model = models[service].operation_model(name)
        template, _, fixed = model.http["requestUri"].partition("?")
        pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", lambda it: f"(?P<{it[1]}>{'.+' if it[2] else '[^/]+'})", re.escape(template))
        match = re.fullmatch(pattern, path.rstrip("/") or "/")
        if model.http["method"] != method or not match or any(it not in query for it in fixed.split("&") if it and "=" not in it):
            continue
        parameters = {key: unquote(value) for key, value in match.groupdict().items()}
        for member, shape in model.input_shape.members.items():
            place, key = shape.serialization.get("location"), shape.serialization.get("name", member)
            if place == "header" and key.lower() in headers:
                parameters[member] = headers[key.lower()]
            elif place == "querystring" and key in query:
                parameters[member] = int(query[key]) if shape.type_name == "integer" else query[key]
            if member == model.input_shape.serialization.get("payload"):
                parameters[member] = body
        parameters.pop("ContentLength", None)
        return name, parameters
    raise ValueError(f"{method} {path} is no operation of {service}")


def look_at(method, target, headers, body):
    url = urlsplit(target)
    credential = re.search(r"Credential=[^/]+/\d{8}/([\w-]+)/([\w-]+)/aws4_request", headers.get("authorization", ""))
    assert credential, f"{method} {target} is not signed"
    if "x-amz-target" in headers:
        name, operation = headers["x-amz-target"].split(".")
        service, parameters = TARGETS[name], json.loads(body)
    elif url.path.startswith("/service/"):
        _, _, name, _, operation = url.path.split("/")
        service, parameters = TARGETS[name], cbor2.loads(body)
        assert all(isinstance(parameters[it], datetime.datetime) for it in ("StartTime", "EndTime")), parameters
    elif credential[2] == "sts":
        service, parameters = "sts", dict(parse_qsl(body.decode()))
        operation = parameters.pop("Action")
        parameters.pop("Version")
    else:
        service = "s3" if credential[2] == "s3" else "sagemaker-runtime"
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        operation, parameters = rest(service, method, url.path, query, headers, body)
    problem = validate(service, operation, parameters)
    expected = models[service].signing_name
    if credential[2] != expected:
        problem += f" signed for {credential[2]} instead of {expected}"
    return f"{service}:{operation}", problem


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            operation, problem = look_at(self.command, self.path, headers, body)
        except Exception as error:  # any error is printed
            operation, problem = self.path, repr(error)
        with lock:
            seen[operation] = seen.get(operation, 0) + 1
            if problem:
                wrong.append(f"{operation}: {problem}")
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        status, content, answered = answer.status, answer.read(), answer.getheaders()
        if fails.is_set() and operation == "sagemaker-runtime:InvokeEndpoint":
            status, content = 424, json.dumps({"Message": "bad row", "OriginalStatusCode": 500}).encode()
            answered = [("Content-Type", "application/json"), ("x-amzn-ErrorType", "ModelError")]
        self.send_response(status)
        for name, value in answered:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = forward

    def log_message(self, *_):
        pass


proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
environment = os.environ | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.server_port}", "AWS_REGION": "us-east-1"}


def run(*arguments, code=0):
    done = subprocess.run([sagegate, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stderr


(folder / "samples.jsonl").write_text('{"Body": "1,2,3", "ContentType": "text/csv", "Accept": "application/json"}\n')
boto = {"endpoint_url": upstream.geturl(), "region_name": "us-east-1"}
session.create_client("s3", **boto).create_bucket(Bucket="models")
common = ("--samples", "samples.jsonl", "--memory-sizes", "1024,2048", "--invocations", "20", "--mode", "record",
          "--baseline", "s3://models/b.json", "--tag", "team=x")
run("run", "--model-name", "xgboost", *common, "--expected-clients", "2", "--max-concurrency", "2", "--rate", "20/s",
    "--concurrency-invocations", "20", "--latency-source", "server")
run("run", "--image-uri", "1.dkr.ecr.us-east-1.amazonaws.com/image:1", "--model-data-url", "s3://models/model.tar.gz",
    "--execution-role-arn", "arn:aws:iam::123456789012:role/model", "--container-env", "A=b", "--name", "made", *common)
run("submit", "--model-name", "xgboost", "--name", "job", *common, "--image-uri-of-sagegate", "1.dkr.ecr.us-east-1.amazonaws.com/sagegate:1",
    "--job-role-arn", "arn:aws:iam::123456789012:role/job", "--s3-output", "s3://models/jobs")
fails.set()
said = run("run", "--model-name", "xgboost", *common, code=3)
assert said.count("the last lines of its container") == 2, said
fails.clear()
run("cleanup", "--older-than", "1s")
expected = {
    "cloudwatch:GetMetricData", "logs:DeleteLogGroup", "logs:DescribeLogStreams", "logs:GetLogEvents", "s3:GetObject", "s3:PutObject", "sts:GetCallerIdentity", "sagemaker-runtime:InvokeEndpoint", "service-quotas:GetServiceQuota",
    *(f"sagemaker:{it}" for it in (
        "CreateEndpoint", "CreateEndpointConfig", "CreateModel", "CreateProcessingJob", "DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel",
        "DescribeEndpoint", "DescribeModel", "DescribeProcessingJob", "ListEndpointConfigs", "ListEndpoints", "ListModels",
        "ListProcessingJobs")),
}
for problem in sorted(set(wrong)):
    print(problem, file=sys.stderr)
assert not wrong and set(seen) == expected, set(seen) ^ expected
print(f"botocore: {sum(seen.values())} requests of {len(seen)} operations are as described: {len(seen)} passed, 0 failed")
