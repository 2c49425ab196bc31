#!/bin/sh
# The second half of the incident: canary-rollout.yaml holds what it promises, its companions are honest, and a result
# with series is the same bytes for any threads, in shards, and extended.
#
# usage: rollout_test.sh PROGRAM
set -u
scenarios=$(cd "$(dirname "$0")/../../../scenarios" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
scenario=$scenarios/canary-rollout.yaml

# All thresholds hold (a failed or undecided one is another status).
expect 0 "PASS          failed_after(canary) < 1%" "$program" run "$scenario" -q -o whole
is [ "$(grep -c PASS out.txt)" = "$(sed -n '/^thresholds:/,$p' "$scenario" | grep -c '^  - ')" ]

# value FILE TIME: the first variant's rate (%) in the bin around this time (h) since the deployment.
value() {
    awk -F '\t' -v at="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["time_h"] == at { print $column["failed_1_percent"] }' "whole/$1.tsv"
}
between() { # between LOW VALUE HIGH
    awk -v low="$1" -v x="$2" -v high="$3" 'BEGIN { exit !(x != "" && x >= low && x <= high) }'
}

# By trigger: about 18 % in the bin before the deployment, below 1 % in that which follows the last stage, at most 50
# minutes after it; and for as long as the wave goes on.
is between 15 "$(value rollout -0.25)" 21
for time in 0.75 1.25 2.25 4.25 6.25; do
    is between 0 "$(value rollout $time)" 1
done
# By decision it lags by the deadline of an hour, and looks worse than it ever was.
is between 30 "$(value rollout-decided 0.25)" 100
is between 25 "$(value rollout-decided 0.75)" 100
is between 0 "$(value rollout-decided 2.75)" 1

# The truth knows every cause; the placebo's second failures are not the race.
is awk -F '\t' '$2 == "cause.other" && $4 != 0 { bad = 1 } END { exit bad }' whole/causes.tsv

# The page says in words what a reader would else misread.
for text in "of the workflows that first asked for maintenance before the failure was detected" \
    "\"completed with a host left over\" means: the workflow completed, but a temporary host" \
    "evidence for a fix only as far as more of them do than with the placebo" "Final outcome, re-drives included" \
    "| greedy | rollout (to after, delay 2h, hand_over all) |" "| settle | settle 15min |" \
    "| canary.rollout.stages[3].after | 20min |"; do
    is grep -qF "$text" whole/report.md
done

# The same bytes.
cp "$scenarios"/phase2-race.yaml "$scenarios"/canary-rollout.yaml .
printf 'question: Which bytes?\nextends: canary-rollout.yaml\nfleet: {sddcs: 100}\nthresholds: []\n' >small.yaml
run() { "$program" run small.yaml -q --threads 2 "$@"; }
expect 0 "" run -o ten --replications 10
expect 0 "" run -o eight --replications 10 --threads 8
is diff -r ten eight
expect 0 "" run -o four --replications 4
expect 0 "" run --replications 10 --extend four
is diff -r ten four
for shard in 1 2 3; do
    expect 0 "" run -o "shard-$shard" --replications 10 --shard "$shard/3"
done
expect 0 "" "$program" merge shard-1 shard-2 shard-3 -q -o merged
is diff -r ten merged

check_end rollout
