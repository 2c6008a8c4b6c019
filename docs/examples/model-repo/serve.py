"""SageMaker's contract for a container: `serve` answers GET /ping and POST /invocations on port 8080."""

import http.server
import json
import os
import signal
import socket
import sys

import joblib

MODEL = os.path.join(os.environ.get("MODEL_DIR", "/opt/ml/model"), "model.joblib")


def rows_of(body, content_type):
    """The rows of a request: CSV without a header, or a JSON array of rows."""
    if content_type.startswith("application/json"):
        return json.loads(body)
    return [[float(cell) for cell in line.split(",")] for line in body.decode().splitlines() if line]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_):
        pass

    def answer(self, status, answer):
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            rows = rows_of(body, self.headers.get("Content-Type", "text/csv"))
            self.answer(200, self.server.model.predict(rows).tolist())
        except ValueError as error:
            print(f"refused: {error}", file=sys.stderr)
            self.answer(400, {"error": str(error)})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    if sys.argv[1:] != ["serve"]:
        sys.exit(f"usage: {sys.argv[0]} serve")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = Server(("0.0.0.0", int(os.environ.get("PORT", "8080"))), Handler)
    server.model = joblib.load(MODEL)
    print(f"serving {MODEL}")
    server.serve_forever()
