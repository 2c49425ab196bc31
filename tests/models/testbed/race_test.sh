#!/bin/sh
# Race.java of the examples meets the race, where there is a JDK. usage: race_test.sh PROGRAM
set -u
rcesim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "$0")/../../.." && pwd)
if ! java --list-modules 2>/dev/null | grep -q '^jdk.compiler@\(1[7-9]\|[2-9][0-9]\)'; then
    echo "race: skipped: no JDK of version 17 or later"
    exit 0
fi
scratch=$(mktemp -d)
service=
trap 'test -z "$service" || { kill "$service" && wait "$service"; }; rm -rf "$scratch"' EXIT
"$rcesim" serve "$root/scenarios/phase2-race.yaml" --speed 3600 --set provisioning.configure=20h --set host_service.callback.loss=0% \
    --listen 127.0.0.1:0 -o "$scratch/result" >"$scratch/address" 2>/dev/null &
service=$!
tries=300 # A minute: other tests may have the machine.
until [ -s "$scratch/address" ] || [ $tries = 0 ]; do
    sleep 0.2
    tries=$((tries - 1))
done
timeout 400 java "$root/models/testbed/examples/Race.java" "$(cat "$scratch/address")" | cut -d, -f1 | cut -d' ' -f1-2 >"$scratch/said"
cat >"$scratch/expected" <<'END'
answer 201
answer 202
callback {"delivery":1
answer 202
no callback
answer 200
END
diff "$scratch/expected" "$scratch/said" && echo "race: ok"
