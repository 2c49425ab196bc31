#!/bin/sh
# Apply each patch of tests/mutants to a copy of the tree and run the tests that its first line names; every mutant
# must break one of them. A patch that does not apply any more is a failure too.
#
# usage: mutants.sh [NAME...]      first line of a patch: `# tests: PROGRAM...` (below the build folder, without it)
set -u
cd "$(dirname "$0")/../.." || exit 1
copy=build/mutants/tree
mkdir -p "$copy"
[ $# -gt 0 ] || set -- $(ls tests/mutants/*.patch)
killed=0
failed=
sync_tree() { # keep time stamps, so that only what differs is built again
    git ls-files --cached --others --exclude-standard | tar -cf - -T - | tar -xf - -C "$copy"
}
for patch in "$@"; do
    [ -f "$patch" ] || patch="tests/mutants/$patch.patch"
    name=$(basename "$patch" .patch)
    sync_tree
    if ! patch -s -p1 -d "$copy" <"$patch" >/dev/null; then
        echo "mutant $name: does not apply" >&2
        failed="$failed $name"
        continue
    fi
    touched=$(sed -n 's/^+++ b\///p' "$patch")
    tests=$(sed -n '1s/^# tests: //p' "$patch")
    (cd "$copy" && touch $touched)
    verdict=survived
    for test in $tests; do
        if ! make -s -C "$copy" VARIANT=release "build/release/tests/$test" >build/mutants/log 2>&1; then
            verdict="does not build"
            break
        fi
        if ! (cd "$copy" && timeout 120 "build/release/tests/$test" >../log 2>&1); then
            verdict="killed by $test"
            killed=$((killed + 1))
            break
        fi
    done
    echo "mutant $name: $verdict"
    case $verdict in killed*) ;; *) failed="$failed $name" ;; esac
    # Put the original back with a new time stamp, so that the next mutant is built on it.
    for file in $touched; do cp "$file" "$copy/$file"; done
    (cd "$copy" && touch $touched)
done
echo "mutants: $killed killed,$([ -n "$failed" ] && echo "$failed" || echo " none") left"
[ -z "$failed" ]
