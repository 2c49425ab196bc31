#!/bin/sh
# `serve --step` has the history of `run` after the same sequence of requests. usage: history_test.sh PROGRAM
set -eu
RCESIM=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export RCESIM PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")"
world="--set fleet.sddcs=20 --set host_service.callback.loss=1%"
for variant in before after; do
    # shellcheck disable=SC2086
    python3 history.py scenarios/phase2-race.yaml $variant $world
done
python3 history.py tests/models/rcesim/race.yaml after
