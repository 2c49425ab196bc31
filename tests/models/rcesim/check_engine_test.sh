#!/bin/sh
# The conformance kit: good engines of all kinds pass, and each spoiled one fails at the promise that it breaks and at
# no other.
#
# usage: check_engine_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
built=$(cd "$(dirname "$(readlink -f "$program")")" && pwd)
engines=$root/tests/models/engines
${MAKE:-make} -s -C "$root" BUILD="$(dirname "$built")" VARIANT=release install-rce DESTDIR="$work/dest" PREFIX=/usr >install.log 2>&1 ||
    fail "make install-rce: $(cat install.log)"
export PKG_CONFIG_PATH="$work/dest/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/dest"
flags=$(pkg-config --cflags rce)
libs=$(pkg-config --libs rce)
cc -std=c11 -O2 -fPIC -shared $flags "$root/models/engines/examples/steady.c" -o steady.so || fail "cc steady.c"
cp "$root/models/engines/reference/engine.py" .

# Those that keep their promises.
expect 0 "12 of 12 properties hold as far as they were tried; 0 failed, 0 unchecked" "$program" check-engine rce
expect 0 "0 failed" "$program" check-engine "plugin:$built/librce_plugin.so" --steps 3000
expect 0 "9 of 12 properties hold as far as they were tried; 0 failed, 3 unchecked" \
    "$program" check-engine plugin:steady.so --steps 6000
is grep -q "save (unchecked): it does not save" out.txt
expect 0 "12 of 12 properties hold" "$program" check-engine "command:$built/rce-engine" --steps 1000
if python3 -c '' 2>/dev/null; then
    expect 0 "12 of 12 properties hold" "$program" check-engine "command:python3 engine.py" --steps 300
    sed 's/    def take_redriven(self):/&\n        raise SystemExit(7)/' engine.py >dies.py
    expect 10 "ended with status 7" "$program" check-engine "command:python3 dies.py" --steps 300 --only total
    is grep -q '"kind":"redriven"' out.txt
else
    echo "rcesim/check_engine: no python3, the engine in Python is not checked"
fi

# Same arguments, same bytes; no line is wider than a page.
expect 0 "" "$program" check-engine rce --steps 2000 --json
cp out.txt first.json
expect 0 "" "$program" check-engine rce --steps 2000 --json
is cmp out.txt first.json

# One promise broken each: the property is named, and no other.
spoiled() { # spoiled MACRO PROPERTY [TEXT]
    cc -std=c11 -O1 -w -fPIC -shared $flags -D"$1" "$engines/bad/spoiled.c" $libs -o "$1.so" || fail "cc $1"
    expect 10 "${3:-}" "$program" check-engine "plugin:$1.so" --steps 1200
    awk '$2 == "fails" { printf "%s ", $1 }' out.txt >fails.txt
    is [ "$(cat fails.txt)" = "$2 " ]
    awk 'length > 80 { bad = 1 } END { exit bad }' out.txt || fail "$1: a line is wider than 80 characters"
    is grep -q '^  {"op":"begin","id":1,"plan":' out.txt
}
cc -std=c11 -O1 -w -fPIC -shared $flags "$engines/bad/spoiled.c" $libs -o good.so || fail "cc spoiled.c"
expect 0 "12 of 12 properties hold" "$program" check-engine plugin:good.so --steps 3000
spoiled TOTAL_CRASH total "it crashes (Aborted)"
spoiled TOTAL_LEAVES total "it ends the program"
spoiled TOTAL_WRITES total "outside of the block"
spoiled TOTAL_HANG total "it does not come back"
spoiled ALLOWED allowed "a cluster or host that the plan"
spoiled TIME time "to a time before now"
spoiled END end "after the end of the workflow"
spoiled END_STATUS end "says that the workflow runs, but it has ended"
spoiled PURE_ADDRESS pure "fed the same twice"
# AddressSanitizer fills memory by itself.
case $built in */asan) ;; *) spoiled PURE_HEAP pure ;; esac
spoiled PURE_CLOCK pure
spoiled PURE_COUNTER pure
spoiled DIGEST_ADDRESS digest "its digests differ"
spoiled DIGEST_CONSTANT digest "is always"
spoiled SAVE save "saved and loaded after input"
spoiled DAMAGE damage "it crashes (Aborted) after a saved state with"
spoiled DAMAGE_WRITES damage "has written to"
spoiled INTERLEAVE interleave "beside two other workflows"
spoiled PERSIST persist "after a crash"
spoiled PERSIST_ORDER persist "persisted after it had sent"
spoiled DEADLINE deadline "when nothing more comes"
spoiled STRAY stray "nobody waits for"

# What a failure leaves: a history that can be read again.
expect 10 "" "$program" check-engine plugin:PERSIST.so --steps 1200 --only persist -o found
is [ -s found-persist.jsonl ]
is grep -q '"op":"step"' found-persist.jsonl
expect 10 '"result": "unchecked"' "$program" check-engine plugin:PERSIST.so --steps 1000 --only persist --json
expect 0 "1 of 12 properties hold" "$program" check-engine plugin:PERSIST.so --steps 2000 --only stray
is [ "$(grep -c '^  stray ' out.txt)" = 1 ]
is [ "$(grep -c 'unchecked' out.txt)" = 1 ] # What was not asked for is in the count alone.

# A history: the same engine answers as recorded, another one does not; where nothing was recorded nothing is said.
sed '/^{"protocol"/d' found-persist.jsonl >inputs.jsonl
"$built/rce-engine" <inputs.jsonl >answers.jsonl || fail "rce-engine"
paste -d '\n' inputs.jsonl answers.jsonl >history.jsonl
for engine in rce "plugin:$built/librce_plugin.so" "command:$built/rce-engine"; do
    expect 0 "The engine answers as recorded." "$program" check-engine "$engine" --history history.jsonl
done
expect 10 "the engine says" "$program" check-engine plugin:steady.so --history history.jsonl
is grep -q "^history.jsonl:5: workflow" out.txt
expect 10 '"differs": true' "$program" check-engine plugin:steady.so --history history.jsonl --json
expect 11 "no answer was recorded" "$program" check-engine rce --history inputs.jsonl
expect 4 "cannot read" "$program" check-engine rce --history nowhere.jsonl
echo nonsense >bad.jsonl
expect 3 "bad.jsonl:1" "$program" check-engine rce --history bad.jsonl

# A plugin that ends the program has not made a run of status 0.
cat >leaves.c <<'EOF'
#include <stdlib.h>
#include <rce/rce.h>
static struct rce_engine leaving;
static enum rce_status leave(void *workflow, void *process, const struct rce_input *input, struct rce_actions *out)
{
    if (input->now_ns > 0)
        exit(0);
    return rce_engine.step(workflow, process, input, out);
}
const struct rce_engine *rce_engine_get(uint32_t abi)
{
    leaving = rce_engine;
    leaving.step = leave;
    return abi == RCE_ABI ? &leaving : NULL;
}
EOF
cc -std=c11 -O1 -fPIC -shared $flags leaves.c $libs -o leaves.so || fail "cc leaves.c"
expect 1 "a plugin has ended the program, by exit(0)" "$program" run "$root/scenarios/phase2-race.yaml" \
    --set fleet.sddcs=5 --replications 2 --threads 2 -q --engine plugin:leaves.so -o left
is [ ! -e left ]
expect 10 "ends the program (exit status 0)" "$program" check-engine plugin:leaves.so --history history.jsonl

# Usage.
expect 2 "an engine is missing" "$program" check-engine
expect 2 'did you mean "persist"' "$program" check-engine rce --only presist
expect 2 "--help lists them" "$program" check-engine rce --only zzzzzzzz
for option in "--only save" "--seed 2" "--steps 9" "--output found"; do
    expect 2 "--history and ${option% *} do not go together" \
        "$program" check-engine rce --history history.jsonl $option
done
expect 2 "takes a JSON object" "$program" check-engine rce --config 7
expect 3 "has no config of its own" "$program" check-engine rce --config '{"a": 1}'
expect 2 "did you mean plugin:./ok.so?" "$program" check-engine ./ok.so
expect 2 "did you mean command:'python3 x.py'?" "$program" check-engine 'python3 x.py'
expect 2 'did you mean "rce"' "$program" check-engine rec
expect 3 "No such file" "$program" check-engine plugin:./nowhere.so
check_end "rcesim/check_engine"
