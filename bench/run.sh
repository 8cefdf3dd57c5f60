#!/usr/bin/env bash
# Builds ours, installs the peers into folders that git ignores, and measures both in one run: see README.md.
#
#   bench/run.sh              the short version, less than 10 minutes once everything is built
#   bench/run.sh full         the long one
#   bench/run.sh --render     page and plots again from the last results
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
target=${CARGO_TARGET_DIR:-$PWD/target}
export BENCH_TARGET_DIR=${BENCH_TARGET_DIR:-$target/bench}
peers=$PWD/bench/peers

need() {
    command -v "$1" >/dev/null && return
    echo "bench: $1 is missing ($2)" >&2
    exit 1
}

# Runs a step unless its inputs are what they were when it last ran.
once() {
    local stamp=$peers/$1.stamp input=$2
    shift 2
    if ! cmp -s "$input" "$stamp"; then
        "$@"
        cp "$input" "$stamp"
    fi
}

# The newest file wins, by way of another name: a running program keeps the old one whole.
place() {
    mkdir -p "$(dirname "$2")"
    cp -r "$1" "$2.new"
    rm -rf "$2"
    mv "$2.new" "$2"
}

install_python() {
    "$python" -m venv "$peers/python"
    "$peers/python/bin/pip" install --quiet --disable-pip-version-check -r bench/python/requirements.txt
}

install_node() {
    npm ci --prefix bench/node --no-audit --no-fund --loglevel=error
}

need "$python" "Debian: python3-venv"
need node "20 or newer"
need npm "comes with Node"
need cargo "rustup.rs"
need cc "Debian: build-essential"
need curl-config "Debian: libcurl4-openssl-dev"
need openssl "Debian: openssl"
need curl "Debian: curl"
need taskset "Debian: util-linux"
command -v wrk >/dev/null || echo "bench: wrk is missing, so the server's ceiling is not measured (Debian: wrk)" >&2

if [ "${1:-}" != --render ]; then
    mkdir -p "$peers"
    once python bench/python/requirements.txt install_python
    once node bench/node/package-lock.json install_node
    [ -e "$peers/key.pem" ] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$peers/key.pem" 2>/dev/null

    # Each as it is shipped.
    export PYO3_BUILD_EXTENSION_MODULE=1
    CARGO_TARGET_DIR=$target cargo build --profile release --package evertoken-c
    CARGO_TARGET_DIR=$target cargo build --profile wheel --package evertoken-python
    CARGO_TARGET_DIR=$target cargo build --profile node --package evertoken-node
    CARGO_TARGET_DIR=$BENCH_TARGET_DIR \
        cargo build --release --workspace --manifest-path bench/Cargo.toml

    built=$BENCH_TARGET_DIR/release
    place "$built/libbench_floors.so" "$peers/floors/bench_floors.abi3.so"
    place "$built/libbench_floors_node.so" "$peers/floors/bench_floors_node.node"
    place bindings-python/python/evertoken "$peers/ours/python/evertoken"
    place "$target/wheel/lib_native.so" "$peers/ours/python/evertoken/_native.abi3.so"
    "$peers/python/bin/python" -m compileall -q "$peers/ours/python" # as pip does when it installs
    place bindings-node "$peers/ours/node"
    rm -rf "$peers/ours/node/node_modules" "$peers"/ours/node/*.node
    place "$target/node/libevertoken_node.so" "$peers/ours/node/evertoken.$(node -p 'process.platform + "-" + process.arch')-gnu.node"
    place "$target/release/libevertoken_c.so" "$peers/ours/c/libevertoken.so.0"
    cc -std=gnu11 -O2 -Wall -Wextra -pthread -Iinclude bench/c/*.c "$peers/ours/c/libevertoken.so.0" \
        $(curl-config --libs) -o "$built/bench-c"
fi

cd bench
exec "$python" -m harness "$@"
