#!/bin/sh
# run --db and merge --db from the command line: added to, refused before the simulation, left alone by what goes wrong.
# What is in the database is looked at by database_test.c.
#
# usage: database_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/race.yaml" .
run() { "$program" run race.yaml -q --set thresholds=null --replications 4 "$@"; }

# Added, replaced by itself, and no file of the result is another one for it.
expect 0 "Result: one" run --db results.db -o one
is test -s results.db
is test ! -e results.db-journal
cp results.db before.db
expect 0 "" run --db ./results.db -o one --force
is test ! -e results.db-journal
expect 0 "" run -o plain
is diff -r one plain

# Refused before the simulation: no result is made.
echo "not a database, but a file that somebody may want to keep" >notes.txt
expect 4 "no SQLite database" run --db notes.txt -o two
is test ! -e two
is grep -q "somebody may want" notes.txt
expect 4 "cannot" run --db nowhere/results.db -o two
expect 4 "cannot" run --db one -o two
expect 4 "cannot" run --db /dev/full -o two
expect 2 "--db needs the name" run --db '' -o two
expect 2 "merge adds it" run --db results.db --shard 1/2 -o two
is test ! -e two

# Names that mean something to SQLite are names of files.
for name in :memory: 'file:x?mode=memory' "it's \"one\".db"; do
    expect 0 "" run --db "$name" -o two --force
    is test -s "$name"
done

# From shards, and from a result that is there: the same bytes.
expect 0 "" run --shard 1/2 -o shards
expect 0 "" run --shard 2/2 -o shards
expect 0 "" "$program" merge shards -q -o merged --db merged.db
is cmp merged.db before.db
is cmp one/summary.json merged/summary.json
expect 0 "" "$program" merge one -q -o again --db again.db
is cmp again.db before.db

# A file that may not grow (a full disk): the database is as it was, or is not there; the result is, and can be added later.
# 1600 blocks of 512 bytes are enough for each file of the result, but not for the database beside it.
small() { sh -c 'ulimit -f "$1"; shift; exec "$@"' sh "$@"; }
cp before.db full.db
expect 4 "to add it later: rcesim merge three -o OTHER --db FILE" small 1600 "$program" run race.yaml -q --set thresholds=null \
    --replications 20 --rows all --db full.db -o three
is cmp full.db before.db
is test -s three/report.html
expect 0 "" "$program" merge three -q -o four --db full.db
is test "$(wc -c <full.db)" -gt "$(wc -c <before.db)"
expect 4 "is the disk full" small 1600 "$program" run race.yaml -q --set thresholds=null --replications 20 --rows all \
    --db new.db -o three --force
is test ! -e new.db

# Interrupted while it simulates: the partial result is kept, and nothing added.
interrupted() {
    "$program" "$@" >inner.txt 2>inner-err.txt &
    pid=$!
    wait_until has_worked $pid 40
    kill -INT $pid
    wait $pid
    status=$?
    cat inner.txt
    cat inner-err.txt >&2
    return $status
}
cp before.db kept.db
expect 130 "INTERRUPTED" interrupted run race.yaml -q --set thresholds=null --replications 40000 --rows all --db kept.db -o partial
is grep -q "as it was: kept.db" err.txt
is cmp kept.db before.db
# What there is of it can be diagnosed, and says that it is not all. A diagnosis that is interrupted says so by its status.
expect 0 "while the temporary host was not ready" "$program" diagnose partial
is grep -q "of 40,\{0,1\}000" out.txt
expect 130 "workflows of variant" interrupted diagnose race.yaml -q --replications 100000 --set thresholds=null

check_end database
