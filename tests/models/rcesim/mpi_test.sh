#!/bin/sh
# One run over several ranks: the same bytes as one process makes, whatever their number; and a rank that dies costs
# nothing that was finished.
#
# usage: mpi_test.sh PROGRAM      `make mpi-test` calls it with rcesim-mpi; without MPI there is nothing to test
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
if [ "$(basename "$1")" != rcesim-mpi ]; then
    echo "mpi: skipped, this program is built without MPI (make mpi-test)"
    exit 0
fi
if ! command -v mpirun >/dev/null; then
    echo "mpi: skipped, there is no mpirun"
    exit 0
fi
check_begin "$1"
cp "$here/race.yaml" .
# More ranks than cores, also as root (in containers), and not bound, so that this works anywhere.
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_rmaps_base_oversubscribe
ranks() { # ranks N ARGUMENT...
    count=$1
    shift
    mpirun --bind-to none -n "$count" "$program" "$@"
}

# The result of one process, and of one rank.
expect 0 "Result: one" "$program" run race.yaml -q -o one --replications 10
sed 's/^Result: .*/Result: OUT/' out.txt >one.txt
for n in 1 2 4 13; do # The last: more ranks than replications.
    expect 0 "Result: ranks-$n" ranks $n run race.yaml -q -o ranks-$n --replications 10 --threads 1
    sed 's/^Result: .*/Result: OUT/' out.txt >ranks.txt
    is diff one.txt ranks.txt
    is diff -r one ranks-$n
    is test ! -e ranks-$n.shards
done
expect 0 "" "$program" run race.yaml -q -o rows --replications 10 --rows all --variant after
expect 0 '"schema_version"' ranks 3 run race.yaml -q -o ranks-rows --replications 10 --rows all --variant after --json
is diff out.txt rows/summary.json
is diff -r rows ranks-rows
expect 10 "FAIL" ranks 2 run race.yaml -q -o failed --threshold 'api_calls(after) < 1'

# Engines that are not linked in: every rank starts processes, or loads the object, of its own.
built=$(dirname "$(readlink -f "$program")")
for engine in "command:$built/rce-engine" "plugin:$built/librce_plugin.so"; do
    expect 0 "Result: alone" "$program" run race.yaml -q -o alone --replications 7 --engine "$engine"
    expect 0 "Result: many" ranks 3 run race.yaml -q -o many --replications 7 --engine "$engine" --threads 2
    is diff -r alone many
    rm -r alone many
done

# Errors: said once, with the status that they have everywhere, and nothing is left.
once() { # once STATUS TEXT ARGUMENT...
    status=$1
    text=$2
    shift 2
    expect "$status" "$text" ranks 3 "$@"
    is [ "$(grep -cF -- "$text" err.txt)" = 1 ]
}
once 3 "nowhere.yaml" run nowhere.yaml
once 2 "--threads takes a number" run race.yaml --threads 0
once 2 "no variant" run race.yaml --variant nobody
once 4 "one exists" run race.yaml -q -o one
once 2 "for one process" run race.yaml -q -o refused --extend one --replications 20
once 2 "for one process" run race.yaml -q -o refused --shard 1/2
once 2 "half_width" run race.yaml -q -o refused --set experiment.replications=null --set 'experiment.stop={rule: half_width, precision: [failure_rate(before)+-5%]}'
is test ! -e refused
is test ! -e refused.shards

# An engine that dies in its first step ends the job, and says so; there is no result.
cat >dies.sh <<'EOF'
read -r line
echo '{"protocol":1,"name":"dies","version":"1","capabilities":[],"state_version":1,"state_version_oldest":1}'
read -r line
exit 9
EOF
checks=$((checks + 1))
ranks 3 run race.yaml -q -o broken --replications 10 --engine "command:sh dies.sh" >out.txt 2>err.txt
[ $? = 1 ] || fail "status of a job whose engine dies"
is grep -q "harness error.*ended with status 9" err.txt
is test ! -e broken

# A rank that cannot write its shard ends the job; what others finished stays, and the same command goes on from there.
mkdir -p blocked.shards/shard-4-of-10.rcesim
checks=$((checks + 1))
ranks 3 run race.yaml -o blocked --replications 10 >out.txt 2>err.txt
[ $? = 4 ] || fail "status of a rank that cannot write"
is grep -q "rank 1 of 3: .*shard-4-of-10.rcesim" err.txt
is test ! -e blocked
rmdir blocked.shards/shard-4-of-10.rcesim
"$program" run race.yaml -q --replications 10 --shard 9/10 -o blocked.shards --force >/dev/null
expect 0 "Result: blocked" ranks 3 run race.yaml -o blocked --replications 10
is grep -q "of 10 shards are in blocked.shards already" err.txt
is diff -r one blocked
is test ! -e blocked.shards

# A shard of another run is no use, and is replaced.
"$program" run race.yaml -q --replications 10 --seed 9 --shard 1/10 -o stale.shards >/dev/null
echo draft >stale.shards/notes
expect 0 "Result: stale" ranks 2 run race.yaml -o stale --replications 10
is test -z "$(grep 'already' err.txt)"
is diff -r one stale
is [ "$(ls stale.shards)" = notes ]

# Nothing but run is spread, and that is said once, before any work.
once 2 "only run is spread" sweep race.yaml --over fleet.sddcs=1,2 -o swept
once 2 "only run is spread" compare one one
once 2 "unrecognized option" run race.yaml --nonsense
is test ! -e swept
is test -z "$(grep MPI_ABORT err.txt)"
for option in --help --version "run --help"; do
    expect 0 "rcesim" ranks 3 $option
    is test -z "$(grep 'rcesim\|MPI_' err.txt)" # The launcher may have something to say.
done
is [ "$(grep -c 'Usage: rcesim' out.txt)" = 1 ]

# Killed without a word: the job ends with an error, and without a result; the same command goes on from the shards
# that were finished, on any number of ranks.
set -- run race.yaml -o killed --rows none --replications 200000 --set fleet.sddcs=1 --threads 1
checks=$((checks + 1))
mpirun --bind-to none -n 1 "$program" "$@" : -n 1 sh -c 'echo $$ >pid; exec "$@"' sh "$program" "$@" \
    >out.txt 2>err.txt &
job=$!
wait_until sh -c 'ls killed.shards/shard-*'
kill -KILL "$(cat pid)"
wait $job && fail "a job with a rank that was killed ends well"
is test ! -e killed
there=$(ls killed.shards | wc -l)
is test "$there" -gt 0
: >killed.shards/.shard-7-of-1024.rcesim.tmp-1-0 # As if it had been killed while it wrote.
expect 0 "Result: killed" ranks 3 "$@"
is grep -q "rcesim: $there of 1024 shards are in killed.shards already" err.txt
expect 0 "" "$program" "$@" -o at-once
is diff -r at-once killed

# Interrupted: no result, and the finished shards stay.
mpirun --bind-to none -n 2 "$program" run race.yaml -o cut --rows none --replications 400000 --set fleet.sddcs=1 \
    --threads 1 >out.txt 2>err.txt &
job=$!
wait_until test -s cut.shards/shard-1-of-1024.rcesim
kill -TERM $job
checks=$((checks + 1))
wait $job && fail "an interrupted job ends well"
is test ! -e cut
is test -s cut.shards/shard-1-of-1024.rcesim

check_end mpi
