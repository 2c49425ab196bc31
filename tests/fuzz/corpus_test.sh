#!/bin/sh
# Every file of the committed corpora goes through its fuzz target once. usage: corpus_test.sh PROGRAM
# The targets are built beside the program (see replay_main.c).
set -u
folder=$(cd "$(dirname "$0")" && pwd)
targets=$(dirname "$1")/tests/fuzz
[ -d "$targets" ] || targets=$(dirname "$1")/release/tests/fuzz
passed=0
failed=0
for corpus in "$folder"/corpus/*; do
    name=$(basename "$corpus")
    if "$targets/${name}_fuzz" "$corpus"/*; then
        passed=$((passed + 1))
    else
        echo "corpus: $name: status $?" >&2
        failed=$((failed + 1))
    fi
done
echo "corpus: $passed passed, $failed failed"
[ "$failed" = 0 ]
