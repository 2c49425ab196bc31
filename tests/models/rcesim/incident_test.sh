#!/bin/sh
# The incident on the measured delays themselves instead of the quantile tables that the scenario carries.
# usage: measured_test.sh PROGRAM      needs RCESIM_DATA, the folder of the measurements; skips without it
set -u
program=$1
scenario=$(dirname "$0")/../../../scenarios/phase2-race.yaml
if [ -z "${RCESIM_DATA:-}" ]; then
    echo "measured: skipped, RCESIM_DATA does not name the folder of measured delays"
    exit 0
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
evacuations=$RCESIM_DATA/osic_live_migration/host_evacuations.csv
startups=$RCESIM_DATA/azure_vm_startup/azure_vm_startup.csv
"$program" run "$scenario" -o "$out/result" --quiet \
    --set "maintenance.evacuate=empirical(file=$evacuations, column=seconds, unit=s, min=30s)" \
    --set "provisioning.boot=empirical(file=$startups, column=total_s, unit=s, where=suite!=vm_only, where=note!=Not Supported, censored=note==Timed Out, censored_at=30min)" \
    >"$out/text" 2>&1
status=$?
if [ $status != 0 ]; then
    cat "$out/text" >&2
    echo "measured: the thresholds of the incident do not hold on the measured delays (status $status)" >&2
    exit 1
fi
# The thresholds of the scenario hold (before 15 % to 21 %, after below 1 %), and the race is still the cause.
awk -F '\t' '
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column["variant"] == "before" && $column["cause"] ~ /early_trigger/ { share = $column["share_of_failed"] }
    END { exit !(share >= 0.95) }' "$out/result/causes.tsv" || {
    echo "measured: less than 95 % of the failures are caused by the race" >&2
    cat "$out/result/causes.tsv" >&2
    exit 1
}
echo "measured: 1 passed, 0 failed"
