#!/bin/sh
# Build every fuzz target with clang's libFuzzer and run it for a while on top of its committed corpus.
# usage: fuzz.sh BUILD-FOLDER SECONDS
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$1
seconds=$2
mkdir -p "$out"
failed=0
sources=$(ls sim/*/*.c models/rce/*.c models/vmc/*.c models/engines/*.c)
for target in tests/fuzz/*_fuzz.c; do
    name=$(basename "$target" _fuzz.c)
    # shellcheck disable=SC2086
    clang -std=c11 -D_GNU_SOURCE -O1 -g -ffp-contract=off -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -DRCESIM_SLOW_CHECKS -I. -o "$out/$name" "$target" $sources -lgsl -lgslcblas -lyaml -ljansson -lm -ldl -lpthread || exit 1
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
