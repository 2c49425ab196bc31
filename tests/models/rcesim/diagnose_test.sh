#!/bin/sh
# diagnose: on the incident it names the race, on quiet worlds and on chance it names nothing; from scenarios and from
# stored results alike.
#
# usage: diagnose_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
scenarios=$(cd "$here/../../../scenarios" && pwd)
check_begin "$1"
cp "$scenarios/phase2-race.yaml" "$scenarios/quiet.yaml" .
race="maintenance was triggered while the temporary host was not ready"
diagnose() { "$program" diagnose -q "$@"; }

# Two thirds never start, since the window closes: that is told, and is not taken for a cause.
printf 'question: Who never starts?\nextends: phase2-race.yaml\nwave: {windows: [{from: 0h, to: 2h}]}\nthresholds: []\n' \
    >closed.yaml
expect 0 "1. $race" diagnose closed.yaml --replications 4
is grep -q "never ended" out.txt
is [ "$(grep -c "clusters at most 0" out.txt)" = 0 ]

# The incident.
expect 0 "1. $race" diagnose phase2-race.yaml --replications 20
cp out.txt first.txt
is grep -q "deadline  enter-maintenance" out.txt
is grep -q "of variant \"before\" failed" out.txt
is grep -q "2. temporary hosts above 0" out.txt
is grep -q "What remains after the strongest" out.txt
is grep -q "design effects" out.txt
is test -z "$(awk 'length > 80' out.txt)"
is test -z "$(grep -E 'early_trigger|cause|-nan|inf$' out.txt | grep -v 'need not cause')"
# The story of the typical one shows what was named; the command can be pasted, over two lines here.
typical() { awk '/^A typical failure/ { inside = 1; next } inside && !NF { exit } inside' "$1" | sed "1s#rcesim#'$program'#"; }
is test "$(typical out.txt | wc -l)" = 2
expect 0 "WORKFLOW failed: deadline in enter-" sh -c "$(typical out.txt)"
expect 0 "" diagnose phase2-race.yaml --replications 20 --threads 1
is diff first.txt out.txt
expect 0 "also:" diagnose phase2-race.yaml --replications 20 --max 1
is test "$(grep -c '^  [0-9]*\. ' out.txt)" = 1
expect 0 '"state": "found"' diagnose phase2-race.yaml --replications 20 --json
is grep -q "\"condition\": \"$race\"" out.txt
is grep -q '"familywise_error_max": 0.05' out.txt
is grep -q '"trace": "rcesim trace phase2-race.yaml --replications 20 --variant before' out.txt
expect 0 "of variant \"after\" failed" diagnose phase2-race.yaml --replications 40 --variant after
is test -z "$(grep "$race" out.txt)"
expect 0 "replication: assumes independence" diagnose phase2-race.yaml --replications 1

# From a stored result: the same conditions and numbers, and what to do where it has not all rows.
expect 0 "" "$program" run phase2-race.yaml -q --replications 20 --rows all --set thresholds=null -o stored
expect 0 "1. $race" diagnose stored
cp out.txt stored.txt
expect 0 "1. $race" diagnose phase2-race.yaml --replications 20
sed -n '/Where workflows stop/,/A typical/p' out.txt >from-scenario.txt
sed -n '/Where workflows stop/,/A typical/p' stored.txt >from-result.txt
is diff from-scenario.txt from-result.txt
expect 0 "of variant \"after\" failed" diagnose stored/records.rcesim --variant after
expect 2 'no variant "between"' diagnose stored --variant between
expect 2 "nothing can be set any more" diagnose stored --seed 3
expect 0 "" "$program" run phase2-race.yaml -q --replications 2 --set thresholds=null -o first-only
expect 4 "run it again with --rows all" diagnose first-only
expect 4 "no result" diagnose "$here"
expect 3 "nowhere.yaml" diagnose nowhere.yaml
expect 2 "one --variant at a time" diagnose phase2-race.yaml --variant before --variant after
expect 2 "--max" diagnose phase2-race.yaml --max 0
expect 2 "a scenario is missing" diagnose

# Nothing has failed; all have; hardly any have.
expect 11 "nothing to diagnose" diagnose quiet.yaml
expect 11 '"state": "none failed"' diagnose quiet.yaml --json
expect 11 "nobody to compare with" diagnose quiet.yaml --set host_service.callback.loss=100% --set thresholds=null
expect 11 "simulate more" diagnose quiet.yaml --set host_service.callback.loss=2% --set thresholds=null --replications 1

# Where only chance decides who fails (lost callbacks, all SDDCs alike), at most 5 % of the diagnoses may name anything:
# 1 of 20 is expected at most, five standard deviations (0.97 each) make 5.
named=0
for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    expect 0 "" diagnose quiet.yaml --set host_service.callback.loss=1% --set thresholds=null \
        --set fleet.sddcs=60 --replications 10 --seed $seed
    if grep -q "the strongest first" out.txt; then named=$((named + 1)); fi
done
is test "$named" -le 5

# Groups of the fleet by what they are: the region that is slow.
cat >groups.yaml <<'EOF'
question: Where does it fail?
fleet:
  sddcs: 200
  groups:
    one: {region: north, instance_type: i3, share: 50%}
    two: {region: south, instance_type: i3, share: 25%, provisioning_scale: 3}
    three: {region: south, instance_type: i4, share: 25%, provisioning_scale: 3}
provisioning: {boot: "uniform(4min, 12min)", configure: 4min}
phase1: {control_plane: 3h}
phase2: {backup: 30min, update_host: 45min, remove_host: 60min}
phase3: {network: 30min}
host_service: {callback: {loss: 0.1%}}
variants: {before: {}}
experiment: {replications: 5}
EOF
expect 0 "region south" diagnose groups.yaml

# Names that would steer a terminal, run something, or end a string; in a file whose name does the same.
esc=$(printf '\033')
odd="odd' \"\`touch x1\` \$(touch x2) --and  ${esc}[31m \\ ü.yaml"
cat >odd-head.yaml <<'EOF'
question: "quotes \" and ', `touch x3`, $(touch x4), <b>, \e[2J \a ü"
fleet:
  sddcs: 200
  groups:
    one: {region: "no \e[31m<i>`touch x5`\u0085\n", instance_type: i3, share: 50%}
    two: {region: "so 'u' \\t \"th\" ü\t", instance_type: i3, share: 25%, provisioning_scale: 3}
    three: {region: "so 'u' \\t \"th\" ü\t", instance_type: "i4\r\a", share: 25%, provisioning_scale: 3}
EOF
{ cat odd-head.yaml; sed -n '/^provisioning/,$p' groups.yaml; } >"$odd"
no_controls() { LC_ALL=C tr -d '\n\040-\176\200-\377' <"$1" | cmp -s - /dev/null; }
expect 0 "region so 'u'" diagnose "$odd"
is test -z "$(LC_ALL=C awk 'length > 90' out.txt)" # Bytes: ü has two.
is no_controls out.txt
cp "$odd" pasted.yaml
expect 0 '"state": "found"' diagnose "$odd" --json
is no_controls out.txt
expect 0 "" "$program" run "$odd" -q --rows all --db odd.db -o odd
expect 0 "region so 'u'" diagnose odd
for format in text chrome jsonl; do
    expect 0 "" "$program" trace "$odd" --format $format
    is no_controls out.txt
done
is test -z "$(find . -name 'x[1-9]')"
# A name that is not UTF-8 cannot stand in a result, and is refused.
cp pasted.yaml "$(printf 'bad\377.yaml')"
for command in diagnose trace run validate; do
    expect 2 "argument 1 is not UTF-8" "$program" $command "$(printf 'bad\377.yaml')"
done
# A reader that goes away.
"$program" diagnose -q phase2-race.yaml --replications 2 2>err.txt | head -n 1 >out.txt
is test ! -s err.txt
expect 4 "standard output" sh -c "'$program' diagnose -q phase2-race.yaml --replications 2 >/dev/full"

# Too few to tell apart; and another model, whose rows have nothing that a cause may lie in.
expect 11 "there is nothing to tell" diagnose phase2-race.yaml --set fleet.sddcs=8 --replications 1 --seed 1
expect 11 '"state": "all alike"' diagnose phase2-race.yaml --set fleet.sddcs=8 --replications 1 --seed 1 --json
cp "$scenarios/contention.yaml" .
expect 11 "clients of variant" diagnose contention.yaml --replications 2 --set thresholds=null

check_end diagnose
