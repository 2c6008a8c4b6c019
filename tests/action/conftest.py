"""What the tests of the action are given: the image, the program in it, a simulator. See .ci/action."""

import os
import pathlib

import pytest
import yaml

from github import Description
from runner import Job, Simulator

REPOSITORY = pathlib.Path(__file__).parents[2]
# As quick as the network allows; `creating_seconds` leaves time to interrupt a deployment.
PROFILE = """
seed = 1
[[models]]
name = "m"
[[models]]
name = "m-slow"
latency_factor = 6.0
[latency]
median_ms = { 1024 = 30.0, 2048 = 20.0, 3072 = 20.0, 4096 = 20.0, 5120 = 20.0, 6144 = 20.0 }
variation = 0.05
overhead_ms = 1.0
[model]
setup_ms = 50
[life_cycle]
creating_seconds = 1.5
deleting_seconds = 0.1
metric_delay_seconds = 0.2
"""


@pytest.fixture(scope="session")
def image():
    return os.environ["SAGEGATE_IMAGE"]


@pytest.fixture(scope="session")
def program():
    """The same binary outside the image."""
    return os.environ["SAGEGATE"]


@pytest.fixture(scope="session")
def description():
    """GitHub's description of its REST API."""
    return Description(os.environ["GITHUB_DESCRIPTION"])


@pytest.fixture
def simulator(program):
    simulator = Simulator(program, PROFILE)
    yield simulator
    simulator.stop()


@pytest.fixture(scope="session")
def defaults():
    """Every input that action.yml declares, as the runner hands it over."""
    inputs = yaml.safe_load((REPOSITORY / "action.yml").read_text())["inputs"]
    token = {"github-token": "ghs_0123456789abcdef"}
    return {name: entry.get("default", "") for name, entry in inputs.items()} | token


@pytest.fixture
def job(image, simulator, defaults):
    """Makes a job that measures on the simulator; `inputs` replace the action's defaults."""

    def make(environment=None, **inputs):
        usual = {"model-name": "m", "samples": "samples.jsonl", "memory-sizes": "1024,2048", "invocations": "60", "warmup": "2",
                 "baseline": "file:baseline.json", "comment": "never"}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        made = Job(image, defaults | usual | given, simulator.environment if environment is None else environment)
        (made.workspace / "samples.jsonl").write_text('{"Body": "1,2,3", "ContentType": "text/csv"}\n')
        return made

    return make
