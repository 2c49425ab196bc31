#!/bin/sh
# How many replications: a fixed number, until something is known well enough, or what a decision needs; and thresholds
# for CI.
#
# usage: stop_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/race.yaml" .
run() { "$program" run race.yaml --set experiment.replications=null "$@"; }
number() { sed -n "s/.*\"$1\": \([0-9.]*\),*\$/\1/p" "$2" | head -1; }

# decide: the same as a fixed run of the number that it plans, but for what it says about that.
decide="--set experiment.stop.rule=decide --set experiment.stop.pilot=4 --threshold failure_rate(before)>40%"
expect 0 "(decide): if a pilot of 4" run -o decided $decide
is grep -q "^rcesim: about [0-9]* more replications, [0-9.]* s, for " err.txt
planned=$(number replications decided/summary.json)
is test "$planned" -gt 4
expect 0 "" "$program" run race.yaml -q -o fixed --replications "$planned" --threshold "failure_rate(before)>40%"
is diff decided/replications.tsv fixed/replications.tsv
is grep -q '"rule": "decide"' decided/summary.json
is test "$(grep -c '"rule"' fixed/summary.json)" = 0
expect 0 "" run -q -o decided-8 $decide --threads 8
is diff -r decided decided-8
is test ! -s err.txt
for i in 1 2 3; do expect 0 "" run -q -o parts $decide --shard $i/3; done
expect 0 "(decide): if a pilot of 4" "$program" merge parts -o merged -q
is diff -r decided merged

# A limit that is the truth cannot be decided: the budget ends it.
mean=$(sed -n 's/.*"estimate": \(0\.[0-9]*\),*$/\1/p' decided/summary.json | head -1)
expect 11 "the budget" run -q -o open --set experiment.stop.rule=decide --set experiment.stop.pilot=4 \
    --set experiment.stop.budget=40 --set thresholds=null --threshold "failure_rate(before) < $mean"
is test "$(number replications open/summary.json)" = 36
expect 0 "no threshold is about a true value" run -q -o none --set experiment.stop.rule=decide --set thresholds=null

# half_width: as narrow as was asked for, or as the budget allows.
width="--set experiment.stop.rule=half_width --set experiment.stop.pilot=4"
expect 0 "all precisions are reached" run -q -o narrow $width --set 'experiment.stop.precision=["failure_rate(before) +- 2%"]'
low=$(number low narrow/summary.json)
high=$(number high narrow/summary.json)
is test "$(echo "$low $high" | awk '{ h = ($2 - $1) / 2; print (h <= 0.02 && h > 0.01) }')" = 1
expect 11 "(half_width): the budget: failure_rate(before)" run -q -o wide $width --set experiment.stop.budget=20 \
    --set 'experiment.stop.precision=["failure_rate(before) +- 0.01%"]'
is test "$(number replications wide/summary.json)" = 16
is grep -q '"met": false' wide/summary.json

# Nothing was seen, and nobody knows how failures would cluster: that is not known to 1 %, however many workflows.
expect 11 "(half_width): the budget" run -q -o unseen $width --variant after --set experiment.stop.budget=60 \
    --set 'experiment.stop.precision=["failure_rate(after) +- 1%"]'
is grep -q "as if units were independent" out.txt

# What does not fit together.
expect 3 "needs experiment.stop.precision" run $width
expect 3 'there is no metric "failure"' run $width --set 'experiment.stop.precision=["failure(before) +- 1%"]'
expect 3 'expected "+-"' run $width --set 'experiment.stop.precision=["failure_rate(before) < 1%"]'
expect 3 "a number above 0" run $width --set 'experiment.stop.precision=["failure_rate(before) +- 0%"]'
expect 3 "goes with the rule half_width" run --set 'experiment.stop.precision=["failure_rate(before) +- 1%"]'
expect 3 "goes with the rules half_width and decide" run --set experiment.stop.pilot=7
expect 3 "goes with the rule fixed" "$program" run race.yaml --set experiment.stop.rule=decide
expect 3 "more than half of the budget" run --set experiment.stop.rule=decide --set experiment.stop.budget=30
expect 2 "none of the variants that are left" run $width --variant after \
    --set 'experiment.stop.precision=["failure_rate(before) +- 1%"]'

# Thresholds of the command line, and for CI.
expect 10 "FAIL" run -q -o ci --set experiment.replications=4 --threshold 'new_failures(after) > 20%' --junit ci.xml
is grep -q 'tests="4" failures="1"' ci.xml
is grep -q ' type="failed">' ci.xml
is grep -q -- "--threshold 'new_failures(after) > 20%'" ci/summary.json
expect 10 "" "$program" merge ci -q -o ci-again --junit again.xml
is diff ci.xml again.xml
is diff -r ci ci-again
expect 2 'there is no variant "nobody", at "nobody) < 1%"; did you mean' run -o no --threshold 'failure_rate(nobody) < 1%' --set variants.noboby={}
expect 2 "expected" run -o no --threshold 'failure_rate(after) <'
expect 4 "nowhere/ci.xml" run -o no --junit nowhere/ci.xml
expect 2 "takes a file" run -o no --junit -
expect 2 "has to end in .xml" run -o no --junit no/summary.json
expect 2 "is the result directory" run -o no --junit ./no

# The JUnit file in the result directory belongs to the result.
expect 0 "" run -q -o within --set experiment.replications=4 --junit within/ci.xml
is grep -q 'failures="0"' within/ci.xml
expect 0 "" run -q -o within --set experiment.replications=4 --junit ./within//ci.xml --force
is test -s within/ci.xml

# A threshold about a variant that is left out is not judged, and that is said.
expect 0 "1 threshold about variants that are left out is not judged" run -o less --set experiment.replications=4 \
    --variant after
is grep -q "is not judged" err.txt
is grep -q '"thresholds_left_out": 1' less/summary.json
expect 2 "is about a variant that --variant leaves out" run -o no --variant after --threshold 'failure_rate(before) < 50%'
expect 2 "nothing for --junit" run -o no --shard 1/2 --junit ci.xml
is test ! -e no
check_end stop
