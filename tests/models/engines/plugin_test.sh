#!/bin/sh
# Engines as shared objects: the installed header, library and example from outside; the linked engine as a plugin
# beside itself; what cannot be loaded; and engines that do what a driver must not carry out.
#
# usage: plugin_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/../../tools/check.sh"
for tool in pkg-config cc; do
    command -v $tool >/dev/null || { echo "engines/plugin: no $tool, skipped"; exit 0; }
done
check_begin "$1"
built=$(cd "$(dirname "$(readlink -f "$program")")" && pwd)
cp "$here/../rcesim/race.yaml" .

# Install what engines are written with, as users do, whatever variant is tested; build against nothing else.
${MAKE:-make} -s -C "$root" BUILD="$(dirname "$built")" VARIANT=release install-rce DESTDIR="$work/dest" PREFIX=/usr >install.log 2>&1 ||
    fail "make install-rce: $(cat install.log)"
export PKG_CONFIG_PATH="$work/dest/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/dest"
is [ "$(pkg-config --variable=abi rce)" = "$(sed -n 's/^#define RCE_ABI \([0-9]*\).*/\1/p' "$root/models/rce/rce.h")" ]
flags=$(pkg-config --cflags rce)
mkdir example plugins
cp "$root"/models/engines/examples/* example
is [ "$(wc -l <example/steady.c)" -lt 200 ]
is ${MAKE:-make} -s -C example CFLAGS="-O2 -Wall -Wextra -Wpedantic -Wconversion -Werror"
for header in rce retry contract; do
    printf '#include <rce/%s.h>\nint main(void) { return 0; }\n' $header >alone.c
    is cc -std=c11 -Wall -Wextra -Werror $flags -c alone.c -o alone.o
    if command -v c++ >/dev/null; then is c++ -Wall -Wextra -Werror $flags -x c++ -c alone.c -o alone.o; fi
done
printf '#include <rce/rce.h>\n#include <rce/retry.h>\nint main(void)\n{ return rce_retry_preset_find("temporal") == NULL || rce_engine.abi != RCE_ABI; }\n' >user.c
is cc $flags user.c $(pkg-config --libs rce) -o user
is ./user

# The example keeps the contract, also where the platform answers nonsense.
is cc -std=c11 -Wall -Wextra -Werror $flags "$here/plugins/steady_user.c" example/steady.c $(pkg-config --libs rce) -o steady_user
is ./steady_user
expect 0 "0 failed" "$program" check-engine plugin:example/steady.so --steps 3000

# The example runs, and gives the same bytes on any number of threads.
expect 0 "Result" "$program" run -q race.yaml --engine plugin:example/steady.so -o steady --threads 1 --set thresholds=null
expect 0 "" "$program" run -q race.yaml --engine plugin:example/steady.so -o steady2 --threads 4 --set thresholds=null
is cmp steady/records.rcesim steady2/records.rcesim
is grep -q '"after": "steady 1.0 (plugin example/steady.so)"' steady/summary.json
is grep -q '"violations"' steady/summary.json

# The example in Python is the one in C, to the byte, and can be saved.
if python3 -c '' 2>/dev/null; then
    expect 0 "save        holds" "$program" check-engine 'command:python3 example/steady.py' --steps 1000
    is grep -q "persist     holds" out.txt
    is grep -q "; 0 failed" out.txt
    expect 0 "" "$program" run -q race.yaml --engine 'command:python3 example/steady.py' -o python --rows all --set thresholds=null
    expect 0 "" "$program" run -q race.yaml --engine plugin:example/steady.so -o steady3 --rows all --set thresholds=null
    for file in workflows.tsv causes.tsv replications.tsv; do is cmp python/$file steady3/$file; done
    cp "$root"/scenarios/phase2-race.yaml "$root"/scenarios/crash-resume.yaml .
    expect 0 "" "$program" run -q crash-resume.yaml --replications 1 --variant idempotent --set fleet.sddcs=60 \
        --set rce_crash.probability=0.1% --engine 'command:python3 example/steady.py' -o survived --set thresholds=null \
        --threshold 'violations(idempotent) == 0' --threshold 'value(failure_rate(idempotent)) < 3%'
    is grep -q "workflows resumed, in all  *[0-9][0-9]" out.txt
else
    echo "engines/plugin: no python3, so the example in Python is not run"
fi

# The linked engine as a plugin: the same rows and figures; only names and hashes differ.
expect 0 "" "$program" run -q race.yaml -o linked --rows all
expect 0 "" "$program" run -q race.yaml -o plugged --rows all --engine "plugin:$built/librce_plugin.so"
for file in workflows.tsv causes.tsv incidence.tsv failure-rate.tsv; do
    [ ! -e linked/$file ] || is cmp linked/$file plugged/$file
done
is [ -e linked/workflows.tsv ]
grep -v 'engine\|hash\|"command"\|"rce 1.0' linked/summary.json | sed 's/ --engine plugin:[^"]*//' >a
grep -v 'engine\|hash\|"command"\|"rce 1.0' plugged/summary.json | sed 's/ --engine plugin:[^"]*//' >b
[ "$(diff a b | grep -c '^[<>]')" = 0 ] || fail "summaries differ: $(diff a b | head -5)"

# An old and a new build in one run, and handed over in the middle of a wave.
cp "$built/librce_plugin.so" old.so
cp "$built/librce_plugin.so" new.so
printf '\n' >>new.so
expect 0 "" "$program" run -q race.yaml -o two --set 'variants.before.engine={plugin: old.so}' --set 'variants.after.engine={plugin: new.so}'
is cmp linked/causes.tsv two/causes.tsv
cat >roll.yaml <<'END'
question: Does a plugin take over from the linked engine?
extends: race.yaml
variants:
  after: {engine: {plugin: new.so}}
  canary: {rollout: {to: after, detect: {at: 4h}, redrive: at_once, hand_over: all}}
thresholds: null
END
cat >roll0.yaml <<'END'
question: Does a plugin take over from the linked engine?
extends: race.yaml
variants:
  canary: {rollout: {to: after, detect: {at: 4h}, redrive: at_once, hand_over: all}}
thresholds: null
END
expect 0 "" "$program" run -q roll.yaml -o roll --rows all
expect 0 "" "$program" run -q roll0.yaml -o roll0 --rows all
is cmp roll/workflows.tsv roll0/workflows.tsv
expect 3 'cannot load workflows' "$program" validate roll.yaml --set 'variants.after.engine={plugin: example/steady.so}'

# Records of two engines are not joined.
expect 0 "" "$program" run -q race.yaml -o more --engine plugin:old.so
cp new.so old.so
expect 4 "" "$program" run -q race.yaml --extend more --replications 8 --engine plugin:old.so

# What cannot be loaded.
bad() {
    text=$1
    shift
    expect 3 "$text" "$program" run -q race.yaml --engine "plugin:$1" -o bad
    [ ! -e bad ] || fail "a result of a bad plugin: $1"
}
printf 'no object' >text.so
head -c 64 "$program" >cut.so
head -c 20 "$program" >head.so
tail -c +21 "$program" | head -c 2000 >rest
{ head -c 18 head.so; printf '\377\177'; cat rest; } >machine.so
mkfifo pipe.so
bad "No such file" nowhere.so
bad "not a regular file" .
bad "not a regular file" pipe.so
bad "not an ELF file" text.so
bad "cannot load the plugin" cut.so
bad "another machine" machine.so
for what in NO_SYMBOL OTHER_ABI OLD_CONTRACT SMALL_TABLE NO_NAME NO_STEP NO_SAVE NO_STATE_VERSION CRASH LEAVE; do
    cc -std=c11 -w -fPIC -shared $flags -D$what "$here/plugins/unusable.c" -o plugins/$what.so || fail "cc $what"
done
bad 'exports no "rce_engine_get"' plugins/NO_SYMBOL.so
bad "contract 7" plugins/OTHER_ABI.so
bad "is an engine for contract 1" plugins/OLD_CONTRACT.so
bad "a table of 16 bytes" plugins/SMALL_TABLE.so
bad "no name" plugins/NO_NAME.so
bad 'no function "step"' plugins/NO_STEP.so
bad 'no function "save"' plugins/NO_SAVE.so
bad "states of version 0" plugins/NO_STATE_VERSION.so
bad "crashes while it is loaded" plugins/CRASH.so
bad "exit status 3" plugins/LEAVE.so
expect 2 "needs a file" "$program" run race.yaml --engine plugin:
expect 2 'did you mean "rce"' "$program" run race.yaml --engine rc
expect 2 "not closed" "$program" run race.yaml --engine "command:python3 'x"

# What a scenario may say, and where it is wrong.
engine() { { cat race.yaml; } | sed "s|^  after: {|  after: {engine: $1, |" >engine.yaml; }
engine "{plugin: text.so, command: [a]}"
expect 3 "engine.yaml:12" "$program" validate engine.yaml
engine "{plugn: text.so}"
expect 3 'did you mean "plugin"' "$program" validate engine.yaml
engine "{plugin: example/steady.so, config: {a: 1}}"
expect 3 "has no config of its own" "$program" validate engine.yaml
engine "{plugin: example/steady.so, config: 7}"
expect 3 "has to be a map" "$program" validate engine.yaml
engine "[rce]"
expect 3 "has to be the name of an engine" "$program" validate engine.yaml
engine "{name: rce}"
expect 0 "ok" "$program" validate engine.yaml

# A sweep opens it for each of its points; engine_studies_test.sh has the other studies.
expect 0 "" "$program" sweep race.yaml -q -o swept --over provisioning.connect=20min,30min --set thresholds=null \
    --engine plugin:example/steady.so --replications 2

# Engines that break the contract: the run stops, nothing is left, and the message says where.
cc -std=c11 -Wall -Wextra -Werror -fPIC -shared $flags "$here/plugins/naughty.c" -o naughty.so || fail "cc naughty.c"
naughty() {
    rm -rf naughty
    expect "$1" "$2" "$program" run -q race.yaml --threads 2 -o naughty --set thresholds=null \
        --set "variants.after.engine={plugin: naughty.so, config: {do: $3}}"
}
naughty 0 "" end
is [ -e naughty/summary.json ]
engine "{plugin: naughty.so, config: {undo: 1}}"
expect 3 "engine.yaml:12:40" "$program" validate engine.yaml
expect 3 "refuses its config: nothing to do in" "$program" validate race.yaml --set "variants.after.engine={plugin: naughty.so, config: {undo: 1}}"
for what in count kind operation target request timer time note persist status silence broken; do
    case $what in
    count) text="more actions than" ;;
    kind) text="an action of an unknown kind" ;;
    operation) text="named an operation" ;;
    target) text="named a cluster or host" ;;
    request) text="a request without a number" ;;
    timer) text="a timer above the last" ;;
    time) text="a time before now" ;;
    note) text="an unknown note" ;;
    persist) text="persisted after it had sent" ;;
    status) text="no action (or another one) said so" ;;
    silence) text="says that the workflow runs, but it has ended" ;;
    broken) text="the cable [31m is out" ;;
    esac
    naughty 1 "$text" $what
    grep -q 'replication 0, variant "after": harness error: engine "naughty" 0.1, workflow [0-9]*, at [0-9hmins.]*: input' \
        err.txt || fail "the message for $what does not say where"
    [ ! -e naughty ] || fail "a result of a run that was stopped: $what"
done
check_end "engines/plugin"
