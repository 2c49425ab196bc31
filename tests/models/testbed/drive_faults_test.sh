#!/bin/sh
# What goes wrong around a `drive`: somebody else drives already, the clock is not told, the service is silent, dies or
# forgets, the state file is damaged or has no room. Each is said, with its exit status, and costs nobody anything else.
#
# usage: drive_faults_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/patient.yaml" wave.yaml
small="--set fleet.sddcs=4 --set fleet.hosts_per_cluster=1"
faults="python3 $here/drive_faults.py"
export PYTHONDONTWRITEBYTECODE=1

# serve NAME OPTION...: $url and $service.
serve() {
    name=$1
    shift
    rm -f "url-$name.txt"
    "$program" serve wave.yaml $small --listen 127.0.0.1:0 -q --force -o "service-$name" "$@" >"url-$name.txt" 2>"serve-$name.txt" &
    service=$!
    wait_until grep -q http "url-$name.txt" || return
    url=$(head -n 1 "url-$name.txt")
}
end_service() {
    kill -TERM $service
    wait $service 2>wait.txt
}

# drive NAME OPTION...: one that the rest of the test has something to do meanwhile; $drive.
drive() {
    name=$1
    shift
    "$program" drive wave.yaml $small --url "$url" -o "$name" "$@" >"out-$name.txt" 2>"err-$name.txt" &
    drive=$!
}
is_gone() {
    ! kill -0 $drive 2>wait.txt
}
is_registered() {
    [ -n "$($faults where "$url" rcesim)" ]
}

are_running() {
    [ "$($faults running "$url")" = 4 ]
}

# interrupted NAME OPTION...: a drive that is stopped when all its workflows are under way.
interrupted() {
    drive "$@"
    wait_until are_running
    sleep 0.2
    kill -TERM $drive
    wait $drive
    status=$?
    is [ $status = 130 ]
}

# proxy WHAT OPTION...: before the service at $url; $behind is its URL then, $proxy the process.
proxy() {
    what=$1
    shift
    behind=$url
    rm -f "proxy-$what.txt" # One of the same name may have been here: its URL is not this one's.
    $faults $what "$behind" "$@" >"proxy-$what.txt" &
    proxy=$!
    wait_until grep -q http "proxy-$what.txt" || return
    url=$(head -n 1 "proxy-$what.txt")
}
end_proxy() {
    kill $proxy
    wait $proxy 2>wait.txt
}

# For the rest of the test: a service that does not take how workflows stand.
serve untold --speed 7200
untold_service=$service untold_url=$url
proxy untold 600
untold_proxy=$proxy
drive untold
untold_drive=$drive

# And one that takes connections and says nothing any more.
serve stopped --speed 600
drive stopped
stopped_drive=$drive stopped_service=$service
wait_until is_registered
sleep 0.3
kill -STOP $stopped_service

# The same of one that does not list callbacks.
serve mute --speed 3600
proxy mute
drive mute
mute_drive=$drive mute_service=$service mute_proxy=$proxy

# One that does so for some seconds is told again and again, and both results are of the same workflows.
serve deaf --speed 1800
proxy untold 7
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o deaf --request-timeout 15h
is [ "$(grep -c "has not taken" err.txt)" = 0 ]
end_proxy
end_service
is [ "$(cut -f 8 service-deaf/workflows.tsv | grep -c succeeded)" = 4 ]

# Somebody else drives there: a second one is refused, leaves nothing, and the first one hears of everything.
serve two --speed 600
drive first
wait_until is_registered
before=$($faults where "$url" rcesim)
expect 4 "by somebody else" "$program" drive wave.yaml $small --url "$url" -o second
expect 4 "by somebody else" "$program" drive wave.yaml $small --url "$url" -o second --client second
is [ "$($faults where "$url" rcesim)" = "$before" ]
is [ -z "$($faults where "$url" second)" ]
is [ ! -e second.db ]
wait $drive
is [ $? = 0 ]
is grep -q PASS out-first.txt
end_service
is [ "$(cut -f 8 service-two/workflows.tsv | grep -c succeeded)" = 4 ]
# Also before its first workflow has begun, when nothing but its URL tells.
serve name --speed 7200
is $faults register "$url" rcesim http://127.0.0.1:9/
expect 4 'callbacks of "rcesim" go to http://127.0.0.1:9, which is not this drive' \
    "$program" drive wave.yaml $small --url "$url" -o second
is [ "$($faults where "$url" rcesim)" = http://127.0.0.1:9/ ]
is [ ! -e second.db ]
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o second --client mine
is [ "$($faults where "$url" rcesim)" = http://127.0.0.1:9/ ]
is [ -z "$($faults where "$url" mine)" ]
end_service

# A service that tells neither its clock nor its callbacks: time counts from here, and that is said.
serve blind --speed 7200
proxy blind
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o blind --speed 7200
is grep -q "warning: the service does not tell its clock" err.txt
end_proxy
end_service
# One that goes at another speed, and a wave that is late before it begins.
late="--set wave.schedule=evenly --set wave.spread=1h"
serve late --speed 7200 $late
sleep 1
expect 0 "PASS" "$program" drive wave.yaml $small $late --url "$url" -o late
is grep -q "warning: the service's clock is at .*, and 4 of 4 workflows are late already" err.txt
end_service
serve speed --speed 7200
expect 0 "" "$program" drive wave.yaml $small --url "$url" -o speed --speed 7000
is grep -q "warning: the service's clock goes at speed 7200 and this drive at 7000" err.txt
end_service

# Nobody answers: whoever is asked to stop, stops, and nothing is left.
$faults silent >url-silent.txt &
silent=$!
wait_until grep -q http url-silent.txt
url=$(cat url-silent.txt)
# stoppable OPTION...: as drive, with its output in out.txt and err.txt. A shell has its background processes ignore SIGINT.
stoppable() {
    python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
        "$program" drive wave.yaml $small --url "$url" "$@" >out.txt 2>err.txt &
    drive=$!
}
# stopped SIGNAL NAME: it ends, and nothing is left.
stopped() {
    kill -$1 $drive
    tries=80
    until is_gone || [ $tries = 0 ]; do
        sleep 0.1
        tries=$((tries - 1))
    done
    is [ $tries -gt 0 ]
    kill -9 $drive 2>wait.txt
    wait $drive
    is [ $? = 130 ]
    is grep -q "interrupted before anything was begun" err.txt
    is [ ! -e $2.db ]
    is [ ! -e $2.db-wal ]
}
for signal in INT TERM; do
    stoppable -o silent
    wait_until [ -e silent.db ]
    sleep 0.3
    stopped $signal silent
done
kill $silent
wait $silent 2>wait.txt
# The same while it waits for a service that is being started, and when it gives up.
drive nobody
wait_until listens $drive
sleep 0.5
kill -TERM $drive
wait $drive
is [ $? = 130 ]
is [ ! -e nobody.db ]

# The same while no workflow is due yet: the service need not keep callbacks for it.
serve early --speed 1
for signal in INT TERM; do
    stoppable -o early --set wave.schedule=randomly --set wave.spread=1000h
    wait_until is_registered
    sleep 0.3
    stopped $signal early
    is [ -z "$($faults where "$url" rcesim)" ]
done
end_service
# And while it registers.
serve hung --speed 3600
proxy hung
stoppable -o hung
wait_until grep -q registering proxy-hung.txt
stopped INT hung
end_proxy
end_service

# The state is nobody else's to read, also while it is in use.
serve damaged --speed 600
interrupted half
is [ "$(stat -c %a half.db)" = 600 ]
cp half.db running.db
# Away for longer than callbacks are kept.
is $faults edit half.db "update about set value = value - 700000000000 where name = 'clock_real_ns'"
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o half
is grep -q "warning: nobody was here for 11.* gives callbacks up after 10 minutes" err.txt
# refused TEXT FILE: the drive of a copy of the state says so, and leaves it.
refused() {
    cp running.db edited.db
    is $faults edit edited.db "$2"
    cp edited.db kept.db
    expect 4 "$1" "$program" drive wave.yaml $small --url "$url" -o edited
    is cmp edited.db kept.db
}
damaged="edited.db is damaged:"
refused "$damaged \"status\" of workflow 1 is 9" "update workflow set status = 9 where number = 1"
refused "$damaged \"reason\" of workflow 0 is 77" "update workflow set reason = 77 where number = 0"
refused "$damaged \"operation\" of workflow 0 is -4" "update workflow set operation = -4 where number = 0"
refused "$damaged \"calls\" of workflow 2 is -1" "update workflow set calls = -1 where number = 2"
refused "$damaged \"started_at_ns\" of workflow 2" "update workflow set started_at_ns = 9000000000000000000 where number = 2"
refused "$damaged status and times of workflow 3" "update workflow set started_at_ns = -1 where number = 3"
refused "$damaged status and times of workflow 3" "update workflow set ended_at_ns = 5 where number = 3"
refused "$damaged \"retries\" of workflow 0 is no whole number" "update workflow set retries = 'two' where number = 0"
refused "$damaged engine \"rce\" 1.0 cannot load workflow 2" "update workflow set state = x'0102' where number = 2"
refused "$damaged the state of workflow 2 is none" "update workflow set state = 7 where number = 2"
refused "$damaged workflow 4000 is none of this drive's 4" "update workflow set number = 4000 where number = 3"
refused "$damaged it has nothing of workflow 1" "delete from workflow where number = 1"
refused "$damaged \"clock_ns\" is no whole number" "update about set value = 'noon' where name = 'clock_ns'"
refused "$damaged \"clock_ns\" is no time" "update about set value = 9000000000000000000 where name = 'clock_ns'"
refused "$damaged \"secret\" is none" "update about set value = '../x' where name = 'secret'"
refused "$damaged \"starts\" is no whole number" "update about set value = -3 where name = 'starts'"
refused "is the state of another drive" "update about set value = 'another' where name = 'identity'"
refused "$damaged the requests of a minute are none" "update minute set calls = -1"
# Bytes at random, of a state that is whole: a result or an error, nothing else.
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
    cp half.db edited.db
    $faults damage edited.db $seed
    "$program" drive wave.yaml $small --url "$url" -o edited --force >out.txt 2>err.txt
    status=$?
    case $status in
    0 | 4 | 10 | 11) is true ;;
    *) fail "status $status after damage $seed" ;;
    esac
done
end_service

# To take over and to be kept from it is not to have taken over: the workflows are still the old engine's.
serve loyal --speed 60
interrupted loyal --variant unsafe
expect 4 "answers 403 to POST /v1/callbacks" "$program" drive wave.yaml $small --url "$url" -o loyal --variant safe --upgrade \
    --callback-url http://10.9.9.9:1
is is_registered
expect 4 "was written by another engine" "$program" drive wave.yaml $small --url "$url" -o loyal --variant safe
proxy hung
drive loyal --variant safe --upgrade
wait_until grep -q registering proxy-hung.txt
kill -9 $drive
wait $drive 2>wait.txt
end_proxy
url=$behind
expect 4 "was written by another engine" "$program" drive wave.yaml $small --url "$url" -o loyal --variant safe
interrupted loyal --variant unsafe
end_service

# Another engine takes over: not by accident, but when it is told to.
serve upgrade --speed 600
interrupted upgraded --variant unsafe
expect 4 "was written by another engine" "$program" drive wave.yaml $small --url "$url" -o upgraded --variant safe
cp upgraded.db newer.db
is $faults edit newer.db "update about set value = 99 where name = 'state_version'"
expect 4 'newer.db has states of version 99 of "rce"' \
    "$program" drive wave.yaml $small --url "$url" -o newer --variant safe --upgrade
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o upgraded --variant safe --upgrade --record upgraded-told
is [ "$(grep -c engine-changed upgraded-told/drive-1.jsonl)" = 4 ]
is grep -q "workflows were taken up again 4 times" err.txt
expect 4 "was written by another engine" "$program" drive wave.yaml $small --url "$url" -o upgraded --variant unsafe --force
end_service
is [ "$(cut -f 8 service-upgrade/workflows.tsv | grep -c succeeded)" = 4 ]

# No room for the state: what was committed is there, and the same command goes on.
serve room --speed 3600
(ulimit -f 100 && "$program" drive wave.yaml $small --url "$url" -o room >out.txt 2>err.txt)
is [ $? = 4 ]
is grep -q "room.db cannot be written: .* the same command goes on from it" err.txt
expect 0 "PASS" "$program" drive wave.yaml $small --url "$url" -o room
end_service

# The service dies, and another one comes in its place: the wave is not driven on against that.
serve dying --speed 600
drive dying
wait_until is_registered
sleep 0.3
kill -9 $service
wait $service 2>wait.txt
"$program" serve wave.yaml $small --listen "${url#http://}" --speed 600 -q --force -o service-reborn >wait.txt 2>&1 &
service=$!
wait $drive
is [ $? = 4 ]
is grep -q "was started again in the middle of the wave" err-dying.txt
is [ ! -d dying ]
is [ -s dying.db ]
end_service

# It dies, and nobody comes in its place: that is no wave that failed.
serve gone --speed 600
drive gone -q
wait_until is_registered
sleep 0.3
kill -9 $service
wait $service 2>wait.txt
wait $drive
is [ $? = 4 ]
is grep -q "is gone: nobody was there for 1.* the same command goes on from gone.db" err-gone.txt
is [ ! -d gone ]
is [ -s gone.db ]
wait $stopped_drive
is [ $? = 4 ]
is grep -q "is gone: it has answered nothing for " err-stopped.txt
is [ ! -d stopped ]
is [ -s stopped.db ]
kill -9 $stopped_service
wait $stopped_service 2>wait.txt
wait $mute_drive
is [ $? = 4 ]
is grep -q mute proxy-mute.txt
is grep -q "is gone: it has answered nothing for " err-mute.txt
is [ ! -d mute ]
is [ -s mute.db ]
kill $mute_proxy
wait $mute_proxy 2>wait.txt
service=$mute_service
end_service

# A clock beyond the end of time, and a truth that is none.
serve liar --speed 7200
proxy liar now_ns 4611686018427387904
expect 4 "the clock of $url (GET /admin/clock) is at 4611686018427387904 ns, beyond the end of time" \
    "$program" drive wave.yaml $small --url "$url" -o beyond
is [ ! -e beyond.db ]
end_proxy
url=$behind
proxy liar truth 7
expect 0 "" "$program" drive wave.yaml $small --url "$url" -o liar
is grep -q "4 answers or callbacks of the service were not as openapi.json has them" err.txt
end_proxy
end_service

# One that has only its first page.
serve pages --set fleet.sddcs=101
proxy first
expect 4 "answers with SDDC 0 first to GET /v1/sddcs?offset=100&limit=100" \
    "$program" drive wave.yaml $small --set fleet.sddcs=101 --url "$url" -o pages
is [ ! -e pages.db ]
end_proxy
end_service

# Whoever did not hear of it in half a minute is given up, which is said; the same command goes on telling.
wait $untold_drive
is [ $? = 0 ]
is grep -q "warning: the service has not taken how 4 of 4 workflows ended .* goes on telling it" err-untold.txt
is grep -q PASS out-untold.txt
kill $untold_proxy
wait $untold_proxy 2>wait.txt
expect 0 "PASS" "$program" drive wave.yaml $small --url "$untold_url" -o untold --force
is [ "$(grep -c "has not taken" err.txt)" = 0 ]
service=$untold_service
end_service
is [ "$(cut -f 8 service-untold/workflows.tsv | grep -c succeeded)" = 4 ]
check_end drive_faults_test
