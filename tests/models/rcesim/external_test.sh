#!/bin/sh
# Engines that are processes, from the scenario to the result: as the linked one, to the byte; and when they fail, no
# result, no process and no failure of the model is left.
#
# usage: external_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
in_c=$(dirname "$program")/release/rce-engine
[ -x "$in_c" ] || in_c=$(dirname "$program")/rce-engine
have_python=1
python3 -c '' 2>/dev/null || have_python=
[ -n "$have_python" ] || echo "external_test: no python3, the engine in Python is not compared"
cp "$root"/scenarios/phase2-race.yaml "$root"/scenarios/canary-rollout.yaml .
cp "$root"/models/engines/reference/engine.py .
cp "$in_c" rce-engine
wave="--set fleet.sddcs=25 --set experiment.replications=3 -q"

# The incident and its rollout, which saves and loads states: every number is the same.
for scenario in phase2-race canary-rollout; do
    expect 0 "" "$program" run $scenario.yaml $wave --set thresholds=null -o linked-$scenario
    hash=$(grep history_hash linked-$scenario/summary.json)
    same() { # same ENGINE FOLDER
        expect 0 "" "$program" run $scenario.yaml $wave --set thresholds=null --engine "$1" -o "$2"
        is test "$(grep history_hash "$2/summary.json")" = "$hash"
        for table in linked-$scenario/*.tsv; do is cmp "$table" "$2/${table#*/}"; done
        is grep -q "(command ${1#command:})" "$2/summary.json"
    }
    same "command:./rce-engine" c-$scenario
    [ -z "$have_python" ] || same "command:python3 engine.py" python-$scenario
done

# Another engine that does the same is not the same engine.
expect 0 "but after" "$program" compare linked-phase2-race@after c-phase2-race@after
expect 0 "compared with itself" "$program" compare c-phase2-race@after c-phase2-race@after

# A link stays one on the way to the scenario's folder: a Python of a virtual environment goes by its name.
mkdir -p elsewhere links
cp phase2-race.yaml elsewhere
printf '#!/bin/sh\ncase $0 in */links/named) exec ../rce-engine ;; esac\nexit 9\n' >by_name
chmod +x by_name
ln -s ../by_name links/named
expect 0 "" "$program" run elsewhere/phase2-race.yaml $wave --set thresholds=null --engine command:links/named -o by-name
is test "$(grep history_hash by-name/summary.json)" = "$(grep history_hash linked-phase2-race/summary.json)"

# What is wrong with the process is said where it stands, in the config.
cat >process.yaml <<'EOF'
question: Is a duration without a unit found?
extends: phase2-race.yaml
variants:
  after:
    engine:
      command: [./rce-engine]
      config: {process: {step_timeout: 5}}
EOF
expect 3 'process.yaml:7:7: variants.after.engine.config: ' "$program" validate process.yaml

# Any number of threads, each with processes of its own.
expect 0 "" "$program" run phase2-race.yaml $wave --set thresholds=null --engine command:./rce-engine --threads 8 -o c-8
is diff -r c-phase2-race c-8

# Beside each other in one run: exactly no difference between the two.
cat >both.yaml <<'EOF'
question: Is the engine in a process the linked one?
extends: phase2-race.yaml
thresholds: null
variants:
  before: {engine: rce}
  after:
    engine: {command: [./rce-engine], config: {process: {step_timeout: 20s}}}
    precheck: null
    retry: null
    idempotency: null
EOF
expect 0 "" "$program" run both.yaml $wave -o both
is grep -q '"before": "rce 1.0"' both/summary.json
is grep -q '"after": "rce 1.0 (command ./rce-engine)"' both/summary.json

# A process that hangs, dies, or talks nonsense stops the run: exit 1, the line, and nothing is left.
hello='{\"protocol\":1,\"name\":\"bad\",\"version\":\"0\",\"capabilities\":[],\"state_version\":1,\"state_version_oldest\":1}'
bad() { # bad WHAT: an engine that does WHAT in its first step
    cat >bad.yaml <<EOF
question: What does a harness error look like?
extends: phase2-race.yaml
variants:
  before:
    engine:
      command: [sh, -c, 'read line; echo "$hello"; for i in 1 2; do read line; echo "{\"ok\":true}"; done; $1']
      config: {process: {step_timeout: 300ms}}
EOF
}
gone() {
    wait_until sh -c "! ps -A -o args= | grep -q 'sleep 9[8]731[.]$$'"
    is test -z "$(ps -A -o args= | grep "sleep 9[8]731[.]$$")"
}
bad "sleep 98731.$$"
expect 1 'variant "before": harness error: engine "bad" 0, workflow' "$program" run bad.yaml $wave -o bad
is grep -q 'no answer within 300ms (wall-clock time): line 4 of its output did not come' err.txt
is test ! -e bad
gone
bad 'read line; echo "{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"persist\"},{\"kind\":\"send\",\"operation\":\"upgrade-control-plane\",\"request\":1,\"attempt\":1}]}"; read line; exit 3'
expect 1 'harness error: engine "bad" 0, workflow 0, at ' "$program" trace bad.yaml --set fleet.sddcs=1
is grep -q '^bad, workflow 0 in replication 0, variant before' out.txt
is grep -q 'engine asks: upgrade-control-plane' out.txt
is grep -q '^Here it ends: the run cannot go on.$' out.txt
bad "sleep 98731.$$ & echo \"Traceback\"; sleep 98731.$$"
expect 1 'line 4 of its output: column 1: expected the answer, an object: Traceback' "$program" run bad.yaml $wave -o bad
is test ! -e bad
gone
bad 'echo nothing works >&2; exit 7'
expect 1 'the process ended with status 7 after 3 lines of output; its last words: "nothing works"' \
    "$program" run bad.yaml $wave -o bad
is grep -q '^engine sh: nothing works' err.txt
bad 'read line; echo "{\"id\":1,\"status\":\"succeeded\",\"actions\":[]}"; sleep 98731.'$$
expect 1 'line 4 of its output: the engine says that the workflow has ended' "$program" run bad.yaml $wave -o bad
gone

# What does not start is an error of the scenario.
expect 3 'cannot run "./no-such-engine"' "$program" run phase2-race.yaml $wave --engine command:./no-such-engine
expect 3 'cannot run' "$program" validate bad.yaml --set 'variants.before.engine.command=["./no-such-engine"]'

# Interrupted: what is finished is kept, and the processes go.
bad "sleep 98731.$$"
sed -i 's/300ms/1000s/' bad.yaml
"$program" run bad.yaml $wave -o interrupted >out.txt 2>err.txt &
running=$!
sleeps() { ps -A -o args= | grep -q "sleep 9[8]731[.]$$"; }
wait_until sleeps
is sleeps
kill -TERM $running
sleep 0.2
kill -TERM $running 2>/dev/null
wait $running 2>/dev/null
gone

check_end external_test
