"""What drive_faults_test.sh needs beside the program: services that misbehave, and a state file in wrong hands.

usage: drive_faults.py silent | blind URL | hung URL | mute URL | untold URL SECONDS | liar URL MEMBER VALUE | first URL | edit FILE SQL | damage FILE SEED | register URL CLIENT CALLBACKS | where URL CLIENT | running URL
"""
import http.server
import json
import random
import socket
import sqlite3
import sys
import time
import urllib.error
import urllib.request


def silent():
    """Take connections, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        time.sleep(600)


def fetch(method, url, body=None):
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read()


class Proxy(http.server.ThreadingHTTPServer):
    """Hand everything on to a service, but for what `status_of` has another answer to."""

    request_queue_size = 64

    def __init__(self, behind, status_of, content_of=lambda content: content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind, self.status_of, self.content_of = behind, status_of, content_of
        print(f"http://127.0.0.1:{self.server_port}", flush=True)
        self.serve_forever()


class Handler(http.server.BaseHTTPRequestHandler):
    def hand_on(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length > 0 else None
        status, content = self.server.status_of(self.command, self.path), b""
        if status is None:
            status, content = fetch(self.command, self.server.behind + self.path, body)
            content = self.server.content_of(content)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = hand_on

    def log_message(self, *_):
        pass


def blind(behind):
    """Neither the admin resource nor the list of callbacks is there."""
    Proxy(behind, lambda method, path: 404
          if path.startswith("/admin") or (method, path) == ("GET", "/v1/callbacks") else None)


def hung(behind):
    """Whoever registers waits for ever; that he does is said."""
    def status_of(method, path):
        if (method, path) == ("POST", "/v1/callbacks"):
            print("registering", flush=True)
            time.sleep(600)
    Proxy(behind, status_of)


def mute(behind):
    """Callbacks are not listed; and from the first word about a workflow on nothing is answered any more."""
    words = []

    def status_of(method, path):
        if method == "POST" and path.endswith("/workflow"):
            words.append(path)
        if words:
            print("mute", flush=True)
            time.sleep(600)
        return 405 if (method, path) == ("GET", "/v1/callbacks") else None
    Proxy(behind, status_of)


def untold(behind, seconds):
    """For some time from the first such word on nobody hears of how workflows stand."""
    ends = []

    def status_of(method, path):
        if method != "POST" or not path.endswith("/workflow"):
            return None
        ends.append(time.monotonic() + float(seconds))
        return 503 if time.monotonic() < ends[0] else None
    Proxy(behind, status_of)


def liar(behind, member, value):
    """A member of whatever is an object with it is something else."""
    def content_of(content):
        try:
            answer = json.loads(content)
        except ValueError:
            return content
        if not isinstance(answer, dict) or member not in answer:
            return content
        return json.dumps(answer | {member: json.loads(value)}).encode()
    Proxy(behind, lambda method, path: None, content_of)


def first(behind):
    """The first page of the fleet is all of its pages."""
    pages = []

    def content_of(content):
        if b'"offset":' in content:
            pages.append(content)
            return pages[0]
        return content
    Proxy(behind, lambda method, path: None, content_of)


def edit(path, sql):
    with sqlite3.connect(path) as connection:
        if connection.execute(sql).rowcount < 1:
            sys.exit(f"nothing to edit: {sql}")
    connection.close()


def damage(path, seed):
    """Change some bytes of a file, wherever they are."""
    draw = random.Random(int(seed))
    with open(path, "r+b") as file:
        content = bytearray(file.read())
        for _ in range(draw.randint(1, 4)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        file.seek(0)
        file.write(content)


def register(url, client, callbacks):
    status, _ = fetch("POST", url + "/v1/callbacks", json.dumps({"client": client, "url": callbacks}).encode())
    sys.exit(status != 201)


def running(url):
    """How many workflows are under way."""
    for line in fetch("GET", url + "/metrics")[1].decode().splitlines():
        if line.startswith('rcesim_workflows{state="running"}'):
            print(line.split()[1])


def where(url, client):
    items = json.loads(fetch("GET", url + "/v1/callbacks")[1])["items"]
    print(" ".join(item["url"] for item in items if item["client"] == client))


globals()[sys.argv[1]](*sys.argv[2:])
