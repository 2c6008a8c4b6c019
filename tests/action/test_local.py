"""`local: true` in the image as GitHub's runner starts it: in a network of its own, with the engine's socket."""

import subprocess
import uuid

import pytest

from test_image import until

SOCKET = "/var/run/docker.sock"


def docker(*words):
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def left():
    label = "label=sagegate.run"
    return docker("ps", "--all", "--quiet", "--filter", label) + docker("volume", "ls", "--quiet", "--filter", label)


@pytest.fixture
def network():
    name = "github_network_" + uuid.uuid4().hex
    docker("network", "create", "--label", "org.sagegate.ci", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture
def local(job, network):
    def make(**inputs):
        made = job(environment={}, **({"local": "true", "image_uri": "sagegate-toy:ci", "model_name": "", "warmup": "2"} | inputs))
        made.network = network
        made.mounts[SOCKET] = SOCKET
        return made

    return make


def test_containers_join_the_network_of_the_action(local):
    step = local().step()
    assert step.code == 0, step.log
    assert step.outputs["measured-on"] == "this-machine" and step.outputs["verdict"] == "no-baseline"
    assert left() == ""


def test_the_post_action_removes_what_a_killed_step_has_left(local):
    container = local(invocations="100000", container_env="WORK_MS=5").start()
    until(container, lambda: left() != "")
    step = container.kill()
    assert left() != ""
    after = step.job.step("/usr/local/bin/sagegate-post", step.state)
    assert after.code == 0, after.log
    assert left() == ""


def test_a_runner_without_a_socket_is_told_so(local):
    job = local()
    del job.mounts[SOCKET]
    step = job.step()
    assert step.code == 2 and "no Docker engine" in step.log and "/var/run/docker.sock" in step.log, step.log
