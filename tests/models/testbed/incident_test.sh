#!/bin/sh
# See incident.py. usage: incident_test.sh PROGRAM
set -u
RCESIM=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export RCESIM PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/incident.py"
