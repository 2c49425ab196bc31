#!/bin/sh
# The program as its users meet it: exit statuses, messages, files, and what bad input leaves behind.
#
# usage: cli_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/race.yaml" "$here/constant.yaml" .

# bad NAME TEXT: what `validate` and `run` say about NAME.yaml; status 3, no result.
bad() {
    expect 3 "$2" "$program" validate "$1.yaml"
    expect 3 "$2" "$program" run -q -o bad-result "$1.yaml"
    [ ! -e bad-result ] || fail "a result of a bad scenario: $1"
}

head_lines() { printf 'question: Why?\nvariants: {before: {}}\n'; }

# Usage.
expect 2 "a command is missing" "$program"
expect 2 'did you mean "validate"' "$program" validat
expect 0 "Usage: rcesim COMMAND" "$program" --help
expect 0 "rcesim " "$program" --version
listed=$("$program" --help | sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p')
for command in run explore serve $listed; do
    expect 0 "Usage: rcesim $command" "$program" "$command" --help
done
expect 2 "a scenario is missing" "$program" run
expect 2 "a scenario is missing" "$program" validate
expect 2 "unrecognized option" "$program" run race.yaml --nonsense
expect 2 "--threads" "$program" run race.yaml --threads 0
expect 2 "--threads" "$program" run race.yaml --threads many
expect 2 '--rows takes none, first or all, not "some"' "$program" run race.yaml --rows some
expect 2 '--level takes step or debug, not "more"' "$program" trace race.yaml --level more
expect 2 '--topology takes small or scenario, not "big"' "$program" explore race.yaml --topology big
expect 2 '--slack: ' "$program" explore race.yaml --slack often
expect 2 '--set takes path=value, such as fleet.sddcs=10, not "x"' "$program" replay race.sched --set x
expect 2 "the race decides how many replications it takes" "$program" policies race.yaml --replications 5
expect 2 "explore counts runs" "$program" explore race.yaml --seed 1 --replications 5
expect 2 "--replications" "$program" run race.yaml --replications 0
expect 2 "--seed" "$program" run race.yaml --seed -1
expect 2 "path=value" "$program" validate race.yaml --set nonsense
expect 2 'did you mean "before"' "$program" run race.yaml --variant befor
expect 2 "there are: before, after" "$program" run race.yaml --variant nobody

# Bad scenarios.
expect 3 "nowhere.yaml" "$program" run nowhere.yaml
expect 3 "" "$program" validate .
expect 3 "" "$program" validate /dev/zero
: >empty.yaml
bad empty ""
{ head_lines; head -c 1100000 /dev/zero | tr '\0' '#'; } >huge.yaml
bad huge "larger than"
printf 'question: \377\376\n' >latin.yaml
bad latin "UTF-8"
{ printf 'extends: cycle.yaml\n'; head_lines; } >cycle.yaml
bad cycle ""
{ head_lines; printf 'fleet: &a {sddcs: *a}\n'; } >alias.yaml
bad alias "alias.yaml:3"
{ head_lines; printf 'fleet: {sdcs: 3}\n'; } >key.yaml
bad key 'sddcs'
{ head_lines; printf 'phase2: {backup: 30}\n'; } >bare.yaml
bad bare "bare.yaml:3:18"
{ head_lines; printf 'phase2: {backup: 30km}\n'; } >unit.yaml
bad unit "unit.yaml:3"
{ head_lines; printf 'host_service: {callback: {loss: 1.5}}\n'; } >share.yaml
bad share "share.yaml:3:33"
{ head_lines; printf 'fleet: {sddcs: 0}\n'; } >none.yaml
bad none "none.yaml:3:16"
{ head_lines; printf 'fleet: {sddcs: 1000000000}\n'; } >many.yaml
bad many "2097152"
{ head_lines; printf 'experiment: {replications: 0}\n'; } >never.yaml
bad never "never.yaml:3"
{ head_lines; printf 'fleet: {groups: {a: {share: 50%%}, b: {share: 20%%}}}\n'; } >groups.yaml
bad groups "add up to 70 %"
{ head_lines; printf 'wave: {windows: [{from: 2h, to: 1h}]}\n'; } >window.yaml
bad window "ends before it begins"
{ head_lines; printf 'thresholds: [failure_rat(before) < 1%%]\n'; } >threshold.yaml
bad threshold 'failure_rate'
{ head_lines; printf 'provisioning: {region_outage: {gap: 1s, duration: 2s}}\n'; } >outage.yaml
bad outage "at least 1 min together on average"
printf 'question: Why?\nvariants: {a: {retry: {policy: aws-standart}}}\n' >policy.yaml
bad policy 'did you mean "aws-standard"'
printf 'question: Why?\nvariants: {a: {engine: rc}}\n' >engine.yaml
bad engine 'did you mean "rce"'
printf 'question: Why?\nvariants: {}\n' >variants.yaml
bad variants "variants.yaml:2"
expect 3 "--set fleet.sddcs=0" "$program" validate race.yaml --set fleet.sddcs=0
expect 3 "GiB" "$program" run race.yaml --replications 4294967295 --set fleet.sddcs=2000000
expect 3 "none.yaml:3:16" "$program" validate race.yaml none.yaml constant.yaml
is grep -q "constant.yaml: ok" out.txt

# A good run, its files, and the same bytes for any number of threads.
expect 0 "Result: one" "$program" run race.yaml -q -o one --threads 1
for file in summary.json replications.tsv workflows.tsv causes.tsv failure-rate.tsv failure-rate.gp report.json \
    scenario.resolved.yaml; do
    is test -s one/$file
done
is test ! -s err.txt
for threads in 2 8; do
    expect 0 "" "$program" run race.yaml -q -o threads-$threads --threads $threads
    is diff -r one threads-$threads
done
is [ "$(wc -l <one/replications.tsv)" = 13 ]
is [ "$(wc -l <one/workflows.tsv)" = 81 ]
expect 0 "" "$program" run race.yaml -q -o rows --rows all
is [ "$(wc -l <rows/workflows.tsv)" = 481 ]
expect 0 "" "$program" run race.yaml -q -o norows --rows none
is [ "$(wc -l <norows/workflows.tsv)" = 1 ]
expect 0 '"schema_version": 1' "$program" run race.yaml -q -o json --json
is diff out.txt json/summary.json
expect 0 "Result: out/race" "$program" run race.yaml -q
expect 0 "" "$program" validate one/scenario.resolved.yaml
hash=$(sed 's/.*hash //' out.txt)
expect 0 "$hash" "$program" validate race.yaml
expect 0 "" "$program" run race.yaml -q -o one-variant --variant after
is grep -q "run race.yaml --variant after" one-variant/summary.json
is [ "$(grep -c '"threshold":' one-variant/summary.json)" = 2 ]
expect 0 "" "$program" validate race.yaml --variant after
is test -z "$(grep "$hash" out.txt)"
expect 0 "" "$program" run race.yaml -q -o other-seed --seed 8
is test "$(cat one/replications.tsv)" != "$(cat other-seed/replications.tsv)"

# The same engine on both sides: the difference is exactly 0.
printf 'extends: race.yaml\nquestion: Same?\nvariants: {after: {retry: null, precheck: null, idempotency: null}}\n' >x.yaml
sed '1{h;d};2{G}' x.yaml >same.yaml
printf 'thresholds: []\n' >>same.yaml
expect 0 "" "$program" run same.yaml -q -o same
is grep -Eq '^  after +0  \[0, 0\] +0    0 ' out.txt

# Thresholds.
expect 10 "FAIL" "$program" run race.yaml -q -o t10 --set 'thresholds=[failure_rate(before) < 1%]'
expect 11 "INCONCLUSIVE" "$program" run race.yaml -q -o t11 --replications 2 --set 'thresholds=[failure_rate(before) < 50%]'
expect 10 "FAIL" "$program" run race.yaml -q -o t1 --set 'thresholds=[failure_rate(before) < 30%, failure_rate(before) < 1%]'

# Output that cannot be written, or must not be.
mkdir mine && echo precious >mine/file
expect 4 "exists" "$program" run race.yaml -q -o one
expect 4 "does not look like a result" "$program" run race.yaml -q -o mine --force
is [ "$(cat mine/file)" = precious ]
echo precious >plain
expect 4 "not a folder" "$program" run race.yaml -q -o plain --force
is [ "$(cat plain)" = precious ]
expect 4 "cannot" "$program" run race.yaml -q -o /proc/nowhere/result
expect 4 "" "$program" run race.yaml -q -o ""
if [ -d /sys/kernel ]; then # Nobody makes a folder there, not even root.
    expect 4 "cannot make the folder /sys/nowhere" "$program" run race.yaml -q -o /sys/nowhere/result
    is test -z "$(grep 'No such file' err.txt)"
fi
expect 0 "" "$program" run race.yaml -q -o one --force --seed 8
is diff -r one other-seed --exclude=summary.json --exclude=report.json --exclude='failure-rate.*'
expect 0 "a one-sided 95 %" "$program" run race.yaml -q -o one-again
cp -r one before-full
full() { (ulimit -f 4 && "$program" run race.yaml -q --rows all "$@" >inner.txt); }
expect 4 "cannot write" full -o full
is test ! -e full
expect 4 "cannot write" full -o one --force
is diff -r one before-full
checks=$((checks + 1))
if [ -c /dev/full ]; then
    "$program" scenario --document >/dev/full 2>err.txt
    [ $? = 4 ] || fail "standard output on a full disk"
fi
expect 0 "" "$program" run race.yaml -q -o deep/er/result
is test -s deep/er/result/summary.json

# Without gnuplot the data is kept.
mkdir bin
expect 5 "gnuplot is not installed" env PATH="$work/bin" "$program" run race.yaml -q -o no-gnuplot
is test -s no-gnuplot/failure-rate.tsv
is test ! -e no-gnuplot/failure-rate.svg
is grep -q 'failure-rate.tsv' no-gnuplot/report.html
printf '#!/bin/sh\necho "line 1: not my day" >&2\nexit 1\n' >bin/gnuplot
chmod +x bin/gnuplot
expect 5 "not my day" env PATH="$work/bin:/bin:/usr/bin" "$program" run race.yaml -q -o bad-gnuplot
is test ! -e bad-gnuplot/failure-rate.svg.part

# Interrupted: a partial result that says so, and no second Ctrl-C is needed.
interrupted() {
    "$program" run race.yaml -q -o "$1" --replications 200000 --rows none >inner.txt &
    pid=$!
    wait_until has_worked $pid 40
    kill "-$2" $pid
    wait $pid
    status=$?
    cat inner.txt
    return $status
}
for signal in TERM INT; do
    expect 130 "INTERRUPTED" interrupted "partial-$signal" $signal
    is grep -q '"partial": true' partial-$signal/summary.json
done

# Interrupted while gnuplot hangs: at once, and all data is there. A hang-up is an interruption.
printf '#!/bin/sh\nexec sleep 100\n' >bin/gnuplot
hanging() {
    rm -f inner-err.txt
    PATH="$work/bin:/bin:/usr/bin" "$program" run race.yaml -o "$1" >inner.txt 2>inner-err.txt &
    pid=$!
    wait_until grep -q "drawing the chart" inner-err.txt
    begin=$(date +%s)
    kill "-$2" $pid
    wait $pid
    status=$?
    cat inner.txt
    cat inner-err.txt >&2
    return $status
}
expect 130 "Result: hanging" hanging hanging INT
is [ $(($(date +%s) - begin)) -lt 30 ]
is grep -q "drawing the chart" err.txt
is grep -q "interrupted while gnuplot was drawing" err.txt
is test -s hanging/replications.tsv
is grep -q '"partial": false' hanging/summary.json
printf '#!/bin/sh\nkill -SEGV $$\n' >bin/gnuplot
expect 5 "killed by signal 11" env PATH="$work/bin:/bin:/usr/bin" "$program" run race.yaml -q -o killed-gnuplot

# A partial result does not replace a complete one, but an earlier partial one of ours.
cp -r one before-partial
heard= # Under nohup SIGHUP is ignored, also by a program that is called.
env --default-signal=HUP true 2>/dev/null && heard='env --default-signal=HUP'
interrupted_by_force() {
    $heard "$program" run race.yaml -q -o "$1/" --force --replications 200000 --rows none >inner.txt 2>inner-err.txt &
    pid=$!
    wait_until has_worked $pid 40
    kill "-$2" $pid
    wait $pid
    status=$?
    cat inner.txt
    cat inner-err.txt >&2
    return $status
}
for signal in INT HUP; do
    expect 130 "Result: one.partial" interrupted_by_force one $signal
    is grep -q "one stays as it was" err.txt
    is diff -r one before-partial
    is grep -q '"partial": true' one.partial/summary.json
done

# A Ctrl-C is heard within a replication, however large.
large() {
    "$program" run race.yaml -q -o large --replications 1 --set fleet.sddcs=1000000 2>inner-err.txt &
    pid=$!
    wait_until has_worked $pid 50
    kill -INT $pid
    wait $pid
    status=$?
    cat inner-err.txt
    return $status
}
expect 130 "interrupted before the first replication" large
is test ! -e large

# A full disk behind standard output, also of what the command line parser prints.
if [ -w /dev/full ]; then
    for command in "run --help" --version "scenario --paths"; do
        expect 4 "cannot write to standard output" sh -c "'$program' $command >/dev/full"
    done
fi

# Standard output that is closed.
checks=$((checks + 1))
"$program" run race.yaml -q -o closed >&- 2>err.txt
[ $? = 4 ] || fail "standard output closed"
is grep -q "standard output is closed" err.txt
is test ! -e closed
"$program" run race.yaml -q -o open 2>&- >out.txt </dev/null
is diff -r one-again open

# An empty folder will do, and keeps its mode.
mkdir -m 700 empty-folder
expect 0 "Result: empty-folder" "$program" run race.yaml -q -o empty-folder
is [ "$(stat -c %a empty-folder)" = 700 ]
is diff -r open empty-folder
mkdir foreign
echo '{}' >foreign/summary.json
expect 4 "does not look like a result" "$program" run race.yaml -q -o foreign --force
expect 4 "another kind of result" "$program" sweep race.yaml -q --over fleet.sddcs=1,2 -o open --force
cp race.yaml ..yaml
expect 4 "name one with -o" "$program" run ..yaml -q
is test ! -e out/.rcesim

# One replication: a point and no interval.
expect 0 "in 1 replication of" "$program" run race.yaml -q -o single --replications 1 --set thresholds=null
is [ "$(cut -f 1,3 single/failure-rate.tsv | sed -n 2p)" = "	" ]
is grep -q "there is no interval from one replication" single/failure-rate.gp
is grep -q "there is no interval from one replication" single/failure-rate.svg
expect 0 "1 workflow in 1 replication of" "$program" run race.yaml -q -o smallest --replications 1 \
    --set thresholds=null --set fleet.sddcs=1

# A scenario does not steer the terminal.
sed '/^question/s/.*/question: "Red \\e[31m, ü?"/' race.yaml >steering.yaml
expect 0 "Red ?[31m, ü?" "$program" run steering.yaml -q -o steering
expect 2 'no variant "?[31m"' "$program" validate race.yaml --variant "$(printf '\033[31m')"
is test -z "$(tr -d '[:print:][:space:]' <err.txt)"

# Durations: an interval in the unit of its estimate, a threshold in its own form.
expect 0 "6h35s850ms (of the sample)" "$program" run constant.yaml -q -o exact \
    --set 'thresholds=[value(wave_duration(after)) == 6h35s850ms]'
is test -z "$(grep -E '\+- 0(\.0*)? ' out.txt)"
expect 0 "29.0 h +- 0.87 h" "$program" run race.yaml -q -o units

# Stories.
expect 0 "WORKFLOW failed: deadline in enter-" "$program" trace constant.yaml
is diff "$here/golden/trace-constant.txt" out.txt
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
expect 0 "" "$program" trace constant.yaml --beside --variant before --variant after
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
is grep -Eq '^ +before +after' out.txt
expect 0 "timer" "$program" trace constant.yaml --level debug
expect 0 "first-failed" "$program" trace --help
expect 2 "there is no workflow 1" "$program" trace constant.yaml --workflow 1
expect 2 "there is no replication 2" "$program" trace constant.yaml --replication 2
expect 2 'did you mean "before"' "$program" trace constant.yaml --variant befroe
expect 2 "no workflow of variant \"after\" failed in 2 replications" "$program" trace constant.yaml --variant after
expect 2 "failed in 1 replication" "$program" trace constant.yaml --variant after --replications 1
is [ "$(grep -c '1 replications' err.txt)" = 0 ]
expect 2 "--beside" "$program" trace constant.yaml --variant before --variant after
expect 0 "" "$program" trace constant.yaml --beside --workflow 0 --variant after --variant before
is grep -Eq '^ +after +before' out.txt
is grep -Eq '^after: Succeeded at 06:00:35' out.txt
is grep -Eq '^before: Failed at 04:35:10: enter-maintenance of cluster 0 host 0 passed' out.txt
expect 2 "no workflow of variant \"after\" failed" "$program" trace constant.yaml --beside --variant after --variant before
expect 0 "engine hears: timer 2" "$program" trace constant.yaml --level debug
is test -z "$(grep 'timer upgrade' out.txt)"
expect 0 "service answers read-cluster: cluster not" "$program" trace constant.yaml --variant after --workflow 0
is grep -q "engine: cluster not ready yet" out.txt
expect 0 "Succeeded at 06:06:30" "$program" trace constant.yaml --variant naive --workflow 0
is grep -q "second task for one visit" out.txt
is test -z "$(grep -E 'duplicate_trigger|step-started|callback-believed|state [0-9]' out.txt)"
expect 2 "--level" "$program" trace constant.yaml --level loud

# A broken invariant prints the command that shows it.
expect 0 "broke an invariant" "$program" run constant.yaml -q -o naive
replay=$(grep -o 'rcesim trace .*' out.txt)
expect 0 "INVARIANT BROKEN" sh -c "$(echo "$replay" | sed "s|^rcesim|$program|")"

# The format.
expect 0 "host_service.early_request" "$program" scenario --paths
expect 0 '"$schema"' "$program" scenario --schema
expect 0 "early_request" "$program" scenario --document
expect 0 "# default" "$program" scenario race.yaml
expect 2 "at a time" "$program" scenario --paths --schema
expect 2 "too many" "$program" scenario --paths race.yaml
expect 0 "failure_rate: failure rate (share of the workflows)" "$program" scenario --metrics
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
expect 0 "calls: " "$program" scenario --metrics --model contention
is [ "$(grep -c workflow out.txt)" = 0 ]
expect 2 "with all its variants" "$program" scenario --resolved race.yaml --variant after
# No word of the other model in a manual, and the model decides what else may be complained about.
expect 0 "" "$program" scenario --document --model contention
is [ "$(grep -c 'Simulated waves\|engine process' out.txt)" = 0 ]
printf 'question: x?\nmodel: foo\nclients: {count: 3}\nvariants: {a: {}}\n' >foo.yaml
expect 3 "foo.yaml:2:8: model:" "$program" validate foo.yaml
is [ "$(grep -c 'foo.yaml' err.txt)" = 1 ]
# What is printed for people fits into 80 columns.
for command in "" run merge validate scenario trace compare sweep policies ablate calibrate fit check-engine serve drive validate-live doctor; do
    expect 0 "" "$program" $command --help
    is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
done
expect 0 "--seed" "$program" policies --help
is [ "$(grep -c -- '--variant=\|--replications=' out.txt)" = 0 ]
expect 0 "" "$program" ablate --help
is [ "$(grep -c -- '--variant=' out.txt)" = 1 ]
expect 0 "--replications=" "$program" calibrate --help
is [ "$(grep -c -- '--variant=' out.txt)" = 0 ]
# Places of mistakes in thresholds.
expect 2 "expected a metric or a number, at the end" "$program" run race.yaml --threshold 'failure_rate(after) < '
expect 2 'no variant "aftr", at "aftr) < 1%"; did you mean "after"?' "$program" run race.yaml \
    --threshold 'failure_rate(aftr) < 1%'
expect 2 'no duration "durtion" (durations: duration' "$program" run race.yaml --threshold 'p95(durtion(after)) < 1h'
expect 2 "scenario --metrics --model vmc" "$program" run race.yaml --threshold 'nothing_like_it(after) < 1h'
expect 0 "known answers hold" "$program" doctor
is grep -Eiq "built by (gcc|.*clang)" out.txt
expect 0 "weibull(shape=2.2" "$program" scenario --document
is grep -q "cause.early_trigger" out.txt

check_end cli
