#!/bin/sh
# Checks that everything a build needs is there; says what is missing, and how to install it.
#
#   scripts/prerequisites.sh          everything `make test` needs
#   scripts/prerequisites.sh demo     what `make demo` needs
#
# As root on a Debian-like system, missing system packages are installed. Nothing else is installed here.
set -u

for_what=${1:-test}
missing=0
packages=""

lack() {
    missing=$((missing + 1))
    printf 'missing: %s\n   how: %s\n' "$1" "$2" >&2
}

# at_least WANTED FOUND: compares dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n | head -n 1)" = "$1" ]
}

# want PACKAGE COMMAND...: notes a Debian package unless the command succeeds.
want() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || packages="$packages $package"
}

has_header() {
    printf '#include <%s>\n' "$1" | "${CC:-cc}" -E -x c - >/dev/null 2>&1
}

want build-essential command -v "${CC:-cc}"
want pkg-config command -v pkg-config
want python3-venv "${PYTHON:-python3}" -c 'import venv, ensurepip'
if [ "$for_what" = test ]; then
    want g++ command -v "${CXX:-c++}"
    want libcurl4-openssl-dev has_header curl/curl.h
    want libcjson-dev has_header cjson/cJSON.h
    want valgrind command -v valgrind
    want cmake command -v cmake
    want clang command -v clang
fi

if [ -n "$packages" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing system packages:$packages" >&2
    # shellcheck disable=SC2086  # a list of words
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } >&2 && packages=""
fi
for package in $packages; do
    lack "the system package $package" "sudo apt-get install $package (or its namesake in your distribution)"
done

if ! command -v cargo >/dev/null 2>&1; then
    lack "Rust (cargo)" "https://rustup.rs, then open a new shell"
else
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    found=$(rustc --version | cut -d ' ' -f 2)
    at_least "$wanted" "$found" || lack "Rust $wanted or later (found $found)" "rustup update stable"
fi

if ! command -v "${PYTHON:-python3}" >/dev/null 2>&1; then
    lack "Python 3.10 or later" "your distribution's python3, https://www.python.org/downloads or pyenv"
else
    found=$("${PYTHON:-python3}" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    at_least 3.10 "$found" || lack "Python 3.10 or later (found $found)" "install a newer one and call make PYTHON=python3.12"
fi

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    lack "Node.js 20 or later with npm" "https://nodejs.org/en/download or nvm install --lts"
else
    found=$(node --version | tr -d v)
    at_least 20.0 "$found" || lack "Node.js 20 or later (found $found)" "nvm install --lts"
fi

if [ "$missing" -gt 0 ]; then
    echo "$missing missing; nothing was built" >&2
    exit 1
fi
