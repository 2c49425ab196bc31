#!/bin/sh
# The shipped scenarios hold what they promise: the thresholds of the incident, its cause by ground truth, the same on
# the measured delays themselves instead of the quantile tables, and a quiet world that is exactly as long as its parts.
# usage: incident_test.sh PROGRAM      RCESIM_DATA names the folder of the measurements; that part skips without it
set -u
program=$1
scenarios=$(cd "$(dirname "$0")/../../../scenarios" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
passed=0
failed=0
fail() { echo "incident: $*" >&2; failed=$((failed + 1)); }

run() { # run NAME ARGUMENT...: all thresholds of the scenario must hold
    name=$1
    shift
    if "$program" run -o "$out/$name" --quiet "$@" >"$out/$name.text" 2>&1; then
        passed=$((passed + 1))
    else
        fail "$name: status $?"
        cat "$out/$name.text" >&2
    fi
}

# By ground truth at least 95 % of the failures before are the race, and none of those after.
race_is_the_cause() {
    if awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["cause"] == "cause.early_trigger" && $column["variant"] == "before" { share = $column["share_of_failed"] }
        $column["cause"] == "cause.early_trigger" && $column["variant"] == "after" { after = $column["count"]; seen = 1 }
        $column["cause"] == "cause.other" { other += $column["count"] }
        END { exit !(share >= 0.95 && seen && after == 0 && other == 0) }' "$out/$1/causes.tsv"; then
        passed=$((passed + 1))
    else
        fail "$1: the race is not the cause"
        cat "$out/$1/causes.tsv" >&2
    fi
}

run incident "$scenarios/phase2-race.yaml"
race_is_the_cause incident
run other-seed "$scenarios/phase2-race.yaml" --seed 99
race_is_the_cause other-seed
run quiet "$scenarios/quiet.yaml"
if [ -n "${RCESIM_DATA:-}" ]; then
    evacuations=$RCESIM_DATA/osic_live_migration/host_evacuations.csv
    startups=$RCESIM_DATA/azure_vm_startup/azure_vm_startup.csv
    run measured "$scenarios/phase2-race.yaml" \
        --set "maintenance.evacuate=empirical(file=$evacuations, column=seconds, unit=s, min=30s)" \
        --set "provisioning.boot=empirical(file=$startups, column=total_s, unit=s, where=suite!=vm_only, where=note!=Not Supported, censored=note==Timed Out, censored_at=30min)"
    race_is_the_cause measured
else
    echo "incident: the part on measured delays is skipped, RCESIM_DATA does not name their folder"
fi
echo "incident: $passed passed, $failed failed"
[ "$failed" = 0 ]
