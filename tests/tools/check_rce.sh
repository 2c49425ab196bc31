#!/bin/sh
# Check that the engine's archive (or objects) needs nothing but four functions on memory, so that it has no clock, no
# randomness, no input or output, and no allocation. usage: check_rce.sh ARCHIVE-OR-OBJECT...
set -u
[ $# -gt 0 ] || { echo "usage: check_rce.sh ARCHIVE-OR-OBJECT..." >&2; exit 2; }
symbols=$(nm -g -P "$@") || exit 1
[ -n "$symbols" ] || { echo "check_rce.sh: no symbols in $*" >&2; exit 1; }
foreign=$(echo "$symbols" | awk '
    NF >= 2 && $2 == "U" { needed[$1] = 1; next }
    NF >= 3 { defined[$1] = 1 }
    END {
        split("memcpy memmove memset memcmp", allowed_list, " ")
        for (i in allowed_list) defined[allowed_list[i]] = 1
        for (name in needed) if (!(name in defined)) print name
    }')
[ -z "$foreign" ] && exit 0
for name in $foreign; do echo "models/rce needs the foreign symbol $name" >&2; done
exit 1
