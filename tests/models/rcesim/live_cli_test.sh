#!/bin/sh
# What serve, drive and validate-live say to wrong input: where, what, what to do, and the documented exit status.
# usage: live_cli_test.sh PROGRAM
set -u
rcesim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
race=$(cd "$(dirname "$0")/../../.." && pwd)/scenarios/phase2-race.yaml
scratch=$(mktemp -d)
service=
trap 'test -z "$service" || { kill "$service" && wait "$service"; }; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
passed=0
failed=0

# refuse STATUS WORDS COMMAND...: it ends with that status and says that.
refuse() {
    status=$1 words=$2
    shift 2
    timeout 60 "$rcesim" "$@" >output 2>&1 </dev/null
    got=$?
    if [ $got = "$status" ] && tr -s ' \n' '  ' <output | grep -qF -- "$words"; then
        passed=$((passed + 1))
        return
    fi
    echo "live_cli: $*: status $got, not $status, or nothing of \"$words\":" >&2
    head -5 output >&2
    failed=$((failed + 1))
}

echo 0123456789abcdef0123 >token
echo 0123456789abcdef9999 >other-token
: >empty
mkdir full
echo mine >full/mine
"$rcesim" serve "$race" --listen 127.0.0.1:0 --token-file token --set fleet.sddcs=3 -o served >address 2>/dev/null &
service=$!
tries=300 # A minute: other tests may have the machine.
until [ -s address ] || [ $tries = 0 ]; do
    sleep 0.2
    tries=$((tries - 1))
done
url=$(cat address)
place=${url#http://}

refuse 2 'a scenario is missing' serve
refuse 3 'cannot read nosuch.yaml' serve nosuch.yaml
refuse 2 'is too many' serve "$race" "$race"
refuse 4 "cannot listen on $place: Address already in use; choose another with --listen" serve "$race" --listen "$place"
refuse 2 'is no address to listen on; expected one such as 127.0.0.1:8080' serve "$race" --listen 127.0.0.1
refuse 2 'that needs a token (--token-file)' serve "$race" --listen 0.0.0.0:0
refuse 4 'cannot read the token in nosuch' serve "$race" --token-file nosuch
refuse 4 'empty: the first line has to be a token' serve "$race" --token-file empty
refuse 2 '"lan" is no network; expected an address and a number of bits' serve "$race" --allow-callbacks-to lan
refuse 2 '--step has no --speed' serve "$race" --step --speed 60
refuse 2 'there is no variant "nope"; there are: before, after' serve "$race" --variant nope
refuse 2 'one --variant at a time' serve "$race" --variant before --variant after
refuse 2 'no engine runs in a service; give --engine to `rcesim drive`' serve "$race" --engine rce
refuse 4 'exists; choose another folder, or replace it with --force' serve "$race" -o full
refuse 4 'is not replaced; choose another folder' serve "$race" -o full --force
refuse 4 'empty exists and is not a folder' serve "$race" -o empty
refuse 4 'cannot write to /proc' serve "$race" -o /proc/out

refuse 2 '--url is missing' drive "$race"
refuse 2 'is no URL of a service, such as http://127.0.0.1:8080' drive "$race" --url ftp://here
refuse 4 'does not answer' drive "$race" --url http://127.0.0.1:1
refuse 4 'it wants a token, or another one' drive "$race" --url "$url"
refuse 4 'it wants a token, or another one' drive "$race" --url "$url" --token-file other-token
refuse 3 'has 3 SDDCs and the scenario 300' drive "$race" --url "$url" --token-file token -o elsewhere
refuse 4 'Address already in use' drive "$race" --url "$url" --token-file token --set fleet.sddcs=3 --listen "$place" -o busy
refuse 2 '--durability takes disk or process' drive "$race" --url "$url" --durability often
refuse 2 '"5" has no unit of time' drive "$race" --url "$url" --request-timeout 5
refuse 4 'exists; choose another folder' drive "$race" --url "$url" --token-file token -o full

refuse 2 '"5" has no unit of time' validate-live "$race" --shift 5
refuse 2 '--waves takes a number from' validate-live "$race" --waves 0
refuse 2 '"200%" is outside 0 to 1' validate-live "$race" --calls-tolerance 200%
for command in serve "drive --url $url" validate-live; do
    # shellcheck disable=SC2086
    for speed in 0 -1 1e300 1e-9; do
        refuse 2 "--speed $speed: expected a number from 0.001 to 1000000" $command "$race" --speed "$speed"
    done
    # shellcheck disable=SC2086
    for speed in nan inf x ''; do refuse 2 "--speed: \"$speed\" is not a number" $command "$race" --speed "$speed"; done
    # shellcheck disable=SC2086
    refuse 2 '--replication=N says which' $command "$race" --replications 3
    # shellcheck disable=SC2086
    "$rcesim" $command --help | grep -q -- --replications && { echo "live_cli: $command offers --replications" >&2; failed=$((failed + 1)); }
done

# What comes over HTTP: a callback must not leave the machine, and the answer says what to do.
answer=$(curl -s -w ' %{http_code}' -H "Authorization: Bearer $(cat token)" -H 'Content-Type: application/json' \
    -d '{"client": "mine", "url": "http://192.0.2.1/ended"}' "$url/v1/callbacks")
case $answer in
*--allow-callbacks-to*' 403') passed=$((passed + 1)) ;;
*)
    echo "live_cli: a callback to 192.0.2.1: $answer" >&2
    failed=$((failed + 1))
    ;;
esac
echo "live_cli: $passed passed, $failed failed"
[ "$failed" = 0 ]
