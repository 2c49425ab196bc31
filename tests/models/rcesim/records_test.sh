#!/bin/sh
# Stored records: extended, in shards and merged, a result is the same as that of one run, byte by byte; and what does
# not go together is refused, with nothing lost.
#
# usage: records_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/race.yaml" .
run() { "$program" run race.yaml -q "$@"; }

# The result of one run, with rows of every replication, thresholds of the command line and a variant left out.
expect 0 "Result: ten" run -o ten --replications 10
is test -s ten/records.rcesim
sed 's/^Result: ten/Result: OUT/' out.txt >ten.txt
same_output() { sed 's/^Result: .*/Result: OUT/' out.txt | diff ten.txt -; }

# Extend: to another folder, in place, in two steps, and a result that was interrupted. The same for any threads.
expect 0 "" run -o four --replications 4
cp -r four four-kept
expect 0 "Result: extended" run -o extended --replications 10 --extend four --threads 2
is same_output
is diff -r ten extended
is diff -r four four-kept
expect 0 "Result: four" run --replications 7 --extend four --threads 8
expect 0 "Result: four" run --replications 10 --extend four/ --threads 1
is diff -r ten four
expect 0 "" run -o rows --replications 10 --rows all
expect 0 "" run -o rows-4 --replications 4 --rows all
expect 0 "" run --replications 10 --rows all --extend rows-4
is diff -r rows rows-4
expect 0 "" run -o none --replications 10 --rows none
expect 0 "" run -o none-4 --replications 4 --rows none
expect 0 "" run --replications 10 --rows none --extend none-4
is diff -r none none-4
expect 10 "FAIL" run -o after --replications 10 --variant after --threshold 'api_calls(after) < 1'
expect 10 "FAIL" run -o after-4 --replications 4 --variant after --threshold 'api_calls(after) < 1'
expect 10 "FAIL" run --replications 10 --variant after --threshold 'api_calls(after) < 1' --extend after-4
is diff -r after after-4

interrupted() { # interrupted SIGNAL ARGUMENT...: a run that somebody ends after a while
    signal=$1
    shift
    "$program" run race.yaml -q "$@" >inner.txt 2>inner-err.txt & # Not by the function: its shell would get the signal.
    pid=$!
    wait_until has_worked $pid 40
    kill "-$signal" $pid
    wait $pid
    status=$?
    cat inner.txt
    cat inner-err.txt >&2
    return $status
}
expect 130 "INTERRUPTED" interrupted TERM -o partial --replications 200000 --rows none
expect 130 "INTERRUPTED" "$program" merge partial -o partial-again -q
is diff -r partial partial-again
done=$(sed -n 's/.*"replications": \([0-9]*\),$/\1/p' partial/summary.json | head -1)
is [ "$done" -gt 0 ]
expect 0 "" run --replications $((done + 5)) --rows none --extend partial
expect 0 "" run -o at-once --replications $((done + 5)) --rows none
is diff -r at-once partial

# Ctrl-C while a result is being extended: it stays as it was, and the rest is beside it and can be gone on from.
cp -r none none-kept
expect 130 "Result: none.partial" interrupted INT --extend none --replications 200000 --rows none
is grep -q "none stays as it was" err.txt
is diff -r none none-kept
is grep -q '"partial": true' none.partial/summary.json
done=$(sed -n 's/.*"replications": \([0-9]*\),$/\1/p' none.partial/summary.json | head -1)
expect 0 "" run --replications $((done + 1)) --rows none --extend none.partial
is grep -q '"partial": false' none.partial/summary.json
echo draft >none.partial/notes
expect 130 "Result: none.partial.2" interrupted INT --extend none --replications 200000 --rows none
is [ "$(grep -c . err.txt)" = 1 ]
is grep -q draft none.partial/notes
is diff -r none none-kept

# What else lies in a result directory is not ours to remove.
cp -r four noted
mkdir noted/postmortem
echo draft >noted/postmortem/notes.md
cp -r noted noted-kept
expect 4 "noted/postmortem is not of this program" run --replications 25 --extend noted
expect 4 "noted/postmortem is not of this program" run -o noted --force
is diff -r noted noted-kept

# What cannot be extended, and why.
cp -r ten ten-kept
cp -r ten merged-before
refused() { # refused STATUS TEXT ARGUMENT...
    status=$1
    text=$2
    shift 2
    expect "$status" "$text" run "$@"
    is diff -r ten ten-kept
}
refused 2 "ten has 10 replications already and 10 are asked for" --replications 10 --extend ten
refused 2 "ten has 10 replications already and 3 are asked for" --replications 3 --extend ten
refused 4 "seed: 7 there, 8 here" --replications 20 --extend ten --seed 8
refused 4 "variants: before, after there, after here" --replications 20 --extend ten --variant after
refused 4 "hash of what is simulated" --replications 20 --extend ten --set fleet.sddcs=41
refused 4 "hash of what is simulated" --replications 20 --extend ten --set variants.after.retry.after=9min
refused 4 "rows (--rows): first there, all here" --replications 20 --extend ten --rows all
refused 4 "nowhere/records.rcesim: cannot be opened" --replications 20 --extend nowhere
by_width="--set experiment.replications=null --set experiment.stop.rule=half_width --set experiment.stop.precision=[failure_rate(before)+-5%]"
refused 2 "half_width" --extend ten $by_width
refused 2 "judged a second time" --extend ten --set experiment.replications=null --set experiment.stop.rule=decide
refused 2 "do not go together" --extend ten --shard 1/2
refused 4 "merged-before exists" --replications 20 --extend ten -o merged-before
cp -r ten damaged
printf 'x' | dd of=damaged/records.rcesim bs=1 seek=500 conv=notrunc 2>dd.txt
expect 4 "the checksum is wrong" run --replications 20 --extend damaged
head -c 600 ten/records.rcesim >damaged/records.rcesim
expect 4 "ends early" run --replications 20 --extend damaged
{ cat ten/records.rcesim; echo more; } >damaged/records.rcesim
expect 4 "too long: the result ends after $(wc -c <ten/records.rcesim) bytes and 5 bytes" run --replications 20 --extend damaged
printf 'question: Why?\n' >damaged/records.rcesim
expect 4 "no stored result" run --replications 20 --extend damaged
{ head -c 8 ten/records.rcesim; printf '\011'; tail -c +10 ten/records.rcesim; } >damaged/records.rcesim
expect 4 "schema version 9 and this program reads 2" run --replications 20 --extend damaged
sed 's/0\.1\.0/0.1.1/' ten/records.rcesim >damaged/records.rcesim
expect 4 "damaged/records.rcesim: the checksum is wrong" run --replications 20 --extend damaged

# Shards: every block exactly once, in any order, more of them than replications, and the status of the thresholds.
for i in 3 1 4 2; do
    expect 0 "rcesim merge shards" run --replications 10 --shard $i/4 -o shards --threads $i
done
is grep -q "Shard 2 of 4: replications 2 to 4 of 10" out.txt
expect 0 "Result: merged" "$program" merge shards -o merged -q
is same_output
is diff -r ten merged
s=shards/shard
expect 0 '"schema_version"' "$program" merge -q $s-4-of-4.rcesim $s-2-of-4.rcesim $s-3-of-4.rcesim $s-1-of-4.rcesim \
    -o backwards --json
is diff out.txt ten/summary.json
is diff -r ten backwards
for i in $(seq 1 13); do
    expect 0 "" run --replications 10 --shard $i/13 -o many --rows all
done
is grep -q "Shard 13 of 13: replication 9 of 10" out.txt
expect 0 "" "$program" merge many -q -o many-merged
is diff -r rows many-merged
for i in 1 2; do
    expect 0 "" run --replications 10 --variant after --threshold 'api_calls(after) < 1' --shard $i/2 -o failing
done
expect 10 "FAIL" "$program" merge failing -q -o failing-merged
is diff -r after failing-merged
expect 0 "Result: out/race" "$program" merge shards -q
is diff -r ten out/race
expect 4 "out/race exists" "$program" merge shards -q
expect 0 "Result: out/race" "$program" merge shards -q --force
expect 0 "" run --replications 10 --shard 1/2
is test -s out/race.shards/shard-1-of-2.rcesim

# The reports of a stored result again, from its records alone; also somewhere else and without the scenario.
mkdir elsewhere
cp ten/records.rcesim elsewhere/kept.rcesim
expect 0 "Result: again" sh -c "cd elsewhere && '$program' merge -q kept.rcesim -o again"
is diff -r ten elsewhere/again

# All at the same time, and again where one is there.
for i in 1 2 3; do
    run --replications 10 --shard $i/3 -o together >together-$i.txt 2>&1 &
done
wait
expect 0 "" "$program" merge together -q -o together-merged
is diff -r ten together-merged
expect 4 "shard-1-of-3.rcesim exists; replace it with --force" run --replications 10 --shard 1/3 -o together
expect 0 "" run --replications 10 --shard 1/3 -o together --force

# What does not go together.
merge() { "$program" merge -q "$@" -o refused; }
expect 4 "shards 1/4, 3/4 and 4/4 are missing" merge $s-2-of-4.rcesim
expect 4 "shard 3/4 is missing" merge $s-2-of-4.rcesim $s-1-of-4.rcesim $s-4-of-4.rcesim
expect 0 "" run --replications 10 --shard 7/1000000 -o far
expect 4 "8/1000000 and 9/1000000 and 999991 more are missing" merge far
expect 4 "are both shard 2/4" merge $s-2-of-4.rcesim $s-1-of-4.rcesim $s-2-of-4.rcesim
expect 4 "is one of 4 shards and together/shard-2-of-3.rcesim one of 3" merge $s-1-of-4.rcesim together/shard-2-of-3.rcesim
expect 4 "is a whole run and" merge ten/records.rcesim $s-2-of-4.rcesim
expect 4 "more than one part has replications 0 to 9" merge ten/records.rcesim ten-kept
expect 4 '"rcesim run race.yaml --replications 4" here' merge ten/records.rcesim four-kept/records.rcesim
expect 0 "" run --replications 10 --seed 8 --shard 2/2 -o out/race.shards
expect 4 "seed: 7 there, 8 here" merge out/race.shards
expect 0 "" run --replications 11 --shard 2/2 -o out/race.shards --force
expect 4 'the command is "rcesim run race.yaml --replications 10" there' merge out/race.shards
expect 0 "" run --replications 10 --set fleet.sddcs=41 --shard 2/2 -o out/race.shards --force
expect 4 "hash of what is simulated" merge out/race.shards
expect 0 "" run --replications 10 --threshold 'violations(after) == 0' --shard 2/2 -o out/race.shards --force
expect 4 "the command is" merge out/race.shards
sed -i 's/stop the stalls/stop all stalls/' race.yaml
expect 0 "" run --replications 10 --shard 2/2 -o out/race.shards --force
expect 4 "question, experiment or thresholds" merge out/race.shards
sed -i 's/stop all stalls/stop the stalls/' race.yaml
expect 4 "there are no shards" merge elsewhere
expect 4 "cannot be opened" merge nowhere
expect 4 "no stored result" merge race.yaml
head -c 900 $s-2-of-4.rcesim >short.rcesim
expect 4 "short.rcesim: the file ends early" merge $s-1-of-4.rcesim short.rcesim
is test ! -e refused
expect 2 "are missing" "$program" merge
expect 2 "--shard takes i/n" run --shard 0/4
expect 2 "--shard takes i/n" run --shard 5/4
expect 2 "--shard takes i/n" run --shard 1/4x
expect 2 "--shard takes i/n" run --shard -1/4
expect 2 "no result" run --shard 1/4 --json
expect 2 "half_width" run --shard 1/4 $by_width
expect 130 "" interrupted TERM --replications 200000 --rows none --shard 1/2 -o cut
is test ! -e cut
expect 4 "cannot" run --shard 1/2 -o /proc/nowhere

# A data file that a distribution reads is looked for beside the scenario; when it has changed, so has the world.
mkdir data
printf 'minutes\n21\n25\n30\n39\n' >data/connect.csv
sed 's/connect: "[^"]*"/connect: "empirical(file=data\/connect.csv, column=minutes, unit=min)"/' race.yaml >data.yaml
for i in 1 2; do
    expect 0 "" "$program" run data.yaml -q --shard $i/2 -o with-data
done
expect 0 "" "$program" merge with-data -q -o with-data-merged
expect 0 "" "$program" run data.yaml -q -o with-data-run
is diff -r with-data-run with-data-merged
printf '50\n' >>data/connect.csv
expect 4 "its scenario means something else today" merge with-data
rm data/connect.csv
expect 3 "its scenario cannot be used any more" merge with-data

# A folder that cannot be written to loses nothing.
if [ "$(id -u)" != 0 ]; then
    mkdir locked
    cp -r ten locked/ten
    chmod 555 locked
    expect 4 "cannot write" run --replications 12 --extend locked/ten
    is diff -r ten locked/ten
    chmod 755 locked
fi
full() { (ulimit -f 4 && run --rows all "$@" >inner.txt); }
expect 4 "cannot write" full --replications 12 --extend rows
is grep -q '"replications": 10,' rows/summary.json
expect 4 "cannot write" full --replications 10 --shard 1/2 -o small
is test ! -e small

check_end records
