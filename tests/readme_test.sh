#!/bin/sh
# The README is true: every command in a ```sh block runs as written, and every file it names exists.
# usage: readme_test.sh PROGRAM      (PROGRAM stands for build/rcesim)
#
# The commands run in a scratch folder that looks like a clone after `make`. Getting the clone, and the goals of the
# makefile (of which this test is a part), are checked for existence instead of being run from inside themselves. What they
# have started ends with the test, however it ends.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
scratch=$(mktemp -d)
child=
cleanup() {
    for pid in $child $(cat "$scratch/pids" 2>/dev/null); do
        case $(readlink "/proc/$pid/cwd") in "$scratch"*) kill "$pid" 2>/dev/null ;; esac
    done
    wait
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' HUP INT TERM
mkdir "$scratch/build"
cat >"$scratch/build/rcesim" <<END
#!/bin/sh
echo \$\$ >>"$scratch/pids"
exec "$program" "\$@"
END
chmod +x "$scratch/build/rcesim"
for name in scenarios models sim reports tests Makefile README.md; do ln -s "$root/$name" "$scratch/$name"; done
cd "$scratch" || exit 1
passed=0
failed=0
fail() { echo "readme: $*" >&2; failed=$((failed + 1)); }

awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside && NF && !/^#/' README.md >commands
[ -s commands ] || fail "no commands found"
! grep -nE '(^|[| ])@[a-z_]+' README.md || fail "a figure has not been filled in"
for port in $(grep -oE '127\.0\.0\.1:[0-9]+' commands | cut -d: -f2 | sort -u); do
    curl -s -o output --max-time 2 "http://127.0.0.1:$port/"
    [ $? = 7 ] || { fail "port $port of 127.0.0.1 is taken (see: ss -ltnp); the commands need it"; exit 1; }
done
while IFS= read -r command; do
    case $command in
    git\ clone* | cd\ *) continue ;;
    make | make\ *)
        for word in ${command#make}; do
            case $word in
            *=* | -*) ;;
            *) grep -q "^$word:" Makefile || { fail "no such goal: $command"; continue 2; } ;;
            esac
        done
        passed=$((passed + 1))
        continue
        ;;
    esac
    sh -c "$command" >output 2>&1 </dev/null &
    child=$!
    wait "$child"
    status=$?
    case "$status $command" in
    0\ *) passed=$((passed + 1)) ;;
    11\ *validate-live*) passed=$((passed + 1)) ;; # This machine has too much to do to tell.
    *)
        fail "status $status from: $command"
        tail -5 output >&2
        ;;
    esac
done <commands

# Links and paths in back quotes that look like files of the tree.
for path in $(grep -oE '\]\([A-Za-z0-9_./-]+\)|`(sim|models|reports|tests|scenarios)/[A-Za-z0-9_./-]+`' README.md | tr -d '`()]' | sort -u); do
    if [ -e "$path" ]; then passed=$((passed + 1)); else fail "names $path, which does not exist"; fi
done
echo "readme: $passed passed, $failed failed"
[ "$failed" = 0 ]
