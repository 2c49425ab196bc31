#!/usr/bin/env python3
"""The engine of models/rce as a process, in Python: the reference for engines in other languages.

It speaks models/engines/PROTOCOL.md (version 1) on standard input and output and needs nothing but
the standard library. Given the same inputs it returns the same actions, states and digests as the C
engine, byte for byte; the tests hold it to that. So it is the place to look at what a message means,
and a start for an engine of your own: keep the protocol below `Process`, replace what is above it.

    engine: {command: [python3, engine.py]}

From top to bottom: back-off policies (retry.c), what a track and a workflow remember (state.c), one
step of one track (track.c, request.c), what comes after what (plan.c), the inputs (engine.c), lines.
Actions are made as JSON text at once, because this is the inner loop of a simulation.
"""

import base64
import binascii
import json
import os
import struct
import sys

PROTOCOL, ABI, STATE_VERSION = 1, 2, 1
NAME, VERSION = "rce", "1.0"

INT64_MAX = (1 << 63) - 1
INT64_MIN = -(1 << 63)
MASK = (1 << 64) - 1
NUMBER_MAX = (1 << 53) - 1
NEVER = INT64_MAX
SECOND = 1_000_000_000
PAUSE_MIN_NS = 1_000_000
COUNT_MAX = 65535

CLUSTERS_MAX, HOSTS_MAX, CLUSTERS_AT_ONCE_MAX = 20, 16, 10
NO_CLUSTER, NO_HOST, TEMPORARY = 255, 255, 254
WORKFLOW_MAX = (1 << 32) - 1

OPERATIONS = ("upgrade-control-plane", "backup", "add-host", "read-cluster", "read-host",
              "enter-maintenance", "update-host", "exit-maintenance", "remove-host",
              "upgrade-network")
REASONS = ("none", "deadline", "task-failed", "throttled", "unavailable", "not-ready", "refused",
           "no-answer")
STATUSES = ("running", "succeeded", "failed")
RUNNING, SUCCEEDED, FAILED = 0, 1, 2

(STEP_NONE, STEP_CONTROL_PLANE, STEP_CLUSTERS, STEP_NETWORK, STEP_BACKUP, STEP_ADD_HOST, STEP_JOIN,
 STEP_SETTLE, STEP_PRECHECK, STEP_ENTER, STEP_UPDATE, STEP_EXIT, STEP_REMOVE, STEP_END) = range(14)

# What a step asks for, as an index of OPERATIONS; -1 where it asks for nothing.
STEP_OPERATION = (-1, 0, -1, 9, 1, 2, -1, 5, 3, 5, 6, 7, 8, -1)
MUTATING = frozenset((STEP_CONTROL_PLANE, STEP_NETWORK, STEP_BACKUP, STEP_ADD_HOST, STEP_ENTER,
                      STEP_UPDATE, STEP_EXIT, STEP_REMOVE))

(IDLE, ASKING, WAITING, BACKING_OFF, READING_HOST, READ_PAUSE, READING_CLUSTER, POLL_PAUSE,
 SETTLING, SPENT) = range(10)

ERROR, THROTTLED, UNKNOWN = range(3)
CAUSES = {"throttled": THROTTLED, "accepted": UNKNOWN, "state": UNKNOWN, "no-answer": UNKNOWN}
GIVE_UP = -1

PERSIST = '{"kind":"persist"}'
DONE = '{"kind":"done"}'


class Complaint(Exception):
    """An error for the driver: a code of the protocol, and why."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def number(value):
    """An integer as JSON: a string where it is larger than every library can hold."""
    return str(value) if -NUMBER_MAX <= value <= NUMBER_MAX else f'"{value}"'


def add(a, b):
    """a + b for b >= 0, at most INT64_MAX."""
    return a + b if a + b < INT64_MAX else INT64_MAX


def integers(fields):
    """The fields of an object, times as integers: large ones come as strings."""
    return {key: int(value) if key.endswith("_ns") else value for key, value in fields.items()}


# Back-off policies.


def scale(value, permille):
    return min(value * permille // 1000, INT64_MAX)


def uniform(entropy, span):
    """Uniform over 0 .. span."""
    return entropy * (span + 1) >> 64


class Policy:
    def __init__(self, fields):
        self.__dict__.update(integers(fields))
        self.cap = self.cap_ns if self.cap_ns > 0 else INT64_MAX

    def ceiling(self, cause, retry):
        """min(cap, base multiplier^(retry - 1))."""
        base = max(self.base_ns, 0)
        if cause == THROTTLED and self.throttled_base_ns > 0:
            base = self.throttled_base_ns
        value = min(base, self.cap)
        for _ in range(1, retry):
            if value >= self.cap:
                break
            after = scale(value, self.multiplier_permille)
            if after == value:
                break
            value = min(after, self.cap)
        return value

    def delay(self, cause, attempts, previous, entropy, retry_after):
        """The wait by base, growth, cap and jitter alone."""
        value = self.ceiling(cause, attempts)
        jitter = self.jitter
        if jitter == "full":
            value = uniform(entropy, value)
        elif jitter == "equal":
            value = value - value // 2 + uniform(entropy, value // 2)
        elif jitter == "decorrelated":
            base = self.ceiling(cause, 1)
            top = scale(max(previous, base), 3000)
            value = min(self.cap, base + uniform(entropy, top - base))
        elif jitter == "proportional":
            spread = scale(value, min(self.jitter_permille, 1000))
            span = INT64_MAX if spread > INT64_MAX // 2 else 2 * spread
            value = add(value - spread, uniform(entropy, span))
        return value if self.ignore_retry_after else max(value, retry_after)

    def cost(self, cause):
        if cause == THROTTLED and self.budget_cost_throttled > 0:
            return self.budget_cost_throttled
        if cause == UNKNOWN and self.budget_cost_unknown > 0:
            return self.budget_cost_unknown
        return self.budget_cost

    def are_attempts_spent(self, attempts):
        if self.attempts_max > 0:
            return attempts >= self.attempts_max
        return self.base_ns <= 0 and self.throttled_base_ns <= 0


class Shared:
    """What all workflows of one process share: the retry budget and the limiter."""

    def __init__(self):
        self.started = False
        self.tokens = self.nanotokens = self.at = 0

    def start(self, policy, now):
        if self.started:
            return
        self.started = True
        self.tokens = policy.budget_capacity
        self.nanotokens = policy.limiter_burst * SECOND
        self.at = now

    def limiter_wait(self, policy, now):
        if now > self.at:
            full = policy.limiter_burst * SECOND
            self.nanotokens = min(full, self.nanotokens + (now - self.at) * policy.limiter_per_s)
            self.at = now
        missing = SECOND - self.nanotokens
        return -(-missing // policy.limiter_per_s) if missing > 0 else 0

    def permit(self, policy, cause, now, first_at, attempts, wait):
        """The wait, or a longer one where the limiter demands it, or GIVE_UP."""
        if policy.are_attempts_spent(attempts):
            return GIVE_UP
        self.start(policy, now)
        if policy.limiter_per_s > 0:
            wait = max(wait, self.limiter_wait(policy, now))
        wait = max(wait, 0)
        if policy.total_ns > 0 and add(now, wait) > add(first_at, policy.total_ns):
            return GIVE_UP
        if policy.budget_capacity > 0:
            cost = policy.cost(cause)
            if self.tokens < cost:
                return GIVE_UP
            self.tokens -= cost
        if policy.limiter_per_s > 0 and self.nanotokens > INT64_MIN // 2:
            self.nanotokens -= SECOND
        return wait

    def succeed(self, policy, now):
        if policy.budget_capacity == 0:
            return
        self.start(policy, now)
        self.tokens = min(policy.budget_capacity, self.tokens + policy.budget_success_credit)


class Options:
    def __init__(self, fields):
        self.deadline = tuple(int(fields["deadline_ns"][name]) for name in OPERATIONS)
        self.clusters_at_once = fields["clusters_at_once"]
        self.settle_ns = int(fields["settle_ns"])
        self.precheck = fields["precheck"]
        self.precheck_scope = fields["precheck_scope"]
        self.retry = fields["retry"]
        self.retry_after_ns = int(fields["retry_after_ns"])
        self.key_scope = fields["key_scope"]
        self.precheck_poll = Policy(fields["precheck_poll"])
        self.retry_policy = Policy(fields["retry_policy"])
        if not (1 <= self.clusters_at_once <= CLUSTERS_AT_ONCE_MAX and min(self.deadline) > 0
                and self.settle_ns >= 0 and self.retry_after_ns > 0):
            raise Complaint("config", "an option is out of its range")


class Plan:
    def __init__(self, fields):
        self.workflow = fields["workflow"]
        self.clusters = [(c["hosts"], c["temporary_host"]) for c in fields["clusters"]]
        if not (0 <= self.workflow <= WORKFLOW_MAX and 1 <= len(self.clusters) <= CLUSTERS_MAX
                and all(1 <= hosts <= HOSTS_MAX for hosts, _ in self.clusters)):
            raise Complaint("message", "this plan is out of its limits")

    def has_place(self, cluster, host):
        """Is there such a cluster, and such a host in it? None: the cluster as such."""
        return cluster < len(self.clusters) and \
            (host in (None, "temporary") or host < self.clusters[cluster][0])


# What a workflow remembers.


def mix(value, word):
    value = (value ^ word) * 0x9e3779b97f4a7c15 & MASK
    value ^= value >> 30
    value = value * 0xbf58476d1ce4e5b9 & MASK
    return value ^ value >> 27


def checksum(data):
    value = len(data)
    whole = len(data) // 8
    for word in struct.unpack_from(f"<{whole}Q", data):
        value = mix(value, word)
    return mix(value, int.from_bytes(data[whole * 8:], "little"))


HEADER = struct.Struct("<IIQI5B")
TRACK = struct.Struct("<qqqQQQI6H5B")
CHECKSUM = struct.Struct("<Q")


class Track:
    __slots__ = ("index", "cluster", "where", "began_at", "wait_at", "previous", "task", "early",
                 "early_failed", "request", "asked", "host_reads", "cluster_reads", "tries",
                 "polls", "generation", "step", "phase", "host", "deadline_is_set")

    def __init__(self, index):
        self.index = index
        self.cluster = NO_CLUSTER if index == 0 else (index - 1) // 2
        self.where = "" if index == 0 else f',"cluster":{self.cluster}'
        self.wait_at = NEVER
        self.early = [0, 0]
        self.began_at = self.previous = self.task = self.early_failed = self.request = 0
        self.asked = self.host_reads = self.cluster_reads = self.tries = self.polls = 0
        self.generation = self.step = self.phase = self.host = 0
        self.deadline_is_set = False

    def pack(self):
        return TRACK.pack(self.began_at, self.wait_at, self.previous, self.task, self.early[0],
                          self.early[1], self.request, self.asked, self.host_reads,
                          self.cluster_reads, self.tries, self.polls, self.generation, self.step,
                          self.phase, self.host, self.early_failed, self.deadline_is_set)

    def unpack(self, data, at):
        (self.began_at, self.wait_at, self.previous, self.task, self.early[0], self.early[1],
         self.request, self.asked, self.host_reads, self.cluster_reads, self.tries, self.polls,
         self.generation, self.step, self.phase, self.host, self.early_failed,
         is_set) = TRACK.unpack_from(data, at)
        self.deadline_is_set = is_set != 0

    def host_index(self):
        """The host that the step concerns, as requests name it."""
        step = self.step
        if step in (STEP_SETTLE, STEP_ENTER, STEP_UPDATE, STEP_EXIT):
            return self.host
        return TEMPORARY if step in (STEP_ADD_HOST, STEP_REMOVE) else NO_HOST

    def about(self):
        """The fields that name the track's step in an action."""
        step = self.step
        if step in (STEP_SETTLE, STEP_ENTER, STEP_UPDATE, STEP_EXIT):
            host = f',"host":{self.host}'
        else:
            host = ',"host":"temporary"' if step in (STEP_ADD_HOST, STEP_REMOVE) else ""
        return f'"operation":"{OPERATIONS[STEP_OPERATION[step]]}"{self.where}{host}'


ASKING_PHASES = frozenset((ASKING, WAITING, BACKING_OFF, SPENT))
READING_PHASES = frozenset((READING_HOST, READ_PAUSE))
STEP_PHASES = {
    STEP_ENTER: ASKING_PHASES | READING_PHASES, STEP_UPDATE: ASKING_PHASES | READING_PHASES,
    STEP_PRECHECK: READING_PHASES | {READING_CLUSTER, POLL_PAUSE, SPENT}, STEP_SETTLE: {SETTLING},
    STEP_NONE: {IDLE}, STEP_CLUSTERS: {IDLE}, STEP_JOIN: {IDLE}, STEP_END: {IDLE},
}
HOSTS_STEPS = {STEP_NONE, STEP_END, STEP_JOIN, STEP_SETTLE, STEP_PRECHECK, STEP_ENTER, STEP_UPDATE,
               STEP_EXIT}


class Workflow:
    def __init__(self, plan, options, shared):
        self.plan, self.options, self.shared = plan, options, shared
        self.requests_count = 0
        self.status, self.reason, self.failed_track = RUNNING, 0, 0
        self.begun = self.ended = 0
        self.tracks = [Track(i) for i in range(1 + 2 * len(plan.clusters))]
        self.out, self.input, self.now, self.is_persisted = [], None, 0, False

    # The saved form.

    def shape(self):
        value = mix(self.plan.workflow, len(self.plan.clusters))
        for hosts, temporary in self.plan.clusters:
            value = mix(value, hosts << 1 | temporary)
        return value

    def header(self):
        return HEADER.pack(STATE_VERSION, len(self.plan.clusters), self.shape(),
                           self.requests_count, self.status, self.reason, self.failed_track,
                           self.begun, self.ended)

    def save(self):
        data = self.header() + b"".join(track.pack() for track in self.tracks)
        return data + CHECKSUM.pack(checksum(data))

    def digest(self):
        value = checksum(self.header())
        for track in self.tracks:
            value = mix(value, checksum(track.pack()))
        return value

    def load(self, data):
        """Take over a saved state; False if it does not fit."""
        if len(data) != HEADER.size + TRACK.size * len(self.tracks) + CHECKSUM.size:
            return False
        (version, clusters, shape, self.requests_count, self.status, self.reason,
         self.failed_track, self.begun, self.ended) = HEADER.unpack_from(data)
        if (version, clusters, shape) != (STATE_VERSION, len(self.plan.clusters), self.shape()):
            return False
        if CHECKSUM.unpack(data[-8:])[0] != checksum(data[:-8]):
            return False
        for track in self.tracks:
            track.unpack(data, HEADER.size + TRACK.size * track.index)
        return self.is_sound()

    def is_sound(self):
        if self.status > FAILED or self.reason >= len(REASONS) or \
                self.failed_track >= len(self.tracks):
            return False
        if self.begun > len(self.plan.clusters) or self.ended > self.begun or \
                self.begun - self.ended > CLUSTERS_AT_ONCE_MAX:
            return False
        ended = 0
        for track in self.tracks:
            has_begun = track.index == 0 or track.cluster < self.begun
            if not self.is_sound_track(track) or (not has_begun and track.step != STEP_NONE):
                return False
            if track.index > 0 and has_begun and track.step == STEP_NONE:
                return False
            ended += track.index % 2 == 1 and track.step == STEP_END
        failed_step = self.tracks[self.failed_track].step
        if self.status == FAILED and STEP_PHASES.get(failed_step) == {IDLE}:
            return False
        return ended == self.ended

    def is_sound_track(self, track):
        hosts, temporary = (1, False) if track.index == 0 else self.plan.clusters[track.cluster]
        if track.index == 0:
            steps = {STEP_NONE, STEP_END, STEP_CONTROL_PLANE, STEP_CLUSTERS, STEP_NETWORK}
        elif track.index % 2 == 0:
            steps, hosts = {STEP_NONE, STEP_END, STEP_BACKUP}, 1
        else:
            steps = HOSTS_STEPS | ({STEP_ADD_HOST, STEP_REMOVE} if temporary else set())
        step, phase = track.step, track.phase
        if step not in steps or phase not in STEP_PHASES.get(step, ASKING_PHASES):
            return False
        if track.host >= hosts or track.early_failed > 3:
            return False
        if track.deadline_is_set != (phase not in (IDLE, SETTLING)):
            return False
        is_awaited = phase in (ASKING, READING_HOST, READING_CLUSTER)
        if track.request > self.requests_count or (track.request != 0) != is_awaited:
            return False
        is_set = track.wait_at != NEVER
        if phase in (IDLE, SPENT):
            return not is_set
        if phase in (ASKING, WAITING):
            return not is_set or step == STEP_ENTER
        return is_set

    # Actions.

    def persist(self):
        if not self.is_persisted:
            self.is_persisted = True
            self.out.append(PERSIST)

    def note(self, track, note, task=0, at=0):
        task_text = f',"task":{number(task)}' if task else ""
        at_text = f',"at_ns":{number(at)}' if at else ""
        self.out.append(f'{{"kind":"log","note":"{note}",{track.about()}{task_text}{at_text}}}')

    def ignore(self):
        given = self.input
        task = given.get("task", 0)
        task_text = f',"task":{number(int(task))}' if task else ""
        if given["kind"] == "callback":
            note, rest = "callback-ignored", ""
            cluster, host = given.get("cluster"), given.get("host")
            if cluster is not None and self.plan.has_place(cluster, host):
                rest = f',"cluster":{cluster}'
                if host is not None:
                    rest += f',"host":{json.dumps(host)}'
        else:
            request = int(given["request"])
            note, rest = "response-ignored", f',"request":{number(request)}' if request else ""
        self.out.append(f'{{"kind":"log","note":"{note}","operation":"{given["operation"]}"'
                        f'{rest}{task_text}}}')

    def deadline_at(self, track):
        return add(track.began_at, self.options.deadline[STEP_OPERATION[track.step]])

    def set_timer(self, timer, at):
        self.out.append(
            f'{{"kind":"set-timer","timer":{timer},"at_ns":{number(max(at, self.now))}}}')

    def set_deadline(self, track):
        track.deadline_is_set = True
        self.set_timer(2 * track.index, self.deadline_at(track))

    def cancel_deadline(self, track):
        if track.deadline_is_set:
            track.deadline_is_set = False
            self.out.append(f'{{"kind":"cancel-timer","timer":{2 * track.index}}}')

    def set_wait(self, track, wait):
        track.wait_at = min(add(self.now, wait), NEVER - 1)
        self.set_timer(2 * track.index + 1, track.wait_at)

    def restore_wait(self, track):
        self.set_timer(2 * track.index + 1, track.wait_at)

    def cancel_wait(self, track):
        if track.wait_at != NEVER:
            track.wait_at = NEVER
            self.out.append(f'{{"kind":"cancel-timer","timer":{2 * track.index + 1}}}')

    # What is sent.

    def retry_after(self):
        given = self.input
        return int(given.get("retry_after_ns", 0)) if given["kind"] == "response" else 0

    def spacing(self, track, policy, count):
        cause = UNKNOWN
        if self.input["kind"] == "response":
            cause = CAUSES.get(self.input["result"], ERROR)
        track.previous = policy.delay(cause, count, track.previous, self.entropy(),
                                      self.retry_after())
        return track.previous

    def entropy(self):
        return int(self.input["entropy"])

    def key(self, track):
        scope = self.options.key_scope
        if scope == "none":
            return 0
        if scope == "per-attempt":
            code, count = 1, track.asked
        elif scope == "per-task":
            code, count = 2, track.generation
        elif scope == "per-workflow":
            code, count = 3, 0
        else:
            code, count = 4, 1
        host = track.host_index()
        cluster_code = 31 if track.cluster == NO_CLUSTER else track.cluster
        host_code = {TEMPORARY: 30, NO_HOST: 31}.get(host, host)
        if scope == "per-operation":
            cluster_code = host_code = 31
        target = cluster_code << 11 | host_code << 6 | STEP_OPERATION[track.step] << 2 | code & 3
        return self.plan.workflow << 32 | target << 16 | count

    def is_watched(self, track):
        return self.options.retry and track.step == STEP_ENTER

    def ask(self, track):
        self.persist()
        track.asked = min(track.asked + 1, COUNT_MAX)
        track.tries = min(track.tries + 1, COUNT_MAX)
        track.polls = 0
        track.phase = ASKING
        self.requests_count += 1
        track.request = self.requests_count
        key = self.key(track)
        key_text = f',"key":"{key}"' if key else ""
        self.out.append(f'{{"kind":"send",{track.about()},"attempt":{track.asked},'
                        f'"request":{track.request}{key_text}}}')
        if not self.is_watched(track):
            self.cancel_wait(track)
            return
        silence = self.options.retry_after_ns
        if track.tries > 1:
            silence = add(silence, self.spacing(track, self.options.retry_policy, track.tries - 1))
        self.set_wait(track, silence)

    def send_read(self, track, is_host):
        self.persist()
        self.requests_count += 1
        track.request = self.requests_count
        if is_host:
            track.host_reads = min(track.host_reads + 1, COUNT_MAX)
            track.phase = READING_HOST
            what = (f'"operation":"read-host"{track.where},"host":{track.host},'
                    f'"attempt":{track.host_reads}')
        else:
            track.cluster_reads = min(track.cluster_reads + 1, COUNT_MAX)
            track.phase = READING_CLUSTER
            what = f'"operation":"read-cluster"{track.where},"attempt":{track.cluster_reads}'
        self.out.append(f'{{"kind":"send",{what},"request":{track.request}}}')
        self.set_wait(track, self.options.retry_after_ns)

    def read_host(self, track):
        track.polls = min(track.polls + 1, COUNT_MAX)
        self.send_read(track, True)

    def poll(self, track):
        track.polls = min(track.polls + 1, COUNT_MAX)
        self.send_read(track, track.asked > 0)

    # One step of one track.

    def pause(self, track, phase, wait):
        self.persist()
        track.phase = phase
        self.set_wait(track, max(wait, PAUSE_MIN_NS))

    def forget_early(self, track):
        for i in range(2):
            if track.early[i] != 0:
                self.note(track, "callback-ignored", track.early[i])
                track.early[i] = 0
        track.early_failed = 0

    def fail(self, track, reason):
        for other in self.tracks:
            if other.phase != IDLE:
                self.forget_early(other)
        track.phase = SPENT
        track.request = 0
        track.wait_at = NEVER
        self.persist()
        self.status = FAILED
        self.reason = REASONS.index(reason)
        self.failed_track = track.index
        self.say_failed()

    def say_failed(self):
        about = self.tracks[self.failed_track].about()
        self.out.append(f'{{"kind":"fail","reason":"{REASONS[self.reason]}",{about}}}')

    def end(self, track):
        self.forget_early(track)
        self.note(track, "step-ended")
        self.persist()
        track.request = 0
        self.cancel_wait(track)
        if track.step in MUTATING:
            track.task = track.asked = track.generation = 0
        self.advance(track)

    def end_by_state(self, track):
        if track.step == STEP_PRECHECK:
            self.forget_early(track)
            self.note(track, "step-ended")
            track.step = STEP_ENTER
        self.note(track, "state-believed")
        self.end(track)

    def spend(self, track):
        self.persist()
        self.note(track, "retries-spent")
        track.phase = SPENT
        self.cancel_wait(track)

    def back_off(self, track, wait):
        self.pause(track, BACKING_OFF, wait)
        self.note(track, "retry", at=track.wait_at)

    def decide(self, track, cause):
        policy = self.options.retry_policy
        delay = policy.delay(cause, track.tries, track.previous, self.entropy(),
                             self.retry_after())
        wait = self.shared.permit(policy, cause, self.now, track.began_at, track.tries, delay)
        if wait != GIVE_UP:
            track.previous = delay
        return wait

    def ask_after_read(self, track):
        if track.tries == 0:
            self.ask(track)
            return
        wait = self.shared.permit(self.options.retry_policy, UNKNOWN, self.now, track.began_at,
                                  track.tries, 0)
        if wait == GIVE_UP:
            self.spend(track)
        elif wait > 0:
            self.back_off(track, wait)
        else:
            self.note(track, "retry", at=self.now)
            self.ask(track)

    def lose_task(self, track):
        track.task = 0
        track.generation = min(track.generation + 1, COUNT_MAX)

    def task_failed(self, track):
        self.persist()
        asks_again_anyway = track.phase in (BACKING_OFF, READING_HOST, READ_PAUSE)
        self.lose_task(track)
        if asks_again_anyway:
            return
        wait = GIVE_UP
        if self.options.retry and track.phase != SPENT:
            wait = self.decide(track, ERROR)
        if wait == GIVE_UP:
            self.fail(track, "task-failed")
        else:
            self.back_off(track, wait)

    def believe(self, track, note, outcome):
        self.note(track, note, track.task)
        if outcome == "succeeded":
            self.end(track)
        else:
            self.task_failed(track)

    def take_early(self, track, task):
        """The outcome that an early callback of the task told, which is forgotten; or None."""
        for i in range(2):
            if task != 0 and track.early[i] == task:
                has_failed = track.early_failed >> i & 1
                track.early[i] = 0
                track.early_failed &= ~(1 << i)
                return "failed" if has_failed else "succeeded"
        return None

    def keep_early(self, track):
        task = int(self.input["task"])
        if task in track.early:
            self.ignore()
            return
        self.persist()
        if track.early[0] != 0:
            self.note(track, "callback-ignored", track.early[0])
        has_failed = self.input["outcome"] != "succeeded"
        track.early = [track.early[1], task]
        track.early_failed = track.early_failed >> 1 | (2 if has_failed else 0)

    def call_back(self, track):
        phase = track.phase
        if phase == ASKING or (track.task == 0
                               and phase in (BACKING_OFF, READING_HOST, READ_PAUSE)):
            self.keep_early(track)
            return
        is_known = track.task == int(self.input["task"])
        if is_known and phase in (WAITING, SPENT, BACKING_OFF, READING_HOST, READ_PAUSE):
            self.believe(track, "callback-believed", self.input["outcome"])
        else:
            self.ignore()

    def accepted(self, track):
        self.persist()
        track.phase = WAITING
        track.task = int(self.input["task"])
        outcome = self.take_early(track, track.task)
        if outcome is not None:
            self.believe(track, "callback-believed", outcome)
        elif self.input.get("has_ended", False):
            self.believe(track, "answer-believed", self.input["outcome"])

    def rejected(self, track, reason):
        if not self.options.retry or reason == "refused":
            self.fail(track, reason)
            return
        outcome = self.take_early(track, track.task)
        if outcome is not None:
            self.note(track, "callback-believed", track.task)
            if outcome == "succeeded":
                self.end(track)
                return
            self.lose_task(track)
        wait = self.decide(track, CAUSES.get(self.input["result"], ERROR))
        if wait != GIVE_UP:
            self.back_off(track, wait)
        elif track.task != 0:
            self.spend(track)
        else:
            self.fail(track, reason)

    def read_later(self, track, count):
        self.pause(track, READ_PAUSE, self.spacing(track, self.options.retry_policy, count))

    def unanswered(self, track):
        if not self.options.retry:
            self.fail(track, "no-answer")
            return
        self.persist()
        track.task = 0
        if track.step == STEP_ENTER:
            self.read_later(track, track.tries)
            return
        wait = self.decide(track, UNKNOWN)
        if wait == GIVE_UP:
            self.spend(track)
        else:
            self.back_off(track, wait)

    def respond_to_request(self, track):
        result = self.input["result"]
        if result == "accepted" and int(self.input.get("task", 0)) != 0:
            self.accepted(track)
        elif result in ("throttled", "unavailable", "not-ready", "refused"):
            self.rejected(track, result)
        else:
            self.unanswered(track)

    def poll_later(self, track):
        wait = self.spacing(track, self.options.precheck_poll, track.polls)
        self.pause(track, POLL_PAUSE, wait)
        self.note(track, "not-ready-yet", at=track.wait_at)

    def respond_to_host_read(self, track):
        is_answered = self.input["result"] == "state"
        wanted = "host-updated" if track.step == STEP_UPDATE else "host-in-maintenance"
        if is_answered and wanted in self.input["state"]:
            self.end_by_state(track)
        elif track.step == STEP_PRECHECK:
            if is_answered:
                self.send_read(track, False)
            else:
                self.poll_later(track)
        elif is_answered:
            self.ask_after_read(track)
        else:
            self.read_later(track, track.polls)

    def respond(self, track):
        track.request = 0
        if self.options.retry and self.input["result"] in ("accepted", "state"):
            self.shared.succeed(self.options.retry_policy, self.now)
        if track.phase == ASKING:
            self.respond_to_request(track)
        elif track.phase == READING_HOST:
            self.respond_to_host_read(track)
        elif self.input["result"] == "state" and "cluster-ready" in self.input["state"]:
            self.end(track)
        else:
            self.poll_later(track)

    def wait_over(self, track):
        if track.wait_at == NEVER or self.now < track.wait_at:
            return
        track.wait_at = NEVER
        phase = track.phase
        if phase == ASKING:
            track.task = 0
            self.read_host(track)
        elif phase in (WAITING, READ_PAUSE):
            self.read_host(track)
        elif phase in (READING_HOST, READING_CLUSTER, POLL_PAUSE):
            if track.step == STEP_PRECHECK:
                self.poll(track)
            else:
                self.read_host(track)
        elif phase == BACKING_OFF:
            self.ask(track)
        else:
            self.persist()
            self.advance(track)

    def begin(self, track, step, reads_first=False):
        self.persist()
        track.step = step
        track.began_at = self.now
        track.previous = track.task = track.request = track.tries = track.polls = 0
        if step == STEP_SETTLE:
            track.phase = SETTLING
            self.note(track, "settling", at=add(self.now, self.options.settle_ns))
            self.set_wait(track, self.options.settle_ns)
            return
        self.note(track, "step-started")
        if step == STEP_PRECHECK:
            self.poll(track)
        elif reads_first:
            self.read_host(track)
        else:
            self.ask(track)
        self.set_deadline(track)

    def idle(self, track, step):
        self.persist()
        track.step = step
        track.phase = IDLE
        self.cancel_deadline(track)

    def resume_track(self, track):
        self.persist()
        phase = track.phase
        is_watched = self.is_watched(track)
        if phase == ASKING:
            track.task = 0
            if is_watched:
                self.read_host(track)
            else:
                self.ask(track)
        elif phase in (READING_HOST, READING_CLUSTER):
            if track.step == STEP_PRECHECK:
                self.poll(track)
            else:
                self.read_host(track)
        elif phase == WAITING:
            if is_watched:
                if track.wait_at == NEVER:
                    track.wait_at = add(track.began_at, self.options.retry_after_ns)
                self.restore_wait(track)
            else:
                self.cancel_wait(track)
        elif phase in (BACKING_OFF, READ_PAUSE, POLL_PAUSE, SETTLING):
            self.restore_wait(track)
        if track.deadline_is_set:
            self.set_deadline(track)

    def redrive_track(self, track):
        step = track.step
        track.wait_at = NEVER
        track.deadline_is_set = False
        if track.index == self.failed_track:
            track.generation = min(track.generation + 1, COUNT_MAX)
        if step == STEP_ENTER and self.options.precheck:
            step = STEP_PRECHECK
        elif step == STEP_PRECHECK and not self.options.precheck:
            step = STEP_ENTER
        reads_first = self.options.retry and step in (STEP_ENTER, STEP_UPDATE)
        self.begin(track, step, reads_first and track.asked > 0)

    # What comes after what.

    def begin_clusters(self):
        while self.begun < len(self.plan.clusters) and \
                self.begun - self.ended < self.options.clusters_at_once:
            cluster = self.begun
            self.begun += 1
            hosts = self.tracks[1 + 2 * cluster]
            if self.plan.clusters[cluster][1]:
                self.begin(hosts, STEP_ADD_HOST)
            else:
                self.idle(hosts, STEP_JOIN)
            self.begin(self.tracks[2 + 2 * cluster], STEP_BACKUP)

    def end_cluster(self, hosts):
        self.idle(hosts, STEP_END)
        self.ended += 1
        if self.ended == len(self.plan.clusters):
            self.begin(self.tracks[0], STEP_NETWORK)
        else:
            self.begin_clusters()

    def join(self, cluster):
        hosts = self.tracks[1 + 2 * cluster]
        if hosts.step != STEP_JOIN or self.tracks[2 + 2 * cluster].step != STEP_END:
            return
        if self.options.settle_ns > 0:
            self.begin(hosts, STEP_SETTLE)
        else:
            self.begin_first_host(hosts)

    def begin_first_host(self, hosts):
        self.begin(hosts, STEP_PRECHECK if self.options.precheck else STEP_ENTER)

    def end_host(self, hosts):
        count, temporary = self.plan.clusters[hosts.cluster]
        if hosts.host + 1 < count:
            hosts.host += 1
            hosts.host_reads = 0
            is_checked = self.options.precheck and self.options.precheck_scope == "every-host"
            self.begin(hosts, STEP_PRECHECK if is_checked else STEP_ENTER)
        elif temporary:
            self.begin(hosts, STEP_REMOVE)
        else:
            self.end_cluster(hosts)

    def advance(self, track):
        step = track.step
        if step == STEP_CONTROL_PLANE:
            self.idle(track, STEP_CLUSTERS)
            self.begin_clusters()
        elif step == STEP_BACKUP:
            self.idle(track, STEP_END)
            self.join(track.cluster)
        elif step == STEP_ADD_HOST:
            self.idle(track, STEP_JOIN)
            self.join(track.cluster)
        elif step == STEP_SETTLE:
            self.begin_first_host(track)
        elif step in (STEP_PRECHECK, STEP_ENTER, STEP_UPDATE):
            self.begin(track, step + 1)
        elif step == STEP_EXIT:
            self.end_host(track)
        elif step == STEP_REMOVE:
            self.end_cluster(track)
        else:
            self.idle(track, STEP_END)
            self.status = SUCCEEDED
            self.out.append(DONE)

    # The inputs.

    def is_running(self):
        return self.status == RUNNING and self.tracks[0].step != STEP_NONE

    def take_start(self):
        if self.tracks[0].step == STEP_NONE:
            self.begin(self.tracks[0], STEP_CONTROL_PLANE)

    def take_response(self):
        request = int(self.input["request"])
        if request != 0 and self.is_running():
            for track in self.tracks[:1 + 2 * self.begun]:
                if track.request == request:
                    self.respond(track)
                    return
        self.ignore()

    def take_callback(self):
        given = self.input
        operation, cluster = given["operation"], given.get("cluster", NO_CLUSTER)
        track = self.tracks[0]
        if cluster != NO_CLUSTER:
            is_backup = operation == "backup"
            track = self.tracks[1 + 2 * cluster + is_backup] if cluster < self.begun else None
        if track is not None and track.step in MUTATING and self.is_running() and \
                int(given["task"]) != 0 and OPERATIONS[STEP_OPERATION[track.step]] == operation:
            host = given.get("host", NO_HOST)
            if track.host_index() == (TEMPORARY if host == "temporary" else host):
                self.call_back(track)
                return
        self.ignore()

    def take_timer(self):
        timer = self.input["timer"]
        if not self.is_running() or timer >= 2 * len(self.tracks):
            return
        track = self.tracks[timer // 2]
        if timer % 2 == 1:
            self.wait_over(track)
        elif track.deadline_is_set and self.now >= self.deadline_at(track):
            self.fail(track, "deadline")

    def take_resumed(self):
        if self.status == FAILED:
            self.say_failed()
        elif self.status == SUCCEEDED:
            self.out.append(DONE)
        else:
            for track in self.tracks:
                if track.phase != IDLE:
                    self.resume_track(track)

    def take_redriven(self):
        if self.status != FAILED:
            return
        self.status = RUNNING
        self.reason = 0
        for track in self.tracks:
            if track.phase != IDLE:
                self.redrive_track(track)

    def take_engine_changed(self):
        if self.is_running():
            self.take_resumed()

    TAKERS = {"start": take_start, "response": take_response, "callback": take_callback,
              "timer": take_timer, "resumed": take_resumed, "redriven": take_redriven,
              "engine-changed": take_engine_changed}

    def take(self, given):
        """Take one input; the actions as a JSON list."""
        self.input = given
        self.now = int(given["now_ns"])
        self.is_persisted = False
        self.out = []
        self.TAKERS[given["kind"]](self)
        return ",".join(self.out)


# Lines.


class Process:
    """One engine process: its workflows by the number that the driver gave them."""

    def __init__(self):
        self.options = None
        self.reset()

    def reset(self):
        self.workflows = {}
        self.shared = Shared()

    def find(self, line):
        workflow = self.workflows.get(line["id"])
        if workflow is None:
            raise Complaint("id", "there is no workflow of this id")
        return workflow

    def create(self, line):
        if line["id"] in self.workflows:
            raise Complaint("id", "there is a workflow of this id already")
        return Workflow(Plan(line["plan"]), self.options, self.shared)

    def step(self, line):
        workflow = self.find(line)
        actions = workflow.take(line["input"])
        return f'{{"id":{line["id"]},"status":"{STATUSES[workflow.status]}","actions":[{actions}]}}'

    def answer_init(self, line):
        if line["protocol"] != PROTOCOL or line["abi"] != ABI:
            raise Complaint("protocol", f"this engine speaks protocol {PROTOCOL} and abi {ABI}")
        if line["config"]:
            raise Complaint("config", "this engine has no config of its own")
        if self.options is not None:
            raise Complaint("message", "init comes once")
        self.options = Options(line["options"])
        return json.dumps({"protocol": PROTOCOL, "name": NAME, "version": VERSION,
                           "capabilities": ["save", "load", "digest"],
                           "state_version": STATE_VERSION,
                           "state_version_oldest": STATE_VERSION}, separators=(",", ":"))

    def answer_begin(self, line):
        self.workflows[line["id"]] = self.create(line)
        return '{"ok":true}'

    def answer_step(self, line):
        if "steps" in line:
            return f'{{"steps":[{",".join([self.step(one) for one in line["steps"]])}]}}'
        return self.step(line)

    def answer_end(self, line):
        self.find(line)
        del self.workflows[line["id"]]
        return '{"ok":true}'

    def answer_reset(self, _line):
        self.reset()
        return '{"ok":true}'

    def answer_save(self, line):
        state = base64.b64encode(self.find(line).save()).decode()
        return f'{{"id":{line["id"]},"state":"{state}"}}'

    def answer_load(self, line):
        workflow = self.create(line)
        try:
            data = base64.b64decode(line["state"], validate=True)
        except binascii.Error:
            raise Complaint("state", "the state is no base64, or too long") from None
        if not workflow.load(data):
            raise Complaint("state", "this state is not for this engine, or this plan")
        self.workflows[line["id"]] = workflow
        return '{"ok":true}'

    def answer_digest(self, line):
        return f'{{"id":{line["id"]},"digest":"{self.find(line).digest()}"}}'

    ANSWERS = {"init": answer_init, "begin": answer_begin, "step": answer_step, "end": answer_end,
               "reset": answer_reset, "save": answer_save, "load": answer_load,
               "digest": answer_digest}

    def answer(self, text):
        """The answer to one line. Whatever goes wrong is an answer, too."""
        try:
            line = json.loads(text)
            op = line["op"]
            if self.options is None and op != "init":
                raise Complaint("message", "init comes first")
            return self.ANSWERS[op](self, line)
        except Complaint as complaint:
            code, message = complaint.code, str(complaint)
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            code, message = "message", f"{type(error).__name__}: {error}"
        return json.dumps({"error": {"code": code, "message": message}}, separators=(",", ":"))


def main():
    """Answer all lines that have come, then say so at once: a driver may send several."""
    process, rest = Process(), b""
    while True:
        data = os.read(0, 1 << 16)
        if not data:
            return 0
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        if lines:
            text = "\n".join([process.answer(line) for line in lines]) + "\n"
            left = memoryview(text.encode())
            while left:
                left = left[os.write(1, left):]


if __name__ == "__main__":
    sys.exit(main())
