#!/bin/sh
# `drive` with engines that are not linked: a shared object, a process in C and one in Python. Each is killed with its
# driver and goes on from the state; nothing is asked for twice, and the engine answers as each life recorded.
#
# usage: engines_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
built=$(cd "$(dirname "$(readlink -f "$program")")" && pwd)
cp "$here/patient.yaml" wave.yaml
cp "$built/librce_plugin.so" rce.so
cp "$built/rce-engine" "$root/models/engines/reference/engine.py" .
small="--set fleet.sddcs=3 --set fleet.hosts_per_cluster=1 --variant safe"

# life NAME ENGINE: one life of the driver.
cat >life.sh <<'END'
exec "$program" drive wave.yaml $small --engine "$2" --url "$url" -o "drive-$1" --durability process --record "lives-$1"
END
export program small url

# engine NAME ENGINE: killed in the middle of the wave, and gone on with.
engine() {
    "$program" serve wave.yaml $small --listen 127.0.0.1:0 --speed 3600 -q -o "service-$1" >"url-$1.txt" 2>serve.txt &
    service=$!
    wait_until grep -q http "url-$1.txt" || return
    url=$(head -n 1 "url-$1.txt")
    sh life.sh "$1" "$2" >out.txt 2>err.txt &
    life=$!
    wait_until [ -s "lives-$1/drive-1.jsonl" ]
    sleep 0.5
    kill -9 $life
    wait $life 2>wait.txt
    is [ $? = 137 ]
    expect 0 "PASS" sh life.sh "$1" "$2"
    is grep -q '^rcesim: begun 2 times; workflows were taken up again 3 times$' err.txt
    kill -TERM $service
    wait $service
    for side in drive service; do is [ "$(cut -f 8 "$side-$1/workflows.tsv" | grep -c succeeded)" = 3 ]; done
    is [ "$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "duplicates") c = i; next } { n += $c } END { print n + 0 }' \
        "service-$1/workflows.tsv")" = 0 ]
    expect 0 "The engine answers as recorded." "$program" check-engine "$2" --history "lives-$1"
    is [ "$(ls "lives-$1" | wc -l)" = 2 ]
}

engine plugin plugin:rce.so
engine c command:./rce-engine
if python3 -c '' 2>/dev/null; then
    engine python "command:python3 engine.py"
else
    echo "engines_test: no python3, the engine in Python is not driven"
fi
check_end engines_test
