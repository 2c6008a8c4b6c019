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
on: [pull_request, push]
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

    def run(event, model="m", workflow=WORKFLOW):
        (repository / ".github/workflows/gate.yml").write_text(workflow.replace("MODEL", model))
        git("add", ".")
        git("commit", "--quiet", "--allow-empty", "--message", f"{event} of {model}")
        head = git("rev-parse", "HEAD")
        payload = {"repository": {"full_name": "acme/churn", "name": "churn", "owner": {"login": "acme"}, "default_branch": "main"}}
        if event == "pull_request":
            payload |= {"number": 7, "pull_request": {
                "number": 7, "head": {"sha": head, "ref": "faster", "repo": {"full_name": "acme/churn"}},
                "base": {"sha": head, "ref": "main", "repo": {"full_name": "acme/churn"}}}}
        else:
            payload |= {"ref": "refs/heads/main", "after": head}
        (tmp_path / "event.json").write_text(json.dumps(payload))
        runs[0] += 1
        settings = simulator.environment | {"GITHUB_API_URL": github.url, "GITHUB_RUN_ID": str(runs[0])}
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
        return results[-1] if results else None, log

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


def test_the_dry_run_of_the_examples_comments_without_an_aws_account(consumer, github, simulator):
    example = (REPOSITORY / "docs/examples/dry-run.yml").read_text().replace("OWNER/", "acme/").replace("ubuntu-24.04", "ubuntu-latest")
    result, log = consumer("pull_request", workflow=example)
    assert result == "success", log
    assert "### ⚪ mobilenet-v2: no baseline yet" in github.comments["1"]["body"]
    assert simulator.state()["requests"] == {}
