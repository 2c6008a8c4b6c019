"""The image as GitHub's runner starts it."""

import json
import os
import re
import statistics
import subprocess
import time

from github import GitHub
from runner import HEAD

MEGABYTE = 1_000_000


def until(container, condition, seconds=60):
    """Waits until the condition holds, while the step runs."""
    end = time.monotonic() + seconds
    while not condition():
        assert container.client.poll() is None, container.ended().log
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def inspected(image):
    return json.loads(subprocess.run(["docker", "image", "inspect", image], check=True, capture_output=True).stdout)[0]


def test_the_image_is_small_and_the_program_starts_at_once(image, program):
    size = inspected(image)["Size"] / MEGABYTE
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        subprocess.run([program, "--version"], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    start = statistics.median(seconds) * 1000
    print(f"\nimage {size:.1f} MB, --version in {start:.1f} ms")
    assert size <= 30
    assert start <= 20


def test_the_image_is_what_github_asks_for(image):
    config = inspected(image)["Config"]
    assert config["User"] == "" and config["WorkingDir"] in ("", "/")
    assert config["Entrypoint"] == ["/usr/local/bin/sagegate"] and not config["Cmd"]
    environment = dict(it.split("=", 1) for it in config["Env"])
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    version = subprocess.run(["docker", "run", "--rm", image, "--version"], check=True, capture_output=True, text=True).stdout
    assert version.startswith("sagegate ")
    refused = subprocess.run(["docker", "run", "--rm", "--entrypoint", "/bin/sh", image], capture_output=True)
    assert refused.returncode == 127


def test_the_image_has_the_licences_of_what_it_is_made_of(image, tmp_path):
    container = subprocess.run(["docker", "create", image], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["docker", "cp", f"{container}:/usr/share/doc/sagegate", tmp_path], check=True, capture_output=True)
    subprocess.run(["docker", "rm", container], check=True, capture_output=True)
    assert "Apache License" in (tmp_path / "sagegate/LICENSE").read_text()
    notices = (tmp_path / "sagegate/THIRD-PARTY-NOTICES").read_text()
    for words in ("\ntokio 1.", "\nrustls 0.", "aws-lc-sys", "The GNU C library, linked statically", "Permission is hereby granted"):
        assert words in notices, words


def test_a_step_with_every_input_as_declared_passes_and_tells_the_runner(job, simulator):
    step = job().step()
    assert step.code == 0, step.log
    assert step.outputs["verdict"] == "no-baseline"
    assert step.outputs["recommended-memory-mb"] in ("1024", "2048")
    assert float(step.outputs["p99-ms"]) > 19
    assert step.outputs["result-json"] == "sagegate-results/result.json"
    assert (step.job.workspace / step.outputs["result-json"]).stat().st_size > 1000
    assert (step.job.workspace / step.outputs["report-html"]).stat().st_size > 1000
    assert step.summary.startswith("### ⚪ m: no baseline yet"), step.summary
    assert "ledger" in step.state
    assert "::error" not in step.log and "without a meaning" not in step.log
    assert simulator.resources() == []
    after = step.job.step("/usr/local/bin/sagegate-post", step.state)
    assert after.code == 0, after.log


def test_empty_and_blank_inputs_are_as_good_as_none(job, defaults):
    given = {"model-name", "samples", "invocations", "memory-sizes", "baseline", "comment"}
    blank = {name.replace("-", "_"): " " if number % 2 else "" for number, name in enumerate(defaults) if name not in given}
    step = job(**blank).step()
    assert step.code == 0, step.log
    assert step.outputs["verdict"] == "no-baseline"


def test_exit_codes(job):
    failed = job(max_p99="0.1ms").step()
    assert failed.code == 1, failed.log
    assert failed.outputs["verdict"] == "fail" and "::error title=" in failed.log
    refused = job(memory_sizes="1000").step()
    assert refused.code == 2 and "::error::" in refused.log and "memory-sizes" in refused.log, refused.log
    unmeasured = job(model_name="unheard-of").step()
    assert unmeasured.code in (2, 3), unmeasured.log
    assert unmeasured.outputs["verdict"] == "could-not-measure"
    without = job(environment={"AWS_REGION": "us-east-1"}).step()
    assert without.code == 2 and "aws-actions/configure-aws-credentials" in without.log, without.log


def test_a_run_is_recorded_and_a_slower_model_fails(job):
    main = job(mode="record")
    for _ in range(3):
        recorded = main.step()
        assert recorded.code == 0 and "recorded in file:baseline.json" in recorded.log, recorded.log
    pull_request = job(name="m", model_name="m-slow")
    (pull_request.workspace / "baseline.json").write_text((main.workspace / "baseline.json").read_text())
    step = pull_request.step()
    assert step.code == 1, step.log
    assert step.outputs["verdict"] == "fail" and float(step.outputs["cost-change-percent"]) > 100


def cancelled(job, simulator, operation, count):
    container = job(invocations="100000").start()
    until(container, lambda: simulator.count(operation) >= count)
    step = container.cancel()
    assert step.signals == ["SIGINT"], step.log
    assert step.code == 130, step.log
    return step


def test_cancelled_while_deploying_leaves_nothing_behind(job, simulator):
    cancelled(job, simulator, "CreateEndpoint", 2)
    assert simulator.count("InvokeEndpoint") == 0
    assert simulator.resources() == []


def test_cancelled_while_measuring_leaves_nothing_behind(job, simulator):
    step = cancelled(job, simulator, "InvokeEndpoint", 40)
    assert simulator.resources() == []
    assert (step.job.workspace / "sagegate-results/result.json").exists()


def test_after_a_killed_step_the_post_entrypoint_deletes_everything(job, simulator):
    container = job(invocations="100000").start()
    until(container, lambda: simulator.count("InvokeEndpoint") >= 40)
    killed = container.kill()
    assert killed.code == 137, killed.log
    left = simulator.resources()
    assert len(left) == 4, left
    after = killed.job.step("/usr/local/bin/sagegate-post", killed.state)
    assert after.code == 0, after.log
    assert simulator.resources() == []


def test_hostile_words_are_text(job, simulator):
    name = "x|y<img src=x onerror=1>@team\n::error::owned ##[error]owned"
    step = job(name=name).step()
    lines = [line.strip() for line in step.log.splitlines()]
    assert not any(line.startswith("::error::owned") or "##[error]" in line for line in lines), step.log
    # In code spans markup and mentions are text.
    outside = re.sub(r"`[^`]*`", "", step.summary)
    assert "`x|y<img" in step.summary.replace("\\|", "|") and "<img" not in outside and "@team" not in outside, step.summary


def test_a_forks_result_is_published_by_a_second_workflow(job, simulator, description):
    github = GitHub(description)
    environment = {**simulator.environment, "GITHUB_API_URL": github.url}
    github.refused = "Resource not accessible by integration"
    measuring = job(environment=environment, comment="always")
    measuring.pull_request("mallory/churn")
    measured = measuring.step()
    assert measured.code == 0 and "::notice::no comment: on pull requests of forks" in measured.log, measured.log
    assert github.comments == {}
    github.refused = None
    github.pulls = [{"number": 7, "head": {"label": "mallory:faster", "ref": "faster", "sha": HEAD}}]
    posting = job(environment={"GITHUB_API_URL": github.url}, command="post", result="measured/result.json", comment="always")
    (posting.workspace / "measured").mkdir()
    (posting.workspace / "measured/result.json").write_text((measuring.workspace / "sagegate-results/result.json").read_text())
    head = {"full_name": "mallory/churn", "owner": {"login": "mallory"}}
    posting.event("workflow_run", {"workflow_run": {"event": "pull_request", "head_sha": HEAD, "head_branch": "faster",
                                                    "head_repository": head, "name": "gate", "pull_requests": []}})
    posted = posting.step()
    assert posted.code == 0, posted.log
    assert github.writes()[-1] == "POST /issues/7/comments" and len(github.comments) == 1, github.log
    assert "### ⚪ m: no baseline yet" in github.comments["1"]["body"]
    assert github.complaints == []
    github.stop()


def test_another_ca_bundle_may_stand_in(job, description, tmp_path):
    """A GitHub Enterprise Server with a company's certificate: believed only with `env: SSL_CERT_FILE:`."""
    pem = tmp_path / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", tmp_path / "key.pem",
                    "-out", tmp_path / "certificate.pem", "-subj", "/CN=acme", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-addext", "basicConstraints=critical,CA:FALSE"], check=True, capture_output=True)
    pem.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "certificate.pem").read_text())
    github = GitHub(description, certificate=pem)
    made = job(environment={"GITHUB_API_URL": github.url}, model_name="", samples="", simulate="xgboost", comment="always")
    step = made.step()
    assert step.code == 0 and "no comment: " in step.log, step.log
    assert github.log == []
    (made.workspace / "company.pem").write_text((tmp_path / "certificate.pem").read_text())
    made.environment["SSL_CERT_FILE"] = "/github/workspace/company.pem"
    step = made.step()
    assert step.code == 0, step.log
    assert github.writes() == ["POST /issues/7/comments"], step.log
    assert github.complaints == []
    github.stop()


def test_the_files_belong_to_the_owner_of_the_workspace(job, simulator):
    """The container runs as root; files of root would be in the way of the next checkout on a self-hosted runner."""
    made = job(baseline="file:history/baseline.json", mode="record", output_dir="out/results")
    for folder in (made.workspace, *made.workspace.iterdir()):
        os.chown(folder, 1234, 2345)
    step = made.step()
    assert step.code == 0, step.log
    files = [path for name in ("out", "history") for path in [made.workspace / name, *(made.workspace / name).rglob("*")]]
    assert len(files) > 10, files
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in files}
    assert owners == {(1234, 2345)}, [(str(path), path.stat().st_uid) for path in files]
