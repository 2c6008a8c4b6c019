"""GitHub's runner, as far as a container action sees it. Modelled on ContainerActionHandler.cs, DockerCommandManager.cs and
ProcessInvoker.cs of https://github.com/actions/runner."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import urllib.request
import uuid

# A cancelled step: the signal, and how long the runner waits after it, in seconds.
CANCELLATION = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 5))
# The commit of the pull request.
HEAD = "8" * 40
COMMAND_FILES = {"OUTPUT": "set_output_", "STEP_SUMMARY": "step_summary_", "STATE": "save_state_", "ENV": "set_env_", "PATH": "add_path_"}


class Job:
    """A job of a workflow: its folders, its environment, and the inputs of its step."""

    def __init__(self, image, inputs, environment):
        self.image = image
        self.environment = {"GITHUB_REPOSITORY": "acme/churn", "GITHUB_RUN_ID": "1842", "GITHUB_RUN_ATTEMPT": "1",
                            "GITHUB_WORKFLOW": "gate", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REF": "refs/pull/7/merge",
                            "GITHUB_SHA": "f" * 40, "GITHUB_ACTOR": "alice", **environment}
        self.inputs = inputs
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="job-"))
        self.workspace = self.root / "work"
        temporary = self.root / "_temp"
        self.commands = temporary / "_runner_file_commands"
        self.mounts = {temporary: "/github/runner_temp", temporary / "_github_home": "/github/home",
                       temporary / "_github_workflow": "/github/workflow", self.commands: "/github/file_commands",
                       self.workspace: "/github/workspace"}
        for folder in self.mounts:
            folder.mkdir(parents=True, exist_ok=True)
        self.event_file = temporary / "_github_workflow" / "event.json"
        self.network = "host"
        self.pull_request("acme/churn")

    def pull_request(self, repository):
        """The event: pull request 7, from a branch of a repository."""
        head = {"sha": HEAD, "ref": "faster", "repo": {"full_name": repository}}
        base = {"ref": "main", "repo": {"full_name": "acme/churn"}}
        self.event("pull_request", {"pull_request": {"number": 7, "head": head, "base": base}})

    def event(self, name, payload):
        """The event that the job runs for."""
        self.event_name = name
        repository = {"full_name": "acme/churn", "default_branch": "main"}
        self.event_file.write_text(json.dumps({"repository": repository, **payload}))

    def start(self, entrypoint="/usr/local/bin/sagegate", state=None):
        """Starts the container of a step."""
        return Container(self, entrypoint, state or {})

    def step(self, entrypoint="/usr/local/bin/sagegate", state=None):
        """Runs a step to its end."""
        return self.start(entrypoint, state).ended()


class Container:
    """A step that runs."""

    def __init__(self, job, entrypoint, state):
        suffix = str(uuid.uuid4())
        self.job, self.suffix, self.name, self.signals = job, suffix, "sagegate_" + suffix[:8], []
        environment = dict(job.environment)
        for key, prefix in COMMAND_FILES.items():
            (job.commands / (prefix + suffix)).touch()
            environment["GITHUB_" + key] = f"/github/file_commands/{prefix}{suffix}"
        environment |= {"INPUT_" + name.replace(" ", "_").upper(): value for name, value in job.inputs.items()}
        environment |= {"STATE_" + name: value for name, value in state.items()}
        environment |= {"HOME": "/github/home", "GITHUB_WORKSPACE": "/github/workspace", "CI": "true", "GITHUB_ACTIONS": "true",
                        "GITHUB_EVENT_PATH": "/github/workflow/event.json", "GITHUB_EVENT_NAME": job.event_name}
        command = ["docker", "run", "--name", self.name, "--workdir", "/github/workspace", "--rm", "--network", job.network,
                   "--label", "org.sagegate.ci"]
        for key in environment:
            command += ["-e", key]
        command += ["--entrypoint", entrypoint]
        for outside, inside in job.mounts.items():
            command += ["-v", f"{outside}:{inside}"]
        # Values travel in the client's environment: only names are on the command line.
        self.client = subprocess.Popen([*command, job.image], env={**os.environ, **environment}, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)

    def cancel(self):
        """As the runner does after "Cancel workflow"."""
        for number, patience in CANCELLATION:
            self.client.send_signal(number)
            self.signals.append(number.name)
            try:
                self.client.wait(patience)
                break
            except subprocess.TimeoutExpired:
                pass
        return self.ended()

    def kill(self):
        """As a machine that goes away: without a signal."""
        subprocess.run(["docker", "kill", "--signal", "KILL", self.name], check=True, stdout=subprocess.DEVNULL)
        return self.ended()

    def ended(self):
        """Waits, and reads what the step wrote for the runner."""
        self.log, _ = self.client.communicate(timeout=120)
        self.code = self.client.returncode
        written = {key: (self.job.commands / (prefix + self.suffix)).read_text() for key, prefix in COMMAND_FILES.items()}
        self.outputs, self.state, self.summary = pairs(written["OUTPUT"]), pairs(written["STATE"]), written["STEP_SUMMARY"]
        assert not written["ENV"] and not written["PATH"], written
        return self


def pairs(text):
    """A command file as the runner reads it: `name=value`, or a name and a delimiter before lines of a value."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, delimiter = line.split("<<", 1)
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


class Simulator:
    """`sagegate simulate` with a profile, in TOML."""

    def __init__(self, program, profile):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="simulator-"))
        (folder / "profile.toml").write_text(profile)
        self.process = subprocess.Popen([program, "simulate", "--port", "0", "--profile", folder / "profile.toml"],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        words = self.process.stdout.readline().split()[1:]
        self.environment = dict(word.split("=", 1) for word in words)
        self.url = self.environment["AWS_ENDPOINT_URL"]

    def state(self):
        with urllib.request.urlopen(self.url + "/_simulator/state") as answer:
            return json.load(answer)

    def count(self, operation):
        return self.state()["requests"].get(operation, 0)

    def resources(self):
        state = self.state()
        return [it["name"] for it in state["endpoints"]] + state["endpoint_configs"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
