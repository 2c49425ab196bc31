"""Start `rcesim serve` for a test, and end it."""
import http.server
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAM = os.path.abspath(os.environ.get("RCESIM", os.path.join(ROOT, "build", "rcesim")))


def crowding():
    """How many times as long as alone a program takes on this machine, which others may be using: at least 1."""
    wall, own = time.monotonic(), time.process_time()
    while time.process_time() - own < 0.2:
        pass
    return max(1, (time.monotonic() - wall) / (time.process_time() - own))


class Service:
    """with Service("--step") as service: service.url, service.folder, service.process"""

    def __init__(self, *options, scenario="scenarios/phase2-race.yaml", file_max_bytes=None):
        self.crowding = crowding()
        self.scratch = tempfile.mkdtemp()
        self.folder = os.path.join(self.scratch, "result")
        self.errors = open(os.path.join(self.scratch, "errors"), "w+", encoding="utf-8")
        words = [PROGRAM, "serve", os.path.join(ROOT, scenario), "--listen", "127.0.0.1:0", "-o", self.folder, *options]
        limit = None if file_max_bytes is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_max_bytes,) * 2)
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self.errors, text=True, preexec_fn=limit)
        line = self.process.stdout.readline()
        found = re.search(r"http://[^ /\s]+", line)
        if found is None:
            self.process.wait(60)
            sys.exit(f"serve did not say where it listens: {line!r}\n{self.said()}")
        self.url = found[0]
        self.port = int(self.url.rsplit(":", 1)[1])

    def said(self):
        self.errors.flush()
        self.errors.seek(0)
        return self.errors.read()

    def is_alive(self):
        return self.process.poll() is None

    def end(self):
        """SIGTERM, and the seconds until it was gone, with its exit status."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(120)
        return time.monotonic() - start, status

    def patience_s(self, promised_s):
        """What a promise of so many seconds is on this machine: more, by what others took of it at the start, or take now."""
        return promised_s * (1 + 10 * (max(self.crowding, crowding()) - 1)) + 0.2

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_alive():
            self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()
        self.errors.close()
        shutil.rmtree(self.scratch)


class Receiver:
    """Takes webhooks: `bodies` in the order in which they came."""

    def __init__(self):
        receiver = self
        self.bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.bodies.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/callbacks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_until(self, is_enough, seconds=60):
        end = time.monotonic() + seconds
        while not is_enough(self.bodies) and time.monotonic() < end:
            time.sleep(0.02)
        return is_enough(self.bodies)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
