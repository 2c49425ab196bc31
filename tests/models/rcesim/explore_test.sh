#!/bin/sh
# The race explorer from end to end: `rcesim explore`, what it finds, what it leaves, what it promises.
#
# usage: explore_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here"/../../../scenarios/*.yaml .

# said TEXT: does it stand in the last output, however the lines are broken?
said() {
    checks=$((checks + 1))
    tr '\n' ' ' <out.txt | sed 's/   *\([^ ]\)/ \1/g' | grep -qF -- "$1" || fail "no \"$1\" in out.txt"
}

explore() { "$program" explore -q --force "$@"; }

# The incident: found in a thousand runs, shrunk to the one deviation that is the likeliest.
expect 10 "1. deadline of enter-maintenance, cluster not ready" \
    explore phase2-race.yaml --variant before --search random --runs 1000 -o one
is grep -q "sddc0/cluster0 connect @0 = 14min" out.txt
said " runs failed like this; minimal: with one deviation less"
said "the request was accepted and dropped, for the temporary host was only connected"
awk 'length($0) > 80 && !/^ *rcesim / { bad = 1 } END { exit bad }' out.txt || fail "a line of more than 80 characters"
for file in findings.json findings.tsv certificate.txt scenario.resolved.yaml report.html report.md \
    finding-1.sched finding-1.txt finding-1.html finding-1.svg; do
    is test -s one/$file
done
is test "$(grep -c '^sddc' one/finding-1.sched)" = 1
expect 0 "as expected" "$program" replay one/*.sched
is grep -q "<svg" one/report.html
expect 10 '"minimal": true' explore phase2-race.yaml --variant before --search random --runs 1000 -o one --json

# The same bytes on any number of threads, and again.
all="phase2-race.yaml --variant before --runs 3000 --bound 1"
expect 10 "" explore $all -o threads1 --threads 1
expect 10 "" explore $all -o threads3 --threads 3
is diff -r threads1 threads3

# A budget of time says what repeats it.
expect 10 "--runs" explore phase2-race.yaml --variant before --search random --runs 100000000 --time 200ms -o timed
command=$(sed -n '/^rcesim explore/,/[^\\]$/p' out.txt | tr -d '\\\n')
is test -n "$command"
expect 10 "" sh -c "\"$program\" ${command#rcesim} -q -o again"
is cmp timed/findings.tsv again/findings.tsv

# Halves of the fix are traps: each has its way to fail.
expect 10 "duplicate trigger of enter-maintenance, host entering (a broken invariant)" \
    explore half-fixes.yaml --variant retry_without_key --find safety --bound 1 --runs 2000 -o half
expect 10 "" explore half-fixes.yaml --variant precheck_alone --bound 1 --runs 500 -o half
said "the service said that the cluster was ready, although since 06:57:31 the temporary host was only connected; RCE asked for maintenance of host 0 at 07:00:07; the request was accepted and dropped, for the temporary host was only connected"
expect 10 "" explore half-fixes.yaml --variant retry_with_key --bound 1 --runs 500 -o half
said "the request was answered with task"

# Harm is shrunk first, also where one finding is all that is shrunk.
expect 10 "neither shrunk nor explained" explore half-fixes.yaml --variant retry_without_key --bound 1 --runs 2000 --shrink 1 -o half
is grep -q "^expect fails duplicate trigger of enter-maintenance" half/finding-1.sched
# Those that were not shrunk have a lower bound as well, of the schedule that was found.
is test "$(grep -c '"signature"' half/findings.json)" -gt 3
is test "$(grep -c '"signature"' half/findings.json)" = "$(grep -c '"probability_at_least"' half/findings.json)"
said "neither shrunk nor explained (see --shrink); at least 0."

# What does not repeat itself is no finding, and the engine is named.
if python3 -c '' 2>/dev/null; then
    cp "$here"/../../../models/engines/reference/engine.py .
    cat >whim.py <<'EOF'
import random
import sys

import engine

steady = engine.Workflow.deadline_at
engine.Workflow.deadline_at = lambda self, track: steady(self, track) + random.randrange(1 << 40)
sys.exit(engine.main())
EOF
    expect 1 "engine rce 1.0 is not repeatable: " \
        explore phase2-race.yaml --variant before --engine "command:python3 whim.py" --runs 10 --bound 0 -o whim
fi

# A crash between an effect and its record: found without a key, and nothing with one.
expect 10 "crash of the engine @" explore crash-resume.yaml --variant naive --find safety --search exhaustive --bound 1 \
    -o crash
said "after the callback of upgrade-control-plane, action 6"
is grep -q "crash of the engine @.*  # after the answer to read-cluster, attempt 1, action 5" crash/finding-*.sched
expect 0 "as expected" "$program" replay crash/finding-1.sched
expect 0 "nothing found" explore crash-resume.yaml --variant idempotent --find safety --search exhaustive --bound 1 -o crash
expect 10 "" explore crash-resume.yaml --variant naive --find failure --search exhaustive --bound 1 -o crash
is_not() { checks=$((checks + 1)); ! "$@" || fail "not: $*"; }
is_not grep -q "a broken invariant" out.txt
said "failed workflows; broken invariants are not looked at"
is grep -q "^counts failure" crash/finding-1.sched
expect 0 "as expected" "$program" replay crash/finding-1.sched

# What has no effect is left out for a reason that can be checked.
quick="phase2-race.yaml --variant before --search exhaustive --runs exhaustive=20000 --shrink 1"
expect 10 "Assumed: the engine" explore $quick -o reduced
expect 10 "" explore $quick --without-reduction --shrink-runs 50 -o whole_tree
is_not grep -q "Assumed: the engine" whole_tree/certificate.txt
said "shrinking stopped after 50 runs (see --shrink-runs)"

# The fix breaks nothing within the bound, and the certificate says how far that goes.
expect 0 "nothing found" explore phase2-race.yaml --variant after --find safety --runs 5000 -o clean
said " schedules of one SDDC, one cluster, two hosts with at most 2 deviations pass"
is grep -q "^verdict  *all [0-9,]* schedules" clean/certificate.txt

# Excluded draws stay typical; a constant world has nothing to deviate.
expect 10 "" explore phase2-race.yaml --variant before --exclude connect --search random --runs 1000 --shrink 0 -o less
is grep -q '"signature"' less/findings.json
expect 10 "sddc0/cluster0 configure @0 = " explore phase2-race.yaml --variant before --exclude connect --exclude boot \
    --search exhaustive --bound 1 -o less
expect 2 'did you mean "connect"' explore phase2-race.yaml --exclude conect
expect 10 "2 ways to fail" explore phase2-race.yaml --variant before --exclude "callback loss" --bound 1 --runs 2000 -o less
expect 2 'did you mean "callback loss"' explore phase2-race.yaml --exclude "callbak loss"
expect 0 "nothing found" explore quiet.yaml --runs 200 -o quiet

# From a replication: its failing workflow, alone, with what it needs.
expect 0 "why a workflow of replication 0 failed" explore phase2-race.yaml --variant before --replication 0 -o replication
is grep -q "connect @0\|configure @0\|boot @0" replication/finding-1.sched
expect 0 "as expected" "$program" replay replication/finding-1.sched
expect 2 "there is no replication" explore phase2-race.yaml --replication 100000
expect 2 "there is no workflow" explore phase2-race.yaml --replication 0 --workflow 300
expect 2 "does not go with a search" explore phase2-race.yaml --replication 0 --search random
expect 2 "--workflow goes with --replication" explore phase2-race.yaml --workflow 1

# How probable it is, and the page of a run that shows what was found.
expect 10 "importance" explore phase2-race.yaml --variant before --search exhaustive --bound 1 --rare=5000 -o rare
expect 0 "" "$program" run -q --force phase2-race.yaml --set fleet.sddcs=20 --replications 4 --set thresholds=[] -o run
expect 0 "" "$program" report -q run --with one
is grep -q "The smallest stories that fail" run/report.html
is grep -q "From rcesim .* schedules" run/report.html

is grep -q '"kind": "picture"' run/report.json
# Explored into its folder, a result shows it by itself.
expect 0 "" "$program" run -q phase2-race.yaml --set fleet.sddcs=20 --replications 4 --set thresholds=[] -o whole
expect 10 "" explore phase2-race.yaml --variant before --search exhaustive --bound 1 -o whole/explore
expect 0 "" "$program" report -q whole
is grep -q "The smallest stories that fail" whole/report.html
expect 4 "whole/explore is a result of its own" "$program" run -q --force phase2-race.yaml --set fleet.sddcs=20 \
    --replications 4 --set thresholds=[] -o whole

# Usage.
expect 2 "--find takes all, safety or failure" explore phase2-race.yaml --find harm
expect 0 "the typical world of one SDDC, one cluster, two hosts passes" \
    explore phase2-race.yaml --variant before --runs exhaustive=0,random=0,order=0 -o none
expect 2 "--search takes" explore phase2-race.yaml --search luck
expect 2 "--runs takes" explore phase2-race.yaml --runs random
expect 2 "--time takes more than 0s" explore phase2-race.yaml --time 0s
expect 2 "explore counts runs" explore phase2-race.yaml --replications 3
expect 2 "one --variant" explore phase2-race.yaml --variant before --variant after
expect 2 "there is no variant" explore phase2-race.yaml --variant befor
expect 2 "only the model vmc" explore contention.yaml
expect 2 "do not go with it" explore phase2-race.yaml --topology scenario --hosts 3
expect 4 "" explore phase2-race.yaml -o /dev/null/here

# Interrupted: what was found stands, and is marked.
checks=$((checks + 1))
"$program" explore -q phase2-race.yaml --variant before --search random --runs 1000000000 -o partial >out.txt 2>err.txt &
pid=$!
wait_until has_worked $pid 30
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "an interruption has its own status"
is grep -q "INTERRUPTED" out.txt
is grep -q '"partial": true' partial/findings.json

# In a world so large that a run takes seconds, a run is not waited for; nor is an engine that does not start.
for world in "--sddcs 1000000" "--engine command:sleep\ 60"; do
    checks=$((checks + 1))
    eval "set -- $world"
    "$program" explore -q phase2-race.yaml --variant before "$@" --force -o large >out.txt 2>err.txt &
    pid=$!
    wait_until listens $pid
    sleep 1
    kill -INT $pid
    started=$(date +%s)
    wait $pid
    status=$?
    [ $status = 130 ] || fail "interrupted, $world ends with 130, not $status"
    [ $(($(date +%s) - started)) -lt 40 ] || fail "interrupted, $world goes on"
done

check_end explore_test
