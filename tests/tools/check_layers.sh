#!/bin/sh
# Check every `#include "..."` against layers.txt: the arrows of the house are data.
set -u
cd "$(dirname "$0")/../.." || exit 1
git ls-files --cached --others --exclude-standard '*.c' '*.h' | xargs grep -n '^#include "' |
    sed 's/^\([^:]*\):\([0-9]*\):#include "\([^"]*\)".*/\1 \2 \3/' |
    awk '
    FILENAME != "-" && /^[^#]/ {
        split($0, parts, ":")
        known[parts[1]] = 1
        n = split(parts[2], names, " ")
        for (i = 1; i <= n; i++) allowed[parts[1], names[i]] = 1
        next
    }
    FILENAME != "-" { next }
    function folder_of(path, known_only,   p) {
        p = path
        while (p != "") {
            if (p in known) return p
            if (!sub("/[^/]*$", "", p)) break
        }
        return ""
    }
    function may(from, path,   p) {
        p = path
        while (sub("/[^/]*$", "", p)) if (p == from || (from, p) in allowed) return 1
        return 0
    }
    {
        from = folder_of($1)
        if (from == "") { print $1 ":" $2 ": the folder is not in layers.txt"; bad = 1; next }
        if (!may(from, $3)) { print $1 ":" $2 ": " from " may not include " $3; bad = 1 }
    }
    END { exit bad }' tests/tools/layers.txt -
