#!/bin/sh
# Histories from end to end: `run --record` and `trace --format history` write them, `check-engine --history` feeds them
# to engines. Those that are the same answer the same, also after crashes, hand-overs and with a shared budget; one
# changed action or option is found, with its line; and a recorder changes nothing in the world.
#
# usage: history_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
built=$(cd "$(dirname "$(readlink -f "$program")")" && pwd)
cp "$root"/scenarios/phase2-race.yaml "$root"/scenarios/canary-rollout.yaml .
cp "$root/models/engines/reference/engine.py" .
cp "$built/rce-engine" .
wave="--set fleet.sddcs=40 --set thresholds=null --replications 2 --force"
same() { # same ENGINE HISTORY
    expect 0 "The engine answers as recorded." "$program" check-engine "$1" --history "$2"
}

# What is chosen is written: the folder lists it, for any number of threads the same bytes.
expect 0 "" "$program" run phase2-race.yaml $wave -o run --record h
is grep -q '^rcesim: 9 histories of 9 workflows, 71 left out, 0.* MiB, in h$' err.txt
is [ "$(grep -c '	failed	' h/histories.tsv)" = 3 ]
is [ "$(grep -c '^before-.*	succeeded	' h/histories.tsv)" = 3 ]
is [ "$(grep -c '	whole$' h/histories.tsv)" = 9 ]
is [ "$(ls h/*.jsonl | wc -l)" = 9 ]
expect 0 "" "$program" run phase2-race.yaml $wave -q -o run --record h8 --threads 8
is diff -r h h8
expect 0 "" "$program" run phase2-race.yaml $wave -q -o plain
is diff -r run plain
expect 4 "h exists; choose another folder, or replace it with --force" "$program" run phase2-race.yaml -q -o new --record h
is [ ! -e new ]
same rce h
is grep -q '^9 histories: 9 workflows, ' out.txt
same "plugin:$built/librce_plugin.so" h
same "command:./rce-engine" h
is grep -q '"kind":"start"' h/before-r0-w0.jsonl

# A list, another replication, all of them in one history.
expect 0 "" "$program" run phase2-race.yaml $wave -q -o run --record some --record-workflows sampled:2,7,failed \
    --record-replication 1 --variant before
is [ -s some/before-r1-w7.jsonl ]
is [ ! -e some/after-r1-w7.jsonl ]
expect 0 "" "$program" run phase2-race.yaml $wave -q -o run --record all --record-workflows all
is [ "$(sed -n '2,$p' all/histories.tsv | cut -f 1,5 | tr '\n\t' '  ')" = "before-r0.jsonl all after-r0.jsonl all " ]
same rce all
is grep -q '^2 histories: 80 workflows, ' out.txt

# What the engine in Python answered is what the linked one answers.
if python3 -c '' 2>/dev/null; then
    expect 0 "" "$program" run phase2-race.yaml $wave -q -o python --record p --engine 'command:python3 engine.py'
    for file in h/*.jsonl; do is cmp "$file" "p/${file#*/}"; done
    same rce p
    mkdir one && cp h/after-r0-w1.jsonl one
    same "command:python3 engine.py" one
    # A changed engine: it forgets the key of its requests.
    sed 's/        key = self.key(track)/        key = 0/' engine.py >keyless.py
    cmp -s engine.py keyless.py && fail "engine.py has changed; the test has to follow"
    expect 10 "the engine says" "$program" check-engine "command:python3 keyless.py" --history one
    # One that dies.
    sed 's/    def take_callback(self):/&\n        raise SystemExit(7)/' engine.py >dies.py
    expect 10 "ended with status 7" "$program" check-engine "command:python3 dies.py" --history one
fi

# One changed action, one changed option: where, after what, and both sides; no line is wider than a page.
narrow() { awk 'length > 80 { bad = 1 } END { exit bad }' out.txt || fail "a line is wider than 80 characters"; }
sed '9s/{"kind":"persist"}/{"kind":"cancel-timer","timer":1}/' h/before-r0-w1.jsonl >edited.jsonl
expect 10 "edited.jsonl:8: workflow 1 (id 1) is answered otherwise:" "$program" check-engine rce --history edited.jsonl
is grep -q '^\* cancel-timer timer 1  *| persist$' out.txt
is grep -q '^  line 4, at .*: start$' out.txt
is grep -q '^  line 8, at ' out.txt
is [ "$(grep -c '^\* ' out.txt)" = 1 ]
narrow
sed '1s/"precheck":true/"precheck":false/' h/after-r0-w1.jsonl >option.jsonl
expect 10 "the engine says" "$program" check-engine rce --history option.jsonl
is grep -q '^\* log step-started read-cluster .* | log step-started enter-maintenance$' out.txt
narrow
mkdir both && cp h/after-r0-w0.jsonl option.jsonl both
expect 10 "1 of them differ" "$program" check-engine rce --history both
is grep -q 'option.jsonl .*differs' out.txt
expect 10 '"workflow": 1,' "$program" check-engine rce --history both --json
is [ "$(grep -c '"differs": true' out.txt)" = 1 ]

# A crash of an engine in this program is a finding, with the input that it was at.
export PKG_CONFIG_PATH="$work/dest/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/dest"
${MAKE:-make} -s -C "$root" BUILD="$(dirname "$built")" VARIANT=release install-rce DESTDIR="$work/dest" PREFIX=/usr >install.log 2>&1 ||
    fail "make install-rce: $(cat install.log)"
for spoil in TOTAL_CRASH TOTAL_LEAVES TOTAL_HANG; do
    cc -std=c11 -O1 -w -fPIC -shared $(pkg-config --cflags rce) -D$spoil "$root/tests/models/engines/bad/spoiled.c" \
        $(pkg-config --libs rce) -o $spoil.so || fail "cc $spoil"
done
expect 0 "" "$program" run phase2-race.yaml $wave -q --set host_service.early_request=reject --variant before -o run \
    --record rejected --record-workflows all
expect 10 "The engine: it crashes (Aborted)." "$program" check-engine plugin:TOTAL_CRASH.so --history rejected
is grep -q ' not-ready$' out.txt
is grep -q '^rejected/before-r0.jsonl:[0-9]*: workflow [0-9]* (id [0-9]*) is answered otherwise:$' out.txt
expect 10 "The engine: it ends the program (exit status" "$program" check-engine plugin:TOTAL_LEAVES.so --history rejected

expect 10 "The engine: it does not come back" "$program" check-engine plugin:TOTAL_HANG.so --history rejected

# Crashes of the engine's process and of its workers: states are taken up again, and answered as recorded.
for scope in process workflow; do
    expect 0 "" "$program" run phase2-race.yaml $wave -q --set rce_crash.probability=1% --set rce_crash.scope=$scope \
        -o crash --record crash-$scope --record-workflows sampled:4
    is grep -q '"op":"load"' crash-$scope/after-r0-w*.jsonl
    is grep -q '"kind":"resumed"' crash-$scope/after-r0-w*.jsonl
    same rce crash-$scope
    same "command:./rce-engine" crash-$scope
done
is grep -q '"op":"reset"' crash-process/after-r0-w*.jsonl

# A rollout: the history of one workflow goes on with the other engine, under its options.
expect 0 "" "$program" run canary-rollout.yaml --set fleet.sddcs=200 --set thresholds=null --replications 1 --force -q \
    --variant canary -o rollout --record rollout-h --record-workflows failed:3,sampled:20
is grep -q '"kind":"engine-changed"' rollout-h/*.jsonl
is [ "$(cat $(grep -l '"kind":"engine-changed"' rollout-h/*.jsonl | head -1) | grep -c '"op":"init"')" = 2 ]
same rce rollout-h

# A budget that workflows share: one alone could not be repeated, so all are recorded.
budget="--set variants.after.retry.budget.capacity=3 --set variants.after.retry.budget.cost=1"
expect 0 "" "$program" run phase2-race.yaml $wave $budget -o shared --record shared-h
is grep -q 'of 1 variant all workflows were recorded, because they share' err.txt
is [ -s shared-h/after-r0.jsonl ]
same rce shared-h

# A story's history.
expect 0 "" "$program" trace phase2-race.yaml --set fleet.sddcs=40 --set thresholds=null --workflow 1 --format history \
    -o story.jsonl
is cmp story.jsonl h/before-r0-w1.jsonl
expect 2 "without --beside" "$program" trace phase2-race.yaml --beside --format history

# Room: a history is cut at the end of a line, and that is said.
expect 0 "" "$program" run phase2-race.yaml --set fleet.sddcs=300 --set thresholds=null --replications 1 --force \
    -o run --record cut --record-workflows all --record-mib 1
is grep -q 'histories are cut; --record-mib gives room for more' err.txt
is [ "$(grep -c '	cut$' cut/histories.tsv)" = 2 ]
is [ "$(du -sk cut | cut -f 1)" -lt 1200 ]
same rce cut

# A folder that is there, one in the result, and what cannot be meant.
expect 4 "h" "$program" run phase2-race.yaml --set fleet.sddcs=40 --replications 2 -o other --record h
is [ ! -e other ]
expect 2 "a folder of their own" "$program" run phase2-race.yaml $wave -o run --record run/h
expect 2 "a folder of their own" "$program" run phase2-race.yaml $wave -o run --record run
expect 2 "a folder of their own" "$program" run phase2-race.yaml $wave -o new/run --record new
expect 2 "there is no workflow 40" "$program" run phase2-race.yaml $wave -o run --record new --record-workflows 40
expect 2 "--record-replication 2" "$program" run phase2-race.yaml $wave -o run --record new --record-replication 2
expect 2 "chooses no workflows; take failed:N" "$program" run phase2-race.yaml --record new --record-workflows faild:3
expect 2 "more than 200 workflows" "$program" run phase2-race.yaml --record new --record-workflows failed:201
expect 2 "means nothing without --record" "$program" run phase2-race.yaml --record-mib 3
expect 2 "do not go together" "$program" run phase2-race.yaml --record new --shard 1/2
expect 2 "has none" "$program" run "$root/scenarios/contention.yaml" --record new -o new-run
is [ ! -e new ]
mkdir configured
sed '1s/"config":{}/"config":{"a":1}/' h/before-r0-w1.jsonl >configured/one.jsonl
is grep -q '"a":1' configured/one.jsonl
expect 3 "configured/one.jsonl, with the config that is recorded there (--config gives another): the engine \"rce\" has no" \
    "$program" check-engine rce --history configured
mkdir empty
expect 4 "there is no history" "$program" check-engine rce --history empty

# No room for the histories: the message says where the result is all the same.
full() ( # A write beyond the limit (in blocks of 512 bytes) fails as one on a full disk does.
    trap '' XFSZ
    ulimit -f 6000
    exec "$@"
)
expect 4 "no histories are written; the result itself is whole, in whole-run" full "$program" run phase2-race.yaml \
    --set fleet.sddcs=1000 --set thresholds=null --replications 1 -q -o whole-run --record none --record-workflows all
is [ ! -e none ]
is grep -q '"partial": false' whole-run/summary.json

# Interrupted while it records: nothing of it is left, and the result is whole.
"$program" run phase2-race.yaml --set fleet.sddcs=6000 --set thresholds=null --replications 1 -o large --record large-h \
    --record-workflows all --record-mib 4000 >out.txt 2>err.txt &
running=$!
begun() { ls -d .large-h.tmp-* || ! kill -0 $running; }
wait_until begun
kill -TERM $running
wait $running
is [ $? = 130 ]
is grep -q 'interrupted; no histories are written' err.txt
is [ -z "$(ls -d .large-h* large-h 2>/dev/null)" ]
is grep -q '"partial": false' large/summary.json
check_end "rcesim/history"
