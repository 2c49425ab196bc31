#!/bin/sh
# `drive` is killed (SIGKILL) at random moments, 50 times, and started again each time; on a slow machine the wave may be
# over before that. With idempotency nothing is lost and nothing is asked for twice: all workflows succeed, by its own
# word and by the service's, and no host has a second maintenance task for one visit. Without it the same kills do harm,
# so the test can see it. What the engine was told and said is recorded in each life, and can be repeated.
#
# usage: kill_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
# What was lost ends with its deadline: three quarters of a minute of the machine are enough patience here.
# The wave lasts longer than 50 short lives.
sed "s/72h/18h/g; s/hosts_per_cluster: 6/hosts_per_cluster: 14/" "$here/patient.yaml" >kill.yaml

# serve VARIANT: $url and $service.
serve() {
    "$program" serve kill.yaml --variant "$1" --listen 127.0.0.1:0 --speed 1500 -q -o "service-$1" >"url-$1.txt" 2>serve.txt &
    service=$!
    wait_until grep -q http "url-$1.txt" || return
    url=$(head -n 1 "url-$1.txt")
}

# life.sh PROGRAM VARIANT URL: one life of the driver, with what is needed to go on.
cat >life.sh <<'EOF'
exec "$1" drive kill.yaml --variant "$2" --url "$3" -o "drive-$2" --durability process --record "lives-$2" --force
EOF

# has_begun VARIANT: one more than the $begun lives of before has its record, or the wave is over.
lives() {
    find "lives-$1" -name 'drive-*' 2>wait.txt | wc -l
}
has_begun() {
    [ "$(lives "$1")" -gt "$begun" ] || [ -e "drive-$1" ]
}

# kill_often VARIANT COUNT: as many lives that end too early; every other one is let come as far as its record.
kill_often() {
    kills=0
    number=0
    for delay in $(awk -v n="$2" 'BEGIN { srand(7); for (i = 0; i < n; i++) print 0.04 + 0.16 * rand() }'); do
        [ -e "drive-$1" ] && break # The wave is over: there is nothing left to kill.
        begun=$(lives "$1")
        sh life.sh "$program" "$1" "$url" >out.txt 2>err.txt &
        life=$!
        number=$((number + 1))
        [ $((number % 2)) = 0 ] && { wait_until has_begun "$1" || return; }
        sleep "$delay"
        kill -9 $life 2>>err.txt && kills=$((kills + 1))
        wait $life 2>>err.txt
    done
    rm -rf ./.*.tmp-* # Of one that was killed while it wrote its result.
}

# sum FILE COLUMN: of a column of workflows.tsv.
sum() {
    awk -F '\t' -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { n += $c } END { print n + 0 }' "$1/workflows.tsv"
}
succeeded() {
    grep -c '	succeeded	' "$1/workflows.tsv"
}

# at_least COUNT GOT WHAT
at_least() {
    checks=$((checks + 1))
    [ "$2" -ge "$1" ] || fail "$2 $3, not at least $1"
}

serve safe
kill_often safe 50
# All 50, unless the machine is so slow that the wave is over before.
kills_safe=$kills
at_least 20 "$kills" "lives were killed before the wave was over"
expect 0 "PASS" sh life.sh "$program" safe "$url"
cp err.txt notice.txt
kill -TERM $service
wait $service
begun=$(sed -n 's/^rcesim: begun \([0-9]*\) times; workflows were taken up again [0-9]* times$/\1/p' notice.txt)
at_least 10 "${begun:-0}" "lives came as far as to begin"
is [ "$(succeeded drive-safe)" = 10 ]
is [ "$(succeeded service-safe)" = 10 ]
is [ "$(sum service-safe duplicates)" = 0 ]
is [ "$(sum service-safe violations)" = 0 ]
is [ "$(sum service-safe hosts_left_over)" = 0 ]
at_least "${begun:-0}" "$(sum drive-safe crashes)" "crashes are told"
expect 0 "The engine answers as recorded." "$program" check-engine rce --history lives-safe

# The same without keys: what was asked and not answered is asked again, and is a second task.
serve unsafe
kill_often unsafe 25
sh life.sh "$program" unsafe "$url" >out.txt 2>err.txt # The service's record is of workflows that have ended.
kill -TERM $service
wait $service
is [ $(($(sum service-unsafe duplicates) + $(sum service-unsafe violations))) -gt 0 ]
echo "kill_test: killed $kills_safe and $kills times"
check_end kill_test
