#!/bin/sh
# Run test programs and shell tests; all of them run, whatever fails, and what one has to say is printed when it has ended.
# Two run at a time. Those of the testbed and those of the README mostly wait for clocks: they are two lanes of their own
# beside these two, one test after the other in each. So up to four tests run at once, of which two mostly wait. Those that
# depend on how late this machine is (*live_test.sh) come last and alone. TEST_JOBS=1: one at a time.
#
# usage: run_tests.sh PROGRAM TEST...     PROGRAM is handed to the shell tests, and is RCESIM for all of them.
set -u
if [ "$1" = --one ]; then
    results=$2
    test=$3
    begin=$(date +%s)
    case $test in
    *.sh) sh "$test" "$RCESIM" ;;
    /*) "$test" ;;
    *) "./$test" ;;
    esac >"$results/said.$$" 2>&1
    status=$?
    until mkdir "$results/printing" 2>/dev/null; do sleep 0.02; done
    cat "$results/said.$$"
    if [ $status = 0 ]; then echo "$test" >>"$results/passed"; else echo "$test($status)" >>"$results/failed"; fi
    echo "$(($(date +%s) - begin)) $test" >>"$results/took"
    rmdir "$results/printing"
    exit 0
fi
if [ "$1" = --list ]; then
    results=$2
    list=$3
    jobs=1
    [ "$list" = busy ] && jobs=${TEST_JOBS:-2}
    [ ! -s "$results/$list" ] || xargs -0 -n 1 -P "$jobs" sh "$0" --one "$results" <"$results/$list"
    exit 0
fi

RCESIM=$1
export RCESIM
shift
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for list in passed failed took busy waiting readme alone; do : >"$results/$list"; done
for test in "$@"; do
    case $test in
    *live_test.sh) list=alone ;;
    tests/models/testbed/*.sh) list=waiting ;;
    tests/readme*.sh) list=readme ;;
    *) list=busy ;;
    esac
    printf '%s\0' "$test" >>"$results/$list"
done
lanes=3
[ "${TEST_JOBS:-2}" = 1 ] && lanes=1
printf 'readme\0waiting\0busy\0' | xargs -0 -n 1 -P "$lanes" sh "$0" --list "$results" # "&" would have them ignore Ctrl-C.
sh "$0" --list "$results" alone
passed=$(wc -l <"$results/passed")
failed=$(wc -l <"$results/failed")
echo "slowest: $(sort -nr "$results/took" | head -5 | sed 's|^\([0-9]*\) .*/|\1 s |' | tr '\n' ',' | sed 's/,$//; s/,/, /g')"
[ "$failed" -eq 0 ] || echo "failed test programs: $(tr '\n' ' ' <"$results/failed")" >&2
echo "programs: $((passed)) passed, $((failed)) failed"
[ "$failed" -eq 0 ] && [ "$passed" -eq $# ]
