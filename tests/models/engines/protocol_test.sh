#!/bin/sh
# PROTOCOL.md is true: both reference engines answer its transcript, and its schema describes it.
set -u
cd "$(dirname "$0")/../../.." || exit 1
if ! python3 -c '' 2>/dev/null; then
    echo "protocol_test: no python3, skipped"
    exit 0
fi
programs=$(dirname "$1")
failed=0
check() {
    python3 tests/models/engines/protocol.py "$@" || { echo "protocol_test: $*: failed" >&2; failed=1; }
}
check schema
check transcript "$programs/rce-engine"
check transcript python3 models/engines/reference/engine.py
[ $failed = 0 ] && echo "protocol_test: ok"
exit $failed
