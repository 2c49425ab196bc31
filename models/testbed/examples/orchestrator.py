#!/usr/bin/env python3
"""An orchestrator as a team might have it, against `rcesim serve`: one thread a workflow, callbacks, no dependencies.

It looks careful: it asks again where requests are throttled or break, and an idempotency key names each task. But when
the temporary host has been added and the backup is done, it puts the first host into maintenance without asking whether
the cluster is ready. `--check-readiness` asks. Durations are simulated; the service says how fast its clock runs.
"""
import argparse
import http.client
import http.server
import json
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future, TimeoutError as NotInTime

MINUTE, HOUR = 60, 3600
AGAIN = {0: "no-answer", 429: "throttled", 503: "unavailable"}  # What is asked again, and what it is called in the end.


class Failed(Exception):
    """The workflow cannot go on: the reason, in the service's words, and the step."""

    def __init__(self, reason, step):
        self.report = {"state": "failed", "reason": reason, **(step or {})}


class Service:
    """The host-management service and its clock, which is `speed` times as fast as ours. One connection a thread."""

    def __init__(self, url):
        self.address, self.speed, self.local = url.removeprefix("http://").rstrip("/"), 1, threading.local()

    def sleep(self, seconds):
        time.sleep(seconds / self.speed)

    def call(self, method, path, body=None, key=None):
        """One request: the status and the body of the answer; 0 if there is none."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            self.local.connection.request(method, path, None if body is None else json.dumps(body), headers)
            with self.local.connection.getresponse() as answer:
                return answer.status, json.loads(answer.read() or "{}")
        except (http.client.HTTPException, OSError, ValueError):
            self.local.connection.close()  # The next request opens it again.
            return 0, {}

    def ask(self, method, path, body=None, key=None, step=None):
        """The same until there is an answer: with a key it is safe to ask twice."""
        for attempt in range(10):
            status, answer = self.call(method, path, body, key)
            if 200 <= status < 300:
                return answer
            if status not in AGAIN:
                raise Failed("refused", step)
            wait = min(30 * 2**attempt, 10 * MINUTE) * random.random()
            self.sleep(wait + answer.get("retry_after_ns", 0) / 1e9)
        raise Failed(AGAIN[status], step)


class Callbacks:
    """Takes webhooks. A callback may come before the answer that names its task, twice, or never."""

    def __init__(self, service):
        callbacks, self.ends = self, {}  # task -> Future of its outcome

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                callbacks.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            log_message = lambda *_: None

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128  # A connection that finds no room is tried again after a second: an hour, or two.

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}/ended"
        service.ask("POST", "/v1/callbacks", {"client": "orchestrator", "url": here})

    def end_of(self, task):
        return self.ends.setdefault(task, Future())

    def take(self, told):
        end = self.end_of(told["task"])
        if not end.done():
            end.set_result(told["outcome"])


class Workflow:  # The upgrade of one SDDC.
    def __init__(self, sddc, service, callbacks, check_readiness):
        self.shape, self.path, self.check_readiness = sddc, f"/v1/sddcs/{sddc['id']}", check_readiness
        self.service, self.callbacks = service, callbacks

    def start(self, operation, path, body=None, method="POST", **where):
        """Begin a task; what `wait` takes."""
        step = {"operation": operation, **where}
        key = "-".join(str(word) for word in (self.shape["id"], *step.values()))
        return self.service.ask(method, self.path + path, body, key, step)["id"], step

    def wait(self, task, step):
        """Until the callback says that the task has ended, or for too long."""
        try:
            deadline = HOUR if step["operation"] == "enter-maintenance" else 24 * HOUR
            outcome = self.callbacks.end_of(task).result(deadline / self.service.speed)
        except NotInTime as late:
            raise Failed("deadline", step) from late
        if outcome != "succeeded":
            raise Failed("task-failed", step)

    def do(self, *what, **more):
        self.wait(*self.start(*what, **more))

    def wait_until_ready(self, path, cluster):
        """The fix: the host is connected, but is the cluster ready?"""
        for _ in range(180):
            if self.service.ask("GET", self.path + path)["ready_for_maintenance"]:
                return
            self.service.sleep(MINUTE)
        raise Failed("not-ready", {"operation": "read-cluster", "cluster": cluster})

    def upgrade_cluster(self, cluster):
        number, path = cluster["id"], f"/clusters/{cluster['id']}"
        backup = self.start("backup", path + "/backup", cluster=number)
        if cluster["temporary_host"]:
            self.do("add-host", path + "/hosts", cluster=number, host="temporary")
        self.wait(*backup)
        if self.check_readiness:
            self.wait_until_ready(path, number)
        for host in range(cluster["hosts"]):
            where, there = {"cluster": number, "host": host}, f"{path}/hosts/{host}"
            self.do("enter-maintenance", there + "/maintenance", {"mode": "enter"}, **where)
            self.do("update-host", there + "/update", **where)
            self.do("exit-maintenance", there + "/maintenance", {"mode": "exit"}, **where)
        if cluster["temporary_host"]:
            self.do("remove-host", path + "/hosts/temporary", method="DELETE", cluster=number, host="temporary")

    def upgrade(self):
        self.do("upgrade-control-plane", "/control-plane")
        for cluster in self.shape["clusters"]:
            self.upgrade_cluster(cluster)
        self.do("upgrade-network", "/network")

    def run(self, begin_after):
        """Upgrade, and tell the service how it went, for its report."""
        self.service.sleep(begin_after)
        try:
            self.service.ask("POST", self.path + "/workflow", {"state": "started"})
            self.upgrade()
            self.report = {"state": "succeeded"}
        except Failed as failed:
            self.report = failed.report
        try:
            self.service.ask("POST", self.path + "/workflow", self.report)
        except Failed:
            print(f"SDDC {self.shape['id']}: the service cannot be told how it went", file=sys.stderr)


def connect(url):
    service = Service(url)
    clock, fleet = service.call("GET", "/admin/clock")[1], service.call("GET", "/v1/sddcs?limit=1000")[1]
    if "speed" not in clock or "items" not in fleet:
        sys.exit(f"orchestrator: no `rcesim serve` answers at {url}")
    if clock["step"]:
        sys.exit(f"orchestrator: the clock of {url} stands still; start the service without --step")
    if any(sddc["workflow"]["state"] != "none" for sddc in fleet["items"]):
        sys.exit(f"orchestrator: the fleet of {url} has been upgraded before; start the service again")
    service.speed = clock["speed"]
    return service, fleet["items"]  # As many as one page takes: 1,000.


def main():
    parser = argparse.ArgumentParser(description="Upgrade the fleet of `rcesim serve`, all of it within hours.")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the service (default: %(default)s)")
    parser.add_argument("--check-readiness", action="store_true", help="ask before the first maintenance of a cluster")
    options = parser.parse_args()
    service, fleet = connect(options.url)
    callbacks, chance = Callbacks(service), random.Random(1)
    workflows = [Workflow(sddc, service, callbacks, options.check_readiness) for sddc in fleet]
    threads = [threading.Thread(target=one.run, args=[chance.uniform(0, 6 * HOUR)], daemon=True) for one in workflows]
    for begin_or_end in threading.Thread.start, threading.Thread.join:
        for thread in threads:
            begin_or_end(thread)
    failed = [one.report for one in workflows if one.report["state"] == "failed"]
    print(f"{len(failed)} of {len(workflows)} workflows failed")
    for cause, count in Counter(f"{one['reason']} at {one.get('operation', 'start')}" for one in failed).items():
        print(f"  {count} {cause}")


main()
