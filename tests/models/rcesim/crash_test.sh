#!/bin/sh
# Crashes of the engine from the scenario to the result: what can be said, the same bytes in any number of threads,
# shards and processes, and a new engine that takes the place of the old one whatever that does.
#
# usage: crash_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
built=$(cd "$(dirname "$(readlink -f "$program")")" && pwd)
cp "$root"/scenarios/phase2-race.yaml "$root"/scenarios/crash-resume.yaml .

# What a scenario can say, and what it cannot. TEXT begins in line 4, column 3.
wrong() { # wrong POSITION MESSAGE TEXT
    printf 'question: Why?\nvariants: {before: {}}\nrce_crash:\n  %b\n' "$3" >bad.yaml
    expect 3 "bad.yaml:$1: $2" "$program" validate bad.yaml
}
right() {
    printf 'question: Why?\nvariants: {before: {}}\nrce_crash:\n  %b\n' "$1" >good.yaml
    expect 0 "good.yaml: ok" "$program" validate good.yaml
}
right 'probability: 0.1%'
right 'after_action: 3\n  scope: workflow'
right 'after_action: [0, 3, 17]\n  downtime: uniform(1s, 2min)'
right 'every: exponential(mean=1h)'
wrong 4:16 "rce_crash.probability: 100% is more than the maximum 50%" 'probability: 100%'
wrong 4:17 "rce_crash.after_action: has to be the number of an action, such as 3, or a list" 'after_action: soon'
wrong 4:17 "rce_crash.after_action: has to be the number of an action" 'after_action: [1, -2]'
wrong 4:17 "rce_crash.after_action: has to be the number of an action" 'after_action: 2.5'
wrong 4:17 "rce_crash.after_action: has to be the number of an action" "after_action: [$(seq -s, 0 40)]"
wrong 4:10 "rce_crash.every: crashes have to be at least 1 s apart on average, not 0.5 s" 'every: 500ms'
wrong 4:10 "rce_crash.scope: \"host\" is not a choice here (choices: process, workflow)" 'scope: host'
wrong 4:3 "unknown key \"propability\" in rce_crash; did you mean \"probability\"?" 'propability: 1%'

# A small wave with many crashes: the harm is there without keys and not with them.
wave="--set fleet.sddcs=30 --set wave.spread=6h --set rce_crash.probability=0.2% --replications 6 -q"
claims='thresholds=[violations(idempotent) == 0, value(violation.left_over_host(naive)) > 0, value(violation.updated_twice(naive)) > 0, value(violation.duplicate_trigger(naive)) > 0, value(violations(key_per_attempt)) > 0, cause.other(idempotent) == 0]'
expect 0 "PASS" "$program" run crash-resume.yaml $wave --set "$claims" -o one --threads 1
is [ "$(grep -c '' one/workflows.tsv)" -gt 30 ]
is grep -q 'crashes$' one/workflows.tsv
is grep -q '"crashes"' one/summary.json
expect 0 "" "$program" run crash-resume.yaml $wave --set "$claims" -o eight --threads 8
is diff -r one eight

# In parts.
expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null -o whole
for part in 1 2 3; do
    expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null --shard $part/3 -o parts
done
expect 0 "" "$program" merge parts -o merged -q
is diff -r whole merged
expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null --replications 2 -o extended
expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null --extend extended
is diff -r whole extended

# An engine in a process of its own goes through the same crashes: ended, begun, and its states loaded.
same() { # same ENGINE FOLDER
    expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null --engine "$1" -o "$2" $3
    is test "$(grep history_hash "$2/summary.json")" = "$(grep history_hash "whole$4/summary.json")"
    for table in "whole$4"/*.tsv; do is cmp "$table" "$2/${table#*/}"; done
}
in_c=$built/rce-engine
[ -x "$in_c" ] || in_c=$(dirname "$program")/release/rce-engine
cp "$in_c" rce-engine
cp "$root/models/engines/reference/engine.py" .
same "command:./rce-engine" in-c "--set rce_crash.scope=process" ""
expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null --set rce_crash.scope=workflow -o whole-worker
same "command:./rce-engine" in-c-worker "--set rce_crash.scope=workflow" "-worker"
is grep -q . whole-worker/summary.json

# Also while the engine is replaced: from a process to the linked one, and stopped in the middle of things.
cat >replaced.yaml <<'EOF'
question: Does it matter what the engine that is replaced under crashes is?
extends: crash-resume.yaml
thresholds: null
variants:
  naive: null
  key_per_attempt: null
  canary:
    precheck: {}
    rollout: {to: idempotent, hand_over: all, detect: {at: 6h}, delay: 0s}
  restarted:
    precheck: {}
    rollout: {to: idempotent, hand_over: restart, detect: {at: 6h}, delay: 0s}
EOF
expect 0 "" "$program" run replaced.yaml $wave -o replaced
expect 0 "" "$program" run replaced.yaml $wave -o replaced-c --engine command:./rce-engine
expect 0 "" "$program" run replaced.yaml $wave -o replaced-half --set 'variants.restarted.engine={command: [./rce-engine]}'
is grep -q . replaced/workflows.tsv
for table in replaced/[!n]*.tsv; do # new-failures.tsv has the commands in it, which differ
    is cmp "$table" "replaced-c/${table#*/}"
    is cmp "$table" "replaced-half/${table#*/}"
done
expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null --db crashes.sqlite -o with-db
few="--set fleet.sddcs=8 --replications 2"
if python3 -c '' 2>/dev/null; then
    expect 0 "" "$program" run crash-resume.yaml $wave --set thresholds=null $few -o whole-few
    same "command:python3 engine.py" in-python "$few" "-few"
    # An engine that is written from the contract alone, and always sends keys.
    expect 0 "PASS" "$program" run crash-resume.yaml $wave $few --variant idempotent \
        --engine "command:python3 $root/models/engines/examples/steady.py" -o steady \
        --set 'thresholds=[violations(idempotent) == 0, cause.other(idempotent) == 0, value(crashes(idempotent)) > 0]'
else
    echo "crash_test: no python3, the engine in Python is not compared"
fi

# The story of a crash.
expect 0 "ENGINE PROCESS CRASHED after" "$program" trace crash-resume.yaml --variant naive --workflow 0 \
    --set rce_crash.probability=0% --set rce_crash.after_action=12 --set fleet.sddcs=1
is grep -q "WORKFLOW RESUMED from what was persisted" out.txt
is grep -q "answer to .* finds nobody" out.txt
expect 0 '"kind":"engine-crashed"' "$program" trace crash-resume.yaml --variant naive --workflow 0 --format jsonl \
    --set rce_crash.probability=0% --set rce_crash.after_action=12 --set fleet.sddcs=1

# Versions of the state: the engine is restarted under its workflows.
if ! command -v cc >/dev/null || [ ! -f "$built/pic/librce.a" ]; then
    echo "crash_test: no cc or no librce.a, engines with other states are not built"
    check_end crash_test
    exit
fi
skew() { # skew NAME FLAGS
    is cc -std=c11 -O1 -fPIC -shared $SANITIZE -I"$root/models" $2 "$here/../engines/plugins/skew.c" "$built/pic/librce.a" -o "$1.so"
}
SANITIZE=
case $built in *asan*) SANITIZE=-fsanitize=address,undefined ;; *tsan*) SANITIZE=-fsanitize=thread ;; esac
skew v1 "-DSTATE_VERSION=1 -DSTATE_OLDEST=1"
skew v2 "-DSTATE_VERSION=2 -DSTATE_OLDEST=1"
skew v2only "-DSTATE_VERSION=2 -DSTATE_OLDEST=2"
skew forgetful "-DSTATE_VERSION=1 -DSTATE_OLDEST=1 -DFORGETFUL"
cat >skew.yaml <<'EOF'
question: What becomes of workflows whose engine is replaced by one with another state format?
extends: phase2-race.yaml
fleet: {sddcs: 40}
host_service: {callback: {loss: 0%}}
variants:
  before: null
  after: null
  old: {engine: {plugin: ./v1.so}, precheck: {}, idempotency: {}}
  reads: {engine: {plugin: ./v2.so}, precheck: {}, idempotency: {}}
  refuses: {engine: {plugin: ./v2only.so}, precheck: {}, idempotency: {}}
  restarted:
    engine: {plugin: ./v1.so}
    precheck: {}
    idempotency: {}
    rollout: {to: reads, hand_over: restart, detect: {at: 6h}, delay: 0s}
  stuck:
    engine: {plugin: ./v1.so}
    precheck: {}
    idempotency: {}
    rollout: {to: refuses, hand_over: restart, detect: {at: 6h}, delay: 0s}
experiment: {replications: 3}
thresholds:
  - states_refused(restarted) == 0
  - value(states_refused(stuck)) > 30
  - value(resumed(stuck)) > 30
  - resumed(restarted) == 0
  - violations(restarted) == 0
  - violations(stuck) == 0
  - cause.other(stuck) == 0
EOF
expect 0 "PASS" "$program" run skew.yaml -q -o skew
expect 0 "PASS" "$program" run skew.yaml -q -o skew-crashes --set rce_crash.probability=0.1% --set rce_crash.downtime=20s \
    --set 'thresholds=[violations(restarted) == 0, violations(stuck) == 0, value(states_refused(stuck)) > 20, value(crashes(stuck)) > 3]'

# An engine that cannot save or load has no crashes, and is not restarted.
printf 'question: Why?\nvariants: {mine: {engine: {plugin: ./forgetful.so}}}\nrce_crash: {probability: 1%%}\n' >bad.yaml
expect 3 'bad.yaml:3:' "$program" validate bad.yaml
is grep -q 'the engine "skew" of variant "mine" cannot save workflows' err.txt
printf 'question: Why?\nvariants:\n  new: {}\n  mine:\n    engine: {plugin: ./forgetful.so}\n    rollout: {to: new, hand_over: restart}\n' >bad.yaml
expect 3 'the engine "skew" cannot load workflows' "$program" validate bad.yaml

check_end crash_test
