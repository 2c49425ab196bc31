#!/bin/sh
# trace --format chrome and jsonl, from the command line.
#
# usage: trace_formats_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/constant.yaml" .
trace() { "$program" trace constant.yaml "$@"; }

# Goldens: one workflow in which nothing is left to chance.
without_hash() { sed 's/"scenario_hash":"[0-9a-f]*"/"scenario_hash":"H"/; s/"version":"[^"]*"/"version":"V"/' "$1"; }
expect 0 '"kind":"trace","schema_version":1' trace --format jsonl
without_hash out.txt >jsonl.txt
is diff "$here/golden/trace-constant.jsonl" jsonl.txt
expect 0 '"displayTimeUnit":"ms"' trace --format chrome
without_hash out.txt >chrome.txt
is diff "$here/golden/trace-constant.chrome.json" chrome.txt

# To a file, whole or not at all.
expect 0 "" trace --format chrome -o chrome.json
is test ! -s out.txt
is diff out.txt /dev/null
expect 0 "" trace --format chrome
is diff out.txt chrome.json
expect 0 "" trace -o story.txt
expect 0 "" trace
is diff out.txt story.txt
expect 4 "cannot" trace --format jsonl -o nowhere/story.jsonl
expect 2 "there is no workflow 1" trace --format jsonl --workflow 1 -o kept.jsonl
is test ! -e kept.jsonl
expect 2 "--format takes text, chrome, jsonl or history" trace --format perfetto
expect 0 '"oneOf"' "$program" trace --schema
expect 2 "a scenario is missing" "$program" trace --format jsonl

# Two variants: both are in it.
expect 0 '"name":"engine (after)"' trace --format chrome --beside --variant before --variant after --workflow 0
expect 0 '"variant":"after"' trace --format jsonl --beside --variant before --variant after --workflow 0
is grep -q '"variant":"before"' out.txt
# In debug there is what the engine was told.
expect 0 '"kind":"input"' trace --format jsonl --level debug

check_end trace_formats
