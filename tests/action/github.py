"""A GitHub on the loopback that holds every request to GitHub's own description of its REST API (npm @octokit/openapi), and
answers with that description's examples, filled with what it holds."""

import base64
import hashlib
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema

REPOSITORY = "/repos/acme/churn"
TOKEN = "ghs_0123456789abcdef"
BOT = "github-actions[bot]"


class Description:
    """GitHub's OpenAPI description."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.document = json.load(file)
        self.routes = []
        for template, operations in self.document["paths"].items():
            # A path within a repository may hold slashes.
            whole = lambda name: name == "path" or name == "ref" and "matching-refs" in template
            pattern = re.sub(r"\\{(\w+)\\}", lambda it: "(.+)" if whole(it[1]) else "([^/]+)", re.escape(template))
            self.routes.append((re.compile(pattern), template.count("{"), operations))
        self.routes.sort(key=lambda it: it[1])

    def resolved(self, node):
        """Without references, and with `nullable` as JSON Schema says it."""
        if isinstance(node, list):
            return [self.resolved(it) for it in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            return self.resolved(target)
        node = {key: self.resolved(value) for key, value in node.items() if key != "nullable" or isinstance(value, dict)} | (
            {"nullable": True} if node.get("nullable") is True else {})
        if node.pop("nullable", False) is True and "type" in node:
            node["type"] = [node["type"], "null"]
        return node

    def operation(self, method, path):
        """The operation of a request, or `None`."""
        for pattern, _, operations in self.routes:
            if pattern.fullmatch(path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def complaints(self, method, path, query, body):
        """What is wrong with a request."""
        operation = self.operation(method, path)
        if operation is None:
            return [f"no operation {method} {path}"]
        found = []
        parameters = [self.resolved(it) for it in operation.get("parameters", [])]
        known = {it["name"]: it for it in parameters if it["in"] == "query"}
        for name, value in query:
            if name not in known:
                found.append(f"unknown parameter {name}={value}")
                continue
            schema = known[name]["schema"]
            typed = int(value) if schema.get("type") == "integer" and value.isdigit() else value
            found += [f"parameter {name}: {it.message}" for it in validator(schema).iter_errors(typed)]
        found += [f"parameter {name} is missing" for name, it in known.items() if it.get("required") and name not in dict(query)]
        if "requestBody" in operation:
            schema = self.resolved(operation["requestBody"])["content"]["application/json"]["schema"]
            found += [f"body: {it.message}" for it in validator(schema).iter_errors(body)]
            found += [f"unknown property {name}" for name in body if name not in schema.get("properties", {})]
        elif body is not None:
            found.append("a body where none belongs")
        return found

    def example(self, method, path, status):
        """The example of an answer: the whole object, or an element of the list."""
        response = self.resolved(self.operation(method, path)["responses"][str(status)])
        content = response.get("content", {}).get("application/json", {})
        examples = [it["value"] for it in content.get("examples", {}).values()]
        value = examples[0] if examples else {}
        return value[0] if isinstance(value, list) and value else value


def validator(schema):
    return jsonschema.Draft202012Validator(schema)


def sha(kind, data):
    """A Git object's hash."""
    return hashlib.sha1(kind.encode() + b" %d\0" % len(data) + data).hexdigest()


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class GitHub:
    """What GitHub holds, and a server of it. `certificate`: a PEM file of key and certificate, for TLS."""

    def __init__(self, description, certificate=None):
        self.description = description
        self.comments, self.branches, self.objects = {}, {}, {}
        self.log, self.complaints = [], []
        # Open pull requests.
        self.pulls = []
        # Labels by pull request, branches of the merge queue with their commits, and the commits of a merge group.
        self.labels, self.queue, self.ahead = {}, {}, []
        # Words with which every write of a comment is refused, as for the token of a fork.
        self.refused = None
        github = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                status, body = github.answer(self.command, self.path, self.headers, self.rfile.read(length))
                self.send_response(status)
                self.send_header("content-type", "application/json; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                """The log is kept in `GitHub.log`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()

    def writes(self):
        """Requests that change something, without the repository's path."""
        return [it for it in self.log if not it.startswith("GET") and "graphql" not in it]

    def answer(self, method, target, headers, data):
        parts = urlsplit(target)
        path, query = parts.path, parse_qsl(parts.query)
        self.log.append(f"{method} {path.removeprefix(REPOSITORY)}")
        body = json.loads(data) if data else None
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, b'{"message": "Bad credentials"}'
        if (method, path) == ("POST", "/graphql"):
            # Not REST, so not described: it is asked for one thing.
            if "viewer" not in body["query"]:
                self.complaints.append(f"graphql: {body}")
            return 200, json.dumps({"data": {"viewer": {"login": BOT}}}).encode()
        found = self.description.complaints(method, path, query, body)
        if not headers.get("user-agent"):
            found.append("no user-agent: GitHub refuses that")
        if not (headers.get("accept") or "").startswith("application/vnd.github"):
            found.append(f"accept: {headers.get('accept')}")
        if found:
            self.complaints += [f"{method} {path}: {it}" for it in found]
            return 422, json.dumps({"message": "; ".join(found)}).encode()
        try:
            status, answer = self.do(method, unquote(path.removeprefix(REPOSITORY)), dict(query), body)
        except Refused as refused:
            return refused.status, json.dumps({"message": str(refused), "status": str(refused.status)}).encode()
        if isinstance(answer, bytes):
            return status, answer
        example = self.description.example(method, path, status)
        if isinstance(answer, list):
            return status, json.dumps([example | it for it in answer]).encode()
        return status, json.dumps(example | answer).encode()

    def do(self, method, route, query, body):
        parts = route.strip("/").split("/")
        if self.refused and method != "GET" and "comments" in parts:
            raise Refused(403, self.refused)
        match [method, *parts]:
            case ["GET", ""]:
                return 200, {"full_name": "acme/churn"}
            case ["GET", "issues", number, "comments"]:
                size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
                of_issue = [it for it in self.comments.values() if it["issue"] == number]
                return 200, of_issue[(page - 1) * size:page * size]
            case ["POST", "issues", number, "comments"]:
                return 201, self.commented(number, BOT, body["body"])
            case ["PATCH", "issues", "comments", number]:
                if number not in self.comments:
                    raise Refused(404, "Not Found")
                self.comments[number]["body"] = body["body"]
                return 200, self.comments[number]
            case ["GET", "pulls"]:
                return 200, [it for it in self.pulls if it["head"]["label"] == query["head"]]
            case ["DELETE", "issues", "comments", number]:
                if number not in self.comments:
                    raise Refused(404, "Not Found")
                del self.comments[number]
                return 204, b""
            case ["GET", "issues", number, "labels"]:
                return 200, [{"name": it} for it in self.labels.get(number, [])]
            case ["GET", "issues", number, "events"]:
                return 200, [{"event": "labeled", "created_at": "2026-11-22T09:00:00Z", "label": {"name": it}, "actor": {"login": "octo-dev"}}
                             for it in self.labels.get(number, [])]
            case ["GET", "collaborators", login, "permission"]:
                return 200, {"permission": "write", "role_name": "write", "user": {"login": login, "permissions": {"push": True}}}
            case ["GET", "git", "matching-refs", *rest]:
                prefix = "/".join(["refs", *rest])
                return 200, [{"ref": name, "object": {"type": "commit", "sha": commit}} for name, commit in self.queue.items()
                             if name.startswith(prefix + ("/" if route.endswith("/") else ""))]
            case ["GET", "compare", _]:
                return 200, {"commits": [{"sha": it} for it in self.ahead]}
            case ["GET", "contents", *rest]:
                return 200, self.read(query.get("ref", "main"), "/".join(rest))
            case ["PUT", "contents", *rest]:
                return self.write(body, "/".join(rest))
            case ["POST", "git", kind]:
                return 201, self.made(kind, body)
        raise Refused(404, "Not Found")

    def commented(self, number, login, text):
        key = str(max(map(int, self.comments), default=0) + 1)
        comment = {"id": int(key), "issue": number, "user": {"login": login}, "body": text,
                   "html_url": f"https://github.com/acme/churn/pull/{number}#issuecomment-{key}",
                   "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"}
        self.comments[key] = comment
        return comment

    def read(self, branch, path):
        if branch not in self.branches:
            raise Refused(404, f"No commit found for the ref {branch}")
        if path not in self.branches[branch]:
            raise Refused(404, "Not Found")
        data = self.branches[branch][path]
        return {"type": "file", "path": path, "sha": sha("blob", data), "size": len(data), "encoding": "base64",
                "content": base64.encodebytes(data).decode()}

    def write(self, body, path):
        files = self.branches.get(body.get("branch", "main"))
        if files is None:
            raise Refused(404, "Branch not found")
        now = sha("blob", files[path]) if path in files else None
        if body.get("sha") != now:
            raise Refused(409, f"{path} does not match {body.get('sha')}")
        files[path] = base64.b64decode(body["content"])
        return 200 if now else 201, {"content": {"sha": sha("blob", files[path]), "path": path}}

    def made(self, kind, body):
        match kind:
            case "blobs":
                data = base64.b64decode(body["content"]) if body.get("encoding") == "base64" else body["content"].encode()
            case "trees":
                data = {it["path"]: self.objects[it["sha"]] for it in body["tree"]}
            case "commits":
                data = self.objects[body["tree"]]
            case "refs":
                name = body["ref"].removeprefix("refs/heads/")
                if name in self.branches:
                    raise Refused(422, "Reference already exists")
                self.branches[name] = dict(self.objects[body["sha"]])
                return {"ref": body["ref"]}
            case _:
                raise Refused(404, "Not Found")
        key = sha(kind, repr(data).encode())
        self.objects[key] = data
        return {"sha": key}
