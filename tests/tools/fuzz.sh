#!/bin/sh
# Build every fuzz target with clang's libFuzzer and run it for a while on top of its committed corpus.
# usage: fuzz.sh BUILD-FOLDER SECONDS
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$1
seconds=$2
mkdir -p "$out"
failed=0
flags="-std=c11 -D_GNU_SOURCE -O1 -g -ffp-contract=off -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
    -DRCESIM_SLOW_CHECKS -I."
export out flags
# All that the targets share is compiled once, two files at a time.
# shellcheck disable=SC2016
printf '%s\n' sim/*/*.c models/rce/*.c models/vmc/*.c models/engines/*.c models/testbed/*.c |
    xargs -n 1 -P 2 sh -c 'clang $flags -c -o "$out/$(echo "$1" | tr / +).o" "$1"' sh || exit 1
for target in tests/fuzz/*_fuzz.c; do
    name=$(basename "$target" _fuzz.c)
    # shellcheck disable=SC2086
    clang $flags -fsanitize=fuzzer -o "$out/$name" "$target" "$out"/*.c.o -lgsl -lgslcblas -lyaml -ljansson \
        -lmicrohttpd -lcurl -lsqlite3 -lm -ldl -lpthread || exit 1
    mkdir -p "$out/$name.corpus"
    echo "fuzz: $name for $seconds s"
    if "$out/$name" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=60 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$out/$name-" "$out/$name.corpus" "tests/fuzz/corpus/$name" >"$out/$name.log" 2>&1; then
        grep -E 'number_of_executed_units' "$out/$name.log" | sed "s/^/fuzz: $name: /"
    else
        tail -40 "$out/$name.log" >&2
        failed=1
    fi
done
exit $failed
