#!/bin/sh
# See orchestrator_test.py. usage: orchestrator_test.sh PROGRAM
set -u
RCESIM=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export RCESIM PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/orchestrator_test.py"
