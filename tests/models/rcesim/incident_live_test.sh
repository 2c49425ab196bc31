#!/bin/sh
# The incident, live: 300 SDDCs over HTTP in scaled real time, with the old engine and with the fixed one.
#
# usage: incident_live_test.sh PROGRAM
# About 18 % fail before and less than 1 % after, inside of what 199 simulated waves show. At speed 12000 a wave takes 9 s.
# A machine with other things to do may be late: then workflows whose outcome hangs on less than that may end otherwise,
# and only those; one that is so late that this says nothing has to say so itself.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"

"$program" validate-live "$here/../../../scenarios/phase2-race.yaml" --speed 12000 --rate-tolerance 5% --json --quiet \
    >out.txt 2>err.txt
status=$?
is [ ! -s err.txt ]
looks='
import json, sys
whole = json.load(open("out.txt"))
before, after = whole["variants"]
def is_late(one):
    return one["scaling"]["late_simulated_s"] > one["steps"]["shift_simulated_s"]
if int(sys.argv[1]) == 11:
    assert whole["verdict"] == "INCONCLUSIVE", whole["verdict"]
    undecided = [one for one in whole["variants"] if one["verdict"] != "PASS"]
    assert all(is_late(one) for one in undecided), undecided
    sys.exit(0)
assert int(sys.argv[1]) == 0 and whole["verdict"] == "PASS", whole
for one in whole["variants"]:
    failures = one["failures"]
    share = failures["live_failed"] / one["workflows"]
    assert one["workflows"] == 300 and failures["other_workflows"] == 199 * 300
    late = failures["only_live"] + failures["only_simulated"]
    assert failures["other_low"] - late / 300 <= share <= failures["other_high"] + late / 300, failures
    # A machine that keeps time decides few: of two thousand steps some fall due in the one moment in a thousand that is
    # later than the rest. How many one that is late decides nobody knows; the verdict bounds them.
    assert is_late(one) or late <= 10, failures["flipped"]
assert 0.14 < before["failures"]["live_failed"] / 300 < 0.22, before["failures"]
assert 0.16 < before["failures"]["other_failed"] / (199 * 300) < 0.20
assert before["early_trigger"] >= 0.9 * before["failures"]["live_failed"]
assert after["failures"]["live_failed"] < 3, after["failures"]
assert after["failures"]["other_failed"] / (199 * 300) < 0.01
assert after["early_trigger"] == 0 and after["violations"] == 0
'
is python3 -c "$looks" $status
check_end incident-live
