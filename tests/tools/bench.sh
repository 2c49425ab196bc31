#!/bin/sh
# Run all benchmarks; one `name value unit` a line. usage: bench.sh PROGRAM BENCHMARK...
set -u
RCESIM=$1
export RCESIM
shift
failed=0
for benchmark in "$@"; do "./$benchmark" || failed=1; done
exit $failed
