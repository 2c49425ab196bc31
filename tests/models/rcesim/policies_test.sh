#!/bin/sh
# Choosing among policies: `rcesim policies`, and the shipped scenarios that it is for.
#
# usage: policies_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
scenarios=$here/../../../scenarios
cp "$scenarios/contention.yaml" "$scenarios/backoff-policies.yaml" .

policies() { "$program" policies -q --force "$@"; }

# The article's experiment holds what it says, and its format has a manual.
expect 0 "PASS" "$program" run -q contention.yaml -o contention
expect 0 '| `clients.count` | count |' "$program" scenario --document --model contention
expect 0 '"clients"' "$program" scenario --schema --model contention
expect 0 "20 clients" "$program" validate contention.yaml --set clients.count=20
expect 2 "story" "$program" trace contention.yaml

# The storm as it is shipped, on fewer worlds.
expect 0 "PASS" "$program" run -q --force backoff-policies.yaml --replications 10 -o wave

# A race is decided, says by how much, and leaves its files; the same bytes on any number of threads.
small="contention.yaml --set clients.count=20"
expect 0 "Least calls: full, decided after" policies $small -o one --threads 1
is test -s one/policies.json
is test -s one/policies.tsv
is test -s one/scenario.resolved.yaml
grep -q ' \{81\}' out.txt && fail "blanks beyond the page"
awk 'length($0) > 80 && !/^rcesim policies/ { bad = 1 } END { exit bad }' out.txt || fail "a line of more than 80 characters"
expect 0 "" policies $small -o three --threads 3
is cmp one/policies.json three/policies.json
is cmp one/policies.tsv three/policies.tsv
expect 0 '"is_decided": true' policies $small -o one --json
expect 0 '"best": "full"' policies $small -o one --json

# What is promised, on what assumption, and what is no promise.
expect 0 "been missed in 30" policies $small -o one
is grep -q "out at n: not" out.txt
is grep -q "descriptive only: after" out.txt
is grep -q '"assumption": "This takes the means of replications for about normal' one/policies.json
is grep -q '"p_descriptive"' one/policies.json

# One row for each policy and criterion; the best differs from itself by nothing, and is on the front.
[ "$(wc -l <one/policies.tsv)" = 21 ] || fail "5 policies by 4 criteria and a header"
awk -F '\t' '$1 == "full" && ($9 + 0 != 0 || $10 + 0 != 0 || $11 + 0 != 0 || $13 != 1 || $14 != 1) { bad = 1 } END { exit bad }' \
    one/policies.tsv || fail "the best, compared with itself"
awk -F '\t' '$1 == "none" && $3 == "calls" && !($9 > 0 && $10 > 0 && $12 < 0.001) { bad = 1 } END { exit bad }' \
    one/policies.tsv || fail "no back-off makes more calls than the best, beyond doubt"

# A pilot in which nothing differed decides nothing: one client has no conflicts by any policy.
expect 0 "decided after 299 replications" policies contention.yaml --set clients.count=1 -o one --metric conflicts \
    --delta 1 --policy full --policy none
expect 0 "been missed in 299" policies contention.yaml --set clients.count=1 -o one --metric conflicts \
    --delta 1 --policy full --policy none

# Interrupted in the pilot: that is said, and nothing is decided.
checks=$((checks + 1))
"$program" policies -q $small --pilot 1000000 --budget 1000000 -o pilot >out.txt 2>err.txt &
pid=$!
wait_until has_worked $pid 100
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "an interrupted race must end with 130"
is grep -q "Interrupted in the pilot, after [0-9]* of" out.txt
is grep -q '"is_decided": false' pilot/policies.json

# Policies by name, inline, and as variants; other metrics.
expect 0 "quick" policies $small -o one --policy full --policy aws-equal --policy 'quick={policy: fixed, base: 20ms}'
expect 0 "Least completion time: none" policies $small -o one --metric completion_time
expect 0 '"as_good_for_less": "full"' policies $small -o one --metric completion_time --delta 5s --json
expect 11 "Undecided after 20 replications: full leads" policies $small -o one --budget 20 --delta 0.0001
expect 0 "15 policies" policies $small -o one --presets
expect 0 "rcesim policies $small --presets" policies $small -o one --presets
expect 0 "aws-decorrelated" policies $small --set 'variants={only: {}}' -o one --policy aws-full --policy aws-decorrelated

# What cannot be: a clear message, and nothing written.
bad() {
    text=$1
    shift
    expect 2 "$text" policies $small -o nothing "$@"
    [ ! -e nothing ] || fail "a result of a bad command: $*"
}
bad 'did you mean "full"' --policy ful --policy none
bad 'rcesim policies --list' --policy nonsense-beyond-repair --policy none
bad 'nothing to be compared with' --policy full
bad 'two of the name' --policy full --policy full
bad 'no name for a policy' --policy a.b=aws-full --policy full
bad 'has a variant "full"' --policy full=aws-full --policy none
bad 'did you mean "calls"' --metric call
bad 'needs --delta' --metric conflicts
bad 'not above 0' --delta 0
bad 'not a number' --delta 5s
bad 'more than the --budget' --pilot 30 --budget 20
bad -- '--pilot' --pilot 1
bad 'nothing but policies' --base full
bad '--policy' --variant full
bad '--pilot and --budget' --replications 5
expect 3 'did you mean "policy"' policies $small -o nothing --policy 'a={polic: x}' --policy full
expect 2 "a scenario is missing" policies
expect 0 "aws-decorrelated" policies --list
mkdir theirs && : >theirs/file
expect 4 "" policies $small -o theirs

# The storm: an eager policy sustains it after the trigger is over, a calm one recovers. Upon another base, the policy
# alone changes.
storm="backoff-policies.yaml --set fleet.sddcs=120 --set host_service.queue.rate=0.4/s"
expect 0 "decided after 20 replications" policies $storm -o storm --policy eager --policy calm --policy few
awk -F '\t' '$1 == "eager" && $3 == "failure_rate" && !($6 > 0.9 && $13 == 0) { bad = 1 }
    $1 == "calm" && $3 == "failure_rate" && !($6 < 0.01 && $13 == 1) { bad = 1 } END { exit bad }' storm/policies.tsv ||
    fail "the storm of the eager policy, and the recovery of the calm one"
# Shares that are close stay in until a wave lost whole, if it mattered, would have been seen: at most
# log(80) / 0.05 = 87.6 replications of two policies, if they never differ; for 3 percentage points between the two,
# log(80) / 0.08 = 54.8.
expect 0 "until one that matters" policies $storm -o close --delta 5% --policy calm --policy patient
is awk -F '\t' '$1 == "patient" && $3 == "failure_rate" { n = $16 } END { exit !(n > 60 && n < 100) }' close/policies.tsv
# Who was in for longer comes first, and the best is one of those.
expect 0 "" policies $storm -o order --delta 5% --policy eager --policy calm --policy patient
is awk -F '\t' 'NR == 2 && $13 != 1 { bad = 1 } NR > 2 && $2 > before { bad = 1 } { before = $2 } END { exit bad }' order/policies.tsv
expect 0 "2 policies upon calm" policies $storm -o storm --policy gax-go --policy 'slow={policy: fixed, base: 5min}'
expect 0 "Least failure rate: slow" policies $storm -o storm --policy gax-go --policy 'slow={policy: fixed, base: 5min}'
expect 2 'no variant "nobody"' policies $storm -o nothing --base nobody
# A service that refuses what it could not answer in time has no storm.
"$program" run -q --force $storm --set host_service.queue.length=12 --variant eager --replications 3 -o bounded >out.txt 2>err.txt
head -1 bounded/replications.tsv | tr '\t' '\n' | grep -qx queue_timeouts || fail "requests given up are counted"
awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "queue_timeouts" || $i == "failure_rate") column[$i] = i }
    NR > 1 && ($column["queue_timeouts"] != 0 || $column["failure_rate"] != 0) { bad = 1 } END { exit bad }' \
    bounded/replications.tsv || fail "a service that refuses at once has no storm"

check_end policies
