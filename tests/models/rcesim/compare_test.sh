#!/bin/sh
# `rcesim compare` as its users meet it: two results that share their worlds say what one run of both would say, those
# that do not say so, and bad input is told.
# usage: compare_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/race.yaml" .

run() { # run DIR ARGUMENT...: the thresholds of the scenario are not the point here
    dir=$1
    shift
    "$program" run race.yaml -q -o "$dir" --set 'thresholds=[]' "$@" >/dev/null 2>err.txt
    [ -s "$dir/records.rcesim" ] || fail "no result: run -o $dir $*"
}

compare() { # compare STATUS TEXT ARGUMENT...
    status=$1
    text=$2
    shift 2
    expect "$status" "$text" "$program" compare "$@"
}

# section TITLE FILE: the lines below a title, up to the next empty line, without what only a run can know.
section() { sed -n "/^$1/,/^\$/p" "$2" | grep -v 'draws\|both made were\|were compared\|fixed, new, both\|that failed only'; }

run both
run before --variant before
run after --variant after
run more --variant after --replications 9
run seed --seed 8 --replications 9
run world --set provisioning.configure=3min --set fleet.sddcs=30 --seed 9

# Two runs of one variant each say exactly what one run of both says.
expect 0 "" "$program" run race.yaml -q -o again --set 'thresholds=[]'
cp out.txt run.txt
compare 0 "Paired: the same seed and worlds, replications 0 to 5." before after
for title in "Failed workflows" "Difference: before minus variant" "Causes of failure" "Workflow duration"; do
    section "$title" run.txt >expected.txt
    section "$title" out.txt >found.txt
    is test -s expected.txt
    is diff expected.txt found.txt
done
is diff "$here/golden/compare-paired.txt" out.txt
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
compare 0 '"paired": true' before after --json
grep -v '"common_draws' out.txt | sed -n '/"differences"/,/"second_opinions"/p' | sed 's/^ *//' >found.txt
sed -n '/"differences"/,/"second_opinions"/p' both/summary.json | sed 's/^ *//' >expected.txt
is test -s expected.txt
is diff expected.txt found.txt
is grep -q '"p_holm"' found.txt
is grep -q '"mcnemar_mid_p"' out.txt

# Only the replications that both have.
compare 0 "replications 0 to 5." before more
compare 0 "B: more, 9 replications from 0 on" before more

# A result against itself is 0; the other way round everything is negated and the fixed are the new.
compare 0 "" both both
is [ "$(grep -Ec '^  (before|after) \(B\) +0  (\[0, 0\]|not estimable) +0    0 ' out.txt)" = 2 ]
compare 0 "" before before --metric api_calls --metric wave_duration
is [ "$(grep -Ec '^  (API calls per workflow|wave duration) +0  \[0, 0\]$' out.txt)" = 2 ]
compare 0 "+52.1  [+46.0, +58.2]    125    0 " before after
compare 0 "-52.1  [-58.2, -46.0]      0  125 " after before
is grep -q "New failures of before: replication 0 workflow 3, replication 0 workflow 4," out.txt
is grep -q "and 120 more" out.txt
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
look=$(sed -n '/^    rcesim trace/,/[^\\]$/p' out.txt | sed "s|^ *rcesim|$program|")
expect 0 "WORKFLOW" sh -c "$look"
is grep -Eq '^ +after +before' out.txt

# --metric leaves nothing but what was asked for; a result beside itself is remarked.
compare 0 "Figures" before after --metric api_calls
is [ "$(grep -c 'Failed workflows\|Causes of failure\|Workflow duration\|wave duration' out.txt)" = 0 ]
compare 0 "Failed workflows" before after --metric failure_rate
is [ "$(grep -c 'Causes of failure\|Figures\|Workflow duration' out.txt)" = 0 ]
compare 0 '"api_calls": {' before after --metric api_calls --json
is [ "$(grep -c '"failure_rate": {\|"wave_duration": {' out.txt)" = 0 ]
compare 0 "compared with itself" both both
is [ "$(grep -c 'compared with itself' out.txt)" = 2 ]
compare 0 "" before after
is [ "$(grep -c 'compared with itself' out.txt)" = 0 ]
compare 2 "take one of them" both both@after --variant before:before

# Variants: of the same name, of those asked for, the last ones.
compare 0 "before (A) against before (B)" both seed
is grep -q "after (A) against after (B)" out.txt
compare 0 "Difference: before minus variant" both@before both@after
compare 0 "Difference: before minus variant" both both --variant before:after
compare 0 "Difference: after minus variant" after both@before
compare 0 "Difference: before minus variant" before after
compare 0 "Difference: after (A) minus variant" after both
mkdir at@home && cp both/* at@home
compare 0 "Difference: before minus variant" at@home@before at@home@after
compare 0 "Paired" at@home/records.rcesim both

# What shares nothing is not paired, and says why.
compare 0 "Not paired, compared as independent samples: the seeds differ (7 and 8)." both seed
is grep -q "Welch t" out.txt
is grep -q "Fisher p" out.txt
is grep -q "among all comparisons, by Holm, p = 1" out.txt
is diff "$here/golden/compare-independent.txt" out.txt
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
compare 0 "worlds differ, in fleet.sddcs, provisioning.configure" both world
compare 0 '"provisioning.configure"' both world --json
is grep -q '"paired": false' out.txt
is [ "$(grep -iwc 'nan\|inf' out.txt)" = 0 ]

# A partial result may be compared, and says so.
"$program" run race.yaml -q -o partial --set 'thresholds=[]' --replications 200000 --rows none >/dev/null 2>&1 &
pid=$!
wait_until has_worked $pid 40
kill -TERM $pid
wait $pid
compare 0 "A PARTIAL result" both partial

# One replication: differences without intervals, in words.
run single --replications 1
compare 0 "not estimable" single@before single@after
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]

# No ratio of rates where one side saw nothing.
run quiet --set provisioning.connect=1s --set provisioning.configure=1s --seed 11
compare 0 "risk ratio not estimable" both quiet
compare 0 "" both quiet --json
is [ "$(grep -A1 '"risk_ratio"' out.txt | grep -c '"not estimable"')" -ge 1 ]

# Bad input.
compare 2 "two results are wanted" both
compare 2 "too many" both both both
compare 2 'has no variant "befor"; did you mean "before"?' both@befor both
compare 2 "there are: before, after" both both --variant x:y
compare 2 'did you mean "failure_rate"' both both --metric failure_rat
compare 4 "nowhere: there is no such folder" both nowhere
compare 4 "nowhere: there is no such folder" both nowhere@before
mkdir empty
compare 4 "this is no result of" both empty
cp -r both old && rm old/records.rcesim
compare 4 "has no records.rcesim" both old
cp -r both damaged
head -c 300 both/records.rcesim >damaged/records.rcesim
compare 4 "damaged/records.rcesim" both damaged
compare 4 "race.yaml" both race.yaml
compare 0 "DIR_A" --help

check_end compare
