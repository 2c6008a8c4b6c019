"""Times InvokeEndpoint as a boto3 user would: around the call and the reading of its body. JSON on stdout.

Reads AWS_* as any boto3 program. Each thread sends one call that is set aside, then goes on until CALLS are sent.

Usage: time_with_boto3.py ENDPOINT CLIENTS CALLS BYTES
"""

import itertools
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config


def main() -> None:
    endpoint, clients, calls, size = sys.argv[1], *map(int, sys.argv[2:])
    config = Config(max_pool_connections=clients, retries={"total_max_attempts": 1})
    runtime = boto3.client("sagemaker-runtime", config=config)
    body = b"x" * size
    numbers = itertools.count()

    def call(name: str) -> dict:
        began = time.perf_counter()
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/plain", InferenceId=name)
        answer["Body"].read()
        took = time.perf_counter() - began
        return {"id": name, "start_ms": began * 1000, "latency_ms": took * 1000}

    def client(number: int) -> list[dict]:
        call(f"warmup-{number}")
        timed = []
        while (number := next(numbers)) < calls:
            timed.append(call(f"call-{number}"))
        return timed

    with ThreadPoolExecutor(clients) as pool:
        print(json.dumps([call for timed in pool.map(client, range(clients)) for call in timed]))


main()
