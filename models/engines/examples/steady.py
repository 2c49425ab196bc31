#!/usr/bin/env python3
"""The engine of steady.c as a process, written from PROTOCOL.md alone: one step after the other.

    rcesim run scenario.yaml --engine 'command:python3 steady.py'

What is said to one workflow, and what it answers, is `Workflow`; the lines are below. Beyond steady.c
it can be saved and loaded, so its workflows outlive a crash: what had no answer yet is asked again
with the same key, and the service finds the task that it has started for it.
"""
import base64
import json
import sys
import zlib

DEADLINE, AGAIN = 0, 1  # timers


def integer(value):
    """An integer above 2^53 - 1 is a string."""
    return value if value < 1 << 53 else str(value)


def steps_of(plan):
    """What is done, in order: (operation, where)."""
    yield "upgrade-control-plane", {}
    for cluster, shape in enumerate(plan["clusters"]):
        here = {"cluster": cluster}
        yield "backup", here
        if shape["temporary_host"]:
            yield "add-host", {**here, "host": "temporary"}
        for host in range(shape["hosts"]):
            yield "read-cluster", here
            for operation in "enter-maintenance", "update-host", "exit-maintenance":
                yield operation, {**here, "host": host}
        if shape["temporary_host"]:
            yield "remove-host", {**here, "host": "temporary"}
    yield "upgrade-network", {}


class Workflow:
    # What is saved. request, task: what we wait for; early: called back before the answer.
    FIELDS = {"step": 0, "status": "running", "reason": "", "request": 0, "task": 0, "early": None,
              "deadline_at": 0, "requests": 0, "attempts": 0, "reads": 0, "generation": 0}

    def __init__(self, plan, options):
        self.number, self.steps, self.options = plan["workflow"], list(steps_of(plan)), options
        self.shape = json.dumps(plan, sort_keys=True).encode()
        self.__dict__.update(self.FIELDS)

    def save(self):
        state = json.dumps({name: getattr(self, name) for name in self.FIELDS}).encode()
        seal = zlib.crc32(self.shape + state)
        return base64.b64encode(b"1 %d %s" % (seal, state)).decode()  # 1: the form of the state

    def load(self, text):
        """Any bytes may come: sealed together with the plan, so that only our own are believed."""
        version, seal, state = base64.b64decode(text).split(b" ", 2)
        if version != b"1" or int(seal) != zlib.crc32(self.shape + state):
            raise ValueError
        self.__dict__.update(json.loads(state))

    def take(self, given):
        """One input; the actions."""
        self.out, self.now, kind = [], int(given["now_ns"]), given["kind"]
        is_running = self.requests > 0 and self.status == "running"
        if kind == "callback":
            self.call_back(given)
        elif kind == "response" and int(given["request"]) != self.request:
            self.note("response-ignored", given.get("task"))
        elif kind == "response" and is_running:
            self.respond(given)
        elif kind == "timer" and is_running:
            if given["timer"] == DEADLINE:
                self.end("deadline")
            elif given["timer"] == AGAIN and not self.request and not self.task:
                self.ask()
        elif (kind == "start" and self.requests == 0) or \
                (kind == "redriven" and self.status == "failed"):
            self.status = "running"
            self.begin()
        elif kind in ("resumed", "engine-changed") and is_running:
            self.set(DEADLINE, max(self.now, self.deadline_at))
            if not self.task:
                self.ask()
        elif kind == "resumed" and self.requests > 0:
            self.say_end()
        return self.out

    # What is said back. Every action names the place of the step.

    def say(self, kind, **fields):
        self.out.append({"kind": kind, **fields})

    def place(self):
        operation, where = self.steps[self.step]
        return {"operation": operation, **where}

    def note(self, what, task=None):
        self.say("log", note=what, **self.place(), **({"task": task} if task else {}))

    def set(self, timer, at):
        self.say("set-timer", timer=timer, at_ns=integer(at))

    def ask(self):
        """The state is complete before anybody can save it: persist means what it is in the end."""
        is_read = self.steps[self.step][0] == "read-cluster"
        self.requests += 1
        self.request, self.task = self.requests, 0
        self.reads += is_read
        self.attempts += not is_read
        key = self.number << 32 | (self.step + 1) << 8 | self.generation & 255
        self.say("persist")
        self.say("send", **self.place(), request=self.request, key=str(key),
                 attempt=min(self.reads if is_read else self.attempts, 65535))

    def begin(self):
        self.early = None
        self.deadline_at = self.now + int(self.options["deadline_ns"][self.steps[self.step][0]])
        self.note("step-started")
        self.set(DEADLINE, self.deadline_at)
        self.ask()

    def end(self, reason=""):
        self.status, self.reason = "failed" if reason else "succeeded", reason
        self.request = self.task = 0
        self.say("persist")
        self.say_end()

    def say_end(self):
        if self.reason:
            self.say("fail", reason=self.reason, **self.place())
        else:
            self.say("done")

    def step_ended(self, has_failed):
        if self.task:
            self.note("callback-believed", integer(self.task))
        self.generation += has_failed  # A re-drive starts another task.
        if has_failed or self.step + 1 == len(self.steps):
            self.end("task-failed" if has_failed else "")
            return
        self.step += 1
        self.attempts = 0
        if self.steps[self.step][0] == "backup":
            self.reads = 0
        self.begin()

    def respond(self, given):
        is_read = self.steps[self.step][0] == "read-cluster"
        self.request, result = 0, given["result"]
        if result == "refused":
            self.end("refused")
        elif result == "accepted" and not is_read:
            self.task = int(given["task"])
            if self.early and self.early[0] == self.task:
                self.step_ended(self.early[1])
            elif given.get("has_ended"):
                self.step_ended(given["outcome"] == "failed")
            else:
                self.say("persist")  # After a crash there is nothing to ask again, only to wait.
        elif result == "state" and is_read and "cluster-ready" in given["state"]:
            self.step_ended(False)
        else:
            self.set(AGAIN, self.now + int(self.options["retry_after_ns"]))

    def call_back(self, given):
        place, task = self.place(), int(given["task"])
        has_failed = given["outcome"] == "failed"
        is_ours = self.status == "running" and all(
            given.get(name) == place.get(name) for name in ("operation", "cluster", "host"))
        if is_ours and self.task == task:
            self.step_ended(has_failed)
        elif is_ours and self.request and not self.early:
            self.early = [task, has_failed]
        else:
            self.note("callback-ignored", integer(task))


class Engine:
    def __init__(self):
        self.options, self.workflows = None, {}

    def step(self, line):
        workflow = self.workflows[line["id"]]
        actions = workflow.take(line["input"])
        return {"id": line["id"], "status": workflow.status, "actions": actions}

    def answer(self, line):
        op = line["op"]
        if op == "init":
            self.options = line["options"]
            return {"protocol": 1, "name": "steady", "version": "1.0", "state_version": 1,
                    "state_version_oldest": 1, "capabilities": ["save", "load"]}
        if op == "begin":
            self.workflows[line["id"]] = Workflow(line["plan"], self.options)
        elif op == "step":
            return {"steps": [self.step(one) for one in line["steps"]]} if "steps" in line \
                else self.step(line)
        elif op == "end":
            del self.workflows[line["id"]]
        elif op == "reset":
            self.workflows = {}
        elif op == "save":
            return {"id": line["id"], "state": self.workflows[line["id"]].save()}
        elif op == "load":
            workflow = Workflow(line["plan"], self.options)
            try:
                workflow.load(line["state"])
            except ValueError:
                return {"error": {"code": "state", "message": "this is no state of this plan"}}
            self.workflows[line["id"]] = workflow
        return {"ok": True}


engine = Engine()
for text in sys.stdin:
    print(json.dumps(engine.answer(json.loads(text))), flush=True)
