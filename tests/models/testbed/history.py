"""Send a service the requests that a run made, at their times: its history must be that of the run."""
import http.client
import json
import subprocess
import sys
import tempfile

from service import PROGRAM, ROOT, Service

SCENARIO = sys.argv[1]
VARIANT = sys.argv[2]
WORLD = sys.argv[3:]


def requests_of(lines):
    """(time, SDDC, action) of every request, in the order in which the engines sent them."""
    workflows = {}
    at = who = None
    for line in lines:
        value = json.loads(line)
        if value.get("op") == "begin":
            workflows[value["id"]] = value["plan"]["workflow"]
        elif value.get("op") == "step":
            at, who = int(value["input"]["now_ns"]), workflows[value["id"]]
        for action in value.get("actions", []):
            if action["kind"] == "send":
                yield at, who, action


def call_of(sddc, action):
    """The method, path and body that stand for an operation."""
    operation = action["operation"]
    place = f"/v1/sddcs/{sddc}"
    if "cluster" in action:
        place += f"/clusters/{action['cluster']}"
    host = f"{place}/hosts/{action.get('host')}"
    return {
        "upgrade-control-plane": ("POST", f"{place}/control-plane", None),
        "upgrade-network": ("POST", f"{place}/network", None),
        "backup": ("POST", f"{place}/backup", None),
        "add-host": ("POST", f"{place}/hosts", None),
        "remove-host": ("DELETE", f"{place}/hosts/temporary", None),
        "read-cluster": ("GET", place, None),
        "read-host": ("GET", host, None),
        "enter-maintenance": ("POST", f"{host}/maintenance", {"mode": "enter"}),
        "exit-maintenance": ("POST", f"{host}/maintenance", {"mode": "exit"}),
        "update-host": ("POST", f"{host}/update", None),
    }[operation]


def run(*words):
    return subprocess.run([PROGRAM, *words], check=False, capture_output=True, text=True, cwd=ROOT)


def recorded():
    with tempfile.TemporaryDirectory() as scratch:
        done = run("run", SCENARIO, "--variant", VARIANT, "--replications", "1", "-q", "-o", f"{scratch}/result",
                   "--record", f"{scratch}/histories", "--record-workflows", "all", *WORLD)
        try:
            with open(f"{scratch}/histories/{VARIANT}-r0.jsonl", encoding="utf-8") as file:
                return list(requests_of(file))
        except FileNotFoundError:
            sys.exit(f"no history: {done.stderr}")


class Client:
    def __init__(self, service):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)

    def call(self, method, path, body=None, **headers):
        text = None if body is None else json.dumps(body)
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, text, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {content}")
        return json.loads(content)

    def send(self, sddc, action):
        method, path, body = call_of(sddc, action)
        headers = {"Prefer": "respond-async"}
        if "key" in action:
            headers["Idempotency-Key"] = str(action["key"])
        self.call(method, path, body, **headers)


def replayed(requests):
    """The hash after all requests, and what it is when the last one is left out."""
    hashes = []
    with Service("--step", "--variant", VARIANT, *WORLD, scenario=SCENARIO) as service:
        client = Client(service)
        for at, sddc, action in requests:
            client.call("POST", "/admin/clock", {"to_ns": at})
            if action is requests[-1][2]:
                hashes.append(client.call("GET", "/admin/clock")["history_hash"])
            client.send(sddc, action)
        while "next_ns" in client.call("POST", "/admin/clock", {"events": 1000}):
            pass
        hashes.append(client.call("GET", "/admin/clock")["history_hash"])
    return hashes


wanted = run("serve", SCENARIO, "--variant", VARIANT, "--history-hash", *WORLD).stdout.strip()
sent = recorded()
before_last, found = replayed(sent)
if found != wanted or before_last == wanted:
    sys.exit(f"{SCENARIO}, {VARIANT}: {wanted} in the run, {found} behind HTTP, {before_last} before the last request")
print(f"{VARIANT}: {len(sent)} requests, history {found}")
