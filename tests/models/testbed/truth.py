"""Is the OpenAPI document true? Every operation against the running service, good and bad, and every path and method that
the document does not have."""
import json
import re
import socket
import sys
import tempfile
import time

from openapi_client import Client, Closed, Document, Untrue
from service import Receiver, Service

failures = []
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAMPLES = {"sddc": "0", "cluster": "0", "host": "temporary", "task": "0-1", "request": "1", "client": "nobody"}


def expect(is_good, what):
    if not is_good:
        failures.append(what)
        print(f"truth: {what}", file=sys.stderr)


def until(client, wanted, operation, body=None, /, **arguments):
    """Call until this status comes; requests may be throttled or break."""
    for _ in range(60):
        try:
            answer = client.call(operation, body, **arguments)
        except Closed:
            continue
        if answer.status == wanted:
            return answer
        client.call("moveClock", {"advance": "10s"})
    expect(False, f"{operation}: no {wanted} but {answer.text}")
    return answer


def walk(client, receiver):
    """Every operation as it is meant to be used."""
    place = {"sddc": 0, "cluster": 0}
    for operation in ("readHealth", "readMetrics", "readStatus", "readDocument", "readPage", "readStyle", "readScript"):
        until(client, 200, operation)
    until(client, 201, "registerCallback", {"client": "truth", "url": receiver.url})
    items = until(client, 200, "listCallbacks").body["items"]
    host = receiver.url[: receiver.url.index("/", len("http://"))]
    expect([item["client"] for item in items] == ["truth"], "callbacks")
    expect(items[0]["url"].startswith(host + "/~") and receiver.url not in items[0]["url"], "a path is shown")
    fleet = until(client, 200, "listSddcs", offset=0, limit=1000).body
    expect(fleet["count"] == len(fleet["items"]), "the fleet is longer than its list")
    expect(until(client, 200, "listSddcs", offset=1, limit=1).body["items"][0]["id"] == 1, "offset and limit")
    place["sddc"] = next(one["id"] for one in fleet["items"] if one["clusters"][0]["temporary_host"])
    until(client, 200, "readSddc", sddc=place["sddc"])
    until(client, 200, "tellWorkflow", {"state": "started"}, sddc=place["sddc"])
    for operation in ("upgradeControlPlane", "upgradeNetwork"):
        until(client, 202, operation, sddc=place["sddc"])
    until(client, 202, "backup", **place)
    first = until(client, 202, "addHost", idempotency_key="once", **place)
    again = until(client, 202, "addHost", idempotency_key="once", **place)
    expect(first.body["id"] == again.body["id"], "the same key began two tasks")
    expect(first.headers["Location"] == f"/v1/tasks/{first.body['id']}", "Location")
    until(client, 200, "moveClock", {"advance": "12h"})
    ended = until(client, 202, "addHost", idempotency_key="once", **place)
    expect(ended.body["state"] == "succeeded", "a key does not tell of the end")
    expect(until(client, 200, "readCluster", **place).body["ready_for_maintenance"], "not ready after 12 h")
    for step in ({"mode": "enter"}, None, {"mode": "exit"}):
        task = until(client, 202, "updateHost" if step is None else "maintain", step, host="0", **place)
        until(client, 200, "moveClock", {"advance": "3h"})
        expect(until(client, 200, "readTask", task=task.body["id"]).body["state"] == "succeeded", f"{step} did not end")
    expect(until(client, 200, "readHost", host="0", **place).body["updated"], "not updated")
    until(client, 202, "removeHost", host="temporary", **place)
    asked = until(client, 202, "readCluster", prefer="respond-async", **place)
    until(client, 200, "moveClock", {"events": 50})
    answer = until(client, 200, "readRequest", request=asked.body["request"]).body
    expect(answer["done"], "an answer that is fetched later did not come")
    until(client, 200, "moveClock", {"advance_ns": 3600 * 10**9})
    until(client, 200, "injectFault", {"fault": "outage", "duration": "1min"})
    expect(until(client, 200, "listFaults").body["items"][0]["fault"] == "outage", "the fault is not listed")
    expect(client.call("readCluster", **place).status == 503, "an outage is no 503")
    until(client, 200, "injectFault", {"fault": "outage", "duration": "0s"})
    until(client, 200, "injectFault", {"fault": "throttle", "duration": "1min"})
    expect(client.call("readCluster", **place).status == 429, "throttling is no 429")
    until(client, 200, "moveClock", {"advance": "2min"})
    until(client, 200, "injectFault", {"fault": "break", "duration": "1min"})
    try:
        client.call("readCluster", **place)
        expect(False, "a broken connection has an answer")
    except Closed:
        pass
    until(client, 200, "moveClock", {"advance": "2min"})
    now_ns = until(client, 200, "readClock").body["now_ns"]
    expect(until(client, 200, "moveClock", {"to_ns": now_ns}).body["now_ns"] == now_ns, "the clock")
    until(client, 200, "tellWorkflow", {"state": "succeeded"}, sddc=place["sddc"])
    expect(until(client, 200, "readWorkflow", sddc=place["sddc"]).body["state"] == "succeeded", "the workflow")
    tasks = {body["task"] for body in receiver.bodies}
    expect(receiver.wait_until(lambda bodies: len(bodies) >= 7), f"callbacks for {tasks} only")
    until(client, 204, "removeCallback", client="truth")


def be_wrong(client):
    """What a client does wrong, with the status that the document has for it."""
    sddc, far = {"sddc": 0}, {"sddc": 100000}
    place = {"sddc": 0, "cluster": 0}
    for wanted, operation, body, arguments in (
            (404, "readSddc", None, far), (404, "readWorkflow", None, far), (404, "tellWorkflow", {"state": "started"}, far),
            (404, "readCluster", None, {"sddc": 0, "cluster": 19}), (404, "readHost", None, {**place, "host": "15"}),
            (404, "removeHost", None, {**place, "host": "0"}), (404, "updateHost", None, {**place, "host": "15"}),
            (404, "maintain", {"mode": "exit"}, {**place, "host": "15"}), (404, "backup", None, {**far, "cluster": 0}),
            (404, "addHost", None, {**far, "cluster": 0}), (404, "upgradeNetwork", None, far),
            (404, "upgradeControlPlane", None, far), (404, "readTask", None, {"task": "0-60000"}),
            (404, "readRequest", None, {"request": 10**9}), (404, "removeCallback", None, {"client": "nobody"}),
            (409, "tellWorkflow", {"state": "succeeded"}, {"sddc": 1}), (409, "tellWorkflow", {"state": "failed"}, {"sddc": 1}),
            (422, "tellWorkflow", {"state": "failed", "operation": "backup", "cluster": 19}, sddc),
            (422, "moveClock", {"to_ns": 1}, {}), (422, "moveClock", {"advance": "soon"}, {}),
            (422, "injectFault", {"fault": "outage", "duration": "long"}, {})):
        answer = client.call(operation, body, **arguments)
        expect(answer.status == wanted, f"{operation} {body} {arguments}: {answer.status}, not {wanted}")


def be_borderline(client):
    """What the document's limits and patterns take the service takes, and what lies beyond them it does not."""
    schemas = client.document.tree["components"]["schemas"]
    now_ns = until(client, 200, "readClock").body["now_ns"]
    change = schemas["ClockChange"]["properties"]
    for name in ("advance_ns", "to_ns", "events"):
        for value, wanted in ((change[name]["minimum"] - 1, 422), (change[name]["maximum"] + 1, 422)):
            status, _, text = client.send("POST", "/admin/clock", {"Content-Type": "application/json"}, json.dumps({name: value}))
            expect(status == wanted, f"{name} {value}: {status}, not {wanted}: {text}")
    until(client, 200, "moveClock", {"events": change["events"]["minimum"]})
    until(client, 200, "moveClock", {"advance_ns": change["advance_ns"]["minimum"]})
    until(client, 200, "moveClock", {"to_ns": now_ns + 10**12})
    callback = schemas["Callback"]["properties"]
    for name, url in ((".", "http://127.0.0.1:9/"), ("..", "http://127.0.0.1:9/"), ("...", "HTTP://127.0.0.1:9/"),
                      ("a" * 64, "hTTp://127.0.0.1:9/"), ("a" * 65, "http://127.0.0.1:9/"), ("a", "ftp://127.0.0.1/")):
        status, _, text = client.send("POST", "/v1/callbacks", {"Content-Type": "application/json"},
                                      json.dumps({"client": name, "url": url}))
        good = re.search(callback["client"]["pattern"], name) and re.search(callback["url"]["pattern"], url)
        expect(status == (201 if good else 422), f"{name} at {url}: {status}: {text}")
        if status == 201:
            client.check_answer("registerCallback", status, {"Content-Type": "application/json", "Location": "/v1/"}, text)
            until(client, 204, "removeCallback", client=name)


def be_rude(client):
    """What no client that keeps to the document would send: still an answer that it has."""
    json_type = {"Content-Type": "application/json"}
    wrong = (("GET", "?limit=0", {}, None, 400), ("POST", "", {}, "x=1", 415), ("POST", "", json_type, "{", 400),
             ("POST", "", json_type, '{"nonsense": 1}', None), ("POST", "", json_type, "[" * 5000, 400),
             ("POST", "", json_type, " " * 70000, 413), ("GET", "", {"Host": "evil.example"}, None, 421),
             ("GET", "", {"Origin": "http://evil.example"}, None, 403), ("GET", "", {"Sec-Fetch-Site": "cross-site"}, None, 403),
             ("GET", "?" + "&" * 100, {}, None, 414), ("GET", "?limit=1&limit=1", {}, None, 400),
             ("POST", "", {**json_type, "Content-Encoding": "gzip"}, "{}", 415), ("POST", "", {"Origin": "null"}, "", 403))
    for name, (method, path, parameters, operation) in client.document.operations.items():
        for one in parameters:
            path = path.replace("{%s}" % one["name"], SAMPLES.get(one["name"], "0"))
        for by, query, headers, body, wanted in wrong:
            if by != method or name == "shutDown" and wanted is None or "limit" in query and name != "listSddcs":
                continue
            status, answered, text = client.send(method, path + query, headers, body)
            client.check_answer(name, status, answered, text)
            good = wanted is None and 400 <= status < 500 or status == wanted
            expect(good, f"{method} {path} {str(body)[:20]}: {status}, not {wanted}")


def be_strange(client):
    """What the HTTP library refuses by itself: the statuses that the document has, without the form that it promises of problems."""
    chunks = "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff"
    for line, more, wanted in (("GET /healthz HTTP/1.1", "X: " + "a" * 30000, 431), ("GET /healthz HTTP/3.0", "X: a", 505),
                               ("GET /healthz HTTP/1.1", "no colon", 400), ("GET /healthz HTTP/1.1", chunks, 413),
                               ("GET /healthz HTTP/1.1", "Content-Length: 99999999999999999999999", 413)):
        with socket.create_connection((client.host, client.port), timeout=20) as connection:
            connection.sendall(f"{line}\r\nHost: localhost\r\n{more}\r\n\r\n".encode())
            head = connection.recv(65536).decode().partition("\r\n\r\n")[0]
        expect(head.startswith(f"HTTP/1.1 {wanted} "), f"{line}, {more[:20]}: {head}")
        expect("content-type" not in head.lower() and "connection: close" in head.lower(), f"{wanted}: {head}")
        responses = client.document.operations["readHealth"][3]["responses"]
        expect(str(wanted) in responses, f"{wanted} is not documented")
        expect("without a Content-Type" in client.document.resolve(responses[str(wanted)])["description"], f"{wanted}: what it is like")


def ask_everything(client):
    """Methods and paths that the document does not have are not there, and those that it has are allowed."""
    patterns = {}
    for method, path, _, _ in client.document.operations.values():
        patterns.setdefault(path, set()).add(method)
    for path, methods in patterns.items():
        allowed = methods | ({"HEAD"} if "GET" in methods else set())
        target = path
        for name, sample in SAMPLES.items():
            target = target.replace("{%s}" % name, sample)
        for method in METHODS:
            if method in allowed:
                continue
            status, headers, _ = client.send(method, target)
            expect(status == 405, f"{method} {target}: {status}, not 405")
            listed = set((headers.get("Allow") or "").replace(" ", "").split(","))
            expect(listed == allowed, f"{method} {target}: Allow {listed}, documented {allowed}")
        status, _, _ = client.send("GET", target.rstrip("/") + "/nothing/like/this")
        expect(status == 404, f"GET {target}/nothing/like/this: {status}, not 404")
    for target in ("/v1", "/admin", "/v1/", "//", "/v1/sddcs//", "/v1/sddcs/0/", "/v1/sddcs/%30", "/openapi.yaml", "/.."):
        status, _, _ = client.send("GET", target)
        expect(status in (400, 404), f"GET {target}: {status}, not 404")


def ask_without_token():
    """With a token, everything but what the document says is open asks for it, before anything else is looked at."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("0123456789abcdef0123\n")
        file.flush()
        with Service("--step", "--token-file", file.name) as service:
            client = Client(service.url, "0123456789abcdef0123")
            expect(client.call("listSddcs").status == 200, "the token does not help")
            for token in (None, "0123456789abcdef012", "0123456789abcdef01234", ""):
                client.token = token
                for name, (method, path, _, operation) in client.document.operations.items():
                    for one, sample in SAMPLES.items():
                        path = path.replace("{%s}" % one, sample)
                    status, headers, text = client.send(method, path)
                    client.check_answer(name, status, headers, text)
                    is_open = operation.get("security") == []
                    expect(status == (200 if is_open else 401), f"{name} with {token}: {status}")
            expect(service.is_alive(), "somebody without the token has ended it")


with Service("--step") as service:
    client = Client(service.url)
    receiver = Receiver()
    try:
        walk(client, receiver)
        be_wrong(client)
        be_borderline(client)
        be_rude(client)
        be_strange(client)
        ask_everything(client)
        status, _, text = client.send("GET", "/openapi.json")
        never = set(client.document.operations) - set(client.seen) - {"shutDown"}
        expect(not never, f"never called: {never}")
        for name, seen in client.seen.items():
            expect(any(status < 300 for status in seen) or name == "shutDown", f"{name} never succeeded")
        start = time.monotonic()
        expect(client.call("shutDown").status == 202, "the end")
        service.process.wait(60)
        took_s = time.monotonic() - start
        expect(took_s < service.patience_s(2), f"POST /admin/shutdown took {took_s:.1f} s")
    except Untrue as reason:
        expect(False, str(reason))
    receiver.close()
    ask_without_token()
    statuses = sorted({status for seen in client.seen.values() for status in seen})
    print(f"truth: {len(client.seen)} operations, statuses {statuses}, {len(failures)} failed")
sys.exit(bool(failures))
