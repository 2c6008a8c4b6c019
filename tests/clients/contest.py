"""AWS's Python toolkit and sagegate with the same plan, each against a fresh simulated AWS."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
BODIES = ("34,2,0.71", "51,9,0.13", "27,1,0.96")


def write_samples(path: Path) -> Path:
    """With ids, so that the simulator remembers what each call took."""
    samples = [
        {"Body": body, "ContentType": "text/csv", "InferenceId": f"sample-{number}"} for number, body in enumerate(BODIES)
    ]
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    return path


def toolkit_command(model: str, samples: Path, output: Path, invocations: int, concurrency: int) -> list[str]:
    """`concurrency` is the number of calls per load; 0 leaves the concurrency benchmark out."""
    script = str(HERE / "run_toolkit.py")
    return [sys.executable, script, model, str(samples), str(output), str(invocations), str(concurrency)]


def sagegate_command(
    sagegate: str, model: str, samples: Path, output: Path, invocations: int, concurrency: int
) -> list[str]:
    load = ["--concurrency-benchmark", str(concurrency > 0).lower(), "--concurrency-invocations", str(max(concurrency, 1))]
    what = ["--model-name", model, "--samples", str(samples), "--output-dir", str(output)]
    return [sagegate, "benchmark", *what, "--invocations", str(invocations), "--warmup", "0", *load]


def start_simulator(sagegate: str, profile: str) -> tuple[subprocess.Popen, dict]:
    server = subprocess.Popen([sagegate, "simulate", "--port", "0", "--profile", profile], stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        if line.startswith("export AWS_ENDPOINT_URL="):
            printed = dict(word.split("=", 1) for word in line.split()[1:])
            return server, {**os.environ, **printed, "AWS_DEFAULT_REGION": printed["AWS_REGION"], "MPLBACKEND": "Agg"}
    raise SystemExit("the simulator did not start")


def run(command: list[str], environment: dict, log: Path) -> dict:
    """Wall time, CPU time and peak memory of a command that must succeed."""
    began = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{command[0]} failed:\n{log.read_text()[-3000:]}")
    # Linux counts the memory of the process that forked, too: some 21 MiB of Python are the least that shows here, so
    # keep what imports this module small.
    return {"wall": time.monotonic() - began, "cpu": usage.ru_utime + usage.ru_stime, "mib": usage.ru_maxrss / 1024}


def with_simulator(sagegate: str, profile: str, command: list[str], log: Path) -> tuple[dict, list[dict]]:
    """What the command used, and the simulator's view of every invocation with an id."""
    server, environment = start_simulator(sagegate, profile)
    try:
        used = run(command, environment, log)
        with urllib.request.urlopen(environment["AWS_ENDPOINT_URL"] + "/_simulator/invocations") as answer:
            return used, json.load(answer)
    finally:
        server.terminate()
        server.wait()
