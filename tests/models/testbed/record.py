"""The service's own record of part of a fleet: which workflows it is of, and what it may be compared with."""
import contextlib
import os
import signal
import subprocess
import sys
import time

from openapi_client import Client
from service import PROGRAM, Service

failures = []


def expect(is_good, what):
    if not is_good:
        failures.append(what)
        print(f"record: {what}", file=sys.stderr)


def work(service, ends):
    """Workflows begin and end as said; the numbers and states in the result."""
    client = Client(service.url)
    for sddc, state in ends.items():
        client.call("tellWorkflow", {"state": "started"}, sddc=sddc)
        client.call("tellWorkflow", {"state": state}, sddc=sddc)
    service.end()
    with open(f"{service.folder}/workflows.tsv", encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    rows = [dict(zip(lines[0], line)) for line in lines[1:]]
    return {int(row["workflow"]): row["status"] for row in rows}


def compare(first, later):
    return subprocess.run([PROGRAM, "compare", first.folder, later.folder], capture_output=True, text=True).stdout


with contextlib.ExitStack() as stack:
    services = [stack.enter_context(Service("--step", "--set", "thresholds=null")) for _ in range(3)]
    ends = [{7: "failed", 42: "succeeded", 99: "failed"}, {7: "succeeded", 42: "succeeded", 99: "failed"},
            {7: "succeeded", 43: "succeeded", 99: "failed"}]
    for service, told in zip(services, ends):
        found = work(service, told)
        expect(found == told, f"{found} in the result, not {told}")
    expect("Not paired" not in compare(services[0], services[1]), "the same workflows are not paired")
    text = compare(services[0], services[2])
    expect("they are not of the same workflows" in text, f"42 is paired with 43: {text}")



def rows_of(folder):
    with open(f"{folder}/workflows.tsv", encoding="utf-8") as file:
        return sum(not line.startswith("#") for line in file) - 1


def leave_running():
    """What nobody has ended has not failed: it is left out, and that is said."""
    with Service("--step") as service:
        client = Client(service.url)
        for sddc in (1, 2, 3):
            client.call("tellWorkflow", {"state": "started"}, sddc=sddc)
            client.call("upgradeNetwork", sddc=sddc)
        client.call("tellWorkflow", {"state": "succeeded"}, sddc=2)
        status, said = service.end()[1], service.said()
        expect(status == 11, f"thresholds are met by those that are left: {status}")
        expect("2 workflows were still running: not in the result" in said, said)
        expect(rows_of(service.folder) == 1, "a workflow that runs is in the result")
    with Service("--step", "--set", "thresholds=null") as service:
        Client(service.url).call("tellWorkflow", {"state": "started"}, sddc=1)
        expect(service.end()[1] == 0 and not os.path.exists(service.folder), "a result of no workflow")
        said = service.said()
        expect("1 workflow was still running" in said and "no client has ended a workflow" in said, said)


def hold_against_world():
    """A client's word is no truth."""
    with Service("--step") as service:
        client = Client(service.url)
        for reason in ("none", "deadline", "task-failed", "throttled", "unavailable", "not-ready", "refused", "no-answer", None):
            client.call("tellWorkflow", {"state": "started"}, sddc=7)
            body = {"state": "failed"} if reason is None else {"state": "failed", "reason": reason}
            answer = client.call("tellWorkflow", body, sddc=7).body
            expect(answer["truth"]["cause"] == "other", f"{reason}: {answer}")
            expect(answer["reason"] == (reason or "none"), f"{reason}: {answer}")
        service.end()
        subprocess.run([PROGRAM, "report", service.folder], capture_output=True, check=True)
        with open(f"{service.folder}/workflows.tsv", encoding="utf-8") as file:
            expect("control-plane" not in file.read(), "a step that nobody spoke of")


def take_place():
    """The record is not lost with the folder that it was to go to, and where nothing can be written that is said."""
    with Service("--step", "--set", "thresholds=null") as service:
        client = Client(service.url)
        client.call("tellWorkflow", {"state": "started"}, sddc=1)
        client.call("tellWorkflow", {"state": "succeeded"}, sddc=1)
        os.mkdir(service.folder)
        with open(f"{service.folder}/notes", "w", encoding="utf-8") as file:
            file.write("mine")
        status, said = service.end()[1], service.said()
        expect(status == 4 and rows_of(service.folder + ".2") == 1, f"{status}: {said}")
        expect(os.listdir(service.folder) == ["notes"], "somebody's folder is no longer as it was")
        expect(f"rcesim report {service.folder}.2" in said and "lost" not in said, said)
    with Service("--step", "--set", "thresholds=null", file_max_bytes=4096) as service:
        client = Client(service.url)
        client.call("tellWorkflow", {"state": "started"}, sddc=1)
        client.call("tellWorkflow", {"state": "succeeded"}, sddc=1)
        status, said = service.end()[1], service.said()
        expect(status == 4 and "the record of 1 workflow is lost" in said and "rcesim report" not in said, f"{status}: {said}")


def end_twice():
    """Two signals at once are one wish; nothing is lost of it."""
    for i in range(12):
        with Service("--step", "--set", "thresholds=null") as service:
            client = Client(service.url)
            client.call("tellWorkflow", {"state": "started"}, sddc=1)
            client.call("tellWorkflow", {"state": "succeeded"}, sddc=1)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.002 * i)
            seconds, status = service.end()
            expect(status == 0 and rows_of(service.folder) == 1, f"two SIGTERMs, {2 * i} ms apart: {status}")


leave_running()
hold_against_world()
take_place()
end_twice()
print(f"record: {len(failures)} failures")
sys.exit(bool(failures))
