"""A repository whose workflow says `uses: acme/sagegate@v1`, run by act against a simulated AWS and a GitHub on the loopback."""

import json
import os
import shutil
import subprocess

import pytest

from conftest import REPOSITORY
from github import BOT, TOKEN, GitHub

WORKFLOW = """
name: gate
on: [pull_request, push, merge_group]
permissions:
  contents: write
  pull-requests: write
jobs:
  sagegate:
    runs-on: ubuntu-latest
    steps:
      - run: echo '{"Body":"1,2,3","ContentType":"text/csv"}' > samples.jsonl
      - uses: acme/sagegate@v1
        id: gate
        with:
          model-name: MODEL
          name: churn
          samples: samples.jsonl
          memory-sizes: 1024,2048
          invocations: 100
          warmup: 5
          max-p99-increase: 60%
          max-cost-increase: 60%
      - if: always()
        run: echo "verdict=$VERDICT p99-change=$CHANGE"
        env:
          VERDICT: ${{ steps.gate.outputs.verdict }}
          CHANGE: ${{ steps.gate.outputs.p99-change-percent }}
"""


@pytest.fixture
def github(description):
    github = GitHub(description)
    yield github
    github.stop()
    assert github.complaints == []


@pytest.fixture
def consumer(tmp_path, image, simulator, github):
    """Runs the workflow for an event; what became of its job, and its log."""
    action = tmp_path / "action"
    action.mkdir()
    shutil.copy(REPOSITORY / "action.yml", action)
    subprocess.run([REPOSITORY / ".github/packaging/pin-image", "ghcr.io/acme/sagegate:v1.0.0", action / "action.yml"], check=True)
    subprocess.run(["docker", "tag", image, "ghcr.io/acme/sagegate:v1.0.0"], check=True)
    repository = tmp_path / "churn"
    (repository / ".github/workflows").mkdir(parents=True)

    def git(*words):
        identity = ["-c", "user.name=alice", "-c", "user.email=alice@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *identity, *words], cwd=repository, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    git("remote", "add", "origin", "https://github.com/acme/churn.git")
    runs = [1841]

    def run(event, model="m", workflow=WORKFLOW, fork=False):
        (repository / ".github/workflows/gate.yml").write_text(workflow.replace("MODEL", model))
        git("add", ".")
        git("commit", "--quiet", "--allow-empty", "--message", f"{event} of {model}")
        head = git("rev-parse", "HEAD")
        payload = {"repository": {"full_name": "acme/churn", "name": "churn", "owner": {"login": "acme"}, "default_branch": "main"}}
        if event == "pull_request":
            payload |= {"number": 7, "pull_request": {
                "number": 7, "head": {"sha": head, "ref": "faster", "repo": {"full_name": "stranger/churn" if fork else "acme/churn"}},
                "base": {"sha": head, "ref": "main", "repo": {"full_name": "acme/churn"}}}}
        elif event == "merge_group":
            payload |= {"action": "checks_requested", "merge_group": {
                "head_sha": head, "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{head}", "base_ref": "refs/heads/main"}}
        else:
            payload |= {"ref": "refs/heads/main", "after": head}
        (tmp_path / "event.json").write_text(json.dumps(payload))
        runs[0] += 1
        # A fork's pull request gets no credentials.
        settings = ({} if fork else simulator.environment) | {"GITHUB_API_URL": github.url, "GITHUB_RUN_ID": str(runs[0])}
        command = ["act", event, "--directory", repository, "--eventpath", tmp_path / "event.json", "--json", "--rm",
                   "--platform", "ubuntu-latest=sagegate-job:local", "--pull=false", "--no-cache-server",
                   "--secret", f"GITHUB_TOKEN={TOKEN}", "--local-repository", f"acme/sagegate@v1={action}"]
        for name, value in settings.items():
            command += ["--env", f"{name}={value}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180,
                              env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)})
        entries = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        log = "".join(it.get("msg", "") + "\n" for it in entries) + done.stderr
        results = [it["jobResult"] for it in entries if "jobResult" in it]
        assert TOKEN not in log
        return next((it for it in results if it != "success"), "success") if results else None, log

    return run


def test_the_first_run_comments_the_second_edits_and_a_regression_fails(consumer, github, simulator):
    result, log = consumer("pull_request", "m")
    assert result == "success", log
    assert "verdict=no-baseline" in log, log
    assert github.writes() == ["POST /issues/7/comments"], log
    assert "### ⚪ churn: no baseline yet" in github.comments["1"]["body"]
    assert github.comments["1"]["user"]["login"] == BOT

    result, log = consumer("push", "m")
    assert result == "success", log
    assert "recorded in branch:sagegate" in log, log
    assert list(github.branches) == ["sagegate"]
    assert len(github.comments) == 1

    result, log = consumer("pull_request", "m")
    assert result == "success", log
    assert "verdict=pass" in log or "verdict=inconclusive" in log, log
    assert github.writes()[-1] == "PATCH /issues/comments/1" and len(github.comments) == 1
    assert "### ⚪ churn: no baseline yet" not in github.comments["1"]["body"]

    result, log = consumer("pull_request", "m-slow")
    assert result == "failure", log
    assert "verdict=fail" in log, log
    assert "### ❌ churn failed" in github.comments["1"]["body"]
    assert len(github.comments) == 1
    assert simulator.resources() == []


def test_ours_is_found_among_250_foreign_comments(consumer, github):
    for number in range(230):
        github.commented("7", "alice", f"comment {number}")
    github.commented("7", "mallory", "<!-- sagegate key=gate/churn sha=x run=9999-1 at=2030-01-01T00:00:00Z -->")
    github.commented("7", BOT, "<!-- sagegate key=gate/churn sha=x run=1-1 at=2026-01-01T00:00:00Z -->\nold")
    for number in range(20):
        github.commented("7", "alice", f"later comment {number}")
    result, log = consumer("pull_request", "m")
    assert result == "success", log
    # One of a version that knew no legs gives way to that of the leg.
    assert github.writes() == ["POST /issues/7/comments", "DELETE /issues/comments/232"]


def test_a_step_without_a_comment_still_fails_by_its_verdict_alone(consumer, github):
    github.refused = "Resource not accessible by integration"
    result, log = consumer("pull_request", "m")
    assert result == "success", log
    assert "no comment: cannot write the comment" in log, log
    assert github.comments == {}


def test_the_dry_run_of_the_examples_fails_and_comments_without_an_aws_account(consumer, github, simulator):
    example = (REPOSITORY / "docs/examples/dry-run.yml").read_text().replace("OWNER/", "acme/").replace("ubuntu-24.04", "ubuntu-latest")
    # Actions in JavaScript need more than the job's image has.
    example = example[: example.index("      - uses: actions/upload-artifact")].replace("@v0", "@v1")
    example = example.replace("simulate: xgboost,", "simulate: xgboost, memory-sizes: '2048', invocations: 300,")
    result, log = consumer("pull_request", workflow=example)
    assert result == "failure", log
    assert "### ❌ xgboost failed" in github.comments["1"]["body"], log
    assert len(github.comments) == 1
    assert simulator.state()["requests"] == {}


def test_what_a_pull_request_was_accepted_with_passes_in_the_merge_queue(consumer, github, simulator):
    result, log = consumer("push", "m")
    assert result == "success", log
    result, log = consumer("pull_request", "m-slow")
    assert result == "failure", log
    github.labels["7"] = ["sagegate:accept"]
    # Another pull request is before it in the queue.
    github.queue = {"refs/heads/gh-readonly-queue/main/pr-5-abc": "5" * 40}
    github.ahead = ["5" * 40, "7" * 40]
    comment = github.comments["1"]["body"]
    result, log = consumer("merge_group", "m-slow")
    assert result == "success", log
    assert "verdict=accepted" in log, log
    assert "this merge group is of pull request 7 and holds 5 before it" in log, log
    assert github.comments["1"]["body"] == comment and len(github.comments) == 1
    assert simulator.resources() == []


MATRIX = """
name: gate
on: [pull_request, push]
permissions:
  contents: write
  pull-requests: write
jobs:
  sagegate:
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix:
        region: [us-east-1, eu-west-1, ap-northeast-1]
        samples: [small, large]
    steps:
      - run: echo '{"Body":"${{ matrix.samples }}","ContentType":"text/csv"}' > ${{ matrix.samples }}.jsonl
      - uses: acme/sagegate@v1
        id: gate
        with:
          model-name: ${{ matrix.samples == 'large' && 'm-slow' || 'm' }}
          name: churn
          region: ${{ matrix.region }}
          samples: ${{ matrix.samples }}.jsonl
          memory-sizes: 2048
          invocations: 100
          warmup: 2
          max-p99-increase: 60%
          max-cost-increase: 60%
      - if: always()
        run: echo "verdict=$VERDICT"
        env:
          VERDICT: ${{ steps.gate.outputs.verdict }}
"""


def test_a_matrix_of_regions_and_samples_records_six_histories_and_each_leg_is_judged_by_its_own(consumer, github, simulator):
    result, log = consumer("push", workflow=MATRIX)
    assert result == "success", log
    entries = json.loads(github.branches["sagegate"]["baseline.json"])["models"]["churn"]
    legs = {(it["key"]["region"], it["key"]["samples_sha256"]) for it in entries}
    assert len(entries) == len(legs) == 6 and {it["branch"] for it in entries} == {"main"}
    result, log = consumer("pull_request", workflow=MATRIX)
    assert result == "success", log
    # What the steps print; act shows their outputs, too.
    assert [line.strip() for line in log.splitlines()].count("verdict=pass") == 6, log
    assert len(github.comments) == 6
    assert simulator.resources() == []


LOCAL = """
name: gate
on: pull_request
permissions:
  contents: read
  pull-requests: write
jobs:
  sagegate:
    runs-on: ubuntu-latest
    steps:
      - run: echo '{"Body":"1,2,3","ContentType":"text/csv"}' > samples.jsonl
      - uses: acme/sagegate@v1
        id: gate
        with:
          local: true
          image-uri: sagegate-toy:ci
          container-env: WORK_MS=5
          samples: samples.jsonl
          memory-sizes: 1024,2048
          invocations: 100
          warmup: 5
      - run: echo "verdict=${{ steps.gate.outputs.verdict }} on=${{ steps.gate.outputs.measured-on }}"
"""


SIDE_BY_SIDE = LOCAL.replace("container-env: WORK_MS=5", "rounds: 2\n          max-p99-increase: 50%\n          max-cost-increase: 50%")
SIDE_BY_SIDE = SIDE_BY_SIDE.replace("memory-sizes: 1024,2048", "memory-sizes: 2048").replace("sagegate-toy:ci", "IMAGE\n          against-image-uri: sagegate-toy:work10")


def test_a_forks_pull_request_is_gated_beside_main_without_credentials(consumer, github, simulator):
    result, log = consumer("pull_request", workflow=SIDE_BY_SIDE.replace("IMAGE", "sagegate-toy:work10"), fork=True)
    assert result == "success", log
    assert "verdict=no-baseline" not in log and "on=this-machine" in log, log
    comment = github.comments["1"]["body"]
    assert "measured in turn in this job (2 rounds)" in comment, comment
    result, log = consumer("pull_request", workflow=SIDE_BY_SIDE.replace("IMAGE", "sagegate-toy:work30"), fork=True)
    assert result == "failure", log
    assert "verdict=fail" in log or "\u274c" in github.comments["1"]["body"], log
    assert len(github.comments) == 1
    assert simulator.state()["requests"] == {}


def test_a_forks_pull_request_is_gated_in_containers_without_credentials(consumer, github, simulator):
    result, log = consumer("pull_request", workflow=LOCAL, fork=True)
    assert result == "success", log
    assert "verdict=no-baseline on=this-machine" in log, log
    comment = github.comments["1"]["body"]
    assert "sagegate-toy on this machine: no baseline yet" in comment and "not SageMaker" in comment, comment
    assert "Peak memory" in comment and "Would it start on serverless" in comment, comment
    assert simulator.state()["requests"] == {}
    left = subprocess.run(["docker", "ps", "--all", "--quiet", "--filter", "label=sagegate.run"], capture_output=True, text=True)
    assert left.stdout == ""
