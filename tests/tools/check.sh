# What shell tests of the program share. Source it, then say `check_begin PROGRAM`, and `check_end NAME` at the end.
# check_begin goes to an empty folder, which is removed afterwards, and those of its jobs that then still run are ended
# (not what these have started); $program is an absolute path, $work the folder.

check_begin() {
    case $1 in
    /*) program=$1 ;;
    *) program=$PWD/$1 ;;
    esac
    work=$(mktemp -d)
    trap 'end_jobs; rm -rf "$work"' EXIT
    trap 'exit 130' HUP INT TERM
    cd "$work" || exit 1
    failures=0
    checks=0
    : >out.txt
    : >err.txt
}

end_jobs() {
    jobs -p >"$work/jobs"
    for job in $(cat "$work/jobs"); do kill -9 "$job" 2>"$work/jobs"; done
}

fail() {
    failures=$((failures + 1))
    echo "FAILED: $1" >&2
    sed 's/^/    stdout: /' out.txt >&2
    sed 's/^/    stderr: /' err.txt >&2
}

is_left() {
    find . -name '.*.tmp-*' | grep -q .
}

# expect STATUS TEXT COMMAND...: run it; the status must be exact, and TEXT must stand in its standard output (status
# 0, 10, 11, 130) or its standard error (else). No temporary file or folder may be left.
expect() {
    want=$1
    text=$2
    shift 2
    checks=$((checks + 1))
    "$@" >out.txt 2>err.txt </dev/null
    got=$?
    stream=err.txt
    case $want in 0 | 10 | 11 | 130) stream=out.txt ;; esac
    [ "$got" = "$want" ] || fail "status $got instead of $want: $*"
    [ -z "$text" ] || grep -qF -- "$text" "$stream" || fail "no \"$text\" in $stream: $*"
    patience=50 # Others that run in this folder may be writing theirs.
    while is_left && [ $patience -gt 0 ]; do
        sleep 0.1
        patience=$((patience - 1))
    done
    is_left && fail "a temporary file or folder is left: $*"
    return 0
}

# wait_until COMMAND...: until it succeeds; if it has not within two minutes, that is a failure, and the status is 1. On a
# loaded machine nothing else says how far a program is.
wait_until() {
    wait_end=$(($(date +%s) + 120))
    until "$@" >wait.txt 2>&1; do
        if [ "$(date +%s)" -ge $wait_end ]; then
            fail "never: $*"
            return 1
        fi
        sleep 0.1
    done
}

# listens PID: does it catch SIGINT, or has it ended? Before, it is lost on what a shell runs in the background.
listens() {
    if [ ! -r "/proc/$1/status" ]; then # Elsewhere than on Linux: time has to do.
        sleep 1
        return 0
    fi
    awk '/^State:/ { ended = $2 == "Z" } /^SigCgt:/ { last = substr($2, 16) } END { exit !(ended || last ~ /[2367abef]/) }' \
        "/proc/$1/status"
}

# has_worked PID HUNDREDTHS: has it had so much of the processor, in hundredths of a second, or ended?
has_worked() {
    if [ ! -r "/proc/$1/stat" ]; then # Elsewhere than on Linux: time has to do.
        sleep 1
        return 0
    fi
    awk -v wanted="$2" '{ sub(/.*\) /, ""); exit !($1 == "Z" || $12 + $13 >= wanted) }' "/proc/$1/stat"
}

is() {
    checks=$((checks + 1))
    "$@" || fail "$*"
}

check_end() {
    echo "$1: $((checks - failures)) of $checks checks passed"
    [ $failures = 0 ]
}
