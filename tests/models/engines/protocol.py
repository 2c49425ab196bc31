"""The transcript of PROTOCOL.md against an engine, and against the JSON Schema.

usage: protocol.py transcript ENGINE WORD...     the engine answers exactly what the document says
       protocol.py schema                        the schema takes all lines of the transcript, and
                                                 none of a list of damaged ones

The validator knows the words of JSON Schema that the schema uses, and stops at any other.
"""

import copy
import json
import re
import subprocess
import sys

DOCUMENT = "models/engines/PROTOCOL.md"
SCHEMA = "models/engines/protocol.schema.json"
IGNORED = {"$schema", "title", "description", "$defs"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def lines():
    with open(DOCUMENT, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.startswith(("> {", "< {"))]


def is_valid(value, schema, root):
    for word, wanted in schema.items():
        if word in IGNORED:
            continue
        if not CHECKS[word](value, wanted, schema, root):
            return False
    return True


def has_type(value, wanted):
    if wanted == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[wanted])


def is_same(a, b):
    return type(a) is type(b) and a == b


CHECKS = {
    "$ref": lambda v, w, s, r: is_valid(v, r["$defs"][w.removeprefix("#/$defs/")], r),
    "oneOf": lambda v, w, s, r: sum(is_valid(v, one, r) for one in w) == 1,
    "type": lambda v, w, s, r: has_type(v, w),
    "const": lambda v, w, s, r: is_same(v, w),
    "enum": lambda v, w, s, r: any(is_same(v, one) for one in w),
    "minimum": lambda v, w, s, r: v >= w,
    "maximum": lambda v, w, s, r: v <= w,
    "pattern": lambda v, w, s, r: re.search(w, v) is not None,
    "required": lambda v, w, s, r: all(key in v for key in w),
    "properties": lambda v, w, s, r: all(is_valid(v[k], w[k], r) for k in w if k in v),
    "additionalProperties": lambda v, w, s, r: all(key in s["properties"] for key in v),
    "items": lambda v, w, s, r: all(is_valid(one, w, r) for one in v),
    "minItems": lambda v, w, s, r: len(v) >= w,
    "maxItems": lambda v, w, s, r: len(v) <= w,
    "uniqueItems": lambda v, w, s, r: len(set(map(json.dumps, v))) == len(v),
}


def objects(value):
    """All objects within a value."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from objects(part)


def damaged(message):
    """The message, each time with one more field somewhere, or one of a wrong type."""
    count = sum(1 for _ in objects(message))
    for i in range(count):
        for change in ("more", "type"):
            copied = copy.deepcopy(message)
            target = list(objects(copied))[i]
            if change == "more":
                target["unexpected"] = 1
            elif target:
                target[next(iter(target))] = {"no": "value"}
            else:
                continue
            # The config is the engine's own: anything may be in it.
            if copied.get("config") == message.get("config"):
                yield copied


def check_schema():
    with open(SCHEMA, encoding="utf-8") as file:
        root = json.load(file)
    failures = damaged_count = 0
    for line in lines():
        message = json.loads(line[2:])
        side = root["$defs"]["request" if line[0] == ">" else "answer"]
        if not is_valid(message, root, root) or not is_valid(message, side, root):
            print("refused by the schema:", line[:200], file=sys.stderr)
            failures += 1
        for wrong in damaged(message):
            damaged_count += 1
            if is_valid(wrong, root, root):
                print("taken by the schema:", json.dumps(wrong)[:200], file=sys.stderr)
                failures += 1
    if damaged_count < 200:
        print("only", damaged_count, "damaged lines", file=sys.stderr)
        failures += 1
    return failures


def check_transcript(words):
    """One line after the other, and then all at once: an engine answers both ways."""
    told = [line[2:] for line in lines() if line[0] == ">"]
    expected = [line[2:] for line in lines() if line[0] == "<"]
    failures = 0
    engine = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for line, wanted in zip(told, expected):
        engine.stdin.write(line.encode() + b"\n")
        engine.stdin.flush()
        answer = engine.stdout.readline().decode().rstrip("\n")
        if answer != wanted:
            print(f"told {line[:200]}\nwanted {wanted}\nanswer {answer}", file=sys.stderr)
            failures += 1
    engine.stdin.close()
    failures += engine.wait(timeout=10) != 0
    everything = "".join(line + "\n" for line in told).encode()
    answers = subprocess.run(words, input=everything, stdout=subprocess.PIPE, timeout=10, check=True)
    if answers.stdout.decode() != "".join(line + "\n" for line in expected):
        print("told all at once, it answers otherwise", file=sys.stderr)
        failures += 1
    for nonsense in (b"{\n", b"[]\n", b"\xff\n", b'{"op":"step"}\n', b'{"op":"fly"}\n'):
        answers = subprocess.run(words, input=nonsense + everything, stdout=subprocess.PIPE,
                                 timeout=10, check=True).stdout.decode().split("\n")
        if json.loads(answers[0])["error"]["code"] != "message" or answers[1:-1] != expected:
            print("nonsense is not answered, or harms what follows:", nonsense, file=sys.stderr)
            failures += 1
    return failures


def main():
    if sys.argv[1] == "schema":
        return check_schema()
    return check_transcript(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(min(main(), 1))
