"""What reaches the model: AWS's Python toolkit and sagegate send the same headers and bodies of the same samples file.

A proxy before the simulated AWS records every call of InvokeEndpoint: the body, and the headers that SageMaker hands on or
acts by. Samples as the toolkit's own functions write them, JSON Lines and pickle, with and without ContentType.

Usage: same_calls.py SAGEGATE
"""

import hashlib
import http.client
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from sm_serverless_benchmarking.utils import convert_invoke_args_to_jsonl, convert_invoke_args_to_pkl

from contest import run, start_simulator, toolkit_command

# An endpoint that does not exist: sagegate opens its connections with it.
CONNECTION_CHECK = "sagegate-connection-check"
TEXT = [
    {"Body": "34,2,0.71"},
    {"Body": "51,9,0.13", "ContentType": "text/csv"},
    {"Body": '{"inputs": "Grüße, 東京"}', "ContentType": "application/json", "Accept": "application/json"},
    {"Body": "1\n2\n", "ContentType": "text/csv; header=present", "CustomAttributes": "trace=1", "InferenceId": "sample-4"},
    {"Body": ""},
]
BINARY = [
    {"Body": bytes(range(256))},
    {"Body": b"\x89PNG\r\n\x1a\n", "ContentType": "image/png", "Accept": "application/json"},
    {"Body": "text in a pickle", "ContentType": "text/plain"},
    {"Body": "not ASCII: é"},
]


def reaches_the_model(headers) -> tuple:
    kept = {name.lower(): value for name, value in headers.items()}
    names = sorted(name for name in kept if name in ("content-type", "accept") or name.startswith("x-amzn-sagemaker-"))
    return tuple((name, kept[name]) for name in names)


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        # A client that ends resets the connections that it kept.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def proxy_before(url: str, seen: set) -> ThreadingHTTPServer:
    upstream = urlsplit(url)

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/invocations") and CONNECTION_CHECK not in self.path:
                seen.add((reaches_the_model(self.headers), len(body), hashlib.sha256(body).hexdigest()))
            connection = http.client.HTTPConnection(upstream.hostname, upstream.port)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = forward

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def calls(sagegate: str, command: list[str], log: Path) -> set:
    """What reaches the model when `command` runs against a fresh simulated AWS."""
    server, environment = start_simulator(sagegate, "xgboost")
    seen: set = set()
    proxy = proxy_before(environment["AWS_ENDPOINT_URL"], seen)
    try:
        run(command, environment | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.server_port}"}, log)
    finally:
        proxy.shutdown()
        server.terminate()
        server.wait()
    return seen


def main() -> None:
    (sagegate,) = sys.argv[1:]
    failures = []
    with tempfile.TemporaryDirectory() as work:
        for kind, write, samples in (
            ("JSON Lines", convert_invoke_args_to_jsonl, TEXT),
            ("pickle", convert_invoke_args_to_pkl, BINARY),
        ):
            folder = Path(work) / kind.replace(" ", "-")
            folder.mkdir()
            file = write(samples, str(folder))
            what = ["--model-name", "xgboost", "--samples", str(file), "--output-dir", str(folder / "ours")]
            how = ["--memory-sizes", "1024,2048", "--invocations", "20", "--warmup", "0", "--concurrency-benchmark", "false"]
            ours = calls(sagegate, [sagegate, "benchmark", *what, *how], folder / "ours.log")
            # It chooses samples at random: six sizes of 30 calls miss none of five.
            toolkit = toolkit_command("xgboost", file, folder / "toolkit", 30, 0)
            theirs = calls(sagegate, toolkit, folder / "toolkit.log")
            failures += [f"{kind}: only the toolkit sends {call}" for call in sorted(theirs - ours)]
            failures += [f"{kind}: only sagegate sends {call}" for call in sorted(ours - theirs)]
            if len(theirs) != len(samples):
                failures.append(f"{kind}: {len(theirs)} different calls of the toolkit, {len(samples)} samples")
            print(f"{kind}: {len(theirs)} calls of the toolkit, {len(ours)} of sagegate, {len(theirs & ours)} the same")
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(bool(failures))


main()
