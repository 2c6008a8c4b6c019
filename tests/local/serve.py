#!/usr/bin/python3
"""A model server as SageMaker starts it, `serve` on port 8080, and toys that break in one way each. TOY names the way:

    (none)      answers with the sum of each row
    memory      needs MEGABYTES of memory to start
    grows       takes MEGABYTES of memory with each call
    forks       answers from a child process, which takes MEGABYTES of memory with a call
    slow-start  is ready after SECONDS
    crash       ends at its start with a traceback
    dies        ends in the middle of its third call
    slow        takes SECONDS for a call
    logs        writes to /logs at its start
    root        needs to be root
    shm         needs /dev/shm
    no-ping     never answers /ping
    error       answers 500
    headers     answers with the request's headers as JSON
    env         answers with its environment as JSON
    large       answers with MEGABYTES of zeros
    talkative   writes a line of a kilobyte with each call, with control characters
    deaf        ignores SIGTERM
"""

import http.server
import json
import os
import signal
import socket
import sys
import time

TOY = os.environ.get("TOY", "")
SECONDS = float(os.environ.get("SECONDS", "1"))
MEGABYTES = int(os.environ.get("MEGABYTES", "0"))
WORK_MS = float(os.environ.get("WORK_MS", "0"))
kept = []
calls = 0


def take(megabytes):
    for _ in range(megabytes):
        kept.append(bytearray(os.urandom(4096) * 256))


def in_child():
    """Answers from a child, as servers with workers do; the child may be killed without this process."""
    child = os.fork()
    if child == 0:
        take(MEGABYTES)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_):
        pass

    def answer(self, status, body, content_type="application/json"):
        head = f"HTTP/1.1 {status} x\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.wfile.write(head + body)

    def do_GET(self):
        if TOY == "no-ping":
            time.sleep(3600)
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self):
        global calls
        calls += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if WORK_MS:
            until = time.process_time() + WORK_MS / 1000
            while time.process_time() < until:
                pass
        if TOY == "slow":
            time.sleep(SECONDS)
        elif TOY == "grows":
            take(MEGABYTES)
        elif TOY == "forks" and not in_child():
            return self.answer(500, b'{"error": "the worker is gone"}')
        elif TOY == "dies" and calls == 3:
            print("dies: the third call is too much", flush=True)
            os._exit(7)
        elif TOY == "error":
            print("Traceback (most recent call last):\nValueError: could not convert string to float", flush=True)
            return self.answer(500, b"could not convert string to float")
        elif TOY == "talkative":
            print("x\x1b[31m::error::y" * 64, flush=True)
        elif TOY == "headers":
            return self.answer(200, json.dumps(dict(self.headers)).encode())
        elif TOY == "env":
            return self.answer(200, json.dumps(dict(os.environ)).encode())
        elif TOY == "large":
            return self.answer(200, bytes(MEGABYTES << 20), "application/octet-stream")
        try:
            rows = [[float(cell) for cell in line.split(",")] for line in body.decode().splitlines() if line]
            answers = [sum(row) for row in rows]
        except ValueError as error:
            return self.answer(400, json.dumps({"error": str(error)}).encode())
        self.answer(200, json.dumps(answers).encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    if sys.argv[1:] != ["serve"]:
        sys.exit(f"started with {sys.argv[1:]} instead of serve")
    print("starting", flush=True)
    if TOY != "deaf":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if TOY == "memory":
        take(MEGABYTES)
    elif TOY == "slow-start":
        time.sleep(SECONDS)
    elif TOY == "crash":
        raise RuntimeError("the model is of another version")
    elif TOY == "logs":
        os.makedirs("/logs", exist_ok=True)
        open("/logs/access.log", "a").close()
    elif TOY == "root" and os.geteuid() != 0:
        raise PermissionError("cannot bind as this user")
    elif TOY == "shm":
        import multiprocessing

        multiprocessing.Lock()
    print("ready", flush=True)
    Server(("0.0.0.0", 8080), Handler).serve_forever()
