#!/bin/sh
# `drive` from end to end against `serve`: a whole wave, its result and its history; interrupted and gone on with; what
# it refuses, and what it says then.
#
# usage: drive_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/patient.yaml" wave.yaml
small="--set fleet.sddcs=4 --set fleet.hosts_per_cluster=1"

# serve NAME OPTION...: $url and $service.
serve() {
    name=$1
    shift
    "$program" serve wave.yaml $small --listen 127.0.0.1:0 -q --force -o "service-$name" "$@" >"url-$name.txt" 2>"serve-$name.txt" &
    service=$!
    wait_until grep -q http "url-$name.txt" || return
    url=$(head -n 1 "url-$name.txt")
}
end_service() {
    kill -TERM $service
    wait $service
}

# agree NAME COLUMN...: of each workflow both sides tell the same.
agree() {
    name=$1
    shift
    for side in "$name" "service-$name"; do
        awk -F '\t' -v wanted="$*" 'BEGIN { count = split(wanted, names, " ") }
            NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
            { for (i = 1; i <= count; i++) printf "%s\t", $column[names[i]]; print "" }' "$side/workflows.tsv" >"$side.agree"
    done
    is [ "$(wc -l <"$name.agree")" = 4 ]
    is cmp "$name.agree" "service-$name.agree"
}

# agree_about NAME COLUMN: of each workflow, but for four hours, which are two seconds at speed 7200.
agree_about() {
    is awk -F '\t' -v wanted="$2" '
        FNR == 1 { for (i = 1; i <= NF; i++) if ($i == wanted) column = i; next }
        NR == FNR { here[$3] = $column; next }
        { count++; off = here[$3] - $column; if (off < -14400 || off > 14400 || $column == "") exit 1 }
        END { exit count != 4 }' "$1/workflows.tsv" "service-$1/workflows.tsv"
}

# A wave with both sides in agreement about how each workflow ended, and when: also if the service has been there for
# some time (six of its hours).
serve whole --speed 7200
sleep 3
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o whole --record told
# What it cannot see is not 0.
is grep -q 'temporary hosts added, in all *no data' out.txt
is grep -q 'hosts left over, in all *[0-9]' out.txt
is grep -q -- '--url' whole/report.md
is grep -q '^rcesim: [0-9]* inputs, [0-9]* commits, at speed 7200; timers were late by ' err.txt
is [ "$(cut -f 8 whole/workflows.tsv | grep -c succeeded)" = 4 ]
is [ -f whole/report.html ]
is [ -f whole.db ]
expect 0 "The engine answers as recorded." "$program" check-engine rce --history told
is [ "$(ls told)" = drive-1.jsonl ]
# The state is whole, too: the same command makes the same result of it, and asks for nothing.
cp -r whole before
cp whole.db before.db
expect 4 "whole exists; choose another folder" "$program" drive wave.yaml $small --url "$url" -o whole
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o whole --force
is diff -r before whole
is cmp before.db whole.db
# What was driven is not what is driven now.
expect 4 "is the state of another drive" "$program" drive wave.yaml $small --seed 8 --url "$url" -o other --state whole.db
expect 4 "was written by another engine" "$program" drive wave.yaml $small --variant unsafe --url "$url" -o other --state whole.db
is [ ! -d other ]
echo "notes" >notes.db
expect 4 "notes.db" "$program" drive wave.yaml $small --url "$url" -o other --state notes.db
is [ "$(cat notes.db)" = notes ]
# Not this fleet.
expect 3 "has 4 SDDCs and the scenario 10; give both the same scenario, or --set fleet.sddcs=4" \
    "$program" drive wave.yaml --url "$url" -o other
end_service
is [ "$(cut -f 8 service-whole/workflows.tsv | grep -c succeeded)" = 4 ]
agree whole workflow status early_trigger duplicates violations hosts_left_over
agree_about whole started_s
agree_about whole ended_s

# The world does harm, and both sides tell of the same: hosts are asked for too early, and nothing saves the workflows.
harm="--set provisioning.configure=20h --set maintenance.deadline=1h --variant unsafe --set variants.unsafe.precheck=null"
serve harm --speed 7200 $harm
expect 0 "maintenance before the cluster was ready" "$program" drive wave.yaml $small $harm --url "$url" -o harm
end_service
is [ "$(cut -f 13,14 harm/workflows.tsv | grep -c 'early_trigger	1')" = 4 ]
agree harm workflow status reason operation cluster host cause early_trigger duplicates violations hosts_left_over
agree_about harm started_s
agree_about harm ended_s
# A service that was started again knows nothing of what was begun before, and one that was used is not new.
serve again --speed 7200 $harm
expect 4 "does not know of workflow 0, which was begun before" \
    "$program" drive wave.yaml $small $harm --url "$url" -o harm --force
expect 0 "" "$program" drive wave.yaml $small $harm --url "$url" -o harm2
expect 4 "workflow 0 was begun at $url by somebody else" \
    "$program" drive wave.yaml $small $harm --url "$url" -o harm3
end_service

# Interrupted: nothing but the state is left, and that is enough. Meanwhile nobody else gets in.
serve halves --speed 3600
"$program" drive wave.yaml $small --url "$url" -o halves >out.txt 2>err.txt &
drive=$!
wait_until [ -s halves.db-wal ]
expect 4 "halves.db is in use by another program" "$program" drive wave.yaml $small --url "$url" -o halves
sleep 0.5
kill -INT $drive 2>/dev/null || kill -TERM $drive
sleep 0.2
kill -TERM $drive 2>/dev/null
wait $drive
is [ $? = 130 ]
is [ ! -d halves ]
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o halves
is grep -q '^rcesim: begun 2 times; ' err.txt
end_service

# A token.
echo "0123456789abcdef-token" >token.txt
serve token --speed 7200 --token-file token.txt
expect 4 "answers 401 to GET /v1/sddcs?offset=0&limit=100; it wants a token" \
    "$program" drive wave.yaml $small --url "$url" -o locked
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url/" -o locked2 --token-file token.txt --durability process
end_service

# A clock that stands still is no clock to drive by.
serve still --step
expect 2 "stands still (--step)" "$program" drive wave.yaml $small --url "$url" -o still
end_service

# Nobody there, after some patience; a service of another kind; and the command line.
expect 4 "does not answer to GET /v1/sddcs" "$program" drive wave.yaml $small --url "$url" -o nobody
expect 2 "--url is missing" "$program" drive wave.yaml
expect 2 "is no URL of a service" "$program" drive wave.yaml --url ftp://localhost -o x
expect 2 "is no address to listen at" "$program" drive wave.yaml --url "$url" --listen nowhere -o x
expect 2 "--client takes up to 64 letters" "$program" drive wave.yaml --url "$url" --client a/b
expect 2 "--durability takes disk or process" "$program" drive wave.yaml --url "$url" --durability some
expect 2 "one --variant at a time" "$program" drive wave.yaml --url "$url" --variant safe --variant unsafe
check_end drive_test
