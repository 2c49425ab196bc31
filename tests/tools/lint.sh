#!/bin/sh
# Everything about the code that a compiler does not check. usage: lint.sh LIBRCE
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0
check() { # check NAME COMMAND...
    name=$1
    shift
    if "$@"; then echo "lint: $name: ok"; else
        echo "lint: $name: FAILED" >&2
        failed=1
    fi
}
files() { git ls-files --cached --others --exclude-standard "$@"; }

format() { files '*.c' '*.h' | xargs clang-format --dry-run -Werror; }
headers() { # each public header compiles alone, twice, with its guard named after its path
    status=0
    for header in $(files '*.h'); do
        guard=$(echo "$header" | tr 'a-z/.' 'A-Z__')
        grep -q "^#ifndef $guard\$" "$header" || { echo "$header: the guard is not $guard" >&2; status=1; }
        printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
            ${CC:-gcc} -std=c11 -D_GNU_SOURCE -I. -Wall -Wextra -Werror -Wno-unused-function -fsyntax-only -x c - || status=1
    done
    return $status
}
readmes() {
    status=0
    for folder in $(files 'sim/*' 'models/*' 'reports/*' 'scenarios/*' 'tests/*' | awk -F/ '{ print ((($1 == "sim" || $1 == "models") && NF > 2) ? $1 "/" $2 : $1) }' | sort -u); do
        [ -f "$folder/README.md" ] || { echo "$folder has no README.md" >&2; status=1; }
    done
    return $status
}
forbidden() { # calls that have no place here, and file-scope variables that can change
    ! files '*.c' '*.h' | xargs grep -nwE '(rand|srand|drand48|system|popen|strcpy|strcat|sprintf|gets)\(' &&
        ! files 'sim/*.c' 'reports/*.c' 'models/*.c' | xargs grep -nE '^static [a-z_ ]+ [*a-z_]+(\[[^]]*\])?( = .*)?;$' |
        grep -vE 'const|_Thread_local|volatile sig_atomic_t'
}
mutants() { # every patch still applies, and names tests that are there; whether they notice it is what `make mutants` asks
    status=0
    for patch in tests/mutants/*.patch; do
        git apply --check "$patch" || status=1
        for test in $(sed -n '1s/^# tests: //p' "$patch"); do
            [ -f "tests/$test.c" ] || { echo "$patch: there is no tests/$test.c" >&2; status=1; }
        done
    done
    return $status
}
clang_warnings() { # the build of everything is gcc's; clang sees other things, but not what needs installed headers
    files '*.c' | xargs grep -L '^#include <rce/' | xargs -n 8 -P 2 clang $CLANG_FLAGS -DRCESIM_VERSION='"0"' -O1 -fsyntax-only -Werror
}
shell() { for script in $(files '*.sh') .ci/run; do sh -n "$script" || return 1; done; }

check format format
check layers tests/tools/check_layers.sh
check headers headers
check purity sh tests/tools/check_rce.sh "${1:?usage: lint.sh LIBRARY (make lint)}"
check functions tests/tools/check_functions.sh
check forbidden forbidden
check readmes readmes
check mutants mutants
check shell shell
check clang clang_warnings
exit $failed
