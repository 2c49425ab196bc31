#!/bin/sh
# See truth.py. usage: truth_test.sh PROGRAM
set -u
RCESIM=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export RCESIM PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/truth.py"
