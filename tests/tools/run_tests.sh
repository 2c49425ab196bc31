#!/bin/sh
# Run test programs and shell tests; all of them run, whatever fails, and what one has to say is printed when it has ended.
# Two run at a time, since many of them wait for clocks; those that depend on how late this machine is (*live_test.sh) come
# last and alone. TEST_JOBS=1: one at a time.
#
# usage: run_tests.sh PROGRAM TEST...     PROGRAM is handed to the shell tests, and is RCESIM for all of them.
set -u
if [ "$1" = --one ]; then
    results=$2
    test=$3
    case $test in
    *.sh) sh "$test" "$RCESIM" ;;
    /*) "$test" ;;
    *) "./$test" ;;
    esac >"$results/said.$$" 2>&1
    status=$?
    until mkdir "$results/printing" 2>/dev/null; do sleep 0.02; done
    cat "$results/said.$$"
    if [ $status = 0 ]; then echo "$test" >>"$results/passed"; else echo "$test($status)" >>"$results/failed"; fi
    rmdir "$results/printing"
    exit 0
fi

RCESIM=$1
export RCESIM
shift
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$results/passed" >"$results/failed"
for test in "$@"; do
    case $test in
    *live_test.sh) printf '%s\0' "$test" >>"$results/alone" ;;
    *) printf '%s\0' "$test" >>"$results/together" ;;
    esac
done
for part in together alone; do
    [ ! -f "$results/$part" ] && continue
    jobs=${TEST_JOBS:-2}
    [ $part = alone ] && jobs=1
    xargs -0 -n 1 -P "$jobs" sh "$0" --one "$results" <"$results/$part"
done
passed=$(wc -l <"$results/passed")
failed=$(wc -l <"$results/failed")
[ "$failed" -eq 0 ] || echo "failed test programs: $(tr '\n' ' ' <"$results/failed")" >&2
echo "programs: $((passed)) passed, $((failed)) failed"
[ "$failed" -eq 0 ] && [ "$passed" -eq $# ]
