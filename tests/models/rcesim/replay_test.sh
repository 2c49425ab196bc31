#!/bin/sh
# Schedules carried out again: `rcesim replay`, and the shipped ones as regression tests.
#
# usage: replay_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
mkdir -p scenarios
cp "$here"/../../../scenarios/*.yaml scenarios
cp -r "$here/../../../scenarios/schedules" scenarios
schedules=scenarios/schedules
slow=$schedules/before-slow-connect.sched

# said TEXT: does it stand in the last output, however the lines are broken?
said() {
    checks=$((checks + 1))
    tr '\n' ' ' <out.txt | sed 's/   *\([^ ]\)/ \1/g' | grep -qF -- "$1" || fail "no \"$1\" in out.txt"
}

# Every shipped schedule ends as it says, strictly.
expect 0 "as expected" "$program" replay $schedules/*.sched
is test "$(grep -c 'as expected' out.txt)" = "$(ls $schedules/*.sched | wc -l)"
awk 'length($0) > 80 { bad = 1 } END { exit bad }' out.txt || fail "a line of more than 80 characters"
expect 0 "" "$program" replay --quiet $schedules/*.sched
is test ! -s out.txt

# The old schedules against the fix, and against a scenario of another name: only when asked for.
for one in connect configure; do
    expect 10 "passes; but" "$program" replay --tolerant --variant after $schedules/before-slow-$one.sched
    said "but it was to fail with: deadline of enter-maintenance"
    expect 0 "as expected, passes" \
        "$program" replay --tolerant --variant after --expect passes $schedules/before-slow-$one.sched
done
expect 2 "add --tolerant" "$program" replay --variant after $slow
expect 10 "but it was to pass" "$program" replay --expect passes $slow
expect 10 "" "$program" replay --expect "fails deadline of backup" $slow
said "but it was to fail with: deadline of backup"
expect 0 "as expected, fails" "$program" replay --expect fails $slow
expect 2 "--expect takes" "$program" replay --expect "fails of boredom" $slow
expect 10 "passes; but" "$program" replay --tolerant --set provisioning.configure=1s $slow
expect 0 "as expected" "$program" replay --tolerant --engine rce $slow
expect 2 "there is no variant" "$program" replay --tolerant --variant befor $slow
expect 0 "as expected, fails" "$program" replay --tolerant --scenario scenarios/half-fixes.yaml --variant retry_with_key $slow

# Strictness. A changed scenario is no verdict; a comment, a threshold, another variant change nothing.
sed 's/early_request: drop$/early_request: reject/' $here/../../../scenarios/phase2-race.yaml >scenarios/phase2-race.yaml
expect 3 "before-slow-connect.sched:" "$program" replay $slow
is grep -q "has changed since the schedule was made" err.txt
is grep -q "^    [0-9]* | hash" err.txt
expect 10 "before-slow-connect.sched" "$program" replay --tolerant $slow
{
    sed '/^variants:/a\  other: {precheck: {}}' "$here/../../../scenarios/phase2-race.yaml"
    echo "  - failure_rate(other) < 2%"
} >scenarios/phase2-race.yaml
expect 0 "as expected" "$program" replay $slow
cp "$here/../../../scenarios/phase2-race.yaml" scenarios

# What is wrong is said with its place.
edit() {
    sed "$1" $slow >$schedules/edited.sched
    shift
    expect "$@"
}
replay="$program replay $schedules/edited.sched"
edit 's/^engine .*/engine rce 0.1/' 3 "the variant runs the engine rce 1.0 now" $replay
edit 's/connect @0/conect @0/' 3 'there is no draw "conect"; did you mean "connect"?' $replay
edit 's/^sddc0\/cluster0  /sddc0\/cluster0\/host99  /' 3 "is nothing that has this draw" $replay
edit 's/^sddc0\/cluster0  /sddc0\/cluster0\/host1  /' 3 "did you mean sddc0/cluster0 connect @0?" $replay
edit 's/connect @0/connect @1/' 3 "is never asked in this run" $replay
edit 's/= 14min30s/= 14/' 3 "has to be a duration" $replay
edit 's/= 14min30s/= 14mni/' 3 "edited.sched:" $replay
edit 's/= 14min30s/= -5min/' 3 "a delay is 0s or more" $replay
edit 's/connect @0 = 14min30s  p=.*/boot @0 = 2h/' 3 "cannot have this value" $replay
edit 's/connect @0 = 14min30s  p=.*/connect @0 = 2min18s/' 3 "is typical" $replay
edit '/connect @0/{p;}' 3 "has a value already, in line" $replay
edit 's/^variant before/variant befroe/' 3 'did you mean "before"' $replay
edit 's/^variant/varaint/' 3 'there is no statement "varaint"; did you mean "variant"?' $replay
edit 's/^schedule 1/schedule 2/' 3 "only format 1 is known" $replay
edit 's/^scenario .*/scenario ..\/nothing.yaml/' 3 "nothing.yaml" $replay
edit '/^scenario/d' 3 "names no scenario" $replay
edit '/^schedule/d' 3 'the first statement is "schedule 1"' $replay
edit 's/p=0.0625/p=0.25/' 0 "as expected" $replay
said "has the probability 0.0625 in this scenario"
edit 's/p=0.0625/ # about one in sixteen/' 0 "as expected" $replay
edit 's/^expect.*//' 0 "fails: deadline of enter-maintenance" $replay
edit 's/^expect.*/expect fails with a bang/' 3 "cannot fail like that" $replay
edit '1s/^/\xef\xbb\xbf/; s/$/\r/' 0 "as expected" $replay
expect 3 "the first statement is" "$program" replay scenarios/quiet.yaml
expect 3 "missing.sched" "$program" replay missing.sched
expect 2 "a schedule is missing" "$program" replay

# A deviation that the variant never asks for is said when that is tolerated.
edit 's/connect @0 = 14min30s.*/callback loss of backup @7 = yes/' 10 "passes; but" $replay --tolerant
said "is never asked in this run"

# One bad schedule of several is the exit status, and the others are carried out.
expect 3 "" "$program" replay missing.sched $slow
is grep -q "as expected" out.txt
expect 10 "" "$program" replay --expect passes $slow $schedules/after-slow-connect.sched

# The story, and JSON.
expect 0 "cluster: ready" "$program" replay --trace $slow
expect 0 '"holds": true' "$program" replay --json $slow
is grep -q '"deviation": "sddc0/cluster0 connect @0 = 14min30s"' out.txt
expect 2 "does not go with --json" "$program" replay --json --trace $slow

check_end replay_test
