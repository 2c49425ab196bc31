#!/bin/sh
# Apply each patch of tests/mutants to a copy of the tree and run the tests that its first line names; every mutant
# must break one of them, and the tree without it must not. A patch that does not apply any more is a failure too.
#
# usage: mutants.sh [NAME...]      first line of a patch: `# tests: PROGRAM...` (below tests, without .c)
set -u
cd "$(dirname "$0")/../.." || exit 1
copy=build/mutants/tree
log=$(pwd)/build/mutants/log
mkdir -p "$copy"
[ $# -gt 0 ] || set -- $(ls tests/mutants/*.patch)
killed=0
failed=

# Build and run the named tests; prints the first that fails, or "build".
first_failure() {
    for test in "$@"; do
        if ! make -s -C "$copy" VARIANT=release "build/release/tests/$test" >"$log" 2>&1; then
            echo build
            return
        fi
        if ! (cd "$copy" && timeout 120 "build/release/tests/$test") >"$log" 2>&1; then
            echo "$test"
            return
        fi
    done
}

# Copy with the time stamps, so that only what has changed since the last time is built. A file that a mutant touches
# gets a new time stamp whenever it is put back: what was built from the mutant is older.
# What is not in the tree any more goes: the makefile takes every file that it finds.
git ls-files --cached --others --exclude-standard | sort >build/mutants/wanted
(cd "$copy" && find . -path ./build -prune -o -type f -print) | sed 's|^\./||' | sort >build/mutants/present
comm -13 build/mutants/wanted build/mutants/present | while read -r file; do rm "$copy/$file"; done
tar -cf - -T build/mutants/wanted | tar -xf - -C "$copy"
sed -n 's/^+++ b\///p' tests/mutants/*.patch | sort -u | while read -r file; do cp "$file" "$copy/$file"; done
for patch in "$@"; do
    [ -f "$patch" ] || patch="tests/mutants/$patch.patch"
    name=$(basename "$patch" .patch)
    # shellcheck disable=SC2046
    tests=$(sed -n '1s/^# tests: //p' "$patch")
    touched=$(sed -n 's/^+++ b\///p' "$patch")
    for file in $touched; do cp "$file" "$copy/$file"; done
    # shellcheck disable=SC2086
    before=$(first_failure $tests)
    if [ -n "$before" ]; then
        verdict="fails without it too: $before"
    elif ! patch -s -p1 -d "$copy" <"$patch" >"$log" 2>&1; then
        verdict="does not apply"
    else
        # shellcheck disable=SC2086
        verdict=$(first_failure $tests)
        case $verdict in
        "") verdict=survived ;;
        build) verdict="does not build" ;;
        *) verdict="killed by $verdict" ;;
        esac
    fi
    for file in $touched; do cp "$file" "$copy/$file"; done
    echo "mutant $name: $verdict"
    case $verdict in killed*) killed=$((killed + 1)) ;; *) failed="$failed $name" ;; esac
done
echo "mutants: $killed killed,${failed:- none} left"
[ -z "$failed" ]
