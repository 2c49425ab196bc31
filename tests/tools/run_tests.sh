#!/bin/sh
# Run test programs and shell tests one after the other; all of them run, whatever fails.
#
# usage: run_tests.sh PROGRAM TEST...     PROGRAM is handed to the shell tests, and is RCESIM for all of them.
set -u
RCESIM=$1
export RCESIM
shift
passed=0
failed=
for test in "$@"; do
    case $test in
    *.sh) sh "$test" "$RCESIM" ;;
    /*) "$test" ;;
    *) "./$test" ;;
    esac
    status=$?
    if [ $status = 0 ]; then
        passed=$((passed + 1))
    else
        failed="$failed $test($status)"
    fi
done
count=$(echo "$failed" | wc -w)
[ "$count" = 0 ] || echo "failed test programs:$failed" >&2
echo "programs: $passed passed, $((count)) failed"
[ "$count" = 0 ]
