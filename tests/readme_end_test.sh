#!/bin/sh
# readme_test.sh leaves nothing running when it is ended midway, and says so where a port that it needs is taken.
# usage: readme_end_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
scratch=$(mktemp -d)
readme=
trap 'test -z "$readme" || kill "$readme" 2>/dev/null; rm -rf "$scratch"' EXIT
failed=0
fail() { echo "readme_end: $*" >&2; failed=1; }
is_open() { curl -s -o "$scratch/ignored" "$1/healthz"; }

mkdir "$scratch/tests"
cp "$here/readme_test.sh" "$scratch/tests"
ln -s "$(dirname "$here")/scenarios" "$scratch/scenarios"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
cat >"$scratch/README.md" <<END
\`\`\`sh
build/rcesim serve scenarios/phase2-race.yaml --listen 127.0.0.1:$port -o served &
sleep 60
\`\`\`
END

sh "$scratch/tests/readme_test.sh" "$program" >"$scratch/said" 2>&1 &
readme=$!
tries=200 # A minute: other tests may have the machine.
until is_open "$url" || [ $tries = 0 ]; do
    sleep 0.3
    tries=$((tries - 1))
done
is_open "$url" || fail "the service of the README has not come"
sh "$scratch/tests/readme_test.sh" "$program" >"$scratch/second" 2>&1 && fail "a port that is taken was no failure"
grep -q "port $port of 127.0.0.1 is taken" "$scratch/second" || fail "a port that is taken: $(cat "$scratch/second")"
is_open "$url" || fail "the service of somebody else was ended"
kill "$readme"
wait "$readme"
readme=
tries=100
while is_open "$url" && [ $tries -gt 0 ]; do
    sleep 0.2
    tries=$((tries - 1))
done
is_open "$url" && fail "the service of the README is still there"
[ "$failed" = 0 ] && echo "readme_end: ok"
exit "$failed"
