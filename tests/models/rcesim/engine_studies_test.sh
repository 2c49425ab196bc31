#!/bin/sh
# Studies (ablate, policies, sweep, calibrate) with engines that are not linked: the same numbers as with the linked
# one, and no process is left. An engine that hangs does not hold Ctrl-C up.
#
# usage: engine_studies_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
built=$(cd "$(dirname "$(readlink -f "$program")")" && pwd)
cp "$root/scenarios/phase2-race.yaml" "$here/race.yaml" .
cp "$built/rce-engine" .
few="--set fleet.sddcs=12 -q"
over="provisioning.connect=lognormal(median={10min,16min}, sigma=0.45)"
study() { # study STATUS ENGINE FOLDER COMMAND...: --engine goes to the folder FOLDER-COMMAND
    want=$1 engine=$2 folder=$3-$4 name=$4
    shift 4
    expect "$want" "" "$program" "$name" phase2-race.yaml $few --engine "$engine" -o "$folder" "$@"
}

for kind in linked plugin command; do
    case $kind in
    linked) engine=rce ;;
    plugin) engine=plugin:$built/librce_plugin.so ;;
    command) engine=command:./rce-engine ;;
    esac
    study 0 "$engine" $kind ablate --replications 4
    study 11 "$engine" $kind policies --budget 12 --pilot 10 --policy none --policy aws-standard --policy temporal
    study 0 "$engine" $kind sweep --replications 3 --over "$over"
    [ $kind = linked ] || for study in ablate policies sweep; do
        for table in linked-$study/*.tsv; do is cmp "$table" "$kind-$study/${table#*/}"; done
    done
done
is [ -s linked-ablate/combinations.tsv ]
is [ -s linked-policies/policies.tsv ]
is [ -s linked-sweep/sweep.tsv ]
is [ -z "$(ps -A -o args= | grep '^\./rce-engi[n]e')" ]

# A calibration opens an engine for each value that it tries, and closes it again.
for engine in rce command:./rce-engine; do
    expect 0 "" "$program" calibrate -q race.yaml --set provisioning.configure=4min --set fleet.sddcs=40 --replications 8 \
        --turn 'provisioning.connect=uniform(20min, {27min..60min})' --target 'failure_rate(before)=40%+-5%' \
        --engine $engine -o calibrated-${engine%%:*}
done
is cmp calibrated-rce/calibration.tsv calibrated-command/calibration.tsv

# Any number of threads.
study 0 command:./rce-engine command-8 ablate --replications 4 --threads 8
is diff -r command-ablate command-8-ablate

# What is combined has to be one engine.
expect 2 "run different engines" "$program" ablate phase2-race.yaml $few --replications 2 -o no \
    --set 'variants.after.engine={command: [./rce-engine]}'
expect 2 "run different engines" "$program" ablate phase2-race.yaml $few --replications 2 -o no \
    --set 'variants.*.engine={command: [./rce-engine]}' --set 'variants.after.engine={command: [./rce-engine, x]}'
is [ ! -e no ]

# One that hangs in its first step, for an hour: the interrupt is what ends the waiting.
cat >hang.sh <<'EOF'
read line
echo '{"protocol":1,"name":"hang","version":"0","capabilities":[],"state_version":1,"state_version_oldest":1}'
for i in 1 2; do
    read line
    echo '{"ok":true}'
done
exec sleep 98733
EOF
sed -i "s/98733/&.$$/" hang.sh
cat >hang.yaml <<'EOF'
question: Does Ctrl-C reach an engine that hangs?
extends: phase2-race.yaml
thresholds: null
variants:
  before: {engine: {command: [sh, hang.sh], config: {process: {step_timeout: 1000s}}}}
EOF
hangs() { [ -n "$(ps -A -o args= | grep "^sleep 9[8]733[.]$$")" ]; }
for command in run ablate "check-engine"; do
    set -- hang.yaml -q -o hang
    [ $command = ablate ] && set -- phase2-race.yaml -q -o hang --engine 'command:sh hang.sh'
    [ $command = check-engine ] && set -- 'command:sh hang.sh' --config '{"process":{"step_timeout":"1000s"}}'
    "$program" $command "$@" >out.txt 2>err.txt &
    running=$!
    wait_until hangs
    is hangs
    kill -TERM $running
    began=$(date +%s)
    wait $running
    got=$?
    is [ $got = 130 ]
    is [ $(($(date +%s) - began)) -lt 40 ]
    is [ ! -e hang ]
    grep -q 'harness error' err.txt && fail "$command: an interrupt is no harness error"
    wait_until eval '! hangs'
    is [ -z "$(ps -A -o args= | grep "^sleep 9[8]733[.]$$")" ]
done
check_end "rcesim/engine_studies"
