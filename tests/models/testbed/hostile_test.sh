#!/bin/sh
# See hostile.py. usage: hostile_test.sh PROGRAM
set -u
RCESIM=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export RCESIM PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/hostile.py"
