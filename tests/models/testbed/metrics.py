"""What Prometheus reads keeps the rules of its text format, and those that `promtool check metrics` has.

Each family says what it is before its samples, once; names of counters, and only those, end in _total; _sum and _count
belong to summaries; labels and values can be read.
"""
import re
import sys
import urllib.request

from openapi_client import Client
from service import Service

failures = []


def expect(is_good, what):
    if not is_good:
        failures.append(what)
        print(f"metrics: {what}", file=sys.stderr)


def read(text):
    """{family: type}, and the names of the samples."""
    types, told, samples = {}, set(), []
    for line in text.splitlines():
        if found := re.fullmatch(r"# HELP (\w+) \S.*[.]", line):
            expect(found[1] not in told, f"{found[1]} is told twice")
            told.add(found[1])
        elif found := re.fullmatch(r"# TYPE (\w+) (counter|gauge|summary)", line):
            expect(found[1] in told and found[1] not in types, f"{found[1]}: its type comes once, after its help")
            types[found[1]] = found[2]
        elif found := re.fullmatch(r'(\w+)(?:{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*})? [0-9][0-9.e+-]*', line):
            name = found[1]
            family = name if name in types else re.sub("_(sum|count)$", "", name)
            expect(family == [*types][-1], f"{name} is not with its family")
            samples.append(name)
        else:
            expect(False, f"cannot be read: {line}")
    return types, samples


with Service("--speed", "3600") as service:
    client = Client(service.url)
    client.call("tellWorkflow", {"state": "started"}, sddc=0)
    client.call("backup", sddc=0, cluster=0)
    with urllib.request.urlopen(service.url + "/metrics") as answer:
        types, samples = read(answer.read().decode())
for name, kind in types.items():
    expect((kind == "counter") == name.endswith("_total"), f"{name} is a {kind}")
    expect(not re.search("_(sum|count|bucket)$", name), f"{name} looks like a part of a {kind}")
    expect(kind != "summary" or {name + "_sum", name + "_count"} <= set(samples), f"{name} lacks its sum or its count")
expect(len(types) > 15 and "rcesim_workflows" in types, f"only {sorted(types)}")
print(f"metrics: {len(types)} families, {len(samples)} samples, {len(failures)} failures")
sys.exit(bool(failures))
