#!/bin/sh
# Install what is missing, or say what to install.
#
# usage: setup.sh GROUP...     groups: build test lint mpi browser
# Looks for the commands and headers themselves, so it works on any distribution; installs with apt when it may
# (root, or sudo without a password prompt in the way).
set -u

apt= dnf= brew=
need() { # need APT DNF BREW: remember packages that are missing
    case " $apt " in *" $1 "*) return ;; esac
    apt="$apt $1"
    dnf="$dnf $2"
    brew="$brew $3"
}
has_header() {
    for folder in /usr/include /usr/local/include /opt/homebrew/include /usr/include/"$(uname -m)"-linux-gnu; do
        [ -e "$folder/$1" ] && return 0
    done
    return 1
}
has() { command -v "$1" >/dev/null 2>&1; }

find_missing() {
    apt= dnf= brew=
    for group in "$@"; do
        case $group in
        build)
            has gcc || need gcc gcc gcc
            { has ar && has nm; } || need binutils binutils binutils
            has_header stdio.h || need libc6-dev glibc-devel gcc
            has pkg-config || need pkg-config pkgconf-pkg-config pkg-config
            has_header gsl/gsl_cdf.h || need libgsl-dev gsl-devel gsl
            has_header yaml.h || need libyaml-dev libyaml-devel libyaml
            has_header jansson.h || need libjansson-dev jansson-devel jansson
            has_header sqlite3.h || need libsqlite3-dev sqlite-devel sqlite
            has_header microhttpd.h || need libmicrohttpd-dev libmicrohttpd-devel libmicrohttpd
            has_header curl/curl.h || need libcurl4-openssl-dev libcurl-devel curl
            has_header Random123/philox.h || need librandom123-dev random123-devel random123
            has gnuplot || need gnuplot-nox gnuplot gnuplot
            ;;
        test)
            has_header cmocka.h || need libcmocka-dev libcmocka-devel cmocka
            has python3 || need python3 python3 python
            has curl || need curl curl curl
            ;;
        lint)
            has clang || need clang clang llvm
            has clang-format || need clang-format clang-tools-extra clang-format
            has clang-tidy || need clang-tidy clang-tools-extra llvm
            # gcc's sanitizers come with it; those of clang (libFuzzer) are packages of their own on Debian.
            if has clang && has apt-get && ! ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1; then
                need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" compiler-rt llvm
            fi
            ;;
        browser)
            has chromium || has chromium-browser || has google-chrome || need chromium chromium chromium
            ;;
        mpi)
            has mpicc || need libopenmpi-dev openmpi-devel open-mpi
            has mpirun || need openmpi-bin openmpi open-mpi
            ;;
        *)
            echo "setup: unknown group $group (build, test, lint, mpi, browser)" >&2
            exit 2
            ;;
        esac
    done
}

find_missing "$@"
[ -n "$apt" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then as_root=sudo; else as_root=no; fi
fi
if has apt-get && [ "$as_root" != no ]; then
    echo "setup: installing$apt"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq || echo "setup: apt-get update failed; trying with the lists that are there" >&2
    # shellcheck disable=SC2086
    if $as_root apt-get install -y -qq --no-install-recommends $apt >/dev/null; then
        find_missing "$@" # The version of clang's runtime is known only once clang is there.
        # shellcheck disable=SC2086
        [ -z "$apt" ] || $as_root apt-get install -y -qq --no-install-recommends $apt >/dev/null
        find_missing "$@"
        [ -n "$apt" ] || exit 0
    fi
    echo "setup: still missing after the installation:$apt" >&2
    exit 1
fi
cat >&2 <<EOF
setup: some packages are missing, and they cannot be installed from here (no root, no sudo, or no apt).
Please install them and run make again:
  Debian, Ubuntu:  apt-get install$apt
  Fedora, RHEL:    dnf install$dnf
  macOS:           brew install$brew
EOF
exit 1
