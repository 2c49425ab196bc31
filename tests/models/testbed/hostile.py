"""Bytes that no client should send, straight into the socket: an answer with a proper status or a closed connection, never a
crash, and never at the cost of others."""
import concurrent.futures
import os
import re
import resource
import socket
import sys
import time

from openapi_client import Client
from service import Service

failures = []
HOST = b"Host: localhost\r\n"


def expect(is_good, what):
    if not is_good:
        failures.append(what)
        print(f"hostile: {what}", file=sys.stderr)


def talk(service, data, seconds=30, shut=False):
    """Send bytes, and read until the other side closes or is silent for so long. What came, and was it closed?"""
    with socket.create_connection(("127.0.0.1", service.port), timeout=seconds) as line:
        got = b""
        try:
            line.sendall(data)
            if shut:
                line.shutdown(socket.SHUT_WR)
            while True:
                more = line.recv(65536)
                if not more:
                    return got, True
                got += more
        except socket.timeout:
            return got, False
        except (ConnectionResetError, BrokenPipeError):
            return got, True


def statuses(got):
    return [int(one) for one in re.findall(rb"HTTP/1\.[01] (\d{3}) ", got)]


def get(path=b"/healthz", more=b"", version=b"HTTP/1.1"):
    return b"GET " + path + b" " + version + b"\r\n" + HOST + more + b"Connection: close\r\n\r\n"


def post(body, more=b"", path=b"/admin/clock"):
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + more + b"Connection: close\r\n\r\n" + body


# What is sent, and the statuses that may come; () is none at all. Who sends half of something, or what looks like it, may also
# be told 408 in the end.
CASES = {
    "plain": (get(), (200,)),
    "http 1.0": (b"GET /healthz HTTP/1.0\r\n" + HOST + b"\r\n", (200,)),
    "no host": (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", (400, 421)),
    "two hosts": (get(more=b"Host: evil.example\r\n"), (400,)),
    "no version": (b"GET /healthz\r\n\r\n", (400, 421, 505, ())),
    "http 2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 404, 405, 421, 505, ())),
    "http 9": (get(version=b"HTTP/9.9"), (200, 400, 505, ())),
    "tls": (bytes.fromhex("160301020001000401fc0303") + os.urandom(500), (400, 405, 414, 431, 501, ())),
    "zeros": (b"\0" * 200 + b"\r\n\r\n", (400, 404, 405, 501, ())),
    "zero in the path": (get(b"/healthz\0/x"), (400,)),
    "zero in the path, escaped": (get(b"/healthz%00"), (400,)),
    "zero in a header": (get(more=b"X: a\0b\r\n"), (400,)),
    "random": (os.urandom(4000) + b"\r\n\r\n", (400, 404, 405, 414, 431, 501, ())),
    "no name": (get(more=b": x\r\n"), (200, 400)),
    "no colon": (get(more=b"nothing\r\n"), (200, 400)),
    "folded": (get(more=b"X: a\r\n b\r\n"), (400,)),
    "line feeds": (b"GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n", (200, 400)),
    "absolute": (get(b"http://localhost/healthz"), (200, 400, 404)),
    "elsewhere": (get(b"http://evil.example/healthz"), (400, 404, 421)),
    "connect": (b"CONNECT example.org:443 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (400, 404, 405)),
    "star": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (400, 404, 405)),
    "dots": (get(b"/v1/../../../etc/passwd"), (400, 404)),
    "long path": (get(b"/" + b"a" * 20000), (404, 414, 431, ())),
    "long path, deep": (get(b"/v1/sddcs" + b"/0" * 3000), (404, 414, 431, ())),
    "long header": (get(more=b"X: " + b"a" * 200000 + b"\r\n"), (400, 413, 431, ())),
    "many headers": (get(more=b"".join(b"X%d: y\r\n" % i for i in range(20000))), (400, 413, 431, ())),
    "long query": (get(b"/v1/sddcs?" + b"offset=1&" * 500), (414,)),
    "many arguments": (get(b"/v1/sddcs?" + b"&" * 100), (414,)),
    "long method": (b"A" * 20000 + b" / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (400, 405, 413, 414, 431, 501, ())),
    "negative length": (post(b"", b"Content-Length: -1\r\n"), (400, ())),
    "length of letters": (post(b"", b"Content-Length: abc\r\n"), (400, ())),
    "length beyond all": (post(b"", b"Content-Length: 99999999999999999999999\r\n"), (400, 413, ())),
    "huge length": (post(b"{}", b"Content-Length: 4294967296\r\n"), (400, 413, ())),
    "two lengths": (post(b"{}xxxx", b"Content-Length: 2\r\nContent-Length: 6\r\n"), (400,)),
    "length and chunks": (post(b"0\r\n\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), (400,)),
    "strange coding": (post(b"{}", b"Transfer-Encoding: gzip\r\n"), (400,)),
    "chunks": (post(b"7\r\n{\"event\r\n8\r\ns\": 1}  \r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), (200, 422)),
    "bad chunks": (post(b"zz\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), (400, ())),
    "huge chunk": (post(b"fffffffffffffffff\r\n", b"Transfer-Encoding: chunked\r\n"), (400, 413, ())),
    "large body": (post(b" " * 200000, b"Content-Length: 200000\r\n"), (413, ())),
    "large body in chunks": (post(b"10000\r\n" + b" " * 65536 + b"\r\n" + b"10000\r\n" + b" " * 65536 + b"\r\n0\r\n\r\n",
                                  b"Transfer-Encoding: chunked\r\n"), (413, ())),
    "expect": (post(b"", b"Content-Length: 2\r\nExpect: 100-continue\r\n"), (400, 417)),
    "deep json": (post(b"[" * 60000, b"Content-Length: 60000\r\n"), (400,)),
    "bad utf-8": (post(b"{\"a\": \"\xff\"}", b"Content-Length: 10\r\n"), (400,)),
    "zero in json": (post(b"{\"advance\": \"1\0s\"}", b"Content-Length: 17\r\n"), (400, 422)),
    "byte order mark": (post(b"\xef\xbb\xbf{\"events\": 1}", b"Content-Length: 16\r\n"), (400,)),
    "long key": (post(b"", b"Content-Length: 0\r\nIdempotency-Key: " + b"k" * 3000 + b"\r\n", b"/v1/sddcs/0/network"), (400, 431)),
    "bytes as key": (post(b"", b"Content-Length: 0\r\nIdempotency-Key: \xff\x01\r\n", b"/v1/sddcs/0/network"), (400,)),
    "bytes as host": (b"GET /healthz HTTP/1.1\r\nHost: \xff\xfe\r\nConnection: close\r\n\r\n", (400, 421)),
    "absolute": (get(b"http://127.0.0.1/healthz"), (200,)),
    "absolute, other letters": (get(b"HTTP://LocalHost:80/v1/sddcs?limit=1"), (200,)),
    "absolute, no path": (get(b"http://127.0.0.1"), (200,)),
    "absolute, a query alone": (get(b"http://127.0.0.1?limit=1"), (200,)),
    "absolute, elsewhere": (get(b"http://evil.example/healthz"), (421,)),
    "absolute, a user": (get(b"http://localhost@evil.example/healthz"), (421,)),
    "absolute, nowhere": (get(b"http:///healthz"), (404,)),
    "absolute, for another host": (b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", (200,)),
    "absolute, its own page": (get(b"http://localhost:1/healthz", b"Origin: http://localhost:1\r\n"), (200,)),
    "absolute, the page of another": (get(b"http://localhost:1/healthz", b"Origin: http://localhost\r\n"), (403,)),
    "gzip": (post(b"{}", b"Content-Length: 2\r\nContent-Encoding: gzip\r\n"), (415,)),
    "upgrade": (get(more=b"Upgrade: h2c, websocket\r\n"), (200, 400)),
    "ranges": (get(more=b"Range: bytes=0-,0-,0-,0-\r\n"), (200,)),
}


def malformed(service):
    with concurrent.futures.ThreadPoolExecutor(len(CASES)) as pool:
        talks = {name: pool.submit(talk, service, data) for name, (data, _) in CASES.items()}
    for name, (_, wanted) in CASES.items():
        got, is_closed = talks[name].result()
        found = statuses(got)
        expect(is_closed, f"{name}: left open after {found}")
        good = found[-1] in (*wanted, 408) if found else () in wanted
        expect(good, f"{name}: {found or 'nothing'}, wanted {wanted}: {got[:80]!r}")
        expect(service.is_alive(), f"{name}: serve is gone: {service.said()[-2000:]}")
        if not service.is_alive():
            sys.exit(1)


JSON = b"Content-Type: application/json\r\n"
MOVE = b'{"advance_ns":1}'
# Header lines that can be read in two ways, each with a body that is good in one of them.
AMBIGUOUS = {
    "two lengths": (JSON + b"Content-Length: 16\r\nContent-Length: 0\r\n", MOVE),
    "the same length twice": (JSON + b"Content-Length: 16\r\nContent-Length: 16\r\n", MOVE),
    "length and coding": (JSON + b"Content-Length: 16\r\nTransfer-Encoding: chunked\r\n", b"10\r\n" + MOVE + b"\r\n0\r\n\r\n"),
    "coding and length": (JSON + b"Transfer-Encoding: chunked\r\nContent-Length: 16\r\n", MOVE),
    "two codings": (JSON + b"Transfer-Encoding: gzip, chunked\r\n", b"10\r\n" + MOVE + b"\r\n0\r\n\r\n"),
    "a length after a blank": (JSON + b"Content-Length : 16\r\n", MOVE),
    "a length of two lines": (JSON + b"Content-Length: 1\r\n 6\r\n", MOVE),
    "a signed length": (JSON + b"Content-Length: +16\r\n", MOVE),
    "a list of lengths": (JSON + b"Content-Length: 16, 16\r\n", MOVE),
    "two hosts": (JSON + b"Host: localhost\r\nContent-Length: 16\r\n", MOVE),
    "two origins": (JSON + b"Origin: http://localhost\r\norigin: http://localhost\r\nContent-Length: 16\r\n", MOVE),
    "two tokens": (JSON + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 16\r\n", MOVE),
    "two types": (JSON + JSON + b"Content-Length: 16\r\n", MOVE),
    "two keys": (JSON + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 16\r\n", MOVE),
    "two sites": (JSON + b"Sec-Fetch-Site: none\r\nSec-Fetch-Site: none\r\nContent-Length: 16\r\n", MOVE),
    "zero in the type": (b"Content-Type: application/json\0x\r\nContent-Length: 16\r\n", MOVE),
    "zero in the origin": (JSON + b"Origin: http://localhost\0.evil.example\r\nContent-Length: 16\r\n", MOVE),
    "zero in the key": (JSON + b"Idempotency-Key: a\0b\r\nContent-Length: 16\r\n", MOVE),
    "zero at the end": (JSON + b"Content-Length: 16\r\nX: y\0\r\n", MOVE),
    "zero in front": (JSON + b"Content-Length: 16\r\nX: \0y\r\n", MOVE),
    "zero in a name": (JSON + b"Content-Length: 16\r\nX\0: y\r\n", MOVE),
    "a lonely return": (JSON + b"Content-Length: 16\r\nX: a\rb\r\n", MOVE),
}


def ambiguous(service):
    """What could be read in two ways is refused in all, and nothing behind it is looked at."""
    before = Client(service.url).call("readClock").body["now_ns"]
    line, behind = b"POST /admin/clock HTTP/1.1\r\n" + HOST, get(b"/v1/sddcs/1")
    requests = {name: line + header + b"\r\n" + body for name, (header, body) in AMBIGUOUS.items()}
    requests["zero in the host"] = line + JSON + b"Content-Length: 16\r\n\r\n" + MOVE
    requests["zero in the host"] = requests["zero in the host"].replace(b"localhost", b"localhost\0.evil.example")
    requests["zero in the query"] = b"GET /v1/sddcs?limit=1\0x HTTP/1.1\r\n" + HOST + b"\r\n"
    requests["zero in the query, escaped"] = b"GET /v1/sddcs?limit=1%00x HTTP/1.1\r\n" + HOST + b"\r\n"
    requests["zero in the method"] = b"GET\0X /v1/sddcs HTTP/1.1\r\n" + HOST + b"\r\n"
    requests["chunks of old"] = (b"POST /admin/clock HTTP/1.0\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
                                 b"10\r\n" + MOVE + b"\r\n0\r\n\r\n")
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        talks = {name: pool.submit(talk, service, data + behind, 30) for name, data in requests.items()}
    for name, one in talks.items():
        got, is_closed = one.result()
        expect(set(statuses(got)) == {400} and is_closed, f"{name}: {statuses(got)}, {'closed' if is_closed else 'open'}: {got[-200:]!r}")
    got, _ = talk(service, post(MOVE, b"Content-Length: 16\r\n", b"/admin/clock?" + b"&" * 70), 30)
    expect(statuses(got) == [414], f"a body behind many arguments: {statuses(got)}")
    after = Client(service.url).call("readClock").body["now_ns"]
    expect(before == after, "what can be read in two ways moved the clock")


def unusual(service):
    """What is unusual and plain is taken."""
    plain = {
        "long headers": get(more=b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(100))),
        "a long header": get(more=b"X: " + b"y" * 15000 + b"\r\nY: z\r\n"),
        "blanks": get(more=b"A:b\r\nC:\t  d  \r\nE:\r\nF: \r\nG: h\t\r\n"),
        "lists": get(more=b"Prefer: a\r\nPrefer: b\r\nAccept: a\r\nAccept: b\r\n"),
        "line feeds": get(b"/v1/sddcs?offset=1&limit=2", more=b"A:b\r\nC: d\r\n").replace(b"\r\n", b"\n"),
        "other letters": get(more="X: \u00e4\u00f6 \u4e16\r\n".encode()),
        "an empty line before": b"\r\n" + get(),
        "cookies": get(more=b"Cookie: a=b; c=\"d e\"; f\r\n"),
    }
    for name, data in plain.items():
        got, _ = talk(service, data, 30)
        expect(statuses(got) == [200], f"{name}: {statuses(got)}: {got[-200:]!r}")
    got, _ = talk(service, get(b"/v1/sddcs/%30%20?a=%20b&c"), 30)
    expect(statuses(got) == [404], f"escaped: {statuses(got)}")
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in get(b"/v1/sddcs?offset=1&limit=2", more=b"A:b\r\nC: d\r\n"):
            line.sendall(bytes([byte]))
            time.sleep(0.002)
        expect(statuses(line.recv(65536)) == [200], "byte by byte")


def metric(service, name):
    got, _ = talk(service, get(b"/metrics"))
    return float(re.search(rb"\n" + name.encode() + rb" (\S+)\n", got)[1])


def stuff(service):
    """Clients that ask for much and read nothing."""
    lines = []
    for _ in range(20):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", service.port))
        line.sendall((b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 150)
        lines.append(line)
    return lines


def unstuff(service, lines, limit_s):
    """They are cut off in the end."""
    start = time.monotonic()
    while metric(service, "rcesim_answers_too_slow_total") < len(lines) and time.monotonic() - start < limit_s:
        time.sleep(0.5)
    cut = metric(service, "rcesim_answers_too_slow_total")
    expect(cut == len(lines), f"{cut} of {len(lines)} clients that do not read were cut off")
    for line in lines:
        line.close()


def end_of_many():
    """SIGTERM while 1,000 wait for answers that are hours away, in a large fleet: the result is written, soon."""
    with Service("--speed", "0.001", "--set", "fleet.sddcs=20000", "--set", "thresholds=null") as service:
        client = Client(service.url)
        for sddc in range(100):
            client.call("tellWorkflow", {"state": "started"}, sddc=sddc)
            client.call("tellWorkflow", {"state": "succeeded"}, sddc=sddc)
        lines = [socket.create_connection(("127.0.0.1", service.port), timeout=20) for _ in range(1000)]
        for i, line in enumerate(lines):
            line.sendall(b"GET /v1/sddcs/%d/clusters/0 HTTP/1.1\r\n" % i + HOST + b"\r\n")
        start = time.monotonic()
        while metric(service, "rcesim_requests_waiting") < 1000 and time.monotonic() - start < 60:
            time.sleep(0.1)
        expect(metric(service, "rcesim_requests_waiting") == 1000, "1,000 do not wait")
        seconds, status = service.end()
        said = service.said()[-2000:]
        expect(seconds < service.patience_s(1) and status == 0, f"the end with 1,000 waiting took {seconds:.2f} s, status {status}: {said}")
        expect(os.path.exists(os.path.join(service.folder, "workflows.tsv")), "the end left no result")
        for line in lines:
            try:
                expect(line.recv(1) == b"", "an answer after the end")
            except OSError:
                pass
            line.close()
        print(f"hostile: the end with 1,000 waiting and 20,000 SDDCs took {seconds:.2f} s")


def truncated(service):
    """A good request that ends anywhere: nothing happens, and nothing is left behind."""
    whole = post(MOVE, b"Content-Length: 16\r\n")
    before = Client(service.url).call("readClock").body["now_ns"]
    ends = list(range(0, len(whole), 7)) + [len(whole) - 1]
    with concurrent.futures.ThreadPoolExecutor(len(ends)) as pool:
        talks = [pool.submit(talk, service, whole[:end], shut=True) for end in ends]
    for end, one in zip(ends, talks):
        got, is_closed = one.result()
        expect(is_closed, f"truncated after {end} bytes: left open")
        expect(all(status >= 400 for status in statuses(got)), f"truncated after {end} bytes: {statuses(got)}")
    after = Client(service.url).call("readClock").body["now_ns"]
    expect(before == after, "half a request moved the clock")


def pipelined(service):
    """Many requests in one go are answered, in order."""
    one = b"GET /v1/sddcs/%d HTTP/1.1\r\n" + HOST + b"\r\n"
    got, _ = talk(service, b"".join(one % i for i in range(20)) + get())
    expect(statuses(got) == [200] * 21, f"pipelined: {statuses(got)}")
    ids = [int(found) for found in re.findall(rb'\{"id":(\d+),"clusters', got)]
    expect(ids == list(range(20)), f"pipelined, not in order: {ids}")
    got, _ = talk(service, (one % 1) + b"nonsense\r\n\r\n" + one % 2)
    expect(statuses(got)[:1] == [200] and 200 not in statuses(got)[1:], f"nonsense in a pipeline: {statuses(got)}")
    body = b'{"events": 1}'
    smuggled = post(body + get(b"/v1/sddcs/1"), b"Content-Length: %d\r\n" % len(body)).replace(b"Connection: close\r\n", b"", 1)
    got, _ = talk(service, smuggled)
    expect(statuses(got) == [200, 200], f"a request behind a body: {statuses(got)}")


def slow(service, limit_s):
    """Somebody who sends a byte now and then is cut off, and the others do not wait for him."""
    lines = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(200)]
    start = time.monotonic()
    for line in lines:
        line.sendall(b"POST /admin/clock HTTP/1.1\r\n" + HOST)
    worst = 0
    is_open = dict.fromkeys(range(len(lines)), True)
    while any(is_open.values()) and time.monotonic() - start < limit_s + 10:
        asked = time.monotonic()
        got, _ = talk(service, get())
        worst = max(worst, time.monotonic() - asked)
        expect(statuses(got) == [200], f"beside slow ones: {statuses(got)}")
        for i, line in enumerate(lines):
            if not is_open[i]:
                continue
            line.setblocking(False)
            try:
                line.send(b"X")
                is_open[i] = line.recv(4096) != b""
            except BlockingIOError:
                pass
            except OSError:
                is_open[i] = False
        time.sleep(0.5)
    took = time.monotonic() - start
    expect(not any(is_open.values()), f"{sum(is_open.values())} slow connections were still open after {took:.0f} s")
    expect(worst < service.patience_s(1), f"somebody waited {worst:.1f} s beside slow ones")
    for line in lines:
        line.close()
    print(f"hostile: 200 slow connections were cut off after {took:.0f} s, others waited {worst * 1000:.0f} ms at most")


def crowd(service):
    """More connections than the service takes: those within the limit are served, and afterwards everybody is."""
    lines = []
    try:
        for _ in range(1000):
            lines.append(socket.create_connection(("127.0.0.1", service.port), timeout=20))
        for line in lines:
            line.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        answered = sum(line.recv(4096).startswith(b"HTTP/1.1 200") for line in lines)
        expect(answered == 1000, f"{answered} of 1000 connections were answered")
        more = []
        for _ in range(1500):
            more.append(socket.create_connection(("127.0.0.1", service.port), timeout=30))
        lines += more
        expect(service.is_alive(), "a crowd was too much")
    except OSError as reason:
        expect(service.is_alive(), f"a crowd was too much: {reason}")
    finally:
        for line in lines:
            line.close()
    end = time.monotonic() + 60
    got = b""
    while statuses(got) != [200] and time.monotonic() < end:
        time.sleep(0.2)
        got, _ = talk(service, get())
    expect(statuses(got) == [200], f"after the crowd: {statuses(got)}")


LIMIT_S = 15
files_max = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, files_max))
with Service("--step") as service:
    stuck = stuff(service)
    malformed(service)
    ambiguous(service)
    unusual(service)
    truncated(service)
    pipelined(service)
    crowd(service)
    slow(service, LIMIT_S)
    unstuff(service, stuck, LIMIT_S + 20)
    for code in (200, 400, 404, 408, 413, 414):
        expect(metric(service, r'rcesim_http_responses_total\{code="%d"\}' % code) > 0, f"{code} is not counted")
    expect(metric(service, "rcesim_requests_malformed_total") > len(AMBIGUOUS), "malformed requests are not counted")
    seconds, status = service.end()
    expect(seconds < service.patience_s(1) and status == 0, f"the end took {seconds:.2f} s, status {status}: {service.said()[-2000:]}")
end_of_many()
print(f"hostile: {len(CASES)} kinds of bad requests, {len(failures)} failed")
sys.exit(bool(failures))
